"""Rows that all contenders train on: real questions and their SQL, and text whose lengths are drawn as real ones fall."""

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Row = dict[str, Any]
NL2SQL = Path(__file__).parents[4] / "specs" / "nl2sql" / "data" / "train.jsonl"
PROMPT_SHARE = 0.6  # of a drawn row; the rest is its answer


def nl2sql_rows(count: int) -> list[Row]:
    """The first rows of specs/nl2sql: a schema with a question, and the query. 78 to 211 tokens of SmolLM2."""
    lines = NL2SQL.read_text(encoding="utf-8").splitlines()
    chosen = [json.loads(lines[index % len(lines)]) for index in range(count)]
    return [{"prompt": row["prompt"], "completion": row["completion"]} for row in chosen]


def pairs(rows: Sequence[Row]) -> list[Row]:
    """A pair for each row: its own answer is chosen, that of the row after it is rejected."""
    others = [*rows[1:], rows[0]]
    return [
        {"prompt": row["prompt"], "chosen": row["completion"], "rejected": other["completion"]}
        for row, other in zip(rows, others, strict=True)
    ]


def prompts(rows: Sequence[Row]) -> list[Row]:
    """Only the questions."""
    return [{"prompt": row["prompt"]} for row in rows]


def mixed_lengths(count: int, *, median: int, spread: float, most: int, seed: int) -> list[int]:
    """Lengths in words as instruction data has them: log-normal, from 8 to `most`. `spread` is the sigma of the log."""
    draw = random.Random(seed)
    return [min(most, max(8, round(draw.lognormvariate(0.0, spread) * median))) for _ in range(count)]


def rows_of_lengths(lengths: Sequence[int], word: Callable[[int], str], seed: int) -> list[Row]:
    """One row of prompt and completion for each length; `word` turns a number from 0 to 2**30 into a word."""
    draw = random.Random(seed)

    def text(length: int) -> str:
        return " ".join(word(draw.getrandbits(30)) for _ in range(length))

    return [_row(text(round(length * PROMPT_SHARE)), text(length - round(length * PROMPT_SHARE))) for length in lengths]


def real_words() -> Callable[[int], str]:
    """Words of the texts of specs/nl2sql: a tokenizer cuts them as it cuts other text."""
    words = sorted({word for row in nl2sql_rows(300) for word in row["prompt"][-1]["content"].split()})
    return lambda number: words[number % len(words)]


def write(path: Path, rows: Sequence[Row]) -> None:
    """Write rows as JSONL."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def _row(prompt: str, completion: str) -> Row:
    return {
        "prompt": [{"role": "user", "content": prompt}],
        "completion": [{"role": "assistant", "content": completion}],
    }
