"""Signals that a reward teaches nothing, read from the logged steps of GRPO and PPO.

All of them are functions of the trainer's `log_history`, which a checkpoint holds: a resumed run finds what an
undisturbed one finds.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Entry = Mapping[str, Any]
History = Sequence[Entry]

WARN_STEPS = 10  # steps in a row: at one group a step, a few equal groups in a row are usual
MOST_KL = 1.0  # nats per token: each token is e times as likely as under the reference
_EQUAL = 1e-6  # a spread of rewards below this is rounding


@dataclass(frozen=True, kw_only=True, slots=True)
class Signal:
    """A condition on logged steps, the sentence that reports it, and what to do about it.

    `holds` returns None for an entry without the figures: answers may serve several steps, and the first logs them.
    """

    name: str
    holds: Callable[[Entry], bool | None]
    sentence: str
    hint: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Steps in a row, from `first` to `last`, both included."""

    first: int
    last: int

    @property
    def steps(self) -> int:
        """The number of steps."""
        return self.last - self.first + 1


def _has_no_spread(entry: Entry) -> bool | None:
    if "frac_reward_zero_std" in entry:
        return bool(entry["frac_reward_zero_std"] >= 1)
    return bool(entry["reward_std"] <= _EQUAL) if "reward_std" in entry else None


def _is_cut(entry: Entry) -> bool | None:
    return bool(entry["completions/clipped_ratio"] >= 1) if "completions/clipped_ratio" in entry else None


def _is_empty(entry: Entry) -> bool | None:
    return bool(entry["completions/mean_length"] <= 1) if "completions/mean_length" in entry else None


def _scores_zero(entry: Entry) -> bool | None:
    spread = _has_no_spread(entry)
    return None if spread is None else bool(spread and abs(entry.get("reward", 1.0)) <= _EQUAL)


def _drifts(entry: Entry) -> bool | None:
    """Return whether the KL divergence per token is above `MOST_KL`; PPO logs that of whole answers."""
    if "kl" not in entry:
        return None
    tokens = max(1.0, float(entry["completions/mean_length"])) if "value_loss" in entry else 1.0
    return bool(entry["kl"] > MOST_KL * tokens)


NO_SPREAD = Signal(
    name="no_spread",
    holds=_has_no_spread,
    sentence="all answers to a prompt have the same reward, so nothing is learnt",
    hint="use prompts that the model answers right sometimes (easier or harder ones), raise `temperature`, or give the "
    "reward a term that separates partly right answers",
)
SIGNALS: tuple[Signal, ...] = (
    NO_SPREAD,
    Signal(
        name="zero_reward",
        holds=_scores_zero,
        sentence="the reward of every answer is 0",
        hint="look at the sample answers in the report: the task is too hard, or the reward does not read this format",
    ),
    Signal(
        name="all_cut",
        holds=_is_cut,
        sentence="all answers are cut at `max_completion_length`",
        hint="raise `max_completion_length`, or check that the model's chat template ends a turn",
    ),
    Signal(
        name="empty_answers",
        holds=_is_empty,
        sentence="all answers are empty",
        hint="check the reward: it may score an empty answer higher than a long one",
    ),
    Signal(
        name="kl",
        holds=_drifts,
        sentence=f"the policy is more than {MOST_KL:g} nat per token away from its reference",
        hint="lower `learning_rate`, or raise the weight of the KL term (`beta` of GRPO, `kl_coef` of PPO)",
    ),
)


def span_at_end(history: History, signal: Signal) -> Span | None:
    """Return the span of the last logged step in which `signal` holds; None if it does not hold there."""
    logged = [entry for entry in history if "loss" in entry]
    begin = None
    for at in range(len(logged) - 1, -1, -1):
        holds = signal.holds(logged[at])
        if holds is False:
            break
        if holds:
            begin = at
    if begin is None:
        return None
    before = int(logged[begin - 1]["step"]) if begin else 0  # an entry is a mean over the steps since the one before
    return Span(first=before + 1, last=int(logged[-1]["step"]))


def begins_to_warn(history: History, signal: Signal) -> Span | None:
    """Return the span of `signal` if it reaches `WARN_STEPS` with the last logged step, else None."""
    span = span_at_end(history, signal)
    before = span_at_end(history[:-1], signal)
    return span if span and span.steps >= WARN_STEPS and (before is None or before.steps < WARN_STEPS) else None


def longest_span(history: History, signal: Signal) -> Span | None:
    """Return the longest span in which `signal` holds, the first of equals; None if it holds nowhere."""
    spans = _spans(history, signal)
    return max(spans, key=lambda span: span.steps, default=None)


def limit_of(zero_spread_steps: int, max_steps: int) -> int:
    """Return after how many steps in a row without spread a training ends.

    A shorter training ends if no step had any spread, unless it is too short to warn.
    """
    return min(zero_spread_steps, max(max_steps, WARN_STEPS))


def share_without_spread(history: History) -> float | None:
    """Return the share of groups whose answers all have the same reward; None if no step logged it."""
    shares = [
        float(entry.get("frac_reward_zero_std", dead))
        for entry in history
        if "loss" in entry and (dead := _has_no_spread(entry)) is not None
    ]
    return round(sum(shares) / len(shares), 6) if shares else None


def signal_report(history: History) -> dict[str, Any]:
    """Return the share of groups without spread, and the warnings, as findings of a stage's report."""
    found = [(signal, longest_span(history, signal)) for signal in SIGNALS]
    warnings = [warning_of(signal, span) for signal, span in found if span is not None and span.steps >= WARN_STEPS]
    share = share_without_spread(history)
    return {
        **({} if share is None else {"share_without_spread": share}),
        **({"warnings": warnings} if warnings else {}),
    }


def warning_of(signal: Signal, span: Span) -> str:
    """Return the sentence of a signal with its steps, and the hint."""
    return f"{signal.sentence} (steps {span.first} to {span.last}): {signal.hint}"


def _spans(history: History, signal: Signal) -> Iterator[Span]:
    """Yield the spans in which `signal` holds, in order."""
    logged = [entry for entry in history if "loss" in entry]
    current: Span | None = None
    before = 0
    for entry in logged:
        step, holds = int(entry["step"]), signal.holds(entry)
        if holds is False and current is not None:
            yield current
            current = None
        elif holds or (holds is None and current is not None):
            current = Span(first=current.first if current else before + 1, last=step)
        before = step
    if current is not None:
        yield current
