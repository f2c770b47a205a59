"""The rows of a probe: badcases that its metric can score, and general questions with short answers as the control."""

import json
from collections.abc import Sequence
from pathlib import Path

from runtime.contract.errors import StageError
from runtime.contract.goal_blocks import MetricBlock
from runtime.contract.probing import ProbeStage
from runtime.data.questions import Question, questions_of, refuse_tools
from runtime.data.rows import Source, names_of
from runtime.evaluate.question_sets import GENERAL
from runtime.scoring.metrics import Judges, reference_faults, unusable_references

LONGEST_CONTROL = 100  # characters of a general answer that another wording would not replace
# metrics that score every wording of a right answer; others would fail a general answer for its form
_OF_MEANING = ("execution_accuracy", "numeric_answer", "tool_call")
CONTAINS = MetricBlock(name="contains")


def badcases_of(stage: ProbeStage, sources: Sequence[Source], data: Path, judges: Judges) -> tuple[list[Question], int]:
    """Return the badcases whose fix the first metric can use, and the number of the others.

    RUN716 if rows describe tools, RUN710 if the metric can use no fix.
    """
    questions = questions_of([each for each in sources if each.block.role is None])
    rows = [each.row for each in questions]
    refuse_tools(rows, "the probe asks")
    faults = reference_faults(rows, stage.metrics[0], data, judges)
    if len(faults) == len(rows):
        raise unusable_references(rows, faults)
    return [each for at, each in enumerate(questions) if at not in faults], len(faults)


def control_of(
    stage: ProbeStage, sources: Sequence[Source], data: Path, judges: Judges
) -> tuple[list[Question], MetricBlock]:
    """Return the general questions with a short answer, and the metric that scores them.

    The goal's metric scores them if it reads meaning and fits all of them; else an answer must contain the reference.
    """
    general = [each for each in sources if each.block.role == GENERAL]
    questions = [question for source in general for question in questions_of([source]) if _is_short(question)]
    metric = stage.metrics[0]
    rows = [each.row for each in questions]
    if metric.use in _OF_MEANING and rows and not reference_faults(rows, metric, data, judges):
        return questions, metric
    return questions, CONTAINS


def schema_of(stage: ProbeStage, data: Path) -> str:
    """Return the JSON Schema of the first metric `json_schema` as text, if an endpoint can constrain answers to it."""
    path = next((str(each.options["schema"]) for each in stage.metrics if each.use == "json_schema"), None)
    if path is None or stage.served is None:
        return ""
    try:
        return json.dumps(json.loads((data / path).read_text(encoding="utf-8")), ensure_ascii=False)
    except (OSError, ValueError) as error:
        message = f"cannot read `{path}`, the JSON Schema of the answers: {error}"
        raise StageError("RUN733", message, "copy the file of the plan to the data volume") from error


def require_badcases(questions: Sequence[Question], stage: ProbeStage) -> None:
    """Raise RUN712 without badcases to ask."""
    if not questions:
        raise StageError("RUN712", f"no badcase of {names_of(stage.data)} remains", "add badcases, then compile again")


def _is_short(question: Question) -> bool:
    reference = question.reference or ""
    short = 0 < len(reference.strip()) <= LONGEST_CONTROL and "\n" not in reference.strip()
    return short and not question.row.get("tools")
