"""What an example of a diagnostic is."""

from dataclasses import dataclass

FILE = "specs/shop/spec.yaml"
CHECK = "trainspec check specs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A bad and a good way to write the same part of one file; the rest is the shared project of `project.py`.

    `bad` and `good` are text of `file`. In the project the good one is there already, unless `instead_of` says which
    text both stand for, or `whole` that they are all of the file (None: the file is not there). An empty `file`
    means that they are command lines. `command` is what shows the difference; `first` is called before the edit;
    either may be several commands, joined by `&&`.
    `given` are other files that both ways need, `along` the codes that may be told beside the example's own.
    """

    bad: str | None
    good: str | None
    file: str = FILE
    instead_of: str = ""
    whole: bool = False
    command: str = CHECK
    first: str = ""
    given: tuple[tuple[str, str], ...] = ()
    along: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Situation:
    """Stands in for an example where no file provokes the code: when it is told, and how that ends."""

    bad: str
    good: str
