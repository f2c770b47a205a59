"""The runtime accepts the options of rewards and metrics that the compiler accepts."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from compiler.diagnostics import Location
from compiler.spec.check_options import metric_options_fit, reward_options_fit
from compiler.spec.schema.goal import Metric
from compiler.spec.schema.training_spec import Reward
from runtime.contract.blocks import RewardBlock
from runtime.contract.errors import StageError
from runtime.contract.goal_blocks import MetricBlock
from runtime.contract.metrics import METRICS
from runtime.contract.rewards import REWARDS
from runtime.contract.volumes import Volumes
from runtime.scoring.rewards.options import read_options

VALUES = (
    *(None, True, -1, 0, 1, 3, 1.0, 2.5, ["a"], {"a": 1}),
    *("", "a", "10", "(", "[z-a]", "a" * 100, "a" * 101, "a" * 2001, "(" * 900 + ")" * 900, "a{99999999999999999999}"),
    *("all", "any", True, 0.5, ["a", "b"], ["a", "a"], ["", "b"]),
    *("characters", "tokens", "words", ".", "..", "/a", "a/b.json", "./a", "a/", "a//b", "a/../b", "a\\b"),
)
RIGHT: dict[str, dict[str, Any]] = {
    "json_schema": {"schema": "a.json"},
    "length": {"most": 3},
    "regex": {"pattern": "a"},
    "sql_execution": {"databases": "databases"},
}
COMBINED: tuple[dict[str, Any], ...] = (
    {},
    {"least": 0},
    {"most": None},
    {"unit": "tokens"},
    {"least": 4, "most": 3},
    {"least": 3, "most": 3},
    {"least": 3, "unit": "tokens"},
    {"least": 3, "unit": "tokens", "after": "Answer:"},
    {"least": 3, "unit": "tokens", "after": None},
    {"least": 3, "unit": "characters", "after": "Answer:"},
)


def compiler_refuses(use: str, options: dict[str, Any]) -> bool:
    reward = Reward.model_validate({"kind": "programmatic", "functions": [{"use": use}]})
    term = reward.functions[0].model_copy(update={"options": options})  # as values that no schema has looked at
    body = SimpleNamespace(reward=reward.model_copy(update={"functions": [term]}))
    document = SimpleNamespace(at=lambda field, key=False: Location(path="spec.yaml"))
    return bool(list(reward_options_fit(SimpleNamespace(spec=SimpleNamespace(spec=body), document=document))))


def runtime_refuses(use: str, options: dict[str, Any], volumes: Volumes) -> bool:
    try:
        read_options(RewardBlock.model_construct(use=use, weight=1.0, options=options), volumes)
    except StageError as error:
        return error.problem.code == "RUN750"  # RUN721: what the option names is not there, which is another matter
    except OSError:  # a name that no file can have
        return False
    return False


@pytest.fixture
def volumes(tmp_path: Path) -> Volumes:
    return Volumes(models=tmp_path, data=tmp_path, outputs=tmp_path)


@pytest.mark.parametrize("use", REWARDS)
def test_both_refuse_the_same_values(use: str, volumes: Volumes) -> None:
    for name in REWARDS[use].known:
        for value in VALUES:
            options = RIGHT.get(use, {}) | {name: value}
            assert compiler_refuses(use, options) == runtime_refuses(use, options, volumes), options


@pytest.mark.parametrize("options", COMBINED)
def test_both_refuse_the_same_bounds(options: dict[str, Any], volumes: Volumes) -> None:
    assert compiler_refuses("length", options) == runtime_refuses("length", options, volumes)


def test_code_of_the_spec_takes_no_options(volumes: Volumes) -> None:
    assert compiler_refuses("rules:checked", {"strict": True})
    assert runtime_refuses("rules:checked", {"strict": True}, volumes)
    assert not compiler_refuses("rules:checked", {})


def metric_refused_by_both(use: str, options: dict[str, Any]) -> bool:
    metric = Metric(name="ours", use=use, target=0.5).model_copy(update={"options": options})
    goal = SimpleNamespace(metrics=[metric])
    document = SimpleNamespace(at=lambda field, key=False: Location(path="spec.yaml"))
    inputs: Any = SimpleNamespace(spec=SimpleNamespace(spec=SimpleNamespace(goal=goal)), document=document)
    by_compiler = bool(list(metric_options_fit(inputs)))
    try:
        MetricBlock.model_validate({"name": "ours", "use": use, "options": options})
    except ValidationError:
        by_runtime = True
    else:
        by_runtime = False
    assert by_compiler == by_runtime, options
    return by_runtime


@pytest.mark.parametrize("use", [name for name, metric in METRICS.items() if not metric.needs_databases])
def test_both_refuse_the_same_values_of_metrics(use: str) -> None:
    for name in METRICS[use].known:
        refused = [metric_refused_by_both(use, RIGHT.get(use, {}) | {name: value}) for value in VALUES]
        assert True in refused
    assert metric_refused_by_both("ours:score", {"strict": True})
    assert not metric_refused_by_both("ours:score", {})
