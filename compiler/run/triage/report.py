"""The report that the rules read: evidence of kind `BadcaseReport`, and the rows of the badcases."""

from collections.abc import Iterator
from dataclasses import dataclass

from compiler.diagnostics import Diagnostic, Location, diagnostic, has_errors
from compiler.run.triage.counts import Counts, count
from compiler.run.triage.project import Project
from compiler.run.triage.rows import rows_of
from compiler.spec.evidence import FOLDER
from compiler.spec.files import lies_in, reason
from compiler.spec.schema import API_VERSION
from compiler.spec.schema.evidence import BadcaseReportBody
from compiler.spec.schema.training_spec import DataSource
from compiler.spec.schema.types import Purpose
from compiler.spec.yaml.write import write_document
from runtime.contract.digests import content_digest
from runtime.contract.files import write_atomically

REPORT_FILE = "badcases.yaml"
COMMENT = "Written by `trainspec triage --report` from `labels.jsonl`: commit both, do not edit it."
_SOURCE = "{name: badcases, purpose: badcases, shape: badcase, path: data/badcases.jsonl}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """The files that were written, each with its content in a few words, and the counts."""

    counts: Counts
    files: tuple[tuple[str, str], ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


def write_report(project: Project) -> Report:
    """Compact the labels, and write the report and the rows; nothing is written if there is nothing to report."""
    where = Location(path=project.path.shown)
    with project.labels.locked():
        counts = count(project)
        found = [*project.labels.diagnostics, *_unusable(project, counts)]
        source = _source(project)
        if counts.report is None:
            message = (
                "no badcase of the random sample has a kind" if counts.bad else "no trace is labelled as a badcase"
            )
            hint = f"label traces in the order of the page: trainspec triage {project.shown}"
            found.append(diagnostic("TRC835", message, where, hint=hint))
        if source is None:
            message = "no data source of purpose `badcases` is a file of JSON lines that triage can write"
            found.append(diagnostic("TRC836", message, where, hint=f"add a source to `spec.data`: {_SOURCE}"))
        if has_errors(found) or source is None or counts.report is None:
            return Report(counts=counts, diagnostics=tuple(found))
        try:
            files = tuple(_write(project, counts, counts.report, source, found))
        except OSError as error:
            message = f"cannot write the report: {reason(error)}"
            hint = "free space or fix permissions, then write the report again"
            found.append(diagnostic("RUN798", message, where, hint=hint))
            files = ()
    return Report(counts=counts, files=files, diagnostics=tuple(found))


def _source(project: Project) -> DataSource | None:
    """Return the source that triage writes: JSON lines with native columns in the spec's folder."""
    for each in project.spec.spec.data:
        path = each.path or ""
        if each.purpose is not Purpose.BADCASES or not path.endswith(".jsonl") or each.columns or each.encoding:
            continue
        target = project.folder / path
        if lies_in(target, project.folder) and not target.is_dir():
            return each
    return None


def _write(
    project: Project, counts: Counts, body: BadcaseReportBody, source: DataSource, found: list[Diagnostic]
) -> Iterator[tuple[str, str]]:
    """Write rows, labels and report in this order, so that a kill leaves no report without its rows."""
    path = project.folder / (source.path or "")
    rows = rows_of(project, counts, path, str(project.shown / (source.path or "")))
    found.extend(rows.diagnostics)
    if not path.is_file() or path.read_bytes() != rows.content:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, rows.content)
    yield str(project.shown / (source.path or "")), f"{rows.count} badcases with a fix"
    project.labels.compact()
    yield project.labels.shown, f"{len(project.labels.verdicts)} labels"
    report = project.folder / FOLDER / REPORT_FILE
    write_document(report, _document(project, counts, body), COMMENT)
    kinds = len(counts.groups)
    yield str(project.shown / FOLDER / REPORT_FILE), f"{kinds} kind{'s' * (kinds != 1)} in {len(counts.sample)} traces"


def _document(project: Project, counts: Counts, report: BadcaseReportBody) -> dict[str, object]:
    labels = project.labels
    people = sorted({each.by for each in counts.sample})
    shown = ", ".join(people[:5]) + (f" and {len(people) - 5} more" if len(people) > 5 else "")
    model = project.spec.spec.model.path
    entries = project.traces.entries
    models = {entries[each.digest].model for each in counts.sample if each.digest in entries}
    metadata: dict[str, object] = {
        "source": f"trainspec triage, labels of {shown}",
        "date": max(each.at for each in labels.verdicts.values()).date().isoformat(),
        "digest": content_digest(labels.path.read_bytes()),
    }
    if models == {model}:
        metadata["model"] = model
    if note := _note(counts, models - {model, ""}):
        metadata["note"] = note
    body = report.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return {"apiVersion": API_VERSION, "kind": "BadcaseReport", "metadata": metadata, "spec": body}


def _note(counts: Counts, models: set[str]) -> str:
    """Return what a reviewer must know to read the counts."""
    parts = []
    if counts.elsewhere:
        parts.append(f"not in the random sample, so counted once: {', '.join(counts.elsewhere)}")
    if models:
        parts.append(f"traces of other models: {', '.join(sorted(models))[:500]}")
    return "; ".join(parts)


def _unusable(project: Project, counts: Counts) -> Iterator[Diagnostic]:
    """Yield what keeps labels from counting, or badcases from being rows."""
    where = Location(path=project.labels.shown)
    for labels, what, hint in (
        (counts.changed, "of traces that have changed do not count", "label these traces again"),
        (counts.refused, "of traces that are no longer evidence do not count", "import these traces again"),
        (counts.absent, "of traces that are not here count as they are", "name all files by `--traces`"),
    ):
        if labels:
            yield diagnostic("TRC837", f"labels {what}: {len(labels)}", where, hint=hint)
    without_kind = sum(not each.kind for each in counts.bad)
    without_fix = sum(not each.fix for each in counts.bad)
    if without_kind:
        message = f"the report leaves out badcases without a kind: {without_kind}"
        yield diagnostic("TRC838", message, where, hint="name their kinds on the page: view `no kind`")
    if without_fix:
        message = f"badcases without a fix make no row: {without_fix}"
        yield diagnostic("TRC838", message, where, hint="write their right answers on the page: view `no fix`")
