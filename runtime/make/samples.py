"""Rows from the policy's sampled answers: preference pairs, or right chains.

Pairs of a right and a wrong answer are on-policy data for DPO. Keeping right chains is rejection sampling, as in STaR
(arXiv 2203.14465).
"""

import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rapidfuzz.distance import Levenshtein

from runtime.contract.data.thoughts import endless_thought
from runtime.contract.errors import StageError
from runtime.contract.stages import SampleStage
from runtime.data.chains import asked_for_chain, split_chain
from runtime.data.formats import Row
from runtime.data.questions import Question, questions_of
from runtime.data.rows import names_of, read_sources
from runtime.model.load import check_model_files
from runtime.scoring.verify import Verifier
from runtime.stage.answer_log import AnswerLog
from runtime.stage.context import StageContext
from runtime.stage.files import write_text
from runtime.stage.report import Outcome

if TYPE_CHECKING:
    from runtime.model.generate import Answer

MAX_CHAINS = 2  # per prompt: a third chain to one problem teaches less than a chain to another problem


def run(stage: SampleStage, context: StageContext) -> Outcome:
    """Sample and judge answers; write `preference.jsonl` or `chain.jsonl`.

    The report counts prompts without a row, by reason.
    """
    context.events.emit("phase", name="check data")
    questions = questions_of(read_sources(stage.data, context.volumes))
    check_model_files(stage.model, context.volumes)
    with Verifier(stage.metrics[0], context.volumes.data, stage.metric_code) as verifier:
        verifier.check(questions)
        sampled = _answers(stage, questions, context)
        answers = [[answer.text for answer in samples] for samples in sampled]
        context.events.emit("phase", name="judge")
        verdicts = [
            # An answer that is cut at `max_new_tokens`, or never ends its thoughts, is wrong even if its end is right.
            [
                right and not (answer.is_cut or endless_thought(answer.text))
                for right, answer in zip(verifier.right(each, texts), samples, strict=True)
            ]
            for each, texts, samples in zip(questions, answers, sampled, strict=True)
        ]
    marker = stage.metrics[0].answer_marker if stage.work.makes.chain else None
    without: Counter[str] = Counter()
    rows: list[Row] = []
    for question, texts, verdict in zip(questions, answers, verdicts, strict=True):
        right = [text for text, is_right in zip(texts, verdict, strict=True) if is_right]
        wrong = [text for text, is_right in zip(texts, verdict, strict=True) if not is_right]
        made = _pair(question, right, wrong) if marker is None else _chains(question, right, marker)
        if isinstance(made, str):
            without[made] += 1
        else:
            rows += made
    if not rows:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(without.items()))
        message = f"no prompt of {names_of(stage.data)} gives a row: {reasons}"
        raise StageError("RUN712", message, "sample a stronger policy, or easier prompts")
    shape = "preference" if marker is None else "chain"
    write_text(context.folder / f"{shape}.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    AnswerLog(context.folder, context.config_sha256).remove()
    return Outcome(report=_report(stage, verdicts, len(rows), without))


def _answers(stage: SampleStage, questions: Sequence[Question], context: StageContext) -> list[list["Answer"]]:
    from runtime.model.sampling import sample_answers

    work, marker = stage.work, stage.metrics[0].answer_marker
    rows = [
        each.row | {"prompt": asked_for_chain(each.prompt, marker)} if work.makes.chain and marker else each.row
        for each in questions
    ]
    return sample_answers(
        stage.model,
        rows,
        samples=work.samples,
        temperature=work.temperature,
        max_new_tokens=work.max_new_tokens,
        batch_size=work.batch_size,
        seed=stage.seed,
        context=context,
    )


def _pair(question: Question, right: list[str], wrong: list[str]) -> list[Row] | str:
    """Return one pair, or the reason for none.

    The most frequent wrong answer is rejected, as the policy's typical mistake, and the most frequent right answer is
    chosen. Ties go to the two answers that differ most, because pairs of similar answers lower the likelihood of both
    (arXiv 2410.08847). If no sample of a badcase is right, its fix is chosen.
    """
    wrong = [text for text in wrong if text.strip()]
    if not wrong:
        return "with right or empty samples only"
    if not right and question.is_fix:
        right = [str(question.reference)]
    if not right:
        return "with wrong samples only"
    goods, bads = (Counter(text.strip() for text in texts) for texts in (right, wrong))
    chosen, rejected = max(
        ((good, bad) for good in goods for bad in bads),
        key=lambda pair: (bads[pair[1]], goods[pair[0]], Levenshtein.normalized_distance(*pair)),
    )
    if chosen == rejected:
        return "whose answers differ in white space only"
    pair = {"chosen": question.completion(chosen), "rejected": question.completion(rejected)}
    return [{**question.asked, **pair}]


def _chains(question: Question, right: list[str], marker: str) -> list[Row] | str:
    """Return rows of the shortest right chains, or the reason for none.

    Short chains have fewer useless steps.
    """
    parts = dict.fromkeys(part for text in right if (part := split_chain(text, marker)))
    if not right:
        return "with wrong samples only"
    if not parts:
        return "with right answers but no chain"
    shortest = sorted(parts, key=lambda part: len(part[0]))[:MAX_CHAINS]
    return [{**question.asked, "chain": chain, "completion": question.completion(answer)} for chain, answer in shortest]


def _report(stage: SampleStage, verdicts: list[list[bool]], rows: int, without: Counter[str]) -> dict[str, Any]:
    flat = [each for verdict in verdicts for each in verdict]
    return {
        "prompts": len(verdicts),
        "samples": len(flat),
        "right_samples": sum(flat),
        "prompts_with_a_right_sample": sum(map(any, verdicts)),
        "rows": rows,
        "prompts_without_row": dict(sorted(without.items())),
    }
