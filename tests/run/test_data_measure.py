"""Measurements of a card besides counts: nearly equal texts, languages, hints of personal data, tokens."""

import json
from pathlib import Path

import pytest

from compiler.run.measure.detect import kinds_in, language_of
from compiler.run.measure.tokens import counter_of
from compiler.spec.data.near import Duplicates, shingles

LONG = "How do I change the delivery address of an order that has been paid but not been sent yet"
LONG_ZH = "订单已经付款但是还没有发货的时候，我应该怎么样修改收货地址和联系电话？"


@pytest.mark.parametrize(("text", "other"), [(LONG, LONG + "!"), (LONG_ZH, LONG_ZH.replace("怎么样", "怎样"))])
def test_a_text_that_is_nearly_an_earlier_one_is_found(text: str, other: str) -> None:
    found = Duplicates()
    assert found.earlier(text, "rows.jsonl:1") == ""
    assert found.earlier(LONG.upper()[:40] + " something else entirely, about refunds 退货", "rows.jsonl:2") == ""
    assert found.earlier(other, "rows.jsonl:3") == "rows.jsonl:1"


@pytest.mark.parametrize(
    ("text", "other"),
    [(LONG, "What does it cost to send a parcel to Norway"), (LONG_ZH, "请问你们周末的营业时间是几点到几点？")],
)
def test_other_texts_are_not_nearly_the_same(text: str, other: str) -> None:
    found = Duplicates()
    found.earlier(text, "1")
    assert found.earlier(other, "2") == ""


def test_what_is_kept_to_compare_with_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compiler.spec.data.near.MAX_KEPT", 1)
    found = Duplicates()
    assert [found.earlier(text, text[0]) for text in (LONG, LONG_ZH, LONG, LONG_ZH)] == ["", "", LONG[0], ""]


def test_case_width_and_spacing_do_not_count() -> None:
    assert shingles("Ａ  paid\norder 付款") == shingles("a PAID order 付款")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (LONG, "en"),
        (LONG_ZH, "zh"),
        ("你好吗朋友", "zh"),
        ("コンサートは何時からですか、教えてください", "ja"),
        ("Wann kommt meine Bestellung endlich bei mir an?", "de"),
        ("ok", "und"),
        ("1234 5678", "und"),
    ],
)
def test_languages(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("write to zhang.wei+x@example.com.cn please", ["e-mail"]),
        ("not an address: a@b, @mention, x@y", []),
        ("请拨打13812345678联系我", ["phone"]),
        ("tel. +1 415-555-2671", ["phone"]),
        ("on 2023-11-22 at 10:22:33, order 20231122103", []),
        ("SELECT 1000000, 2000000 FROM t", []),
        ("身份证号11010519491231002X，谢谢", ["chinese-id"]),
        ("身份证号110105194912310021", []),
        ("card 4111 1111 1111 1111", []),
        ("card 5500-0055-5555-5559", []),
        ("card 4539 1488 0343 6467", ["credit-card"]),
        ("card 4539 1488 0343 6468", []),
        ("from 8.8.8.8 and 127.0.0.1", ["ip-address"]),
        ("from 192.168.1.10, version 1.2.3.4.5", []),
        ("host 2606:4700:4700::1111", ["ip-address"]),
    ],
)
def test_hints_of_personal_data(text: str, kinds: list[str]) -> None:
    assert kinds_in(text) == kinds


def test_a_hostile_text_takes_bounded_time() -> None:
    for piece in ("1", "1 ", "a@", "1.", "a:", "@a.", "3-", "１３８"):
        assert isinstance(kinds_in(piece * 500_000), list)


def test_tokens_are_counted_by_the_tokenizer_of_the_model(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({"a": 0, "b": 1, "?": 2}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.enable_truncation(2)
    (tmp_path / "tiny" / "1").mkdir(parents=True)
    tokenizer.save(str(tmp_path / "tiny" / "1" / "tokenizer.json"))
    counter = counter_of(tmp_path, "tiny/1")
    assert counter is not None
    assert counter.count(["a b a", "", "退款"]) == [3, 0, 1]


def test_without_a_usable_tokenizer_there_is_no_counter(tmp_path: Path) -> None:
    assert counter_of(tmp_path, "tiny/1") is None
    (tmp_path / "tiny" / "1").mkdir(parents=True)
    (tmp_path / "tiny" / "1" / "tokenizer.json").write_text(json.dumps({"model": 3}), encoding="utf-8")
    assert counter_of(tmp_path, "tiny/1") is None
