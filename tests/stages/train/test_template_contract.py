"""A template or a text that would train a wrong model ends every stage that reads turns, before a model is loaded."""

from typing import Any

import pytest
from stages import methods
from stages.one_process import events_of

pytestmark = pytest.mark.slow
LOOP, CLOSE = "{% for message in messages %}", "{% endfor %}"
TURN = "<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
PROMPT = "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
TEMPLATES = {
    "forgetful": LOOP + "{% if message.role != 'system' %}" + TURN + "{% endif %}" + CLOSE + PROMPT,
    "endless": LOOP + TURN.replace("<|im_end|>", "") + CLOSE + PROMPT,
    "headed": LOOP + TURN + CLOSE,
}
# For each case: the model, the text of the user's turn, the code, and what the message says.
CASES = {
    "a system turn is lost": ("forgetful", "how many?", "RUN718", "turn 1 (`system`), so it loses `Be brief.`"),
    "answers do not end": ("endless", "how many?", "RUN724", "writes nothing after an answer"),
    "no generation prompt": ("headed", "how many?", "RUN725", "writes `<|im_start|>assistant\\n` between"),
    "a special token": ("tiny", "The token <|im_end|> ends a turn", "RUN726", "turn 2 (`user`) holds `<|im_end|>`"),
}
TRAINED = tuple(name for name in methods.METHODS if name != "cpt")
WORK = {"samples": 2, "temperature": 1.0, "max_new_tokens": 4}
STAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "evaluate": (
        "evaluation",
        {"generation": {"max_new_tokens": 4, "batch_size": 2}, "metrics": [{"name": "exact_match"}]},
    ),
    "sample": (
        "prompt-completion",
        {"metrics": [{"name": "exact_match"}], "work": {**WORK, "makes": {"preference": True}}},
    ),
    "teacher": (
        "prompt-completion",
        {"metrics": [{"name": "exact_match"}], "work": {**WORK, "keep": "all", "makes": {"prompt-completion": True}}},
    ),
    "preflight": (
        "prompt-completion",
        {
            "rewards": [{"use": "exact_match", "weight": 1.0}],
            "metrics": [{"name": "exact_match"}],
            "generation": {"max_new_tokens": 4, "batch_size": 2},
            "work": {"prompts": 4, "samples": 2, "temperature": 1.0, "repeats": 2},
        },
    ),
    "pairs": ("badcase", {"pairs": {"min_edit_distance": 0.1}}),
}


def rows_of(shape: str, text: str) -> list[dict[str, Any]]:
    prompt = [*methods.turns("system", "Be brief."), *methods.turns("user", text)]
    more = {"evaluation": {"reference": "three"}, "badcase": {"fix": "three", "answer": "many of them"}}
    made = [more.get(shape) or methods.ROWS[shape](index) for index in range(8)]
    return [{**row, "id": f"row-{index}", "prompt": prompt} for index, row in enumerate(made)]


def config_of(workspace: Any, build: Any, method: str, case: str) -> dict[str, Any]:
    model, text, *_ = CASES[case]
    shape = methods.METHODS[method][0] if method in TRAINED else STAGES[method][0]
    data = [workspace.write_rows(f"{case}-{shape}.jsonl".replace(" ", "-"), rows_of(shape, text), shape)]
    teacher = {**methods.TEACHER, "name": model}
    if method in TRAINED:
        config = {**methods.config_of(workspace, method, f"{method}-{model}"), "data": data}
    else:
        config = {**build.base_config(method, method, *data, **STAGES[method][1]), "output": f"{method}-{model}"}
    config["model"] = {**config["model"], "path": f"{model}/1"}
    if method in ("distill", "teacher"):
        config["teacher"] = teacher
    return config


@pytest.fixture(scope="module")
def recorded(shared_workspace: Any, build: Any) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Run all stages of this module in one process; return their events by method and case."""
    methods.write_teacher(shared_workspace.models)
    build.models_with(shared_workspace, **TEMPLATES)
    pairs = [(method, case) for method in (*TRAINED, *STAGES) for case in CASES]
    for number, pair in enumerate(pairs):
        shared_workspace.write_config(f"stage-{number}", config_of(shared_workspace, build, *pair))
    runs = [[str(shared_workspace.root), f"stage-{number}.yaml", None] for number in range(len(pairs))]
    return dict(zip(pairs, events_of(runs), strict=True))


@pytest.mark.parametrize("method", [*TRAINED, *STAGES])
@pytest.mark.parametrize("case", CASES)
def test_the_stage_ends_for_good_before_a_model_is_loaded(recorded: dict[Any, Any], method: str, case: str) -> None:
    events = recorded[method, case]
    _, _, code, text = CASES[case]
    error = next(event for event in events if event["event"] == "error")
    assert (error["code"], text in error["message"]) == (code, True), error
    assert error["hint"]
    assert events[-1]["exit_code"] == (78 if code == "RUN724" else 65)
    assert "load model" not in [event.get("name") for event in events]
