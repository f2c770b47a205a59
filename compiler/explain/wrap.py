"""Text wrapped for a terminal, with characters of two columns."""

from collections.abc import Iterator

from compiler.diagnostics.render.text import display_width

COLUMNS = 77  # a branch of the tree of `explain --full` puts 3 more before each line
OPENING = ("“", "‘", "(", "（", "《", "「")  # a line does not end with one of these


def wrapped(text: str, indent: int, *, columns: int = COLUMNS, hang: int = 4) -> list[str]:
    """Wrap text for a terminal, wide characters counted as two columns; indent later lines by `hang` more.

    A word that is longer than a line is folded.
    """
    lines, line, width = [], " " * indent, indent
    room = columns - indent - hang
    for word in (part for each in _words(text) for part in _folded(each, room)):
        if width + display_width(word.rstrip()) > columns and line.strip():
            lines.append(line)
            line, width = " " * (indent + hang), indent + hang
        line, width = line + word, width + display_width(word)
    return [each.rstrip() for each in [*lines, line]]


def _folded(word: str, room: int) -> Iterator[str]:
    """Yield a word in parts of at most `room` columns."""
    part, width = "", 0
    for char in word:
        if part and char != " " and width + display_width(char) > room:
            yield part
            part, width = "", 0
        part, width = part + char, width + display_width(char)
    yield part


def _words(text: str) -> list[str]:
    """Split text where a line may break: after spaces and between ideographs, but not after an opening quote."""
    pieces: list[str] = []
    for char in text:
        is_ideograph = display_width(char) == 2 and char.isalnum()
        if pieces and not pieces[-1].endswith(" ") and (not is_ideograph or pieces[-1].endswith(OPENING)):
            pieces[-1] += char
        else:
            pieces.append(char)
    return pieces
