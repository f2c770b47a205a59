"""Compare the vocabularies of two models by their tokenizer files, before a model loads."""

import json
from pathlib import Path
from typing import Any

from runtime.contract.errors import StageError

_SHARES = "`shares_vocabulary` of the teacher"


def check_vocabularies(student: Path, teacher: Path, *, claimed_same: bool) -> None:
    """Compare the plan's claim with both models' files; RUN766 if it is wrong or unverifiable.

    `tokenizer.json` has each token with its number, `config.json` the size of the output layer. Models of one family
    may pad the layer to different sizes: a larger teacher is cut to the student's size, a smaller one is rejected.
    """
    ours, theirs = _tokens(student), _tokens(teacher)
    difference = _difference(ours, theirs)
    if claimed_same and difference:
        message = f"student and teacher do not share a vocabulary: {difference}"
        raise StageError("RUN766", message, f"set {_SHARES} to false in the spec, which compares answers as text")
    if not claimed_same and not difference:
        message = f"student and teacher share a vocabulary of {len(ours)} tokens, but the plan says they do not"
        raise StageError("RUN766", message, f"set {_SHARES} to true in the spec, which compares probabilities exactly")
    if claimed_same:
        rows, teacher_rows = _output_rows(student), _output_rows(teacher)
        if teacher_rows < rows:
            message = f"the student has {rows} output rows, but the teacher only {teacher_rows}, for the same tokens"
            raise StageError("RUN766", message, "choose a teacher with at least as many rows, or another student")


def _tokens(folder: Path) -> dict[str, int]:
    path = folder / "tokenizer.json"
    name = f"{folder.parent.name}/{folder.name}"
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        listed = document["model"]["vocab"]
        # A unigram model lists pairs of a token and its score; the index in the list is the number.
        pairs = listed.items() if isinstance(listed, dict) else ((each[0], at) for at, each in enumerate(listed))
        added = {each["content"]: each["id"] for each in document.get("added_tokens", [])}
        return {**{str(token): int(number) for token, number in pairs}, **added}
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        message = f"the vocabulary of `{name}` cannot be read from its `tokenizer.json`"
        hint = "save its tokenizer in the fast format next to the weights"
        raise StageError("RUN766", message, hint) from error


def _difference(ours: dict[str, int], theirs: dict[str, int]) -> str:
    """Return how many tokens differ, with an example, as text; empty if none does."""
    differing = [token for token in {**ours, **theirs} if ours.get(token) != theirs.get(token)]
    if not differing:
        return ""
    token = min(differing)
    shown = ["no token" if number is None else str(number) for number in (ours.get(token), theirs.get(token))]
    return f"{len(differing)} tokens differ, such as `{token}` ({shown[0]} and {shown[1]})"


def _output_rows(folder: Path) -> int:
    try:
        document = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return int(document.get("text_config", document)["vocab_size"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"`config.json` of `{folder.parent.name}/{folder.name}` has no `vocab_size`"
        raise StageError("RUN766", message, "copy the model to the models volume again") from error
