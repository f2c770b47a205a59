"""Gives the illustrative results of `specs/` the names that their Jobs have now.

    python tests/golden/rename_results.py

A Job's name ends in a hash of its config, so a changed default renames it, and a result under the old name would no
longer finish a stage. A real plan runs the changed stage again; an illustration, whose figures nobody measured, is
renamed. Results of real runs, whose note does not say `illustrative figures`, are left as they are.
"""

import re
import sys
from pathlib import Path

import yaml

from compiler.pipeline.phases import make_plan
from compiler.spec.discover import discover
from compiler.spec.names import digest

SPECS = Path(__file__).resolve().parent.parent.parent / "specs"
MARK = "illustrative figures"
DIGEST = re.compile(r"(?<=^  digest: )[0-9a-f]{64}$", re.MULTILINE)
MERGED = re.compile(r"(?<=\+)[-a-z0-9]+")


def main() -> int:
    """Rename in every spec that has such results; return the exit code."""
    for spec in discover([SPECS])[0]:
        rename(spec.path)
    return 0


def rename(spec: Path) -> None:
    """Take the results of a spec's own Jobs away, and put them back one by one under the names of the plan so far."""
    evidence, plan = spec.parent / "evidence", spec.parent.name
    texts = [(path, path.read_text(encoding="utf-8")) for path in evidence.glob(f"stage-{plan}-evaluate-*.yaml")]
    illustrations = [(path, text) for path, text in texts if MARK in text]
    for path, _ in illustrations:
        path.unlink()
    for _, text in sorted(illustrations, key=lambda each: yaml.safe_load(each[1])["spec"]["order"]):
        old = yaml.safe_load(text)["spec"]["job"]
        job = jobs(spec)[stage_of(old, plan)]
        write(evidence / f"stage-{job}.yaml", text.replace(old, job))
    now = jobs(spec) if illustrations else {}
    for path in evidence.glob("probe*.yaml"):
        text = path.read_text(encoding="utf-8")
        write(path, MERGED.sub(lambda found: now.get(stage_of(found[0], plan), found[0]), text))


def stage_of(job: str, plan: str) -> str:
    """The stage that a Job's name holds: `sft` of `report-sql-sft-0123456789`."""
    return job.removeprefix(f"{plan}-").rpartition("-")[0]


def jobs(spec: Path) -> dict[str, str]:
    """The Jobs of the spec's present plan, by stage."""
    planned = make_plan(spec, str(spec)).value
    if planned is None:
        raise SystemExit(f"`{spec}` does not compile: run `trainspec check` on it")
    return {stage.name: stage.job for stage in planned.stages}


def write(path: Path, text: str) -> None:
    """Write evidence; an illustration's digest is that of the canonical JSON of its `spec`."""
    if MARK in text:
        text = DIGEST.sub(digest(yaml.safe_load(text)["spec"]), text)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
