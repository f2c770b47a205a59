"""All levers of a spec: the figures of its evidence, its data sources, and the facts about its system.

Targets, limits, budgets and thresholds are decisions of the team, not evidence, so they have none. Sizes of samples
have none either, except the questions of prompt rounds: a larger sample is a measurement to buy, not another finding.
"""

import math
from collections.abc import Callable, Iterator

from pydantic import BaseModel

from compiler.selection.sensitivity.changed import (
    Path,
    value_at,
    with_count,
    with_questions,
    with_report,
    with_rows,
    with_spec,
    with_value,
)
from compiler.selection.sensitivity.lever import SHARE_STEP, Lever, count, flag
from compiler.selection.sensitivity.result_levers import result_levers, shifted
from compiler.spec.evidence import EvidenceFile
from compiler.spec.inputs import Inputs
from compiler.spec.schema.evidence import BadcaseReport, ProbeReport, PromptRounds, ServingReport
from compiler.spec.schema.preflight import RewardPreflight
from compiler.spec.schema.stage_result import StageResult
from compiler.spec.schema.types import Purpose

GUESSED_SCALE = 0.05  # of a share that is given without its interval or its sample
# sizes of samples, and what the team decides
NOT_FINDINGS = {
    "prompts",
    "planned",
    "samples",
    "temperature",
    "requests",
    "traces",
    "total",
    "cases",
    "rows",
    "pairs",
    "outputs",
}
NOT_FINDINGS |= {"positives", "negatives", "weight", "options", "intents", "functions", "code"}
PARTS = {"count": ("traces",), "failed": ("total",)}  # a count's whole: a field of the same object, or of the report


def levers_of(inputs: Inputs) -> list[Lever]:
    """Return the levers of a spec, in a fixed order."""
    return [
        *_system(inputs),
        *_data(inputs),
        *(each for index in range(len(inputs.evidence)) for each in _file(inputs, index)),
    ]


def _system(inputs: Inputs) -> Iterator[Lever]:
    body = inputs.spec.spec
    # a team knows that its system runs, so only what is missing may come out differently
    if not body.system.runs_end_to_end:
        yield _spec_flag(("system", "runs_end_to_end"), "runsEndToEnd", now=False)
    if body.system.traces is not None and not body.system.traces.full_chain:
        yield _spec_flag(("system", "traces", "full_chain"), "traces.fullChain", now=False)
    yield _spec_flag(
        ("goal", "constraints", "closed_book"), "constraints.closedBook", now=body.goal.constraints.closed_book
    )
    if body.teacher is not None:
        yield _spec_flag(
            ("teacher", "outputs_may_train"), "teacher.outputsMayTrain", now=body.teacher.outputs_may_train
        )
    for index, source in enumerate(body.data):
        if source.purpose is Purpose.CORPUS:
            yield _spec_flag(("data", index, "volatile"), f"volatile` of `{source.name}", now=source.volatile)


def _spec_flag(path: Path, name: str, *, now: bool) -> Lever:
    return flag(f"`{name}`", "spec.yaml", now, lambda inputs, value: with_spec(inputs, path, value))


def _data(inputs: Inputs) -> Iterator[Lever]:
    for source in inputs.spec.spec.data:
        name, file = source.name, inputs.files[source.name]
        if source.purpose is Purpose.EVALUATION:  # a sample
            continue
        if source.purpose is Purpose.CORPUS:
            yield _count_of(name, "text_bytes", "bytes", file.text_bytes, 10**12)
            continue
        yield _rows(name, file.rows)
        if file.answered:
            yield _count_of(name, "answered", "rows with both answers", file.answered, file.rows)
            yield _count_of(name, "near", "nearly equal pairs", file.near, file.answered)


def _rows(source: str, now: int) -> Lever:
    return count(f"the rows of `{source}`", "data", now, lambda inputs, value: with_rows(inputs, source, value))


def _count_of(source: str, field: str, words: str, now: int, most: int) -> Lever:
    return count(
        f"the {words} of `{source}`",
        "data",
        now,
        lambda inputs, value: with_count(inputs, source, field, value),
        most=most,
    )


def _file(inputs: Inputs, index: int) -> Iterator[Lever]:
    file = inputs.evidence[index]
    match file.report:
        case PromptRounds() as report:
            yield from _rounds(file, report, index)
        case StageResult() as report:
            yield from result_levers(inputs, report, index)
        case ProbeReport() | BadcaseReport() | RewardPreflight() | ServingReport():
            yield from _figures(file, index, file.report.spec, ("spec",))


def _rounds(file: EvidenceFile, report: PromptRounds, index: int) -> Iterator[Lever]:
    for place, each in enumerate(report.spec.rounds):
        path: Path = ("spec", "rounds", place, "score")
        deviation = math.sqrt(max(each.score * (1 - each.score), 0.01) / each.questions)
        yield _share(f"`score` of round `{each.name}`", file, index, path, 1.96 * deviation, low=0)
    asked = report.spec.rounds[-1].questions
    yield count(
        "`questions` of the prompt rounds",
        file.shown,
        asked,
        lambda inputs, value: with_questions(inputs, asked, value),
        least=1,
    )


def _figures(file: EvidenceFile, index: int, node: object, path: Path, owner: str = "") -> Iterator[Lever]:
    """Yield a lever for each figure below a node of a report: intervals, shares, counts and flags."""
    if isinstance(node, list):
        for place, each in enumerate(node):
            called = getattr(each, "name", None) or getattr(each, "probe", None)
            yield from _figures(file, index, each, (*path, place), f" of `{called}`" if called else owner)
    if not isinstance(node, BaseModel):
        return
    for field, info in type(node).model_fields.items():
        value, here = getattr(node, field), (*path, field)
        name = f"`{'.'.join(_written(file.report, here))}`{owner}"
        if field in NOT_FINDINGS or value is None:
            continue
        if isinstance(value, BaseModel) and {"value", "low", "high"} <= type(value).model_fields.keys():
            yield _interval(name, file, index, here)
        elif isinstance(value, bool):
            yield flag(name, file.shown, value, _setter(file, index, here))
        elif isinstance(value, int):
            least = 1 if any(getattr(each, "ge", None) == 1 for each in info.metadata) else 0
            yield count(
                name, file.shown, value, _setter(file, index, here), least=least, most=_whole(file, path, field)
            )
        elif isinstance(value, float) and any(getattr(each, "le", None) == 1 for each in info.metadata):
            low = -1.0 if any(getattr(each, "ge", None) == -1 for each in info.metadata) else 0.0
            yield _share(name, file, index, here, GUESSED_SCALE, low=low)
        else:
            yield from _figures(file, index, value, here, owner)


def _written(report: BaseModel, path: Path) -> Iterator[str]:
    """Yield the names of a path's fields as they are written in the file, without `spec`, lists and `measures`."""
    node: object = report
    for key in path:
        if isinstance(key, str) and isinstance(node, BaseModel) and key not in ("spec", "kinds", "measures"):
            yield str(type(node).model_fields[key].alias or key)
        node = value_at(node, (key,))


def _whole(file: EvidenceFile, path: Path, field: str) -> int:
    for whole in PARTS.get(field, ()):
        for owner in (path, ("spec",)):
            most = getattr(value_at(file.report, owner), whole, None)
            if most is not None:
                return int(most)
    return 10**9


def _setter(file: EvidenceFile, index: int, path: Path) -> Callable[[Inputs, object], Inputs]:
    return lambda inputs, value: with_report(inputs, index, with_value(file.report, path, value))


def _share(name: str, file: EvidenceFile, index: int, path: Path, scale: float, *, low: float) -> Lever:
    return Lever(
        name=name,
        source=file.shown,
        now=value_at(file.report, path),
        low=low,
        high=1,
        step=SHARE_STEP,
        scale=scale,
        change=_setter(file, index, path),
    )


def _interval(name: str, file: EvidenceFile, index: int, path: Path) -> Lever:
    """Return the lever that moves a measured value together with its interval."""
    found = value_at(file.report, path)
    is_difference = "gain" in name.lower()
    low, high = (-1.0 if is_difference else 0.0), 1.0
    if found.high > 1:  # an amount, such as milliseconds or dollars
        low, high = 0.0, 1e6
    return Lever(
        name=name,
        source=file.shown,
        now=found.value,
        low=low,
        high=high,
        step=1.0 if found.value >= 100 else SHARE_STEP,
        scale=max((found.high - found.low) / 2, SHARE_STEP),
        change=lambda inputs, value: with_report(
            inputs, index, with_value(file.report, path, shifted(found, value, low, high))
        ),
    )
