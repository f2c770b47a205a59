"""Checks between sources: leakage, wrong answers, pairs, lengths, synthetic evaluation."""

from dataclasses import replace
from pathlib import Path

import pytest
from conftest import MakeSpec, badcases, demos, held_out, write_rows

from compiler.diagnostics import Diagnostic, has_errors
from compiler.pipeline.phases import make_plan
from compiler.spec.data.gates import overlaps, too_long
from compiler.spec.data.model import DataFile, Lengths, Shared
from compiler.spec.schema.training_spec import TrainingSpec


def reported(spec: Path, code: str) -> list[Diagnostic]:
    return [found for found in make_plan(spec, "specs/shop/spec.yaml").diagnostics if found.code == code]


def test_exact_leakage_is_an_error_that_names_rows(make_spec: MakeSpec) -> None:
    leak = {"prompt": " test   3?", "completion": "gold 3", "cluster": "new"}
    spec = make_spec(demos=[*demos(), leak])
    outcome = make_plan(spec, "specs/shop/spec.yaml")
    (found,) = [each for each in outcome.diagnostics if each.code == "CHK210"]
    assert outcome.value is None
    assert "share 1 prompts: `data/demos.jsonl:61` (`data/held-out.jsonl:4`)" in found.message


def test_a_shared_cluster_is_leakage_too(make_spec: MakeSpec) -> None:
    (found,) = reported(make_spec(demos=[*demos(), {"prompt": "other", "completion": "x", "cluster": "h7"}]), "CHK210")
    assert "share 1 clusters: `data/demos.jsonl:61` (`data/held-out.jsonl:8`)" in found.message


QUESTION = "Where is the parcel with the two blue lamps?"


@pytest.mark.parametrize(
    ("prompt", "code", "words"),
    [
        ("ＷＨＥＲＥ is the parcel — with the two blue lamps", "CHK210", "share 1 prompts"),
        (f"Question: {QUESTION}\nAnswer:", "CHK210", "share 1 questions inside other text"),
        ("Where are the parcels with the two blue lamps?", "CHK229", "1 row of `demos` is nearly the same"),
    ],
)
def test_leakage_is_found_without_a_card(make_spec: MakeSpec, prompt: str, code: str, words: str) -> None:
    questions = [*held_out(), {"id": "x", "prompt": QUESTION, "reference": "on its way"}]
    (found,) = reported(make_spec(demos=[*demos(), {"prompt": prompt, "completion": "a"}], held_out=questions), code)
    assert has_errors([found])
    assert words in found.message
    assert "`data/demos.jsonl:61` (`data/held-out.jsonl:41`)" in found.message


def test_a_later_turn_that_asks_a_held_out_question_is_leakage(make_spec: MakeSpec) -> None:
    turns = [
        ("user", "Hello"),
        ("assistant", "Hello?"),
        ("user", QUESTION),
        ("assistant", "On its way"),
        ("user", "ok"),
    ]
    row = {
        "prompt": [{"role": role, "content": text} for role, text in turns],
        "completion": [{"role": "assistant", "content": "Bye"}],
    }
    questions = [*held_out(), {"id": "x", "prompt": QUESTION, "reference": "on its way"}]
    (found,) = reported(make_spec(demos=[row], held_out=questions), "CHK210")
    assert "share 1 questions inside other text: `data/demos.jsonl:1` (`data/held-out.jsonl:41`)" in found.message


def test_other_numbers_make_other_questions(make_spec: MakeSpec) -> None:
    rows = [{"prompt": f"What is {at} + 5?", "completion": str(at + 5)} for at in range(60)]
    questions = [{"id": f"h{at}", "prompt": f"What is {at} - 5?", "reference": "x"} for at in range(20)]
    spec = make_spec(demos=rows, held_out=questions)
    assert reported(spec, "CHK210") == reported(spec, "CHK229") == []


@pytest.mark.parametrize(
    "prompt", ["bad 7?", [{"role": "system", "content": "be nice"}, {"role": "user", "content": "bad  7?"}]]
)
def test_a_demonstration_must_not_teach_a_failed_answer(make_spec: MakeSpec, prompt: object) -> None:
    answer = "something else,\n wrong 7"
    turns = isinstance(prompt, list)
    row = {"prompt": prompt, "completion": [{"role": "assistant", "content": answer}] if turns else answer}
    (found,) = reported(make_spec(demos=[row] if turns else [*demos(), row]), "CHK227")
    assert "1 row of `demos` teaches an answer that badcase source `badcases` logs as wrong" in found.message
    assert f"`data/demos.jsonl:{1 if turns else 61}` (`data/badcases.jsonl:8`)" in found.hint


def test_the_same_answer_to_another_question_is_no_failed_one(make_spec: MakeSpec) -> None:
    row = {"prompt": "bad 8?", "completion": "something else, wrong 7"}
    assert reported(make_spec(demos=[*demos(), row]), "CHK227") == []


def test_some_pairs_that_are_the_same_are_a_warning(make_spec: MakeSpec) -> None:
    rows = badcases()
    rows[4] = {**rows[4], "answer": rows[4]["fix"]}
    spec = make_spec(badcases=rows)
    (found,) = reported(spec, "CHK225")
    assert "in 1 of 40 rows both answers are the same (`data/badcases.jsonl:5`)" in found.message
    assert make_plan(spec, "specs/shop/spec.yaml").value is not None


def test_only_pairs_that_are_the_same_are_an_error(make_spec: MakeSpec) -> None:
    assert reported(make_spec(badcases=[{**row, "answer": row["fix"]} for row in badcases()]), "CHK214")


def test_synthetic_rows_do_not_enter_evaluation(make_spec: MakeSpec) -> None:
    shape = "      shape: evaluation\n"
    (found,) = reported(make_spec((shape, f"{shape}      synthetic: true\n")), "CHK228")
    assert found.location.line > 0
    assert (
        reported(
            make_spec(("      shape: prompt-completion\n", "      shape: prompt-completion\n      synthetic: true\n")),
            "CHK228",
        )
        == []
    )


@pytest.mark.parametrize(
    ("purpose", "shape", "fits"),
    [
        ("chains", "chain", True),
        ("prompts", "prompt", True),
        ("prompts", "prompt-completion", True),
        ("general", "messages", True),
        ("chains", "prompt-completion", False),
        ("corpus", "messages", False),
        ("evaluation", "prompt", False),
    ],
)
def test_purposes_and_shapes(make_spec: MakeSpec, purpose: str, shape: str, fits: bool) -> None:
    more = f"  data:\n    - {{name: more, purpose: {purpose}, shape: {shape}, path: data/more.jsonl}}"
    spec = make_spec(("  data:", more))
    rows = {
        "chain": '{"prompt": "q", "chain": "c", "completion": "a"}',
        "prompt": '{"prompt": "q"}',
        "prompt-completion": '{"prompt": "q", "completion": "a"}',
        "messages": '{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}',
    }
    (spec.parent / "data" / "more.jsonl").write_text(rows[shape] + "\n", encoding="utf-8")
    assert (reported(spec, "CHK205") == []) is fits


def file(unit: str = "tokens", **more: int) -> DataFile:
    sizes = {"p50": 100, "p90": 200, "p99": 300, "max": 400} | more
    lengths = Lengths(unit=unit, longest=(("d.jsonl:7", sizes["max"]), ("d.jsonl:2", 350)), **sizes)
    return DataFile(name="d", path="d.jsonl", sha256="0" * 64, rows=10, lengths=lengths)


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        (400, ""),
        (399, "at most 1 % of its rows are longer than 399 tokens; the longest, in tokens: `d.jsonl:7` (400)"),
        (320, "`d.jsonl:7` (400), `d.jsonl:2` (350)"),
        (299, "more than 1 %"),
        (199, "more than a tenth"),
        (99, "more than half"),
    ],
)
def test_rows_that_are_too_long_for_training(limit: int, words: str) -> None:
    what = too_long(file(), limit)
    assert words in what
    assert bool(what) is bool(words)


def test_bytes_name_only_rows_that_are_surely_too_long() -> None:
    assert too_long(file("bytes"), 50) == ""
    assert "more than half of its rows are longer than 12 tokens (96 bytes)" in too_long(file("bytes"), 12)
    assert too_long(replace(file(), lengths=None), 1) == ""


SPEC = {
    "apiVersion": "trainspec.dev/v1",
    "kind": "TrainingSpec",
    "metadata": {"name": "x"},
    "spec": {
        "profile": "p",
        "goal": {"application": "rag", "task": "t", "metrics": [{"name": "exact_match", "target": 0.5}]},
        "system": {"runsEndToEnd": True},
        "model": {"name": "m", "revision": "1"},
        "data": [
            {"name": "held-out", "purpose": "evaluation", "shape": "evaluation", "path": "e.jsonl"},
            {"name": "remote", "purpose": "demonstrations", "shape": "messages", "uri": "s3://x/y.jsonl"},
            {"name": "domain", "purpose": "corpus", "shape": "text", "path": "t.jsonl"},
            {"name": "general", "purpose": "general", "shape": "evaluation", "path": "g.jsonl"},
        ],
    },
}


def test_overlaps_cover_each_evaluation_and_each_source_that_may_leak() -> None:
    spec = TrainingSpec.model_validate(SPEC)
    names = ("held-out", "remote", "domain", "general")
    files = {name: DataFile(name=name, path="", sha256=name, rows=1) for name in names}
    shared = (Shared(name="held-out", sha256="held-out", prompts=3, near=1), Shared(name="general", sha256="older"))
    files["remote"] = replace(files["remote"], uri="s3://x/y.jsonl", shared=shared)
    found = {(each.evaluation, each.other): each for each in overlaps(spec, files)}
    assert list(found) == [("held-out", "remote"), ("general", "remote")]
    assert (found["held-out", "remote"].prompts, found["held-out", "remote"].measured) == (3, True)
    assert found["general", "remote"].measured is False


def test_evaluation_ids_are_unique(make_spec: MakeSpec) -> None:
    (found,) = reported(make_spec(held_out=[*held_out(), {"id": "h3", "prompt": "new", "reference": "r"}]), "CHK203")
    assert "id `h3` is used twice" in found.message


def test_an_owner_keeps_similar_questions_that_are_others(make_spec: MakeSpec) -> None:
    rows = [*demos(), {"prompt": "Where are the parcels with the two blue lamps?", "completion": "here"}]
    asked = [
        *held_out(),
        {"id": "lamps", "prompt": "Where is the parcel with the two blue lamps?", "reference": "here"},
    ]
    kept = ("path: data/demos.jsonl", "path: data/demos.jsonl\n      nearQuestions: {reason: other lamps, owner: 王芳}")
    found = make_plan(make_spec(kept, demos=rows, held_out=asked), "specs/shop/spec.yaml")
    assert found.value is not None
    (warning,) = [each for each in found.diagnostics if each.code in ("CHK229", "CHK248")]
    assert (warning.code, "`王芳` keeps them: other lamps" in warning.message) == ("CHK248", True)
    reason = next(each.finding.reason for each in found.value.selection.trace if each.rule.id == "D14")
    assert reason == "training and evaluation data share nothing but 1 similar question, kept by an owner"


def as_turns(row: dict[str, object]) -> dict[str, object]:
    return row | {
        "prompt": [{"role": "user", "content": row["prompt"]}],
        "completion": [{"role": "assistant", "content": row["completion"]}],
    }


def test_training_and_evaluation_ask_in_one_form(make_spec: MakeSpec) -> None:
    (found,) = reported(make_spec(demos=[as_turns(each) for each in demos()]), "CHK238")
    assert not has_errors([found])
    assert found.message == "`demos` is written as turns, but evaluation source `held-out` asks in plain text"


def test_rows_without_a_cluster_are_groups_of_their_own(make_spec: MakeSpec) -> None:
    mixed = [{**row, "cluster": "c" if index < 10 else ""} for index, row in enumerate(held_out())]
    file = make_plan(make_spec(held_out=mixed), "specs/shop/spec.yaml").value.inputs.files["held-out"]
    assert (len(file.clusters), file.unclustered, file.rows) == (1, 30, 40)


def test_a_corpus_that_quotes_a_question_is_a_warning(make_spec: MakeSpec) -> None:
    source = "    - {name: books, purpose: corpus, shape: text, path: data/books.jsonl}\n"
    questions = [*held_out(), {"id": "x", "prompt": QUESTION, "reference": "on its way"}]
    path = make_spec(("  data:\n", f"  data:\n{source}"), held_out=questions)
    text = f"Frequent questions\n\n{QUESTION}\nOn its way."
    write_rows(path.parent / "data" / "books.jsonl", [{"text": "A book of lamps."}, {"text": text}])
    (each,) = reported(path, "CHK239")
    assert each.severity == "warning"
    assert "1 row of `books` quotes a question of evaluation source `held-out` in a text" in each.message
    assert "`data/books.jsonl:2` (`data/held-out.jsonl:41`)" in each.message
    assert not reported(path, "CHK210")
