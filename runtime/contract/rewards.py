"""The functions of the reward library. `runtime/scoring/rewards/` implements them.

A new function is a row of `REWARDS`. A new option also needs its type in `options.py` and, unless it is
required, its default in `DEFAULTS`.
"""

from dataclasses import dataclass

FUNCTION = (
    r"^[A-Za-z_][A-Za-z0-9_.]*(:[A-Za-z_][A-Za-z0-9_]*)?$"  # of a library, or `module:function` of the spec's folder
)
# After so many steps in a row in which no group of answers has different rewards, GRPO and PPO end.
ZERO_SPREAD_STEPS = 100

# The defaults of optional options. Every function takes `after`.
DEFAULTS: dict[str, object] = {"after": None, "least": 0, "most": None, "unit": "characters"}


@dataclass(frozen=True, kw_only=True, slots=True)
class RewardFunction:
    """A reward function: the names of its options, without `after`.

    If it `compares`, each row must have a right answer to compare with.
    """

    options: tuple[str, ...] = ()
    compares: bool = False

    @property
    def known(self) -> tuple[str, ...]:
        """All options of the function."""
        return (*self.options, "after")

    @property
    def needed(self) -> tuple[str, ...]:
        """The required options."""
        return tuple(name for name in self.options if name not in DEFAULTS)


REWARDS: dict[str, RewardFunction] = {
    "exact_match": RewardFunction(compares=True),
    "numeric_answer": RewardFunction(compares=True),
    "sql_execution": RewardFunction(options=("databases",), compares=True),
    "tool_call": RewardFunction(compares=True),
    "json_schema": RewardFunction(options=("schema",)),
    "length": RewardFunction(options=("least", "most", "unit")),
    "regex": RewardFunction(options=("pattern",)),
}


def compares(use: str) -> bool:
    """Return whether the library function `use` compares with a right answer.

    It is False for code of the spec's folder (`module:function`), which may or may not compare.
    """
    return use in REWARDS and REWARDS[use].compares
