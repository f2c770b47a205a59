"""A compiled plan, run by the local executor with a small script instead of the runtime."""

import json
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.command import Result, invoke

from compiler.cli.run import print_run
from compiler.cli.stage_display import StageDisplay
from compiler.run.local import process
from compiler.run.local.process import Watch
from compiler.run.local.run import LocalRun, run

# behaves as a stage does: reads its config, logs, leaves metrics.json; BEHAVE says what goes wrong with which stage
STAGE = textwrap.dedent(
    """
    import hashlib, json, os, pathlib, signal, sys, time
    text = pathlib.Path(sys.argv[1]).read_text()
    field = lambda name: next(line.split('"')[1] for line in text.splitlines() if line.startswith(name + ":"))
    stage, output = field("stage"), pathlib.Path(os.environ["TRAINSPEC_OUTPUTS"]) / field("output")
    output.mkdir(parents=True, exist_ok=True)
    starts = output / "starts"
    starts.write_text(starts.read_text() + "x" if starts.exists() else "x")
    behave = json.loads(pathlib.Path(os.environ["TRAINSPEC_DATA"], "behave.json").read_text()).get(stage, {})
    print(json.dumps({"event": "step", "step": 1, "max_steps": 2, "loss": 1.0}), flush=True)
    (output / "env.json").write_text(json.dumps(dict(os.environ)))
    if len(starts.read_text()) <= behave.get("failures", 0):
        print(json.dumps({"event": "error", "code": "RUN799", "message": "it broke", "hint": "mend it"}), flush=True)
        sys.exit(behave["code"])
    if behave.get("checkpoint"):
        print(json.dumps({"event": "checkpoint", "step": 1}), flush=True)
    for event in behave.get("events", []):
        print(json.dumps(event), flush=True)
    if behave.get("stubborn"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if behave.get("sleep"):
        (output / "asleep").write_text("")
        time.sleep(behave["sleep"])
    gate = {"verdict": behave.get("verdict", "continue"), "reason": "as told"} if stage.startswith("evaluate") else None
    if gate:
        middle = {"no-gain": 0.0, "worse": -0.25}.get(gate["verdict"], 0.25)
        gain = {"gain": middle, "gain_low": middle - 0.15, "gain_high": middle + 0.15} if stage != "evaluate-base" else dict.fromkeys(("gain", "gain_low", "gain_high"))
        gate |= gain
    score = {"exact_match": {"value": 0.5, "low": 0.4, "high": 1 / 3 + 1 / 3, "n": 20}} if gate else {}
    score = behave.get("further", {}) | score  # further metrics
    done = {"status": "complete", "steps": 2, "wall_seconds": 1.5, "peak_memory_mb": 100, "metrics": score, "gate": gate}
    done |= {"config_sha256": hashlib.sha256(text.encode()).hexdigest(), "ended": "2026-11-22T23:59:59+00:00"}
    done |= {"report": behave["report"]} if "report" in behave else {}
    (output / "metrics.json").write_text(json.dumps(done))
    sys.exit(80 if gate and gate["verdict"] in ("no-gain", "worse") else 0)
    """
)


class SilentDisplay:
    """A display that shows nothing."""

    def say(self, line: str) -> None:
        pass

    @contextmanager
    def watching(self, stage: str) -> Iterator[Watch]:
        yield lambda event: None


class Project:
    """A compiled plan, a models folder and a work folder."""

    def __init__(self, spec: Path, tmp_path: Path) -> None:
        self.plan, self.work, self.models = spec.parent / "plan", tmp_path / "work", tmp_path / "models"
        (self.models / "tiny" / "1").mkdir(parents=True, exist_ok=True)
        (self.models / "tiny" / "1" / "config.json").write_text("{}")
        self.behave()
        self.compile()

    def compile(self) -> None:
        done = invoke("compile", str(self.plan.parent))
        assert done.exit_code == 0, done.output

    def collect(self) -> Result:
        return invoke("collect", str(self.plan), "--work", str(self.work))

    def behave(self, **stages: dict[str, object]) -> None:
        (self.plan.parent / "behave.json").write_text(
            json.dumps({name.replace("_", "-"): how for name, how in stages.items()})
        )

    def run(self) -> list[str]:
        """Run the plan, show it as the command does, and return the codes of what went wrong."""
        ended = self.ended()
        print_run(ended, self.plan, self.work)
        return [found.code for found in ended.diagnostics]

    def ended(self) -> LocalRun:
        return run(self.plan, self.work, self.models, StageDisplay())

    def starts(self) -> dict[str, int]:
        found = sorted(self.work.glob("outputs/*/starts"))
        return {path.parent.name.removeprefix("shop-")[:-11]: len(path.read_text()) for path in found}


def make_project(spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The spec compiled, with the script as the command of its Jobs."""
    script = tmp_path / "stage.py"
    script.write_text(STAGE)
    monkeypatch.setattr(process, "COMMAND", ["python", str(script)])
    monkeypatch.setattr(process, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(process, "POLL_SECONDS", 0.01)
    return Project(spec, tmp_path)
