"""A YAML text that is edited at the places that the load phase keeps, so that everything else stays as it was."""

from compiler.source import FieldPath, SourceDocument, Span


class TextEdits:
    """Lines of a text, and the edits to be made of them: ranges, from the old text, that never overlap."""

    def __init__(self, text: str, document: SourceDocument) -> None:
        self.document = document
        self.lines = text.splitlines(keepends=True)
        self.line_end = "\r\n" if self.lines[0].endswith("\r\n") else "\n"
        self._edits: list[tuple[int, int, str]] = []
        self._starts = [0]
        for line in self.lines:
            self._starts.append(self._starts[-1] + len(line))
        self.text = text

    def range_of(self, span: Span) -> tuple[int, int]:
        """A span as offsets into the text."""
        start, end = span
        return self._starts[start.line] + start.column, self._starts[end.line] + end.column

    def slice(self, path: FieldPath) -> str:
        """The text of the value at a path, other than a block list or mapping."""
        start, end = self.range_of(self.document.spans[path][1])
        return self.text[start:end]

    def line_start(self, line: int) -> int:
        """The offset of a line; that of the end for the line behind the last."""
        return self._starts[min(line, len(self.lines))]

    def edit(self, start: int, end: int, text: str) -> None:
        """Replace a range of the old text."""
        self._edits.append((start, end, text))

    def rename(self, path: FieldPath, old: str, new: str) -> None:
        """Replace a word in the value at a path, or the whole value when the word is not written out there."""
        start, end = self.range_of(self.document.spans[path][1])
        there = self.text[start:end]
        self.edit(start, end, there.replace(old, new) if old in there else new)

    def edited(self) -> str:
        """The text with all edits made."""
        return self.part(0, len(self.text), self._edits)

    def part(self, start: int, end: int, edits: list[tuple[int, int, str]]) -> str:
        """A range of the old text with these edits made; edits outside of it do not count."""
        pieces, position = [], start
        for first, last, text in sorted(edits):
            if start <= first and last <= end:
                pieces += [self.text[position:first], text]
                position = last
        return "".join((*pieces, self.text[position:end]))
