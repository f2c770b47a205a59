"""The row of a training method: kind, defaults with sources, limits, place in a plan."""

from dataclasses import dataclass
from typing import Literal

Value = bool | int | float | str | None | list[str] | list[float]

# `policy` trains the model that answers, `reward-model` the one that scores it; the rules choose `work` to make data or
# to measure; the plan phase adds `support` around their choices
Kind = Literal["policy", "reward-model", "work", "support"]


@dataclass(frozen=True, slots=True)
class Default:
    """A field's default and its source: a paper, a library's documentation, or our own reason."""

    field: str
    value: Value
    source: str


@dataclass(frozen=True, slots=True)
class UsualRows:
    """The usual number of rows for a method, and its source.

    The rules allow fewer, with a warning.
    """

    count: int
    source: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Method:
    """One training method, or one kind of work around training.

    `title`: its name in `PLAN.md`. `defaults`: fields of its trainer, or settings of its work; specs override them.
    `deadline_minutes`: wall-clock limit of its Job, since a Job without one can occupy its node forever.
    """

    name: str
    title: str
    kind: Kind
    deadline_minutes: int
    defaults: tuple[Default, ...] = ()
    full_rate: Default | None = None  # replaces the learning rate where all weights are trained
    trl_config: str = ""  # the config class whose fields a spec may override
    blocks: tuple[str, ...] = ()  # blocks of its stage config that other methods lack, in order
    usual_rows: UsualRows | None = None
    tried_before_rl: bool = False  # whether its result is what reinforcement learning must beat
    learns_from_pairs: bool = False  # whether its policy learns from pairs of a right and a wrong answer
    on_policy_before: str = ""  # the method right before which it samples the trained policy
    mixed_into: str = ""  # the method whose stage takes its data where both are chosen

    @property
    def trains(self) -> bool:
        """Whether its stage trains (else it evaluates, measures or makes data)."""
        return self.kind in ("policy", "reward-model")

    @property
    def chosen_by_rules(self) -> bool:
        """Whether the rules choose it (else the plan phase adds it)."""
        return self.kind != "support"
