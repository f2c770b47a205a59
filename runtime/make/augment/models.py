"""The models of an augmentation: the writer, which is the teacher or the model itself, and the model to be taught."""

import fcntl
from pathlib import Path
from typing import TextIO

from runtime.contract.augmentation import AugmentStage
from runtime.contract.blocks import ModelBlock
from runtime.contract.errors import StageError
from runtime.contract.served import MODEL_KEY, TEACHER_KEY, BudgetBlock, ServedBlock, served_teacher
from runtime.make.augment.asking import Allowance, Asker
from runtime.model.answering.local import LocalModel
from runtime.model.answering.paid import PaidModel
from runtime.model.load import check_model_files, context_length
from runtime.stage.context import StageContext

UNLIMITED = 10**12  # calls of an endpoint, whose journal other Jobs share: the allowance counts those of the stage


def refuse_licence(stage: AugmentStage) -> None:
    """Raise RUN763 if the teacher's licence does not allow training on its output."""
    teacher = stage.teacher
    if teacher is not None and not teacher.outputs_may_train:
        message = f"licence `{teacher.license}` of teacher `{teacher.path}` does not allow training on its output"
        raise StageError("RUN763", message, "use a teacher whose licence allows it, and set that in the spec")


class Models:
    """The askers of a stage, which share an allowance of requests and of money.

    The replies of endpoints are kept in a folder of the plan: with another budget or more rows the stage is another
    Job, and pays only for what is new. RUN741 while another process uses that folder.
    """

    def __init__(self, stage: AugmentStage, context: StageContext) -> None:
        self._stage = stage
        self._context = context
        self.allowance = Allowance(stage.work.budget.calls)
        self._folder = context.volumes.outputs / f"{stage.plan}-augment-calls"
        self._lock = _locked(self._folder)
        self._weights = _teacher_weights(stage)
        for block in filter(None, (self._weights, stage.model if stage.served is None else None)):
            check_model_files(block, context.volumes)
        self._askers: dict[str, Asker] = {}
        self._local: LocalModel | None = None

    def close(self) -> None:
        """Let other processes use the replies."""
        self._lock.close()

    @property
    def writer_path(self) -> str:
        """The name of the model that writes, in rows and reports."""
        return (self._stage.teacher or self._stage.served or self._stage.model).path

    @property
    def context_of_writer(self) -> int | None:
        """The context of the writer's weights in tokens; None for an endpoint, which does not say it."""
        return None if self._weights is None else context_length(self._weights, self._context.volumes)

    @property
    def usd(self) -> float:
        """What all replies of endpoints cost so far."""
        return sum(each.usd for each in self._askers.values())

    @property
    def askers(self) -> dict[str, Asker]:
        """The askers that were used, by role."""
        return self._askers

    def writer(self) -> Asker:
        """Return the asker of the model that writes."""
        stage = self._stage
        if stage.teacher is None and stage.served is not None:
            return self.model_behind_endpoint()
        served = _teacher_endpoint(stage)
        if served is not None:
            return self._served("teacher", served, TEACHER_KEY)
        if "writer" not in self._askers:
            assert self._weights is not None  # noqa: S101
            self._local = LocalModel(
                self._weights, role="writer", batch_size=stage.work.batch_size, context=self._context
            )
            self._askers["writer"] = Asker(self._local, self._weights.path, self.allowance)
        return self._askers["writer"]

    def model_behind_endpoint(self) -> Asker:
        """Return the asker of the model to be taught, which an endpoint serves."""
        assert self._stage.served is not None  # noqa: S101
        return self._served("model", self._stage.served, MODEL_KEY)

    @property
    def shared_weights(self) -> LocalModel | None:
        """The local writer if it is the model to be taught, so that its weights are loaded once."""
        return self._local if self._stage.teacher is None else None

    def _served(self, role: str, block: ServedBlock, key_variable: str) -> Asker:
        """Return the asker of an endpoint, which may spend what the other has left of the money."""
        limit, others = self._stage.work.budget.usd, self.usd - self._usd_of(role)
        usd = None if limit is None else max(limit - others, 0.0)
        model = PaidModel(
            block,
            role=role,
            key_variable=key_variable,
            budget=BudgetBlock(calls=UNLIMITED, usd=usd),
            context=self._context,
            folder=self._folder,
        )
        if role in self._askers:
            self._askers[role].go_on_with(model)
        else:
            self._askers[role] = Asker(model, block.path, self.allowance)
        return self._askers[role]

    def _usd_of(self, role: str) -> float:
        return self._askers[role].usd if role in self._askers else 0.0


def _locked(folder: Path) -> TextIO:
    """Create a folder and lock it until the returned file is closed, at the latest when the process ends."""
    folder.mkdir(exist_ok=True)
    stream = (folder / ".lock").open("w", encoding="utf-8")
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        stream.close()
        message = f"folder `{folder.name}` with the replies is in use by another process"
        raise StageError("RUN741", message, "wait for that process to end, then run the stage again") from error
    return stream


def _teacher_endpoint(stage: AugmentStage) -> ServedBlock | None:
    work = stage.work
    if stage.teacher is None:
        return None
    return served_teacher(
        stage.teacher, concurrency=work.concurrency, requests_per_minute=work.requests_per_minute, price=work.price
    )


def _teacher_weights(stage: AugmentStage) -> ModelBlock | None:
    """Return the weights that write: the teacher's or the model's; None if an endpoint serves the writer."""
    if stage.teacher is None:
        return stage.model if stage.served is None else None
    return stage.teacher.weights(stage.model.dtype) if stage.teacher.endpoint is None else None
