"""`python -m tools.fuzz.confined`: reads paths of specs, compiles each in a process with limits, and answers with
a line of JSON for each. One process that has everything imported starts the others.
"""

import json
import os
import resource
import signal
import sys
import time
import traceback
from pathlib import Path

import pyarrow.compute
import pyarrow.parquet  # noqa: F401
from tools.fuzz.project import judge, peak_memory

from compiler.pipeline.phases import compile_spec
from compiler.spec.dependencies import Reads
from compiler.spec.discover import discover

MEMORY = 2 << 30  # of addresses, which is more than what is held: libraries reserve some hundred MiB
CPU_S, WALL_S = 20, 90


def confined(spec: Path) -> dict[str, object]:
    """Compile within the limits, check the outcome, and report it."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    signal.alarm(WALL_S)
    os.chdir(spec.parent.parent.parent)
    begun = time.perf_counter()
    found = discover([Path("specs")])[0]
    outcome = compile_spec(spec, f"specs/{spec.parent.name}/spec.yaml", Reads(spec.parent))
    took = time.perf_counter() - begun
    judge(Path.cwd(), outcome.value, outcome.diagnostics)
    return {
        "found": len(found),
        "plan": outcome.value is not None,
        "codes": sorted({each.code for each in outcome.diagnostics if each.severity == "error"}),
        "reported": sum(len(each.message) + len(each.hint) + len(each.location.text) for each in outcome.diagnostics),
        "seconds": took,
        "peak": peak_memory(),
    }


def main() -> None:
    """Answer line by line."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                print(json.dumps(confined(Path(line.strip()))), flush=True)
            except BaseException:
                print(json.dumps({"failed": traceback.format_exc()[-2000:]}), flush=True)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            print(json.dumps({"failed": f"ended by signal {status}"}), flush=True)


if __name__ == "__main__":
    main()
