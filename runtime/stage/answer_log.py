"""The answers of an evaluation so far, a batch a line, so that a stopped evaluation goes on where it was."""

import json
from pathlib import Path
from typing import Any

from runtime.stage.files import write_text


class AnswerLog:
    """The finished batches of one config, in order, in a file under `folder`; an answer is text, or other JSON."""

    def __init__(self, folder: Path, config_sha256: str, name: str = "answers") -> None:
        """`name` tells the answers to one set of questions from those to another."""
        self._path = folder / f"{name}.partial.jsonl"
        self._config_sha256 = config_sha256

    def start(self) -> list[list[Any]]:
        """Return the answers of the batches that are in the file, and cut off a line that was half-written."""
        batches = self._read()
        write_text(self._path, "".join(map(self._line, batches)))
        return batches

    def append(self, answers: list[Any]) -> None:
        """Add the answers of the next batch."""
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(self._line(answers))

    def remove(self) -> None:
        """Remove the file: the predictions hold its answers now."""
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
            pass  # the file ends here, or is not there
        return batches


LOG_FILE = "teacher.partial.jsonl"
Answer = dict[str, Any]


class PromptLog:
    """The answered prompts of one config, by number, in an append-only file under `folder`."""

    def __init__(self, folder: Path, config_sha256: str) -> None:
        self._path = folder / LOG_FILE
        self._config_sha256 = config_sha256

    def start(self) -> dict[int, list[Answer]]:
        """Return the answers in the file by the number of their prompt, and cut off a line that was half-written."""
        known = self._read()
        write_text(self._path, "".join(self._line(number, answers) for number, answers in known.items()))
        return known

    def append(self, number: int, answers: list[Answer]) -> None:
        """Add the answers to prompt `number`."""
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(self._line(number, answers))

    def remove(self) -> None:
        """Remove the file: the rows hold its answers now."""
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
            pass  # the file ends here, or is not there
        return known
