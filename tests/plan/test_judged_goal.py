"""A judged metric from the spec to the plan: what counts, what does not, and who may reach the judge."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from conftest import MakeSpec
from support.command import invoke

from compiler.diagnostics.examples.judge import AGREEMENT, JUDGE, METRIC, RUBRIC
from compiler.pipeline.phases import make_plan
from compiler.run.results import judged_fields
from compiler.selection.gather import facts_of
from runtime.contract.read import read_stage

JUDGED = (("        target: 0.9\n", f"        target: 0.9\n{METRIC}"), ("  data:\n", f"{JUDGE}  data:\n"))
SECRETS = """\
  secrets:
    - {env: JUDGE_API_KEY, secret: judge, key: key}
    - {env: TEACHER_API_KEY, secret: teacher, key: key}
"""


def judged(make_spec: MakeSpec, agreement: str | None = AGREEMENT) -> Path:
    path = make_spec(*JUDGED)
    (path.parent / "rubrics").mkdir()
    (path.parent / "rubrics" / "helpful.md").write_text(RUBRIC, encoding="utf-8")
    if agreement is not None:
        (path.parent / "evidence" / "judge.yaml").write_text(agreement, encoding="utf-8")
    return path


def made(path: Path) -> tuple[dict[str, Any], list[str], Any]:
    outcome = make_plan(path, "spec.yaml")
    assert outcome.value is not None, outcome.diagnostics
    stages = {stage.name: stage.config for stage in outcome.value.stages}
    return stages, [each.message for each in outcome.diagnostics if each.code in ("CHK240", "CHK246")], outcome.value


def test_a_judge_that_agrees_with_people_is_in_the_plan(make_spec: MakeSpec) -> None:
    path = judged(make_spec)
    stages, found, _ = made(path)
    assert found == []
    config = stages["evaluate-sft"]
    assert config["judge"]["agreements"] == {
        "helpful": {"true_pass": 45, "false_fail": 5, "false_pass": 4, "true_fail": 46}
    }
    assert config["metric_code"] == {"rubrics/helpful.md": sha256(RUBRIC.encode()).hexdigest()}
    assert config["gate"]["others"] == [{"metric": "helpful", "target": 0.8}]
    assert "judge" not in stages["sft"]
    read_stage(dict(config), "evaluate-sft")
    assert invoke("compile", str(path)).exit_code == 0
    text = (path.parent / "plan" / "PLAN.md").read_text(encoding="utf-8")
    assert "corrected by its agreement with people (TPR 0.90 of 50 right answers, TNR 0.92 of 50 wrong ones)" in text
    policy = (path.parent / "plan" / "judge-policy.yaml").read_text(encoding="utf-8")
    assert 'values: ["evaluate-base", "evaluate-sft", "evaluate-dpo"]' in policy
    assert "port: 443" in policy


@pytest.mark.parametrize(
    ("agreement", "why"),
    [
        (None, "nobody compared its judge with people"),
        (AGREEMENT.replace("trueFail: 46", "trueFail: 25"), "people labelled 29 answers `fail`, but 30 are needed"),
        (
            AGREEMENT.replace("truePass: 45", "truePass: 5").replace("trueFail: 46", "trueFail: 40"),
            "people labelled 10",
        ),
        (AGREEMENT.replace("falsePass: 4\n  trueFail: 46", "falsePass: 46\n  trueFail: 4"), "may be chance"),
    ],
)
def test_a_judge_without_agreement_is_measured_and_decides_nothing(
    make_spec: MakeSpec, agreement: str | None, why: str
) -> None:
    stages, found, _ = made(judged(make_spec, agreement))
    [message] = found
    assert message.startswith("judged metric `helpful` is measured, but counts for nothing: ")
    assert why in message
    config = stages["evaluate-sft"]
    assert [each["name"] for each in config["metrics"]] == ["exact_match", "helpful"]
    assert config["gate"]["unmeasured"] == ["helpful"]
    assert "others" not in config["gate"]
    assert "agreements" not in config["judge"]
    read_stage(dict(config), "evaluate-sft")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("judge: large/1", "judge: large/2", "it is of judge `large/2`"),
        ("metric: helpful", "metric: useful", "the goal has no metric `useful` with `use: judge`"),
        ("rubric: ", "language: zh\n  rubric: ", "it is of judge `large/1` in language `zh`"),
        (sha256(RUBRIC.encode()).hexdigest(), "0" * 64, "rubric `rubrics/helpful.md` has changed since"),
    ],
)
def test_an_agreement_of_another_judge_or_rubric_is_stale(make_spec: MakeSpec, old: str, new: str, why: str) -> None:
    _, found, _ = made(judged(make_spec, AGREEMENT.replace(old, new)))
    assert len(found) == 2
    assert why in found[0] + found[1]
    assert "nobody compared its judge with people" in found[0] + found[1]


def test_the_rules_read_corrected_scores_and_no_others(make_spec: MakeSpec) -> None:
    rounds = """\
apiVersion: trainspec.dev/v1
kind: PromptRounds
metadata: {source: people, date: 2026-10-01, digest: %s, model: tiny/1}
spec:
  metric: helpful
  rounds:
    - {name: v1, technique: rules, score: 0.5, questions: 100}
""" % ("a" * 64)
    for agreement, expected in ((AGREEMENT, (0.5 + 0.92 - 1) / 0.82), (None, None)):
        path = judged(make_spec, agreement)
        (path.parent / "evidence" / "helpful.yaml").write_text(rounds, encoding="utf-8")
        found = facts_of(made(path)[2].inputs).other_rounds["helpful"]
        assert [each.score for each in found] == ([] if expected is None else [pytest.approx(expected)])
        if expected is not None:
            assert found[0].measure.low < expected < found[0].measure.high
        (path.parent / "rubrics" / "helpful.md").unlink()
        (path.parent / "rubrics").rmdir()


def test_only_stages_that_query_an_endpoint_get_its_key(make_spec: MakeSpec) -> None:
    path = judged(make_spec)
    profile = path.parent.parent / "clusters" / "small.yaml"
    profile.write_text(profile.read_text(encoding="utf-8") + SECRETS, encoding="utf-8")
    assert invoke("compile", str(path)).exit_code == 0
    jobs = {job.name: job.read_text(encoding="utf-8") for job in (path.parent / "plan").glob("*.job.yaml")}
    assert jobs
    for name, text in jobs.items():
        assert ("JUDGE_API_KEY" in text) == ("evaluate" in name), name
        assert "TEACHER_API_KEY" not in text, name  # no stage queries a teacher


def test_a_metric_and_its_judge_belong_together(make_spec: MakeSpec) -> None:
    path = make_spec(JUDGED[1])
    outcome = make_plan(path, "spec.yaml")
    assert "no metric uses `judge`" in [each.message for each in outcome.diagnostics]
    path = make_spec(JUDGED[0])
    (path.parent / "rubrics").mkdir(exist_ok=True)
    (path.parent / "rubrics" / "helpful.md").write_text(RUBRIC, encoding="utf-8")
    outcome = make_plan(path, "spec.yaml")
    assert "metric `helpful` needs `spec.judge`" in [each.message for each in outcome.diagnostics]


RESULT = """\
apiVersion: trainspec.dev/v1
kind: StageResult
metadata: {source: a Job, date: 2026-10-03, digest: %s}
spec:
  job: shop-evaluate-sft-0123456789
  order: 3
  method: sft
  model: tiny/1
  evaluation: %s
  questions: 20
  metrics:
    - {name: exact_match, value: 0.40, low: 0.20, high: 0.60}
    - name: helpful
      value: 0.7
      low: 0.6
      high: HIGH
      judged: {judge: JUDGE, rubric: %s, RAW}
  gain: {value: 0.1, low: 0.05, high: 0.15}
  gate: continue
"""
RAW = "raw: {value: 0.62, low: 0.5, high: 0.7}"


@pytest.mark.parametrize(
    ("judge", "raw", "high", "agreement", "counts"),
    [
        ("large/1", RAW, "0.8", AGREEMENT, True),
        ("large/1", "unjudged: 1", "0.8", AGREEMENT, False),  # not corrected
        ("large/2", RAW, "0.8", AGREEMENT, False),  # another judge
        ("large/1", RAW, "1.0", AGREEMENT.replace("truePass: 45", "truePass: 46"), True),
        ("large/1", RAW, "0.8", None, False),  # its agreement is gone
    ],
)
def test_a_judged_result_counts_if_it_is_corrected(
    make_spec: MakeSpec, judge: str, raw: str, high: str, agreement: str | None, counts: bool
) -> None:
    path = judged(make_spec, agreement)
    evaluation = sha256((path.parent / "data" / "held-out.jsonl").read_bytes()).hexdigest()
    text = RESULT % ("b" * 64, evaluation, sha256(RUBRIC.encode()).hexdigest())
    text = text.replace("JUDGE", judge).replace("RAW", raw).replace("HIGH", high)
    (path.parent / "evidence" / "sft.yaml").write_text(text, encoding="utf-8")
    [result] = facts_of(made(path)[2].inputs).results
    assert ("helpful" in result.scores) == counts
    assert any("before the correction" in note for note in result.notes) == (raw == RAW)


def test_collected_results_name_the_judge() -> None:
    found = {"judge": "large/1", "language": "en", "rubric": "c" * 64, "unjudged": 2, "raw_gain": None}
    raw = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 40}
    for agreement in (None, {"tpr": 0.9}):
        report = {"judged": {"helpful": {**found, "raw": raw, "agreement": agreement}}}
        fields = judged_fields({"report": report}, "helpful")["judged"]
        assert fields["unjudged"] == 2
        assert fields.get("raw") == ({"value": 0.5, "low": 0.4, "high": 0.6} if agreement else None)
    assert judged_fields({"report": {}}, "helpful") == {}
