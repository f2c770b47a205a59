import json
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.contract.credentials import SHAPES, credentials_in
from runtime.trace import counts, record, step
from runtime.trace.redaction import MASK, SECRETS, Redaction, Redactor

# put together here, so that no scanner takes this file for a leak
KEYS = [
    "sk-" + "a1B2c3D4e5F6g7H8i9J0k1",
    "hf_" + "a" * 34,
    "AKIA" + "A1B2C3D4E5F6G7H8",
    "ghp_" + "a" * 36,
    "xoxb-" + "1234567890-abc",
    "AIza" + "b" * 35,
    "glpat-" + "c" * 20,
    "eyJ" + "a" * 12 + ".eyJ" + "b" * 12 + "." + "c" * 12,
    "-----BEGIN RSA PRIVATE" + " KEY-----\nabc\n-----END RSA PRIVATE KEY-----",
]


def stored(value: object, **settings: object) -> tuple[object, list[str]]:
    redactor = Redactor(settings.pop("fields", ()), settings.pop("patterns", ()), settings.pop("function", None))
    redaction = Redaction(redactor)
    return redaction.value(value), list(redaction.found)


@pytest.mark.parametrize("key", KEYS, ids=range(len(KEYS)))
def test_credentials_never_leave_the_process(recorded: Callable, key: str, tmp_path) -> None:
    read = recorded()
    with record(f"my key is {key}", session=key) as trace:
        with step("tool", {"deep": [{key: key}]}, kind="tool") as call:
            call.output = (key, {"header": f"Bearer {key}"})
            call.attributes["note"] = key
        trace.answer = key
        with suppress(ValueError), step("model", None, kind="model"):
            raise ValueError(f"failed with {key}")
    (made,) = read()
    text = json.dumps(made)
    assert key.split("\n")[0] not in text
    assert MASK in made["query"]
    assert {"redacted"} <= {each["kind"] for each in made["losses"]}


def test_forms_of_credentials_that_the_compiler_knows_are_masked() -> None:
    hints = {hint for _, known in SECRETS for hint in known}
    missing = {shape.name for shape in SHAPES if not hints & set(shape.hints)}
    assert missing <= {"a private key"}  # the form in base64


def test_the_recorder_itself_is_no_credential() -> None:
    from compiler.render.recorder import recorder_text

    assert list(credentials_in(recorder_text())) == []


@pytest.mark.parametrize(
    "name", ["password", "userPassword", "DB_PASSWORD", "x-api-key", "openaiApiKey", "APIKEY", "Authorization", "set-cookie", "client.secret"]
)  # fmt: skip
def test_fields_are_masked_by_the_last_words_of_their_name(name: str) -> None:
    assert stored({"a": [{name: {"inner": "hidden"}}]}) == ({"a": [{name: MASK}]}, [f"field `{name}`"])


@pytest.mark.parametrize("name", ["passwords_changed", "tokens", "secretary", "keys", "cookies_allowed"])
def test_other_fields_stay(name: str) -> None:
    assert stored({name: 1}) == ({name: 1}, [])


def test_fields_and_patterns_of_the_team() -> None:
    value = {"phone": "1", "手机号": "13800000000", "text": "call 13800000000 or a@example.com", "homePhone": 3}
    made, found = stored(value, fields=["phone", "手机号"], patterns=[r"\b1\d{10}\b", r"\S+@\S+"])
    assert made == {"phone": MASK, "手机号": MASK, "text": f"call {MASK} or {MASK}", "homePhone": MASK}
    assert "pattern" in found


def test_patterns_see_the_text_and_not_its_json() -> None:
    assert stored('one\n"two"', patterns=[r'(?m)^"two"$'])[0] == f"one\n{MASK}"


def test_a_redactor_that_raises_masks_the_whole_text() -> None:
    def fails(text: str) -> str:
        raise ValueError(text)

    made, found = stored({"a": "private"}, function=fails)
    assert made == {MASK: MASK}
    assert found == ["the redactor raised ValueError"]
    assert stored(["private"], function=lambda text: None)[0] == [MASK]


def test_a_redactor_that_raises_leaks_nothing(recorded: Callable, capsys: pytest.CaptureFixture[str], tmp_path) -> None:
    def fails(text: str) -> str:
        raise ValueError(text)

    read = recorded(redact=fails)
    with record("private") as trace:
        trace.answer = "private"
    (made,) = read()
    assert "private" not in json.dumps(made) + capsys.readouterr().err
    assert made["query"] == MASK


@given(st.recursive(st.text("abc"), lambda inner: st.lists(inner) | st.dictionaries(st.text("abc"), inner)))
def test_no_text_of_a_pattern_is_left(value: object) -> None:
    made, found = stored(value, patterns=["a+"])
    assert "a" not in json.dumps(made).replace(MASK, "")
    assert bool(found) == ("a" in json.dumps(value))


@pytest.mark.parametrize(
    "settings",
    [{"redact_patterns": ["("]}, {"redact_fields": 5}, {"redact_fields": "email"}, {"reduct": str}, {"sample": "x"}],
)
def test_wrong_settings_record_nothing(recorded: Callable, settings: dict, capsys: pytest.CaptureFixture[str]) -> None:
    read = recorded(**settings)
    with record("private") as trace:
        trace.answer = "private"
    assert read() == []
    assert counts() == {"wrong settings, nothing is recorded": 1}
    assert "wrong settings" in capsys.readouterr().err
