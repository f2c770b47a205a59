"""Rules cite the method in the language of the people who review the plan."""

import pytest
from conftest import SPEC, MakeSpec

from compiler.explain.plan import plan as explained
from compiler.pipeline.phases import compile_spec

ENGLISH = "the model understands the content but behaves unstably: use SFT directly"
CHINESE = "模型能理解内容但行为不稳定 → 直接做 SFT"


def outputs(make_spec: MakeSpec, metadata: str) -> tuple[str, str]:
    """`PLAN.md` and the explanation of the small project, with these lines in its metadata."""
    path = make_spec(spec=SPEC.replace("  name: shop\n", f"  name: shop\n{metadata}", 1))
    outcome = compile_spec(path, "specs/shop/spec.yaml")
    assert outcome.value is not None, outcome.diagnostics
    (review,) = (file.text for file in outcome.value.bundle.files if file.name == "PLAN.md")
    return review, explained(outcome.value.plan)


@pytest.mark.parametrize(
    "metadata", ["", "  description: Answers about orders.\n", "  language: en\n  description: 订单问答\n"]
)
def test_english_readers_see_english_with_the_original_after_it(make_spec: MakeSpec, metadata: str) -> None:
    for text in outputs(make_spec, metadata):
        assert without_breaks(f"“{ENGLISH}” (“{CHINESE}”)") in without_breaks(text)


def without_breaks(text: str) -> str:
    """Text without spaces and the lines of a tree, since the explanation wraps its lines."""
    return "".join(text.replace("│", "").split())


@pytest.mark.parametrize("metadata", ["  language: zh\n", "  description: 订单问答\n"])
def test_chinese_readers_see_the_original_alone(make_spec: MakeSpec, metadata: str) -> None:
    for text in outputs(make_spec, metadata):
        assert f"“{CHINESE}”" in text
        assert ENGLISH not in text
