"""Measure the sources of one spec: read the rows of each source once, evaluations first."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from compiler.diagnostics import Diagnostic, Outcome
from compiler.run.measure.card import Measured
from compiler.run.measure.source import Measurement
from compiler.run.measure.tokens import counter_of
from compiler.spec.data.cards import Card, cards_of
from compiler.spec.data.leakage import Watcher, is_evaluation
from compiler.spec.data.model import DataFile
from compiler.spec.data.sources import Watch, is_folder, read_source
from compiler.spec.data.texts import Row
from compiler.spec.dependencies import Reads
from compiler.spec.evidence import load_evidence
from compiler.spec.references import Reader
from compiler.spec.schema.training_spec import DataSource, TrainingSpec
from compiler.spec.schema.validate import validate
from compiler.spec.yaml.load import load
from runtime.contract.leakage.held_out import HeldOut

# called with the name of a source before its first row and after each row
Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """A spec and its cards."""

    reader: Reader
    spec: TrainingSpec
    cards: Mapping[str, Card]


def load_spec(path: Path, shown: str) -> Outcome[Loaded]:
    """Return the spec at `path` with its cards, which may be out of date."""
    loaded = load(path, shown)
    if loaded.value is None or not loaded.ok:
        return Outcome(value=None, diagnostics=loaded.diagnostics)
    validated = validate(loaded.value)
    if not isinstance(validated.value, TrainingSpec):
        return Outcome(value=None, diagnostics=validated.diagnostics)
    reader = Reader(
        folder=path.resolve().parent, shown=Path(shown).parent, document=loaded.value, reads=Reads(path.parent)
    )
    evidence = load_evidence(reader.folder, reader.shown, reader.reads)
    if evidence.value is None or not evidence.ok:
        return Outcome(value=None, diagnostics=evidence.diagnostics)
    cards = {each.card.spec.source: each for each in cards_of(evidence.value)}
    return Outcome(value=Loaded(reader=reader, spec=validated.value, cards=cards))


def measure(
    loaded: Loaded, rows: Mapping[str, Path], models: Path, progress: Progress
) -> tuple[dict[str, Measured], tuple[Diagnostic, ...]]:
    """Measure every source whose rows are on this machine; return measurements by source name, and diagnostics.

    `rows` holds the local path of remote sources, by name.
    """
    body = loaded.spec.spec
    model = body.model.path
    tokens = counter_of(models, model)
    found: list[Diagnostic] = []
    measured: dict[str, Measured] = {}
    held_out: dict[str, HeldOut] = {}
    files: dict[str, DataFile] = {}
    for source in sorted(body.data, key=lambda each: not is_evaluation(each)):
        path = _rows_of(loaded.reader, source, body.data.index(source), rows)
        if path is None:
            continue
        progress(source.name)
        measurement = Measurement(source.shape, tokens, model)
        watcher = Watcher(source, held_out, files)
        outcome = _read(loaded, source, path, _watching((measurement.watch, watcher.watch), source.name, progress))
        found.extend(outcome.diagnostics)
        if outcome.value is not None:
            files[source.name] = watcher.result(outcome.value)
            measured[source.name] = Measured(source=source, file=files[source.name], measurement=measurement)
    return measured, (*found, *loaded.reader.found)


def _rows_of(reader: Reader, source: DataSource, index: int, rows: Mapping[str, Path]) -> Path | None:
    if source.path is None:
        return rows.get(source.name)
    where = reader.document.at(("spec", "data", index, "path"))
    return reader.resolve(source.path, where, folder=is_folder(reader.folder / source.path))


def _read(loaded: Loaded, source: DataSource, path: Path, watch: Watch) -> Outcome[DataFile]:
    inside = path if path.is_dir() else path.parent
    return read_source(
        path,
        loaded.reader.show(Path(source.path)) if source.path else path.as_posix(),
        name=source.name,
        relative=source.path or path.name,
        shape=source.shape,
        encoding=source.encoding,
        columns=source.columns,
        near_distance=loaded.spec.spec.thresholds.near_pair_distance,
        inside=loaded.reader.folder if source.path else inside.resolve(),
        uri=source.uri,
        limit=None,
        watch=watch,
    )


def _watching(watches: Iterable[Watch], name: str, progress: Progress) -> Watch:
    def watch_one(row: Row, texts: list[str], place: str) -> None:
        for watch in watches:
            watch(row, texts, place)
        progress(name)

    return watch_one
