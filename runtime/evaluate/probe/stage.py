"""The probe stage: it measures what a model lacks on the badcases that the best prompt leaves."""

from collections.abc import Sequence
from contextlib import ExitStack

from runtime.contract.blocks import ModelBlock
from runtime.contract.goal_blocks import MetricBlock
from runtime.contract.probing import ProbeStage
from runtime.contract.served import MODEL_KEY, TEACHER_KEY, BudgetBlock, ServedBlock, served_teacher
from runtime.data.prompt_file import read_prompt
from runtime.data.rows import read_sources
from runtime.evaluate.probe.answers import Answers
from runtime.evaluate.probe.families import CLOSED, TEACHER, Asked, Case, Family, chosen_cases, families_of, in_prompt
from runtime.evaluate.probe.measures import MANY, chain_figures
from runtime.evaluate.probe.page import answer_groups
from runtime.evaluate.probe.report import report_of, write_answers
from runtime.evaluate.probe.rewarded import NO_REWARD, reward_spread
from runtime.evaluate.probe.rows import badcases_of, control_of, require_badcases, schema_of
from runtime.evaluate.probe.sampling import Probed, probe
from runtime.model.answering.local import LocalModel
from runtime.model.answering.paid import PaidModel
from runtime.model.answering.request import AnsweringModel
from runtime.model.load import check_model_files
from runtime.scoring.metrics import Judges
from runtime.scoring.planned import require_planned
from runtime.scoring.verify import Verifier
from runtime.stage.context import StageContext
from runtime.stage.report import Outcome
from runtime.stage.samples import write_samples


def run(stage: ProbeStage, context: StageContext) -> Outcome:
    """Ask, measure, and report.

    The report becomes evidence of kind `ProbeReport`, one for each decoding. Writes the answers (`samples.jsonl`).
    """
    context.events.emit("phase", name="check data")
    sources, data = read_sources(stage.data, context.volumes), context.volumes.data
    require_planned(stage.metric_code, data, "a metric")
    with Judges() as judges:
        questions, unusable = badcases_of(stage, sources, data, judges)
        require_badcases(questions, stage)
        text = read_prompt(stage.prompt, context.volumes)
        general, control_metric = control_of(stage, sources, data, judges)
    cases = [in_prompt(text, each) for each in chosen_cases(questions, stage.work.prompts, stage.seed)]
    control = chosen_cases(general, stage.work.prompts, stage.seed)
    asked = families_of(stage, cases, control, control_metric, schema_of(stage, data), text)
    with ExitStack() as stack:
        spread = stack.enter_context(reward_spread(stage, [each.question for each in cases], context.volumes))
        answers = Answers(
            models=_models(stage, context, asked), judge=_Judge(stage, context, stack).right, seed=stage.seed
        )
        found = probe(stage, asked, answers, spread, context.events)
    return _outcome(stage, context, asked, found, unusable)


class _Judge:
    """Judges the answers of each family by its metric; each metric has a process of its own."""

    def __init__(self, stage: ProbeStage, context: StageContext, stack: ExitStack) -> None:
        self._stage, self._context, self._stack = stage, context, stack
        self._known: dict[str, Verifier] = {}

    def right(self, family: Family, case: Case, texts: Sequence[str]) -> list[bool]:
        """Return whether each text is a right answer to the case."""
        return self._verifier(family.metric).right(case.question, texts)

    def _verifier(self, metric: MetricBlock) -> Verifier:
        key = metric.model_dump_json()
        if key not in self._known:
            verifier = Verifier(metric, self._context.volumes.data, self._stage.metric_code)
            self._known[key] = self._stack.enter_context(verifier)
        return self._known[key]


def _models(stage: ProbeStage, context: StageContext, asked: Asked) -> dict[str, AnsweringModel]:
    """Return the probed model, and the teacher under its name; RUN720 if weights are missing."""
    work, teacher = stage.work, stage.teacher
    calls = BudgetBlock(calls=sum(len(each.cases) * each.samples for each in asked.families))

    def paid(served: ServedBlock, role: str, key: str, budget: BudgetBlock) -> AnsweringModel:
        return PaidModel(served, role=role, key_variable=key, budget=budget, context=context)

    def local(block: ModelBlock, role: str) -> AnsweringModel:
        check_model_files(block, context.volumes)
        return LocalModel(block, role=role, batch_size=work.batch_size, context=context)

    if stage.served is None:
        models = {"": local(stage.model, "model")}
    else:
        models = {"": paid(stage.served, "model", MODEL_KEY, stage.budget or calls)}
    if teacher is None:
        return models
    served = served_teacher(teacher, concurrency=work.concurrency, requests_per_minute=work.requests_per_minute)
    if served is None:
        return models | {TEACHER: local(teacher.weights(stage.model.dtype), TEACHER)}
    return models | {TEACHER: paid(served, TEACHER, TEACHER_KEY, calls)}


def _outcome(stage: ProbeStage, context: StageContext, asked: Asked, found: Probed, unusable: int) -> Outcome:
    figures = chain_figures(found.seen, stage.work.answer_marker, deployed=stage.served is not None)
    lacking = {}
    if stage.work.samples < MANY:
        lacking = dict.fromkeys(("pass_at16", "unstable_gain"), f"{stage.work.samples} samples of a prompt are too few")
    if not stage.rewards:
        lacking["reward_spread"] = NO_REWARD
    report = report_of(stage, asked, found, figures, lacking)
    report["probe"]["digest"] = write_answers(context.folder, found.seen)
    if unusable:
        report["unusable_badcases"] = unusable
    groups = answer_groups(found.seen[CLOSED])
    samples = {"rows": "Badcases", "before": "wrong answer", "after": "right answer"}
    write_samples(context.folder, {**samples, "answers": groups, "metric": stage.metrics[0].name})
    return Outcome(report=report)
