"""What Python code imports, read from its tokens.

Not from its syntax tree: nobody has reviewed this code yet, and Python's parser can be made to overflow the stack.
"""

import io
import token
import tokenize
from collections.abc import Iterator
from pathlib import PurePosixPath

_BY_NAME = ("import_module", "__import__")
_DEEPEST = 20  # parts of a name; one that is longer leads to no file
_SKIPPED = (token.COMMENT, token.NL, token.INDENT, token.DEDENT)

Module = tuple[str, ...]


def imported(text: str, relative: str) -> set[Module]:
    """Return the modules that the code of the file `relative` (as `a/b.py`) may import, as their names' parts.

    What is imported of a module may be a module itself, so it is among them. Names that are computed are not seen.
    """
    package = PurePosixPath(relative).parts[:-1]
    found: set[Module] = set()
    for words in _statements(text):
        if words[0] == "import":
            found |= {tuple(name) for name in _names(words[1:])}
        elif words[0] == "from":
            found |= _of_module(words[1:], package)
        found |= {
            tuple(name.strip("'\"").split("."))
            for call, bracket, name in zip(words, words[1:], words[2:], strict=False)
            if call in _BY_NAME and bracket == "(" and name[:1] in "'\""
        }
    return {each for each in found if 0 < len(each) <= _DEEPEST and all(part.isidentifier() for part in each)}


def _of_module(words: list[str], package: Module) -> set[Module]:
    """The modules of `from … import …`: the words behind `from`."""
    level = 0
    while words and set(words[0]) == {"."}:
        level, words = level + len(words[0]), words[1:]
    if "import" not in words:
        return set()
    at = words.index("import")
    above = package[: max(0, len(package) - level + 1)] if level else ()
    base = (*above, *(word for word in words[:at] if word != "."))
    return {base, *((*base, *name) for name in _names(words[at + 1 :]))}


def _names(words: list[str]) -> Iterator[list[str]]:
    """The dotted names of a list that commas part, without what they are called here."""
    name: list[str] = []
    is_alias = False
    for word in [*words, ","]:
        if word == ",":
            yield name
            name, is_alias = [], False
        elif word == "as":
            is_alias = True
        elif word not in (".", "(", ")") and not is_alias:
            name.append(word)


def _statements(text: str) -> Iterator[list[str]]:
    """The words of each statement, as far as the text can be read; `if x: import y` is two of them."""
    words: list[str] = []
    try:
        for each in tokenize.generate_tokens(io.StringIO(text).readline):
            if each.type in (token.NEWLINE, token.ENDMARKER) or each.string in (";", ":"):
                if words:
                    yield words
                words = []
            elif each.type not in _SKIPPED:
                words.append(each.string)
    except (tokenize.TokenError, SyntaxError):
        if words:
            yield words
