"""GraphGen (Chen et al. 2025, arXiv 2505.20416): questions and answers from a corpus, by a graph of its facts.

A writer reads passages into entities and facts; the model's beliefs show which facts it does not know; the writer makes
questions of these and of facts near them. A second answer from the passages alone checks each. Unlike the paper,
relations whose entities the passage does not name are left out, and answers that are not found again are dropped.
"""

from runtime.contract.augmentation import AugmentStage
from runtime.contract.errors import StageError
from runtime.data.rows import Source, names_of, read_sources
from runtime.make.augment.assessing import BELIEFS_FILE, losses_of
from runtime.make.augment.chunks import Chunk, chunks_of
from runtime.make.augment.files import write_files
from runtime.make.augment.graph import Knowledge, knowledge_of
from runtime.make.augment.models import Models, refuse_licence
from runtime.make.augment.parse import extraction_of
from runtime.make.augment.prompts import turns_of
from runtime.make.augment.report import report_of
from runtime.make.augment.units import units_of, weakest_first
from runtime.make.augment.writing import Rows, Writing
from runtime.model.answering.request import Request
from runtime.stage.context import StageContext
from runtime.stage.report import Outcome

LEAST_CALLS = 2  # of a question: it is written, and answered again
READING = 0.4  # the most of the budget that reading takes


def run(stage: AugmentStage, context: StageContext) -> Outcome:
    """Write `prompt-completion.jsonl`, `facts.jsonl` and `provenance.json`; the report counts what was dropped.

    RUN763 if the teacher's licence forbids it, RUN771 if the budget allows no row, RUN772 if the writer finds no fact,
    RUN712 if no row is kept; RUN740, RUN764 and RUN765 of endpoints. Whatever ends a run, no request is paid for twice.
    """
    refuse_licence(stage)
    context.events.emit("phase", name="check data")
    corpus = read_sources(stage.corpus, context.volumes)
    # one by one: different evaluations may use the same ids
    held_out = [source for block in stage.held_out for source in read_sources([block], context.volumes)]
    chunks = chunks_of(corpus, stage.work.chunk_tokens)
    models = Models(stage, context)
    try:
        return _augment(stage, context, models, chunks, held_out)
    finally:
        models.close()


def _augment(
    stage: AugmentStage, context: StageContext, models: Models, chunks: list[Chunk], held_out: list[Source]
) -> Outcome:
    context.events.emit("phase", name="read passages")
    read = _affordable(chunks, stage)
    knowledge, empty = _knowledge(read, stage, models)
    context.events.emit("phase", name="assess knowledge")
    losses = losses_of(knowledge.facts, stage, models, context)
    context.events.emit("phase", name="write questions")
    rows = _rows(knowledge, losses, chunks, held_out, stage, models)
    report = report_of(
        stage,
        chunks=chunks,
        read=len(read),
        empty=empty,
        knowledge=knowledge,
        losses=losses,
        rows=rows,
        models=models,
    )
    if not rows.kept:
        raise _nothing_kept(stage, rows, models)
    write_files(
        context.folder,
        stage,
        writer=models.writer_path,
        kept=rows.kept,
        chunks=chunks,
        facts=knowledge.facts,
        losses=losses,
        report=report,
    )
    (context.folder / BELIEFS_FILE).unlink(missing_ok=True)
    return Outcome(report=report)


def _affordable(chunks: list[Chunk], stage: AugmentStage) -> list[Chunk]:
    """Return the passages to read: all, or as many as the budget allows, at even distances."""
    most = max(int(READING * stage.work.budget.calls), 1)
    count = min(len(chunks), most)
    return [chunks[at * len(chunks) // count] for at in range(count)]


def _knowledge(chunks: list[Chunk], stage: AugmentStage, models: Models) -> tuple[Knowledge, int]:
    """Return what the passages say, and the number of passages without a fact."""
    requests = [
        Request(
            prompt=turns_of(each.language, "extract", passage=each.text),
            max_new_tokens=stage.work.max_new_tokens,
        )
        for each in chunks
    ]
    found = models.writer().ask(requests, extraction_of)
    knowledge = knowledge_of(chunks, found)
    if not knowledge.facts:
        if models.allowance.why:
            raise _too_little(models)
        message = (
            f"`{models.writer_path}` found no fact in {len(chunks)} passages of {names_of(stage.corpus)}: "
            f"{found.count(None)} replies had no usable line, and {knowledge.ungrounded} relations were of entities "
            "that their passage does not name"
        )
        raise StageError("RUN772", message, "name a stronger model in `spec.teacher`, or use another corpus")
    return knowledge, len(chunks) - len({name for fact in knowledge.facts for name in fact.chunks})


def _rows(
    knowledge: Knowledge,
    losses: dict[int, float],
    chunks: list[Chunk],
    held_out: list[Source],
    stage: AugmentStage,
    models: Models,
) -> Rows:
    work = stage.work
    units = units_of(weakest_first(knowledge.facts, losses), work.kinds, work.max_facts)
    return Writing(models.writer(), chunks, held_out, work, models.context_of_writer).rows(units)


def _too_little(models: Models) -> StageError:
    why = models.allowance.why or f"{models.allowance.left} of its calls are left, and a question takes two"
    message = f"the budget ended before any row was written: {why}"
    return StageError("RUN771", message, "raise `augmentation.maxCalls` or `augmentation.maxUsd` in the spec")


def _nothing_kept(stage: AugmentStage, rows: Rows, models: Models) -> StageError:
    if models.allowance.left < LEAST_CALLS:
        return _too_little(models)
    counts = {**rows.dropped, **{f"in the evaluation ({kind})": count for kind, count in rows.leaks.items()}}
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(counts.items()) if count) or "none was usable"
    message = f"no question from {names_of(stage.corpus)} is kept, of {rows.written} written: {reasons}"
    return StageError("RUN712", message, "name a stronger model in `spec.teacher`, or use another corpus")
