"""Sequence-level distillation: a teacher's filtered answers become rows for a student.

Kim and Rush 2016 (arXiv 1606.07947). `provenance.json` records the teacher of the rows, and its licence.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from runtime.contract.errors import StageError
from runtime.contract.stages import TeacherStage
from runtime.data.chains import INSTRUCTION, asked_for_chain, split_chain
from runtime.data.formats import Row
from runtime.data.questions import Question, questions_of, refuse_tools
from runtime.data.rows import names_of, read_sources
from runtime.make.teacher.answers import answers_of_endpoint, answers_of_model
from runtime.make.teacher.keep import Kept, keep_answers
from runtime.model.endpoint.client import Reply
from runtime.model.load import check_model_files
from runtime.scoring.verify import Verifier
from runtime.stage.answer_log import AnswerLog, PromptLog
from runtime.stage.context import StageContext
from runtime.stage.files import write_json, write_text
from runtime.stage.report import Outcome

PROVENANCE_FILE = "provenance.json"


def run(stage: TeacherStage, context: StageContext) -> Outcome:
    """Query the teacher; write `<shape>.jsonl` and `provenance.json`.

    The report counts kept and dropped answers. RUN763 if the teacher's licence does not allow training on its output.
    """
    teacher = stage.teacher
    if not teacher.outputs_may_train:
        message = f"licence `{teacher.license}` of teacher `{teacher.path}` does not allow training on its output"
        raise StageError("RUN763", message, "use a teacher whose licence allows it, and set that in the spec")
    context.events.emit("phase", name="check data")
    questions = questions_of(read_sources(stage.data, context.volumes))
    if teacher.access == "weights":
        check_model_files(teacher.weights(stage.model.dtype), context.volumes)
    else:
        refuse_tools([each.row for each in questions], "endpoints are queried")

    marker = stage.metrics[0].answer_marker if stage.work.makes.chain else None
    prompts = [each.prompt if marker is None else asked_for_chain(each.prompt, marker) for each in questions]
    retries = 0
    with Verifier(stage.metrics[0], context.volumes.data, stage.metric_code) as verifier:
        if stage.work.keep == "verified":
            verifier.check(questions)
        if teacher.access == "weights":
            prompt_rows = [each.row | {"prompt": prompt} for each, prompt in zip(questions, prompts, strict=True)]
            replies = answers_of_model(stage, prompt_rows, context)
        else:
            replies, retries = answers_of_endpoint(stage, prompts, context)
        context.events.emit("phase", name="filter")
        kept = keep_answers(
            replies,
            stage.work.keep,
            answer_of=lambda text: _answer_of(text, marker),
            right=lambda number, texts: verifier.right(questions[number], texts),
        )
    rows = _rows(questions, kept, marker)
    if not rows:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(kept.dropped.items()))
        message = f"no answer of the teacher to {names_of(stage.data)} is kept: {reasons}"
        raise StageError("RUN712", message, "check the teacher's answers in the partial log of the output folder")
    report = _report(stage, replies, kept, rows)
    _write(stage, context.folder, rows, report)
    AnswerLog(context.folder, context.config_sha256).remove()
    PromptLog(context.folder, context.config_sha256).remove()
    return Outcome(report={**report, "asked_again": retries})


def _answer_of(text: str, marker: str | None) -> str | None:
    if marker is None:
        return text
    parts = split_chain(text, marker)
    return parts and parts[1]


def _rows(questions: list[Question], kept: Kept, marker: str | None) -> list[Row]:
    return [
        _row(question, text, marker) for question, texts in zip(questions, kept.texts, strict=True) for text in texts
    ]


def _row(question: Question, text: str, marker: str | None) -> Row:
    parts = None if marker is None else split_chain(text, marker)
    if parts is None:
        return {**question.asked, "completion": question.completion(text)}
    return {**question.asked, "chain": parts[0], "completion": question.completion(parts[1])}


def _report(stage: TeacherStage, replies: list[list[Reply]], kept: Kept, rows: list[Row]) -> dict[str, Any]:
    teacher, given = stage.teacher, [reply for samples in replies for reply in samples]
    report: dict[str, Any] = {
        "teacher": teacher.path,
        "license": teacher.license,
        "prompts": len(replies),
        "answers": len(given),
        "kept": len(rows),
        "prompts_without_row": kept.texts.count([]),
        "dropped": dict(sorted(kept.dropped.items())),
        "completion_tokens": sum(reply.completion_tokens for reply in given),
    }
    if kept.agreement:
        report["mean_agreement"] = round(sum(kept.agreement) / len(kept.agreement), 4)
    return report


def _write(stage: TeacherStage, folder: Path, rows: list[Row], report: dict[str, Any]) -> None:
    """Write the rows, then their provenance; both files are the same at every run of the stage."""
    name = "chain.jsonl" if stage.work.makes.chain else "prompt-completion.jsonl"
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    write_text(folder / name, text)
    document = {
        "file": name,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "teacher": stage.teacher.model_dump(exclude_none=True),
        "settings": stage.work.model_dump(by_alias=True),
        "metric": stage.metrics[0].model_dump(exclude_none=True),
        "instruction": INSTRUCTION if stage.work.makes.chain else None,
        "sources": [block.model_dump(exclude_none=True, include={"path", "sha256", "rows"}) for block in stage.data],
        "counts": report,
    }
    write_json(folder / PROVENANCE_FILE, document)
