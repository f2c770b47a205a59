"""Cold start of `trainspec check` on one spec, against a bare interpreter and `kubectl kustomize` of its plan.

All three are run in turn in one loop, so that a slow moment of the machine hits all of them; ratios are of medians.
"""

import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
RUNS = 15
SPEC = ROOT / "specs" / "nl2sql"


def commands() -> dict[str, list[str]]:
    """The commands that are compared, by name; kubectl only where it is installed."""
    found = {
        "trainspec check": [str(Path(sys.executable).parent / "trainspec"), "check", str(SPEC)],
        "trainspec --help": [str(Path(sys.executable).parent / "trainspec"), "--help"],
        "python -c pass": [sys.executable, "-c", "pass"],
    }
    kubectl = shutil.which("kubectl")
    return found | ({"kubectl kustomize": [kubectl, "kustomize", str(SPEC / "plan")]} if kubectl else {})


def seconds(command: list[str]) -> float:
    """Wall time of one run, in seconds."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    """Run and print the table."""
    chosen = commands()
    times: dict[str, list[float]] = {name: [] for name in chosen}
    for command in chosen.values():
        seconds(command)  # warm the file cache
    for _ in range(RUNS):
        for name, command in chosen.items():
            times[name].append(seconds(command))
    base = statistics.median(times["trainspec check"])
    print(f"{'command':<20} {'median':>9} {'min':>9} {'max':>9}   check is")
    for name, values in times.items():
        median = statistics.median(values)
        print(
            f"{name:<20} {median * 1e3:6.0f} ms {min(values) * 1e3:6.0f} ms {max(values) * 1e3:6.0f} ms   {base / median:.2f} ×"
        )


if __name__ == "__main__":
    main()
