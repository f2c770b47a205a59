"""The compiler refuses what the runtime refuses of the options of rewards, and nothing else."""

from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from compiler.diagnostics import Location
from compiler.spec.check_reward import OPTION_TYPES, reward_options_fit
from compiler.spec.methods.catalog import COMPARED, NEEDED_OPTION, REWARD_OPTIONS, REWARDS
from compiler.spec.schema.training_spec import Reward
from runtime.contract import reward_options as runtime

VALUES = (
    *(None, True, -1, 0, 1, 3, 1.0, 2.5, ["a"], {"a": 1}),
    *("", "a", "10", "(", "[z-a]", "a" * 100, "a" * 101, "a" * 2001, "(" * 900 + ")" * 900, "a{99999999999999999999}"),
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


def runtime_refuses(use: str, options: dict[str, Any]) -> bool:
    try:
        runtime.LIBRARY[use].model_validate(options)
    except ValidationError:
        return True
    except (OverflowError, RecursionError):  # a crash, which is no better
        return True
    return False


def names(use: str) -> set[str]:
    return {info.alias or name for name, info in runtime.LIBRARY[use].model_fields.items()}


def test_both_know_the_same_functions_and_options() -> None:
    assert set(REWARDS) == set(runtime.LIBRARY)
    assert COMPARED == runtime.COMPARED
    assert {use: {*options, "after"} for use, options in REWARD_OPTIONS.items()} == {use: names(use) for use in REWARDS}
    assert {"after"}.union(*REWARD_OPTIONS.values()) == set(OPTION_TYPES)
    needed = {
        use: [info.alias or name for name, info in runtime.LIBRARY[use].model_fields.items() if info.is_required()]
        for use in REWARDS
    }
    assert {use: [name] for use, name in NEEDED_OPTION.items()} == {use: each for use, each in needed.items() if each}


@pytest.mark.parametrize("use", REWARDS)
def test_both_refuse_the_same_values(use: str) -> None:
    for name in sorted(names(use)):
        for value in VALUES:
            options = RIGHT.get(use, {}) | {name: value}
            assert compiler_refuses(use, options) == runtime_refuses(use, options), options


@pytest.mark.parametrize("options", COMBINED)
def test_both_refuse_the_same_bounds(options: dict[str, Any]) -> None:
    assert compiler_refuses("length", options) == runtime_refuses("length", options)


def test_both_give_no_options_to_code_of_the_spec() -> None:
    assert compiler_refuses("rules:checked", {"strict": True})
    assert not compiler_refuses("rules:checked", {})
