"""Prompts that a model cannot answer end every generating method for good, before a model is loaded."""

from typing import Any

import pytest
from stages.one_process import events_of

STRICT = "{{ raise_exception('only a system turn may come first') }}"
CALL = {"type": "function", "function": {"name": "look_up", "arguments": {"page": 3}}}
CALLING = [
    {"role": "user", "content": "page 3?"},
    {"role": "assistant", "tool_calls": [CALL]},
    {"role": "tool", "name": "look_up", "content": "it is blank"},
]
ASKING = [{"role": "user", "content": "page 3?"}]
METHODS = ("grpo", "ppo", "distill")
# For each case: the model, the prompt, the code, and what the message says.
CASES: dict[str, tuple[str, list[dict[str, Any]], str, str]] = {
    "no template": (
        "bare/1",
        ASKING,
        "RUN718",
        "has no chat template, but the prompt of row `asked` consists of turns",
    ),
    "a template that raises": ("strict/1", ASKING, "RUN718", "row `asked`: the chat template cannot write these turns"),
    "calls passed over": ("tiny/1", CALLING, "RUN718", "neither tools nor calls, so it loses `look_up`"),
    "no room": ("tiny/1", [{"role": "user", "content": "word " * 400}], "RUN755", "row `asked` has "),
}

ASKED = {"calls written": ("calling/1", CALLING)}


def config_of(workspace: Any, build: Any, method: str, case: str) -> dict[str, Any]:
    model, prompt, *_ = (CASES | ASKED)[case]
    row = {"id": "asked", "prompt": prompt, "completion": [{"role": "assistant", "content": "blank"}]}
    data = workspace.write_rows(f"{case}.jsonl".replace(" ", "-"), [row] * 4, "prompt-completion")
    trainer = {"max_steps": 1, "per_device_train_batch_size": 2, "max_completion_length": 12}
    peft = {"r": 4, "lora_alpha": 8, "lora_dropout": 0.0, "target_modules": "all-linear"}
    rewards = [{"use": "exact_match", "weight": 1.0}]
    teacher = {"name": model.split("/")[0], "revision": "1", "access": "weights", "license": "MIT"}
    teacher |= {"outputs_may_train": True, "shares_vocabulary": True}
    fields = {
        "grpo": {"trainer": trainer | {"num_generations": 2}, "rewards": rewards},
        "ppo": {"trainer": trainer, "rewards": rewards, "reward_model": None},
        "distill": {
            "trainer": trainer,
            "teacher": teacher,
            "distillation": {"on_policy": True, "same_vocabulary": True},
        },
    }
    config = dict(build.base_config(method, method, data, peft=peft, **fields[method]))
    return config | {"model": config["model"] | {"path": model}}


@pytest.fixture(scope="module")
def recorded(shared_workspace: Any, build: Any) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Run all stages of this module in one process; return their events by method and case."""
    build.models_with(shared_workspace, bare=None, strict=STRICT, calling=build.TOOL_TEMPLATE)
    pairs = [(method, case) for method in METHODS for case in (*CASES, *ASKED)]
    for number, pair in enumerate(pairs):
        shared_workspace.write_config(f"stage-{number}", config_of(shared_workspace, build, *pair))
    runs = [[str(shared_workspace.root), f"stage-{number}.yaml", None] for number in range(len(pairs))]
    return dict(zip(pairs, events_of(runs), strict=True))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("case", CASES)
def test_the_stage_ends_for_good_and_names_the_row(recorded: dict[Any, Any], method: str, case: str) -> None:
    events = recorded[method, case]
    _, _, code, text = CASES[case]
    error = next(event for event in events if event["event"] == "error")
    assert (error["code"], text in error["message"]) == (code, True), error
    assert "evaluation" not in error["hint"]
    assert events[-1]["exit_code"] == 65
    assert "load model" not in [event.get("name") for event in events]


@pytest.mark.parametrize("method", METHODS)
def test_calls_that_the_template_writes_are_trained_on(recorded: dict[Any, Any], method: str) -> None:
    events = recorded[method, "calls written"]
    errors = [event for event in events if event["event"] == "error"]
    assert (errors, events[-1]["exit_code"]) == ([], 0)
