"""Checks of marked answers: KTO learns from the difference between good and bad ones."""

from collections.abc import Iterator

from compiler.diagnostics import Diagnostic, diagnostic
from compiler.diagnostics.wording import counted
from compiler.plan.model import Plan, Stage

# https://huggingface.co/docs/trl/kto_trainer (imbalanced data), after KTO (arXiv 2402.01306), equation 8
BAND = (1.0, 4 / 3)
MAX_WEIGHT = 20  # of the rarer kind; the paper drops up to nine tenths of the good answers
_WEIGHTS = ("desirable_weight", "undesirable_weight")
_ADVICE = (
    "TRL advises (`desirable_weight` x good answers) / (`undesirable_weight` x bad answers) between 1 and 4/3 "
    "(KTO, arXiv 2402.01306)"
)


def marks_of_both_kinds(plan: Plan) -> Iterator[Diagnostic]:
    """Report answers that are all good or all bad, from which KTO learns nothing, and those that are nearly so."""
    for stage in plan.pending:
        files = [plan.inputs.files[name] for name in stage.sources]
        if stage.method != "kto" or any(each.desirable is None for each in files):
            continue
        good, rows = sum(each.desirable or 0 for each in files), sum(each.rows for each in files)
        counts = f"{counted(good, 'good answer')} and {rows - good:,} bad"
        names = [source.name for source in plan.inputs.spec.spec.data]
        where = plan.inputs.document.at(("spec", "data", names.index(stage.sources[0]), "name"))
        if good in (0, rows):
            missing = "good" if not good else "bad"
            message = f"`{stage.name}` learns from {counts}, but KTO needs both kinds"
            yield diagnostic("CHK219", message, where, hint=f"add answers that are marked {missing}")
        elif why := _unbalanced(stage, good, rows - good):
            yield diagnostic("PLN416", f"`{stage.name}` learns from {counts}: {why[0]}", where, hint=why[1])


def _unbalanced(stage: Stage, good: int, bad: int) -> tuple[str, str] | None:
    """Return why the two kinds weigh too differently, and what to do; None if they do not."""
    trainer = stage.config.get("trainer", {})
    if any(name in trainer for name in _WEIGHTS):
        weights = [float(trainer.get(name, 1.0)) for name in _WEIGHTS]
        ratio = good * weights[0] / (bad * weights[1]) if weights[1] else float("inf")
        if BAND[0] / 2 <= ratio <= BAND[1] * 2:
            return None
        return f"with the spec's weights, all good ones count {ratio:.3g} times as much as all bad ones", (
            f"{_ADVICE}; without the two fields the runtime sets them so"
        )
    rarer, name = ("good", _WEIGHTS[0]) if good < bad else ("bad", _WEIGHTS[1])
    weight = bad / good if good < bad else good / bad / BAND[1]
    if weight <= MAX_WEIGHT:
        return None
    return f"the runtime will set `{name}: {weight:.3g}`, so each {rarer} one counts as much as {weight:.3g} others", (
        f"add {rarer} answers, leave some of the others out, or set the weights; {_ADVICE}"
    )
