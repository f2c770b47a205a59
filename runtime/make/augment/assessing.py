"""What the model does not know: how much it believes a restatement of each fact, and a contradiction of it."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from runtime.contract.augmentation import AugmentStage, assessed_facts
from runtime.make.augment.beliefs import loss_of, own_beliefs, sampled_beliefs
from runtime.make.augment.chunks import language_of
from runtime.make.augment.graph import Fact
from runtime.make.augment.models import Models
from runtime.make.augment.parse import statements_of
from runtime.make.augment.prompts import turns_of
from runtime.model.answering.request import Request
from runtime.model.load import load_model
from runtime.stage.context import StageContext
from runtime.stage.files import write_json

BELIEFS_FILE = "beliefs.partial.json"
SHARE = 0.3  # of the requests that are left after reading
STATEMENT_TOKENS = 256


def losses_of(facts: Sequence[Fact], stage: AugmentStage, models: Models, context: StageContext) -> dict[int, float]:
    """Return the comprehension loss of facts by number, without those that could not be assessed.

    Where the budget does not allow all, facts are assessed at even distances over the corpus.
    """
    chosen = _spread(facts, _affordable(len(facts), stage, models))
    requests = [
        Request(
            prompt=turns_of(language_of(each.text), "restate", fact=each.text),
            max_new_tokens=STATEMENT_TOKENS,
        )
        for each in chosen
    ]
    found = models.writer().ask(requests, statements_of, attempts=2)
    restated = [(fact, pair.value) for fact, pair in zip(chosen, found, strict=True) if pair is not None]
    statements = [statement for _, pair in restated for statement in pair]
    if stage.served is not None:
        beliefs = sampled_beliefs(models.model_behind_endpoint(), statements, stage.work.judgments)
    else:
        beliefs = list(_beliefs_of_weights(statements, stage, models, context))
    losses = {
        fact.number: loss_of(beliefs[2 * at], beliefs[2 * at + 1]) for at, (fact, _) in enumerate(restated)
    }  # fmt: skip
    return {number: loss for number, loss in losses.items() if loss is not None}


def _affordable(facts: int, stage: AugmentStage, models: Models) -> int:
    """Return how many facts are assessed; each takes a request to the writer, and judgments of an endpoint."""
    each = 1 + (2 * stage.work.judgments if stage.served is not None else 0)
    return min(assessed_facts(facts, stage.work.max_rows), int(SHARE * models.allowance.left) // each)


def _spread(facts: Sequence[Fact], count: int) -> list[Fact]:
    return [facts[at * len(facts) // count] for at in range(count)]


def _beliefs_of_weights(
    statements: Sequence[str], stage: AugmentStage, models: Models, context: StageContext
) -> list[float]:
    """Return the model's own probabilities; a file keeps them, so that a resumed stage goes on in the same order."""
    digest = hashlib.sha256(json.dumps([stage.model.model_dump(), *statements]).encode()).hexdigest()
    path = context.folder / BELIEFS_FILE
    known = _read(path, digest)
    if known is not None:
        return known
    context.events.emit("phase", name="judge statements")
    shared = models.shared_weights
    model = load_model(stage.model, context.volumes) if shared is None else shared.weights()
    beliefs = own_beliefs(model, stage.model, statements, batch_size=stage.work.batch_size, context=context)
    write_json(path, {"statements": digest, "beliefs": beliefs})
    return beliefs


def _read(path: Path, digest: str) -> list[float] | None:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return [float(each) for each in document["beliefs"]] if document["statements"] == digest else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
