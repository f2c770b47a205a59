"""Prompt optimisation: candidates race on rows that wrote none of them, and rows that chose nothing report the winner.

Writes `prompt.md` (the best prompt) and `prompt.diff` (what changed).
"""

from collections.abc import Mapping

from runtime.contract.errors import StageError
from runtime.contract.goal_blocks import MetricBlock
from runtime.contract.outputs import PROMPT_FILE
from runtime.contract.prompting import OptimizePromptStage
from runtime.contract.served import MODEL_KEY, REFLECTION_KEY, BudgetBlock, ServedBlock
from runtime.data.formats import Row
from runtime.data.prompt_file import read_prompt
from runtime.data.questions import Question, questions_of, refuse_tools
from runtime.data.rows import read_sources
from runtime.make.prompts.asking import Examiner, Ledger
from runtime.make.prompts.draft import draft_of, language_of, shown_question
from runtime.make.prompts.reflection import Reflection
from runtime.make.prompts.report import prompt_diff, report_of
from runtime.make.prompts.rounds import Tools, Work, run_rounds
from runtime.make.prompts.splits import Splits, split
from runtime.model.answering.local import LocalModel
from runtime.model.answering.paid import BudgetSpentError, PaidModel
from runtime.model.answering.request import AnsweringModel
from runtime.model.load import check_model_files
from runtime.scoring.metrics import Judges, Score, check_references, reference_faults, scorer_of
from runtime.scoring.planned import require_planned
from runtime.stage.context import StageContext
from runtime.stage.files import write_text
from runtime.stage.report import Outcome
from runtime.stage.samples import shown, write_samples

DIFF_FILE = "prompt.diff"
REFLECTION_SHARE = 0.25  # of the money; the model answers with the rest


def run(stage: OptimizePromptStage, context: StageContext) -> Outcome:
    """Optimise the prompt within the budget; a spent budget ends the stage well, with the best prompt so far.

    RUN775 with too few rows, RUN777 if the budget does not cover the
    current prompt, RUN778 if the prompt file is unusable.
    """
    context.events.emit("phase", name="check data")
    base = read_prompt(stage.prompt, context.volumes)
    require_planned(stage.metric_code, context.volumes.data, "a metric")
    if stage.served is None:
        check_model_files(stage.model, context.volumes)
    metric = stage.metrics[0]
    with Judges() as judges:
        splits = _splits(stage, context, judges)
        language = language_of(shown_question(each.prompt) for each in splits.propose)
        start = draft_of(base, language, str(metric.answer_marker))
        models = _models(stage, context)
        ledger = Ledger(calls=stage.budget.calls)
        tools = _tools(stage, context, judges, models, ledger)
        try:
            work = run_rounds(start, splits, stage.work, tools)
        except BudgetSpentError as error:
            message = (
                f"the budget does not cover the current prompt on the {len(splits.report)} rows that report: {error}"
            )
            raise StageError("RUN777", message, "raise `spec.prompt.maxCalls` or `maxCostUsd`") from error
    return _outcome(stage, context, work, splits, models, ledger)


def _splits(stage: OptimizePromptStage, context: StageContext, judges: Judges) -> Splits:
    """Return the splits; RUN710 if a row that reports has an unusable reference. Other such rows are left out."""
    sources = read_sources(stage.data, context.volumes)
    questions = questions_of(sources)
    refuse_tools([each.row for each in questions], "prompts are optimised")
    ends = [0]
    for source in sources:
        ends.append(ends[-1] + len(source.rows))
    at = next(index for index, block in enumerate(stage.data) if block.shape == "evaluation")
    report = _named(questions[ends[at] : ends[at + 1]], "report")
    others = _named([*questions[: ends[at]], *questions[ends[at + 1] :]], "row")
    data, metrics = context.volumes.data, stage.metrics[:1]
    check_references([each.row for each in report], metrics, data, judges)
    faults = reference_faults([each.row for each in others], metrics[0], data, judges)
    usable = [each for index, each in enumerate(others) if index not in faults and each.reference is not None]
    return split(usable, report, stage.work, stage.seed)


def _named(questions: list[Question], name: str) -> list[Question]:
    """Return the questions with ids that no row of another file has."""
    return [
        Question(row={**each.row, "id": f"{name} {at} {each.row['id']}"}, is_fix=each.is_fix)
        for at, each in enumerate(questions)
    ]


def _models(stage: OptimizePromptStage, context: StageContext) -> dict[str, AnsweringModel]:
    """Return the model that answers, and the one that reflects if there is one, by role."""
    usd = stage.budget.usd
    share = REFLECTION_SHARE if stage.reflection is not None else 0.0
    models: dict[str, AnsweringModel] = {}
    if stage.served is None:
        models["model"] = LocalModel(stage.model, role="model", batch_size=stage.generation.batch_size, context=context)
    else:
        models["model"] = _paid(stage, context, stage.served, "model", MODEL_KEY, usd and usd * (1 - share))
    if stage.reflection is not None:
        of_reflection = usd and (usd if stage.served is None else usd * share)
        models["reflection"] = _paid(stage, context, stage.reflection, "reflection", REFLECTION_KEY, of_reflection)
    return models


def _paid(
    stage: OptimizePromptStage, context: StageContext, served: ServedBlock, role: str, key: str, usd: float | None
) -> PaidModel:
    return PaidModel(
        served,
        role=role,
        key_variable=key,
        budget=BudgetBlock(calls=stage.budget.calls, usd=usd),
        context=context,
    )


def _tools(
    stage: OptimizePromptStage,
    context: StageContext,
    judges: Judges,
    models: Mapping[str, AnsweringModel],
    ledger: Ledger,
) -> Tools:
    metric = stage.metrics[0]
    examiner = Examiner(
        models["model"],
        score=lambda row, text: _score(row, text, metric, context, judges),
        generation=stage.generation,
        ledger=ledger,
        seed=stage.seed,
    )
    reflection = models.get("reflection")
    reflect = Reflection(reflection, examiner, ledger, stage.seed).propose if reflection is not None else None
    return Tools(examiner=examiner, ledger=ledger, events=context.events, reflect=reflect)


def _score(row: Row, text: str, metric: MetricBlock, context: StageContext, judges: Judges) -> Score:
    found = scorer_of(metric).score(row, text, metric, context.volumes.data, judges)
    return found or Score(value=0.0, reason="no verdict")


def _outcome(
    stage: OptimizePromptStage,
    context: StageContext,
    work: Work,
    splits: Splits,
    models: Mapping[str, AnsweringModel],
    ledger: Ledger,
) -> Outcome:
    """Write the files, and return the report."""
    first, last = work.rounds[0].draft, work.rounds[-1].draft
    diff = prompt_diff(first.text, last.text)
    write_text(context.folder / PROMPT_FILE, f"{last.text}\n")
    write_text(context.folder / DIFF_FILE, diff)
    write_samples(context.folder, {"prompt": {"diff": "\n".join(map(shown, diff.split("\n")))}})
    paid = {name: each for name, each in models.items() if isinstance(each, PaidModel)}
    metrics, report = report_of(stage, work, splits)
    report["prompt"]["calls"] = {
        "made": len(ledger.known),
        "budget": ledger.calls,
        "race": work.calls,
        "saved": work.saved,
        **({"usd": round(sum(each.usd for each in paid.values()), 6)} if paid else {}),
        **({"asked_again": sum(each.retries for each in paid.values())} if paid else {}),
    }
    return Outcome(metrics=metrics, report=report)
