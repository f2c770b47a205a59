"""`trainspec data`: measures the sources of specs and keeps their cards."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from compiler.cli.exit_codes import ExitCode
from compiler.diagnostics import Diagnostic, Location, diagnostic, has_errors
from compiler.spec.data.cards import Card
from compiler.spec.discover import SpecPath, discover
from compiler.spec.evidence import FOLDER
from compiler.spec.schema.data_card import DataCard
from compiler.spec.schema.training_spec import DataSource
from compiler.spec.yaml.write import document_text, write_document

Data = dict[str, object]
Report = Callable[[Sequence[Diagnostic]], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What is asked for: only some sources, or all; where the rows of remote ones are; whether cards are written."""

    names: Sequence[str]
    rows: Sequence[Path]
    models: Path
    check_only: bool
    today: date

    @classmethod
    def of(cls, names: Sequence[str], rows: Sequence[Path], models: Path | None, *, check_only: bool) -> "Wanted":
        """What a command line asks for, today."""
        from compiler.run.manifests import default_models

        where = models or default_models()
        return cls(names=names, rows=rows, models=where, check_only=check_only, today=datetime.now(UTC).date())

    @property
    def rows_by_name(self) -> dict[str, Path]:
        """Where the rows of remote sources are."""
        return dict(zip(self.names, self.rows, strict=bool(self.rows)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """A card, and what came of it: `written`, `unchanged`, `out of date` or `kept` (its rows are not here)."""

    source: str
    path: str
    card: DataCard
    state: str


def measure_data(paths: list[Path], wanted: Wanted, report: Report) -> ExitCode:
    """Measure the sources of the specs under the paths; 5 when only checks are wanted and a card differs."""
    specs, nothing = discover(paths)
    hint = "name a spec file, or a folder that holds `spec.yaml` files"
    found = [diagnostic("YML001", "no spec is there", Location(path=str(path)), hint=hint) for path in nothing]
    if wanted.rows and (len(specs) != 1 or len(wanted.rows) != len(wanted.names)):
        print("`--from` goes with one spec, and with one `--source` for each `--from`", file=sys.stderr)
        return ExitCode.USAGE
    results: list[Result] = []
    for spec in specs:
        told, done = measure_spec(spec, wanted)
        found.extend(told)
        results.extend(done)
    report(found)
    if results:
        from compiler.run.measure.table import table

        table(results)
    elif specs and not has_errors(found):
        print("nothing to measure: no data source is there")
    if has_errors(each for each in found if each.code != "CHK234"):
        return ExitCode.ERRORS
    return ExitCode.DIFFERENCES if any(each.code == "CHK234" for each in found) else ExitCode.OK


def measure_spec(spec: SpecPath, wanted: Wanted) -> tuple[list[Diagnostic], list[Result]]:
    """Measure one spec's sources, and write or compare their cards."""
    try:
        from compiler.run.measure.card import card_data
        from compiler.run.measure.spec import load_spec, measure
    except ImportError as error:
        if (error.name or "compiler").partition(".")[0] == "compiler":  # a defect of ours, not a missing package
            raise
        hint = "install it: pip install 'trainspec[data]'"
        message = f"measuring data needs the package `{error.name}`"
        return [diagnostic("CHK224", message, Location(path=spec.shown), hint=hint)], []
    outcome = load_spec(spec.path, spec.shown)
    loaded = outcome.value
    if loaded is None:
        return list(outcome.diagnostics), []
    found = [*outcome.diagnostics, *_unknown(spec, wanted, {each.name: each for each in loaded.spec.spec.data})]
    if has_errors(found):
        return found, []
    with _progress() as progress:
        measured, told = measure(loaded, wanted.rows_by_name, wanted.models, progress)
    found.extend(told)
    digests = {name: card.card.metadata.digest for name, card in loaded.cards.items()}
    digests |= {name: each.file.sha256 for name, each in measured.items()}
    results: list[Result] = []
    for source in loaded.spec.spec.data:
        if wanted.names and source.name not in wanted.names:
            continue
        old = loaded.cards.get(source.name)
        if source.name in measured:
            data = card_data(
                measured[source.name],
                loaded.spec,
                measured,
                digests,
                old.card if old else None,
                wanted.today.isoformat(),
            )
            results.extend(_deliver(spec, source.name, data, old, wanted, found))
        elif source.uri is not None and old is not None:
            results.append(Result(source=source.name, path=old.document.path, card=old.card, state="kept"))
        elif source.uri is not None:
            message = f"the rows of `{source.name}` are not here, and it has no card"
            hint = f"run it where they are: trainspec data {Path(spec.shown).parent} --source {source.name} --from PATH"
            found.append(diagnostic("CHK235", message, Location(path=spec.shown), hint=hint))
    return found, results


def _unknown(spec: SpecPath, wanted: Wanted, known: Mapping[str, DataSource]) -> Iterator[Diagnostic]:
    """What is asked for that cannot be."""
    for name in wanted.names:
        if name not in known:
            hint = "its data sources are " + ", ".join(f"`{each}`" for each in sorted(known))
            yield diagnostic("CHK207", f"no data source `{name}`", Location(path=spec.shown), hint=hint)
    for name, path in wanted.rows_by_name.items():
        if name in known and known[name].path is not None:
            message = f"`--from` names rows of `{name}`, which has a `path` in the spec"
            hint = "leave out `--from`: the rows of the path are measured"
            yield diagnostic("CHK232", message, Location(path=spec.shown), hint=hint)
        elif name in known and not path.exists():
            hint = f"correct the path of the rows of `{name}`"
            yield diagnostic("CHK201", f"`{path}` is not there", Location(path=spec.shown), hint=hint)


def _deliver(
    spec: SpecPath, source: str, data: Data, old: Card | None, wanted: Wanted, found: list[Diagnostic]
) -> Iterator[Result]:
    """Write the card, or say how the committed one differs."""
    from compiler.run.measure.card import COMMENT

    name = Path(old.document.path).name if old else f"data-{source}.yaml"
    path, shown = spec.path.parent / FOLDER / name, str(Path(spec.shown).parent / FOLDER / name)
    state = "unchanged" if _same(path, document_text(data, COMMENT)) else "out of date"
    try:
        if state == "out of date" and not wanted.check_only:
            write_document(path, data, COMMENT)
            state = "written"
    except OSError as error:
        message = f"cannot write the card: {(error.strerror or str(error)).lower()}"
        found.append(diagnostic("RND503", message, Location(path=shown), hint="free space or mend permissions"))
        return
    card = DataCard.model_validate(data)
    if state == "out of date":
        what = f"differs in {', '.join(_differing(old.card, card))}" if old else "is not there"
        hint = f"run `trainspec data {Path(spec.shown).parent}` and commit the card"
        found.append(diagnostic("CHK234", f"the card of `{source}` {what}", Location(path=shown), hint=hint))
    yield Result(source=source, path=shown, card=card, state=state)


def _same(path: Path, text: str) -> bool:
    try:
        return path.read_bytes() == text.encode()
    except OSError:
        return False


def _differing(old: DataCard, new: DataCard) -> list[str]:
    """The fields in which two cards differ."""
    one, other = (card.model_dump(by_alias=True) for card in (old, new))
    fields = [f"`{name}`" for name in one["spec"] if one["spec"][name] != other["spec"][name]]
    digest = ["`digest`"] if old.metadata.digest != new.metadata.digest else []
    return digest + fields or ["how it is written"]


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """A line with the source and its rows so far, where somebody watches."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed:,} rows"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        tasks: dict[str, object] = {}

        def advance(name: str) -> None:
            if name in tasks:
                bar.advance(tasks[name])  # type: ignore[arg-type]
            else:
                tasks[name] = bar.add_task(f"measuring `{name}`", total=None)

        yield advance
