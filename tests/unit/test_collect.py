"""Results of a run become evidence: one document an evaluation, checked, written once, and never of another plan."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
import yaml
from conftest import MakeSpec
from local_project import Project, make_project

from compiler.evidence import as_evidence
from compiler.load import load
from compiler.schema.v1.evidence import StageResult


@pytest.fixture
def project(make_spec: MakeSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    return make_project(make_spec(), tmp_path, monkeypatch)


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


def test_collecting_again_changes_nothing(project: Project) -> None:
    project.run()
    project.collect()
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in written(project)}
    again = project.collect()
    assert again.exit_code == 0
    assert again.stdout.count("unchanged") == 3
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in written(project)} == before


def test_only_what_is_done_is_collected(project: Project) -> None:
    project.behave(evaluate_sft={"verdict": "no-gain"})
    project.run()
    (project.work / "outputs" / "shop-evaluate-other-0123456789").mkdir()
    (project.work / "outputs" / "shop-evaluate-other-0123456789" / "metrics.json").write_text("{}")
    assert project.collect().exit_code == 0
    found = evidence(project)
    assert set(found) == {"evaluate-base", "evaluate-sft"}
    assert found["evaluate-sft"].spec.gate == "no-gain"


def test_nothing_to_collect_is_told(project: Project) -> None:
    done = project.collect()
    assert (done.exit_code, "RUN797" in done.stderr) == (1, True)
    assert f"trainspec run {project.plan}" in done.stderr
    assert written(project) == []


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"config_sha256": "0" * 64}, "is of another config"),
        ({"ended": None}, "is not as the runtime writes it"),
        ({"ended": "yesterday"}, "is not as the runtime writes it"),
        ({"metrics": {}}, "is not as the runtime writes it"),
        ({"metrics": {"exact_match": {"value": 1.5, "low": 0, "high": 1, "n": 3}}}, "`spec.metrics[0].value`"),
        ({"metrics": {"exact_match": {"value": float("nan"), "low": 0, "high": 1, "n": 3}}}, "is not as the runtime"),
        ({"gate": {"verdict": "perhaps"}}, "`spec.gate`"),
        ({"metrics": [1]}, "is not as the runtime writes it"),
    ],
)
def test_a_result_that_is_not_of_this_plan_is_refused(
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


def test_a_folder_that_cannot_be_written_is_told(project: Project) -> None:
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


def test_a_plan_goes_on_from_what_was_collected(project: Project, capfd: pytest.CaptureFixture[str]) -> None:
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
