"""A stage that is stopped or killed goes on by itself, and ends with the very weights of an undisturbed run."""

import copy
import signal
from typing import Any

import pytest

METHODS = ("sft", "dpo")


@pytest.fixture(scope="module")
def configs(shared_workspace: Any, build: Any) -> dict[str, dict[str, Any]]:
    """One config for each method."""
    rows = shared_workspace.write_rows("train.jsonl", build.sft_rows(24), "prompt-completion")
    sft = build.sft_config(rows)
    badcases = shared_workspace.write_rows("badcases.jsonl", build.badcase_rows(24), "badcase")
    dpo = build.sft_config(badcases, stage="dpo", pairs={"min_edit_distance": 0.1}) | {"method": "dpo"}
    dpo["trainer"] |= {"max_steps": 30, "disable_dropout": False}
    return {"sft": sft, "dpo": dpo}


@pytest.fixture(scope="module")
def undisturbed(shared_workspace: Any, configs: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """How each stage ends if nothing disturbs it."""
    ended = {}
    for method in METHODS:
        ended[method] = shared_workspace.run(shared_workspace.write_config(method, configs[method]))
        assert ended[method].code == 0, ended[method].stderr
    return ended


def renamed(config: dict[str, Any], output: str) -> dict[str, Any]:
    """The same training under another output folder."""
    changed = copy.deepcopy(config)
    changed["output"] = output
    return changed


def at_checkpoint(event: dict[str, Any]) -> bool:
    return event["event"] == "checkpoint" and event["step"] >= 14


def at_step(event: dict[str, Any]) -> bool:
    return event["event"] == "step" and event["step"] == 10


def test_an_undisturbed_run_leaves_its_adapter_and_no_checkpoints(
    shared_workspace: Any, undisturbed: dict[str, Any]
) -> None:
    metrics = shared_workspace.metrics("plan-sft")
    assert (metrics["steps"], metrics["max_steps"], metrics["status"]) == (60, 60, "complete")
    assert metrics["adapter"] == "plan-sft/adapter"
    assert metrics["training"]["sequences"] == 24
    steps = [event["step"] for event in undisturbed["sft"].events if event["event"] == "step"]
    assert steps == list(range(1, 61))
    left = {path.name for path in (shared_workspace.outputs / "plan-sft").iterdir()}
    assert left == {".lock", "adapter", "metrics.json"}
    assert undisturbed["sft"].termination["status"] == "complete"


def test_unusable_badcases_are_dropped_and_counted(undisturbed: dict[str, Any]) -> None:
    assert undisturbed["dpo"].event("pairs") == {"event": "pairs", "usable": 22, "dropped": 2, "excluded": 0}
    first = next(event for event in undisturbed["dpo"].events if event["event"] == "step")
    assert first["rewards/margins"] == pytest.approx(0, abs=0.01)  # the reference is the model without the adapter


@pytest.mark.parametrize("method", METHODS)
def test_sigterm_saves_and_the_rerun_is_bit_identical(
    shared_workspace: Any, configs: dict[str, dict[str, Any]], undisturbed: dict[str, Any], method: str
) -> None:
    config = shared_workspace.write_config(f"{method}-term", renamed(configs[method], f"{method}-term"))
    stopped = shared_workspace.interrupt(config, signal.SIGTERM, at_step)
    assert stopped.code == 75, stopped.stderr
    assert stopped.error == "RUN740"
    assert stopped.event("end")["status"] == "try-later"
    assert not (shared_workspace.outputs / f"{method}-term" / "metrics.json").exists()
    assert not (shared_workspace.outputs / f"{method}-term" / "adapter").exists()

    resumed = shared_workspace.run(config)
    assert resumed.code == 0, resumed.stderr
    last = max(event["step"] for event in stopped.events if event["event"] == "checkpoint")
    assert resumed.event("data")["dropped"] == 0
    trained = next(event for event in resumed.events if event.get("name") == "train")
    assert trained["resumed_from"] == f"checkpoint-{last}"
    assert shared_workspace.metrics(f"{method}-term")["steps"] == shared_workspace.metrics(f"plan-{method}")["steps"]
    assert shared_workspace.adapter_bytes(f"{method}-term") == shared_workspace.adapter_bytes(f"plan-{method}")


def test_kill_then_a_broken_newest_checkpoint_still_ends_bit_identical(
    shared_workspace: Any, configs: dict[str, dict[str, Any]], undisturbed: dict[str, Any]
) -> None:
    config = shared_workspace.write_config("sft-kill", renamed(configs["sft"], "sft-kill"))
    process = shared_workspace.start(config)
    for event in shared_workspace.events(process):
        if at_checkpoint(event):
            # While it runs, nobody else may work in its folder.
            second = shared_workspace.run(config)
            assert (second.code, second.error) == (75, "RUN741")
            process.send_signal(signal.SIGKILL)
            break
    assert shared_workspace.finish(process, []).code == -signal.SIGKILL

    folder = shared_workspace.outputs / "sft-kill" / "checkpoints"
    whole = sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
    whole = [path for path in whole if (path / "trainspec-manifest.json").exists()]
    assert len(whole) == 2
    (whole[-1] / "optimizer.pt").unlink()  # the trainer would resume from it without a word

    resumed = shared_workspace.run(config)
    assert resumed.code == 0, resumed.stderr
    trained = next(event for event in resumed.events if event.get("name") == "train")
    assert trained["resumed_from"] == whole[0].name
    assert whole[-1].name in trained["discarded"]
    assert shared_workspace.metrics("sft-kill")["steps"] == 60
    assert shared_workspace.adapter_bytes("sft-kill") == shared_workspace.adapter_bytes("plan-sft")


def test_a_complete_stage_is_not_run_again(shared_workspace: Any, undisturbed: dict[str, Any]) -> None:
    before = shared_workspace.adapter_bytes("plan-sft")
    again = shared_workspace.run(shared_workspace.root / "sft.yaml")
    assert again.code == 0
    assert again.event("end")["status"] == "already-complete"
    assert [event["event"] for event in again.events] == ["start", "end"]
    assert "complete already" in again.stderr
    assert shared_workspace.adapter_bytes("plan-sft") == before
