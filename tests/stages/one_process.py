"""Run many stages in one process, which imports the libraries once."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
Run = Sequence[Any]  # the folder of a workspace, the name of a config in it, and None or the event to stop at


def events_of(runs: Sequence[Run]) -> list[list[dict[str, Any]]]:
    """Run the stages one after the other; return the events of each."""
    ended = subprocess.run(
        [sys.executable, str(HERE / "train" / "stopping.py")],
        input=json.dumps(runs),
        env={"PYTHONPATH": str(HERE.parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found: list[list[dict[str, Any]]] = json.loads(ended.stdout)
    return found
