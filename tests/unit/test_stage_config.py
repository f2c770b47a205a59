"""Stage configs: whatever blocks a method has, they read back as they were meant, in order."""

from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from compiler.load import compose
from compiler.yaml_scalar import mapping

COMMON = {"schema": "trainspec.dev/stage/v1", "plan": "p", "stage": "s", "method": "m", "output": "o", "seed": 7}
text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=10)
scalars = st.none() | st.booleans() | st.integers(-99, 10**6) | st.floats(-1e6, 1e6) | text
names = st.sampled_from(["data", "trainer", "on", "rewards", "学习率", "a: b", "{{ x }}"])
blocks = st.recursive(
    st.dictionaries(names, scalars | st.lists(scalars, max_size=3), max_size=3),
    lambda inner: st.dictionaries(names, inner | st.lists(inner | scalars, max_size=3), max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(names, blocks | st.lists(blocks, max_size=3) | scalars, max_size=4))
def test_any_block_reads_back(more: dict[str, Any]) -> None:
    config = COMMON | more
    written = mapping(config)
    ours = compose(written, "config.yaml")
    assert ours.value is not None
    assert ours.value.data == config
    assert yaml.safe_load(written) == config
    assert list(yaml.safe_load(written)) == list(config)


def test_it_reads_well() -> None:
    data = [{"path": "a.jsonl", "rows": 2}, {"path": "s-1/rows", "volume": "outputs", "exclude_classes": ["sporadic"]}]
    lines = mapping(COMMON | {"data": data, "peft": None, "trainer": {"learning_rate": 1e-5}}).splitlines()
    assert lines[6:] == [
        "data:",
        '  - path: "a.jsonl"',
        "    rows: 2",
        '  - path: "s-1/rows"',
        '    volume: "outputs"',
        '    exclude_classes: ["sporadic"]',
        "peft: null",
        "trainer:",
        "  learning_rate: 1.0e-05",
    ]
