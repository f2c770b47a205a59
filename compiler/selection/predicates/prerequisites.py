"""The prerequisites of methods: what a later gap builds on must be there, or an owner overrides it."""

from compiler.selection.facts import Evidence, Facts
from compiler.selection.model import Advise, Finding, blocked, silent
from compiler.selection.predicates.data import gaps_evidence, removed
from compiler.selection.predicates.supervised import base_never_succeeds, recall_only, unreadable
from compiler.spec.methods import METHODS
from compiler.spec.schema.types import GapKind

# methods that sharpen what a model can do at times, so that one which never succeeds learns nothing from them
SHARPENING = ("dpo", "kto", "reward", "grpo", "ppo")
TEACHING = {"sft", "cot", "latent-cot", "cpt", "distill"}


def held_methods(facts: Facts) -> Finding:
    """D15: hold every method whose prerequisite is blocked."""
    trained = [name for name in facts.methods if METHODS[name].trains]
    evidence = (gaps_evidence(facts), Evidence(source="stages so far", value=", ".join(facts.methods) or "none"))
    held, reason, step = _held(facts, trained)
    if not held:
        return silent("nothing that a chosen method builds on is missing", *evidence)
    owners = [each for each in facts.declared if each.owner and each.kind in facts.gaps - {GapKind.UNKNOWN_DOMAIN}]
    if owners:
        who = "; ".join(f"{each.owner}: {each.reason}" for each in owners)
        return silent(f"{reason}, but an override lifts this ({who})", *evidence)
    methods = ", ".join(METHODS[name].title for name in held)
    return blocked(f"{reason}, so the plan holds {methods}", evidence, *removed(held, facts), Advise(step))


def _held(facts: Facts, trained: list[str]) -> tuple[list[str], str, str]:
    """Return the methods that are held, why, and what to do."""
    if GapKind.UNKNOWN_DOMAIN in facts.gaps and "cpt" not in trained and not recall_only(facts):
        step = "solve the unknown domain first (M1), or override the later gap with a reason and an owner"
        knows = "was measured not to read" if unreadable(facts) else "is declared not to know"
        return trained, f"the model {knows} the domain, and M1 is blocked", step
    if base_never_succeeds(facts) and not TEACHING & {*trained}:
        step = "teach the task first, with demonstrations or a teacher, or override the gap with a reason and an owner"
        return [name for name in trained if name in SHARPENING], "the model never succeeds", step
    return [], "", ""
