"""Load phase, for what rewards are made of: their code, and the files that library functions read."""

import re
from pathlib import PurePosixPath

from compiler.defaults import NEEDED_OPTION, REWARD_OPTIONS, REWARDS
from compiler.diagnostics import Location, diagnostic
from compiler.load import MAX_BYTES
from compiler.reader import Reader, close_or_known
from compiler.schema.v1.training_spec import TrainingSpec
from compiler.untrusted import read_file

# Python's own parser can be made to overflow the stack, and this is code that nobody has reviewed yet.
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<of>\.*[\w.]*)[ \t]+import[ \t]+(?P<names>\([^)]*\)|[^\n#;]*)"
    r"|import[ \t]+(?P<modules>[^\n#;]*))",
    re.MULTILINE,
)


def reward_code(reader: Reader, spec: TrainingSpec) -> dict[str, str]:
    """The digest of each file of the spec's folder that a reward reads: its code with what that imports, or a library
    function's schema.
    """
    code: dict[str, str] = {}
    for index, function in enumerate(spec.spec.reward.functions if spec.spec.reward else []):
        where = reader.document.at(("spec", "reward", "functions", index, "use"))
        module, colon, _ = function.use.partition(":")
        if colon:
            _follow(reader, f"{module.replace('.', '/')}.py", where, code)
        elif module not in REWARDS:
            message = f"the reward library has no `{module}`"
            hint = close_or_known(module, REWARDS, "functions")
            reader.found.append(diagnostic("CHK207", message, where, hint=hint))
        else:
            code |= _options(reader, spec, index)
    return code


def _follow(reader: Reader, first: str, where: Location, code: dict[str, str]) -> None:
    """Add a module's digest to `code`, and those of the modules of the spec's folder that it imports."""
    waiting = [first]
    while waiting:
        relative = waiting.pop()
        path = None if relative in code else reader.resolve(relative, where)
        if path is None:
            continue
        code[relative] = reader.digest(path, where, MAX_BYTES)
        if code[relative]:
            text = read_file(path, MAX_BYTES).decode("utf-8", "replace")
            waiting += [each for each in imported(text, relative) if _is_there(reader, each)]


def imported(text: str, relative: str) -> list[str]:
    """Return the files that the code of `relative` may import from its own folder tree, sorted: paths as `a/b.py`."""
    modules: set[tuple[str, ...]] = set()
    for found in _IMPORT.finditer(text):
        if found["modules"] is not None:
            modules |= {_parts(name) for name in found["modules"].split(",")}
            continue
        of = found["of"].lstrip(".")
        level = len(found["of"]) - len(of)
        above = PurePosixPath(relative).parts[:-level] if level else ()
        package = (*above, *(of.split(".") if of else ()))
        names = found["names"].strip("() \t").split(",")
        modules |= {package, *((*package, *_parts(name)) for name in names)}
    paths = set()
    for parts in modules:
        for length in range(1, len(parts) + 1):
            paths |= {f"{'/'.join(parts[:length])}/__init__.py"}
        paths |= {f"{'/'.join(parts)}.py"} if parts else set()
    return sorted(paths)


def _parts(name: str) -> tuple[str, ...]:
    """The parts of `a.b as c`; none of what is no name."""
    first = name.split()[:1]
    parts = tuple(first[0].split(".")) if first else ()
    return parts if all(part.isidentifier() for part in parts) else ()


def _is_there(reader: Reader, relative: str) -> bool:
    try:
        return reader.reads.there(reader.folder / relative, "file")
    except OSError:
        return False


def _options(reader: Reader, spec: TrainingSpec, index: int) -> dict[str, str]:
    """Check the names of a library function's options; return the digest of the schema that they name, if any."""
    function = spec.spec.reward.functions[index] if spec.spec.reward else None
    assert function is not None  # the caller counts them  # noqa: S101
    at = ("spec", "reward", "functions", index)
    known = (*REWARD_OPTIONS[function.use], "after")
    for name in function.options:
        if name not in known:
            message = f"reward `{function.use}` has no option `{name}`"
            where = reader.document.at((*at, "options", name), key=True)
            hint = close_or_known(name, known, "options")
            reader.found.append(diagnostic("CHK207", message, where, hint=hint))
    needed = NEEDED_OPTION.get(function.use)
    given = needed == "databases" and any(each.databases for each in spec.spec.goal.metrics)
    if needed and needed not in function.options and not given:
        message = f"reward `{function.use}` lacks its option `{needed}`"
        where = reader.document.at((*at, "use"))
        hint = f"add it: `options: {{{needed}: …}}`"
        reader.found.append(diagnostic("SPC101", message, where, hint=hint))
    schema = function.options.get("schema")
    if function.use != "json_schema" or not isinstance(schema, str):
        return {}
    where = reader.document.at((*at, "options", "schema"))
    path = reader.resolve(schema, where)
    return {} if path is None else {schema: reader.digest(path, where, MAX_BYTES)}
