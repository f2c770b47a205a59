"""Evaluation: greedy answers to held-out rows, their scores, and the gate's decision."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from runtime.contract.stages import EvaluateStage
from runtime.data.rows import read_sources
from runtime.evaluate.changes import BROKEN_FILE, broken_of, chain_worth, fix_rates
from runtime.evaluate.forgetting import TEXT_FILE, TextBits, measure_texts, read_baseline_texts
from runtime.evaluate.question_sets import BADCASES, GENERAL, HELD_OUT, QuestionSet, build_question_sets, general_texts
from runtime.evaluate.scored import BaselineAnswers, ScoredSet, costs_of, read_baseline, score_answers
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
    """The results of the earlier evaluation on the same question sets and general texts."""

    sets: dict[str, BaselineAnswers]
    texts: TextBits | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _General:
    """General ability by one measure: its value, and the gain over the baseline.

    `gain` is a difference of shares for answers, and a share of the baseline's bits for text.
    """

    measure: str
    value: Interval
    gain: Interval | None
    tolerated: float


def run(stage: EvaluateStage, context: StageContext) -> Outcome:
    """Generate and score all answers, compare them with the baseline, and decide.

    Writes the answers to each question set (`predictions.jsonl`, `badcases.jsonl`, `general.jsonl`), the bits of
    general texts, and the broken held-out answers. The report has figures of tokens, time, badcases and losses.
    """
    context.events.emit("phase", name="check data")
    sources = read_sources(stage.data, context.volumes)
    texts = general_texts(sources)
    check_model_files(stage.model, context.volumes)
    with Judges() as judges:
        sets = build_question_sets(stage, sources, context.volumes.data, judges)
        baseline = _load_baseline(stage, context, sets, texts)
        tokenizer = load_tokenizer(stage.model, context.volumes)
        prompts = _prompts(stage, context, tokenizer, sets)

        context.events.emit("phase", name="load model")
        model = load_model(stage.model, context.volumes)
        answers = {name: _answers(stage, context, model, tokenizer, name, prompts=prompts[name]) for name in prompts}
        text_bits = _measure_texts(stage, context, model, tokenizer, texts)

        context.events.emit("phase", name="score")
        data = context.volumes.data
        found = {questions.name: score_answers(questions, answers[questions.name], data, judges) for questions in sets}
        direct = score_answers(sets[0], answers[DIRECT], data, judges) if DIRECT in answers else None
    return _outcome(stage, context, found, direct, text_bits, baseline)


def _load_baseline(
    stage: EvaluateStage, context: StageContext, sets: list[QuestionSet], texts: list[str]
) -> _Baseline | None:
    if stage.gate is None or stage.gate.baseline is None:
        return None
    outputs, name = context.volumes.outputs, stage.gate.baseline
    return _Baseline(
        sets={questions.name: read_baseline(outputs, name, questions) for questions in sets},
        texts=read_baseline_texts(outputs, name, texts) if texts else None,
    )


def _prompts(
    stage: EvaluateStage, context: StageContext, tokenizer: "PreTrainedTokenizerBase", sets: list[QuestionSet]
) -> dict[str, list[list[int]]]:
    """Return the prompts of each question set.

    For `without_chain`, also the held-out prompts with the marker.
    """
    room = context_length(stage.model, context.volumes)
    limits: dict[str, Any] = {"answer_tokens": stage.generation.max_new_tokens, "context": room}
    prompts = {questions.name: prompts_of(questions.rows, tokenizer, **limits) for questions in sets}
    marker = sets[0].metrics[0].answer_marker
    if stage.without_chain and marker is not None:
        # The model writes the white space after the marker itself, in one token with the text after it.
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


def _measure_texts(
    stage: EvaluateStage,
    context: StageContext,
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    texts: list[str],
) -> TextBits | None:
    if not texts:
        return None
    context.events.emit("phase", name="read general text")
    return measure_texts(model, tokenizer, texts, context_length(stage.model, context.volumes), context)


def _outcome(
    stage: EvaluateStage,
    context: StageContext,
    found: dict[str, ScoredSet],
    direct: ScoredSet | None,
    text_bits: TextBits | None,
    baseline: _Baseline | None,
) -> Outcome:
    """Write the files, make the report, and decide."""
    held_out = found[HELD_OUT]
    report = costs_of(held_out.answers, stage.generation.batch_size)
    files = _files(found, direct, text_bits)
    changes = []
    if baseline is not None:
        broken = broken_of(held_out, baseline.sets[HELD_OUT])
        report["broken"], files[BROKEN_FILE] = broken.figures, broken.lines
    if BADCASES in found:
        before = None if baseline is None else baseline.sets[BADCASES].values
        report["badcases"] = fix_rates(found[BADCASES], before)
        changes += [_badcase_change(found[BADCASES], before)] if before else []
    if general := _general(found.get(GENERAL), text_bits, baseline):
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


def _files(found: dict[str, ScoredSet], direct: ScoredSet | None, text_bits: TextBits | None) -> dict[str, str]:
    files = {scored.questions.file: scored.lines for scored in found.values()}
    if direct is not None:
        files[DIRECT_FILE] = direct.lines
    if text_bits is not None:
        files[TEXT_FILE] = text_bits.lines
    return files


def _general(scored: ScoredSet | None, text_bits: TextBits | None, baseline: _Baseline | None) -> list[_General]:
    """Return the results on general questions and on general text."""
    found = []
    if scored is not None:
        name = scored.questions.metrics[0].name
        before = baseline and baseline.sets[GENERAL].values
        gain = before and interval_of_gain(scored.values, before, scored.questions.clusters)
        found.append(
            _General(measure=name, value=scored.intervals[name], gain=gain or None, tolerated=TOLERATED_ANSWERS)
        )
    if text_bits is not None:
        saving = text_bits.saving(baseline.texts) if baseline and baseline.texts else None
        found.append(
            _General(measure="bits_per_byte", value=text_bits.bits_per_byte, gain=saving, tolerated=TOLERATED_BITS)
        )
    return found


def _gate(
    stage: EvaluateStage, held_out: ScoredSet, baseline: _Baseline | None, changes: list[Change]
) -> Decision | None:
    if stage.gate is None:
        return None
    gain = None
    if baseline is not None:
        gain = interval_of_gain(held_out.values, baseline.sets[HELD_OUT].values, held_out.questions.clusters)
    metric = stage.gate.metric
    value, gate = held_out.intervals[metric], stage.gate
    return decide(metric, value, gain, gate.target, changes, needs_gain=gate.needs_gain)


def _badcase_change(scored: ScoredSet, before: list[float]) -> Change:
    gain = interval_of_gain(scored.values, before, scored.questions.clusters)
    return Change(name="the fix rate of badcases", gain=gain, tolerated=None)
