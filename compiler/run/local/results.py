"""The result of a stage, read from its output folder."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compiler.run.local.jobs import LocalJob
from runtime.contract.outputs import METRICS_FILE


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """The result of a finished stage: its `metrics.json`, and whether it ran in this call or earlier."""

    job: LocalJob
    metrics: Mapping[str, Any]
    ran_now: bool

    @property
    def verdict(self) -> str:
        """The gate's verdict: `continue`, `target-met`, `no-gain` or `worse`; `continue` without a gate."""
        gate = self.metrics.get("gate")
        return str(gate["verdict"]) if gate else "continue"


def read_result(job: LocalJob, outputs: Path, *, ran_now: bool) -> Result | None:
    """Return the result of a Job; None if it has not finished."""
    try:
        metrics = json.loads((outputs / job.name / METRICS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    done = isinstance(metrics, dict) and metrics.get("status") == "complete"
    return Result(job=job, metrics=metrics, ran_now=ran_now) if done else None
