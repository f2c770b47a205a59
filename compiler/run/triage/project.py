"""What triage works on: a spec, its traces with their checks and clusters, and its labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from compiler.diagnostics import Diagnostic, Location, Outcome, diagnostic, has_errors
from compiler.run.triage.checks import Checks, checks_of
from compiler.run.triage.clusters import clusters_of
from compiler.run.triage.labels import Labels, labels_of
from compiler.run.triage.traces import Traces, read_traces, trace_files
from compiler.spec.discover import SpecPath
from compiler.spec.files import lies_in, read_file
from compiler.spec.schema.training_spec import TrainingSpec
from compiler.spec.schema.validate import validate
from compiler.spec.yaml.load import load
from runtime.contract.prompt_files import MAX_PROMPT_BYTES, prompt_text

TRACES_FOLDER = "traces"  # next to the spec, unless an option names other files
_PACKAGES = ("sklearn", "jsonschema")


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """A spec with its traces; `clusters` maps digests of traces to their clusters."""

    path: SpecPath
    spec: TrainingSpec
    traces: Traces
    checks: Checks
    labels: Labels
    clusters: dict[str, int]

    @property
    def folder(self) -> Path:
        """The spec's folder, without links."""
        return self.path.path.resolve().parent

    @property
    def shown(self) -> Path:
        """The spec's folder as shown to people."""
        return Path(self.path.shown).parent

    @property
    def prompt(self) -> str:
        """The text of `spec.prompt`; empty without one, or where the file is no prompt, as `trainspec check` says."""
        source = self.spec.spec.prompt
        path = self.folder / source.path if source is not None else None
        if path is None or not lies_in(path, self.folder):
            return ""
        try:
            return prompt_text(read_file(path, MAX_PROMPT_BYTES))
        except (OSError, UnicodeDecodeError):
            return ""


def open_project(path: SpecPath, traces: Sequence[Path], verdicts: Sequence[Path]) -> Outcome[Project]:
    """Load a spec, its traces (by default those of its folder `traces`), and its labels."""
    where = Location(path=path.shown)
    missing = next((each for each in _PACKAGES if find_spec(each) is None), None)
    if missing is not None:
        message = f"triage needs the package `{missing}`"
        return Outcome(value=None, diagnostics=(diagnostic("TRC839", message, where),))
    loaded = load(path.path, path.shown)
    if loaded.value is None or not loaded.ok:
        return Outcome(value=None, diagnostics=loaded.diagnostics)
    validated = validate(loaded.value)
    spec = validated.value
    if not isinstance(spec, TrainingSpec):
        hint = "use a file of kind `TrainingSpec`"
        wrong = diagnostic("SPC105", "the file is not a `TrainingSpec`", where, hint=hint)
        return Outcome(value=None, diagnostics=validated.diagnostics or (wrong,))
    folder = path.path.resolve().parent
    usual = path.path.parent / TRACES_FOLDER
    files = trace_files(traces or [usual] * usual.exists())
    if not files:
        return Outcome(value=None, diagnostics=(_no_traces(spec, path),))
    labels = labels_of(folder, str(Path(path.shown).parent))
    if not lies_in(labels.path, folder):
        message, hint = (
            f"`{labels.path.name}` is a link that leaves the spec's folder",
            "replace the link with the file",
        )
        return Outcome(value=None, diagnostics=(diagnostic("CHK202", message, where, hint=hint),))
    checks = checks_of(spec.spec.goal, folder, verdicts)
    found = read_traces(files, checks.failed)
    problems: list[Diagnostic] = [*checks.diagnostics, *found.diagnostics, *labels.diagnostics]
    if not found.entries and not has_errors(problems):
        problems.append(_no_traces(spec, path))
    if has_errors(problems):
        return Outcome(value=None, diagnostics=tuple(problems))
    project = Project(
        path=path,
        spec=spec,
        traces=found,
        checks=checks,
        labels=labels,
        clusters=clusters_of(found.usable),
    )
    return Outcome(value=project, diagnostics=tuple(problems))


def _no_traces(spec: TrainingSpec, path: SpecPath) -> Diagnostic:
    """Return that there are no traces, and where the spec says that they are."""
    traces = spec.spec.system.traces
    folder = Path(path.shown).parent / TRACES_FOLDER
    where = f"the traces in `{traces.location}`" if traces else "what your application records"
    hint = f"put native traces, such as {where} after `trainspec import`, into `{folder}`, or name them by `--traces`"
    return diagnostic("TRC830", f"`{folder}` holds no traces", Location(path=path.shown), hint=hint)
