"""What the runtime of this version can run; plans render the rest for review."""

from collections.abc import Mapping
from typing import Any

from runtime.contract.methods import METHODS


def lacking(config: Mapping[str, Any]) -> str:
    """What a stage config asks for that the runtime does not have, in words; empty when it has everything."""
    method = config["method"]
    if method not in METHODS:
        return f"`{method}`"
    shapes = sorted({block["shape"] for block in config["data"]} - set(METHODS[method]))
    if shapes:
        return f"`{method}` on rows of shape {' and '.join(f'`{shape}`' for shape in shapes)}"
    return f"`{method}` on the prompt of an earlier stage" if "prompt" in config else ""
