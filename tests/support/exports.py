"""Exports of every tool, made of the same traces: as natural as those of real applications, whole or with a loss."""

import json
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

START = 1_777_852_800 * 10**9  # 2026-05-04T00:00Z, a Monday
SECOND = 10**9
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
QUESTIONS = (
    "Where is my order 4711?",
    "我的订单什么时候到?请告诉我物流状态。",
    "Können Sie die Rechnung für März noch einmal schicken? Grüße, Jürgen",
    "注文した商品が届きません。どうすればいいですか?",
    "Why was the log truncated after 500 lines???",
    "hm...",
    "Quel est le délai de livraison à Genève ? Ça presse…",
    "Compare ***all*** plans & tell me the price in € (incl. VAT) 🙂",
    "how do I use `[...]` in bash, and what does {} mean?",
    "주문을 취소하고 싶어요",
)
WORDS = [
    "the",
    "order",
    "was",
    "shipped",
    "on",
    "Monday",
    "and",
    "will",
    "arrive",
    "within",
    "three",
    "days",
    "(see",
    "[1])",
    "…",
    "订单",
    "已经",
    "发货",
    "请",
    "稍等",
    "für",
    "Straße",
    "naïve",
    "façade",
    "coöperate",
    "🙂",
    "€12.50",
    "`code`",
    "**bold**",
    "{json:",
    "true}",
    "<b>tag</b>",
    "価格",
    "は",
    "税込",
    "です",
]


@dataclass(kw_only=True)
class Item:
    """One span of an export."""

    trace: str
    id: str
    name: str
    kind: str
    start: int
    end: int | None
    parent: str | None = None
    input: Any = None
    output: Any = None
    failed: bool = False
    error: str | None = None
    model: str | None = None
    tokens: tuple[int, int] | None = None
    stream: bool = False
    session: str | None = None
    remote: bool = False
    feedback: list[dict[str, Any]] = field(default_factory=list)


def text(rng: random.Random, words: int) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(words))


def natural(seed: int, traces: int = 0) -> list[Item]:
    """Whole traces of an application: quiet nights, short and long ones, errors, streams, empty tool outputs, CJK."""
    rng = random.Random(seed)
    count = traces or rng.choice([1, 3, 12, 40])
    at, made = START + 9 * HOUR + rng.randrange(HOUR), []
    for _ in range(count):
        at += int(rng.expovariate(1 / (40 if traces else 300)) * SECOND)
        hour = (at // HOUR) % 24
        if not traces and (hour >= 20 or hour < 7):
            at += ((7 - hour) % 24) * HOUR
        made.extend(one_trace(rng, at))
    return made


def one_trace(rng: random.Random, at: int) -> list[Item]:
    trace, session = f"{rng.getrandbits(128):032x}", f"s{rng.randrange(5)}"
    ids = iter(lambda: f"{rng.getrandbits(64):016x}", "")
    question = rng.choice(QUESTIONS)
    answer = "We cannot find that order." if rng.random() < 0.2 else text(rng, rng.randrange(2, 260))
    failed = rng.random() < 0.1
    end = at + int(rng.uniform(0.4, 9) * SECOND)
    root = Item(
        trace=trace, id=next(ids), name="assistant", kind="agent", start=at, end=end, input=question, session=session
    )
    root.output, root.failed, root.error = (
        (None, True, "TimeoutError: no answer in 30 s") if failed else (answer, False, None)
    )
    items, clock = [root], at
    for kind in rng.choice(
        [["model"], ["retrieval", "model"], ["model", "tool", "model"], ["tool", "retrieval", "model"]]
    ):
        clock += rng.randrange(0, 200_000_000)
        step = Item(
            trace=trace,
            id=next(ids),
            name=kind,
            kind=kind,
            start=clock,
            end=clock + rng.randrange(0, SECOND),
            parent=root.id,
        )
        if kind == "model":
            step.name, step.model = "chat", rng.choice(["qwen3-8b", "qwen3-8b", "gpt-4o"])
            step.input = [{"role": "system", "content": text(rng, 20)}, {"role": "user", "content": question}]
            step.stream = rng.random() < 0.3
            step.tokens = None if step.stream else (rng.randrange(5, 4000), rng.randrange(1, 900))
            step.output = [{"role": "assistant", "content": answer}]
        elif kind == "retrieval":
            step.name, step.input = "search", question
            step.output = [{"id": str(each), "content": text(rng, 40)} for each in range(rng.randrange(0, 4))]
        else:
            step.name, step.input = "get_order", rng.choice([{"id": 4711, "open": True}, {}, None])
            step.output = rng.choice([None, "", [], {"status": "shipped"}, "ok"])
        items.append(step)
    if failed:
        items[-1].output, items[-1].tokens = None, None
        items[-1].failed, items[-1].error = True, "TimeoutError: no answer in 30 s"
    if rng.random() < 0.1:  # work that goes on after the answer
        items.append(
            Item(trace=trace, id=next(ids), name="save", kind="other", start=end, end=end + 3 * SECOND, parent=root.id)
        )
    return items


Damage = Callable[[list[Item], random.Random], list[Item]]


def _traces(items: Iterable[Item]) -> dict[str, list[Item]]:
    made: dict[str, list[Item]] = {}
    for each in items:
        made.setdefault(each.trace, []).append(each)
    return made


def _some(items: list[Item], rng: random.Random) -> list[list[Item]]:
    whole = [each for each in _traces(items).values() if not any(item.failed for item in each)]
    return rng.sample(whole, 3)


def _each(change: Callable[[Item], None], only: Callable[[Item], bool] = lambda item: True) -> Damage:
    def damage(items: list[Item], rng: random.Random) -> list[Item]:
        for trace in _some(items, rng):
            for item in filter(only, trace):
                change(item)
        return items

    return damage


def _in_texts(change: Callable[[str], str], value: Any) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_in_texts(change, each) for each in value]
    if isinstance(value, dict):
        return {name: each if name == "role" else _in_texts(change, each) for name, each in value.items()}
    return value


def _output(change: Callable[[str], str]) -> Callable[[Item], None]:
    def apply(item: Item) -> None:
        item.output = _in_texts(change, item.output)

    return apply


def _is_model(item: Item) -> bool:
    return item.kind == "model"


def _speaks(item: Item) -> bool:
    return item.kind in ("agent", "model")


def _is_root(item: Item) -> bool:
    return item.parent is None


def _none(name: str) -> Callable[[Item], None]:
    return lambda item: setattr(item, name, None)


def _fail_silently(item: Item) -> None:
    item.failed, item.error = True, None


def _cut_all(items: list[Item], rng: random.Random) -> list[Item]:
    for trace in _some(items, rng):
        long = text(rng, 400)
        for item in filter(_speaks, trace):
            item.output = [{"role": "assistant", "content": long}] if _is_model(item) else long
    for item in items:
        item.output = _in_texts(lambda each: each[:1000], item.output)
    return items


def _cut_json(items: list[Item], rng: random.Random) -> list[Item]:
    for trace in _some(items, rng):
        trace[0].output = json.dumps({"answer": "x" * 5000})[:4096]
    return items


def _double(items: list[Item], rng: random.Random) -> list[Item]:
    return items + [replace(each) for trace in _some(items, rng) for each in trace]


def _double_differently(items: list[Item], rng: random.Random) -> list[Item]:
    return items + [replace(trace[0], output="something else") for trace in _some(items, rng)]


def _drop_root(items: list[Item], rng: random.Random) -> list[Item]:
    gone = {trace[0].id for trace in _some(items, rng)}
    return [each for each in items if each.id not in gone]


def _drop_middle(items: list[Item], rng: random.Random) -> list[Item]:
    for trace in _some(items, rng):
        trace[-1].parent = "0123456789abcdef"
    return items


def _add_root(items: list[Item], rng: random.Random) -> list[Item]:
    more = [one_trace(rng, trace[0].start + MINUTE) for trace in _some(items, rng)]
    for trace, other in zip(_some(items, rng), more, strict=True):
        for item in other:
            item.trace = trace[0].trace
    return items + [item for other in more for item in other]


def _skew(items: list[Item], rng: random.Random) -> list[Item]:
    for trace in _some(items, rng):
        for item in trace[1:]:
            item.start, item.end = item.start - HOUR, (item.end or item.start) - HOUR
    return items


def _backwards(item: Item) -> None:
    item.end = item.start - SECOND


def _lose_hour(items: list[Item], rng: random.Random) -> list[Item]:
    first = START + 13 * HOUR
    lost = {trace[0].trace for trace in _traces(items).values() if first <= trace[0].start < first + HOUR}
    return [each for each in items if each.trace not in lost]


DAMAGES: dict[str, tuple[str, Damage]] = {  # name, the kind of loss that must be found, and how it is made
    "no-query": ("no-query", _each(_none("input"), _speaks)),
    "no-answer": ("no-answer", _each(_none("output"))),
    "no-answer of models": ("no-answer", _each(_none("output"), _is_model)),
    "no-error": ("no-error", _each(_fail_silently, _is_root)),
    "no-latency": ("no-latency", _each(_none("end"))),
    "backwards": ("clock", _each(_backwards)),
    "skew": ("clock", _skew),
    "cut with a mark": ("cut-text", _each(_output(lambda each: f"{each[:300]}... [truncated]"), _speaks)),
    "cut with a count": ("cut-text", _each(_output(lambda each: f"{each[:300]}… (1,204 more characters)"), _speaks)),
    "cut at a limit": ("cut-text", _cut_all),
    "cut in JSON": ("cut-text", _cut_json),
    "doubled": ("doubled", _double),
    "doubled differently": ("doubled", _double_differently),
    "latin-1": ("encoding", _each(_output(lambda each: f"{each} für 订单 €".encode().decode("latin-1")), _speaks)),
    "windows-1252": (
        "encoding",
        _each(_output(lambda _: "Straße für Jürgen – 12 €".encode().decode("cp1252")), _speaks),
    ),
    "replaced": ("encoding", _each(_output(lambda _: "订单已经发货".encode()[:-1].decode(errors="replace")), _speaks)),
    "question marks": (
        "encoding",
        _each(_output(lambda _: "订单已经发货,请稍等".encode("ascii", "replace").decode()), _speaks),
    ),
    "no root": ("no-parent", _drop_root),
    "no-parent": ("no-parent", _drop_middle),
    "no-model": ("no-model", _each(_none("model"), _is_model)),
    "no-tokens": ("no-tokens", _each(_none("tokens"), lambda item: _is_model(item) and not item.stream)),
    "redacted": ("redacted", _each(_output(lambda _: "__REDACTED__"), _speaks)),
    "no-detail": ("no-detail", _each(_output(lambda _: "<app.Order object at 0x7f3a5c0b1d90>"), _speaks)),
    "window": ("window", _lose_hour),
    "roots": ("roots", _add_root),
}


def iso(at: int | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at / 1e9, UTC).isoformat()


def lines(rows: Iterable[dict[str, Any]]) -> str:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def write(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    path.write_text(lines(rows), encoding="utf-8")
    return path
