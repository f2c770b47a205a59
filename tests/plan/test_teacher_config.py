"""The teacher settings of a spec, in the config of the stage that queries the teacher."""

import shutil
from pathlib import Path
from typing import Any

from compiler.pipeline.phases import make_plan

SPECS = Path(__file__).resolve().parents[2] / "specs"


def work_of(tmp_path: Path, ask: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The `work` of mail-triage's teacher with another `ask`, and the sources of its settings."""
    for name in ("mail-triage", "clusters"):
        shutil.copytree(SPECS / name, tmp_path / "specs" / name, ignore=shutil.ignore_patterns("plan"))
    spec = tmp_path / "specs" / "mail-triage" / "spec.yaml"
    head, rest = spec.read_text(encoding="utf-8").split("    ask:\n")
    after = rest.split("  data:\n", 1)[1]
    spec.write_text(f"{head}{ask}  data:\n{after}", encoding="utf-8")
    outcome = make_plan(spec, "spec.yaml")
    assert outcome.value is not None, outcome.diagnostics
    stage = next(each for each in outcome.value.stages if each.method == "teacher")
    assert "ask" not in stage.config["teacher"]
    return stage.config["work"], {each.name: each.source for each in stage.settings}


def test_a_teacher_is_queried_with_the_defaults(tmp_path: Path) -> None:
    work, sources = work_of(tmp_path, "")
    assert (work["samples"], work["concurrency"], work["requests_per_minute"]) == (1, 4, 60)
    assert work["max_new_tokens"] == 8  # no longer than what evaluations take for an answer
    assert sources["max_new_tokens"] == "spec.evaluation.maxNewTokens"
    assert "batch_size" not in work  # the endpoint decides by itself
    assert (work["keep"], sources["keep"]) == ("all", "rows of shape `prompt` have no right answer to verify with")


def test_a_spec_sets_limits_and_agreement(tmp_path: Path) -> None:
    work, sources = work_of(tmp_path, "    ask: {keep: agreed, requestsPerMinute: 500, temperature: 1}\n")
    assert (work["keep"], work["samples"], work["requests_per_minute"], work["temperature"]) == ("agreed", 5, 500, 1)
    assert sources["requests_per_minute"] == "spec.teacher.ask.requestsPerMinute"
    assert sources["samples"] == "agreement needs several samples"


def test_what_cannot_be_verified_is_kept_whole(tmp_path: Path) -> None:
    assert work_of(tmp_path, "    ask: {keep: verified, samples: 3}\n")[0]["keep"] == "all"
