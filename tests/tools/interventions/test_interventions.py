"""The benchmark's own arithmetic, and that the planted parts fail as they say; no model is trained."""

from tools.interventions import habits, table
from tools.interventions.answering import final
from tools.interventions.applications import FLOW_FAILS, RETRIEVER_FAILS, applications
from tools.interventions.systems import System

KNOWN = applications((0, 1))


def _tried(right: str, hours: float) -> dict[str, object]:
    return {"right": right, "hours": hours, "gpuHours": 0.0, "words": 1.0, "tooSlow": False}


def _document(**found: dict[str, object]) -> dict[str, object]:
    return {"kind": "noisy", "interventions": found}


def test_there_are_enough_applications_and_each_has_a_name_of_its_own() -> None:
    assert len({each.name for each in KNOWN}) == len(KNOWN) >= 40


def test_questions_of_training_never_come_again() -> None:
    for each in {each.kind: each for each in KNOWN}.values():
        used = {question.core for use in ("demonstrations", "prompts") for question in each.questions(use, 200)}
        fresh = {question.core for use in ("test", "held-out", "tuning") for question in each.questions(use, 200)}
        assert not used & fresh, each.name


def test_broken_parts_fail_as_often_as_they_say() -> None:
    for each in {each.kind: each for each in KNOWN}.values():
        system, questions = System.of(each, None), each.questions("test", 500)  # type: ignore[arg-type]
        flow = sum(map(system.flow_fails, questions)) / 500
        retriever = sum(map(system.retriever_fails, questions)) / 500
        assert abs(flow - FLOW_FAILS * (each.flow == "broken")) < 0.08
        assert abs(retriever - RETRIEVER_FAILS * (each.retriever == "broken")) < 0.08


def test_the_cheapest_of_equal_interventions_is_the_best_and_the_other_is_tied() -> None:
    found = _document(nothing=_tried("0" * 50 + "1" * 50, 0), sft=_tried("1" * 100, 24), dpo=_tried("1" * 100, 30))
    assert table.judged("a", found, "sft").best == "sft"
    assert table.judged("a", found, "dpo").is_tied
    assert not table.judged("a", found, "nothing").is_tied
    assert round(table.judged("a", found, "nothing").regret, 3) == 0.476


def test_a_choice_that_makes_no_sense_changes_nothing() -> None:
    found = _document(nothing=_tried("0" * 100, 0), sft=_tried("1" * 100, 24), flow={"notApplicable": "no agent"})
    assert round(table.judged("a", found, "flow").regret, 3) == 0.976


def test_the_total_ends_the_written_steps() -> None:
    assert final(habits.chain(("7", "8", "9"))) == habits.total(("7", "8", "9")) == "4"
    assert final(("l3",)) == "l3"
