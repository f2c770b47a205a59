"""Checks of traces: assertions that follow from the spec, and verdicts that a judge or a program wrote to a file.

A check fails a trace, and never says more: people do. Its agreement with them shows whether it is worth a look.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from compiler.diagnostics import Diagnostic, Location, diagnostic
from compiler.run.triage.content import text_of
from compiler.run.triage.labels import Label
from compiler.spec.files import open_file, reason
from compiler.spec.schema.goal import Goal, Metric
from compiler.spec.schema.types import METRIC_NAME
from runtime.contract.agreement import Agreement
from runtime.contract.json_schema import schema_fault
from runtime.contract.traces import Trace

Check = Callable[[Trace], bool]  # whether the trace fails

_MAX_ANSWER = 20_000  # characters that a pattern reads
_MAX_LINE = 1 << 20


class _Verdict(BaseModel):
    """A line of a file of verdicts: the id of a trace, the name of the check, and whether the answer passes."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    trace: Annotated[str, Field(max_length=1000)]
    check: Annotated[str, Field(pattern=METRIC_NAME, max_length=63)]
    passes: Annotated[bool, Field(alias="pass", strict=True)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Checks:
    """Checks by name, verdicts by check and id of the trace, and what is wrong with them."""

    checks: Mapping[str, Check]
    verdicts: Mapping[str, Mapping[str, bool]]
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def names(self) -> list[str]:
        """The names of all checks."""
        return [*self.checks, *self.verdicts]

    def failed(self, trace: Trace) -> tuple[str, ...]:
        """Return the names of the checks that the trace fails."""
        own = [name for name, fails in self.checks.items() if fails(trace)]
        return (*own, *(name for name, passes in self.verdicts.items() if passes.get(trace.id) is False))


def checks_of(goal: Goal, folder: Path, verdict_files: Sequence[Path]) -> Checks:
    """Return the checks of a goal, with the schemas of metrics in `folder`, and the verdicts of files."""
    found: list[Diagnostic] = []
    checks: dict[str, Check] = {"error": _has_error, "empty_answer": _has_no_answer, "failed_step": _has_failed_step}
    limit = goal.constraints.max_latency_ms
    if limit is not None:
        checks["latency"] = lambda trace: trace.milliseconds is not None and trace.milliseconds > limit
    for metric in goal.metrics:
        if check := _of_metric(metric, folder):
            checks[metric.name] = check
    verdicts: dict[str, dict[str, bool]] = {}
    for path in verdict_files:
        _read_verdicts(path, verdicts, found)
    verdicts = {name: each for name, each in verdicts.items() if name not in checks}
    return Checks(checks=checks, verdicts=verdicts, diagnostics=tuple(found))


def agreement(pairs: Iterable[tuple[Label, bool]]) -> Agreement:
    """Return the agreement of a check with people; `pairs` are their labels and whether the check fails the trace."""
    counts = {("good", False): 0, ("good", True): 0, ("bad", False): 0, ("bad", True): 0}
    for label, fails in pairs:
        if label.verdict in ("good", "bad"):
            counts[label.verdict, fails] += 1
    return Agreement(
        true_pass=counts["good", False],
        false_fail=counts["good", True],
        false_pass=counts["bad", False],
        true_fail=counts["bad", True],
    )


def _has_error(trace: Trace) -> bool:
    return bool(trace.error)


def _has_no_answer(trace: Trace) -> bool:
    return not trace.error and not text_of(trace.answer).strip()


def _has_failed_step(trace: Trace) -> bool:
    return any(each.error for each in trace.steps)


def _of_metric(metric: Metric, folder: Path) -> Check | None:
    """Return the check that a metric is: one that needs no reference."""
    if metric.function == "regex":
        try:
            pattern = re.compile(str(metric.options.get("pattern", "")))
        except re.error:
            return None  # `trainspec check` reports it
        return lambda trace: pattern.search(text_of(trace.answer)[:_MAX_ANSWER]) is None
    if metric.function == "json_schema":
        return _json_check(folder / str(metric.options.get("schema", "")))
    return None


def _json_check(path: Path) -> Check | None:
    from jsonschema.validators import validator_for

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError):
        return None  # `trainspec check` reports it
    if schema_fault(text):
        return None
    schema = json.loads(text)
    validator = validator_for(schema)(schema)

    def fails(trace: Trace) -> bool:
        answer: Any = trace.answer
        if isinstance(answer, str):
            try:
                answer = json.loads(answer)
            except (ValueError, RecursionError):
                return True
        return not validator.is_valid(answer)

    return fails


def _read_verdicts(path: Path, verdicts: dict[str, dict[str, bool]], found: list[Diagnostic]) -> None:
    hint = 'write one object a line: {"trace": "ID", "check": "NAME", "pass": false}'
    try:
        with open_file(path) as stream:
            number = 0
            while line := stream.readline(_MAX_LINE):
                number += 1
                if not line.strip():
                    continue
                try:
                    each = _Verdict.model_validate_json(line)
                except ValidationError:
                    where = Location(path=str(path), line=number, column=1, end_column=2)
                    found.append(diagnostic("TRC834", "the line is no verdict", where, hint=hint))
                    return
                verdicts.setdefault(each.check, {})[each.trace] = each.passes
    except OSError as error:
        message = f"cannot read the verdicts: {reason(error)}"
        found.append(diagnostic("TRC834", message, Location(path=str(path)), hint="correct the path"))
