"""The team's own code in the spec's folder: a module, and what it imports from there."""

import io
import token
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from compiler.diagnostics import Location
from compiler.spec.files import read_file
from compiler.spec.references import Reader
from compiler.spec.yaml.load import MAX_BYTES


def code_digests(reader: Reader, module: str, where: Location) -> dict[str, str]:
    """Return the digest of each file of `module`, its packages, and their imports from the folder, by path."""
    parts = tuple(module.split("."))
    waiting = _existing(reader, _files(parts))
    if not {f"{'/'.join(parts)}.py", f"{'/'.join(parts)}/__init__.py"} & set(waiting):
        reader.resolve(f"{'/'.join(parts)}.py", where)  # reports that it does not exist
        return {}
    code: dict[str, str] = {}
    while waiting:
        relative = waiting.pop()
        path = None if relative in code else reader.resolve(relative, where)
        if path is None:
            continue
        code[relative] = reader.digest(path, where, MAX_BYTES)
        if code[relative]:
            text = read_file(path, MAX_BYTES).decode("utf-8-sig", "replace")
            waiting += _existing(reader, [file for each in imported(text, relative) for file in _files(each)])
    return code


def _files(module: tuple[str, ...]) -> list[str]:
    """Return the files that can define a module and its packages."""
    packages = [f"{'/'.join(module[:length])}/__init__.py" for length in range(1, len(module) + 1)]
    return [*packages, f"{'/'.join(module)}.py"]


def _existing(reader: Reader, files: Iterable[str]) -> list[str]:
    """Return the files that exist in the spec's folder, sorted."""
    found = []
    for relative in sorted(set(files)):
        try:
            if reader.reads.exists(reader.folder / relative, "file"):
                found.append(relative)
        except OSError:  # not a valid file name
            continue
    return found


_BY_NAME = ("import_module", "__import__")
_DEEPEST = 20  # parts of a module name; a longer name has no file
_SKIPPED = (token.COMMENT, token.NL, token.INDENT, token.DEDENT)

Module = tuple[str, ...]


def imported(text: str, relative: str) -> set[Module]:
    """Return the modules that the file `relative` may import, as the parts of their names.

    `relative` is a path such as `a/b.py`. A name that is imported from a module may be a module itself, so it is
    included. Computed names are not found.
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
    """Return the modules of `from … import …`, given the words after `from`."""
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
    """Yield the dotted names of a comma-separated list, without their aliases."""
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
    """Yield the words of each statement, as far as the text is valid; `if x: import y` has two."""
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
