"""The answers of a teacher so far, a prompt a line in the order of their coming, so that nothing is paid for twice."""

import json
from pathlib import Path
from typing import Any

from runtime.stage.files import write_text

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
