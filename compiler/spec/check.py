"""Check phase: rules beyond the schema. It reads no files; the load phase has read them."""

import re
from collections.abc import Callable, Iterable, Iterator

from pydantic.alias_generators import to_camel

from compiler.diagnostics import Diagnostic, Outcome, diagnostic, has_errors
from compiler.diagnostics.wording import alternatives
from compiler.spec.check_model import models_are_pinned
from compiler.spec.check_options import metric_options_fit, reward_options_fit
from compiler.spec.data.gates import FITTING_SHAPES
from compiler.spec.data.gates import problems as data_problems
from compiler.spec.evidence import EvidenceFile
from compiler.spec.inputs import Inputs
from compiler.spec.judged import judged_metrics, uncounted
from compiler.spec.methods.trainer_fields import check_trainer
from compiler.spec.schema.evidence import BadcaseReport, PromptRounds
from compiler.spec.schema.preflight import RewardPreflight
from compiler.spec.schema.training_spec import Gap
from compiler.spec.schema.types import GapKind
from compiler.spec.stale import contradiction, stale
from compiler.spec.yaml.document import FieldPath, place_of
from runtime.contract.agreement import LEAST_LABELS
from runtime.contract.credentials import credentials_in
from runtime.contract.metrics import JUDGE

_PINNED = re.compile(r"[^\s@]+@sha256:[0-9a-f]{64}")


def check(inputs: Inputs) -> Outcome[Inputs]:
    """Return the inputs unchanged, with a diagnostic for every inconsistency."""
    found = tuple(problem for checked in CHECKS for problem in checked(inputs))
    return Outcome(value=None if has_errors(found) else inputs, diagnostics=found)


def names_are_unique(inputs: Inputs) -> Iterator[Diagnostic]:
    """Data sources, metrics, guards, and the prompt rounds of a document have different names."""
    body = inputs.spec.spec
    lists = [
        (inputs.document, ("spec", "data"), [source.name for source in body.data]),
        (inputs.document, ("spec", "goal", "metrics"), [metric.name for metric in body.goal.metrics]),
        (inputs.document, ("spec", "goal", "mustNotFall"), [guard.name for guard in body.goal.must_not_fall]),
    ]
    for file in inputs.evidence:
        if isinstance(file.report, PromptRounds):
            lists.append((file.document, ("spec", "rounds"), [each.name for each in file.report.spec.rounds]))
    for document, path, names in lists:
        first = {name: index for index, name in reversed(list(enumerate(names)))}
        for index, name in enumerate(names):
            if first[name] < index:
                where = document.at((*path, index, "name"))
                yield diagnostic("CHK206", f"name `{name}` is used twice", where, hint="rename one of the two")


def budgets_have_a_price(inputs: Inputs) -> Iterator[Diagnostic]:
    """A budget in US dollars needs the price of the tokens."""
    serving = inputs.spec.spec.serving
    if serving is not None and serving.price is None and serving.budget is not None and serving.budget.usd is not None:
        where = inputs.document.at(("spec", "serving", "budget", "usd"))
        message = f"`budget.usd` is {serving.budget.usd:g}, but `serving.price` is missing"
        yield diagnostic("CHK257", message, where, hint="add `price` with `input` and `output`, or remove `usd`")


def shapes_fit(inputs: Inputs) -> Iterator[Diagnostic]:
    """The shape of each source fits its purpose."""
    for index, source in enumerate(inputs.spec.spec.data):
        fitting = FITTING_SHAPES[source.purpose]
        if source.shape not in fitting:
            message = f"shape `{source.shape}` does not fit purpose `{source.purpose}`"
            where = inputs.document.at(("spec", "data", index, "shape"))
            yield diagnostic("CHK205", message, where, hint=f"use {alternatives(fitting)}")


def sources_are_consistent(inputs: Inputs) -> Iterator[Diagnostic]:
    """Pairs are usable, no wrong answer is taught, and evaluation rows are real and held out."""
    yield from data_problems(inputs.document, inputs.spec, inputs.files)


def evidence_is_current(inputs: Inputs) -> Iterator[Diagnostic]:
    """Evidence applies to the current spec; other evidence does not count."""
    for file in inputs.evidence:
        why = stale(file, inputs)
        if why:
            hint = "measure again, or remove the file"
            yield diagnostic("CHK240", f"the evidence does not count: {why}", file.document.at(("spec",)), hint=hint)
        elif wrong := contradiction(file.report):
            hint = "correct the file; the plan decides by the gain"
            where = file.document.at(("spec", "gate"))
            yield diagnostic("CHK247", f"the result contradicts itself: {wrong}", where, hint=hint)


def estimates_are_intervals(inputs: Inputs) -> Iterator[Diagnostic]:
    """A measured value lies inside its interval."""
    for file in inputs.evidence:
        for path, value, low, high in _intervals(file.document.data):
            if not low <= value <= high:
                message = f"value {value:g} lies outside its interval, {low:g} to {high:g}"
                yield diagnostic("CHK241", message, file.document.at(path), hint="correct the figures")


def _intervals(node: object, path: FieldPath = ()) -> Iterator[tuple[FieldPath, float, float, float]]:
    """Yield every mapping with `value`, `low` and `high`, with its path."""
    if isinstance(node, dict):
        figures = [node.get(name) for name in ("value", "low", "high")]
        if all(isinstance(each, int | float) for each in figures):
            yield (path, *figures)  # type: ignore[misc]
        for name, inner in node.items():
            yield from _intervals(inner, (*path, name))
    elif isinstance(node, list):
        for index, inner in enumerate(node):
            yield from _intervals(inner, (*path, index))


def parts_fit_their_totals(inputs: Inputs) -> Iterator[Diagnostic]:
    """A kind of badcase has no more cases than labelled traces, nor failed replays than replays."""
    for file in inputs.evidence:
        if not isinstance(file.report, BadcaseReport):
            continue
        body = file.report.spec
        for index, kind in enumerate(body.kinds):
            pairs = [("count", kind.count, "traces", body.traces)]
            if kind.replays is not None:
                pairs.append(("replays.failed", kind.replays.failed, "replays.total", kind.replays.total))
            for name, part, of, whole in pairs:
                if part > whole:
                    where = file.document.at(("spec", "kinds", index, *name.split(".")))
                    message = f"`{name}` {part} of `{kind.name}` is more than `{of}` {whole}"
                    yield diagnostic("CHK244", message, where, hint="correct the figures")


def report_dates_differ(inputs: Inputs) -> Iterator[Diagnostic]:
    """Reports of one kind have different dates, so that one of them is the latest."""
    latest: dict[tuple[str, object], EvidenceFile] = {}
    for file in inputs.evidence:
        key = (type(file.report).__name__, file.report.metadata.date)
        if isinstance(file.report, BadcaseReport | RewardPreflight) and key in latest:
            message = f"`{latest[key].shown}` has the same kind and date, so neither report is the latest"
            where = file.document.at(("metadata", "date"))
            yield diagnostic("CHK242", message, where, hint="keep only the later one")
        latest[key] = file


def _by_kind(gaps: Iterable[Gap]) -> dict[GapKind, list[int]]:
    found: dict[GapKind, list[int]] = {}
    for index, gap in enumerate(gaps):
        found.setdefault(gap.kind, []).append(index)
    return found


def fields_fit_together(inputs: Inputs) -> Iterator[Diagnostic]:
    """Gaps are declared once, and the fields of a teacher and of a reward fit together."""
    body, document = inputs.spec.spec, inputs.document
    for kind, indexes in _by_kind(body.gaps).items():
        if len(indexes) > 1:
            where = document.at(("spec", "gaps", indexes[1], "kind"))
            yield diagnostic("CHK206", f"gap `{kind}` is declared twice", where, hint="keep one of the two")
    teacher, reward = body.teacher, body.reward
    if teacher is not None and (teacher.access == "text") != (teacher.endpoint is not None):
        hint = "add `endpoint`" if teacher.access == "text" else "remove `endpoint`, or use access `text`"
        message = (
            f"a teacher with access `{teacher.access}` {'needs' if teacher.access == 'text' else 'has no'} `endpoint`"
        )
        yield diagnostic("CHK243", message, document.at(("spec", "teacher", "endpoint"), key=True), hint=hint)
    if reward is not None and (reward.kind == "subjective") == bool(reward.functions):
        hint = "remove `functions`: it is learnt" if reward.functions else "add a function to `functions`"
        message = f"a {reward.kind} reward {'has no' if reward.functions else 'needs'} `functions`"
        yield diagnostic("CHK243", message, document.at(("spec", "reward", "functions"), key=True), hint=hint)


def judges_fit_and_count(inputs: Inputs) -> Iterator[Diagnostic]:
    """A judge belongs to metrics that use it, and its verdicts count only with an agreement with people."""
    document, judge, judged = inputs.document, inputs.spec.spec.judge, judged_metrics(inputs)
    if judge is not None and not judged:
        hint = f"add a metric with `use: {JUDGE}`, or remove the judge"
        yield diagnostic("CHK243", "no metric uses `judge`", document.at(("spec", "judge"), key=True), hint=hint)
    missing = uncounted(inputs) if judge is not None else {}
    for index, metric in enumerate(inputs.spec.spec.goal.metrics):
        where = document.at(("spec", "goal", "metrics", index, "use" if metric.use else "name"))
        if metric.is_judged and judge is None:
            hint = "add `judge` with its endpoint, name and revision"
            yield diagnostic("CHK243", f"metric `{metric.name}` needs `spec.judge`", where, hint=hint)
        if why := missing.get(metric.name):
            message = f"judged metric `{metric.name}` is measured, but counts for nothing: {why}"
            hint = (
                f"let people label {LEAST_LABELS} right and {LEAST_LABELS} wrong answers, "
                "run `trainspec-runtime judge-agreement`, and commit its report"
            )
            yield diagnostic("CHK246", message, where, hint=hint)


def trainer_fields_are_known(inputs: Inputs) -> Iterator[Diagnostic]:
    """Trainer overrides use fields of the pinned TRL."""
    for field, overrides in inputs.spec.spec.training:
        if overrides is not None:
            at = ("spec", "training", to_camel(field), "trainer")
            yield from check_trainer(field.replace("_", "-"), overrides.trainer, at, inputs.document)


def images_are_pinned(inputs: Inputs) -> Iterator[Diagnostic]:
    """The images of the profile are pinned by digest."""
    images = {"image": inputs.profile.spec.image, "driverImage": inputs.profile.spec.driver_image}
    for field, image in images.items():
        if image is not None and not _PINNED.fullmatch(image):
            where = inputs.profile_document.at(("spec", field))
            hint = "write it as `name@sha256:` and 64 hexadecimal digits"
            yield diagnostic("CHK212", f"`{field}` is not pinned by digest", where, hint=hint)


def secrets_leave_runtime_variables(inputs: Inputs) -> Iterator[Diagnostic]:
    """No secret replaces an environment variable of the runtime or the interpreter."""
    for index, secret in enumerate(inputs.profile.spec.secrets):
        if secret.env.startswith(("TRAINSPEC_", "PYTHON", "LD_")) or secret.env in (
            "HOME",
            "PATH",
            "HF_HOME",
            "HF_HUB_OFFLINE",
        ):
            where = inputs.profile_document.at(("spec", "secrets", index, "env"))
            yield diagnostic(
                "CHK209", f"environment variable `{secret.env}` is set by the runtime", where, hint="use another name"
            )


def load_secrets_are_set_once(inputs: Inputs) -> Iterator[Diagnostic]:
    """No secret of all pods has the name of one that only the `load` stage gets."""
    source = inputs.profile.spec.storage.source
    names = {"HF_TOKEN"} if source and source.hub and source.hub.secret else set()
    names |= (
        {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} if source and source.bucket and source.bucket.secret else set()
    )
    for index, secret in enumerate(inputs.profile.spec.secrets):
        if secret.env in names:
            where = inputs.profile_document.at(("spec", "secrets", index, "env"))
            message = f"environment variable `{secret.env}` comes from the Secret of `storage.source` already"
            yield diagnostic("CHK209", message, where, hint="remove it here: only the `load` stage needs it")


def files_contain_no_credentials(inputs: Inputs) -> Iterator[Diagnostic]:
    """The spec, its profile and its evidence contain no credential, not even in a comment."""
    for document in inputs.documents:
        if next(credentials_in("\n".join(document.lines)), None) is None:
            continue
        for number, line in enumerate(document.lines):
            for found in credentials_in(line):
                where = place_of(document.path, document.lines, number, found.start, number, found.end)
                yield diagnostic("CHK245", f"this looks like {found.name}", where)


CHECKS: tuple[Callable[[Inputs], Iterator[Diagnostic]], ...] = (
    names_are_unique,
    budgets_have_a_price,
    shapes_fit,
    sources_are_consistent,
    fields_fit_together,
    reward_options_fit,
    metric_options_fit,
    judges_fit_and_count,
    evidence_is_current,
    estimates_are_intervals,
    parts_fit_their_totals,
    report_dates_differ,
    trainer_fields_are_known,
    images_are_pinned,
    secrets_leave_runtime_variables,
    load_secrets_are_set_once,
    models_are_pinned,
    files_contain_no_credentials,
)
