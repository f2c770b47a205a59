"""Where traces go and what they may hold: the settings, and the way of a record to its file."""

import itertools
import os
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Any

from .form import line_of, loss
from .redaction import Redaction, Redactor
from .report import report
from .rotation import RotatingFile
from .snapshot import error_text


class Recorder:
    """Where traces go, and what they may hold.

    `path` is a file of JSON lines; the environment variable `TRAINSPEC_TRACES` overrides it, and turns recording off
    where it is empty. `sink` receives each redacted record. `components` are those of the spec. `sample` is the share
    of traces that are kept; traces with errors are always kept. `redact_fields`, `redact_patterns` and `redact` are
    explained in `Redactor`. Bounds: `value_characters` of one input or output, `trace_characters` of all in a trace,
    `file_bytes` of a file, and `files_kept` full files.
    """

    def __init__(
        self,
        *,
        path: str | os.PathLike[str] | None = None,
        sink: Callable[[dict[str, Any]], object] | None = None,
        components: Iterable[str] = (),
        sample: float = 1.0,
        redact_fields: Iterable[str] = (),
        redact_patterns: Iterable[str] = (),
        redact: Callable[[str], str] | None = None,
        value_characters: int = 200_000,
        trace_characters: int = 2_000_000,
        file_bytes: int = 64 << 20,
        files_kept: int = 9,
    ) -> None:
        chosen = os.environ.get("TRAINSPEC_TRACES", os.fspath(path) if path else "" if sink else "traces/traces.jsonl")
        self.sink, self.sample, self.components = sink, float(sample), frozenset(components)
        self.value_characters, self.trace_characters = int(value_characters), int(trace_characters)
        self.redactor = Redactor(redact_fields, redact_patterns, redact)
        self.file = RotatingFile(chosen, int(file_bytes), int(files_kept)) if chosen else None

    def write(self, record: dict[str, Any]) -> None:
        """Redact a record and write it, unless the sample leaves it out. Never raises."""
        try:
            if not self._chosen(record):
                return
            kept = redacted(record, self.redactor)
            if self.file is not None:
                self.file.append(line_of(kept))
            if self.sink is not None:
                self.sink(kept)
        except Exception as error:
            report("a trace is lost", error_text(error))

    def _chosen(self, record: dict[str, Any]) -> bool:
        if self.sample >= 1 or "error" in record or any("error" in each for each in record["steps"]):
            return True
        digest = blake2b(record["id"].encode("utf-8", "replace"), digest_size=8).digest()
        return int.from_bytes(digest, "big") < self.sample * 2**64


def redacted(record: dict[str, Any], redactor: Redactor) -> dict[str, Any]:
    """Return a record without what must not be stored, with a loss for each step of which something was masked."""
    losses, redaction = list(record["losses"]), Redaction(redactor)

    def masked(part: dict[str, Any], names: tuple[str, ...], step: str) -> dict[str, Any]:
        made = part | {name: redaction.value(part[name]) for name in names if name in part}
        losses.extend(loss("redacted", step, reason) for reason in itertools.islice(redaction.found, 20))
        redaction.found.clear()
        return made

    steps = [masked(each, ("input", "output", "error", "attributes"), each["id"]) for each in record["steps"]]
    made = masked(record, ("session", "query", "answer", "error", "intent", "attributes"), "")
    return made | {"steps": steps, "losses": losses}


_recorder: Recorder | None = None


def configure(**settings: Any) -> None:
    """Set where traces go and what they may hold, with the settings of `Recorder`.

    Where a setting is wrong nothing is recorded, since it might have been meant to protect something.
    """
    global _recorder
    try:
        _recorder = Recorder(**settings)
    except Exception as error:
        report("wrong settings, nothing is recorded", error_text(error))
        _recorder = Recorder(sink=_discarded)
        _recorder.file = None


def default_recorder() -> Recorder:
    """Return the recorder that `configure` set, or one with default settings."""
    if _recorder is None:
        configure()
    return _recorder  # type: ignore[return-value]


def _discarded(record: dict[str, Any]) -> None:
    """A sink that keeps nothing."""
