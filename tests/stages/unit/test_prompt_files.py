"""Prompt files around questions, and the parts of a prompt."""

import pytest

from runtime.contract.prompt_files import slot_fault
from runtime.data.prompt_file import prompted
from runtime.data.questions import Question
from runtime.make.prompts.draft import Draft, Shot, draft_of, language_of
from runtime.make.prompts.few_shot import few_shot, first
from runtime.make.prompts.rules import form_rules
from runtime.make.prompts.structures import structures

TURNS = [{"role": "user", "content": "几点？"}]


@pytest.mark.parametrize(
    ("text", "prompt", "found"),
    [
        ("", "几点？", "几点？"),
        ("", TURNS, TURNS),
        ("简短回答。", "几点？", "简短回答。\n\n几点？"),
        ("简短回答。", TURNS, [{"role": "system", "content": "简短回答。"}, *TURNS]),
        (
            "简短回答。",
            [{"role": "system", "content": "你是前台。"}, *TURNS],
            [{"role": "system", "content": "简短回答。\n\n你是前台。"}, *TURNS],
        ),
        ("问：{question}\n答：", "几点？", "问：几点？\n答："),
        ("问：{question}\n答：", TURNS, [{"role": "user", "content": "问：几点？\n答："}]),
        (
            "简短。\n\n### user\n一加一\n\n### assistant\n二",
            TURNS,
            [
                {"role": "system", "content": "简短。"},
                {"role": "user", "content": "一加一"},
                {"role": "assistant", "content": "二"},
                *TURNS,
            ],
        ),
        (
            "问：{question}\n\n### user\n一加一\n\n### assistant\n二",
            TURNS,
            [
                {"role": "user", "content": "问：一加一"},
                {"role": "assistant", "content": "二"},
                {"role": "user", "content": "问：几点？"},
            ],
        ),
        # a question is data: a slot in it stays what it is
        ("问：{question}", "{question}？", "问：{question}？"),
    ],
)
def test_a_prompt_comes_around_the_question(text: str, prompt: object, found: object) -> None:
    assert prompted(text, prompt) == found  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "no slot", "one {question}", 'JSON {"a": 1} and {other} braces'])
def test_a_prompt_may_have_a_slot_and_other_braces(text: str) -> None:
    assert slot_fault(text) == ""


@pytest.mark.parametrize(
    "text", ["{question} {question}", "{{question}}", "{ question }", "{Query}", "{input}", "{问题}"]
)
def test_an_unclear_slot_is_a_fault(text: str) -> None:
    assert slot_fault(text)


def draft(base: str, **parts: object) -> Draft:
    return Draft(base=base, language="zh", marker="Answer:", **parts)  # type: ignore[arg-type]


def test_what_is_added_comes_before_the_line_of_the_slot() -> None:
    made = draft(
        "你是前台。\n\n问：{question}", rules=("只答一个词。",), shots=(Shot(question="几点？", answer="三点"),)
    )
    assert made.text == "你是前台。\n\n规则：\n- 只答一个词。\n\n示例：\n\n问题： 几点？\n答案：三点\n\n问：{question}"
    assert made.is_usable


def test_without_a_slot_it_comes_at_the_end() -> None:
    assert draft("", rules=("只答一个词。",)).text == "规则：\n- 只答一个词。"
    [first_structure, *_] = structures(draft("你是前台。"))
    assert first_structure.text.startswith("你是前台。\n\n回答之前")
    assert "“Answer:”" in first_structure.text


def test_an_example_cannot_bring_a_slot() -> None:
    assert not draft("问：{question}", shots=(Shot(question="{question}", answer="x"),)).is_usable


def test_examples_may_be_turns_and_are_read_back() -> None:
    made = draft("问：{question}", shots=(Shot(question="一加一", answer="二"),), in_turns=True)
    assert made.text == "问：{question}\n\n### user\n一加一\n\n### assistant\n二"
    assert draft_of(made.text, "zh", "Answer:").text == made.text
    assert not draft("", shots=(Shot(question="### user\nx", answer="y"),), in_turns=True).is_usable


def rows(*answers: str) -> list[Question]:
    return [Question(row={"id": str(at), "prompt": f"q{at}", "reference": answer}) for at, answer in enumerate(answers)]


@pytest.mark.parametrize(
    ("answers", "word"),
    [
        (["yes", "no", "yes", "no"], "“"),
        (["1", "2.5", "30 %"], "number"),
        (['{"a": 1, "b": 2}', '{"a": 3}'], "`a`"),
        (["a sentence about this", "another one about that"], "30 characters"),
    ],
)
def test_rules_follow_from_the_right_answers(answers: list[str], word: str) -> None:
    [rule] = form_rules(rows(*answers), "en")
    assert ("no, yes" if word == "“" else word) in rule


def test_answers_of_any_form_give_no_rule() -> None:
    assert form_rules(rows("x" * 400, "y"), "en") == []


def test_choices_of_examples_depend_on_the_content_alone() -> None:
    questions = rows(*"abcdefghij")
    ways = [
        [each.text for each in first(few_shot(draft(""), order, order[:3], []), 6, set())]
        for order in (questions, list(reversed(questions)))
    ]
    assert sorted(len(set(each)) for each in ways) == [6, 6]


def test_the_language_is_that_of_the_rows() -> None:
    assert (language_of(["挂失怎么办 VISA"]), language_of(["what is it"]), language_of([])) == ("zh", "en", "en")
