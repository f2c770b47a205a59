"""Results of a run become evidence: one document per evaluation, validated, and only from this plan."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
import yaml
from conftest import MakeSpec
from support.local_project import Project, make_project

from compiler.selection.gather_results import notes_of
from compiler.spec.evidence import as_evidence
from compiler.spec.schema.stage_result import StageResult
from compiler.spec.yaml.load import load


@pytest.fixture
def project(make_spec: MakeSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    accepted = "  evidence: {smallTestSet: {reason: the results are made up, owner: li}}\n  gaps:\n"
    return make_project(make_spec(("  gaps:\n", accepted)), tmp_path, monkeypatch)


def evidence(project: Project) -> dict[str, StageResult]:
    reports = []
    for path in written(project):
        document = load(path, str(path)).value
        assert document is not None
        outcome = as_evidence(document)
        assert outcome.value is not None, outcome.diagnostics
        assert isinstance(outcome.value.report, StageResult)
        reports.append(outcome.value.report)
    return {report.spec.job.removeprefix("shop-")[:-11]: report for report in reports}


def metrics_file(project: Project, stage: str) -> Path:
    (path,) = project.work.glob(f"outputs/shop-{stage}-*/metrics.json")
    return path


def written(project: Project) -> list[Path]:
    return sorted((project.plan.parent / "evidence").glob("stage-*"))


def test_each_evaluation_becomes_a_document(project: Project) -> None:
    assert project.run() == []
    done = project.collect()
    assert done.exit_code == 0, done.stderr
    found = evidence(project)
    assert {stage: report.spec.method for stage, report in found.items()} == {
        "evaluate-base": None,
        "evaluate-sft": "sft",
        "evaluate-dpo": "dpo",
    }
    report = found["evaluate-sft"]
    path = metrics_file(project, "evaluate-sft")
    assert report.metadata.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert report.metadata.source == f"Job {path.parent.name}"
    assert report.metadata.date.isoformat() == "2026-11-22"
    held_out = hashlib.sha256((project.plan.parent / "data" / "held-out.jsonl").read_bytes()).hexdigest()
    body = report.spec
    assert (body.order, body.model, body.evaluation, body.questions) == (3, "tiny/1", held_out, 20)
    assert [(each.name, each.value, each.low, each.high) for each in body.metrics] == [
        ("exact_match", 0.5, 0.4, 0.666667)
    ]
    assert body.gain is not None
    assert (body.gain.value, body.gain.low, body.gain.high, body.gate) == (0.25, 0.1, 0.4, "continue")
    assert found["evaluate-base"].spec.gain is None
    assert "exact_match 0.500 (0.400 to 0.667), gate: continue" in done.stdout
    assert f"next: trainspec compile {project.plan.parent}" in done.stdout


def test_all_metrics_are_collected_and_shown_the_deciding_one_first(
    project: Project, capfd: pytest.CaptureFixture[str]
) -> None:
    further = {"a_tool_call": {"value": 0.25, "low": 0.1, "high": 0.45, "n": 12}}
    gains = {"gains": {"a_tool_call": {"value": 0.125, "low": 0.05, "high": 0.2, "n": 12}}}
    project.behave(evaluate_sft={"further": further, "report": gains})
    assert project.run() == []
    table = capfd.readouterr().out
    assert "0.250 (0.100 to 0.450)" in table
    assert "+0.125 (+0.050 to +0.200)" in " ".join(table.replace("│", " ").split())
    done = project.collect()
    scores = "exact_match 0.500 (0.400 to 0.667), a_tool_call 0.250 (0.100 to 0.450), gate: continue"
    assert scores in " ".join(done.stdout.split())
    body = evidence(project)["evaluate-sft"].spec
    assert [(each.name, each.value) for each in body.metrics] == [("exact_match", 0.5), ("a_tool_call", 0.25)]
    assert body.questions == 20
    assert "`a_tool_call` 0.250 (95 % 0.100 to 0.450)" in notes_of(body)


def test_collecting_again_changes_nothing(project: Project) -> None:
    project.run()
    project.collect()
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in written(project)}
    again = project.collect()
    assert again.exit_code == 0
    assert again.stdout.count("unchanged") == 3
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in written(project)} == before


def test_only_finished_stages_are_collected(project: Project) -> None:
    project.behave(evaluate_sft={"verdict": "no-gain"})
    project.run()
    (project.work / "outputs" / "shop-evaluate-other-0123456789").mkdir()
    (project.work / "outputs" / "shop-evaluate-other-0123456789" / "metrics.json").write_text("{}")
    assert project.collect().exit_code == 0
    found = evidence(project)
    assert set(found) == {"evaluate-base", "evaluate-sft"}
    assert found["evaluate-sft"].spec.gate == "no-gain"


def test_nothing_to_collect_is_an_error(project: Project) -> None:
    done = project.collect()
    assert (done.exit_code, "RUN797" in done.stderr) == (1, True)
    assert f"trainspec run {project.plan}" in done.stderr
    assert written(project) == []


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"config_sha256": "0" * 64}, "belongs to another config"),
        ({"ended": None}, "is not valid"),
        ({"ended": "yesterday"}, "is not valid"),
        ({"metrics": {}}, "is not valid"),
        ({"metrics": {"exact_match": {"value": 1.5, "low": 0, "high": 1, "n": 3}}}, "`spec.metrics[0].value`"),
        ({"metrics": {"exact_match": {"value": float("nan"), "low": 0, "high": 1, "n": 3}}}, "is not valid"),
        ({"gate": {"verdict": "perhaps"}}, "`spec.gate`"),
        ({"metrics": [1]}, "is not valid"),
    ],
)
def test_a_result_that_does_not_belong_to_the_plan_is_refused(
    project: Project, change: dict[str, object], text: str, tmp_path: Path
) -> None:
    project.run()
    for stage in ("evaluate-base", "evaluate-dpo"):
        path = metrics_file(project, stage)
        path.write_text(json.dumps(json.loads(path.read_text()) | change))
    done = project.collect()
    assert done.exit_code == 1
    assert done.stderr.count("error[RUN797]") == 2
    assert text in done.stderr
    assert "Traceback" not in done.stderr
    assert written(project) == []  # nothing of a run that is not whole


def test_evidence_behind_a_link_is_not_written(project: Project, tmp_path: Path) -> None:
    project.run()
    (project.plan.parent / "evidence").rename(tmp_path / "elsewhere")
    (project.plan.parent / "evidence").symlink_to(tmp_path / "elsewhere")
    done = project.collect()
    assert (done.exit_code, "CHK202" in done.stderr) == (1, True)
    assert list((tmp_path / "elsewhere").glob("stage-*")) == []


def test_a_folder_that_cannot_be_written_is_reported(project: Project) -> None:
    project.run()
    shutil.rmtree(project.plan.parent / "evidence")
    (project.plan.parent / "evidence").write_text("a file")
    done = project.collect()
    assert (done.exit_code, "RUN798" in done.stderr) == (1, True)


def test_a_document_says_that_it_is_generated(project: Project) -> None:
    project.run()
    project.collect()
    text = written(project)[0].read_text(encoding="utf-8")
    assert text.startswith("# Written by `trainspec collect`")
    assert list(yaml.safe_load(text)) == ["apiVersion", "kind", "metadata", "spec"]


def test_nothing_builds_on_a_stage_that_made_the_model_worse(
    project: Project, capfd: pytest.CaptureFixture[str]
) -> None:
    project.behave(evaluate_sft={"verdict": "worse"})
    assert project.run() == []
    before = project.starts()
    assert set(before) == {"evaluate-base", "sft", "evaluate-sft"}
    project.collect()
    assert evidence(project)["evaluate-sft"].spec.gate == "worse"
    project.compile()
    capfd.readouterr()
    assert project.run() == []
    assert project.starts() == before | {"pairs": 1, "dpo": 1, "evaluate-dpo": 1}
    out, _ = capfd.readouterr()
    assert "shop-sft" not in out


def test_a_plan_continues_from_collected_results(project: Project, capfd: pytest.CaptureFixture[str]) -> None:
    project.behave(evaluate_sft={"verdict": "no-gain"})
    assert project.run() == []
    before = project.starts()
    assert set(before) == {"evaluate-base", "sft", "evaluate-sft"}
    project.collect()
    project.compile()
    capfd.readouterr()
    assert project.run() == []  # the compile has fallen back: SFT is left, DPO starts from the base model
    assert project.starts() == before | {"pairs": 1, "dpo": 1, "evaluate-dpo": 1}
    out, err = capfd.readouterr()
    assert err.count("finished when the plan was compiled") == 3
    (adapter,) = project.work.glob("outputs/shop-dpo-*")
    assert f"{adapter}/adapter" in out
    assert "shop-sft" not in out
    assert project.collect().stdout.count("unchanged") == 2
    assert set(evidence(project)) == {"evaluate-base", "evaluate-sft", "evaluate-dpo"}

    project.compile()
    assert project.run() == []  # all is finished
    out, _ = capfd.readouterr()
    assert out.count("had run") == 6
    (project.work / "outputs").rename(project.work / "elsewhere")
    assert project.run() == []
    out, _ = capfd.readouterr()
    assert out.count("finished elsewhere") == 7


RATE = {"value": 0.25, "low": 0.1, "high": 1 / 3, "n": 8, "fixed": 2}
LOSS = {"value": -0.125, "low": -0.25, "high": -0.03, "n": 8}
REPORT = {
    "tokens": {
        "prompt": {"mean": 40.25, "p50": 40.0, "p95": 52.0},
        "answer": {"mean": 9.5, "p50": 9.0, "p95": 12.0},
        "cut": 1,
    },
    "seconds": {"mean": 0.5, "p50": 0.4, "p95": 0.9, "batch_size": 16},
    "broken": {"count": 120, "fixed": 3, "ids": [f"问题-{at}" for at in range(120)], "first": [{"id": "问题-0"}]},
    "badcases": RATE | {"metric": "exact_match", "unjudged": 0, "classes": {"critical": RATE}, "gain": LOSS},
    "general": [
        {"measure": "exact_match", "value": RATE, "gain": None, "tolerated": 0.02},
        {"measure": "bits_per_byte", "value": RATE | {"value": 1.5, "high": 2.5}, "gain": LOSS, "tolerated": 0.05},
    ],
    "without_chain": {
        "with_chain": RATE,
        "without_chain": RATE,
        "gain": LOSS,
        "only_with": 1,
        "only_without": 2,
        "p": 1.0,
        "tokens": {"with_chain": 80.5, "without_chain": 4.25},
    },
}


def test_further_findings_of_an_evaluation_are_kept_and_shown(
    project: Project, capfd: pytest.CaptureFixture[str]
) -> None:
    project.behave(evaluate_sft={"report": REPORT})
    assert project.run() == []
    table, _ = capfd.readouterr()
    of_sft = table.split("evaluate-sft")[1].split("├")[0]
    assert "badcases fixed 2/8, newly wrong 120, general -0.125" in of_sft
    assert project.collect().exit_code == 0
    body = evidence(project)["evaluate-sft"].spec
    assert body.reason == "as told"
    assert body.badcases is not None
    assert (body.badcases.fixed, body.badcases.total, body.badcases.high) == (2, 8, 0.333333)
    assert [(each.name, each.total) for each in body.badcases.classes] == [("critical", 8)]
    assert body.broken is not None
    assert (body.broken.count, len(body.broken.ids), body.broken.ids[0]) == (120, 100, "问题-0")
    assert [(each.measure, each.score.value, each.gain is None) for each in body.general] == [
        ("exact_match", 0.25, True),
        ("bits_per_byte", 1.5, False),
    ]
    assert body.tokens is not None
    assert (body.tokens.prompt, body.tokens.answer, body.tokens.cut) == (40.25, 9.5, 1)
    assert body.latency is not None
    assert (body.latency.p95, body.latency.batch_size) == (0.9, 16)
    assert body.without_chain is not None
    assert (body.without_chain.chain_tokens, body.without_chain.p_value) == (80.5, 1.0)
    assert evidence(project)["evaluate-base"].spec.badcases is None  # as an older runtime reports

    project.compile()
    page = (project.plan / "PLAN.md").read_text(encoding="utf-8")
    found = "2 of 8 badcases fixed; 120 answers newly wrong, 3 newly right; general bits_per_byte -0.125"
    assert found in page.replace("\\", "")


@pytest.mark.parametrize(
    "report",
    [
        {"badcases": {"fixed": 1}},
        {"badcases": RATE | {"classes": {"unheard-of": RATE}}},
        {"broken": {"count": -1, "fixed": 0, "ids": []}},
        {"general": [{"measure": "Bits!", "value": RATE, "gain": None}]},
        {"seconds": {"mean": float("nan"), "p50": 0, "p95": 0, "batch_size": 1}},
        {"tokens": 3},
        [1],
    ],
)
def test_a_report_that_makes_no_sense_is_refused(project: Project, report: object) -> None:
    project.run()
    path = metrics_file(project, "evaluate-sft")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"report": report}))
    done = project.collect()
    assert (done.exit_code, "RUN797" in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr
    assert written(project) == []


CHECKED = {
    "functions": [{"use": "exact_match", "weight": 1.0, "options": {}}],
    "code": {"rewards.py": "a" * 64},
    "contract": {"cases": 75, "failures": 0},
    "repeatability": {"scorer": "code", "rows": 40, "flips": 0},
    "hackResistance": [{"probe": "empty", "shareOfMaximum": 1 / 3}],
    "signal": {"prompts": 64, "samples": 8, "spreadShare": 0.5},
}


def test_the_preflight_of_a_reward_becomes_a_document(project: Project) -> None:
    """A stage of the plan takes its role: only the method and the contents of `metrics.json` matter."""
    from compiler.run.local.jobs import read_plan
    from compiler.run.results import preflight_document
    from compiler.spec.schema.preflight import RewardPreflight
    from compiler.spec.yaml.write import document_text

    jobs = read_plan(project.plan).value
    assert jobs
    metrics = {"ended": "2026-11-22T10:00:00+00:00", "report": {"preflight": CHECKED, "verdicts": {}}}
    path = project.work / "preflight.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        document_text(preflight_document(jobs[0].name, jobs[0].config["model"], metrics, "0" * 64), "told"),
        encoding="utf-8",
    )
    document = load(path, str(path)).value
    assert document is not None
    outcome = as_evidence(document)
    assert outcome.value is not None, outcome.diagnostics
    report = outcome.value.report
    assert isinstance(report, RewardPreflight)
    assert (report.metadata.model, report.metadata.source) == ("tiny/1", f"Job {jobs[0].name}")
    assert report.spec.functions[0].use == "exact_match"
    assert report.spec.code == CHECKED["code"]
    assert report.spec.contract is not None
    assert report.spec.contract.cases == 75
    assert report.spec.hack_resistance is not None
    assert report.spec.hack_resistance[0].share_of_maximum == 0.333333
    assert report.spec.discrimination is None  # not made, so not said
