"""Preference pairs from rows, by rules D1, D3 and D4.

A badcase's fix becomes the chosen answer, and its logged wrong answer the rejected one.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rapidfuzz.distance import Levenshtein

from runtime.contract.errors import StageError
from runtime.contract.stages import PairsStage
from runtime.data.answer_form import require_template
from runtime.data.by_row import for_each_row
from runtime.data.control_tokens import rows_without_control_tokens
from runtime.data.examples import Example, require_one_kind
from runtime.data.formats import Row
from runtime.data.rows import Source, names_of, read_sources
from runtime.data.tokens import length_of
from runtime.model.load import check_model_files, load_tokenizer
from runtime.stage.context import StageContext
from runtime.stage.files import write_text
from runtime.stage.report import Outcome

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PAIRS_FILE = "preference.jsonl"
FATES = ("made", "given", "no_answer", "equal", "too_close", "duplicate")
MAX_EXAMPLES = 5  # ids of each kind in the report
NOT_GIVEN = "not given"
_PAIR = ("prompt", "chosen", "rejected")
_KEPT = ("id", "class", "cluster", "tools")  # columns that later reports group by, and the tools of the prompt


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A row and its `fate`: `made` from a badcase, `given` as a pair, or the reason for none.

    `pair` is empty if there is none. `name` is the row's id, or its place. `off_policy` means that the answer is from
    another model than the policy.
    """

    row: Row
    name: str
    fate: str
    pair: Row
    off_policy: bool = False


def run(stage: PairsStage, context: StageContext) -> Outcome:
    """Write `preference.jsonl` to the output folder; the report lists each rule's effects."""
    context.events.emit("phase", name="check data")
    sources = read_sources(stage.data, context.volumes)
    judged = judge_rows(sources, stage)
    check_model_files(stage.model, context.volumes)
    require_learnable(judged, load_tokenizer(stage.model, context.volumes), stage.model.path)
    rows = pair_rows(judged)
    excluded = sum(source.excluded for source in sources)
    counts = {"usable": len(rows), "dropped": len(judged) - len(rows), "excluded": excluded}
    fates = {name: len(_of(judged, name)) for name in FATES}
    off_policy = sum(each.off_policy for each in judged)
    context.events.emit("pairs", **counts, **fates, off_policy=off_policy)
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    write_text(context.folder / PAIRS_FILE, "".join(lines))
    return Outcome(training=counts, report={"rules": report(judged, stage, excluded)})


def judge_rows(sources: Sequence[Source], stage: PairsStage) -> list[Judged]:
    """Decide for every row (shape `preference` or `badcase`), in order, whether it gives a pair.

    Pairs of similar answers lower the likelihood of both (arXiv 2410.08847). Pairs are dropped if their answers are
    equal, or if the Levenshtein distance over the longer length is below `pairs.min_edit_distance`. Of duplicate pairs,
    the first is kept. RUN712 if no pair remains, RUN716 if rows mix plain text and turns.
    """
    require_one_kind(sources)
    seen: set[str] = set()
    judged = [_judge(source, row, place, stage, seen) for source in sources for row, place in _placed(source)]
    if not any(each.pair for each in judged):
        raise _none_left(sources, stage)
    return judged


def pair_rows(judged: Sequence[Judged]) -> list[Row]:
    """Return the pairs with the id, class, cluster and tools of their rows."""
    return [each.pair | {name: each.row[name] for name in _KEPT if each.row.get(name)} for each in judged if each.pair]


def require_learnable(judged: Sequence[Judged], tokenizer: "PreTrainedTokenizerBase", model: str) -> None:
    """Raise an error if the policy `model` could not learn a pair as it is asked: RUN718, RUN724, RUN725 or RUN726.

    The stages after this one would find the same, but cannot name the row that a pair was made of.
    """
    given = [each for each in judged if each.pair]
    rows = [[_example(each, name) for name in _PAIR[1:]] for each in given]
    require_template([example for row in rows for example in row], tokenizer, model)
    rows_without_control_tokens(rows, tokenizer)
    for column in zip(*rows, strict=True):
        for_each_row(lambda example: length_of(example, tokenizer), column)


def report(judged: Sequence[Judged], stage: PairsStage, excluded: int) -> dict[str, Any]:
    """Return the effects of each rule of the compiler's table, with the first row ids."""
    made = _of(judged, "made")
    return {
        "given": _shown(_of(judged, "given")),
        "D1": {"made": _shown(made), "no_logged_answer": _shown(_of(judged, "no_answer"))},
        "D3": {
            "min_edit_distance": stage.pairs.min_edit_distance,
            "equal": _shown(_of(judged, "equal")),
            "closer_than_the_floor": _shown(_of(judged, "too_close")),
        },
        "D4": {
            "policy": stage.model.path,
            "policy_adapters": list(stage.model.adapters),
            "kept_but_off_policy": _shown([each for each in judged if each.off_policy]),
            "logged_by": dict(Counter(_given(each.row.get("model")) for each in made)),
            "prompt_versions": dict(Counter(_given(each.row.get("prompt_version")) for each in made)),
        },
        "duplicates": _shown(_of(judged, "duplicate")),
        "excluded_classes": {
            "rows": excluded,
            "classes": sorted({name for block in stage.data for name in block.exclude_classes}),
            "labels": sorted({str(each.filter) for block in stage.data for each in block.exclude_labels}),
        },
    }


def _placed(source: Source) -> Iterator[tuple[Row, str]]:
    return zip(source.rows, source.places, strict=True)


def _judge(source: Source, row: Row, place: str, stage: PairsStage, seen: set[str]) -> Judged:
    """Judge one row against the pairs in `seen`, and add its pair there."""
    is_badcase = source.block.shape == "badcase"
    name = row["id"] if isinstance(row.get("id"), str) else place
    pair = _badcase_pair(row) if is_badcase else {column: row[column] for column in _PAIR}
    fate = _unusable(pair, stage.pairs.min_edit_distance)
    key = json.dumps(pair, sort_keys=True)
    if not fate and key in seen:
        fate = "duplicate"
    if fate:
        return Judged(row=row, name=name, fate=fate, pair={})
    seen.add(key)
    logged_elsewhere = bool(stage.model.adapters) or row.get("model") != stage.model.path
    fate = "made" if is_badcase else "given"
    return Judged(row=row, name=name, fate=fate, pair=pair, off_policy=is_badcase and logged_elsewhere)


def _example(judged: Judged, answer: str) -> Example:
    place, pair = f"row `{judged.name}`", judged.pair
    if isinstance(pair["prompt"], str):
        return Example(place=place, is_made=False, prompt=pair["prompt"], answer=pair[answer])
    turns, tools = [*pair["prompt"], *pair[answer]], judged.row.get("tools") or None
    return Example(place=place, is_made=False, turns=turns, first=len(pair["prompt"]), tools=tools)


def _unusable(pair: Row, floor: float) -> str:
    """Return why two answers make no pair; empty if they make one.

    The reason is `no_answer`, `equal` or `too_close`.
    """
    chosen, rejected = _text(pair["chosen"]).strip(), _text(pair["rejected"]).strip()
    if not rejected:  # the system's answer was not logged
        return "no_answer"
    distance = Levenshtein.normalized_distance(chosen, rejected)
    if distance == 0:
        return "equal"
    return "too_close" if distance < floor else ""


def _badcase_pair(row: Row) -> Row:
    fix, answer = row["fix"], row.get("answer") or ""
    if isinstance(row["prompt"], str):
        return {"prompt": row["prompt"], "chosen": fix, "rejected": answer}
    chosen = [{"role": "assistant", "content": fix}]
    rejected = [{"role": "assistant", "content": answer}]
    return {"prompt": row["prompt"], "chosen": chosen, "rejected": rejected}


def _text(answer: str | list[dict[str, str]]) -> str:
    return answer if isinstance(answer, str) else "\n".join(turn["content"] for turn in answer)


def _of(judged: Sequence[Judged], fate: str) -> list[Judged]:
    return [each for each in judged if each.fate == fate]


def _shown(judged: Sequence[Judged]) -> dict[str, Any]:
    return {"count": len(judged), "examples": [each.name for each in judged[:MAX_EXAMPLES]]}


def _given(value: object) -> str:
    return value if isinstance(value, str) and value else NOT_GIVEN


def _none_left(sources: Sequence[Source], stage: PairsStage) -> StageError:
    count = sum(len(source.rows) for source in sources)
    floor = stage.pairs.min_edit_distance
    message = f"no usable pair in {names_of(stage.data)}: all {count} rows lack an answer or are closer than {floor}"
    return StageError("RUN712", message, "log answers that differ from their fix, or lower `pairs.min_edit_distance`")
