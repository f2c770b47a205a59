"""The parts of an augmentation: passages, tolerant reading, the graph, units, agreement, and beliefs."""

from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.contract.blocks import DataBlock, ModelBlock
from runtime.contract.volumes import Volumes
from runtime.data.rows import Source
from runtime.make.augment.asking import Found
from runtime.make.augment.beliefs import loss_of, own_beliefs
from runtime.make.augment.chunks import Chunk, chunks_of, language_of, passages_of, tokens_in
from runtime.make.augment.graph import Fact, knowledge_of
from runtime.make.augment.keep import agreement, leaked
from runtime.make.augment.parse import extraction_of, pair_of, statements_of, verdict_of
from runtime.make.augment.units import units_of, weakest_first
from runtime.model.endpoint.client import Reply
from runtime.model.load import load_model
from runtime.stage.context import StageContext
from runtime.stage.events import EventStream
from runtime.stage.stop import StopRequest


def reply(text: str, *, truncated: bool = False) -> Reply:
    return Reply(text=text, truncated=truncated, prompt_tokens=1, completion_tokens=1)


@given(st.text(alphabet="ab .!?\n,水泵。！；”", max_size=400), st.integers(min_value=1, max_value=40))
def test_passages_are_the_whole_text_in_bounded_pieces(text: str, most: int) -> None:
    pieces = list(passages_of(text, most))
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(0 < tokens_in(piece) <= most for piece in pieces)


def test_passages_end_with_sentences() -> None:
    text = "The pump runs. It fills the tank!\n水泵运行。水箱满了！“好。”走吧。"
    assert list(passages_of(text, 9)) == ["The pump runs. It fills the tank!", "水泵运行。水箱满了！", "“好。”走吧。"]


@pytest.mark.parametrize(
    ("text", "language"),
    [("水泵每天运行40小时", "zh"), ("The 水泵 pump runs", "en"), ("ポンプが動く", "en"), ("", "en")],
)
def test_the_language_of_prompts(text: str, language: str) -> None:
    assert language_of(text) == language


def test_equal_passages_are_read_once() -> None:
    block = cast("DataBlock", None)
    rows: list[dict[str, Any]] = [{"text": "One."}, {"text": "Two."}, {"text": " One. "}]
    source = Source(block=block, rows=rows, places=["a:1", "a:2", "a:3"], excluded=0)
    assert [(each.name, each.text) for each in chunks_of([source], 64)] == [("a:1#1", "One."), ("a:2#1", "Two.")]


@pytest.mark.parametrize(
    "line",
    [
        "RELATION | pump | tank | The pump fills the tank.",
        "1. **RELATION** | `pump` | tank | The pump fills the tank.",
        "- (relation|pump|tank|The pump fills the tank.)",
        "关系｜pump｜tank｜The pump fills the tank.",
        "<think>RELATION | a | b | c</think>\nRelation: pump | tank | The pump fills the tank.",
    ],
)
def test_relations_are_read_however_they_are_decorated(line: str) -> None:
    found = extraction_of(reply(f"Sure! Here they are:\n{line}\nEND"))
    assert found is not None
    (relation,) = found.relations
    assert (relation.one, relation.other, relation.text) == ("pump", "tank", "The pump fills the tank.")


@pytest.mark.parametrize(
    "text", ["", "no lines", "ENTITY | a | b | c", "RELATION | a | A | itself", "RELATION | a | b"]
)
def test_what_is_no_relation_is_not_used(text: str) -> None:
    assert extraction_of(reply(text)) is None


def test_a_cut_reply_loses_its_last_line() -> None:
    found = extraction_of(reply("RELATION | a | b | whole\nRELATION | a | c | ha", truncated=True))
    assert found is not None
    assert [each.other for each in found.relations] == ["b"]


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("QUESTION: Who?\nANSWER: She.", ("Who?", "She.")),
        ("**Question:** Who?\n\n**Answer:** She\nand he.", ("Who?", "She and he.")),
        ("1. Q: Who?\n2. A: She.\nQ: Other?\nA: He.", ("Who?", "She.")),
        ("问题：谁？\n答案：她（2人）", ("谁？", "她（2人）")),
        ("QUESTION: Who?", None),
        ("QUESTION:\nANSWER: She.", None),
        ("I cannot help.", None),
    ],
)
def test_questions_and_answers_are_read(text: str, pair: tuple[str, str] | None) -> None:
    assert pair_of(reply(text)) == pair
    assert pair_of(reply(text, truncated=True)) is None


def test_statements_and_verdicts_are_read() -> None:
    assert statements_of(reply("TRUE: a\nFALSE: b")) == ("a", "b")
    assert statements_of(reply("True: same\nFalse: Same")) is None
    verdicts = {"Yes.": True, "no": False, "是的": True, "不正确": False, "正确": True, "Nobody knows": None, "": None}
    assert {text: verdict_of(reply(text)) for text in verdicts} == verdicts


def graph_of(*relations: tuple[str, str, str]) -> tuple[Fact, ...]:
    texts = [f"RELATION | {one} | {other} | {text}" for one, other, text in relations]
    chunks = [Chunk(name=f"c{at}", place="p", text=each, language="en") for at, each in enumerate(texts)]
    found = [Found(value=item, key=str(at)) for at, each in enumerate(texts) if (item := extraction_of(reply(each)))]
    return knowledge_of(chunks, found).facts


def test_equal_names_are_one_entity_and_equal_facts_one_fact() -> None:
    facts = graph_of(
        ("The Pump", "Tank", "The pump fills it."), ("tank", "pump", "The pump fills it!"), ("ＰＵＭＰ", "水箱", "x")
    )
    assert [(fact.entities, fact.statements, fact.chunks) for fact in facts] == [
        (("The Pump", "Tank"), ("The pump fills it.",), ("c0", "c1")),
        (("The Pump", "水箱"), ("x",), ("c2",)),
    ]


def test_units_begin_with_what_is_least_known() -> None:
    facts = graph_of(("a1", "b1", "one"), ("b1", "c1", "two"), ("c1", "d1", "three"), ("x1", "y1", "four"))
    order = weakest_first(facts, {1: 0.1, 2: 2.0, 4: 0.5})
    assert [fact.number for fact in order] == [2, 4, 1, 3]
    units = list(units_of(order, ["atomic", "multi-hop", "aggregated"], 3))
    made = [(each.kind, [fact.number for fact in each.facts]) for each in units]
    assert made[:3] == [("atomic", [2]), ("multi-hop", [2, 1]), ("aggregated", [2, 1, 3])]
    assert ("multi-hop", [4]) not in made  # no other fact has one of its entities
    assert len({(kind, *sorted(numbers)) for kind, numbers in made}) == len(made)


@given(
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh")), max_size=20),
    st.integers(min_value=2, max_value=6),
)
def test_units_are_bounded_connected_and_different(edges: list[tuple[str, str]], most: int) -> None:
    facts = graph_of(*[(f"n{one}", f"n{other}", f"{one}{other}") for one, other in edges if one != other])
    seen = set()
    for unit in units_of(weakest_first(facts, {}), ["atomic", "multi-hop", "aggregated"], most):
        numbers = [fact.number for fact in unit.facts]
        assert len(set(numbers)) == len(numbers) <= max(most, 2)
        reached = set(unit.facts[0].nodes)
        for _ in unit.facts:
            reached |= {node for fact in unit.facts if reached & set(fact.nodes) for node in fact.nodes}
        assert all(set(fact.nodes) <= reached for fact in unit.facts)
        key = (unit.kind, *sorted(numbers))
        assert key not in seen
        seen.add(key)


@pytest.mark.parametrize(
    ("one", "other", "agrees"),
    [
        ("Article 17.", "Article 17 abolishes it.", True),
        ("Article 17.", "Article 18.", False),
        ("Yes, with consent.", "No, not with consent.", False),
        ("每天40吨", "水泵每天供水40吨。", True),
        ("是，需要批准", "否，需要批准", False),
        ("The pump", "The moon", False),
        ("", "something", False),
    ],
)
def test_agreement_of_two_answers(one: str, other: str, agrees: bool) -> None:
    assert (agreement(one, other) >= 0.5) is agrees
    assert agreement(one, other) == agreement(other, one)


def test_kept_questions_pass_the_test_of_the_compiler() -> None:
    asked = ["Where is the blue parcel with the two lamps?", "谁批准了第十二号水泵的维修？"]
    rows = [{"id": str(at), "prompt": each, "reference": "x"} for at, each in enumerate(asked)]
    source = Source(block=cast("DataBlock", None), rows=rows, places=["h:1", "h:2"], excluded=0)
    questions = [
        "where is the BLUE parcel with the two lamps",
        "Where is the blue parcel with two lamps?",
        "Tell me: 谁批准了第十二号水泵的维修？",
        "How heavy is it?",
    ]
    assert leaked(questions, [source]) == {0: "equal", 1: "near", 2: "contained"}


def test_the_loss_of_a_guess_is_log_two() -> None:
    assert loss_of(0.5, 0.5) == pytest.approx(0.6931, abs=1e-4)
    assert loss_of(None, None) is None
    assert loss_of(1.0, 0.0) == pytest.approx(0.0001, abs=1e-4)
    known, unknown = loss_of(0.9, 0.2), loss_of(0.1, None)
    assert known is not None
    assert unknown is not None
    assert known < 0.7 < unknown


@pytest.mark.slow
def test_beliefs_do_not_depend_on_the_batch(tiny_models: Path, tmp_path: Path) -> None:
    volumes = Volumes(models=tiny_models, data=tmp_path, outputs=tmp_path)
    context = StageContext(
        volumes=volumes,
        folder=tmp_path,
        config_sha256="0" * 64,
        events=EventStream(None),
        stop=StopRequest(),
        stage=cast("Any", None),
    )
    block = ModelBlock(path="tiny/1", adapters=[], dtype="float32", trust_remote_code=False)
    model = load_model(block, volumes)
    statements = ["The pump runs.", "It fills the tank with 40 litres of water a minute.", "水泵运行。", "No."]
    one, several = (own_beliefs(model, block, statements, batch_size=size, context=context) for size in (1, 4))
    assert one == pytest.approx(several, abs=1e-5)
    assert all(0 < each < 1 for each in one)
    assert len(set(one)) == len(one)
