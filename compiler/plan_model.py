"""What the plan phase gives: stages with their settings, and the plan that holds them."""

from collections.abc import Mapping
from dataclasses import dataclass

from compiler.inputs import Inputs
from compiler.selection import Selection

Config = Mapping[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One value of a stage, with where it comes from: a default's source, the spec's field, or a rule."""

    name: str
    value: object
    source: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """One Job: `config` is what the runtime reads, `needs` the name of the Job before it (empty for the first)."""

    order: int
    name: str
    method: str
    rules: tuple[str, ...]
    source: str
    settings: tuple[Setting, ...]
    config: Config
    job: str
    needs: str
    deadline_seconds: int

    @property
    def trains(self) -> bool:
        """Whether the stage trains (else it evaluates)."""
        return self.method != "evaluate"


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Everything that is rendered. `worst_cost_usd` is None where the profile names no price."""

    name: str
    inputs: Inputs
    selection: Selection
    stages: tuple[Stage, ...]
    digest: str
    worst_cost_usd: float | None
