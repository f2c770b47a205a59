"""What a system is worth: its score on held-out questions, less what the change cost."""

import math
from dataclasses import dataclass
from typing import Any

from tools.interventions.answering import final
from tools.interventions.interventions import Changed
from tools.interventions.training import parameters

from runtime.contract.statistics import wilson_interval

HELD_OUT = 400
HOUR = 0.001  # an hour of a person is worth a tenth of a point
GPU_HOUR = 0.0002  # an hour of a GPU, at a fifth of that
SERVED_WORD = 0.0005  # a word of an answer beyond the first
TOO_SLOW = 0.5  # a system that breaks its limit of serving cost loses half of its worth
# the work of a small model stands for that of one with 8 billion parameters, on a GPU with 4e14 operations a second
# at 40 % use
SCALE, GPU = 8e9, 4e14 * 0.4 * 3600


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """An intervention as it was run: the verdict on each held-out question, and its costs."""

    right: tuple[int, ...]
    hours: float
    gpu_hours: float
    words: float
    too_slow: bool
    note: str = ""

    @property
    def score(self) -> float:
        return sum(self.right) / len(self.right)

    @property
    def interval(self) -> tuple[float, float]:
        return wilson_interval(self.score, len(self.right))

    @property
    def cost(self) -> float:
        """What is taken off the score."""
        served = SERVED_WORD * max(0.0, self.words - 1) + TOO_SLOW * self.too_slow
        return HOUR * self.hours + GPU_HOUR * self.gpu_hours + served

    @property
    def utility(self) -> float:
        return self.score - self.cost

    def document(self) -> dict[str, Any]:
        return {
            "right": "".join(map(str, self.right)),
            "hours": self.hours,
            "gpuHours": round(self.gpu_hours, 4),
            "words": round(self.words, 3),
            "tooSlow": self.too_slow,
            **({"note": self.note} if self.note else {}),
        }

    @classmethod
    def read(cls, found: dict[str, Any]) -> "Tried":
        return cls(
            right=tuple(map(int, found["right"])),
            hours=found["hours"],
            gpu_hours=found["gpuHours"],
            words=found["words"],
            too_slow=found["tooSlow"],
            note=found.get("note", ""),
        )


def measured(changed: Changed, hours: float, limit: float) -> Tried:
    """Ask the held-out questions; `limit` is the most operations that an answer may take."""
    system = changed.system
    questions = system.application.questions("held-out", HELD_OUT)
    found = system.answers(questions, seed=31)
    right = tuple(int(final(group[0]) == each.answer) for each, group in zip(questions, found, strict=True))
    words = sum(len(group[0]) for group in found) / len(found)
    size = parameters(system.model)
    served = 2.0 * size * (words + sum(map(len, system.prompts(questions))) / len(questions))
    gpu_hours = changed.flops * (SCALE / size) / GPU
    return Tried(right=right, hours=hours, gpu_hours=gpu_hours, words=words, too_slow=served > limit, note=changed.note)


def difference(one: Tried, other: Tried) -> tuple[float, float]:
    """`one`'s utility less `other`'s, and the half width of its 95 % interval: paired over the questions."""
    gains = [a - b for a, b in zip(one.right, other.right, strict=True)]
    mean = sum(gains) / len(gains)
    variance = sum((each - mean) ** 2 for each in gains) / (len(gains) - 1)
    return one.utility - other.utility, 1.96 * math.sqrt(variance / len(gains))
