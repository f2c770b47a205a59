"""Badcases by what is at fault: the model, a component, or the flow control."""

from dataclasses import dataclass

from compiler.selection.figures import Evidence
from compiler.spec.schema.types import BadcaseClass, ComponentKind
from runtime.contract.data.labels import LabelFilter


@dataclass(frozen=True, kw_only=True, slots=True)
class BadcaseGroup:
    """Badcases of one kind, with their class and the reason for it; `at_fault` unless the model is.

    `at_fault` names what must be fixed instead: a component, or `flow control`.
    """

    name: str
    kind: BadcaseClass
    count: int
    reason: str
    at_fault: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """Something other than the model that makes first errors: `flow control`, or a component.

    `kind` is None where the spec does not say what runs in the component. `share` is of all first errors, and `labels`
    are the labels of the rows that belong to it.
    """

    name: str
    kind: ComponentKind | None
    share: float
    rows: int
    labels: tuple[LabelFilter, ...]
    evidence: Evidence

    @property
    def is_flow_control(self) -> bool:
        """Whether the fault lies in the agent's logic."""
        return self.name == FLOW_CONTROL

    @property
    def is_known(self) -> bool:
        """Whether it certainly is no fault of the model."""
        return self.kind is not None


FLOW_CONTROL = "flow control"


@dataclass(frozen=True, kw_only=True, slots=True)
class Attribution:
    """Which badcases are the model's: of `rows`, `remaining` may be trained on.

    `unjoined` rows have no label that a report knows, so nobody can say which of them are faults of something else.
    """

    rows: int = 0
    remaining: int = 0
    unjoined: int = 0
    faults: tuple[Fault, ...] = ()
