"""GRPO and its reward pre-flight on the tiny model: events, exact resumption, faults without loss."""

from typing import Any

import pytest
from stages.one_process import events_of

from runtime.stage.samples import read_samples

# a reward that a policy with random weights can raise: it counts letters of the alphabet
OWN = """
def letters(prompts, completions, **columns):
    texts = [completion[0]["content"] for completion in completions]
    return [sum(letter.isascii() and letter.isalpha() for letter in text) / (1 + len(text)) for text in texts]

def none_of_plain(prompts, completions, reference, **columns):
    return [None if "t1" in right else 1.0 for right in reference]

def late(completions, completion_ids, **columns):
    calls.append(len(completions))
    return [float("nan") if len(calls) > 5 else len(ids) % 2 for ids in completion_ids]

def flat(completions, **columns):
    return [0.0 for text in completions]

calls = []
"""
STEPS = 12


@pytest.fixture(scope="module")
def recorded(shared_workspace: Any, build: Any) -> dict[str, list[dict[str, Any]]]:
    """Run all stages of this module in one process; return their events by name."""
    workspace = shared_workspace
    (workspace.root / "models").symlink_to(workspace.models)
    (workspace.data / "own.py").write_text(OWN, encoding="utf-8")
    rows = workspace.write_rows("train.jsonl", build.sft_rows(24), "prompt-completion")
    long = [{**row, "prompt": [{"role": "user", "content": "word " * 400}]} for row in build.sft_rows(2)]
    overlong = workspace.write_rows("long.jsonl", long, "prompt-completion")
    badcases = [
        {**row, "answer": row["answer"] or "SELECT 1", "id": f"b{at}"} for at, row in enumerate(build.badcase_rows(60))
    ]
    judged = {**workspace.write_rows("badcases.jsonl", badcases[1:], "badcase"), "role": "badcases"}
    runs: list[tuple[str, dict[str, Any] | None]] = []

    def add(output: str, config: dict[str, Any], at: dict[str, Any] | None = None) -> None:
        workspace.write_config(output, {**config, "output": output.removesuffix("-again")})
        runs.append((output, at))

    def grpo(rewards: list[tuple[str, float]], *data: dict[str, Any], **trainer: Any) -> dict[str, Any]:
        given = {"learning_rate": 0.01, "max_steps": STEPS, "per_device_train_batch_size": 4, "num_generations": 4}
        given |= {"max_completion_length": 12, "gradient_accumulation_steps": 2, "num_iterations": 2, "save_steps": 3}
        peft = {"r": 4, "lora_alpha": 8, "lora_dropout": 0.1, "target_modules": "all-linear"}
        used = [{"use": use, "weight": weight} for use, weight in rewards]
        fields = {"peft": peft, "trainer": given | {"beta": 0.01} | trainer, "rewards": used}
        return dict(build.base_config("grpo", "grpo", *(data or (rows,)), **fields))

    def preflight(use: str, *data: dict[str, Any]) -> dict[str, Any]:
        fields = {"generation": {"max_new_tokens": 8, "batch_size": 16}, "metrics": [{"name": "exact_match"}]}
        fields["work"] = {"prompts": 6, "samples": 4, "temperature": 1.0, "repeats": 3}
        fields["rewards"] = [{"use": use, "weight": 2.0}]
        return dict(build.base_config("preflight", "preflight", *data, **fields))

    terms = [("own:letters", 2.0), ("own:none_of_plain", 0.5)]
    add("whole", grpo(terms))
    add("stopped", grpo(terms), {"event": "step", "step": 5})
    add("stopped-again", grpo(terms))
    learns = {"max_steps": 30, "num_iterations": 1, "gradient_accumulation_steps": 1, "per_device_train_batch_size": 16}
    add("learns", grpo([("own:letters", 1.0)], **learns, learning_rate=0.005, beta=0.0) | {"peft": None})
    add("broken", grpo([("own:late", 1.0)], save_steps=2))
    add("broken-again", grpo([("own:late", 1.0)], save_steps=2))
    add("flat", grpo([("own:flat", 1.0)]))
    add("resumed", grpo([("own:flat", 1.0)]), {"event": "step", "step": 5})
    add("resumed-again", grpo([("own:flat", 1.0)]))
    add("groups", grpo(terms, num_generations=3))
    add("long", grpo(terms, overlong, max_completion_length=200))
    add("vllm", grpo(terms, use_vllm=True))
    add("examined", preflight("exact_match", rows, judged))
    add("fooled", preflight("own:letters", rows, judged))
    found = events_of([[str(workspace.root), f"{name}.yaml", at] for name, at in runs])
    return dict(zip((name for name, _ in runs), found, strict=True))


def steps(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event for event in events if event["event"] == "step"]


def error(events: list[dict[str, Any]]) -> dict[str, Any]:
    return next(event for event in events if event["event"] == "error")


def test_each_step_reports_its_rewards(recorded: dict[str, Any], shared_workspace: Any) -> None:
    first = steps(recorded["whole"])[0]
    parts = {"own:letters": 2.0, "own:none_of_plain": 0.5}
    terms = {name: first[f"rewards/{name}/mean"] for name in parts if f"rewards/{name}/mean" in first}
    assert first["reward"] == pytest.approx(sum(parts[name] * mean for name, mean in terms.items()), abs=0.3)
    assert {"reward_std", "frac_reward_zero_std", "kl", "completions/mean_length", "entropy"} <= set(first)
    assert next(event for event in recorded["whole"] if event.get("name") == "check rewards")["isolation"] == "seccomp"
    report = shared_workspace.metrics("whole")["report"]["reward"]
    assert set(report) == {"reward", "rewards/own:letters/mean", "rewards/own:none_of_plain/mean"}


def test_the_policy_learns_what_is_rewarded(recorded: dict[str, Any], shared_workspace: Any) -> None:
    reward = shared_workspace.metrics("learns")["report"]["reward"]["reward"]
    assert reward["last"] > reward["first"] + 0.1
    assert [event["step"] for event in steps(recorded["learns"])] == list(range(1, 31))
    assert (shared_workspace.outputs / "learns" / "model" / "model.safetensors").is_file()  # all weights were trained


def test_a_stop_waits_for_the_current_answers_and_the_rerun_is_bit_identical(
    recorded: dict[str, Any], shared_workspace: Any
) -> None:
    """Answers serve two steps here and are not saved in a checkpoint: stops and `save_steps: 3` fall on even steps."""
    saved = [event["step"] for event in recorded["whole"] if event["event"] == "checkpoint"]
    assert saved == [4, 6, 10, 12]
    assert error(recorded["stopped"])["code"] == "RUN740"
    assert [event["step"] for event in recorded["stopped"] if event["event"] == "checkpoint"][-1] == 6
    resumed = next(event for event in recorded["stopped-again"] if event.get("name") == "train")
    assert resumed["resumed_from"] == "checkpoint-6"
    assert shared_workspace.adapter_bytes("stopped") == shared_workspace.adapter_bytes("whole")


def test_a_reward_that_fails_in_training_loses_nothing(recorded: dict[str, Any], shared_workspace: Any) -> None:
    """The error names the reward and is not retried; a checkpoint keeps the training so far."""
    assert (error(recorded["broken"])["code"], "`own:late` returned `nan`" in error(recorded["broken"])["message"]) == (
        "RUN752",
        True,
    )
    assert recorded["broken"][-1]["exit_code"] == 65
    saved = [event["step"] for event in recorded["broken"] if event["event"] == "checkpoint"]
    assert saved
    again = next(event for event in recorded["broken-again"] if event.get("name") == "train")
    assert again["resumed_from"] == f"checkpoint-{saved[-1]}"


def test_a_reward_that_never_differs_is_warned_of_once_and_ends_the_training(recorded: dict[str, Any]) -> None:
    flat = recorded["flat"]
    warnings = [event for event in flat if event["event"] == "warning"]
    assert [(each["signal"], each["first"], each["last"]) for each in warnings] == [
        ("no_spread", 1, 10),
        ("zero_reward", 1, 10),
        ("all_cut", 1, 10),
    ][: len(warnings)]
    assert len(warnings) >= 2
    assert warnings[0]["share_without_spread"] == 1.0
    assert "raise `temperature`" in warnings[0]["message"]
    assert error(flat)["code"] == "RUN759"
    assert f"steps 1 to {STEPS} of {STEPS}" in error(flat)["message"]
    assert flat[-1]["exit_code"] == 65  # no retry could differ
    assert [event["step"] for event in steps(flat)] == list(range(1, STEPS + 1))


def test_a_resumed_run_counts_the_steps_before(recorded: dict[str, Any]) -> None:
    assert error(recorded["resumed"])["code"] == "RUN740"
    again = recorded["resumed-again"]
    assert error(again)["message"] == error(recorded["flat"])["message"]
    warned = [event["message"] for event in again if event["event"] == "warning"]
    assert warned == [event["message"] for event in recorded["flat"] if event["event"] == "warning"]


def test_samples_of_the_beginning_the_middle_and_the_end_are_kept(
    recorded: dict[str, Any], shared_workspace: Any
) -> None:
    samples = [read_samples(shared_workspace.outputs / name)["completions"] for name in ("whole", "stopped")]
    assert [part["step"] for part in samples[0]] == [1, 7, 11]  # answers serve two steps here
    assert samples[1] == samples[0]
    for part in samples[0]:
        for each in part["samples"]:
            assert set(each["rewards"]) == {"own:letters", "own:none_of_plain"}
            parts = {"own:letters": 2.0, "own:none_of_plain": 0.5}
            expected = sum(parts[name] * (score or 0.0) for name, score in each["rewards"].items())
            assert each["total"] == pytest.approx(expected)
            assert "singers" in each["prompt"] or "学生" in each["prompt"]
    page = (shared_workspace.outputs / "whole" / "report.html").read_text(encoding="utf-8")
    assert all(f"<h3>Step {step}</h3>" in page for step in (1, 7, 11))
    assert "does not apply" in page


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("groups", "RUN702", "num_generations"),
        ("long", "RUN755", "leave no room for an answer of 200 tokens"),
        ("vllm", "RUN756", "vLLM is not installed"),
    ],
)
def test_bad_rewards_fail_before_training(recorded: dict[str, Any], name: str, code: str, said: str) -> None:
    assert (error(recorded[name])["code"], said in error(recorded[name])["message"]) == (code, True), error(
        recorded[name]
    )
    assert "prepare data" not in [event.get("name") for event in recorded[name]]


def test_the_preflight_reports_each_check_and_what_the_plan_waits_for(
    recorded: dict[str, Any], shared_workspace: Any
) -> None:
    """A policy with random weights never answers correctly: only this blocks the plan."""
    document = shared_workspace.metrics("examined")
    report = document["report"]["preflight"]
    assert report["functions"] == [{"use": "exact_match", "weight": 2.0, "options": {}}]
    assert report["discrimination"] == {"pairs": 59, "auc": 1.0, "pairedWin": 1.0}
    assert report["humanAgreement"] == {"positives": 59, "negatives": 59, "tpr": 1.0, "tnr": 1.0}
    assert report["signal"] == {"prompts": 6, "samples": 4, "spreadShare": 0.0}
    assert "alignment" not in report
    assert {name for name, verdict in document["report"]["verdicts"].items() if verdict == "blocks"} == {
        "alignment",
        "signal",
    }
    assert recorded["examined"][-1]["exit_code"] == 80
    assert "`alignment` (not run), `signal`" in recorded["examined"][-1]["gate"]["reason"]


def test_a_reward_that_is_fooled_costs_no_sampling(recorded: dict[str, Any], shared_workspace: Any) -> None:
    assert recorded["fooled"][-1]["exit_code"] == 80
    phases = [event.get("name") for event in recorded["fooled"] if event["event"] == "phase"]
    assert "load model" not in phases
    verdicts = shared_workspace.metrics("fooled")["report"]["verdicts"]
    assert verdicts["hackResistance"] == "blocks"
    assert verdicts["contract"] == "passes"
