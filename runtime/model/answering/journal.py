"""The replies so far in a file that only grows: a request with a reply is never made again."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from runtime.model.endpoint.client import Reply

JOURNAL_FILE = "calls.jsonl"


class Journal:
    """The replies in a file of `folder`, by key; None is a request that the endpoint rejects for its content.

    A record is on the disk before `add` returns. A half-written last line, as a kill leaves it, is dropped.
    """

    def __init__(self, folder: Path, name: str = JOURNAL_FILE) -> None:
        self.path = folder / name
        self.known = self._read()

    def add(self, replies: Mapping[str, Reply | None]) -> None:
        """Add replies by key, all in one write."""
        lines = [
            json.dumps({"key": key, "reply": reply and asdict(reply)}, ensure_ascii=False)
            for key, reply in replies.items()
        ]
        with self.path.open("ab") as stream:
            stream.write("".join(f"{line}\n" for line in lines).encode())
            stream.flush()
            os.fsync(stream.fileno())
        self.known.update(replies)

    def _read(self) -> dict[str, Reply | None]:
        """Return the whole records, and cut the file after the last of them."""
        known: dict[str, Reply | None] = {}
        if not self.path.exists():
            return known
        whole = 0
        with self.path.open("rb") as stream:
            for line in stream:
                try:
                    record = json.loads(line)
                    reply = None if record["reply"] is None else Reply(**record["reply"])
                    if not line.endswith(b"\n"):
                        break
                    known[record["key"]] = reply
                except (ValueError, KeyError, TypeError):
                    break
                whole += len(line)
        if whole < self.path.stat().st_size:
            os.truncate(self.path, whole)
        return known
