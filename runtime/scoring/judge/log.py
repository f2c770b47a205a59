"""The verdicts so far, append-only, so that no answer is judged twice."""

import hashlib
import json
from pathlib import Path

from runtime.scoring.judge.verdict import Verdict
from runtime.stage.files import write_text

LOG_FILE = "judge.verdicts.jsonl"


def key_of(*parts: str) -> str:
    """Return the key of a verdict: a digest of the judge, the rubric, the question, the answer and the reference."""
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


class VerdictLog:
    """The verdicts in a file of `folder`, by key; None is an answer that the judge gave no verdict on."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOG_FILE
        self.known = self._read()
        if self.known:  # without a half-written line
            write_text(self._path, "".join(self._line(key, verdict) for key, verdict in self.known.items()))

    def append(self, key: str, verdict: Verdict | None) -> None:
        """Add a verdict."""
        self.known[key] = verdict
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(self._line(key, verdict))

    @staticmethod
    def _line(key: str, verdict: Verdict | None) -> str:
        fields = {"key": key, "passed": verdict and verdict.passed, "reason": verdict.reason if verdict else ""}
        return json.dumps(fields, ensure_ascii=False) + "\n"

    def _read(self) -> dict[str, Verdict | None]:
        known: dict[str, Verdict | None] = {}
        try:
            for line in self._path.read_text(encoding="utf-8").split("\n"):
                record = json.loads(line)
                passed = record["passed"]
                known[record["key"]] = None if passed is None else Verdict(passed=passed, reason=record["reason"])
        except (OSError, ValueError, KeyError, TypeError):
            pass  # the file ends here, or does not exist
        return known
