"""Types of the examples of diagnostics."""

from dataclasses import dataclass

FILE = "specs/shop/spec.yaml"
CHECK = "trainspec check specs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A bad and a good version of a part of one file; all other files are those of `project.py`.

    `bad` and `good` are text of `file`. The project contains the good version, unless `instead_of` names the text
    that both replace, or `whole` says that they are the whole file (None: the file does not exist). With an empty
    `file` they are command lines. `command` shows the difference; `first` runs before the edit; either may be several
    commands, joined by `&&`. `given` are files that both versions need, `along` codes that may also be reported.
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
    """Describes when a code is reported and how to resolve it, for codes that no file causes."""

    bad: str
    good: str
