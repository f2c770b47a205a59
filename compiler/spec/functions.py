"""Load phase of functions: which rewards and metrics a spec uses, with their code and the files that they read."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from compiler.diagnostics import Location, diagnostic
from compiler.spec.code import code_digests
from compiler.spec.files import read_file
from compiler.spec.own_function import Kind, function_fault
from compiler.spec.references import Reader, close_or_known
from compiler.spec.schema.goal import Metric
from compiler.spec.schema.training_spec import TrainingSpec
from compiler.spec.yaml.document import FieldPath
from compiler.spec.yaml.load import MAX_BYTES
from runtime.contract.json_schema import schema_fault
from runtime.contract.metrics import GENERAL_GUARD, METRICS, PEOPLE
from runtime.contract.options import FILE_OPTIONS
from runtime.contract.rewards import REWARDS

MAX_SCRIPT_BYTES = 64 << 20  # of one file of databases


@dataclass(frozen=True, kw_only=True, slots=True)
class _Function:
    """A function of a library at the path `at` of the spec: what it is, and the options it has, knows and needs."""

    kind: str
    use: str
    at: FieldPath
    options: Mapping[str, object]
    known: tuple[str, ...]
    needed: tuple[str, ...]


def reward_code(reader: Reader, spec: TrainingSpec) -> dict[str, str]:
    """Return the digest of each file of the spec's folder that a reward reads, by path.

    These are its code with all imports, or the schema or scripts of a library function.
    """
    code: dict[str, str] = {}
    databases = any(each.databases for each in spec.spec.goal.metrics)
    for index, term in enumerate(spec.spec.reward.functions if spec.spec.reward else []):
        at = ("spec", "reward", "functions", index)
        if ":" in term.use:
            code |= _own_code(reader, term.use, "reward", reader.document.at((*at, "use")))
        elif term.use not in REWARDS:
            hint = close_or_known(term.use, REWARDS)
            where = reader.document.at((*at, "use"))
            reader.found.append(diagnostic("CHK207", f"the reward library has no `{term.use}`", where, hint=hint))
        else:
            row = REWARDS[term.use]
            needed = tuple(name for name in row.needed if name != "databases" or not databases)
            code |= _digests(
                reader,
                _Function(kind="reward", use=term.use, at=at, options=term.options, known=row.known, needed=needed),
            )
    return code


def metric_code(reader: Reader, spec: TrainingSpec) -> dict[str, str]:
    """Return the digest of each file of the spec's folder that a metric reads, by path, and check all their names.

    These are the team's own functions with all imports, or the schema of a metric of the library.
    """
    code: dict[str, str] = {}
    for index, metric in enumerate(spec.spec.goal.metrics):
        at = ("spec", "goal", "metrics", index)
        if metric.is_own:
            where = reader.document.at((*at, "use" if metric.use else "name"))
            code |= _own_code(reader, metric.function, "metric", where)
        elif metric.function in METRICS:
            row = METRICS[metric.function]
            code |= _digests(
                reader,
                _Function(
                    kind="metric",
                    use=metric.function,
                    at=at,
                    options=metric.options,
                    known=row.known,
                    needed=row.required,
                ),
            )
        elif metric.is_measured:
            _unknown_metric(reader, metric, at)
    _guards(reader, spec)
    return code


def _own_code(reader: Reader, use: str, kind: Kind, where: Location) -> dict[str, str]:
    """Return the digests of the code of `module:function`, and check that the function can be called."""
    module, _, name = use.partition(":")
    code = code_digests(reader, module, where)
    path = module.replace(".", "/")
    relative = next((each for each in (f"{path}/__init__.py", f"{path}.py") if code.get(each)), None)
    if relative is not None:
        text = read_file(reader.folder / relative, MAX_BYTES).decode("utf-8-sig", "replace")
        if fault := function_fault(text, relative, name, kind):
            message, hint = fault
            reader.found.append(diagnostic("CHK249", message, where, hint=hint))
    return code


def _unknown_metric(reader: Reader, metric: Metric, at: FieldPath) -> None:
    where = reader.document.at((*at, "use" if metric.use else "name"))
    hint = _close_or_other(metric.function, METRICS)
    reader.found.append(diagnostic("CHK207", f"the metric library has no `{metric.function}`", where, hint=hint))


def _close_or_other(name: str, known: Iterable[str]) -> str:
    """Return a hint for an unknown metric: a near name, or all names, and what else can measure."""
    hint = close_or_known(name, known)
    joint = "; or" if hint.endswith("?") else ", or"
    return f"{hint}{joint} add `use: {PEOPLE}` if people measure it"


def _guards(reader: Reader, spec: TrainingSpec) -> None:
    """Check that each guard names a metric of the goal, or one of the library that needs nothing but its name."""
    names = [each.name for each in spec.spec.goal.metrics]
    alone = [name for name, row in METRICS.items() if not row.needs_settings]
    for index, guard in enumerate(spec.spec.goal.must_not_fall):
        if guard.name in (GENERAL_GUARD, *names, *alone) or guard.use == PEOPLE:
            continue
        where = reader.document.at(("spec", "goal", "mustNotFall", index, "name"))
        if guard.name in METRICS:
            message = f"guard `{guard.name}` needs settings, which only a metric of the goal has"
            hint = "add the metric with its settings to `goal.metrics`"
        else:
            message = f"guard `{guard.name}` is no metric of the goal, and the metric library has none of this name"
            hint = _close_or_other(guard.name, dict.fromkeys([GENERAL_GUARD, *names, *alone]))
        reader.found.append(diagnostic("CHK207", message, where, hint=hint))


def _digests(reader: Reader, function: _Function) -> dict[str, str]:
    """Check the names of a library function's options; return the digests of the files that options name."""
    subject = f"{function.kind} `{function.use}`"
    for name in function.options:
        if name not in function.known:
            where = reader.document.at((*function.at, "options", name), key=True)
            hint = close_or_known(name, function.known) if function.known else "remove it: it takes no options"
            reader.found.append(diagnostic("CHK207", f"{subject} has no option `{name}`", where, hint=hint))
    for name in function.needed:
        if name not in function.options:
            where = reader.document.at((*function.at, "use"))
            hint = f"add it: `options: {{{name}: …}}`"
            reader.found.append(diagnostic("SPC101", f"{subject} lacks its option `{name}`", where, hint=hint))
    return dict(_files_named(reader, function))


def _files_named(reader: Reader, function: _Function) -> Iterator[tuple[str, str]]:
    """Yield the path and the digest of the schema, or of each database script, that an option names."""
    option = next((each for each in FILE_OPTIONS if each in function.known), "")
    name = function.options.get(option)
    if not isinstance(name, str):
        return
    where = reader.document.at((*function.at, "options", option))
    path = reader.resolve(name, where, folder=option == "databases")
    if path is None:
        return
    if option != "databases":
        sha256 = reader.digest(path, where, MAX_BYTES)
        if option == "schema" and sha256:
            text = read_file(path, MAX_BYTES).decode("utf-8", "replace")
            if fault := schema_fault(text):
                reader.found.append(diagnostic("CHK249", f"schema `{name}` {fault}", where, hint="fix the file"))
        yield name, sha256
        return
    for each in (f"{name.rstrip('/')}/{inner}" for inner in reader.reads.names(path)):
        if reader.reads.exists(reader.folder / each, "file") and (file := reader.resolve(each, where)) is not None:
            yield each, reader.digest(file, where, MAX_SCRIPT_BYTES)
