"""Answers of an endpoint to the question sets of an evaluation; each question is paid for once."""

from collections.abc import Mapping, Sequence

from runtime.contract.served import MODEL_KEY, BudgetBlock, ServedBlock
from runtime.contract.stages import EvaluateStage
from runtime.data.formats import Row
from runtime.data.questions import refuse_tools
from runtime.model.answering.paid import PaidModel
from runtime.model.answering.request import Request
from runtime.model.endpoint.client import Reply
from runtime.model.generate import Answer
from runtime.stage.context import StageContext


def refuse_served_tools(asked: Mapping[str, Sequence[Row]]) -> None:
    """Raise RUN716 if a row describes tools, which the endpoint would not get."""
    refuse_tools([row for rows in asked.values() for row in rows], "the endpoint is queried")


def served_answers(
    served: ServedBlock, stage: EvaluateStage, asked: Mapping[str, Sequence[Row]], context: StageContext
) -> dict[str, list[Answer]]:
    """Return the endpoint's answer to each question, by set; a request that it refuses has an empty answer."""
    model = PaidModel(
        served,
        role="model",
        key_variable=MODEL_KEY,
        budget=BudgetBlock(calls=sum(map(len, asked.values()))),
        context=context,
    )
    answers = {}
    for name, rows in asked.items():
        context.events.emit("phase", name=f"answer {name.replace('_', ' ')}")
        requests = [
            Request(
                prompt=row["prompt"],
                max_new_tokens=stage.generation.max_new_tokens,
                temperature=stage.generation.temperature,
                seed=stage.seed,
            )
            for row in rows
        ]
        answers[name] = [_answer(reply) for reply in model.replies(requests)]
    return answers


def _answer(reply: Reply | None) -> Answer:
    if reply is None:
        return Answer(text="", prompt_tokens=0, tokens=0, is_cut=False, seconds=0.0)
    return Answer(
        text=reply.text,
        prompt_tokens=reply.prompt_tokens,
        tokens=reply.completion_tokens,
        is_cut=reply.truncated,
        seconds=0.0,
    )
