"""Whether evidence still applies to the spec: its model, metric, evaluation data and reward."""

from collections.abc import Mapping, Sequence

from compiler.diagnostics.wording import alternatives
from compiler.spec.data import DataFile
from compiler.spec.evidence import EvidenceFile
from compiler.spec.inputs import Inputs
from compiler.spec.schema.evidence import JudgeAgreement, ProbeReport, PromptRounds, ServingReport
from compiler.spec.schema.preflight import RewardPreflight
from compiler.spec.schema.provenance import EvidenceDocument
from compiler.spec.schema.stage_result import StageResult
from compiler.spec.schema.training_spec import RewardFunction, TrainingSpec
from compiler.spec.schema.types import Purpose
from compiler.spec.verified import unverified
from runtime.contract.metrics import JUDGE


def stale(file: EvidenceFile, inputs: Inputs) -> str:
    """Return why the evidence does not count for the spec; empty if it counts."""
    body, report = inputs.spec.spec, file.report
    model, measured = body.model.path, report.metadata.model
    if measured is not None and measured.split("+")[0] != model:
        return f"it is of model `{measured}`, but the spec's model is `{model}`"
    why = _of_kind(file, inputs)
    if not why and body.evidence.unverified == "refuse":
        why = unverified(file, inputs)
    return why


def _of_kind(file: EvidenceFile, inputs: Inputs) -> str:
    spec, report = inputs.spec, file.report
    body, model = spec.spec, spec.spec.model.path
    match report:
        case PromptRounds():
            return _rounds(report, inputs)
        case JudgeAgreement():
            return _agreement(report, inputs)
        case ServingReport() if report.metadata.model is None:
            return NO_MODEL
        case ProbeReport() if report.spec.model.split("+")[0] != model:
            return f"it is of model `{report.spec.model}`, but the spec's model is `{model}`"
        case ProbeReport():
            return _too_small(report, body.thresholds.probe_prompts, body.thresholds.probe_samples)
        case RewardPreflight() if _terms(report.spec.functions, spec) != _terms(_functions(spec), spec):
            return "it is of another reward than the spec"
        case RewardPreflight() if inputs.code and not report.spec.code:
            return "its `code` does not name the files of the reward"
        case RewardPreflight() if report.spec.code != inputs.code:
            return f"{_changed(report.spec.code, inputs.code)} changed after the check"
        case StageResult() if report.spec.model != model:
            return f"it is of model `{report.spec.model}`, but the spec's model is `{model}`"
        case StageResult() if report.spec.evaluation not in evaluation_digests(spec, inputs.files):
            return "it is of other evaluation data than the spec"
        case _:
            return ""


NO_MODEL = "it names no model, so nobody can say what it measured"


def _rounds(report: PromptRounds, inputs: Inputs) -> str:
    """Return why prompt rounds do not count: no model, another metric, or rows that are no test set."""
    metrics = [each.name for each in inputs.spec.spec.goal.metrics]
    if report.metadata.model is None:
        return NO_MODEL
    if report.spec.metric not in metrics:
        return f"its metric is `{report.spec.metric}`, but the goal has {alternatives(metrics)}"
    for source in inputs.spec.spec.data:
        if source.purpose is not Purpose.EVALUATION and inputs.files[source.name].sha256 == report.metadata.digest:
            return f"it was measured on `{source.name}`, which is no evaluation data"
    return ""


def _agreement(report: JudgeAgreement, inputs: Inputs) -> str:
    """Return why the agreement of a judge does not count: another metric, judge, or rubric."""
    body, found = inputs.spec.spec, report.spec
    metric = next((each for each in body.goal.metrics if each.is_judged and each.name == found.metric), None)
    if metric is None:
        return f"the goal has no metric `{found.metric}` with `use: {JUDGE}`"
    if body.judge is not None and (found.judge, found.language) != (body.judge.path, body.judge.language):
        judge = f"`{body.judge.path}` in language `{body.judge.language}`"
        return f"it is of judge `{found.judge}` in language `{found.language}`, but the spec's judge is {judge}"
    if found.rubric != inputs.metric_code.get(str(metric.options.get("rubric"))):
        return f"rubric `{metric.options.get('rubric')}` has changed since"
    return ""


def contradiction(report: EvidenceDocument) -> str:
    """Return how the figures of a stage result contradict its gate; empty if they do not."""
    if not isinstance(report, StageResult) or report.spec.gain is None:
        return ""
    gain, gate = report.spec.gain, report.spec.gate
    if gate == "continue" and gain.high < 0 and report.spec.method != "cpt":  # reading may cost some of the task (M1)
        return f"its gate says `{gate}`, but its gain lies below zero ({gain.low:+g} to {gain.high:+g})"
    if gate == "worse" and gain.low > 0:
        return f"its gate says `worse`, but its gain lies above zero ({gain.low:+g} to {gain.high:+g})"
    # a loss of something else outweighs a gain: the runtime gives it as the reason
    if gate == "no-gain" and gain.low > 0 and not report.spec.reason and not report.spec.general:
        return f"its gate says `no-gain`, but its gain lies above zero ({gain.low:+g} to {gain.high:+g})"
    return ""


def _functions(spec: TrainingSpec) -> Sequence[RewardFunction]:
    return spec.spec.reward.functions if spec.spec.reward else ()


def _terms(functions: Sequence[RewardFunction], spec: TrainingSpec) -> list[tuple[object, ...]]:
    """Return terms to compare: without the metric's databases, which need not be an option too."""
    databases = next((each.databases for each in spec.spec.goal.metrics if each.databases), None)
    return [
        (each.use, each.weight, {name: value for name, value in each.options.items() if value != databases})
        for each in functions
    ]


def _changed(examined: Mapping[str, str], code: Mapping[str, str]) -> str:
    """Return the files of the reward's code that have changed."""
    return ", ".join(f"`{name}`" for name in sorted({*examined, *code}) if examined.get(name) != code.get(name))


def evaluation_digests(spec: TrainingSpec, files: Mapping[str, DataFile]) -> set[str]:
    """Return the SHA-256 of each evaluation source."""
    return {files[each.name].sha256 for each in spec.spec.data if each.purpose is Purpose.EVALUATION}


def _too_small(report: ProbeReport, prompts: int, samples: int) -> str:
    body = report.spec
    asked = body.planned or body.prompts
    enough = body.samples >= samples or body.temperature == 0  # samples at temperature 0 are all the same
    if asked >= prompts and enough:
        return ""
    few = f"its {asked} prompts of {body.samples} samples are fewer than {prompts} of {samples}"
    return f"{few}, the limits `thresholds.probePrompts` and `probeSamples`"
