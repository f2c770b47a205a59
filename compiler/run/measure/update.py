"""Measure the data sources of a spec, and write or compare their cards."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from compiler.diagnostics import Diagnostic, Location, diagnostic, has_errors
from compiler.spec.data.cards import Card
from compiler.spec.discover import SpecPath
from compiler.spec.evidence import FOLDER
from compiler.spec.schema.data_card import DataCard
from compiler.spec.schema.training_spec import DataSource
from compiler.spec.yaml.write import document_text, write_document
from runtime.contract.digests import with_lf

Data = dict[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class MeasureRequest:
    """The sources to measure (all if `names` is empty), and the local rows of remote ones, in the order of `names`.

    `check_only` compares cards and writes none; `today` is the date of new cards.
    """

    names: Sequence[str]
    rows: Sequence[Path]
    models: Path
    check_only: bool
    today: date

    @classmethod
    def of_today(
        cls, names: Sequence[str], rows: Sequence[Path], models: Path | None, *, check_only: bool
    ) -> "MeasureRequest":
        """Return a request with today's date (UTC); without `models`, use the user's cache folder."""
        from compiler.run.manifests import default_models

        where = models or default_models()
        return cls(names=names, rows=rows, models=where, check_only=check_only, today=datetime.now(UTC).date())

    @property
    def rows_by_name(self) -> dict[str, Path]:
        """The local path of the rows of each remote source."""
        return dict(zip(self.names, self.rows, strict=bool(self.rows)))


@dataclass(frozen=True, kw_only=True, slots=True)
class MeasuredCard:
    """A card and its state: `written`, `unchanged`, `out of date` or `kept` (its rows are elsewhere)."""

    source: str
    path: str
    card: DataCard
    state: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MeasuredSpec:
    """The cards of a spec, and diagnostics."""

    cards: tuple[MeasuredCard, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


def measure_spec(spec: SpecPath, request: MeasureRequest, count_row: Callable[[str], None]) -> MeasuredSpec:
    """Measure one spec's sources, and write or compare their cards; call `count_row` with the source of each row."""
    try:
        from compiler.run.measure.card import card_data
        from compiler.run.measure.spec import load_spec, measure
    except ImportError as error:
        if (error.name or "compiler").partition(".")[0] == "compiler":  # a bug here, not a missing package
            raise
        hint = "install it: pip install 'trainspec[data]'"
        message = f"measuring data needs the package `{error.name}`"
        return MeasuredSpec(diagnostics=(diagnostic("CHK224", message, Location(path=spec.shown), hint=hint),))
    outcome = load_spec(spec.path, spec.shown)
    loaded = outcome.value
    if loaded is None:
        return MeasuredSpec(diagnostics=outcome.diagnostics)
    found = [*outcome.diagnostics, *_unknown(spec, request, {each.name: each for each in loaded.spec.spec.data})]
    if has_errors(found):
        return MeasuredSpec(diagnostics=tuple(found))
    measured, problems = measure(loaded, request.rows_by_name, request.models, count_row)
    found.extend(problems)
    digests = {name: card.card.metadata.digest for name, card in loaded.cards.items()}
    digests |= {name: each.file.sha256 for name, each in measured.items()}
    cards: list[MeasuredCard] = []
    for source in loaded.spec.spec.data:
        if request.names and source.name not in request.names:
            continue
        old = loaded.cards.get(source.name)
        if source.name in measured:
            data = card_data(
                measured[source.name],
                loaded.spec,
                measured,
                digests,
                old.card if old else None,
                request.today.isoformat(),
            )
            cards.extend(_deliver(spec, source.name, data, old, request, found))
        elif source.uri is not None and old is not None:
            cards.append(MeasuredCard(source=source.name, path=old.document.path, card=old.card, state="kept"))
        elif source.uri is not None:
            message = f"the rows of `{source.name}` are not on this machine, and it has no card"
            command = f"trainspec data {Path(spec.shown).parent} --source {source.name} --from PATH"
            hint = f"run it on a machine with the rows: {command}"
            found.append(diagnostic("CHK235", message, Location(path=spec.shown), hint=hint))
    return MeasuredSpec(cards=tuple(cards), diagnostics=tuple(found))


def _unknown(spec: SpecPath, request: MeasureRequest, known: Mapping[str, DataSource]) -> Iterator[Diagnostic]:
    """Report requested sources and rows that do not exist."""
    for name in request.names:
        if name not in known:
            hint = "use one of " + ", ".join(f"`{each}`" for each in sorted(known))
            yield diagnostic("CHK207", f"unknown data source `{name}`", Location(path=spec.shown), hint=hint)
    for name, path in request.rows_by_name.items():
        if name in known and known[name].path is not None:
            message = f"`--from` names rows of `{name}`, which has a `path` in the spec"
            hint = "leave out `--from`: trainspec measures the rows of the path"
            yield diagnostic("CHK232", message, Location(path=spec.shown), hint=hint)
        elif name in known and not path.exists():
            hint = f"correct the path of the rows of `{name}`"
            yield diagnostic("CHK201", f"`{path}` is missing", Location(path=spec.shown), hint=hint)


def _deliver(
    spec: SpecPath, source: str, data: Data, old: Card | None, request: MeasureRequest, found: list[Diagnostic]
) -> Iterator[MeasuredCard]:
    """Write the card, or report how the committed one differs."""
    from compiler.run.measure.card import COMMENT

    name = Path(old.document.path).name if old else f"data-{source}.yaml"
    path, shown = spec.path.parent / FOLDER / name, str(Path(spec.shown).parent / FOLDER / name)
    state = "unchanged" if _same(path, document_text(data, COMMENT)) else "out of date"
    try:
        if state == "out of date" and not request.check_only:
            write_document(path, data, COMMENT)
            state = "written"
    except OSError as error:
        message = f"cannot write the card: {(error.strerror or str(error)).lower()}"
        hint = "free space or fix permissions, then measure again"
        found.append(diagnostic("RND503", message, Location(path=shown), hint=hint))
        return
    card = DataCard.model_validate(data)
    if state == "out of date":
        what = f"differs in {', '.join(_differing(old.card, card))}" if old else "is missing"
        hint = f"run `trainspec data {Path(spec.shown).parent}` and commit the card"
        found.append(diagnostic("CHK234", f"the card of `{source}` {what}", Location(path=shown), hint=hint))
    yield MeasuredCard(source=source, path=shown, card=card, state=state)


def _same(path: Path, text: str) -> bool:
    try:
        return with_lf(path.read_bytes()) == text.encode()
    except OSError:
        return False


def _differing(old: DataCard, new: DataCard) -> list[str]:
    """Return the fields in which two cards differ, in backticks."""
    one, other = (card.model_dump(by_alias=True) for card in (old, new))
    fields = [f"`{name}`" for name in one["spec"] if one["spec"][name] != other["spec"][name]]
    digest = ["`digest`"] if old.metadata.digest != new.metadata.digest else []
    return digest + fields or ["its formatting"]
