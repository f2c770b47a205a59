"""The parts of an interrupted stage: the seconds of each of its runs, also of a run that was killed."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PARTS_FILE = ".parts.json"
_BEAT_SECONDS = 2.0  # a killed run loses at most this much of its time


@contextmanager
def counted_parts(folder: Path, config_sha256: str, started: float) -> Iterator[Callable[[], list[float]]]:
    """Keep the seconds of this run, since `started` on the monotonic clock, in a file of `folder` while the block runs.

    Yields a function that returns the seconds of each run of this config so far, the current one last. A file that
    cannot be written is ignored: it is worth no training.
    """
    earlier = _read(folder, config_sha256)
    over = threading.Event()

    def parts() -> list[float]:
        return [*earlier, round(time.monotonic() - started, 3)]

    def write() -> None:
        text = json.dumps({"config_sha256": config_sha256, "seconds": parts()})
        with suppress(OSError):
            temporary = folder / f"{PARTS_FILE}.new"
            temporary.write_text(text, encoding="utf-8")
            os.replace(temporary, folder / PARTS_FILE)  # not flushed: only a crash of the machine loses it

    def beat() -> None:
        while not over.wait(_BEAT_SECONDS):
            write()

    write()
    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield parts
    finally:
        over.set()
        thread.join()
        write()


def forget_parts(folder: Path) -> None:
    """Remove the file, once the results hold its figures."""
    (folder / PARTS_FILE).unlink(missing_ok=True)


def _read(folder: Path, config_sha256: str) -> list[float]:
    try:
        document = json.loads((folder / PARTS_FILE).read_text(encoding="utf-8"))
        return [float(each) for each in document["seconds"]] if document["config_sha256"] == config_sha256 else []
    except (OSError, ValueError, KeyError, TypeError):
        return []
