"""Program (`make matrix`): interrupt every method in every way, and print the table of the README.

Each method trains the tiny model undisturbed once. Then, each time in a new output folder, it is stopped by
SIGTERM, killed while it trains, and killed while it writes a checkpoint: between the trainer's first file of it and the
manifest that makes it count. Each is then run again, as a Job's controller does, and its weights are compared.
"""

import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[3])]

from stages import methods  # noqa: E402
from stages.conftest import TEMPLATE, Workspace  # noqa: E402
from stages.train.interrupted import difference  # noqa: E402

MANIFEST = "trainspec-manifest.json"
WAYS = ("SIGTERM", "SIGKILL while training", "SIGKILL while saving")
STOP_AT = 7  # a step at which no checkpoint is due


@dataclass(frozen=True, kw_only=True)
class Cell:
    """The result of one method interrupted in one way; `torn` is the checkpoint that was being written."""

    code: int
    resumed_from: str | None
    torn: str | None
    steps: int
    difference: float


def interrupt(workspace: Workspace, config: Path, folder: Path, way: str) -> tuple[int, str | None]:
    """Run the stage until it is interrupted; return its exit code and the checkpoint that was torn."""
    process = workspace.start(config)
    if way == "SIGKILL while saving":
        torn = kill_while_saving(process, folder)
        return workspace.finish(process, []).code, torn
    events = []
    for event in workspace.events(process):
        events.append(event)
        if event.get("step") == STOP_AT and event["event"] == "step":
            process.send_signal(signal.SIGTERM if way == "SIGTERM" else signal.SIGKILL)
            break
    return workspace.finish(process, events).code, None


def kill_while_saving(process: Any, folder: Path) -> str | None:
    """Kill the process as soon as a second checkpoint has its first file and no manifest."""
    drained = threading.Thread(target=process.stdout.read, daemon=True)
    drained.start()
    while process.poll() is None:
        found = sorted(folder.glob("checkpoints/checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
        if len(found) > 1 and not (found[-1] / MANIFEST).exists() and any(found[-1].iterdir()):
            process.kill()
            process.wait()
            return None if (found[-1] / MANIFEST).exists() else found[-1].name
        time.sleep(0.0005)
    return None


def cell(workspace: Workspace, method: str, way: str, number: int) -> Cell:
    """Interrupt the method in one way, run it again, and compare it with the undisturbed run."""
    for attempt in range(5):  # the moment of a save may be missed
        output = f"{method}-{number}-{attempt}"
        config = workspace.write_config(output, methods.config_of(workspace, method, output))
        code, torn = interrupt(workspace, config, workspace.outputs / output, way)
        if torn is not None or way != "SIGKILL while saving":
            break
    wanted = 75 if way == "SIGTERM" else -signal.SIGKILL
    if code != wanted:
        raise SystemExit(f"{method}, {way}: exit code {code} instead of {wanted}\n{stderr(workspace)}")
    ended = workspace.run(config)
    if ended.code != 0:
        raise SystemExit(f"{method}, {way}: the second run ended with {ended.code}\n{ended.stderr}")
    begun = next(event for event in ended.events if event.get("name") == "train")
    if torn is not None and torn not in begun["discarded"]:
        raise SystemExit(f"{method}, {way}: the torn `{torn}` was not discarded")
    weights = [
        workspace.outputs / name / "adapter" / "adapter_model.safetensors" for name in (f"{method}-whole", output)
    ]
    return Cell(
        code=code,
        resumed_from=begun["resumed_from"],
        torn=torn,
        steps=workspace.metrics(output)["steps"],
        difference=difference(*weights),
    )


def stderr(workspace: Workspace) -> str:
    return (workspace.root / "stderr.txt").read_text(encoding="utf-8")


def row(workspace: Workspace, method: str) -> str:
    """Return one line of the table."""
    output = f"{method}-whole"
    ended = workspace.run(workspace.write_config(output, methods.config_of(workspace, method, output)))
    if ended.code != 0:
        raise SystemExit(f"{method}: the undisturbed run ended with {ended.code}\n{ended.stderr}")
    steps = workspace.metrics(output)["steps"]
    cells = [cell(workspace, method, way, number) for number, way in enumerate(WAYS)]
    return f"| {method} | {steps} | " + " | ".join(described(each, steps) for each in cells) + " |"


def described(found: Cell, steps: int) -> str:
    """Describe a cell in words."""
    where = (found.resumed_from or "the beginning").replace("checkpoint-", "step ")
    torn = f" ({found.torn.replace('checkpoint-', 'step ')} torn)" if found.torn else ""
    same = "equal" if found.steps == steps else f"**{found.steps} instead of {steps}**"
    weights = "bit-identical" if found.difference == 0 else f"differ by {found.difference:.1e}"
    return f"from {where}{torn}, steps {same}, weights {weights}"


def main() -> None:
    """Print the table row by row; arguments limit it to the named methods."""
    chosen = sys.argv[1:] or list(methods.METHODS)
    print("| method | steps | " + " | ".join(WAYS) + " |")
    print("|---|---|" + "---|" * len(WAYS), flush=True)
    with TemporaryDirectory(prefix="matrix-") as name:
        root = Path(name)
        models = root / "models"
        program = Path(__file__).parents[1] / "tiny_model.py"
        subprocess.run(
            [sys.executable, str(program), str(models / "tiny" / "1"), TEMPLATE], check=True, capture_output=True
        )
        work = root / "work"
        work.mkdir()
        workspace = Workspace(work, models)
        for method in chosen:
            print(row(workspace, method), flush=True)


if __name__ == "__main__":
    main()
