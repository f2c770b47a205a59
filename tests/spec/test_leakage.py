"""Questions that leak into training, by how they were changed. The figures are the table in `docs/evaluation.md`.

`python tests/spec/test_leakage.py` prints the table.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable

import pytest
from support.leaked_questions import CHINESE, ENGLISH, pairs

from compiler.spec.data.texts import plain
from runtime.contract.leakage.held_out import Comparison, HeldOut
from runtime.contract.leakage.normal import normal
from runtime.contract.leakage.questions import question_of
from runtime.contract.leakage.traditional import SIMPLIFIED

Row = dict[str, object]
PAIRS = {"Chinese": pairs(CHINESE), "English": pairs(ENGLISH)}
TRADITIONAL: dict[str, list[str]] = defaultdict(list)
for traditional, simplified in SIMPLIFIED.items():
    TRADITIONAL[chr(simplified)].append(chr(traditional))


def asked(text: str) -> Row:
    return {"prompt": text}


def conversation(*turns: str) -> Row:
    roles = ("user", "assistant")
    return {"messages": [{"role": roles[at % 2], "content": turn} for at, turn in enumerate(turns)]}


def typed(text: str, seed: int) -> str:
    """Return the text with other punctuation and spacing."""
    marks = random.Random(seed)
    spaced = " ".join(text.rstrip("?？")) if marks.random() < 0.3 and not text.isascii() else text.rstrip("?？")
    return spaced.replace("，", " ").replace(",", " -") + marks.choice(["！！", "...", "?!", "", " ??", "。"])


def full_width(text: str) -> str:
    return "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in text)


def in_traditional(text: str) -> str:
    return "".join(TRADITIONAL.get(each, [each])[-1] for each in text)


LONG = {
    "Chinese": "你是一家网店的客服。请先确认用户的身份，再查询订单，然后按照下面的规则回答，不要编造。" * 12,
    "English": "You are a shop assistant. Check who asks, look up the order, follow the rules, and invent nothing. "
    * 12,
}
GREETING = {"Chinese": ("你好", "您好，请问有什么可以帮您？"), "English": ("Hello", "Hello, how may I help you?")}
THEN = {"Chinese": ("好的，谢谢", "不客气"), "English": ("Thanks, that helps", "You are welcome")}

# kind → how row number `at` asks a question in a language
CHANGES: dict[str, Callable[[str, str, int], Row]] = {
    "punctuation and spacing": lambda text, _, at: asked(typed(text, at)),
    "case": lambda text, _, at: asked(text.upper() if at % 2 else text.title()),
    "full width": lambda text, _, at: asked(full_width(text)),
    "traditional characters": lambda text, _, at: asked(in_traditional(text)),
    "a later turn": lambda text, language, at: conversation(*GREETING[language], text, "…", *THEN[language]),
    "in a template": lambda text, _, at: asked(f"### Question {at}:\n{text}\n### Answer:"),
    "as JSON": lambda text, _, at: asked(f'{{"id": {at}, "question": "{text}", "lang": "?"}}'),
    "after a long instruction": lambda text, language, _: asked(f"{LONG[language]}{text}"),
    "a long system prompt": lambda text, language, _: {
        "prompt": [{"role": "system", "content": f"{LONG[language]}\n1. {text}"}, {"role": "user", "content": "1"}]
    },
}


def found(held_out: Iterable[Row], rows: Iterable[Row]) -> set[int]:
    """Return the rows that are found to leak, by their numbers."""
    questions = HeldOut()
    for number, row in enumerate(held_out):
        questions.watch(row, [], str(number))
    comparison = Comparison(questions)
    same = set()
    for number, row in enumerate(rows):
        comparison.watch(row, [], str(number))
        same |= {number} if questions.has(normal(question_of(row))) else set()
    return same | {int(each.here) for each in comparison.found()}


def recall(kind: str, language: str) -> int:
    questions = [asked(question) for question, _ in PAIRS[language]]
    if kind == "reworded":
        return len(found(questions, [asked(other) for _, other in PAIRS[language]]))
    change = CHANGES[kind]
    return len(found(questions, [change(text, language, at) for at, (text, _) in enumerate(PAIRS[language])]))


def wanted(kind: str, language: str) -> int:
    return 25 if kind == "reworded" else 30


@pytest.mark.parametrize("language", PAIRS)
@pytest.mark.parametrize("kind", [*CHANGES, "reworded"])
def test_leaked_questions_are_found(kind: str, language: str) -> None:
    assert recall(kind, language) >= wanted(kind, language)


def test_reworded_questions_of_one_template_are_found_by_their_own_number() -> None:
    numbers = random.Random(5).sample(range(100_000, 1_000_000), 300)
    wishes = [
        ("为什么三天没有更新", "怎么三天没更新"),
        ("写错了还能重开吗", "填错了可以重开吗"),
        ("什么时候能到账", "何时能够到账"),
        ("如何在手机端申请", "怎么在手机上申请"),
        ("可以同时使用两张吗", "能不能同时用两张"),
    ]
    held_out = [asked(f"订单{number}的物流{wishes[at % 5][0]}？") for at, number in enumerate(numbers[:100])]
    leaked = [asked(f"订单{number}的物流{wishes[at % 5][1]}") for at, number in enumerate(numbers[:30])]
    others = [asked(f"订单{number}的物流{wishes[at % 5][at % 2]}？") for at, number in enumerate(numbers[100:])]
    assert len(found(held_out, [*leaked, *others]) & {*range(30)}) >= 25
    assert not found(held_out, others)


def number_lists() -> dict[str, tuple[str, ...]]:
    """Return 1,000 distinct questions of several templates each."""
    digits = "零一二三四五六七八九"
    names = random.Random(3)
    places = ["".join(names.choice("bdfgklmnprst") + names.choice("aeiou") for _ in range(3)) for _ in range(4000)]
    products = ["手机", "耳机", "冰箱", "书包", "台灯", "键盘", "水杯", "雨伞", "球鞋", "相机"]
    wishes = [
        "怎么退货",
        "多少钱",
        "有现货吗",
        "几天能到",
        "能开发票吗",
        "保修多久",
        "可以换货吗",
        "有优惠吗",
        "在哪里生产",
        "怎么清洗",
    ]
    brands = ["华为", "小米", "海尔", "美的", "松下", "索尼", "飞利浦", "格力", "联想", "戴森"]
    return {
        "第 3 张发票的税额是多少？": tuple(f"第 {at} 张发票的税额是多少？" for at in range(1000)),
        "What is 17 + 5?": tuple(f"What is {at // 32} + {at % 32}?" for at in range(1000)),
        "What is 17 * 5?": tuple(f"What is {at // 2} {'+-'[at % 2]} 7?" for at in range(1000)),
        "第三百二十一页写了什么？": tuple(
            f"第{digits[at // 100]}百{digits[at // 10 % 10]}十{digits[at % 10]}页写了什么？" for at in range(1000)
        ),
        "Where is order A17?": tuple(f"Where is order {'ABCDEFGHIJ'[at % 10]}{at // 10}?" for at in range(1000)),
        "What is the capital of Bamuko?": tuple(
            f"What is the capital of {place.title()}?" for place in list(dict.fromkeys(places))[:1000]
        ),
        "华为手机怎么退货？": tuple(f"{b}{p}{w}？" for b in brands for p in products for w in wishes),
    }


@pytest.mark.parametrize("template", number_lists())
@pytest.mark.parametrize("held_out", [20, 100, 500])
def test_questions_of_one_template_are_different(template: str, held_out: int) -> None:
    questions = [asked(text) for text in number_lists()[template]]
    random.Random(held_out).shuffle(questions)
    assert len(found(questions[:held_out], questions[held_out:])) <= (1000 - held_out) // 100


QUOTED = "How many litres does the blue tank hold when it is full?"
CALL = {"role": "assistant", "tool_calls": [{"type": "function", "function": {"name": "find", "arguments": {}}}]}


def kinds(held_out: Iterable[Row], row: Row) -> list[str]:
    questions = HeldOut()
    for number, each in enumerate(held_out):
        questions.watch(each, [], str(number))
    comparison = Comparison(questions)
    comparison.watch(row, [plain(each) for each in row.values()], "1")
    return [each.kind for each in comparison.found()]


@pytest.mark.parametrize(
    "row",
    [
        {"text": f"Chapter 3\n\nQ: {QUOTED}\nA: forty."},
        {"text": f"They asked us, {QUOTED.lower()} and we said forty."},
        {"messages": [{"role": "user", "content": "search"}, CALL, {"role": "tool", "content": f"1. {QUOTED} forty."}, {"role": "assistant", "content": "Done."}]},
        {"prompt": "Write an exam question.", "completion": QUOTED},
        {"prompt": "Sum up.", "chain": f"The text asks: {QUOTED}", "completion": "litres"},
    ],
)  # fmt: skip
def test_a_question_in_a_text_that_asks_nothing_is_quoted(row: Row) -> None:
    assert kinds([asked(QUOTED)], row) == ["quoted"]


@pytest.mark.parametrize(
    "row",
    [
        {"text": "What is a tank?\nA tank holds water."},
        {"text": "How many litres does the red tank hold when it is full? Twenty."},
        {"prompt": "hello there", "completion": "What is a tank? It holds water."},
    ],
)
def test_short_and_other_questions_are_not_quoted(row: Row) -> None:
    assert kinds([asked(QUOTED), asked("What is a tank?")], row) == []


if __name__ == "__main__":
    print("| how the question was changed | Chinese | English |\n|---|---|---|")
    for each in [*CHANGES, "reworded"]:
        print(f"| {each} | " + " | ".join(f"{recall(each, language)} of 30" for language in PAIRS) + " |")
