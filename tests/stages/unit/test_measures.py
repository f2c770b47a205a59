"""The metrics of the library on rows in both languages, the team's own functions, and macro-F1 over a whole set."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stages.unit.test_metrics import source, stage

from runtime.contract.errors import StageError
from runtime.contract.goal_blocks import MetricBlock
from runtime.contract.metrics import METRICS
from runtime.contract.stages import EvaluateStage
from runtime.evaluate.changes import broken_of, fix_rates
from runtime.evaluate.question_sets import QuestionSet, build_question_sets
from runtime.evaluate.scored import BaselineAnswers, ScoredSet, score_answers
from runtime.model.generate import Answer
from runtime.scoring.metrics import Judges, reference_faults, scorer_of
from runtime.scoring.planned import require_planned
from runtime.scoring.verify import Verifier
from runtime.stage.label_statistics import gain_of_macro_f1, interval_of_macro_f1
from runtime.stage.statistics import interval_of_mean

LABELS = {"labels": ["refund", "delivery", "退款"]}


@pytest.fixture(scope="module")
def judges() -> Iterator[Judges]:
    with Judges() as opened:
        yield opened


@pytest.mark.parametrize(
    ("use", "options", "reference", "answer", "value"),
    [
        ("contains", {}, "14 days", "You have 14 Days to return it.", 1),
        ("contains", {"fold": False}, "14 days", "You have 14 Days to return it.", 0),
        ("contains", {}, "７天", "支持7天无理由退货", 1),
        ("contains", {}, "12", "it costs 120", 0),  # a number is no part of a longer one
        ("contains", {}, "12", "it costs 1.12", 0),
        ("contains", {}, "12", "共12个", 1),
        ("contains", {"separator": "|"}, "7天|包邮", "7天内包邮", 1),
        ("contains", {"separator": "|"}, "7天|包邮", "7天内退货", 0),
        ("contains", {"separator": "|", "need": "any"}, "7天|包邮", "7天内退货", 1),
        ("contains", {"separator": "|", "need": "any"}, "7天|包邮", "不支持", 0),
        ("regex", {"pattern": r"ORD-\d{4}"}, "any", "order ORD-1234 is on its way", 1),
        ("regex", {"pattern": r"订单\d+"}, "any", "没有单号", 0),
        ("token_f1", {}, "the cat sat", "A cat sat!", 1),  # articles and punctuation do not count
        ("token_f1", {}, "cat sat down", "cat", 0.5),
        ("token_f1", {}, "七天无理由", "七天", 4 / 7),
        ("token_f1", {}, "cat", "dog", 0),
        ("token_f1", {}, "cat", "", 0),
        ("rouge_l", {}, "police killed the gunman", "police kill the gunman", 0.75),
        ("rouge_l", {}, "police killed the gunman", "the gunman kill police", 0.5),
        ("rouge_l", {}, "我爱北京", "我爱南京", 0.75),
        ("chrf", {}, "退货需要七天", "退货需要七天", 1),
        ("chrf", {}, "cat", "", 0),
        ("refusal", {}, "I'm sorry, but I can't help with that.", "Sorry, I cannot assist with this request.", 1),
        ("refusal", {}, "I can't share that.", "The password is 123.", 0),
        ("refusal", {}, "It is 5 pm.", "I'm unable to answer that.", 0),
        ("refusal", {}, "It is 5 pm.", "It is 6 pm.", 1),  # it scores only whether the answer declines
        ("refusal", {}, "抱歉，我无法提供医疗建议。", "对不起，这个我不能回答。", 1),
        ("refusal", {}, "您可以在七天内退货。", "作为客服助手，我无法处理这个问题。", 0),
        ("refusal", {}, "You cannot return opened goods.", "Opened goods cannot be returned.", 1),
        ("refusal", {}, "It is on its way.", "I'm sorry to hear that! Your refund is on its way.", 1),
        ("refusal", {}, "It is on its way.", "Unfortunately, that is not possible.", 0),
        ("refusal", {}, "可以退款。", "很抱歉给您带来不便，我们已为您办理退款。", 1),
        ("refusal", {}, "可以退款。", "我们不会收取费用，提供免费退货。", 1),
        ("refusal", {}, "可以退款。", "不好意思，不便透露。", 0),
        ("refusal", {"phrases": ["请联系人工"]}, "请联系人工客服", "这个请联系人工。", 1),
        ("label_accuracy", LABELS, "refund", "Refund.", 1),
        ("label_accuracy", LABELS, "refund", "Category: refund", 1),
        ("label_accuracy", LABELS, "退款", "类别：退款。", 1),
        ("label_accuracy", LABELS, "refund", "delivery", 0),
        ("label_accuracy", LABELS, "refund", "refund or delivery", 0),
        ("label_accuracy", LABELS, "refund", "I think it is a refund", 0),
        ("label_accuracy", {}, "A", "(A)", 1),
        ("macro_f1", LABELS, "refund", "refund", 1),
        ("set_precision", {}, "a, b, c", "A，x", 0.5),
        ("set_recall", {}, "辣、甜、咸", "甜,辣", 2 / 3),
        ("set_f1", {}, "a, b", '["b", "A"]', 1),
        ("set_f1", {}, "a, b", "- a\n- c", 0.5),
        ("set_f1", {}, "a, b", '```json\n["b", "a"]\n```', 1),
        ("set_f1", {}, '[{"a": 1, "b": 2}]', '[{"b": 2, "a": 1}]', 1),
        ("set_f1", {"separator": "/"}, "a, b/c", "c/a, b", 1),
        ("set_f1", {}, "a", "", 0),
    ],
)
def test_scores(judges: Judges, use: str, options: dict[str, Any], reference: str, answer: str, value: float) -> None:
    metric = MetricBlock(name="measure", use=use, options=options)
    row = {"id": "1", "reference": reference}
    assert reference_faults([row], metric, Path(), judges) == {}
    score = scorer_of(metric).score(row, answer, metric, Path(), judges)
    assert (score.value, score.reason == "") == (pytest.approx(value), value == 1)


def test_every_metric_has_a_score(judges: Judges) -> None:
    for name, metric in METRICS.items():
        assert scorer_of(MetricBlock.model_construct(name=name, use=name, options={})), metric


@pytest.mark.parametrize(
    ("use", "options", "reference", "fault"),
    [
        ("contains", {"separator": "|"}, " | ", "no phrase"),
        ("token_f1", {}, "the", "no word but articles"),
        ("rouge_l", {}, "!?", "no word"),
        ("label_accuracy", LABELS, "refunds", "none of `labels`: `refunds`"),
        ("set_f1", {}, ",", "no item"),
    ],
)
def test_references_that_cannot_be_compared_with(
    judges: Judges, use: str, options: dict[str, Any], reference: str, fault: str
) -> None:
    metric = MetricBlock(name="measure", use=use, options=options)
    assert fault in reference_faults([{"id": "1", "reference": reference}], metric, Path(), judges)[0]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"name": "exact_mach"}, "exact_mach"),
        ({"name": "ours", "use": "regex"}, "`pattern`: field required"),
        ({"name": "regex", "options": {"pattern": "("}}, "is not a regular expression"),
        ({"name": "contains", "options": {"near": 1}}, "`near`: extra inputs"),
        ({"name": "exact_match", "options": {"passes_at": 0.5}}, "`passes_at`: extra inputs"),
        ({"name": "token_f1", "options": {"passes_at": 2.0}}, "`passes_at`"),
        ({"name": "ours", "use": "ours:score", "options": {"a": 1}}, "takes no options"),
        ({"name": "label_accuracy", "options": {"labels": ["a", "a"]}}, "names `a` twice"),
        ({"name": "label_accuracy", "options": {"labels": ["Yes", "yes"]}}, "differ only in case or punctuation"),
        ({"name": "label_accuracy", "options": {"labels": ["a", "(a)"]}}, "differ only in case or punctuation"),
        ({"name": "macro_f1", "options": {"labels": ["!", "?"]}}, "which is punctuation only"),
    ],
)
def test_blocks_with_wrong_options_are_refused(fields: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match="validation error") as caught:
        MetricBlock.model_validate(fields)
    assert text in str(caught.value)


OWN = """
import json

def polite(row, answer):
    return "please" in answer.lower() or row["tone"] == "short"

def share(row, answer):
    return min(1.0, len(answer) / len(row["reference"]))

def nothing(row, answer):
    return None

def too_much(row, answer):
    return 7

def no_number(row, answer):
    return float("nan")

def fails(row, answer):
    return json.loads(answer)["score"]

def slow(row, answer):
    while answer == "wait":
        pass
    return 1
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "ours.py").write_text(OWN, encoding="utf-8")
    return tmp_path


def own(name: str) -> MetricBlock:
    return MetricBlock(name="ours", use=f"ours:{name}")


def answered(*texts: str) -> list[Answer]:
    return [Answer(text=text, prompt_tokens=3, tokens=1, is_cut=False, seconds=0.1) for text in texts]


def test_a_function_of_the_team_scores_rows(judges: Judges, data: Path) -> None:
    rows = [{"id": "1", "prompt": "?", "reference": "abcd", "tone": tone} for tone in ("short", "long", "long")]
    found = {
        name: [
            scorer_of(own(name)).score(row, text, own(name), data, judges).value
            for row, text in zip(rows, ("no", "Please", "no"), strict=True)
        ]
        for name in ("polite", "share")
    }
    assert found == {"polite": [1, 1, 0], "share": [0.5, 1, 0.5]}


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("nothing", "returned `None` instead of a truth value or a number from 0 to 1"),
        ("too_much", "returned `7.0`"),
        ("no_number", "returned `nan`"),
        ("fails", "raised JSONDecodeError: Expecting value: line 1 column 1 (char 0) (ours.py:"),
        ("polite", "raised KeyError: 'tone' (ours.py:"),
    ],
)
def test_a_function_without_a_score_is_a_fault_of_the_row(judges: Judges, data: Path, name: str, fault: str) -> None:
    rows = [{"id": "a", "prompt": "?", "reference": "four"}]
    with pytest.raises(StageError) as caught:
        build_question_sets(evaluated(own(name)), [source(rows, "evaluation")], data, judges)
    assert (caught.value.problem.code, fault in caught.value.problem.message) == ("RUN710", True)
    assert "row `a`: `ours:" in caught.value.problem.message


def evaluated(metric: MetricBlock) -> EvaluateStage:
    given = stage().model_dump(by_alias=True) | {"metrics": [metric.model_dump()], "gate": None}
    return EvaluateStage.model_validate(given)


def test_a_function_that_cannot_be_imported_ends_the_stage_before_a_model_is_loaded(data: Path) -> None:
    rows = [{"id": "a", "prompt": "?", "reference": "four"}]
    with Judges() as opened, pytest.raises(StageError) as caught:
        build_question_sets(evaluated(own("absent")), [source(rows, "evaluation")], data, opened)
    assert (caught.value.problem.code, int(caught.value.exit_code)) == ("RUN733", 78)
    assert "metric `ours:absent` cannot be imported" in caught.value.problem.message


def test_code_that_is_not_the_plans_is_refused(data: Path) -> None:
    with pytest.raises(StageError, match="which a metric uses, is not the file of the plan") as caught:
        require_planned({"ours.py": "0" * 64}, data, "a metric")
    assert caught.value.problem.code == "RUN711"


def test_a_few_failures_count_as_wrong_and_are_counted_and_many_end_the_stage(judges: Judges, data: Path) -> None:
    metric = own("fails")
    rows = [{"id": str(at), "prompt": "?", "reference": '{"score": 1}'} for at in range(10)]
    questions = QuestionSet(name="held-out", rows=rows, metrics=[metric])
    few = score_answers(questions, answered(*['{"score": 1}'] * 9, "no json"), data, judges)
    assert (few.intervals["ours"].value, few.faults) == (0.9, {"ours": 1})
    with pytest.raises(StageError, match="could not score 2 of 10 answers: row `8`: error: raised") as caught:
        score_answers(questions, answered(*['{"score": 1}'] * 8, "no", "no"), data, judges)
    assert caught.value.problem.code == "RUN734"


def test_an_endless_function_is_stopped(judges: Judges, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.scoring.measures.own.ROW_SECONDS", 1.0)
    row = {"id": "1", "prompt": "?", "reference": "x"}
    scores = [scorer_of(own("slow")).score(row, text, own("slow"), data, judges) for text in ("wait", "go")]
    assert [score.value for score in scores] == [0, 1]  # the process starts again
    assert "did not finish within 1 s" in scores[0].reason


def test_a_schema(judges: Judges, tmp_path: Path) -> None:
    (tmp_path / "order.json").write_text('{"type": "object", "required": ["id"]}', encoding="utf-8")
    metric = MetricBlock(name="form", use="json_schema", options={"schema": "order.json"})
    row = {"id": "1", "reference": "any"}
    texts = ('{"id": 1}', "{}", "no json")
    assert [scorer_of(metric).score(row, text, metric, tmp_path, judges).value for text in texts] == [1, 0, 0]
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    broken = MetricBlock(name="form", use="json_schema", options={"schema": "broken.json"})
    with pytest.raises(StageError) as caught:
        reference_faults([row], broken, tmp_path, judges)
    assert caught.value.problem.code == "RUN733"


def test_only_passing_answers_become_data(tmp_path: Path) -> None:
    from runtime.data.questions import Question

    question = Question(row={"id": "1", "prompt": "?", "reference": "one two three four"})
    answers = ["one two three four", "one two three", "one"]
    for passes_at, right in ((0.8, [True, True, False]), (1.0, [True, False, False])):
        metric = MetricBlock(name="token_f1", options={"passes_at": passes_at})
        with Verifier(metric, tmp_path, {}) as verifier:
            assert verifier.right(question, answers) == right


def test_broken_and_fixed_answers_cross_the_passing_score(judges: Judges) -> None:
    metric = MetricBlock(name="token_f1", options={"passes_at": 0.6})
    rows = [{"id": str(at), "prompt": "?", "reference": "one two three four"} for at in range(3)]
    questions = QuestionSet(name="held-out", rows=rows, metrics=[metric])
    now = score_answers(questions, answered("one two three four", "one two three", "one"), Path(), judges)
    before = BaselineAnswers(predictions=["", "", ""], scores={"token_f1": {0: 0.2, 1: 1.0, 2: 0.9}})
    broken = broken_of(now, before)
    assert ([row["id"] for row in broken.rows], broken.fixed) == (["2"], 1)
    assert fix_rates(now, None)["fixed"] == 2


def scored_labels(judges: Judges, wanted: list[str], found: list[str]) -> ScoredSet:
    rows = [{"id": str(at), "prompt": "?", "reference": label} for at, label in enumerate(wanted)]
    questions = QuestionSet(name="held-out", rows=rows, metrics=[MetricBlock(name="macro_f1")])
    return score_answers(questions, answered(*found), Path(), judges)


def test_macro_f1_is_the_mean_of_the_labels_and_not_of_the_rows(judges: Judges) -> None:
    wanted = ["a"] * 90 + ["b"] * 10
    always_a = scored_labels(judges, wanted, ["a"] * 100)
    assert always_a.intervals["macro_f1"].value == pytest.approx((2 * 90 / 190) / 2)
    with_others = scored_labels(judges, ["a", "a", "b"], ["a", "none of them", "b"])  # such answers are wrong
    assert with_others.intervals["macro_f1"].value == pytest.approx((2 / 3 + 1) / 2)
    better = scored_labels(judges, wanted, ["a"] * 90 + ["b"] * 10)
    before = BaselineAnswers(predictions=["a"] * 100, scores={"macro_f1": dict.fromkeys(range(100), 0.0)})
    gain = better.gain("macro_f1", before)
    assert gain.value == pytest.approx(1 - 90 / 190)
    assert gain.low > 0
    assert json.loads(better.lines.splitlines()[0])["scores"]["macro_f1"]["value"] == 1


def test_a_rare_label_makes_macro_f1_uncertain() -> None:
    wanted = ["a"] * 198 + ["b"] * 2
    names = [str(at) for at in range(200)]
    rare = interval_of_macro_f1(wanted, wanted, names)
    even = interval_of_macro_f1(["a", "b"] * 100, ["a", "b"] * 100, names)
    assert (rare.value, even.value) == (1, 1)
    assert rare.low < 0.8 < even.low


def test_one_changed_answer_is_no_gain_in_macro_f1() -> None:
    wanted = ["a", "b"] * 10
    gain = gain_of_macro_f1(wanted, wanted, ["b", *wanted[1:]], [str(at) for at in range(20)])
    assert gain.low <= 0 < gain.value


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abcx")), min_size=1, max_size=30), st.randoms())
def test_macro_f1_does_not_depend_on_the_order_of_rows(rows: list[tuple[str, str]], random: Any) -> None:
    mixed = [*enumerate(rows)]
    random.shuffle(mixed)
    pairs = [[(str(at), *row) for at, row in each] for each in (enumerate(rows), mixed)]
    intervals = [
        interval_of_macro_f1([w for _, w, _ in each], [f for *_, f in each], [n for n, *_ in each]) for each in pairs
    ]
    assert intervals[0].value == pytest.approx(intervals[1].value)
    assert intervals[0].low == pytest.approx(intervals[1].low)
    assert 0 <= intervals[0].low <= intervals[0].value <= intervals[0].high <= 1


def test_graded_scores_are_as_certain_as_they_vary() -> None:
    names = [str(at) for at in range(200)]
    graded = interval_of_mean([0.5, 0.6] * 100, names)
    assert (round(graded.value, 3), graded.high - graded.low < 0.03) == (0.55, True)
    assert interval_of_mean([0.5, 0.51], ["1", "2"]).low < 0.5  # two rows prove little
    assert interval_of_mean([0.5] * 3, names[:3]).low < 0.2
