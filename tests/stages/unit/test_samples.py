"""Sample answers: which ones are chosen, and how foreign text is shown."""

import html.parser
from pathlib import Path
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from runtime.contract.goal_blocks import MetricBlock
from runtime.contract.stages import EvaluateStage
from runtime.evaluate.question_sets import HELD_OUT, QuestionSet
from runtime.evaluate.samples import MOST_SAMPLES, answer_samples, chosen
from runtime.evaluate.scored import BaselineAnswers, ScoredSet
from runtime.model.generate import Answer
from runtime.scoring.metrics import Score
from runtime.stage.page import render_page
from runtime.stage.samples import MOST_CHARACTERS, read_samples, shown, write_samples


def scored(values: list[float], text: str = "answer") -> ScoredSet:
    rows = [
        {"id": f"r{at}", "prompt": f"question {at}", "reference": f"reference {at}", "cluster": f"c{at % 3}"}
        for at in range(len(values))
    ]
    answers = [
        Answer(text=f"{text} {at}", prompt_tokens=1, tokens=1, is_cut=False, seconds=0.1) for at in range(len(values))
    ]
    scores = {"exact_match": {at: Score(value=value, reason="") for at, value in enumerate(values)}}
    questions = QuestionSet(name=HELD_OUT, rows=rows, metrics=[MetricBlock(name="exact_match")])
    return ScoredSet(questions=questions, answers=answers, scores=scores)


def baseline(values: list[float]) -> BaselineAnswers:
    scores = {"exact_match": dict(enumerate(values))}
    return BaselineAnswers(predictions=[f"earlier {at}" for at in range(len(values))], scores=scores)


def test_answers_are_shown_next_to_those_of_the_baseline() -> None:
    found = answer_samples(scored([1.0, 0.0, 1.0, 0.0]), baseline([0.0, 1.0, 1.0, 0.0]))
    assert {name: [row["id"] for row in group["rows"]] for name, group in found.items()} == {
        "fixed": ["r0"],
        "broken": ["r1"],
        "right": ["r2"],
        "wrong": ["r3"],
    }
    (row,) = found["fixed"]["rows"]
    assert (row["question"], row["reference"], row["before"], row["after"]) == (
        "question 0",
        "reference 0",
        "earlier 0",
        "answer 0",
    )
    alone = answer_samples(scored([1.0, 0.0]), None)
    assert list(alone) == ["right", "wrong"]
    assert alone["right"]["rows"][0]["before"] is None


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=60), st.data())
def test_the_choice_is_spread_over_the_clusters(clusters: list[str], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.sampled_from(range(len(clusters))), unique=True).map(sorted))
    picked = chosen(rows, clusters)
    assert picked == chosen(rows, clusters)
    assert picked == sorted(set(picked))
    assert set(picked) <= set(rows)
    assert len(picked) == min(len(rows), MOST_SAMPLES)
    counts = [sum(clusters[at] == name for at in picked) for name in {clusters[at] for at in rows}]
    rest = [sum(clusters[at] == name for at in rows) for name in {clusters[at] for at in rows}]
    assert all(count >= min(whole, max(counts) - 1) for count, whole in zip(counts, rest, strict=True))


@given(st.text(st.characters(), max_size=200))
@example("\ud800 \r \x00")
def test_foreign_text_is_plain_and_can_be_written(tmp_path_factory: Any, text: str) -> None:
    cleaned = shown(text)
    assert not set(cleaned) & {"\x00", "\x1b", "\r", "\u202e", "\u2066", "\ud800"}
    folder = tmp_path_factory.mktemp("samples")
    write_samples(folder, {"answers": {"right": {"count": 1, "rows": [{"after": cleaned}]}}})
    assert read_samples(folder)["answers"]["right"]["rows"][0]["after"] == cleaned


def test_turns_are_shown_with_their_roles_and_long_texts_are_cut() -> None:
    turns = [
        {"role": "user", "content": "有多少？"},
        {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "count"}}]},
    ]
    assert shown(turns) == 'user: 有多少？\nassistant:  [{"function": {"name": "count"}}]'
    assert len(shown("数" * 9999)) == MOST_CHARACTERS + 1
    assert shown("a\u202eb\x1b[31m") == "a\\u202eb\\u001b[31m"


def test_a_damaged_file_of_samples_does_not_count(tmp_path: Path) -> None:
    assert read_samples(tmp_path) == {}
    for text in ("", "{", "[]"):
        (tmp_path / "samples.json").write_text(text, encoding="utf-8")
        assert read_samples(tmp_path) == {}


class Page(html.parser.HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


ATTACKS = (
    "<script>alert(1)</script>",
    "</pre></details><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "{{ 7 * 7 }}{% raw %}",
    "<style>body{background:url(http://x)}</style>",
    "中文答案 & <b>",
)


def rendered(samples: dict[str, Any]) -> Page:
    """The page of an evaluation with these samples."""
    config = {
        "schema": "trainspec.dev/stage/v1",
        "plan": "plan",
        "stage": "evaluate",
        "method": "evaluate",
        "output": "plan-evaluate",
        "seed": 7,
        "model": {"path": "tiny/1", "adapters": [], "dtype": "float32", "trust_remote_code": False},
        "data": [{"path": "held.jsonl", "shape": "evaluation", "sha256": "0" * 64, "rows": 1}],
        "metrics": [{"name": "exact_match"}],
        "generation": {"max_new_tokens": 4, "batch_size": 2},
    }
    document = {
        "plan": "plan",
        "stage": "evaluate",
        "method": "evaluate",
        "ended": "2026-01-01",
        "wall_seconds": 3725.0,
        "parts": [3000.0, 725.0],
        "score": "held-out exact_match 0.500 (0.400–0.600)",
        "config_sha256": "0" * 64,
        "metrics": {},
        "training": {},
        "report": {"warnings": ["nothing is learnt <b>"]},
        "gate": None,
    }
    page = Page()
    page.feed(render_page(document, EvaluateStage.model_validate(config), [], samples))
    return page


def test_the_page_begins_with_score_times_and_warnings() -> None:
    text = " ".join(rendered({}).text.split())
    assert "after 1 h 02 min in 2 runs." in text
    assert "held-out exact_match 0.500 (0.400–0.600)" in text
    assert "Warning: nothing is learnt <b>." in text


def test_the_page_escapes_every_answer_and_forbids_scripts() -> None:
    rows = [
        dict.fromkeys(("id", "cluster", "question", "reference", "before", "after", "reason"), attack)
        | {"score": 0.5, "is_cut": True}
        for attack in (*ATTACKS, "long " * 500)
    ]
    answers = {name: {"count": 9, "rows": rows} for name in ("fixed", "broken", "right", "wrong")}
    samples = [
        {"prompt": each, "completion": each, "rewards": {each: None, "b": 1.0}, "total": 1.0} for each in ATTACKS
    ]
    completions = [{"step": 1, "samples": samples}]
    page = rendered({"answers": answers, "metric": "exact_match", "completions": completions})
    policy = next(attrs["content"] for tag, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in str(policy)
    assert not {"script", "svg", "img", "iframe", "link"} & {tag for tag, _ in page.tags}
    assert sum(tag == "style" for tag, _ in page.tags) == 1
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    for attack in ATTACKS:
        assert page.text.count(attack) >= 4 * 5
    assert "does not apply" in page.text
    assert any(tag == "details" for tag, _ in page.tags)
