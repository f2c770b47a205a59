"""1 to 10,000 specs: time and memory of `trainspec compile`, against `kubectl kustomize` and cdk8s with as many objects.

All tools take turns in one run, in an order that changes from round to round, so that a slow moment of the machine hits
all of them. Environment: `BENCH_SIZES` (such as `1,100`), `BENCH_ROUNDS`, `BENCH_LIMIT` (seconds for one run; a tool that
would take longer is left out and so are its larger sizes), `CDK8S_PYTHON` (an interpreter that has cdk8s).
"""

import os
import platform
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from generate import write_project
from measure import Cost, adopt_orphans, run

HERE = Path(__file__).parent
TRAINSPEC = str(Path(sys.executable).parent / "trainspec")
SIZES = [int(size) for size in os.environ.get("BENCH_SIZES", "1,100,1000,10000").split(",")]
ROUNDS = {1: 9, 100: 5, 1000: 3}
PATIENCE = 900.0  # seconds that a run of the compiler itself may take
LIMIT = float(os.environ.get("BENCH_LIMIT", "60"))
ONCE = 20.0  # a run that takes longer than this, in seconds, is not repeated


@dataclass(kw_only=True)
class Place:
    """Where one size is measured: specs, the cache of the compiler, and where other tools write."""

    folder: Path
    size: int

    @property
    def specs(self) -> Path:
        return self.folder / "specs"

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"XDG_CACHE_HOME": str(self.folder / "cache")}

    def forget(self) -> None:
        """As after a fresh clone that has no plans: neither plan folders nor a cache."""
        for plan in self.specs.glob("*/plan"):
            shutil.rmtree(plan)
        shutil.rmtree(self.folder / "cache", ignore_errors=True)

    def touch_none(self) -> None:
        """Nothing changes between two runs."""

    def clear_out(self) -> None:
        """Other tools start with an empty folder too."""
        shutil.rmtree(self.folder / "out", ignore_errors=True)


@dataclass(kw_only=True)
class Tool:
    """A command that is measured, and what is done, untimed, before each run of it."""

    name: str
    command: Callable[[Place], list[str]]
    before: Callable[[Place], None]
    costs: dict[int, list[Cost]] = field(default_factory=dict)
    given_up: bool = False

    @property
    def limit(self) -> float:
        """The compiler is measured at every size, the others only as far as they get in time."""
        return PATIENCE if self.name.startswith("trainspec") else LIMIT


def tools() -> Iterator[Tool]:
    """What is compared; what is not installed is left out with a line about it."""
    compile_all = [TRAINSPEC, "compile", "--jobs"]
    cores = len(os.sched_getaffinity(0))
    yield Tool(
        name="trainspec, new, 1 process",
        command=lambda place: [*compile_all, "1", str(place.specs)],
        before=Place.forget,
    )
    yield Tool(
        name="trainspec, unchanged, 1 process",
        command=lambda place: [*compile_all, "1", str(place.specs)],
        before=Place.touch_none,
    )
    if cores > 1:
        yield Tool(
            name=f"trainspec, new, {cores} processes",
            command=lambda place: [*compile_all, str(cores), str(place.specs)],
            before=Place.forget,
        )
        yield Tool(
            name=f"trainspec, unchanged, {cores} processes",
            command=lambda place: [*compile_all, str(cores), str(place.specs)],
            before=Place.touch_none,
        )
    kubectl = shutil.which("kubectl")
    if kubectl:
        yield Tool(
            name="kubectl kustomize",
            command=lambda place: [kubectl, "kustomize", str(place.specs), "-o", str(place.folder / "out.yaml")],
            before=Place.touch_none,
        )
    cdk8s = os.environ.get("CDK8S_PYTHON", "")
    if cdk8s and Path(cdk8s).exists():
        yield Tool(
            name="cdk8s (Python)",
            command=lambda place: [cdk8s, str(HERE / "cdk8s_app.py"), str(place.size), str(place.folder / "out")],
            before=Place.clear_out,
        )
    for name, there in (("kubectl", kubectl), ("cdk8s", cdk8s)):
        if not there:
            print(f"{name} is not installed, so it is not compared")


def measure(place: Place, compared: list[Tool]) -> None:
    """Every tool in turn, as often as the size allows."""
    rounds = int(os.environ.get("BENCH_ROUNDS", ROUNDS.get(place.size, 1)))
    for number in range(rounds):
        # pairs of new and unchanged stay together, and the pairs and the others change places
        order = compared if number % 2 == 0 else [*compared[2:], *compared[:2]]
        for tool in order:
            earlier = tool.costs.get(place.size)
            if tool.given_up or (earlier and earlier[-1].seconds > ONCE):
                continue
            tool.before(place)
            cost = run(tool.command(place), limit=tool.limit, env=place.environment)
            if cost is None:
                tool.given_up = True
                tool.costs.pop(place.size, None)
            else:
                tool.costs.setdefault(place.size, []).append(cost)


def list_plans(place: Place) -> None:
    """One kustomization over all plan folders, so that kubectl renders all of them in one run."""
    lines = "".join(f"  - {path.name}/plan\n" for path in sorted(place.specs.glob("shop-*")))
    text = f"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n{lines}"
    (place.specs / "kustomization.yaml").write_text(text, encoding="utf-8")


def give_up_the_slow(compared: list[Tool], size: int, larger: int) -> None:
    """A tool that would not end in time is not started on the larger size."""
    for tool in compared:
        costs = tool.costs.get(size)
        if costs and statistics.median(cost.seconds for cost in costs) * larger / size > tool.limit:
            tool.given_up = True


def objects(place: Place) -> str:
    """How many Jobs and ConfigMaps each tool has written, which should be the same."""
    written = {
        "trainspec": place.specs.glob("*/plan/*.yaml"),
        "kubectl": place.folder.glob("out.yaml"),
        "cdk8s": (place.folder / "out").glob("*.yaml"),
    }
    counts = {name: sum(map(_jobs_and_configs, paths)) for name, paths in written.items()}
    return "Jobs and ConfigMaps: " + ", ".join(f"{name} {count:,}" for name, count in counts.items() if count)


def _jobs_and_configs(path: Path) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return sum(line in ("kind: Job", "kind: ConfigMap") for line in lines)


def table(compared: list[Tool], size: int) -> None:
    """The figures of one size."""
    base = compared[0].costs.get(size)
    heads = f"{'median':>9} {'per spec':>10} {'range':>19} {'CPU':>8} {'peak':>9} {'runs':>5}   of new, 1 process"
    print(f"\n{f'{size:,} specs':<34} {heads}")
    for tool in compared:
        costs = tool.costs.get(size)
        if not costs:
            print(f"  {tool.name:<32} not run: it would take longer than {LIMIT:.0f} s")
            continue
        seconds = sorted(cost.seconds for cost in costs)
        median = statistics.median(seconds)
        cpu = statistics.median(cost.cpu_seconds for cost in costs)
        peak = max(cost.mebibytes for cost in costs)
        ratio = f"{median / statistics.median(cost.seconds for cost in base):.2f} ×" if base else ""
        print(
            f"  {tool.name:<32} {median:7.2f} s {median / size * 1e3:7.2f} ms {seconds[0]:8.2f} to {seconds[-1]:5.2f} s"
            f" {cpu:6.2f} s {peak:5.0f} MiB {len(costs):>5}   {ratio}"
        )


def main() -> None:
    """Measure all sizes, and print a table for each as soon as it is there."""
    adopt_orphans()
    compared = list(tools())
    print(
        f"{platform.processor() or platform.machine()}, {len(os.sched_getaffinity(0))} cores, Python {platform.python_version()}"
    )
    print("new: no plan folders and an empty cache; unchanged: run again after that; peak: of the largest process")
    for size, larger in zip(SIZES, [*SIZES[1:], 0], strict=True):
        with tempfile.TemporaryDirectory(prefix="trainspec-bench-") as name:
            place = Place(folder=Path(name), size=size)
            write_project(place.specs, size)
            list_plans(place)
            if size <= 100:
                run(compared[0].command(place), limit=LIMIT, env=place.environment)  # warms the file cache, unmeasured
            measure(place, compared)
            table(compared, size)
            print(f"  {objects(place)}", flush=True)
        if larger:
            give_up_the_slow(compared, size, larger)


if __name__ == "__main__":
    main()
