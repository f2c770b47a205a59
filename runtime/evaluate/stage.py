"""Evaluation: greedy answers to what the model was not trained on, scored and compared, and the gate's decision."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from runtime.contract.stages import EvaluateStage
from runtime.data.rows import read_sources
from runtime.evaluate.changes import BROKEN_FILE, broken_of, chain_worth, fix_rates
from runtime.evaluate.forgetting import TEXT_FILE, Read, read_earlier_texts, read_texts
from runtime.evaluate.question_sets import BADCASES, GENERAL, HELD_OUT, Asked, general_texts, sets_of
from runtime.evaluate.scored import Answered, Earlier, costs_of, judge, read_earlier
from runtime.model.generate import Answer, generate_answers
from runtime.model.load import check_model_files, context_length, load_model, load_tokenizer
from runtime.model.prompts import prompts_of
from runtime.scoring.metrics import Judges
from runtime.stage.answer_log import AnswerLog
from runtime.stage.context import StageContext
from runtime.stage.files import write_text
from runtime.stage.gate import TOLERATED_ANSWERS, TOLERATED_BITS, Change, Decision, decide
from runtime.stage.report import Outcome
from runtime.stage.statistics import Interval, interval_of_gain

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

DIRECT = "without_chain"
DIRECT_FILE = "without_chain.jsonl"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Baseline:
    """What the earlier evaluation found on the same sets, and on the same general texts."""

    sets: dict[str, Earlier]
    texts: Read | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _General:
    """What is left of general ability, by one measure: its value, and what was gained over the baseline.

    `gain` is of answers in points, and of bits in shares of the baseline's.
    """

    measure: str
    value: Interval
    gain: Interval | None
    tolerated: float


def run(stage: EvaluateStage, context: StageContext) -> Outcome:
    """Answer and score every row, compare with the baseline, and decide.

    Writes the answers to each set of questions (`predictions.jsonl`, `badcases.jsonl`, `general.jsonl`), the bits of
    general texts, and the held-out answers that broke. Figures of tokens, time, badcases and losses go into the report.
    """
    context.events.emit("phase", name="check data")
    sources = read_sources(stage.data, context.volumes)
    texts = general_texts(sources)
    check_model_files(stage.model, context.volumes)
    with Judges() as judges:
        sets = sets_of(stage, sources, context.volumes.data, judges)
        baseline = _read_baseline(stage, context, sets, texts)
        tokenizer = load_tokenizer(stage.model, context.volumes)
        prompts = _prompts(stage, context, tokenizer, sets)

        context.events.emit("phase", name="load model")
        model = load_model(stage.model, context.volumes)
        answers = {name: _answers(stage, context, model, tokenizer, name, prompts=prompts[name]) for name in prompts}
        read = _read_texts(stage, context, model, tokenizer, texts)

        context.events.emit("phase", name="score")
        data = context.volumes.data
        found = {asked.name: judge(asked, answers[asked.name], data, judges) for asked in sets}
        direct = judge(sets[0], answers[DIRECT], data, judges) if DIRECT in answers else None
    return _outcome(stage, context, found, direct, read, baseline)


def _read_baseline(
    stage: EvaluateStage, context: StageContext, sets: list[Asked], texts: list[str]
) -> _Baseline | None:
    if stage.gate is None or stage.gate.baseline is None:
        return None
    outputs, name = context.volumes.outputs, stage.gate.baseline
    return _Baseline(
        sets={asked.name: read_earlier(outputs, name, asked) for asked in sets},
        texts=read_earlier_texts(outputs, name, texts) if texts else None,
    )


def _prompts(
    stage: EvaluateStage, context: StageContext, tokenizer: "PreTrainedTokenizerBase", sets: list[Asked]
) -> dict[str, list[list[int]]]:
    """The prompts of each set; those of the held-out rows once more with the marker, where chains are left out."""
    room = context_length(stage.model, context.volumes)
    limits: dict[str, Any] = {"answer_tokens": stage.generation.max_new_tokens, "context": room}
    prompts = {asked.name: prompts_of(asked.rows, tokenizer, **limits) for asked in sets}
    marker = sets[0].metrics[0].answer_marker
    if stage.without_chain and marker is not None:
        # the model writes the white space behind the marker itself, as one token with what follows
        prompts[DIRECT] = prompts_of(sets[0].rows, tokenizer, begin=marker.rstrip(), **limits)
    return prompts


def _answers(
    stage: EvaluateStage,
    context: StageContext,
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    name: str,
    *,
    prompts: list[list[int]],
) -> list[Answer]:
    context.events.emit("phase", name=f"answer {name.replace('_', ' ')}")
    log = AnswerLog(context.folder, context.config_sha256, name)
    return generate_answers(model, tokenizer, prompts, stage.generation, log, context)


def _read_texts(
    stage: EvaluateStage,
    context: StageContext,
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    texts: list[str],
) -> Read | None:
    if not texts:
        return None
    context.events.emit("phase", name="read general text")
    return read_texts(model, tokenizer, texts, context_length(stage.model, context.volumes), context)


def _outcome(
    stage: EvaluateStage,
    context: StageContext,
    found: dict[str, Answered],
    direct: Answered | None,
    read: Read | None,
    baseline: _Baseline | None,
) -> Outcome:
    """Write the files, make the report, and decide."""
    held_out = found[HELD_OUT]
    report = costs_of(held_out.answers, stage.generation.batch_size)
    files = _files(found, direct, read)
    changes = []
    if baseline is not None:
        broken = broken_of(held_out, baseline.sets[HELD_OUT])
        report["broken"], files[BROKEN_FILE] = broken.figures, broken.lines
    if BADCASES in found:
        before = None if baseline is None else baseline.sets[BADCASES].values
        report["badcases"] = fix_rates(found[BADCASES], before)
        changes += [_badcase_change(found[BADCASES], before)] if before else []
    if general := _general(found.get(GENERAL), read, baseline):
        report["general"] = [asdict(each) for each in general]
        changes += [
            Change(name=f"`{each.measure}` on general rows", gain=each.gain, tolerated=each.tolerated)
            for each in general
            if each.gain is not None
        ]
    if direct is not None:
        report["without_chain"] = chain_worth(held_out, direct)
    for name, text in files.items():
        write_text(context.folder / name, text)
    for name in (*found, *([DIRECT] if direct else [])):
        AnswerLog(context.folder, context.config_sha256, name).remove()
    return Outcome(metrics=held_out.intervals, report=report, gate=_gate(stage, held_out, baseline, changes))


def _files(found: dict[str, Answered], direct: Answered | None, read: Read | None) -> dict[str, str]:
    files = {answered.asked.file: answered.lines for answered in found.values()}
    if direct is not None:
        files[DIRECT_FILE] = direct.lines
    if read is not None:
        files[TEXT_FILE] = read.lines
    return files


def _general(answered: Answered | None, read: Read | None, baseline: _Baseline | None) -> list[_General]:
    """What became of general questions and of general text."""
    found = []
    if answered is not None:
        name = answered.asked.metrics[0].name
        before = baseline and baseline.sets[GENERAL].values
        gain = before and interval_of_gain(answered.values, before, answered.asked.clusters)
        found.append(
            _General(measure=name, value=answered.intervals[name], gain=gain or None, tolerated=TOLERATED_ANSWERS)
        )
    if read is not None:
        saving = read.saving(baseline.texts) if baseline and baseline.texts else None
        found.append(_General(measure="bits_per_byte", value=read.bits_per_byte, gain=saving, tolerated=TOLERATED_BITS))
    return found


def _gate(
    stage: EvaluateStage, held_out: Answered, baseline: _Baseline | None, changes: list[Change]
) -> Decision | None:
    if stage.gate is None:
        return None
    gain = None
    if baseline is not None:
        gain = interval_of_gain(held_out.values, baseline.sets[HELD_OUT].values, held_out.asked.clusters)
    metric = stage.gate.metric
    value, gate = held_out.intervals[metric], stage.gate
    return decide(metric, value, gain, gate.target, changes, needs_gain=gate.needs_gain)


def _badcase_change(answered: Answered, before: list[float]) -> Change:
    gain = interval_of_gain(answered.values, before, answered.asked.clusters)
    return Change(name="the fix rate of badcases", gain=gain, tolerated=None)
