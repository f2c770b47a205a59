"""Answers that are a set of items: precision, recall and F1."""

from runtime.contract.parts import items_of


def set_scores(reference: str, answer: str, separator: str | None) -> tuple[float, float, float]:
    """Return precision, recall and F1 of the answer's items; an empty answer has none of them."""
    wanted, found = items_of(reference, separator), items_of(answer, separator)
    common = len(wanted & found)
    if not common:
        return 0.0, 0.0, 0.0
    return common / len(found), common / len(wanted), 2 * common / (len(found) + len(wanted))
