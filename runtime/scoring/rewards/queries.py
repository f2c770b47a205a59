"""`sql_execution`: 1 if a query returns the reference's result on every instance of its database."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runtime.contract.errors import StageError
from runtime.scoring.rewards.text import judged
from runtime.scoring.sandbox.sql import SqlJudge, database_scripts, extract_sql


def score_queries(
    texts: Sequence[str], columns: Mapping[str, Sequence[Any]], folder: Path, after: str | None, judge: SqlJudge
) -> list[float | None]:
    """Return 1.0 or 0.0 for each text; RUN754 if a row names no database, or its right query does not run.

    Queries run in a separate process on read-only databases; a query that exceeds a limit scores 0.
    """
    names, golds = columns.get("database", ()), columns.get("reference", ())
    if len(names) != len(texts) or len(golds) != len(texts):
        raise _unusable("the rows have no `database` and no right query")
    return [
        _score(text, str(name or ""), gold, folder, after, judge)
        for text, name, gold in zip(texts, names, golds, strict=True)
    ]


def _score(text: str, name: str, gold: str | None, folder: Path, after: str | None, judge: SqlJudge) -> float:
    scripts = database_scripts(folder, name) if name else []
    if not scripts or not gold:
        raise _unusable(f"database `{name}` has no script" if gold else "a row has no right query")
    answer = judged(text, after)
    query = extract_sql(answer) if answer is not None else ""
    verdict = judge.judge(scripts, extract_sql(gold), query)
    if verdict.gold_error:
        raise _unusable(f"the right query of a row does not run: {verdict.gold_error}")
    return float(verdict.right)


def _unusable(reason: str) -> StageError:
    return StageError("RUN754", f"reward `sql_execution`: {reason}", "fix the rows or the database scripts")
