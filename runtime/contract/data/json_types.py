"""Values that JSON has: calls and tools hold no others, such as the dates and bytes of Parquet."""

import math
from typing import Any

from runtime.contract.data.faults import Fault
from runtime.contract.data.shown import shown, shown_name

_HINT = "write it as text, or as a number"


def json_fault(value: Any) -> Fault | None:
    """Return the fault of the first value below `value` that JSON does not have; None if it can be written as JSON."""
    rest = [("", value)]
    while rest:
        place, each = rest.pop()
        if isinstance(each, dict):
            rest += [(f"{place}.{shown_name(key)}", inner) for key, inner in reversed(each.items())]
        elif isinstance(each, list):
            rest += [(f"{place}[{at}]", inner) for at, inner in reversed(list(enumerate(each)))]
        elif isinstance(each, float) and not math.isfinite(each):
            return Fault(place, f"is `{each}`, which is no number of JSON", hint=_HINT)
        elif each is not None and not isinstance(each, str | int | float):
            return Fault(
                place, f"is of the type `{type(each).__name__}`, which JSON does not have", shown(str(each)), _HINT
            )
    return None
