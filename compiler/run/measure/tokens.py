"""Count tokens, if the tokenizer of the base model is on this machine."""

from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer


class Counter:
    """Counts the tokens of texts, without a chat template."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text."""
        return [len(each.ids) for each in self._tokenizer.encode_batch(list(texts), add_special_tokens=False)]


def counter_of(models: Path, model: str) -> Counter | None:
    """Return the counter of model `name/revision` in the folder of models; None if it has no readable tokenizer."""
    path = models / model / "tokenizer.json"
    if not path.is_file():
        return None
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception:  # the library raises no narrower error for an unreadable file
        return None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return Counter(tokenizer)
