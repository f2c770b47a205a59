"""The pre-flight stage of a reward: first the checks without a model, then those on policy samples."""

import dataclasses
import random
from collections.abc import Sequence
from typing import Any

from runtime.contract.preflight import CHECKS, verdict_of
from runtime.contract.stages import PreflightStage
from runtime.data.questions import Question, questions_of
from runtime.data.rows import Source, read_sources
from runtime.model.load import check_model_files, load_tokenizer
from runtime.scoring.metrics import Judges, check_references
from runtime.scoring.planned import require_planned
from runtime.scoring.preflight.checks import Examiner, Judged, Sampled
from runtime.scoring.rewards.rows import check_rewards, reward_prompts
from runtime.scoring.rewards.scorer import Scorer
from runtime.scoring.verify import Verifier
from runtime.stage.context import StageContext
from runtime.stage.gate import Decision
from runtime.stage.report import Outcome

Figures = dict[str, Any]


def run(stage: PreflightStage, context: StageContext) -> Outcome:
    """Run the eight checks; the gate stops the plan if one of them blocks.

    The report becomes evidence of kind `RewardPreflight`. If a check without a model blocks, the stage loads no model
    and skips the other checks.
    """
    context.events.emit("phase", name="check data")
    sources = read_sources(stage.data, context.volumes)
    prompt_sources = [source for source in sources if source.block.role != "badcases"]
    prompts = reward_prompts(prompt_sources, stage.rewards)
    questions = questions_of(prompt_sources)
    check_model_files(stage.model, context.volumes)
    require_planned(stage.metric_code, context.volumes.data, "a metric")
    with Judges() as judges:
        answered = [question.row for question in questions if question.reference]
        check_references(answered, stage.metrics[:1], context.volumes.data, judges)
    with Scorer(stage.rewards, context.volumes, stage.reward_code) as scorer:
        context.events.emit("phase", name="check rewards", isolation=scorer.isolation)
        check_rewards(scorer, prompts)
        tokenizer = load_tokenizer(stage.model, context.volumes)
        examiner = Examiner(
            scorer=scorer,
            prompts=prompts,
            judged=_judged(sources, stage),
            tokens=lambda text: list(tokenizer(text, add_special_tokens=False)["input_ids"]),
        )
        figures = _without_model(examiner, stage, context)
        failed = [name for name, found in figures.items() if found is not None and verdict_of(name, found) == "blocks"]
        if not failed:
            sampled = _sample(stage, context, questions)
            context.events.emit("phase", name="score")
            for name, found in examiner.of_policy(sampled).items():
                figures[name] = _note(name, found, context)
    return _outcome(stage, scorer, figures)


def _without_model(examiner: Examiner, stage: PreflightStage, context: StageContext) -> Figures:
    measures = {
        "contract": examiner.contract,
        "repeatability": lambda: examiner.repeatability(stage.work.repeats),
        "discrimination": examiner.discrimination,
        "humanAgreement": examiner.agreement,
        "hackResistance": examiner.hacks,
    }
    return {name: _note(name, measure(), context) for name, measure in measures.items()}


def _note(name: str, found: Any, context: StageContext) -> Any:
    context.events.emit("check", name=name, verdict=verdict_of(name, found), figures=found)
    return found


def _judged(sources: Sequence[Source], stage: PreflightStage) -> Judged | None:
    """Return the badcases with a logged wrong answer; None without any."""
    kept = [
        dataclasses.replace(source, rows=[row for row in source.rows if (row.get("answer") or "").strip()], places=[])
        for source in sources
        if source.block.shape == "badcase"
    ]
    kept = [dataclasses.replace(each, places=[row["id"] for row in each.rows]) for each in kept if each.rows]
    if not kept:
        return None
    prompts = reward_prompts(kept, stage.rewards)
    rows = [row for source in kept for row in source.rows]
    return Judged(prompts=prompts, right=[row["fix"] for row in rows], wrong=[row["answer"] for row in rows])


def _sample(stage: PreflightStage, context: StageContext, questions: Sequence[Question]) -> Sampled:
    """Sample the policy's answers to a random choice of questions; the first metric judges them."""
    from runtime.model.sampling import sample_answers

    answerable = [at for at, question in enumerate(questions) if question.reference]
    pool = answerable or list(range(len(questions)))
    chosen = sorted(random.Random(stage.seed).sample(pool, min(stage.work.prompts, len(pool))))  # noqa: S311
    answers = sample_answers(
        stage.model,
        [questions[at].row for at in chosen],
        samples=stage.work.samples,
        temperature=stage.work.temperature,
        max_new_tokens=stage.generation.max_new_tokens,
        batch_size=stage.generation.batch_size,
        seed=stage.seed,
        context=context,
    )
    texts = [[answer.text for answer in group] for group in answers]
    if not answerable:  # the metric has no reference to compare with
        return Sampled(indices=chosen, texts=texts, right=[[False] * len(group) for group in texts])
    with Verifier(stage.metrics[0], context.volumes.data, stage.metric_code) as verifier:
        right = [verifier.right(questions[at], group) for at, group in zip(chosen, texts, strict=True)]
    return Sampled(indices=chosen, texts=texts, right=right)


def _outcome(stage: PreflightStage, scorer: Scorer, figures: Figures) -> Outcome:
    verdicts = {name: verdict_of(name, figures.get(name)) for name in CHECKS}
    blocking = [name for name, verdict in verdicts.items() if verdict == "blocks"]
    made = {name: figures[name] for name in CHECKS if figures.get(name) is not None}
    functions = [{"use": block.use, "weight": block.weight, "options": block.options} for block in stage.rewards]
    shown = ", ".join(f"`{name}`" if name in made else f"`{name}` (not run)" for name in blocking)
    reason = f"the reward fails its pre-flight: {shown}" if blocking else "the reward passes its pre-flight"
    return Outcome(
        report={
            "preflight": {"functions": functions, "code": stage.reward_code, **made},
            "verdicts": verdicts,
            "isolation": scorer.isolation,
        },
        gate=Decision(verdict="no-gain" if blocking else "continue", reason=reason, gain=None),
    )
