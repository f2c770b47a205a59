"""The prerequisites of methods: what a later gap builds on must be there, or an owner overrides it."""

from collections.abc import Mapping

from compiler.selection.facts import Declared, Facts
from compiler.selection.figures import Evidence
from compiler.selection.model import Advise, Finding, Warn, fired, silent
from compiler.selection.predicates.data import gaps_evidence, removed
from compiler.selection.predicates.supervised import base_never_succeeds, recall_only, unreadable
from compiler.spec.methods import METHODS
from compiler.spec.schema.types import GapKind

# methods that sharpen what a model can do at times, so that one which never succeeds learns nothing from them
SHARPENING = ("dpo", "kto", "reward", "grpo", "ppo")
TEACHING = {"sft", "cot", "latent-cot", "cpt", "distill"}
# the rules that choose methods for a gap, so that its override lifts what holds them
CHOSEN_BY: Mapping[GapKind, set[str]] = {
    GapKind.UNSTABLE: {"M2"},
    GapKind.UNTAUGHT: {"M7"},
    GapKind.REASONING: {"M4"},
    GapKind.PREFERENCE: {"M3"},
    GapKind.RULE_CONSTRAINTS: {"M5", "D5", "D6", "D7", "D12"},
    GapKind.COMPRESSION: {"M6"},
}


def held_methods(facts: Facts) -> Finding:
    """D15: hold every method whose prerequisite is blocked."""
    trained = [name for name in facts.methods if METHODS[name].trains]
    evidence = (gaps_evidence(facts), Evidence(source="stages so far", value=", ".join(facts.methods) or "none"))
    held, reason, step = _held(facts, trained)
    if not held:
        return silent("nothing that a chosen method builds on is missing", *evidence)
    overridden = [each for each in facts.declared if each.owner and each.kind in facts.gaps & CHOSEN_BY.keys()]
    lifting = {rule for each in overridden for rule in CHOSEN_BY[each.kind]}
    lifted = [each.method for each in facts.chosen if each.method in held and lifting & {*each.rules}]
    remaining = [name for name in held if name not in lifted]
    owners = "; ".join(f"{each.owner}: {each.reason}" for each in overridden)
    warnings = [_kept(each, facts) for each in overridden] if lifted else []
    if not remaining:
        return fired(f"{reason}, but an override lifts this ({owners})", evidence, *warnings)
    override = f"; an override lifts this for {_titles(lifted)} ({owners})" if lifted else ""
    why = f"{reason}, so the plan holds {_titles(remaining)}{override}"
    return fired(why, evidence, *removed(remaining, facts), *warnings, Advise(step))


def _kept(declared: Declared, facts: Facts) -> Warn:
    message = f"`{declared.owner}` keeps gap `{declared.kind}` although a prerequisite is missing: {declared.reason}"
    at = ("spec", "gaps", facts.declared.index(declared))
    return Warn(code="SEL309", message=message, hint="ask a reviewer to confirm the reason", field=at)


def _titles(methods: list[str]) -> str:
    return ", ".join(METHODS[name].title for name in methods)


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
