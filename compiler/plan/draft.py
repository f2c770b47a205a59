"""A stage before its config is built: inputs, selection, the rules' choice, and lineage."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic.alias_generators import to_camel

from compiler.plan.model import Setting
from compiler.selection import Selection, StageChoice
from compiler.spec.inputs import Inputs
from compiler.spec.methods import METHODS
from compiler.spec.methods.model import Method
from compiler.spec.schema.training import MethodOverrides

Block = dict[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Lineage:
    """The results of earlier stages that a stage builds on.

    `adapters` are in merge order, and `made` maps methods to the Jobs that make rows.
    """

    adapters: tuple[str, ...] = ()
    made: Mapping[str, str] = field(default_factory=dict)
    reward_model: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """Everything that the config of one stage depends on."""

    inputs: Inputs
    selection: Selection
    choice: StageChoice
    lineage: Lineage

    @property
    def method(self) -> Method:
        """The row of the stage's method."""
        return METHODS[self.choice.method]

    @property
    def overrides(self) -> MethodOverrides:
        """The spec's overrides of the method's defaults."""
        return self.inputs.spec.spec.training.of(self.choice.method) or MethodOverrides()

    @property
    def overrides_path(self) -> str:
        """The spec field of the overrides, such as `spec.training.latentCot`."""
        return f"spec.training.{to_camel(self.choice.method.replace('-', '_'))}"

    @property
    def trains_all_weights(self) -> bool:
        """Whether the stage trains the model's own weights (else an adapter)."""
        return self.overrides.tuning == "full"


@dataclass(frozen=True, kw_only=True, slots=True)
class Built:
    """A config without the name of its output folder, and its settings with their sources."""

    config: dict[str, object]
    settings: tuple[Setting, ...]
