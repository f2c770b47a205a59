"""Load phase, for what rewards are made of: their code, and the files that library functions read."""

import io
import token
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from compiler.diagnostics import Location, diagnostic
from compiler.spec.files import read_file
from compiler.spec.references import Reader, close_or_known
from compiler.spec.schema.training_spec import RewardFunction, TrainingSpec
from compiler.spec.yaml.document import FieldPath
from compiler.spec.yaml.load import MAX_BYTES
from runtime.contract.rewards import REWARDS

MAX_SCRIPT_BYTES = 64 << 20  # of one file of databases


def reward_code(reader: Reader, spec: TrainingSpec) -> dict[str, str]:
    """The digest of each file of the spec's folder that a reward reads: its code with what that imports, or the schema
    or scripts of a library function.
    """
    code: dict[str, str] = {}
    for index, function in enumerate(spec.spec.reward.functions if spec.spec.reward else []):
        where = reader.document.at(("spec", "reward", "functions", index, "use"))
        module, colon, _ = function.use.partition(":")
        if colon:
            code |= _code(reader, module, where)
        elif module not in REWARDS:
            message = f"the reward library has no `{module}`"
            hint = close_or_known(module, REWARDS, "functions")
            reader.found.append(diagnostic("CHK207", message, where, hint=hint))
        else:
            code |= _options(reader, spec, function, ("spec", "reward", "functions", index))
    return code


def _code(reader: Reader, use: str, where: Location) -> dict[str, str]:
    """The digests of the module `use`, of the packages that it is in, and of all that they import of the folder."""
    parts = tuple(use.split("."))
    waiting = _there(reader, _files(parts))
    if not {f"{'/'.join(parts)}.py", f"{'/'.join(parts)}/__init__.py"} & set(waiting):
        reader.resolve(f"{'/'.join(parts)}.py", where)  # which tells that it is not there
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
            waiting += _there(reader, [file for module in imported(text, relative) for file in _files(module)])
    return code


def _files(module: tuple[str, ...]) -> list[str]:
    """The files that a module may be, and those of the packages that it is in."""
    packages = [f"{'/'.join(module[:length])}/__init__.py" for length in range(1, len(module) + 1)]
    return [*packages, f"{'/'.join(module)}.py"]


def _there(reader: Reader, files: Iterable[str]) -> list[str]:
    """Those of the files that the spec's folder holds, sorted."""
    found = []
    for relative in sorted(set(files)):
        try:
            if reader.reads.there(reader.folder / relative, "file"):
                found.append(relative)
        except OSError:  # a name that no file can have
            continue
    return found


def _options(reader: Reader, spec: TrainingSpec, function: RewardFunction, at: FieldPath) -> dict[str, str]:
    """Check the names of the options of a library function at `at`; return the digests of the files that they name."""
    known = REWARDS[function.use].known
    for name in function.options:
        if name not in known:
            message = f"reward `{function.use}` has no option `{name}`"
            where = reader.document.at((*at, "options", name), key=True)
            hint = close_or_known(name, known, "options")
            reader.found.append(diagnostic("CHK207", message, where, hint=hint))
    for needed in REWARDS[function.use].needed:
        given = needed == "databases" and any(each.databases for each in spec.spec.goal.metrics)
        if needed not in function.options and not given:
            message = f"reward `{function.use}` lacks its option `{needed}`"
            where = reader.document.at((*at, "use"))
            hint = f"add it: `options: {{{needed}: …}}`"
            reader.found.append(diagnostic("SPC101", message, where, hint=hint))
    return _files_named(reader, function, at)


def _files_named(reader: Reader, function: RewardFunction, at: FieldPath) -> dict[str, str]:
    """The digests of the schema, or of the databases' scripts, that the options at `at` name."""
    option = next((each for each in REWARDS[function.use].options if each in ("databases", "schema")), "")
    name = function.options.get(option)
    if not isinstance(name, str):
        return {}
    where = reader.document.at((*at, "options", option))
    path = reader.resolve(name, where, folder=option == "databases")
    if path is None:
        return {}
    if option == "schema":
        return {name: reader.digest(path, where, MAX_BYTES)}
    files = [f"{name.rstrip('/')}/{each}" for each in reader.reads.names(path)]
    found = {each: reader.resolve(each, where) for each in files if reader.reads.there(reader.folder / each, "file")}
    return {each: reader.digest(file, where, MAX_SCRIPT_BYTES) for each, file in found.items() if file is not None}


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
