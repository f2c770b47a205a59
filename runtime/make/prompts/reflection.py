"""Reflective proposals by GEPA (arXiv 2507.19457): a strong model reads failures and rewrites the prompt.

GEPA evolves the text on the rows to propose from, alone; its best texts then race like any other candidate. Both models
answer through their journals, so a resumed stage repeats GEPA's whole walk without a new call.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from runtime.contract.prompt_files import SLOT
from runtime.contract.prompting import MINIBATCH, REFLECTION_ROWS, REFLECTIONS, reflection_calls
from runtime.data.questions import Question
from runtime.make.prompts.asking import Examiner, Ledger, Scored
from runtime.make.prompts.draft import Draft, Language, shown_question
from runtime.make.prompts.splits import ordered
from runtime.model.answering.request import AnsweringModel, Request

MAX_TOKENS = 4096  # of a proposal
TEMPERATURE = 1.0  # GEPA's default
LONGEST = 4000  # characters of each text that the reflection model reads
PART = "prompt"

_TEMPLATE = """A model answers questions under this prompt:
```
<curr_param>
```

These are questions, its answers, and what is wrong with them:
```
<side_info>
```

Write a better prompt for the same task. Find out what the task is and what the right answers have in common: their
form, their limits, facts that the model does not know, mistakes that it repeats. State these as rules that also hold
for questions that are not shown. {slot} Write in {language}. Put the whole new prompt between ``` marks."""
_LANGUAGES: dict[Language, str] = {"en": "English", "zh": "Chinese"}


class Reflection:
    """Proposes prompts with a reflection model; the calls of both models count in one ledger."""

    def __init__(self, model: AnsweringModel, examiner: Examiner, ledger: Ledger, seed: int) -> None:
        self._model = model
        self._examiner = examiner
        self._ledger = ledger
        self._seed = seed

    def propose(self, draft: Draft, rows: Sequence[Question]) -> list[Draft]:
        """Return the prompts that GEPA accepts, best first.

        The errors of both models, and `BudgetSpentError`.
        """
        import gepa

        shown = ordered(rows, lambda each: f"reflect {each.row['id']}")[:REFLECTION_ROWS]
        walk = _Walk(draft, self._examiner, self._ask)
        slot = f"Keep `{SLOT}` in it exactly once." if SLOT in draft.base else f"Do not write `{SLOT}`."
        result = gepa.optimize(
            seed_candidate={PART: draft.base},
            trainset=list(rows),
            valset=shown,
            adapter=walk,
            reflection_lm=walk.reflect,
            reflection_minibatch_size=MINIBATCH,
            reflection_prompt_template=_TEMPLATE.format(slot=slot, language=_LANGUAGES[draft.language]),
            max_metric_calls=reflection_calls(len(rows)),
            stop_callbacks=[lambda _: walk.failure is not None or walk.asked >= REFLECTIONS],
            logger=_Silent(),
            seed=self._seed,
            raise_on_exception=False,
        )
        if walk.failure is not None:
            raise walk.failure
        found = sorted(range(1, len(result.candidates)), key=lambda at: -result.val_aggregate_scores[at])
        return [
            draft.changed("rules", f"proposal {at} of the reflection model", base=result.candidates[at][PART])
            for at in found
        ]

    def _ask(self, prompt: str, number: int) -> str:
        request = Request(prompt=prompt, max_new_tokens=MAX_TOKENS, temperature=TEMPERATURE, seed=self._seed + number)
        self._ledger.spend([request.key("reflection")])
        [reply] = self._model.replies([request])
        return "" if reply is None else reply.text


class _Walk:
    """GEPA's adapter: evaluates texts, and shows the failures to the reflection model.

    GEPA logs errors and goes on; the first one is kept in `failure`, and ends the walk.
    """

    propose_new_texts = None

    def __init__(self, draft: Draft, examiner: Examiner, ask: Any) -> None:
        self._draft = draft
        self._examiner = examiner
        self._ask = ask
        self.asked = 0
        self.failure: Exception | None = None

    def evaluate(self, batch: list[Question], candidate: dict[str, str], capture_traces: bool = False) -> Any:
        from gepa.core.adapter import EvaluationBatch

        draft = self._draft.changed("rules", "", base=candidate[PART])
        fits = draft.is_usable and draft.base.count(SLOT) == self._draft.base.count(SLOT)
        scored: list[Scored] = []
        if fits and self.failure is None:
            try:
                scored = self._examiner.answers(draft.text, batch)
            except Exception as error:
                self.failure = error
        if not scored:
            why = f"the new prompt must have {self._draft.base.count(SLOT)} slots `{SLOT}`, and be shorter"
            scored = [Scored(text="", score=0.0, reason=why, is_cut=False)] * len(batch)
        traces = list(zip(batch, scored, strict=True)) if capture_traces else None
        return EvaluationBatch(outputs=scored, scores=[each.score for each in scored], trajectories=traces)

    def make_reflective_dataset(
        self, candidate: dict[str, str], eval_batch: Any, components_to_update: list[str]
    ) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        records = [_record(question, scored) for question, scored in eval_batch.trajectories]
        return dict.fromkeys(components_to_update, records)

    def reflect(self, prompt: Any) -> str:
        """Return the reply of the reflection model; empty after a failure."""
        if self.failure is not None:
            return ""
        self.asked += 1
        try:
            return str(self._ask(str(prompt), self.asked))
        except Exception as error:
            self.failure = error
            return ""


class _Silent:
    """GEPA's log, which would print whole prompts: the pod's stdout is for events."""

    def log(self, message: str) -> None:
        """Drop the message."""


def _record(question: Question, scored: Scored) -> dict[str, str]:
    feedback = "It is right." if scored.score >= 1 else f"It is wrong: {scored.reason}. The right answer is given."
    return {
        "Question": shown_question(question.prompt)[:LONGEST],
        "Answer of the model": scored.text[:LONGEST] or "(empty)",
        "Right answer": str(question.reference)[:LONGEST],
        "Feedback": feedback,
    }
