"""The functions of the reward library. `runtime/scoring/rewards/` holds the code of each.

A new function is a row of `REWARDS`. An option that no other function has also needs its type in `reward_options.py`,
and its default in `DEFAULTS` unless a function cannot do without it.
"""

from dataclasses import dataclass

# options that may be left out, with what they then are; every function takes `after`
DEFAULTS: dict[str, object] = {"after": None, "least": 0, "most": None, "unit": "characters"}


@dataclass(frozen=True, kw_only=True, slots=True)
class RewardFunction:
    """`options`: their names, beside `after`. `compares`: each row must hold a right answer to compare with."""

    options: tuple[str, ...] = ()
    compares: bool = False

    @property
    def known(self) -> tuple[str, ...]:
        """Every option that the function takes."""
        return (*self.options, "after")

    @property
    def needed(self) -> tuple[str, ...]:
        """The options that must be given."""
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
    """Whether the reward `use` compares with a right answer; code of the spec's folder (`module:function`) may not."""
    return use in REWARDS and REWARDS[use].compares
