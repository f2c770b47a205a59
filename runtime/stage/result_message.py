"""The result of a stage as its pod's termination message: all that evidence is made of, in at most 4096 bytes.

A cluster keeps the message in the pod's status, so results come back without access to the outputs volume.
"""

import json
from typing import Any

from runtime.stage.report import TERMINATION_BYTES

DIGITS = 6  # of a figure: evidence keeps as many
_FIELDS = ("method", "config_sha256", "ended", "steps", "metrics", "gate", "report")


def result_message(document: dict[str, Any], digest: str, ending: str, exit_code: int) -> dict[str, Any]:
    """The message of a stage that is complete: what `metrics.json` says, with the digest of that file.

    Of what would not fit, the ids of newly wrong answers go first, from the end (`count` beside them stays), then the
    classes of badcases, the rarest first.
    """
    fields = {name: document[name] for name in _FIELDS if document.get(name) is not None}
    message: dict[str, Any] = {"status": ending, "exit_code": exit_code, "digest": digest, **_rounded(fields)}
    broken = message.get("report", {}).get("broken")
    if isinstance(broken, dict):
        broken.pop("first", None)  # answers at length: the outputs volume has them
        while broken.get("ids") and _size(message) > TERMINATION_BYTES:
            broken["ids"] = broken["ids"][: len(broken["ids"]) * 3 // 4]
    classes = message.get("report", {}).get("badcases", {}).get("classes", {})
    while classes and _size(message) > TERMINATION_BYTES:
        del classes[min(classes, key=lambda name: (classes[name]["n"], name))]
    return message


def _size(message: dict[str, Any]) -> int:
    return len(json.dumps(message, ensure_ascii=False).encode("utf-8"))


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list) else value
