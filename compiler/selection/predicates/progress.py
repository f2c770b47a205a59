"""What finished stages show: a gain, a plateau, or a model that became worse."""

from compiler.selection.facts import Evidence, Facts, Result
from compiler.selection.model import Advise, Effect, Finding, Warn, fired, silent
from compiler.selection.predicates.data import TRIED_BEFORE_RL, removed
from compiler.spec.methods import METHODS


def latest_tried(facts: Facts) -> Result | None:
    """Return the latest result of a method that comes before reinforcement learning."""
    return next((each for each in reversed(facts.results) if each.method in TRIED_BEFORE_RL), None)


def gained(result: Result, facts: Facts) -> bool:
    """Return whether a stage gained beyond noise, and enough to count."""
    if result.gate in ("no-gain", "worse"):
        return False
    if result.gain is None or (result.gate == "continue" and result.score.low >= facts.target):
        return True  # the gate continues for a gain towards another goal once the first is met
    return result.gain.low > 0 and round(result.gain.value, 9) >= facts.thresholds.plateau_min_gain


def plateaued(result: Result, facts: Facts) -> bool:
    """Return whether a stage gained nothing: neither a gain, nor a model that became worse."""
    return not gained(result, facts) and not result.is_worse


def worse_stages(facts: Facts) -> Finding:
    """D16: drop a stage that made the model worse; the next one starts before it."""
    latest = {each.method: each for each in facts.results if each.method}
    worse = [each for each in latest.values() if each.is_worse]
    evidence = tuple(Evidence(source=f"{each.score.file} `{each.job}`", value=shown(each)) for each in worse)
    if not worse:
        return silent("no finished stage made the model worse")
    dropped = [each for each in worse if each.own and each.method in facts.methods]
    effects: list[Effect] = [*removed([each.method for each in dropped], facts)]
    for each in worse:
        file = each.score.file.removesuffix(" (unverified)")
        effects.append(Advise(f"correct the data of {each.method}, and remove `{file}` to run the stage again"))
        message = f"{each.method} made the model worse: gain {each.gain or 'below zero'}"
        warning = Warn(code="SEL313", message=message, hint="correct its data before it runs again", field=("spec",))
        effects.append(warning)
    titles = " and ".join(METHODS[each.method].title for each in worse if each.method in METHODS)
    return fired(f"{titles} made the model worse: the plan drops it, and nothing builds on it", evidence, *effects)


def shown(result: Result | None) -> str:
    """Return a result in one line."""
    if result is None:
        return "none"
    gain = f", gain {result.gain}" if result.gain else ""
    return f"{result.method} `{result.job}`: {result.score}{gain}"
