"""The recorder of traces as one file, which an application copies without installing anything."""

import ast
from functools import cache
from pathlib import Path

# the modules of `runtime/trace` that record, from the bottom up; the adapters for other libraries are not among them
MODULES = (
    "snapshot", "redaction", "rotation", "streams", "form", "report", "writer", "part", "traces", "steps", "recorder",
)  # fmt: skip


@cache
def recorder_text() -> str:
    """Return the modules of the recorder joined into one, without the imports between them.

    A plan folder is flat, and the recorder is too long for one module of a package; so it is joined here, from its only
    source. The text does not depend on the plan.
    """
    folder = Path(__file__).parents[2] / "runtime" / "trace"
    return "\n\n".join(_without_siblings(folder / f"{name}.py").strip("\n") for name in ("__init__", *MODULES)) + "\n"


def _without_siblings(path: Path) -> str:
    """Return the source of a module without its imports of sibling modules."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.level:
            for number in range(node.lineno - 1, node.end_lineno or node.lineno):
                lines[number] = ""
    return "".join(lines)
