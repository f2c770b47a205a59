"""A few hundred fixed cases of every strategy; `make fuzz` runs any number."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from tools.fuzz.project import Project
from tools.fuzz.strategies import STRATEGIES, Maker

CASES = 400  # of all strategies together
FAST = settings(
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Maker]:
    project = Project(tmp_path_factory.mktemp("fuzz") / "project")
    return project, Maker(project)


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_case_gives_a_plan_or_diagnostics(name: str, maker: tuple[Project, Maker]) -> None:
    project, made = maker
    strategy, weight = STRATEGIES[name]

    @given(strategy(made))
    @settings(FAST, max_examples=max(CASES * weight // 100, 1))
    def every_case(case) -> None:
        project.check(case)

    every_case()


def test_strategies_reach_plans_and_many_codes(maker: tuple[Project, Maker], tmp_path: Path) -> None:
    """Documents made from the schema get past loading: some compile, and the others get many diagnostics."""
    project = Project(tmp_path / "project")
    strategy, _ = STRATEGIES["valid specs"]

    @given(strategy(Maker(project)))
    @settings(FAST, max_examples=60)
    def every_case(case) -> None:
        project.check(case)

    every_case()
    assert project.seen.bundles > 5
    assert len(project.seen.codes) > 5
