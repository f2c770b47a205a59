"""What the product chooses for a planted application, and what fixed rules of others choose."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from selection.situations.situation import write
from tools.interventions.applications import Application
from tools.interventions.evidence import team_of

from compiler.pipeline.phases import make_plan
from compiler.selection import Phase, Selection, Status
from compiler.spec.schema.types import GapKind

TRAINED = {
    "cpt": "cpt+sft",
    "sft": "sft",
    "cot": "cot",
    "latent-cot": "cot",
    "dpo": "dpo",
    "kto": "dpo",
    "grpo": "grpo",
}


def product(application: Application, found: dict[str, Any]) -> tuple[str, str]:
    """The intervention that the product's plan means, and why."""
    with tempfile.TemporaryDirectory() as folder:
        made = make_plan(write(team_of(application, found), Path(folder)), "team/spec.yaml")
    if made.value is None:
        return "nothing", "refused: " + "; ".join(each.message for each in made.diagnostics if each.severity == "error")
    selection = made.value.selection
    return intervention_of(selection, found), reasons(selection)


def reasons(selection: Selection) -> str:
    return "; ".join(
        f"{each.rule.id} {each.finding.status}: {each.finding.reason}"
        for each in selection.trace
        if each.finding.status in (Status.FIRED, Status.BLOCKED)
    )


def intervention_of(selection: Selection, found: dict[str, Any]) -> str:
    """Read the first thing that a plan asks for: a fix, a decoding, a prompt, or its first training stage."""
    fired = {each.rule.id for each in selection.trace if each.finding.status is Status.FIRED}
    if selection.phase is Phase.DONE:
        return "prompt" if max(found["scores"]) > found["scores"][0] else "nothing"
    if "C1" in fired:
        return "flow" if selection.phase is Phase.PROMPT else "component"
    if "C2" in fired:
        return "decoding"
    if selection.phase is Phase.PROMPT:
        return "prompt"
    if selection.phase is Phase.COLLECT:
        return "nothing"
    for each in selection.stages:
        if each.method in TRAINED:
            return TRAINED[each.method]
    if "distill" in {each.method for each in selection.stages} or GapKind.COMPRESSION in selection.gaps:
        return "distillation"
    if any("use retrieval" in text for _, text in selection.advice):
        return "retrieval"
    return "nothing"


def by_data_shape(application: Application) -> str:
    """A rule set by the shape of the data alone: pairs, chains, text, demonstrations (as `soup advise` chooses)."""
    if "pairs" in application.data:
        return "dpo"
    if "chains" in application.data:
        return "cot"
    if "demonstrations" in application.data:
        return "sft"
    return "cpt+sft" if "corpus" in application.data else "prompt"


def by_counts(application: Application) -> str:
    """Azure's matrix by counts: 500 to 5,000 pairs for DPO, 50 to 5,000 demonstrations for SFT."""
    return "sft"  # 300 demonstrations are enough, 200 pairs are not


def by_transitions(application: Application) -> str:
    """SageMaker's order of allowed transitions: SFT, then DPO, then RLVR; the first one that has its data."""
    return "sft" if "demonstrations" in application.data else "dpo" if "pairs" in application.data else "grpo"


PEERS: dict[str, Callable[[Application], str]] = {
    "data shape (Soup advise)": by_data_shape,
    "counts of rows (Azure)": by_counts,
    "transitions (SageMaker)": by_transitions,
    "always SFT": lambda application: "sft",
    "always prompt": lambda application: "prompt",
}
