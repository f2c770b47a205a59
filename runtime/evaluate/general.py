"""General ability: its value by each measure, and the change since an earlier evaluation."""

from collections.abc import Iterator
from dataclasses import dataclass

from runtime.evaluate.baselines import Baseline
from runtime.evaluate.forgetting import TextBits
from runtime.evaluate.question_sets import GENERAL
from runtime.evaluate.scored import ScoredSet
from runtime.stage.gate import TOLERATED_ANSWERS, TOLERATED_BITS, Change
from runtime.stage.statistics import Interval


@dataclass(frozen=True, kw_only=True, slots=True)
class General:
    """General ability by one measure: its value, and the gain over an earlier evaluation.

    `gain` is a difference of shares for answers, and a share of the earlier bits for text. `tolerated` is the loss that
    a gain may cost without a guard.
    """

    measure: str
    value: Interval
    gain: Interval | None
    tolerated: float

    def change(self, tolerated: float | None = None) -> Change | None:
        """Return the gain as a side effect; None without an earlier evaluation."""
        if self.gain is None:
            return None
        limit = self.tolerated if tolerated is None else tolerated
        return Change(name=f"`{self.measure}` on general rows", gain=self.gain, tolerated=limit)


def general_ability(
    scored: ScoredSet | None, text_bits: TextBits | None, baseline: Baseline | None
) -> Iterator[General]:
    """Yield the results on general questions and on general text."""
    if scored is not None:
        name = scored.questions.metrics[0].name
        gain = scored.gain(name, baseline.sets[GENERAL]) if baseline else None
        yield General(measure=name, value=scored.intervals[name], gain=gain, tolerated=TOLERATED_ANSWERS)
    if text_bits is not None:
        saving = text_bits.saving(baseline.texts) if baseline and baseline.texts else None
        yield General(measure="bits_per_byte", value=text_bits.bits_per_byte, gain=saving, tolerated=TOLERATED_BITS)
