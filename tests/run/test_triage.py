"""`trainspec triage`: labels survive, shares are those of a random sample, and the report moves the next plan on."""

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.command import invoke
from support.triage_project import Triage, label, label_in_order, trace

from compiler.pipeline.phases import make_plan
from compiler.run.triage.counts import agreements, count
from compiler.run.triage.session import Session, UnusableError
from compiler.run.triage.traces import read_trace, read_traces


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, which is where the command runs."""
    monkeypatch.chdir(tmp_path)


def session_of(project: Triage) -> Session:
    return Session(project.open(), "li")


def phase() -> str:
    outcome = make_plan(Path("specs/shop/spec.yaml"), "specs/shop/spec.yaml")
    assert outcome.value is not None, outcome.diagnostics
    return outcome.value.selection.phase.value


def evidence(project: Triage) -> dict[str, Any]:
    return yaml.safe_load((project.folder / "evidence/badcases.yaml").read_text("utf-8"))


def rows(project: Triage) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (project.folder / "data/badcases.jsonl").read_text("utf-8").splitlines()]


def test_labels_move_the_next_plan_on_to_the_prompt_phase() -> None:
    project = Triage.make()
    (project.folder / "data/badcases.jsonl").write_text('{"id": "1", "prompt": "q", "fix": "a"}\n', "utf-8")
    assert phase() == "collect"
    list(label_in_order(session_of(project), 100))
    done = project.report()
    assert done.exit_code == 0, done.output
    assert phase() == "prompt"
    (kind,) = evidence(project)["spec"]["kinds"]
    assert kind["name"] == "查询超时"
    assert kind["component"] == "llm"
    assert kind["firstErrorShare"] == 1
    assert kind["intents"] == 3
    checked = invoke("check", "specs")
    assert checked.exit_code == 0, checked.output
    plan = invoke("compile", "specs")
    assert plan.exit_code == 0, plan.output
    assert "unverified" not in (project.folder / "plan/PLAN.md").read_text("utf-8")


def test_a_report_is_the_same_when_it_is_written_again() -> None:
    project = Triage.make()
    list(label_in_order(session_of(project), 40))
    assert project.report().exit_code == 0
    names = ("labels.jsonl", "evidence/badcases.yaml", "data/badcases.jsonl")
    before = [(project.folder / name).read_bytes() for name in names]
    assert project.report().exit_code == 0
    assert [(project.folder / name).read_bytes() for name in names] == before


def test_rows_of_others_stay_and_those_of_a_trace_that_is_good_now_go() -> None:
    project = Triage.make()
    others = '{"id": "1", "prompt": "q", "fix": "a", "note": "by hand"}\n'
    (project.folder / "data/badcases.jsonl").write_text(others, "utf-8")
    session = session_of(project)
    bad = [each["digest"] for each in label_in_order(session, 30) if any(step["error"] for step in each["steps"])]
    project.report()
    before = rows(project)
    assert before[0] == json.loads(others)
    assert len(before) == 1 + len(bad)
    label(session, bad[0], verdict="good")
    project.report()
    assert len(rows(project)) == len(bad)


def test_shares_are_those_of_the_random_sample_although_failures_are_looked_for() -> None:
    traces = [trace(number) for number in range(1, 400)]
    for each in traces:  # one in nine fails
        if int(each["id"][1:]) % 9:
            each["steps"] = [{"id": "c", "component": "llm"}]
    project = Triage.make(traces)
    session = session_of(project)
    list(label_in_order(session, 120))
    found = count(session.project)
    labelled_bad = len(found.bad) / 120
    sampled_bad = sum(each.verdict == "bad" for each in found.sample) / len(found.sample)
    assert labelled_bad > 0.2  # failures come first
    assert sampled_bad < 0.17
    order = sorted(session.project.traces.entries)
    assert [each.digest for each in found.sample] == order[: len(found.sample)]


def test_labels_that_were_not_drawn_count_once_the_order_has_passed_them() -> None:
    project = Triage.make()
    session = session_of(project)
    order = sorted(session.project.traces.entries)
    label(session, order[1], verdict="good")
    assert count(session.project).sample == []
    label(session, order[0], verdict="good")
    assert [each.digest for each in count(session.project).sample] == order[:2]  # people have reached both
    label(session, order[4], verdict="good")
    assert [each.digest for each in count(session.project).sample] == order[:2]
    label(session, order[2], verdict="good")
    assert [each.digest for each in count(session.project).sample] == order[:3]


def test_a_label_follows_a_moved_id_and_not_a_changed_trace() -> None:
    traces = [trace(number) for number in range(12)]
    project = Triage.make(traces)
    list(label_in_order(session_of(project), 12))
    traces[0]["id"] = "another-id"
    traces[1]["answer"] = "something else"
    project.write(traces)
    counts = count(project.open())
    assert [each.trace for each in counts.changed] == ["t1"]
    assert "t0" in {each.trace for each in counts.sample}
    done = project.report()
    assert "labels of traces that have changed do not count: 1" in done.stderr


def test_labels_of_traces_that_are_gone_count_and_keep_their_rows() -> None:
    project = Triage.make([trace(number) for number in range(12)])
    list(label_in_order(session_of(project), 12))
    project.report()
    before = evidence(project)["spec"], rows(project)
    project.write([trace(number) for number in range(6, 12)])
    done = project.report()
    assert done.exit_code == 0
    assert "labels of traces that are not here count as they are: 6" in done.stderr
    assert (evidence(project)["spec"], rows(project)) == before


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({"losses": [{"kind": "cut-text", "step": "b"}]}, True),
        ({"losses": [{"kind": "doubled", "step": "b"}]}, True),
        ({"losses": [{"kind": "encoding"}]}, True),
        ({"losses": [{"kind": "window"}]}, False),
        ({"losses": [{"kind": "no-query"}]}, True),
        ({"losses": [{"kind": "no-answer"}]}, True),
        ({"query": None}, True),
        ({"losses": [{"kind": "no-answer"}], "answer": None, "error": "TimeoutError"}, False),
        ({"losses": [{"kind": "no-answer", "step": "b"}]}, False),
        ({"losses": [{"kind": "no-tokens"}]}, False),
    ],
)
def test_traces_that_lost_what_people_judge_are_shown_and_refused(fields: dict[str, Any], refused: bool) -> None:
    project = Triage.make([trace(number) for number in range(1, 12)])
    project.write([trace(50, **fields)], "lossy.jsonl")
    session = session_of(project)
    (entry,) = [each for each in session.project.traces.entries.values() if each.id == "t50"]
    shown = session.trace("all", entry.digest, 0, ())
    assert shown is not None
    assert bool(shown["refusal"]) is refused
    assert (entry in session.project.traces.usable) is not refused
    if refused:
        with pytest.raises(UnusableError, match="no evidence"):
            label(session, entry.digest, verdict="good")
        assert "1 refused" in project.report().stdout


def test_a_line_that_a_kill_has_cut_is_repaired() -> None:
    project = Triage.make()
    session = session_of(project)
    first, second = sorted(session.project.traces.entries)[:2]
    label(session, first, verdict="bad", kind="wrong")
    path = project.folder / "labels.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:40])
    session = session_of(project)
    assert session.state()["labelled"] == 1
    label(session, second, verdict="good")
    assert [each["digest"] for each in project.lines] == [first, second]


def test_a_merge_conflict_in_the_labels_is_an_error() -> None:
    project = Triage.make()
    list(label_in_order(session_of(project), 3))
    path = project.folder / "labels.jsonl"
    path.write_text("<<<<<<< HEAD\n" + path.read_text("utf-8"), "utf-8")
    done = project.report()
    assert done.exit_code == 1
    assert "TRC833" in done.stderr
    assert not (project.folder / "evidence/badcases.yaml").exists()


def test_two_tabs_and_two_servers_lose_no_label() -> None:
    project = Triage.make()
    sessions = [session_of(project), session_of(project)]
    digests = sorted(sessions[0].project.traces.entries)

    def work(session: Session, part: int) -> None:
        for digest in digests[part::4]:
            label(session, digest, verdict="bad")
            label(session, digest, kind=f"kind-{part}")

    threads = [threading.Thread(target=work, args=(sessions[part % 2], part)) for part in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    labels = session_of(project).project.labels.verdicts
    assert {digest: (each.verdict, each.kind) for digest, each in labels.items()} == {
        digest: ("bad", f"kind-{index % 4}") for index, digest in enumerate(digests)
    }


def test_a_change_keeps_the_fields_that_it_does_not_name() -> None:
    project = Triage.make()
    one, other = session_of(project), session_of(project)
    digest = sorted(one.project.traces.entries)[0]
    label(one, digest, verdict="bad", kind="wrong-date")
    done = label(other, digest, severity="high")
    assert done["label"] == {
        **{"verdict": "bad", "kind": "wrong-date", "severity": "high", "fix": None, "component": None},
        "by": "li",
    }
    undone = label(one, digest, **{name: done["before"][name] for name in ("severity", "verdict")})
    assert undone["label"]["severity"] is None
    assert undone["label"]["kind"] == "wrong-date"


def test_an_undone_label_is_in_the_queue_again() -> None:
    project = Triage.make()
    session = session_of(project)
    first = session.trace("queue", "", 1, ())
    assert first is not None
    done = label(session, first["digest"], verdict="good")
    label(session, first["digest"], verdict=done["before"]["verdict"])
    again = session.trace("queue", "", 1, ())
    assert again is not None
    assert again["digest"] == first["digest"]
    project.open().labels.compact()
    assert project.lines == []


def test_critical_intents_and_replays_make_a_critical_kind() -> None:
    project = Triage.make([trace(number) for number in range(12)])
    session = session_of(project)
    digest = next(each.digest for each in session.project.traces.entries.values() if each.id == "t0")
    label(session, digest, verdict="bad", kind="wrong", fix="right")
    list(label_in_order(session, 11))
    fails = {"error": "TimeoutError", "answer": None}
    project.write(
        [trace(60 + each, attributes={"replay_of": "t0"}, **(fails if each < 4 else {})) for each in range(5)],
        "again.jsonl",
    )
    session = session_of(project)
    from compiler.run.triage.session import Mark

    session.mark(Mark(intent="refund", critical=True))
    assert "replays" not in (count(session.project).report or fail()).kinds[0].model_dump(exclude_none=True)
    passes = next(each.digest for each in session.project.traces.entries.values() if each.id == "t64")
    label(session, passes, verdict="good")
    found = count(session.project)
    kind = next(each for each in (found.report or fail()).kinds if each.name == "wrong")
    assert (kind.replays and (kind.replays.failed, kind.replays.total)) == (4, 5)
    assert {each.name: each.kind.value for each in found.groups}["wrong"] == "critical"
    assert len(found.sample) == 12  # replays are in no share


def fail() -> Any:
    pytest.fail("there is no report")


def test_checks_show_their_agreement_and_never_overrule_people() -> None:
    project = Triage.make()
    verdicts = Path("verdicts.jsonl")
    verdicts.write_text(
        "".join(
            json.dumps({"trace": f"t{number}", "check": "helpful", "pass": number % 2 == 0}) + "\n"
            for number in range(120)
        )
    )
    session = Session(project.open(verdicts), "li")
    for entry in session.project.traces.usable[:40]:
        label(session, entry.digest, verdict="good" if int(entry.id[1:]) % 4 else "bad")
    found = dict(agreements(session.project))
    assert set(found) == {"failed_step", "helpful"}
    odd = sum(int(each.id[1:]) % 2 for each in session.project.traces.usable[:40])
    assert found["helpful"].false_fail == odd
    assert found["helpful"].true_fail == 0
    assert all(each.by == "li" for each in session.project.labels.verdicts.values())
    assert "check helpful" in project.report("--verdicts", verdicts).stdout


def test_secrets_make_no_row() -> None:
    project = Triage.make([trace(number) for number in range(12)])
    session = session_of(project)
    list(label_in_order(session, 12))
    digest = next(each.digest for each in session.project.labels.verdicts.values() if each.verdict == "bad")
    secret = "hf_" + "a1b2c3d4e5" * 4
    label(session, digest, fix=f"use {secret}")
    done = project.report()
    assert "TRC838" in done.stderr
    assert secret not in (project.folder / "data/badcases.jsonl").read_text("utf-8") + done.output


def test_the_same_traces_have_the_same_clusters_and_queue() -> None:
    project = Triage.make()
    one, other = session_of(project), session_of(project)
    assert one.project.clusters == other.project.clusters
    failed = {each.digest for each in one.project.traces.usable if each.failed}
    sizes = {
        name: {d for d, c in one.project.clusters.items() if c == name} for name in set(one.project.clusters.values())
    }
    assert any(members and members <= failed for members in sizes.values())  # like errors are together


def test_the_summary_fits_a_terminal() -> None:
    project = Triage.make()
    list(label_in_order(session_of(project), 60))
    from rich.cells import cell_len

    assert max(cell_len(line) for line in project.report().stdout.splitlines()) <= 80


def test_labels_behind_a_link_that_leaves_the_folder_are_refused() -> None:
    project = Triage.make()
    elsewhere = Path("elsewhere.jsonl")
    elsewhere.write_text("", "utf-8")
    os.symlink(elsewhere.absolute(), project.folder / "labels.jsonl")
    done = project.report()
    assert done.exit_code == 1
    assert "CHK202" in done.stderr


def test_files_that_the_recorder_rotated_are_read_too() -> None:
    project = Triage.make([trace(1)])
    project.write([trace(2)], "day.jsonl.1")
    project.write([trace(3)], "day.jsonl.12")
    project.write([trace(4)], "day.jsonl.lock")
    assert {each.id for each in project.open().traces.usable} == {"t1", "t2", "t3"}


def test_the_first_start_without_traces_says_where_they_belong() -> None:
    project = Triage.make([])
    (project.folder / "traces" / "day.jsonl").unlink()
    (project.folder / "traces").rmdir()
    done = project.report()
    assert done.exit_code == 1
    assert "`specs/shop/traces` holds no traces" in done.output
    assert "trainspec import" in done.output


def test_a_fault_of_a_trace_names_the_file_as_people_call_it() -> None:
    project = Triage.make()
    project.write([{"schema": "other"}], "other.jsonl")
    assert "--> specs/shop/traces/other.jsonl:1:1" in project.report().output


@pytest.mark.parametrize("at", [0, 3, 5])
def test_a_line_that_is_too_long_costs_no_other_trace(at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compiler.run.triage.traces.MAX_LINE", 4_000)
    traces = [trace(number) for number in range(6)]
    traces[at]["query"] = "长" * 5_000
    text = "\n".join(json.dumps(each, ensure_ascii=False) for each in traces)
    Path("traces.jsonl").write_text(text, encoding="utf-8")  # and the last line has no end
    found = read_traces([Path("traces.jsonl")], lambda _: ())
    (told,) = found.diagnostics
    assert (told.code, told.location.line) == ("TRC831", at + 1)
    read = [read_trace(entry) for entry in found.entries.values()]
    assert {each.id for each in read if each} == {f"t{number}" for number in range(6) if number != at}
