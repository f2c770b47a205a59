"""Labels of badcases: their class, kind and the component of the first error, and filters by them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from runtime.contract.data.columns import BadcaseClass

MAX_LABEL = 200  # characters of a kind or component; the rest does not count


class Labelled(Protocol):
    """Whatever has the labels of a badcase; an empty kind or component is one that nobody noted."""

    @property
    def category(self) -> str:
        """The class."""

    @property
    def kind(self) -> str:
        """The kind, as a badcase report names it."""

    @property
    def component(self) -> str:
        """The component of the first error."""


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Labels:
    """The labels of one badcase."""

    category: str = BadcaseClass.UNDETERMINED.value
    kind: str = ""
    component: str = ""


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class LabelFilter:
    """A filter of badcases by their labels; None matches all, and empty text those without that label."""

    category: str | None = None
    kind: str | None = None
    component: str | None = None

    def matches(self, labels: Labelled) -> bool:
        """Return whether the labels agree with every label that the filter names."""
        return (
            self.category in (None, labels.category)
            and self.kind in (None, labels.kind)
            and self.component in (None, labels.component)
        )

    def __str__(self) -> str:
        named = {"class": self.category, "kind": self.kind, "component": self.component}
        given = {name: value for name, value in named.items() if value is not None}
        return " and ".join(f"the {name} `{value}`" if value else f"no {name}" for name, value in given.items())


def labels_of(row: Mapping[str, Any]) -> Labels:
    """Return the labels of a row of shape `badcase`."""
    return Labels(
        category=str(row.get("class") or BadcaseClass.UNDETERMINED),
        kind=_note(row.get("kind")),
        component=_note(row.get("component")),
    )


def _note(value: object) -> str:
    """Return a label with normalised spacing and without control characters, as cards and plans show it."""
    text = " ".join(str(value or "").split())[:MAX_LABEL]
    return "".join([each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text])
