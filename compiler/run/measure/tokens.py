"""Lengths in tokens, where the base model is on this machine."""

from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer


class Counter:
    """Counts tokens of texts as the model of a tokenizer sees them, without its chat template."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    def count(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text."""
        return [len(each.ids) for each in self._tokenizer.encode_batch(list(texts), add_special_tokens=False)]


def counter_of(models: Path, model: str) -> Counter | None:
    """The counter of the model `name/revision` below the folder of models; None where its tokenizer is not there."""
    path = models / model / "tokenizer.json"
    if not path.is_file():
        return None
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception:  # the library raises nothing narrower for a file that it cannot read
        return None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return Counter(tokenizer)
