"""`python -m tools.fuzz.run CASES`, as `make fuzz` does: every strategy and every coverage-guided target, on all cores.

Ends with a table, and with 1 if a case crashed, was too slow or broke what must hold; such cases are then in FOLDER.
"""

import os
import pickle
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(".trainspec/fuzz")
SHARES = {"strategies": 50, "loader": 30, "rows": 20}  # of a hundred cases: of Hypothesis, and of the two targets
CHUNK = 1_000
LIMIT_S, LIMIT_BYTES = 20, 4 << 30


@dataclass(kw_only=True)
class Row:
    """A line of the table, and what went wrong: a signature, with its smallest case as files."""

    name: str
    cases: int = 0
    plans: int | None = None
    seconds: float = 0.0
    slowest: float = 0.0
    peak: int = 0
    crashes: dict[str, dict[str, bytes]] = field(default_factory=dict)

    def add(self, other: "Row") -> None:
        self.cases += other.cases
        if other.plans is not None:
            self.plans = (self.plans or 0) + other.plans
        self.seconds += other.seconds
        self.slowest, self.peak = max(self.slowest, other.slowest), max(self.peak, other.peak)
        for signature, files in other.crashes.items():
            _keep_smaller(self.crashes, signature, files)


def strategy_chunk(name: str, seed: int, count: int) -> Row:
    """So many cases of a strategy, in a process of their own, whose end is a crash too."""
    command = [sys.executable, "-m", "tools.fuzz.run", name, str(seed), str(count)]
    done = subprocess.run(command, capture_output=True)
    if done.returncode == 0:
        return pickle.loads(done.stdout)
    return Row(name=name, crashes={f"exit {done.returncode}": {"stderr.txt": done.stderr[-4000:]}})


def here(name: str, seed: int, count: int) -> Row:
    """So many cases of a strategy, in this process."""
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded
    from tools.fuzz.project import Case, Project, peak_memory
    from tools.fuzz.strategies import STRATEGIES, Maker

    resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))
    crashes: dict[str, dict[str, bytes]] = {}
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder) / "project")
        strategy = STRATEGIES[name][0](Maker(project))

        @seeded(seed)
        @given(strategy)
        @settings(
            max_examples=count,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def every_case(case: Case) -> None:
            try:
                with _time_limit():
                    project.check(case)
            except Exception as error:  # continues, so that one defect does not hide the others
                _keep_smaller(
                    crashes,
                    _signature(error),
                    {k: v or b"" for k, v in case.files.items()} | {"folder": case.spec.encode()},
                )

        every_case()
        seen = project.seen
    return Row(
        name=name, cases=seen.cases, plans=seen.bundles, seconds=seen.seconds, slowest=seen.slowest, peak=peak_memory(), crashes=crashes
    )  # fmt: skip


def target_run(name: str, runs: int) -> Row:
    """So many runs of a coverage-guided target; the fuzzer's own figures are taken."""
    options = [f"-runs={runs}", "-print_final_stats=1", f"-timeout={LIMIT_S}", "-seed=1"]
    command = [sys.executable, "-m", "tools.fuzz.coverage", name, str(FOLDER / name), *options]
    begun = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    said = {key: int(value) for key, value in re.findall(r"stat::(\w+):\s+(\d+)", done.stderr)}
    crashes = {} if done.returncode == 0 else {f"exit {done.returncode}": {"stderr.txt": done.stderr[-4000:].encode()}}
    return Row(
        name=f"{name} (by coverage)",
        cases=said.get("number_of_executed_units", 0),
        seconds=time.perf_counter() - begun,
        slowest=float(said.get("slowest_unit_time_sec", 0)),
        peak=said.get("peak_rss_mb", 0) << 20,
        crashes=crashes,
    )


@contextmanager
def _time_limit() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TimeoutError(f"a case took more than {LIMIT_S} s")

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(LIMIT_S)
    try:
        yield
    finally:
        signal.alarm(0)


def _signature(error: Exception) -> str:
    """Return what identifies a defect: the error, and the last line of our code in its traceback."""
    ours = [each for each in traceback.extract_tb(error.__traceback__) if "/compiler/" in each.filename]
    place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    return f"{type(error).__name__} {place or str(error)[:60]}".strip()


def _keep_smaller(crashes: dict[str, dict[str, bytes]], signature: str, files: dict[str, bytes]) -> None:
    size = sum(map(len, files.values()))
    if signature not in crashes or size < sum(map(len, crashes[signature].values())):
        crashes[signature] = files


def _plan(cases: int) -> list[tuple[str, int, int]]:
    from tools.fuzz.strategies import STRATEGIES

    chunks = []
    for name, (_, weight) in STRATEGIES.items():
        left = cases * SHARES["strategies"] // 100 * weight // 100
        while left > 0:
            chunks.append((name, len(chunks), min(CHUNK, left)))
            left -= CHUNK
    return chunks


def _write(row: Row) -> None:
    for number, (signature, files) in enumerate(row.crashes.items(), start=1):
        folder = FOLDER / f"{row.name.replace(' ', '-')}-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "signature.txt").write_text(signature, encoding="utf-8", errors="replace")
        for name, raw in files.items():
            (folder / name.replace("/", "__")).write_bytes(raw)


def main(cases: int) -> int:
    """Run everything, print the table, and say whether all went well."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    rows: dict[str, Row] = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        targets = [pool.submit(target_run, name, cases * SHARES[name] // 100) for name in ("loader", "rows")]
        for task in [*(pool.submit(strategy_chunk, *chunk) for chunk in _plan(cases)), *targets]:
            row = task.result()
            rows.setdefault(row.name, Row(name=row.name)).add(row)
            print(f"{row.name}: {row.cases:,} cases", file=sys.stderr, flush=True)
    print(
        f"{'strategy':<22}{'cases':>9}{'plans':>8}{'seconds':>9}{'crashes':>9}{'slowest case':>14}{'peak memory':>13}"
    )
    total = Row(name="all", plans=0)
    for row in rows.values():
        total.add(Row(**{**vars(row), "plans": row.plans or 0}))
        _print(row)
        _write(row)
    _print(total)
    for row in rows.values():
        for signature in row.crashes:
            print(f"crash in {row.name}: {signature}; see {FOLDER}/")
    return 1 if total.crashes else 0


def _print(row: Row) -> None:
    slowest = f"{row.slowest:.2f} s" if not row.name.endswith("coverage)") else f"{row.slowest:.0f} s"
    plans = "" if row.plans is None else f"{row.plans:,}"
    print(
        f"{row.name:<22}{row.cases:>9,}{plans:>8}{row.seconds:>9.0f}{len(row.crashes):>9}{slowest:>14}{row.peak >> 20:>9} MiB"
    )


if __name__ == "__main__":
    from tools.fuzz.run import here, main  # so that what is pickled is of this module by its name

    if len(sys.argv) > 2:
        sys.stdout.buffer.write(pickle.dumps(here(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
    else:
        sys.exit(main(int(sys.argv[1])))
