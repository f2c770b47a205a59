"""Properties: no text crashes the compiler, and only meaningful changes alter a plan."""

import random
import string
from pathlib import Path

from conftest import SPEC, MakeSpec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from compiler.pipeline.phases import compile_spec
from compiler.spec.names import MAX_NAME, job_name
from compiler.spec.schema.validate import validate
from compiler.spec.yaml.load import compose

PIECES = st.sampled_from(
    [
        "a",
        ":",
        " ",
        "\n",
        "- ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "&x ",
        "*x",
        "!!str ",
        '"',
        "'",
        "|\n",
        "#",
        "\t",
        "<<",
        "中",
        "?",
        "%",
        "\N{BYTE ORDER MARK}",
        "\u2028",
    ]
)
SHARED_FOLDER = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=60
)


@given(st.text() | st.lists(PIECES).map("".join))
@settings(deadline=None, max_examples=500)
def test_any_text_composes_or_is_reported_at_a_place_inside_it(text: str) -> None:
    outcome = compose(text, "x.yaml")
    lines = text.splitlines()
    for found in outcome.diagnostics:
        place = found.location
        assert 0 <= place.line <= max(len(lines), 1)
        if place.line and lines:
            assert 1 <= place.column <= len(lines[place.line - 1]) + 1
            assert place.column < place.end_column <= len(lines[place.line - 1]) + 2
    if outcome.value is not None:
        validate(outcome.value)
        for path in outcome.value.spans:
            place = outcome.value.at(path)
            assert 1 <= place.line <= max(1, len(lines))
            assert place.end_column > place.column >= 1


@given(st.integers(0, len(SPEC) - 1), st.integers(0, 40), st.text(max_size=6))
@SHARED_FOLDER
def test_a_damaged_spec_is_reported_or_compiles(make_spec: MakeSpec, at: int, length: int, instead: str) -> None:
    path = make_spec()
    text = SPEC[:at] + instead + SPEC[at + length :]
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    outcome = compile_spec(path, "spec.yaml")
    assert outcome.value is not None or any(found.severity == "error" for found in outcome.diagnostics)


@given(st.integers())
@SHARED_FOLDER
def test_the_order_of_keys_changes_nothing(make_spec: MakeSpec, seed: int) -> None:
    plain = _bundle(make_spec())
    data = YAML(typ="safe").load(SPEC)
    path = make_spec()
    with path.open("w", encoding="utf-8") as stream:
        YAML().dump(_shuffled(data, random.Random(seed)), stream)
    assert _bundle(path) == plain


@given(
    st.text(string.ascii_lowercase + string.digits + "-", min_size=1, max_size=63),
    st.text("0123456789abcdef", min_size=64, max_size=64),
)
def test_job_names_are_short_labels(plan: str, digest: str) -> None:
    import re

    plan = plan.strip("-") or "a"
    for stage in ("sft", "evaluate-base", "evaluate-dpo"):
        name = job_name(plan, stage, digest)
        assert len(name) <= MAX_NAME
        assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", name)
        assert name.endswith(digest[:10])


def _bundle(path: Path) -> dict[str, str]:
    compiled = compile_spec(path, "spec.yaml").value
    assert compiled is not None
    # PLAN.md names the digest of the spec's text, which a new order changes
    return {file.name: file.text for file in compiled.bundle.files if file.name != "PLAN.md"}


def _shuffled(value: object, rng: random.Random) -> object:
    if isinstance(value, dict):
        items = list(value.items())
        rng.shuffle(items)
        return {key: _shuffled(inner, rng) for key, inner in items}
    return [_shuffled(inner, rng) for inner in value] if isinstance(value, list) else value
