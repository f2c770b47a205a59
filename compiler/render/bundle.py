"""The result of the render phase: the files of a plan folder."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class RenderedFile:
    """A file of the plan folder: its name and its text, written as UTF-8."""

    name: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RenderedBundle:
    """All files of a plan folder, sorted by name."""

    files: tuple[RenderedFile, ...]
