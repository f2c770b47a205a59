"""Logs of the answers so far, append-only, so that a stopped stage resumes where it was.

`AnswerLog` holds batches in order; `PromptLog` holds prompts by number, as concurrent requests finish in any order.
"""

import json
from pathlib import Path
from typing import Any

from runtime.stage.files import write_text

LOG_FILE = "teacher.partial.jsonl"
Answer = dict[str, Any]


class AnswerLog:
    """The finished batches of one config, in order; an answer is text or other JSON."""

    def __init__(self, folder: Path, config_sha256: str, name: str = "answers") -> None:
        """Keep the log in `folder`; `name` separates the answers to different question sets."""
        self._path = folder / f"{name}.partial.jsonl"
        self._config_sha256 = config_sha256

    def start(self) -> list[list[Any]]:
        """Return the logged batches, and remove a half-written line from the file."""
        batches = self._read()
        write_text(self._path, "".join(map(self._line, batches)))
        return batches

    def append(self, answers: list[Any]) -> None:
        """Add the answers of the next batch."""
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(self._line(answers))

    def remove(self) -> None:
        """Remove the file once the predictions hold its answers."""
        self._path.unlink(missing_ok=True)

    def _line(self, answers: list[Any]) -> str:
        return json.dumps({"config_sha256": self._config_sha256, "answers": answers}, ensure_ascii=False) + "\n"

    def _read(self) -> list[list[Any]]:
        batches: list[list[Any]] = []
        try:
            for line in self._path.read_text(encoding="utf-8").split("\n"):
                record = json.loads(line)
                if record["config_sha256"] != self._config_sha256:
                    break
                batches.append(record["answers"])
        except (OSError, ValueError, KeyError, TypeError):
            pass  # the file ends here, or does not exist
        return batches


class PromptLog:
    """The answered prompts of one config, by number, in a file under `folder`."""

    def __init__(self, folder: Path, config_sha256: str) -> None:
        self._path = folder / LOG_FILE
        self._config_sha256 = config_sha256

    def start(self) -> dict[int, list[Answer]]:
        """Return the logged answers by prompt number, and remove a half-written line from the file."""
        known = self._read()
        write_text(self._path, "".join(self._line(number, answers) for number, answers in known.items()))
        return known

    def append(self, number: int, answers: list[Answer]) -> None:
        """Add the answers to prompt `number`."""
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(self._line(number, answers))

    def remove(self) -> None:
        """Remove the file once the rows hold its answers."""
        self._path.unlink(missing_ok=True)

    def _line(self, number: int, answers: list[Answer]) -> str:
        record = {"config_sha256": self._config_sha256, "prompt": number, "answers": answers}
        return json.dumps(record, ensure_ascii=False) + "\n"

    def _read(self) -> dict[int, list[Answer]]:
        known: dict[int, list[Answer]] = {}
        try:
            for line in self._path.read_text(encoding="utf-8").split("\n"):
                record = json.loads(line)
                if record["config_sha256"] != self._config_sha256:
                    break
                known[int(record["prompt"])] = record["answers"]
        except (OSError, ValueError, KeyError, TypeError):
            pass  # the file ends here, or does not exist
        return known
