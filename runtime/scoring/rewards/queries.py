"""`sql_execution`: 1 where a query gives what the reference query gives, on every instance of the row's database."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runtime.contract.errors import StageError
from runtime.scoring.rewards.text import judged
from runtime.scoring.sandbox.sql import SqlJudge, database_scripts, extract_sql


def score_queries(
    texts: Sequence[str], columns: Mapping[str, Sequence[Any]], folder: Path, after: str | None, judge: SqlJudge
) -> list[float | None]:
    """Return 1.0 or 0.0 for each text; RUN754 if a row names no database or its own query does not run.

    Queries run in a process of their own on read-only databases; one that breaks a limit is wrong, and no failure.
    """
    names, golds = columns.get("database", ()), columns.get("reference", ())
    if len(names) != len(texts) or len(golds) != len(texts):
        raise _lacking("the rows hold no `database` and no right query")
    return [
        _score(text, str(name or ""), gold, folder, after, judge)
        for text, name, gold in zip(texts, names, golds, strict=True)
    ]


def _score(text: str, name: str, gold: str | None, folder: Path, after: str | None, judge: SqlJudge) -> float:
    scripts = database_scripts(folder, name) if name else []
    if not scripts or not gold:
        raise _lacking(f"there is no script for database `{name}`" if gold else "a row holds no right query")
    answer = judged(text, after)
    query = extract_sql(answer) if answer is not None else ""
    verdict = judge.judge(scripts, extract_sql(gold), query)
    if verdict.gold_error:
        raise _lacking(f"the right query of a row does not run: {verdict.gold_error}")
    return float(verdict.right)


def _lacking(reason: str) -> StageError:
    return StageError("RUN754", f"reward `sql_execution`: {reason}", "correct the rows or the database scripts")
