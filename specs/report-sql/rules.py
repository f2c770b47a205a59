"""House rules for queries of the reporting tool, scored by code: one of the two terms of the reward."""

import re

# a report reads, names its columns, and never computes over a whole product of tables
RULES = (
    re.compile(r"\A\s*select\b", re.IGNORECASE),
    re.compile(r"\A(?!.*\bselect\s+\*)", re.IGNORECASE | re.DOTALL),
    re.compile(r"\A(?!.*\bcross\s+join\b)", re.IGNORECASE | re.DOTALL),
    re.compile(r"\A[^;]*;?\s*\Z"),
)


def report_rules(prompts: list[object], completions: list[object], **_: object) -> list[float]:
    """The share of the house rules that each completion keeps, from 0 to 1; an empty one keeps none."""
    return [score(text_of(completion)) for completion in completions]


def score(query: str) -> float:
    """The share of the rules that a query keeps."""
    return sum(bool(rule.search(query)) for rule in RULES) / len(RULES) if query.strip() else 0.0


def text_of(completion: object) -> str:
    """A completion as text, written plainly or as a list of one turn."""
    if isinstance(completion, list) and completion and isinstance(completion[-1], dict):
        return str(completion[-1].get("content", ""))
    return completion if isinstance(completion, str) else ""
