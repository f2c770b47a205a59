"""10 to 1,000 plans on a small API server: `trainspec apply` and `status` against `kubectl apply --server-side -k`.

Each plan has 10 objects: 4 Jobs, 4 ConfigMaps, a NetworkPolicy and a claim. kubectl creates all Jobs at once;
`trainspec apply` tries everything as a dry run, and creates the first Job of each plan, with a ledger. kubectl is
quicker where the objects lie in one file already, so that it has no overlay to build, and quicker still where it does
not check them itself; so it is measured like that too, then with a dry run first as apply does it.

Every contender starts on its own empty server; contenders take turns, in an order that changes from
round to round. Requests and CPU time are counted at the server, for all alike. Environment: `BENCH_SIZES` (such as
`10,100`), `BENCH_ROUNDS`, `BENCH_ONLY` (a part of the contenders' names), `BENCH_LIMIT` (seconds for one command; one
that takes longer is reported as such).
"""

import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
sys.path += [str(HERE), str(HERE.parents[1])]

from generate import write_short_project  # noqa: E402
from measure import Cost, run  # noqa: E402
from system.cluster.server import NoServerError, Server, find_server  # noqa: E402 - tests are no package that is installed

TRAINSPEC = str(Path(sys.executable).parent / "trainspec")
_UNCHECKED = ("--validate=ignore",)
NAMESPACE = "training"
OBJECTS = 10  # of a plan
SIZES = [int(size) for size in os.environ.get("BENCH_SIZES", "10,100,1000").split(",")]
ROUNDS = {10: 3, 100: 3}
LIMIT = float(os.environ.get("BENCH_LIMIT", "600"))  # seconds for one command
KINDS = "jobs,configmaps,networkpolicies,persistentvolumeclaims"
_COUNTER = re.compile(r'apiserver_request_total\{.*resource="([a-z]+)".*verb="([A-Z]+)".*\} ([0-9.e+]+)')


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A command that is measured: what it is called in the table, and how it is made for a project and a server."""

    name: str
    command: Callable[["Place", Server], list[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """What one run came to: `server` is CPU seconds of the API server and its store, `objects` how many are there."""

    cost: Cost
    requests: int
    server: float
    objects: int


@dataclass(kw_only=True)
class Place:
    """Where one size is measured: the project with its plans, and the overlays for kubectl."""

    folder: Path
    size: int
    figures: dict[str, list[Figures]] = field(default_factory=dict)

    @property
    def specs(self) -> Path:
        return self.folder / "specs"

    @property
    def one_file(self) -> Path:
        return self.folder / "all.yaml"

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"XDG_CACHE_HOME": str(self.folder / "cache"), "HOME": str(self.folder)}

    def make(self) -> None:
        """The project, compiled, with one kustomization over all its plans."""
        write_short_project(self.specs, self.size)
        if run([TRAINSPEC, "compile", str(self.specs)], limit=LIMIT, env=self.environment) is None:
            raise TimeoutError("compiling took too long")
        lines = "".join(f"  - {path.parent.name}/plan\n" for path in sorted(self.specs.glob("*/spec.yaml")))
        (self.specs / "kustomization.yaml").write_text(f"resources:\n{lines}", encoding="utf-8")
        files = (path for path in sorted(self.specs.glob("*/plan/*.yaml")) if path.name != "kustomization.yaml")
        objects = 0
        with self.one_file.open(
            "w", encoding="utf-8"
        ) as stream:  # what this process holds counts as its children's peak
            for path in files:
                stream.write(f"---\n{path.read_text(encoding='utf-8')}")
                objects += 1
        if objects != OBJECTS * self.size:
            raise ValueError(f"{objects} objects were rendered, and the table is about {OBJECTS} a plan")


def trainspec(*arguments: str) -> Callable[[Place, Server], list[str]]:
    """A command of trainspec on all plans."""
    return lambda place, server: [
        TRAINSPEC, *arguments, str(place.specs), "--kubeconfig", str(server.kubeconfig), "--format", "concise",
    ]  # fmt: skip


def kubectl(*options: str, overlay: bool = False) -> Callable[[Place, Server], list[str]]:
    """Server-side apply of all objects, from one overlay over all plans, or from one file that holds them."""
    return lambda place, server: [
        "kubectl", "--kubeconfig", str(server.kubeconfig), "apply", "--server-side", *options,
        *(("-k", str(place.specs)) if overlay else ("-f", str(place.one_file))),
    ]  # fmt: skip


CONTENDERS: tuple[tuple[Step, ...], ...] = (
    (
        Step(name="`trainspec apply`, new", command=trainspec("apply")),
        Step(name="`trainspec apply`, again", command=trainspec("apply")),
        Step(name="`trainspec status`", command=trainspec("status")),
    ),
    (
        Step(name="`kubectl apply -f`, new", command=kubectl()),
        Step(name="`kubectl apply -f`, again", command=kubectl()),
    ),
    (
        Step(name="`kubectl apply -f --validate=ignore`, dry run", command=kubectl(*_UNCHECKED, "--dry-run=server")),
        Step(name="`kubectl apply -f --validate=ignore`, after it", command=kubectl(*_UNCHECKED)),
    ),
    (Step(name="`kubectl apply -k`, new", command=kubectl(overlay=True)),),
)


def measure(place: Place, warm: Place, contenders: list[tuple[Step, ...]]) -> None:
    """Every contender in turn, each round in another order."""
    rounds = int(os.environ.get("BENCH_ROUNDS", ROUNDS.get(place.size, 1)))
    for number in range(rounds):
        turn = number % len(contenders)
        for steps in (*contenders[turn:], *contenders[:turn]):
            with tempfile.TemporaryDirectory(prefix="trainspec-api-") as state:
                server = find_server(Path(state))
                try:
                    warm_up(server, warm)
                    for step in steps:
                        place.figures.setdefault(step.name, [])
                        figures = measured(step, place, server)
                        if figures is None:
                            break
                        place.figures[step.name].append(figures)
                finally:
                    server.stop()


def warm_up(server: Server, warm: Place) -> None:
    """The first requests of each kind make the server build what it keeps: another namespace gets a plan."""
    for name in (NAMESPACE, "warm"):
        ask(server, "create", "namespace", name)
    text = warm.one_file.read_text(encoding="utf-8").replace(f'namespace: "{NAMESPACE}"', "namespace: warm")
    ask(server, "apply", "--server-side", "-f", "-", text=text)


def measured(step: Step, place: Place, server: Server) -> Figures | None:
    """One run; None where it takes too long."""
    requests, used = counted(server), cpu_seconds(server)
    cost = run(step.command(place, server), limit=LIMIT, env=place.environment)
    if cost is None:
        return None
    figures = Figures(
        cost=cost,
        requests=counted(server) - requests,
        server=cpu_seconds(server) - used,
        objects=len(ask(server, "get", KINDS, "--namespace", NAMESPACE, "--output", "name").splitlines()),
    )
    print(f"    {step.name}: {json.dumps(row_of([figures]))}", file=sys.stderr, flush=True)
    return figures


def ask(server: Server, *arguments: str, text: str | None = None) -> str:
    """An unmeasured call of kubectl."""
    command = ["kubectl", "--kubeconfig", str(server.kubeconfig), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, input=text).stdout


def counted(server: Server) -> int:
    """Requests for objects that the server has answered so far."""
    text = ask(server, "get", "--raw", "/metrics")
    found = (_COUNTER.match(line) for line in text.splitlines())
    return sum(int(float(match[3])) for match in found if match and match[2] != "WATCH")


def cpu_seconds(server: Server) -> float:
    """CPU time of the API server and its store so far."""
    assert server.state is not None
    ticks = 0
    for name in ("apiserver", "etcd"):
        fields = (
            Path("/proc", (server.state / f"{name}.pid").read_text().strip(), "stat").read_text().rpartition(")")[2]
        )
        ticks += sum(map(int, fields.split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def row_of(runs: list[Figures]) -> dict[str, float]:
    """Medians, and the highest peak."""
    return {
        "seconds": statistics.median(each.cost.seconds for each in runs),
        "cpu": statistics.median(each.cost.cpu_seconds for each in runs),
        "server": statistics.median(each.server for each in runs),
        "requests": statistics.median(each.requests for each in runs),
        "MiB": max(each.cost.mebibytes for each in runs),
        "objects": runs[-1].objects,
        "runs": len(runs),
    }


def table(place: Place) -> Iterator[str]:
    """The figures of one size, as rows of Markdown."""
    for name, runs in place.figures.items():
        if not runs:
            yield f"| {place.size:,} | {name} | over {LIMIT:,.0f} s | | | | | | |"
            continue
        row = row_of(runs)
        requests = row["requests"] / (OBJECTS * place.size)
        yield (
            f"| {place.size:,} | {name} | {row['seconds']:.2f} s | {row['requests']:,.0f} | {requests:.2f} "
            f"| {row['cpu']:.2f} s | {row['server']:.2f} s | {row['MiB']:.0f} MiB | {row['objects']:,.0f} |"
        )


def main() -> None:
    """Measure all sizes, and print the rows of each as soon as they are there."""
    if shutil.which("kubectl") is None:
        raise SystemExit("kubectl is not installed, so there is nothing to compare with")
    only = os.environ.get("BENCH_ONLY", "")
    contenders = [steps for steps in CONTENDERS if any(only in step.name for step in steps)]
    print(f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores shared with the server, "
          f"Python {platform.python_version()}")  # fmt: skip
    print("\n| plans | what | wall | requests | an object | CPU | of the server | peak | objects there |")
    print("|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="trainspec-bench-") as name:
        warm = Place(folder=Path(name, "warm"), size=1)
        warm.make()
        for size in SIZES:
            place = Place(folder=Path(name, str(size)), size=size)
            place.make()
            try:
                measure(place, warm, contenders)
            except NoServerError as error:
                raise SystemExit(f"no API server: {error}") from error
            print(*table(place), sep="\n", flush=True)
            shutil.rmtree(place.folder)


if __name__ == "__main__":
    main()
