"""The examples of diagnostics as files: the shared project, and each of an example's two ways."""

from collections.abc import Callable, Iterator
from pathlib import Path

from compiler.diagnostics.examples import Example
from compiler.diagnostics.examples.project import files

Change = Callable[[Path], None]


def materialise(root: Path, example: Example) -> None:
    """Write the shared project, with the files that both ways of the example need."""
    for name, text in (files() | dict(example.given)).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (root / "models" / "tiny" / "1").mkdir(parents=True)
    (root / "models" / "tiny" / "1" / "config.json").write_text("{}", encoding="utf-8")


def both_ways(example: Example) -> Iterator[tuple[str, str, Change]]:
    """`bad` and `good`, each with its command line and what it changes in the project."""
    for way, text in (("bad", example.bad), ("good", example.good)):
        if not example.file:
            yield way, str(text), lambda root: None
        else:
            yield way, example.command, _edit(example, text)


def _edit(example: Example, text: str | None) -> Change:
    def change(root: Path) -> None:
        path = root / example.file
        if text is None:
            path.unlink(missing_ok=True)
            return
        if not example.whole:
            standing, now = example.instead_of or str(example.good), path.read_text(encoding="utf-8")
            assert now.count(standing) == 1, f"{standing!r} is not once in {example.file}"
            path.write_text(now.replace(standing, text), encoding="utf-8", errors="surrogateescape")
        else:
            path.write_text(text, encoding="utf-8")

    return change
