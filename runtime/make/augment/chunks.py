"""A corpus as passages: whole rows where they are short enough, else runs of their sentences."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from runtime.contract.leakage.normal import IDEOGRAPHIC
from runtime.data.rows import Source

Language = Literal["en", "zh"]
# a sentence with its marks and closing quotes, or a line
_SENTENCES = re.compile(r"[^.!?;。！？；…\n]*(?:[.!?;。！？；…]+[\"'”’」』）)\]]*\s*|\n\s*|$)")
_SYLLABIC = re.compile("[\u3040-\u30ff\uac00-\ud7af]")  # Japanese and Korean, which Chinese prompts do not fit
_LETTERS = re.compile(r"[^\W\d_]")
CHARACTERS_PER_TOKEN = 4  # of scripts with spaces


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """A passage: its name (`articles.jsonl:3#1`), the place of its row, its text, and the language of its prompts."""

    name: str
    place: str
    text: str
    language: Language


def tokens_in(text: str) -> int:
    """Return an estimate of the tokens of a text: one for each ideograph, one for four other characters."""
    ideographs = len(IDEOGRAPHIC.findall(text))
    return ideographs - (ideographs - len(text)) // CHARACTERS_PER_TOKEN


def chunks_of(sources: Sequence[Source], most_tokens: int) -> list[Chunk]:
    """Return the different passages of all rows, in order, each of at most `most_tokens` by `tokens_in`."""
    chunks: dict[str, Chunk] = {}
    for source in sources:
        for place, row in zip(source.places, source.rows, strict=True):
            for number, text in enumerate(passages_of(row["text"], most_tokens), start=1):
                chunk = Chunk(name=f"{place}#{number}", place=place, text=text, language=language_of(text))
                chunks.setdefault(text, chunk)
    return list(chunks.values())


def language_of(text: str) -> Language:
    """Return `zh` for a text that is mostly Chinese, else `en`, whose prompts keep the language of the passage."""
    ideographs = len(IDEOGRAPHIC.findall(text))
    is_chinese = 3 * ideographs >= len(_LETTERS.findall(text)) > 0 and not _SYLLABIC.search(text)
    return "zh" if is_chinese else "en"


def passages_of(text: str, most_tokens: int) -> Iterator[str]:
    """Yield a text in pieces of at most `most_tokens`, cut between sentences where possible."""
    current = ""
    for sentence in _SENTENCES.findall(text):
        for piece in _pieces(sentence, most_tokens):
            if current and tokens_in(current + piece) > most_tokens:
                if current.strip():
                    yield current.strip()
                current = ""
            current += piece
    if current.strip():
        yield current.strip()


def _pieces(sentence: str, most_tokens: int) -> Iterator[str]:
    """Yield a sentence, or parts of one that is too long: after a space, else wherever the limit is."""
    while tokens_in(sentence) > most_tokens:
        end = _fitting(sentence, most_tokens)
        space = sentence.rfind(" ", end // 2, end)
        end = space + 1 if space > 0 else end
        yield sentence[:end]
        sentence = sentence[end:]
    yield sentence


def _fitting(text: str, most_tokens: int) -> int:
    """Return the length of the longest start of a text within the limit, by bisection."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if tokens_in(text[:middle]) <= most_tokens else (low, middle - 1)
    return low
