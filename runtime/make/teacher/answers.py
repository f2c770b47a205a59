"""A teacher's answers to all prompts, from an endpoint or from a model of the models volume."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from runtime.contract.served import TEACHER_KEY
from runtime.contract.stages import TeacherStage
from runtime.data.formats import Row
from runtime.data.questions import Prompt
from runtime.model.endpoint.batch import query_all
from runtime.model.endpoint.client import Endpoint, Reply, Service
from runtime.stage.answer_log import PromptLog
from runtime.stage.context import StageContext
from runtime.stage.seeds import seed_of

if TYPE_CHECKING:
    from runtime.model.generate import Answer


def answers_of_model(stage: TeacherStage, rows: Sequence[Row], context: StageContext) -> list[list[Reply]]:
    """Return `work.samples` replies of the teacher's weights to each row's prompt.

    RUN740 on a stop request.
    """
    from runtime.model.sampling import sample_answers

    work = stage.work
    answers = sample_answers(
        stage.teacher.weights(stage.model.dtype),
        rows,
        samples=work.samples,
        temperature=work.temperature,
        max_new_tokens=work.max_new_tokens,
        batch_size=work.batch_size,
        seed=stage.seed,
        context=context,
    )
    return [[_reply(answer) for answer in sampled] for sampled in answers]


def _reply(answer: "Answer") -> Reply:
    return Reply(
        text=answer.text,
        truncated=answer.is_cut,
        prompt_tokens=answer.prompt_tokens,
        completion_tokens=answer.tokens,
    )


def answers_of_endpoint(
    stage: TeacherStage, prompts: Sequence[Prompt], context: StageContext
) -> tuple[list[list[Reply]], int]:
    """Return `work.samples` replies of the endpoint to each prompt, and the number of retries.

    RUN740 on a stop request, RUN764 if the endpoint rejects a request, RUN765 if it fails; a log keeps the answers.
    """
    log = PromptLog(context.folder, context.config_sha256)
    known = {number: [Reply(**each) for each in replies] for number, replies in log.start().items()}
    known = {number: replies for number, replies in known.items() if number < len(prompts)}
    context.events.emit("phase", name="ask", answered=len(known))
    retries = asyncio.run(_query_all(stage, prompts, known, log, context))
    return [known[number] for number in range(len(prompts))], retries


async def _query_all(
    stage: TeacherStage,
    prompts: Sequence[Prompt],
    known: dict[int, list[Reply]],
    log: PromptLog,
    context: StageContext,
) -> int:
    """Add the missing replies to `known` and to `log`; return the number of retries."""
    work, teacher = stage.work, stage.teacher
    service = Service(
        role="teacher",
        url=str(teacher.endpoint),
        name=teacher.name,
        revision=teacher.revision,
        key_variable=TEACHER_KEY,
    )
    endpoint = Endpoint(service, concurrency=work.concurrency, requests_per_minute=work.requests_per_minute)

    async def query(number: int) -> None:
        replies = [
            await endpoint.query(
                _messages(prompts[number]),
                temperature=work.temperature,
                max_tokens=work.max_new_tokens,
                seed=seed_of(stage.seed, number, sample),
            )
            for sample in range(work.samples)
        ]
        known[number] = replies
        log.append(number, [asdict(each) for each in replies])
        context.events.emit("progress", done=len(known), total=len(prompts))

    await query_all(
        endpoint,
        [number for number in range(len(prompts)) if number not in known],
        query,
        concurrency=work.concurrency,
        stop=context.stop,
        progress=lambda: f"{len(known)} of {len(prompts)} prompts answered",
    )
    if endpoint.note:
        context.events.emit("warning", message=endpoint.note)
    return endpoint.retries


def _messages(prompt: Prompt) -> list[dict[str, str]]:
    return [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
