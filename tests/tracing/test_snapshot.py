import dataclasses
import decimal
import enum
import json
import threading
import uuid
from collections import OrderedDict, defaultdict, deque, namedtuple
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from runtime.trace.snapshot import VALUE_COST, error_text, snapshot

ROOM = 100_000


def copied(value: object, room: int = ROOM) -> Any:
    return snapshot(value, room)[0]


def lost(value: object, room: int = ROOM) -> dict[str, str]:
    return dict(snapshot(value, room)[1])


class Hostile:
    """An object of which everything raises."""

    @property
    def __class__(self) -> Any:  # type: ignore[override]
        raise RuntimeError("no class")

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no comparison")

    def __hash__(self) -> int:
        return 1


class Lists(list):
    def __iter__(self) -> Any:
        raise RuntimeError("no items")


ODDITIES = (
    object, Hostile, threading.Lock, lambda: iter([1]), lambda: np.float32(1.5), lambda: np.arange(3),
    lambda: 10**5000, lambda: len, lambda: Exception,
)  # fmt: skip

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=50), inner, max_size=6),
    max_leaves=60,
)
odd = st.recursive(
    plain
    | st.binary()
    | st.floats()
    | st.dates()
    | st.datetimes()
    | st.decimals()
    | st.uuids()
    | st.text(st.characters(categories=["Cs", "Cc", "Lo"]))
    | st.integers(0, len(ODDITIES) - 1).map(lambda number: ODDITIES[number]()),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.tuples(inner, inner)
        | st.frozensets(st.integers() | st.text(), max_size=5)
        | st.dictionaries(
            st.text() | st.integers() | st.none() | st.tuples(st.integers()) | st.binary(), inner, max_size=5
        )
        | st.builds(Lists, st.lists(inner, max_size=3))
        | st.builds(deque, st.lists(inner, max_size=3))
    ),
    max_leaves=40,
)


@given(plain)
def test_plain_data_are_copied_as_they_are(value: object) -> None:
    assert snapshot(value, 10**7)[:2] == (value, ())


@given(plain)
def test_changes_after_the_call_do_not_reach_the_copy(value: object) -> None:
    messages = [{"role": "user", "content": value}]
    copy = copied(messages, 10**7)
    before = json.dumps(copy)
    messages[0]["content"] = "changed"
    messages.append({"role": "assistant"})
    _spoil(value)
    assert json.dumps(copy) == before


def _spoil(value: object) -> None:
    if isinstance(value, list):
        for inner in value:
            _spoil(inner)
        value.append("spoilt")
    elif isinstance(value, dict):
        for inner in list(value.values()):
            _spoil(inner)
        value["spoilt"] = True


@given(odd, st.integers(0, 2000))
def test_every_object_becomes_json_within_bounds(value: object, room: int) -> None:
    copy, losses, used = snapshot(value, room)
    text = json.dumps(copy, allow_nan=False)
    assert json.loads(text) == copy
    assert 0 <= used <= room
    assert all(kind in ("cut-text", "no-detail", "redacted") for kind, _ in losses)


def test_texts_are_shared_not_copied() -> None:
    text = "x" * 50_000
    assert copied([text])[0] is text


def test_a_cycle_ends_where_it_closes() -> None:
    value: list[object] = [1]
    value.append({"again": value})
    assert copied(value) == [1, {"again": "<list>"}]
    assert lost(value) == {"no-detail": "list"}


def test_shared_structures_cost_no_more_than_the_budget() -> None:
    value: list[object] = []
    for _ in range(200):
        value = [value, value]
    copy, losses, _ = snapshot(value, ROOM)
    assert len(json.dumps(copy)) < 40 * ROOM / VALUE_COST
    assert dict(losses)["no-detail"]


def test_long_texts_and_long_lists_are_cut_and_the_loss_is_told() -> None:
    assert copied("a" * 11, 10) == "a" * 10
    assert lost("a" * 11, 10) == {"cut-text": "1 characters"}
    assert len(copied(list(range(10**6)), 800)) == 100
    assert lost(list(range(10**6)), 800) == {"no-detail": "a list with too many items"}
    assert len(copied({number: number for number in range(10**5)}, 800)) <= 100
    assert copied(["ab", "cd", "ef"], 3 * VALUE_COST + 3) == ["ab", "c", ""]


class Shade(enum.Enum):
    DARK = "dark"


@dataclasses.dataclass
class Passage:
    text: str
    score: float
    key: str = dataclasses.field(default="s3cr3t", repr=False)


class Reply(BaseModel):
    text: str
    parts: list[Passage] = []
    token: str = Field(default="t0ken", exclude=True)


Pair = namedtuple("Pair", "left right")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Passage("a", 0.5), {"text": "a", "score": 0.5, "key": "[hidden]"}),
        (Reply(text="a", parts=[Passage("b", 1)]), {"text": "a", "parts": [{"text": "b", "score": 1, "key": "[hidden]"}], "token": "[hidden]"}),
        (Pair(1, "b"), {"left": 1, "right": "b"}),
        (np.float32(1.5), 1.5),
        (np.float64(2.5), 2.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (Shade.DARK, "dark"),
        ({"b", "a"}, ["a", "b"]),
        (frozenset([1]), [1]),
        ((1, 2), [1, 2]),
        (deque([1]), [1]),
        (OrderedDict(a=1), {"a": 1}),
        (defaultdict(list, a=[1]), {"a": [1]}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        ({1: "a", "1": "b", None: "c"}, {"1": "a", "1#1": "b", "None": "c"}),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
        (timedelta(seconds=2), 2.0),
        (decimal.Decimal("1.10"), "1.10"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Path("a/b"), "a/b"),
        (ValueError("no"), "ValueError: no"),
    ],
)  # fmt: skip
def test_values_that_programs_hold(value: object, expected: object) -> None:
    assert copied(value) == expected
    assert set(lost(value)) <= {"redacted"}


@pytest.mark.parametrize(
    ("value", "name"),
    [(b"abc", "bytes"), (np.arange(3), "numpy.ndarray"), (iter([1]), "list_iterator"), (10**5000, "int"), (threading.Lock(), "_thread.lock")],
    ids=["bytes", "array", "iterator", "large", "lock"],
)  # fmt: skip
def test_what_cannot_be_copied_keeps_its_type(value: object, name: str) -> None:
    assert copied({"a": [value]}) == {"a": [f"<{name}>"]}
    assert lost({"a": [value]}) == {"no-detail": name}


def test_a_generator_is_not_consumed() -> None:
    chunks = (each for each in "abc")
    copied([chunks])
    assert list(chunks) == ["a", "b", "c"]


def test_an_object_that_raises_costs_no_more_than_its_own_detail() -> None:
    assert copied({"good": 1, "bad": Hostile()})["good"] == 1


def test_errors_whose_text_raises() -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise KeyError("x")

    assert error_text(MuteError()) == "MuteError: (`__str__` raised KeyError)"
    assert error_text(ValueError()) == "ValueError"
    assert len(error_text(ValueError("x" * 10**6))) <= 4000
