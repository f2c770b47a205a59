"""What finished stages show: a gain, a plateau, or a model that became worse."""

from compiler.diagnostics.wording import all_of
from compiler.selection.candidates import Candidate, fallen_guards
from compiler.selection.facts import Facts, Result
from compiler.selection.figures import Evidence, Measure
from compiler.selection.model import Advise, Effect, Finding, Warn, fired, silent
from compiler.selection.predicates.data import TRIED_BEFORE_RL, removed
from compiler.spec.methods import METHODS


def latest_tried(facts: Facts) -> Result | None:
    """Return the latest result of a method that comes before reinforcement learning."""
    return next((each for each in reversed(facts.results) if each.method in TRIED_BEFORE_RL), None)


def made_worse(result: Result, facts: Facts) -> bool:
    """Return whether a stage made the model worse beyond noise: its score, a guarded metric or general ability.

    A gate that stops a clear gain found a loss of something else.
    """
    stopped = result.gate == "no-gain" and _is_clear(result.gain, facts)
    return result.is_worse or stopped or bool(_fallen(result, facts))


def _is_clear(gain: Measure | None, facts: Facts) -> bool:
    """Return whether a gain lies beyond noise, and is large enough to count."""
    return gain is not None and gain.low > 0 and round(gain.value, 9) >= facts.thresholds.plateau_min_gain


def _fallen(result: Result, facts: Facts) -> list[str]:
    """Return the guards that a stage broke."""
    return fallen_guards(Candidate(name=result.job, scores=result.scores, result=result), facts)


def gained(result: Result, facts: Facts) -> bool:
    """Return whether a stage gained beyond noise, and enough to count."""
    if result.gate == "no-gain" or made_worse(result, facts):
        return False
    if result.gain is None or (result.gate == "continue" and result.score.low >= facts.target):
        return True  # the gate continues for a gain towards another goal once the first is met
    return _is_clear(result.gain, facts)


def plateaued(result: Result, facts: Facts) -> bool:
    """Return whether a stage gained nothing: neither a gain, nor a model that became worse."""
    return not gained(result, facts) and not made_worse(result, facts)


def worse_stages(facts: Facts) -> Finding:
    """D16: drop a stage that made the model worse; the next one starts before it."""
    latest = {each.method: each for each in facts.results if each.method}
    worse = [each for each in latest.values() if made_worse(each, facts)]
    evidence = tuple(Evidence(source=f"{each.score.file} `{each.job}`", value=shown(each)) for each in worse)
    if not worse:
        return silent("no finished stage made the model worse")
    dropped = [each for each in worse if each.method in facts.methods]
    effects: list[Effect] = [*removed([each.method for each in dropped], facts)]
    for each in worse:
        effects.append(
            Advise(f"correct the data of {each.method}, and remove `{each.score.path}` to run the stage again")
        )
        message = f"{each.method} made the model worse: {_loss(each, facts)}"
        warning = Warn(code="SEL313", message=message, hint="correct its data before it runs again", field=("spec",))
        effects.append(warning)
    titles = " and ".join(METHODS[each.method].title for each in worse if each.method in METHODS)
    fallen = sorted({name for each in worse for name in _fallen(each, facts)})
    what = f" ({all_of(fallen)} fell)" if fallen else ""
    reason = f"{titles} made the model worse{what}: the plan drops it, and nothing builds on it"
    return fired(reason, evidence, *effects)


def _loss(result: Result, facts: Facts) -> str:
    fallen = _fallen(result, facts)
    return f"{all_of(fallen)} fell" if fallen else f"gain {result.gain or 'below zero'}"


def shown(result: Result | None) -> str:
    """Return a result in one line."""
    if result is None:
        return "none"
    gain = f", gain {result.gain}" if result.gain else ""
    return f"{result.method} `{result.job}`: {result.score}{gain}"
