"""A few rows that a stage trained on, as token ids, on which later merges of its weights are compared."""

from typing import Any

from runtime.model.merge import ROWS, TOKENS

# columns of a prepared row, in the order of its text; the first answer that exists is used
_ANSWERS = ("completion_ids", "chosen_ids", "completion", "chosen")


def rows_of(dataset: Any, tokenizer: Any) -> list[list[int]]:
    """Return the ends of some rows of a trainer's `dataset`, spread evenly over it."""
    count = len(dataset)
    places = sorted({count * index // ROWS for index in range(ROWS)}) if count else []
    rows = [_ids(dataset[place], tokenizer) for place in places]
    return [row[-TOKENS:] for row in rows if row]


def _ids(row: dict[str, Any], tokenizer: Any) -> list[int]:
    if "input_ids" in row:
        return list(row["input_ids"])
    answer = next((row[name] for name in _ANSWERS if row.get(name)), None)
    if isinstance(answer, list) and answer and isinstance(answer[0], int):
        return [*row.get("prompt_ids", ()), *answer]
    if "prompt_ids" in row:
        return list(row["prompt_ids"])
    parts = [part for part in (row.get("prompt"), answer) if part]
    if all(isinstance(part, str) for part in parts):
        return list(tokenizer("".join(parts))["input_ids"])
    turns = [turn for part in parts if isinstance(part, list) for turn in part]
    return list(tokenizer.apply_chat_template(turns, tokenize=True, return_dict=True)["input_ids"])
