"""The plan as plain rows for the template of `PLAN.md`."""

import json

from compiler import __version__
from compiler.diagnostics.wording import counted
from compiler.plan.goal_blocks import measured_guards, measured_metrics, unmeasured_metrics
from compiler.plan.load_stage import origin_of
from compiler.plan.model import Plan, Stage
from compiler.selection import Phase, Selection, Status, Traced
from compiler.selection.model import EnterPhase
from compiler.selection.rules import RULES_VERSION
from compiler.selection.sensitivity.flips import flips
from compiler.selection.sensitivity.next_measurement import next_measurement
from compiler.spec.evidence import EvidenceFile
from compiler.spec.inputs import Inputs
from compiler.spec.judged import agreements, judged_metrics, uncounted
from compiler.spec.methods import METHODS
from compiler.spec.schema.types import GapKind
from compiler.spec.stale import stale
from compiler.spec.verified import unverified
from runtime.contract.outputs import verdict_words


def verdict(plan: Plan) -> str:
    """Return the decision of the plan in one sentence."""
    match plan.selection.phase:
        case Phase.TRAIN:
            return _training_verdict(plan)
        case Phase.DONE:
            return "done: every goal is met, so there is nothing to run"
        case phase:
            return f"do not train yet: {_FIRST.get(_decided_by(plan.selection), _IN_PHASE[phase])}{_jobs(plan)}"


# what comes first instead of training, by the rule that decides it, else by the phase
_FIRST = {
    "C1": "fix what makes the first errors, which is not the model",
    "C2": "change the decoding first",
    "E1": "the test set cannot prove a gain, so add questions first",
    "E2": "measure the other goals first",
}
_IN_PHASE = {Phase.PROMPT: "work on the prompt first", Phase.COLLECT: "collect what is missing first"}


def _decided_by(selection: Selection) -> str:
    """Return the rule that entered the phase."""
    return next(
        each.rule.id for each in selection.trace if any(isinstance(one, EnterPhase) for one in each.finding.effects)
    )


def _training_verdict(plan: Plan) -> str:
    if not plan.stages and _decided_by(plan.selection) == "T1":
        return "do not train yet: name a smaller model to distil this one into"
    if not plan.stages:
        return "do not train yet: every method that the gaps need is blocked"
    if not plan.trains:
        return "do not train yet: measure first" + _jobs(plan)
    chain = " → ".join(METHODS[choice.method].title for choice in plan.selection.stages)
    finished = len(plan.stages) - len(plan.pending)
    if not plan.pending:
        return (
            f"train: {chain}; all stages are finished, but the target is not met: collect new badcases or measure again"
        )
    done = f", {finished} of them finished" if finished else ""
    jobs = counted(len(plan.stages), "Job")
    return f"train: {chain}, {jobs}{done}, with an evaluation gate after each training stage"


def _jobs(plan: Plan) -> str:
    return f"; {counted(len(plan.stages), 'Job')}" if plan.stages else ""


def decisive(selection: Selection) -> tuple[Traced, ...]:
    """Return the rules that fired or were blocked, in the table's order."""
    return tuple(each for each in selection.trace if each.finding.status in (Status.FIRED, Status.BLOCKED))


def alternatives(selection: Selection, stage: Stage) -> list[tuple[str, str]]:
    """Return the alternatives to a training stage, each with the reason against it."""
    rejected = [
        (f"{each.rule.id} {each.rule.title}", each.finding.reason)
        for each in selection.trace
        if each.rule.id not in stage.rules
        and each.finding.status in (Status.SILENT, Status.BLOCKED)
        and is_alternative(each)
    ]
    others = [
        (
            f"{other.rules[0]} alone",
            f"it answers another gap; this plan has a separate {METHODS[other.method].title} stage for it",
        )
        for other in selection.stages
        if other.method != stage.method and METHODS[other.method].trains
    ]
    return rejected + others


def is_alternative(each: Traced) -> bool:
    """Return whether a rule offers an alternative: a method, prompt work, or no work at all."""
    return each.rule.id in ("P0", "DONE") or each.rule.id.startswith("M")


def data_of(stage: Stage) -> str:
    """Return the data sources and earlier Jobs' rows that a stage reads, or a load's source."""
    if stage.method == "load":
        return f"`{origin_of(stage.config['source'])}`"
    sources = [f"`{name}`" for name in stage.sources]
    return ", ".join([*sources, *(f"the rows of `{job}`" for job in stage.made_by)])


def reward_files(plan: Plan, stage: Stage) -> list[tuple[str, str, bool]]:
    """Return the files of a stage's reward: path, sha256, and whether it is code."""
    if not stage.config.get("rewards"):
        return []
    return [(path, sha256, path.endswith(".py")) for path, sha256 in sorted(plan.inputs.code.items())]


def state_of(stage: Stage) -> str:
    """Return a finished stage's result as a suffix (`; finished: …`), or an empty text."""
    if stage.result is not None and stage.evaluates:
        gate = f", gate: {verdict_words(stage.result.gate)}" if stage.gates else ""
        return f"; finished: {stage.result.score}{gate}{''.join(f'; {note}' for note in stage.result.notes)}"
    return "; finished" if stage.finished else ""


def gap_lines(plan: Plan) -> list[tuple[str, str, str]]:
    """Return each gap that is declared or counts: name, statement, and measurement."""
    traced = next((each for each in plan.selection.trace if each.rule.id == "D11"), None)
    measured = {item.source: item.value for item in traced.finding.evidence} if traced else {}
    declared = {gap.kind: gap for gap in plan.inputs.spec.spec.gaps}
    lines = []
    for kind in (each for each in GapKind if each in plan.selection.gaps or each in declared):
        gap = declared.get(kind)
        how = measured.get(f"gap `{kind}`", "declared")
        if gap is not None and gap.override is not None:
            how += f"; kept by {gap.override.owner}: {gap.override.reason}"
        lines.append((str(kind), gap.statement or "" if gap else "", how))
    return lines


# rules whose advice comes before the Jobs of a plan: what is not the model's fault is fixed and measured first
_BEFORE_JOBS = ("C1", "P4")


def advice_in_order(plan: Plan) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the advice under its headings: what to do before the Jobs, and in addition to them."""
    advice = list(plan.selection.advice)
    if not plan.stages:
        return [("What to do first", advice)]
    before = [each for each in advice if each[0] in _BEFORE_JOBS]
    others = [each for each in advice if each[0] not in _BEFORE_JOBS]
    return [("What to do before these Jobs", before), ("What to do in addition", others)]


def counts(file: EvidenceFile, plan: Plan) -> str:
    """Return whether evidence counts, and why not: `yes`, `no: …` or `unverified: …`."""
    if why := stale(file, plan.inputs):
        return f"no: {why}"
    if why := unverified(file, plan.inputs):
        return f"unverified: {why}"
    return "yes"


def changed_thresholds(plan: Plan) -> list[tuple[str, object, object]]:
    """Return the thresholds that the spec sets: name, value and default."""
    limits = plan.inputs.spec.spec.thresholds
    fields = type(limits).model_fields
    return [
        (str(fields[name].alias), getattr(limits, name), fields[name].default)
        for name in sorted(limits.model_fields_set)
    ]


def review_context(plan: Plan) -> dict[str, object]:
    """Return the context of `templates/review/PLAN.md.j2`."""
    traced = {each.rule.id: each for each in plan.selection.trace}
    return {
        "plan": plan,
        "body": plan.inputs.spec.spec,
        "profile": plan.inputs.profile,
        "files": plan.inputs.files,
        "verdict": verdict(plan),
        "phases": list(Phase),
        "decisive": decisive(plan.selection),
        "traced": traced,
        "gaps": gap_lines(plan),
        "flips": flips(plan.inputs, most=3),
        "next_measurement": next_measurement(plan.inputs),
        "thresholds": changed_thresholds(plan),
        "measured": [each for each in measured_metrics(plan.inputs) if each.name not in uncounted(plan.inputs)],
        "unmeasured": unmeasured_metrics(plan.inputs),
        "judged": judged_lines(plan.inputs),
        "guards": measured_guards(plan.inputs),
        "counted": counted,
        "advice_in_order": advice_in_order(plan),
        "counts": lambda file: counts(file, plan),
        "verdict_words": verdict_words,
        "data_of": data_of,
        "state_of": state_of,
        "reward_files": lambda stage: reward_files(plan, stage),
        "alternatives": lambda stage: alternatives(plan.selection, stage),
        "shown": shown_value,
        "version": __version__,
        "rules_version": RULES_VERSION,
        "language": plan.inputs.spec.metadata.reader_language,
    }


def judged_lines(inputs: Inputs) -> list[str]:
    """Return one sentence for each metric that a judge measures: by which judge, and whether it counts."""
    counting, missing, judge = agreements(inputs), uncounted(inputs), inputs.spec.spec.judge
    lines = []
    for metric in judged_metrics(inputs) if judge else ():
        by = f"`{judge.path}` judges `{metric.name}` by `{metric.options.get('rubric')}`" if judge else ""
        found = counting.get(metric.name)
        if found is None:
            lines.append(f"{by}, which counts for nothing: {missing[metric.name]}.")
            continue
        rates = f"TPR {found.tpr:.2f} of {found.right} right answers, TNR {found.tnr:.2f} of {found.wrong} wrong ones"
        lines.append(f"{by}; its pass rates are corrected by its agreement with people ({rates}).")
    return lines


def shown_value(value: object) -> str:
    """Return a setting's value as readable text: JSON, with strings unquoted."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
