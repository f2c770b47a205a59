"""Stage configs that the runtime of this version supports; a plan of a newer version may have others."""

from collections.abc import Mapping
from typing import Any

from runtime.contract.methods import METHODS


def lacking(config: Mapping[str, Any]) -> str:
    """Return a phrase for the part of a stage config that the runtime does not support, or an empty string."""
    method = config["method"]
    if method not in METHODS:
        return f"`{method}`"
    shapes = sorted({block["shape"] for block in config["data"]} - set(METHODS[method].shapes))
    if shapes:
        return f"`{method}` on rows of shape {' and '.join(f'`{shape}`' for shape in shapes)}"
    return ""
