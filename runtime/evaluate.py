"""Evaluation: greedy answers to held-out prompts, scored, with intervals and the gate's decision."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from runtime.answer_log import AnswerLog
from runtime.config.stages import EvaluateStage
from runtime.context import StageContext
from runtime.data import names_of, read_rows
from runtime.errors import StageError
from runtime.files import write_text
from runtime.formats import Row
from runtime.gate import Decision, decide
from runtime.generate import generate_answers
from runtime.metrics import METRICS, Score, check_references
from runtime.model import check_model_files, load_model, load_tokenizer
from runtime.report import Outcome
from runtime.sql import SqlJudge
from runtime.statistics import Interval, interval_of_gain, interval_of_mean

PREDICTIONS_FILE = "predictions.jsonl"

Scores = dict[str, list[Score]]


def run(stage: EvaluateStage, context: StageContext) -> Outcome:
    """Answer and score every row; write predictions.jsonl; return the metrics and the gate's decision."""
    context.events.emit("phase", name="check data")
    rows = read_rows(stage.data, context.volumes)
    check_model_files(stage.model, context.volumes)
    with SqlJudge() as judge:
        check_references(rows, stage, context.volumes.data, judge)
        earlier = _earlier_scores(stage, context.volumes.outputs, rows)

        context.events.emit("phase", name="load model")
        tokenizer = load_tokenizer(stage.model, context.volumes)
        model = load_model(stage.model, context.volumes)

        context.events.emit("phase", name="generate")
        log = AnswerLog(context.folder, context.config_sha256)
        answers = generate_answers(model, tokenizer, rows, stage.generation, log, context)

        context.events.emit("phase", name="score")
        scores: Scores = {
            metric.name: [
                METRICS[metric.name](row, answer, metric, context.volumes.data, judge)
                for row, answer in zip(rows, answers, strict=True)
            ]
            for metric in stage.metrics
        }
    write_text(context.folder / PREDICTIONS_FILE, _prediction_lines(rows, answers, scores))
    log.remove()
    clusters = [_cluster(row) for row in rows]
    intervals: dict[str, Interval] = {
        name: interval_of_mean([each.value for each in column], clusters) for name, column in scores.items()
    }
    return Outcome(metrics=intervals, gate=_gate(stage, scores, intervals, earlier, clusters))


def _cluster(row: Row) -> str:
    # The prefixes keep a row without a cluster apart from a cluster that has the row's id as its name.
    return f"cluster {row['cluster']}" if row.get("cluster") else f"row {row['id']}"


def _prediction_lines(rows: list[Row], answers: list[str], scores: Scores) -> str:
    lines = []
    for index, (row, answer) in enumerate(zip(rows, answers, strict=True)):
        judged = {name: asdict(column[index]) for name, column in scores.items()}
        record = {"id": row["id"], "cluster": row.get("cluster"), "prediction": answer, "scores": judged}
        lines.append(json.dumps(record, ensure_ascii=False) + "\n")
    return "".join(lines)


def _gate(
    stage: EvaluateStage,
    scores: Scores,
    intervals: dict[str, Interval],
    earlier: list[float] | None,
    clusters: list[str],
) -> Decision | None:
    if stage.gate is None:
        return None
    metric = stage.gate.metric
    after = [score.value for score in scores[metric]]
    gain = None if earlier is None else interval_of_gain(after, earlier, clusters)
    return decide(metric, intervals[metric], gain, stage.gate.target)


def _earlier_scores(stage: EvaluateStage, outputs: Path, rows: list[Row]) -> list[float] | None:
    """Return the baseline's scores in the order of `rows`, or None without a baseline; RUN722, RUN714 if it cannot."""
    if stage.gate is None or stage.gate.baseline is None:
        return None
    name = f"{stage.gate.baseline}/{PREDICTIONS_FILE}"
    path = outputs / name
    if not path.is_file():
        raise StageError(
            "RUN722", f"baseline `{name}` is not under `TRAINSPEC_OUTPUTS`", "run the earlier evaluation first"
        )
    try:
        known = {record["id"]: record["scores"][stage.gate.metric]["value"] for record in _records(path)}
    except (ValueError, KeyError, TypeError) as error:
        message = f"baseline `{name}` has no scores of `{stage.gate.metric}` to read"
        raise StageError("RUN714", message, "run the earlier evaluation again with this metric") from error
    if set(known) != {row["id"] for row in rows}:
        message = f"baseline `{name}` was made on other rows than {names_of(stage.data)}"
        raise StageError("RUN714", message, "run the earlier evaluation again on the same file")
    return [float(known[row["id"]]) for row in rows]


def _records(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="\n") as stream:
        for line in stream:
            yield json.loads(line)
