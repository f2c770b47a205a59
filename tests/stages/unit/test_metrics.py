"""Metrics on rows: answers after a marker, and rows that are refused before a model is loaded."""

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from runtime.contract.blocks import DataBlock
from runtime.contract.errors import StageError
from runtime.contract.goal_blocks import MetricBlock
from runtime.contract.stages import EvaluateStage
from runtime.data.rows import Source
from runtime.evaluate.changes import broken_of, chain_worth, fix_rates
from runtime.evaluate.question_sets import QuestionSet, build_question_sets
from runtime.evaluate.scored import BaselineAnswers, ScoredSet, score_answers
from runtime.model.generate import Answer
from runtime.model.prompts import prompts_of
from runtime.scoring.metrics import SCORERS, Judges, check_references
from runtime.stage.config import parse_stage

CALL = '{"name": "f", "arguments": {"x": 1}}'


@pytest.fixture(scope="module")
def judges() -> Iterator[Judges]:
    with Judges() as opened:
        yield opened


@pytest.mark.parametrize(
    ("name", "reference", "answer", "marker", "value"),
    [
        ("exact_match", "four", "four", None, 1),
        ("exact_match", "four", "2 + 2. Answer: four", None, 0),
        ("exact_match", "four", "2 + 2. Answer: four", "Answer:", 1),
        ("exact_match", "2 + 2. Answer: four", "four", "Answer:", 1),  # a reference may show its chain, too
        ("numeric_answer", "4", "2 + 2 = 4", None, 1),
        ("numeric_answer", "4", "4 apples. Answer: 5", "Answer:", 0),
        ("numeric_answer", "4", "it is five", None, 0),
        ("tool_call", CALL, f"I call f. Answer: {CALL}", "Answer:", 1),
        ("tool_call", CALL, "f(1)", None, 0),
    ],
)
def test_scores(judges: Judges, name: Any, reference: str, answer: str, marker: str | None, value: float) -> None:
    metric = MetricBlock(name=name, answer_marker=marker)
    score = SCORERS[name].score({"id": "1", "reference": reference}, answer, metric, Path(), judges)
    assert (score.value, score.reason == "") == (value, value == 1)


@pytest.mark.parametrize(
    ("name", "reference", "text"),
    [
        ("numeric_answer", "say please", "row `1`: the reference is not a number: `say please`"),
        ("numeric_answer", "5-10", "row `1`: the reference is not one number but a range"),
        ("tool_call", "f(1)", "is not JSON"),
    ],
)
def test_references_that_a_metric_cannot_judge_by(judges: Judges, name: Any, reference: str, text: str) -> None:
    with pytest.raises(StageError) as caught:
        check_references([{"id": "1", "reference": reference}], [MetricBlock(name=name)], Path(), judges)
    assert (caught.value.problem.code, text in caught.value.problem.message) == ("RUN710", True)


def test_a_metric_whose_library_is_missing(judges: Judges, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(StageError) as caught:
        check_references([{"id": "1", "reference": "4"}], [MetricBlock(name="numeric_answer")], Path(), judges)
    assert (caught.value.problem.code, int(caught.value.exit_code)) == ("RUN723", 78)


def source(rows: list[dict[str, Any]], shape: Any, role: Any = None) -> Source:
    block = DataBlock(path=f"{role}.jsonl", shape=shape, sha256="0" * 64, rows=len(rows), role=role)
    return Source(block=block, rows=rows, places=[""] * len(rows), excluded=0)


def stage() -> EvaluateStage:
    text = (
        "schema: trainspec.dev/stage/v1\nplan: p\nstage: s\noutput: o\nmethod: evaluate\nseed: 1\n"
        "model: {path: tiny/1, adapters: [], dtype: float32, trust_remote_code: false}\n"
        f"data: [{{path: h.jsonl, shape: evaluation, sha256: {'a' * 64}, rows: 1}}]\n"
        "generation: {max_new_tokens: 4, batch_size: 2}\nmetrics: [{name: exact_match}, {name: numeric_answer}]\n"
        "gate: {metric: numeric_answer, target: 0.5, baseline: null}\n"
    )
    parsed = parse_stage(text.encode(), "test")
    assert isinstance(parsed, EvaluateStage)
    return parsed


def test_badcases_that_cannot_be_judged_are_left_out_and_general_rows_are_compared_as_text(judges: Judges) -> None:
    rows = [{"id": "1", "prompt": "2+2?", "reference": "4"}]
    bad = [{"id": "1", "prompt": "a?", "fix": "5"}, {"id": "2", "prompt": "b?", "fix": "say please"}]
    general = [{"id": "1", "prompt": "capital of France?", "reference": "Paris"}]
    sources = [source(rows, "evaluation"), source(bad, "badcase", "badcases"), source(general, "evaluation", "general")]
    held_out, badcases, others = build_question_sets(stage(), sources, Path(), judges)
    assert [metric.name for metric in held_out.metrics] == ["numeric_answer", "exact_match"]  # the deciding one first
    assert ([row["id"] for row in badcases.rows], badcases.unjudged) == (["1"], 1)
    assert [metric.name for metric in others.metrics] == ["exact_match"]


def test_a_metric_that_does_not_decide_scores_the_rows_that_it_can(judges: Judges) -> None:
    rows = [{"id": str(at), "prompt": "?", "reference": "4" if at else "say please", "cluster": at} for at in range(5)]
    both = EvaluateStage.model_validate(
        stage().model_dump(by_alias=True) | {"gate": {"metric": "exact_match", "target": 0.5, "baseline": None}}
    )
    (held_out,) = build_question_sets(both, [source(rows, "evaluation")], Path(), judges)
    assert (held_out.left_out, len(held_out.rows)) == ({"numeric_answer": {0}}, 5)
    answers = [Answer(text=text, prompt_tokens=3, tokens=1, is_cut=False, seconds=0.1) for text in "44445"]
    found = score_answers(held_out, answers, Path(), judges)
    assert {name: (each.value, each.n) for name, each in found.intervals.items()} == {
        "exact_match": (0.6, 5),
        "numeric_answer": (0.75, 4),
    }
    lines = [json.loads(line) for line in found.lines.splitlines()]
    assert [sorted(line["scores"]) for line in lines[:2]] == [["exact_match"], ["exact_match", "numeric_answer"]]
    # an earlier evaluation left out the same rows, so both compare the same pairs
    before = BaselineAnswers(predictions=[""] * 5, scores={"numeric_answer": dict.fromkeys(range(1, 5), 0.0)})
    assert (found.gain("numeric_answer", before).value, found.gain("numeric_answer", before).n) == (0.75, 4)


def test_a_metric_that_can_score_no_row_is_refused(judges: Judges) -> None:
    rows = [{"id": "1", "prompt": "?", "reference": "say please"}]
    both = EvaluateStage.model_validate(
        stage().model_dump(by_alias=True) | {"gate": {"metric": "exact_match", "target": 0.5, "baseline": None}}
    )
    with pytest.raises(StageError, match="row `1`: the reference is not a number"):
        build_question_sets(both, [source(rows, "evaluation")], Path(), judges)


def answered(judges: Judges, texts: list[str], tokens: int) -> ScoredSet:
    rows = [
        {"id": str(at), "prompt": "?", "reference": "1", "class": "critical" if at < 2 else None} for at in range(8)
    ]
    questions = QuestionSet(name="badcases", rows=rows, metrics=[MetricBlock(name="exact_match")])
    answers = [Answer(text=text, prompt_tokens=3, tokens=tokens, is_cut=False, seconds=0.1) for text in texts]
    return score_answers(questions, answers, Path(), judges)


def test_fix_rates_are_reported_for_each_class(judges: Judges) -> None:
    rates = fix_rates(answered(judges, ["1", "?"] + ["1"] * 6, 5), dict.fromkeys(range(8), 0.0))
    assert (rates["fixed"], rates["n"], rates["value"]) == (7, 8, 7 / 8)
    assert {name: (rate["fixed"], rate["n"]) for name, rate in rates["classes"].items()} == {
        "critical": (1, 2),
        "undetermined": (6, 6),
    }
    assert rates["classes"]["undetermined"]["low"] < 1
    assert rates["gain"]["low"] > 0


def test_many_broken_answers_are_counted_and_the_first_are_shown(judges: Judges) -> None:
    rows = [{"id": f"{at}", "prompt": "?", "reference": "1"} for at in range(120)]
    questions = QuestionSet(name="held-out", rows=rows, metrics=[MetricBlock(name="exact_match")])
    answer = Answer(text="不" * 1000, prompt_tokens=3, tokens=4, is_cut=True, seconds=0.1)
    now = score_answers(questions, [answer] * 120, Path(), judges)
    broken = broken_of(
        now, BaselineAnswers(predictions=["1"] * 120, scores={"exact_match": dict(enumerate([1.0] * 119 + [0.0]))})
    )
    assert len(broken.lines.splitlines()) == 119
    assert (broken.figures["count"], broken.figures["fixed"], len(broken.figures["ids"])) == (119, 0, 100)
    assert [row["id"] for row in broken.figures["first"]] == [str(at) for at in range(10)]
    assert broken.figures["first"][0]["after"] == "不" * 300 + "…"


def test_the_worth_of_a_chain_is_paired(judges: Judges) -> None:
    chain, direct = answered(judges, ["1"] * 7 + ["?"], 40), answered(judges, ["?"] * 7 + ["1"], 2)
    worth = chain_worth(chain, direct)
    assert (worth["only_with"], worth["only_without"], worth["gain"]["value"]) == (7, 1, 6 / 8)
    assert worth["p"] == pytest.approx(2 * 9 / 2**8)  # McNemar: 7 against 1
    assert worth["gain"]["low"] <= 0  # which is no proof, though most answers changed for the better
    assert worth["tokens"] == {"with_chain": 40.0, "without_chain": 2.0}


class Tokenizer:
    """One token for each character."""

    chat_template = None
    eos_token, eos_token_id = "\0", 0
    added_tokens_decoder: ClassVar[dict[int, Any]] = {}
    all_special_ids: ClassVar[list[int]] = [0]
    all_special_tokens: ClassVar[list[str]] = ["\0"]

    def __call__(self, text: str, **_: Any) -> dict[str, list[int]]:
        return {"input_ids": [ord(letter) for letter in text]}


@pytest.mark.parametrize(
    ("row", "code", "text"),
    [
        ({"id": "长", "prompt": "123456789"}, "RUN755", "row `长` has 9 tokens, the model's context 10"),
        ({"id": "1", "prompt": [{"role": "user", "content": "a"}]}, "RUN718", "row `1` consists of turns with roles"),
    ],
)
def test_prompts_that_a_model_cannot_answer(row: dict[str, Any], code: str, text: str) -> None:
    tokenizer: Any = Tokenizer()
    with pytest.raises(StageError) as caught:
        prompts_of([{"id": "0", "prompt": "1"}, row], tokenizer, answer_tokens=2, context=10)
    assert (caught.value.problem.code, text in caught.value.problem.message) == (code, True)


def test_the_marker_follows_the_prompt() -> None:
    tokenizer: Any = Tokenizer()
    row = {"id": "0", "prompt": "ab"}
    assert prompts_of([row], tokenizer, answer_tokens=2, context=None, begin="=>") == [[97, 98, 61, 62]]
