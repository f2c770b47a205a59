"""The two readers of plan folders, a strict one and a faster one, and plans that change after approval."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import MakeSpec
from support.command import invoke

from compiler.diagnostics import Diagnostic
from compiler.render.plan_folder import folder_digest, folder_files
from compiler.run.cluster.apply import apply
from compiler.run.cluster.apply.apply import apply_plans
from compiler.run.cluster.apply.approve import Approval, approvals, approved_plan
from compiler.run.cluster.state.plan import read_cluster_plan, rendered_cluster_plan
from compiler.run.manifests import rendered_data

PLANS = sorted(path.parent for path in (Path(__file__).parents[2] / "specs").glob("*/plan/PLAN.md"))


@pytest.mark.parametrize("folder", PLANS, ids=lambda path: path.parent.name)
def test_both_readers_read_the_same(folder: Path) -> None:
    digest = folder_digest(folder)
    assert digest is not None
    files = folder_files(folder, digest)
    assert files is not None
    assert rendered_cluster_plan(folder, files) == read_cluster_plan(folder)


def test_the_fast_reader_keeps_long_numbers() -> None:
    assert rendered_data("seed: 123456789012345678901234567890\n") == {"seed": 123456789012345678901234567890}


@pytest.fixture
def approval(make_spec: MakeSpec) -> Approval:
    """A plan that was compiled and approved."""
    spec = make_spec()
    assert invoke("compile", str(spec)).exit_code == 0
    (approval,) = approvals([spec.parent / "plan"], None)
    assert approval.files, approval.diagnostics
    return approval


def test_an_approved_plan_is_read_again(approval: Approval) -> None:
    plan = approved_plan(approval)
    assert plan is not None
    assert plan.name == "shop"


def test_a_plan_that_changes_after_it_was_approved_is_refused(approval: Approval) -> None:
    config = next(approval.folder.glob("*sft.config.yaml"))
    config.write_text(config.read_text(encoding="utf-8") + "# another thought\n", encoding="utf-8")
    (refused,) = apply_plans(None, [approval], retry=False)  # type: ignore[arg-type]
    assert isinstance(refused, Diagnostic)
    assert refused.code == "CLU608"


def test_few_plans_are_in_memory_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory use does not grow with the number of plans."""
    given = 0

    def approved() -> Iterator[Approval]:
        nonlocal given
        for number in range(1000):
            given += 1
            yield Approval(folder=Path(str(number)), files="x")

    monkeypatch.setattr(apply, "Namespaces", lambda api: type("Namespaces", (), {"snapshot": id, "live": id})())
    monkeypatch.setattr(apply, "approved_plan", lambda approval: approval.folder)
    monkeypatch.setattr(apply, "apply_plan", lambda api, plan, snapshot, live, *, retry: plan)
    applied = apply_plans(None, approved(), retry=False)  # type: ignore[arg-type]
    assert next(applied) == Path("0")
    assert given < 50
    assert list(applied) == [Path(str(number)) for number in range(1, 1000)]
