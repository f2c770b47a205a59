"""Evaluation: answers to held-out rows, their scores, and the gate's decision."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from runtime.contract.stages import EvaluateStage
from runtime.data.formats import Row
from runtime.data.prompt_file import prompted, read_prompt
from runtime.data.rows import read_sources
from runtime.evaluate.baselines import load_baselines
from runtime.evaluate.changes import BROKEN_FILE, broken_of, chain_worth, fix_rates
from runtime.evaluate.forgetting import TEXT_FILE, TextBits, measure_texts
from runtime.evaluate.judged import judged_report
from runtime.evaluate.question_sets import BADCASES, GENERAL, HELD_OUT, QuestionSet, build_question_sets, general_texts
from runtime.evaluate.samples import answer_samples
from runtime.evaluate.scored import ScoredSet, costs_of, score_answers
from runtime.evaluate.served import refuse_served_tools, served_answers
from runtime.evaluate.verdict import Measured, decision, gate_report
from runtime.model.generate import Answer, generate_answers
from runtime.model.load import check_model_files, context_length, load_model, load_tokenizer
from runtime.model.prompts import prompts_of
from runtime.scoring.judge.panel import JudgePanel
from runtime.scoring.metrics import Judges
from runtime.scoring.planned import require_planned
from runtime.stage.answer_log import AnswerLog
from runtime.stage.context import StageContext
from runtime.stage.files import write_text
from runtime.stage.report import Outcome
from runtime.stage.samples import write_samples

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

DIRECT = "without_chain"
DIRECT_FILE = "without_chain.jsonl"


def run(stage: EvaluateStage, context: StageContext) -> Outcome:
    """Generate and score all answers, compare them with the baseline, and decide.

    Writes the answers to each question set (`predictions.jsonl`, `badcases.jsonl`, `general.jsonl`), the bits of
    general texts, and the broken held-out answers. Every metric scores the same answers. The report has figures of
    tokens, time, badcases, losses and guards.
    """
    context.events.emit("phase", name="check data")
    sources = read_sources(stage.data, context.volumes)
    texts = general_texts(sources)
    require_planned(stage.metric_code, context.volumes.data, "a metric")
    text = read_prompt(stage.prompt, context.volumes)
    if stage.served is None:
        check_model_files(stage.model, context.volumes)
    panel = _panel(stage, context)
    with Judges(panel) as judges:
        sets = build_question_sets(stage, sources, context.volumes.data, judges)
        baselines = load_baselines(stage.gate, context.volumes.outputs, sets, texts)
        asked = {questions.name: _asked(text, questions) for questions in sets}
        if stage.served is not None:
            refuse_served_tools(asked)
            answers, text_bits = served_answers(stage.served, stage, asked, context), None
        else:
            answers, text_bits = _local_answers(stage, context, sets, asked, texts)

        context.events.emit("phase", name="score")
        data = context.volumes.data
        found = {questions.name: score_answers(questions, answers[questions.name], data, judges) for questions in sets}
        direct = score_answers(sets[0], answers[DIRECT], data, judges) if DIRECT in answers else None
    return _outcome(stage, context, Measured(found=found, texts=text_bits, baselines=baselines), direct)


def _panel(stage: EvaluateStage, context: StageContext) -> JudgePanel | None:
    """Return the judge of the stage, after it has answered; None without one."""
    if stage.judge is None:
        return None
    rubrics = {path: stage.metric_code[path] for each in stage.metrics if (path := each.options.get("rubric"))}
    data, folder = context.volumes.data, context.folder
    panel = JudgePanel(stage.judge, rubrics, data, folder=folder, events=context.events, stop=context.stop)
    panel.check()
    return panel


def _asked(text: str, questions: QuestionSet) -> list[Row]:
    """Return the rows with their questions in the prompt; general questions stay as they are."""
    if questions.name == GENERAL:
        return questions.rows
    return [row | {"prompt": prompted(text, row["prompt"])} for row in questions.rows]


def _local_answers(
    stage: EvaluateStage,
    context: StageContext,
    sets: list[QuestionSet],
    asked: Mapping[str, list[Row]],
    texts: list[str],
) -> tuple[dict[str, list[Answer]], TextBits | None]:
    """Return the answers of the weights to each question set, and the bits of the general texts."""
    tokenizer = load_tokenizer(stage.model, context.volumes)
    prompts = _prompts(stage, context, tokenizer, sets, asked)
    context.events.emit("phase", name="load model")
    model = load_model(stage.model, context.volumes)
    answers = {name: _answers(stage, context, model, tokenizer, name, prompts=prompts[name]) for name in prompts}
    return answers, _measure_texts(stage, context, model, tokenizer, texts)


def _prompts(
    stage: EvaluateStage,
    context: StageContext,
    tokenizer: "PreTrainedTokenizerBase",
    sets: list[QuestionSet],
    asked: Mapping[str, list[Row]],
) -> dict[str, list[list[int]]]:
    """Return the prompts of each question set.

    For `without_chain`, also the held-out prompts with the marker.
    """
    room = context_length(stage.model, context.volumes)
    limits: dict[str, Any] = {"answer_tokens": stage.generation.max_new_tokens, "context": room}
    prompts = {name: prompts_of(rows, tokenizer, **limits) for name, rows in asked.items()}
    marker = sets[0].metrics[0].answer_marker
    if stage.without_chain and marker is not None:
        # The model writes the white space after the marker itself, in one token with the text after it.
        prompts[DIRECT] = prompts_of(asked[sets[0].name], tokenizer, begin=marker.rstrip(), **limits)
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
    return generate_answers(model, tokenizer, prompts, stage.generation, log, context, seed=stage.seed)


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


def _outcome(stage: EvaluateStage, context: StageContext, measured: Measured, direct: ScoredSet | None) -> Outcome:
    """Write the files, make the report, and decide."""
    found, gate = measured.found, stage.gate
    held_out, before = found[HELD_OUT], gate.baseline if gate is not None else None
    baseline = measured.baselines[before] if before is not None else None
    report = costs_of(held_out.answers, None if stage.served else stage.generation.batch_size)
    files = _files(measured, direct)
    samples = answer_samples(held_out, baseline.sets[HELD_OUT] if baseline else None)
    write_samples(context.folder, {"answers": samples, "metric": held_out.questions.metrics[0].name})
    if unjudged := {name: len(rows) for name, rows in held_out.questions.left_out.items() if rows}:
        report["unjudged"] = unjudged
    if judged := judged_report(stage, held_out, baseline.sets[HELD_OUT] if baseline else None):
        report["judged"] = judged
    if faults := {name: scored.faults for name, scored in found.items() if scored.faults}:
        report["unscored"] = faults
    if baseline is not None:
        broken = broken_of(held_out, baseline.sets[HELD_OUT])
        report["broken"], files[BROKEN_FILE] = broken.figures, broken.lines
    if BADCASES in found:
        report["badcases"] = fix_rates(found[BADCASES], baseline.sets[BADCASES].values if baseline else None)
    if general := [asdict(each) for each in measured.general(before)]:
        report["general"] = general
    if direct is not None:
        report["without_chain"] = chain_worth(held_out, direct)
    if gate is not None:
        report |= gate_report(gate, measured)
    for name, text in files.items():
        write_text(context.folder / name, text)
    for name in (*found, *([DIRECT] if direct else [])):
        AnswerLog(context.folder, context.config_sha256, name).remove()
    verdict = decision(gate, measured) if gate is not None else None
    return Outcome(metrics=held_out.intervals, report=report, gate=verdict)


def _files(measured: Measured, direct: ScoredSet | None) -> dict[str, str]:
    files = {scored.questions.file: scored.lines for scored in measured.found.values()}
    if direct is not None:
        files[DIRECT_FILE] = direct.lines
    if measured.texts is not None:
        files[TEXT_FILE] = measured.texts.lines
    return files
