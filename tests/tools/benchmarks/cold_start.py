"""Cold start of `trainspec` on one spec, against a bare interpreter and `kubectl kustomize` of its plan.

All are run in turn in one loop, so that a slow moment of the machine hits all of them; ratios are of medians.
"""

import os
import platform
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from measure import adopt_orphans, run

ROOT = Path(__file__).parents[3]
RUNS = int(os.environ.get("BENCH_ROUNDS", "15"))
SPECS = ROOT / "specs"
SPEC = "nl2sql"


def commands(spec: Path) -> dict[str, list[str]]:
    """The commands that are compared, by name; kubectl only where it is installed."""
    trainspec = str(Path(sys.executable).parent / "trainspec")
    found = {
        "check, unchanged": [trainspec, "check", str(spec)],
        "compile, unchanged": [trainspec, "compile", str(spec)],
        "check --no-cache": [trainspec, "check", "--no-cache", str(spec)],
        "compile --no-cache": [trainspec, "compile", "--no-cache", str(spec)],
        "trainspec --help": [trainspec, "--help"],
        "python -c pass": [sys.executable, "-c", "pass"],
    }
    kubectl = shutil.which("kubectl")
    return found | ({"kubectl kustomize": [kubectl, "kustomize", str(spec / "plan")]} if kubectl else {})


def main() -> None:
    """Run and print the table."""
    adopt_orphans()
    with tempfile.TemporaryDirectory() as name:
        for folder in (SPEC, "clusters"):
            shutil.copytree(SPECS / folder, Path(name, "specs", folder))
        chosen = commands(Path(name, "specs", SPEC))
        times: dict[str, list[float]] = {name: [] for name in chosen}
        environment = os.environ | {"XDG_CACHE_HOME": str(Path(name, "cache"))}
        for number in range(RUNS + 1):  # the first round warms the caches, the file system's and ours
            for name, command in chosen.items():
                cost = run(command, limit=60, env=environment)
                if number and cost:
                    times[name].append(cost.seconds * 1e3)
    base = statistics.median(times.get("kubectl kustomize", times["python -c pass"]))
    print(f"one spec, {platform.machine()}, Python {platform.python_version()}, medians of {RUNS}")
    print(
        f"{'command':<20} {'median':>9} {'min':>9} {'max':>9}   of {'kubectl' if 'kubectl kustomize' in times else 'python'}"
    )
    for name, values in times.items():
        median = statistics.median(values)
        print(f"{name:<20} {median:6.0f} ms {min(values):6.0f} ms {max(values):6.0f} ms   {median / base:.2f} ×")


if __name__ == "__main__":
    main()
