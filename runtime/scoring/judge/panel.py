"""Verdicts of a judge on many answers: each is asked for once, and again only if its reply holds none."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from runtime.contract.digests import content_digest, with_lf
from runtime.contract.errors import StageError
from runtime.contract.judging import KEY_VARIABLE, MAX_UNJUDGED, JudgeBlock
from runtime.model.endpoint.batch import query_all
from runtime.model.endpoint.client import Endpoint, RejectedError, Service
from runtime.scoring.judge.log import VerdictLog, key_of
from runtime.scoring.judge.prompt import VERSION, messages_of
from runtime.scoring.judge.verdict import Verdict, read_verdict
from runtime.stage.events import EventStream
from runtime.stage.stop import StopRequest

_OF_ONE_REQUEST = (400, 413, 422)  # of a content filter, or of an answer that is too long for the judge
ATTEMPTS = 2  # requests for one verdict
MAX_TOKENS = 1024  # of a reply: a thought, a sentence and a verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """An answer to judge, with its question and reference as text."""

    question: str
    answer: str
    reference: str


class JudgePanel:
    """Judges answers by `rubrics`: the digests of files below `data`, by path. `folder` keeps the verdicts.

    RUN721 if a rubric is missing, RUN711 if it is not that of the plan.
    """

    def __init__(
        self,
        judge: JudgeBlock,
        rubrics: Mapping[str, str],
        data: Path,
        *,
        folder: Path,
        events: EventStream,
        stop: StopRequest,
    ) -> None:
        self._judge = judge
        self._digests = rubrics
        self._rubrics = {name: _read_rubric(data, name, digest) for name, digest in rubrics.items()}
        self._log = VerdictLog(folder)
        self._events = events
        self._stop = stop

    def check(self) -> None:
        """Ask the endpoint for its models; RUN764 if it rejects the judge, RUN765 if it cannot be reached."""
        asyncio.run(self._find_model())

    async def _find_model(self) -> None:
        async with self._endpoint() as endpoint:
            await endpoint.find_model()

    def verdicts(self, rubric: str, cases: Sequence[Case]) -> list[Verdict | None]:
        """Return the verdict on each answer by the rubric at this path, None where two replies hold none.

        RUN740 on a stop request, RUN764 or RUN765 if the endpoint rejects or fails. Verdicts of an earlier run are not
        asked for again.
        """
        keys = [self._key(rubric, case) for case in cases]
        missing = {key: case for key, case in zip(keys, cases, strict=True) if key not in self._log.known}
        if missing:
            asyncio.run(self._query(rubric, missing))
        return [self._log.known[key] for key in keys]

    async def _query(self, rubric: str, missing: dict[str, Case]) -> None:
        endpoint, items = self._endpoint(), list(missing.items())
        rejected: dict[str, RejectedError] = {}
        done = 0

        async def query(number: int) -> None:
            nonlocal done
            key, case = items[number]
            try:
                self._log.append(key, await self._ask(endpoint, rubric, case))
            except RejectedError as error:
                if error.status not in _OF_ONE_REQUEST:
                    raise
                rejected[key] = error
            done += 1
            self._events.emit("progress", done=done, total=len(items))

        await query_all(
            endpoint,
            range(len(items)),
            query,
            concurrency=self._judge.concurrency,
            stop=self._stop,
            progress=lambda: f"{done} of {len(items)} answers judged",
        )
        if endpoint.note:
            self._events.emit("warning", message=endpoint.note)
        for key, error in rejected.items():
            if not endpoint.has_answered:  # it rejects every request
                raise error
            self._log.append(key, None)

    async def _ask(self, endpoint: Endpoint, rubric: str, case: Case) -> Verdict | None:
        messages = messages_of(
            self._rubrics[rubric],
            question=case.question,
            reference=case.reference,
            answer=case.answer,
            language=self._judge.language,
        )
        for attempt in range(ATTEMPTS):
            reply = await endpoint.query(messages, temperature=0.0, max_tokens=MAX_TOKENS, seed=attempt)
            if (verdict := read_verdict(reply.text)) is not None:
                return verdict
        return None

    def _endpoint(self) -> Endpoint:
        judge = self._judge
        service = Service(
            role="judge", url=judge.endpoint, name=judge.name, revision=judge.revision, key_variable=KEY_VARIABLE
        )
        return Endpoint(service, concurrency=judge.concurrency, requests_per_minute=judge.requests_per_minute)

    def _key(self, rubric: str, case: Case) -> str:
        judge = self._judge
        return key_of(
            VERSION,
            judge.path,
            judge.language,
            self._digests[rubric],
            case.question,
            case.answer,
            case.reference,
        )


def require_verdicts(found: Sequence[Verdict | None], rubric: str) -> None:
    """Raise RUN735 if too many of the answers have no verdict by the rubric at this path."""
    if found.count(None) > MAX_UNJUDGED * len(found):
        message = f"the judge gave no verdict on {found.count(None)} of {len(found)} answers by `{rubric}`"
        hint = (
            f"use a judge that follows the format within {MAX_TOKENS} tokens, thoughts included, or shorten the rubric"
        )
        raise StageError("RUN735", message, hint)


def _read_rubric(data: Path, name: str, digest: str) -> str:
    """Return a rubric's text; RUN721 if it is missing, RUN711 if it is not that of the plan."""
    try:
        content = (data / name).read_bytes()
        text = with_lf(content).decode("utf-8")
    except OSError as error:
        message = f"rubric `{name}` is missing under `TRAINSPEC_DATA`"
        raise StageError("RUN721", message, "copy the rubric to the data volume") from error
    except UnicodeDecodeError as error:
        raise StageError("RUN711", f"rubric `{name}` is not UTF-8", "save it as UTF-8, then compile again") from error
    if content_digest(content) != digest:
        message = f"rubric `{name}` is not the file of the plan"
        raise StageError("RUN711", message, "compile the plan again, or restore the file")
    return text
