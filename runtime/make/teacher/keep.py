"""Filter a teacher's answers: keep all, the agreed ones, or the verified ones."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from runtime.contract.data.thoughts import endless_thought
from runtime.model.endpoint.client import Reply

Keep = Literal["all", "agreed", "verified"]


@dataclass(kw_only=True, slots=True)
class Kept:
    """The kept texts of each prompt, and the number of dropped ones by reason.

    `agreement` has, for each prompt with several samples, the share of samples with the most frequent answer.
    """

    texts: list[list[str]] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    agreement: list[float] = field(default_factory=list)


def keep_answers(
    replies: Sequence[Sequence[Reply]],
    keep: Keep,
    *,
    answer_of: Callable[[str], str | None],
    right: Callable[[int, list[str]], list[bool]],
) -> Kept:
    """Return the kept texts of each prompt, without duplicates, in the order of sampling.

    `answer_of` returns the answer in a text, None without one (no marker after a chain). `right` returns which texts of
    a prompt, given by number, are right. Texts that are empty, cut at the token limit, without an end of
    their thoughts, or without an answer are dropped first. For `agreed`, an answer needs more than half of all samples,
    and its first text is kept.
    """
    kept = Kept()
    for number, samples in enumerate(replies):
        usable = [reply.text.strip() for reply in samples if _is_whole(reply, answer_of, kept.dropped)]
        if len(samples) > 1:
            kept.agreement.append(_most(usable, answer_of)[1] / len(samples))
        if keep == "verified":
            usable = _verified(usable, right(number, usable), kept.dropped)
        elif keep == "agreed":
            usable = _agreed(usable, len(samples), answer_of, kept.dropped)
        distinct = list(dict.fromkeys(usable))
        kept.dropped["repeated"] += len(usable) - len(distinct)
        kept.texts.append(distinct)
    kept.dropped = +kept.dropped  # removes reasons with a count of 0
    return kept


def _is_whole(reply: Reply, answer_of: Callable[[str], str | None], dropped: Counter[str]) -> bool:
    reason = ""
    if not reply.text.strip():
        reason = "empty"
    elif reply.truncated:
        reason = "cut at max_new_tokens"
    elif endless_thought(reply.text):
        reason = "thoughts without an end"
    elif answer_of(reply.text) is None:
        reason = "no chain and answer"
    dropped[reason] += bool(reason)
    return not reason


def _verified(texts: list[str], verdicts: list[bool], dropped: Counter[str]) -> list[str]:
    dropped["wrong by the metric"] += verdicts.count(False)
    return [text for text, is_right in zip(texts, verdicts, strict=True) if is_right]


def _agreed(texts: list[str], samples: int, answer_of: Callable[[str], str | None], dropped: Counter[str]) -> list[str]:
    answer, count = _most(texts, answer_of)
    if 2 * count <= samples:
        dropped["no agreement"] += len(texts)
        return []
    dropped["another answer than most"] += len(texts) - count
    dropped["repeated"] += count - 1
    return [next(text for text in texts if _plain(answer_of(text)) == answer)]


def _most(texts: list[str], answer_of: Callable[[str], str | None]) -> tuple[str, int]:
    """Return the first most frequent answer and its count; ("", 0) without texts."""
    counts = Counter(_plain(answer_of(text)) for text in texts)
    return counts.most_common(1)[0] if counts else ("", 0)


def _plain(answer: str | None) -> str:
    return " ".join((answer or "").split())
