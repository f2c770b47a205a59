"""Reading back: a text is taken only when it is its template with the values that were meant, and nothing else."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import nodes

from compiler.render.read_back import Holes, reads_as, reads_back, same
from compiler.render.templates import _environment, templates_folder
from compiler.spec.yaml.load import compose
from compiler.spec.yaml.quote import quote

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXT


def rendered(value: object, name: str = "k", text: str = "x: 1\n") -> tuple[Holes, str]:
    holes = Holes()
    skeleton = (
        f"fixed: [1, true]\na: {holes.quote(value)}\n{holes.key(name)}: {holes.quote([value])}\n"
        f"data:\n  b: {holes.block(text, 4)}\n"
    )
    return holes, skeleton


@given(SCALARS, TEXT)
def test_every_value_that_is_quoted_reads_back(value: object, name: str) -> None:
    holes, skeleton = rendered(value, name)
    text = holes.fill(skeleton)
    # a name that is already a key makes the text ambiguous, which is refused
    assert reads_back(text, skeleton, holes.values) == (name not in ("a", "fixed", "data"))


@given(SCALARS)
def test_readers_agree(value: object) -> None:
    text = f"a: {quote(value)}\n"
    assert reads_as(text, {"a": value})
    assert same({"a": value}, yaml.safe_load(text))
    composed = compose(text, "x")
    assert not composed.ok or same({"a": value}, composed.value.data)  # ours refuses control characters


@pytest.mark.parametrize(
    "written",
    [
        "x\nadmin: true",  # a value that brings a key with it
        "x\n---\nb: 1",  # or a document
        '"x", "y"',
        "[x]",
        "yes # no",
        "1",
        "null",
        '"x',
        "&a x",
        "!!str x",
    ],
)
def test_a_value_written_without_quotes_is_found(written: str) -> None:
    holes, skeleton = rendered("x")
    text = holes.fill(skeleton)
    assert reads_back(text, skeleton, holes.values)
    broken = text.replace('a: "x"', f"a: {written}")
    assert broken != text
    # a tag or an anchor changes no value, only what it is written like
    harmless = written in ("&a x", "!!str x")
    assert reads_back(broken, skeleton, holes.values) == harmless


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("[1, true]", "[1, false]"),
        ("fixed:", "fixes:"),
        ("[1, true]", "[1, true, 2]"),
        ("data:", "more: 1\ndata:"),
        ("x: 1", "x: 2"),
    ],
)
def test_a_change_around_the_values_is_found(one: str, other: str) -> None:
    holes, skeleton = rendered("x")
    text = holes.fill(skeleton)
    assert not reads_back(text.replace(one, other), skeleton, holes.values)


def test_types_are_part_of_a_value() -> None:
    assert not reads_as("a: 1\n", {"a": True})
    assert not reads_as("a: 1.0\n", {"a": 1})
    assert not reads_as("a: '1'\n", {"a": 1})
    assert reads_as("a: [1, x]\n", {"a": (1, "x")})
    assert not reads_as("a: 1\n---\na: 1\n", {"a": 1})


def test_a_value_keeps_whole_numbers_of_any_size() -> None:
    assert reads_as(f"a: {10**25}\n", {"a": 10**25})


def test_templates_write_no_value_themselves() -> None:
    """Whatever a template writes goes through `q`, `key`, `word` or `block`, or is a word of the template itself."""
    environment = _environment()
    templates = sorted(templates_folder().rglob("*.yaml.j2"))
    assert len(templates) >= 5
    for path in templates:
        tree = environment.parse(path.read_text(encoding="utf-8"))
        for output in tree.find_all(nodes.Output):
            for node in output.nodes:
                assert isinstance(node, nodes.TemplateData) or _is_quoted(node), (path.name, node)


def _is_quoted(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Filter):
        return node.name == "block"
    if isinstance(node, nodes.Call):
        # what a template extends, and what calls a macro, is held to this, too
        return node.node.name in ("q", "key", "word", "super", "caller")
    return False
