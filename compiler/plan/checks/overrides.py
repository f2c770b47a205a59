"""Checks of the spec's overrides against values that rules set."""

from collections.abc import Iterator, Mapping

from pydantic.alias_generators import to_camel

from compiler.diagnostics import Diagnostic, diagnostic
from compiler.plan.model import Plan
from compiler.selection.model import Configure, Selection
from compiler.spec.schema.training import MethodOverrides


def overrides_of_rules(plan: Plan) -> Iterator[Diagnostic]:
    """Report values of the spec that override a rule's."""
    for choice in plan.selection.stages:
        field = choice.method.replace("-", "_")
        overrides = plan.inputs.spec.spec.training.of(choice.method) or MethodOverrides()
        by_rule = choice.settings.get("trainer", {})
        names = sorted(set(by_rule) & overrides.trainer.keys()) if isinstance(by_rule, Mapping) else []
        places: list[tuple[str, ...]] = [("trainer", name) for name in names]
        if "min_edit_distance" in choice.settings and getattr(overrides, "min_edit_distance", None) is not None:
            places.append(("minEditDistance",))
        for place in places:
            where = plan.inputs.document.at(("spec", "training", to_camel(field), *place), key=True)
            rule = _rule_that_sets(plan.selection, choice.method, "trainer" if len(place) > 1 else "min_edit_distance")
            message = f"`{place[-1]}` overrides the value that rule {rule} sets"
            yield diagnostic("PLN406", message, where, hint="remove the override, unless it is intended")


def _rule_that_sets(selection: Selection, method: str, setting: str) -> str:
    """Return the last rule that configured this setting of the method's stage."""
    return [
        each.rule.id
        for each in selection.trace
        for effect in each.finding.effects
        if isinstance(effect, Configure) and effect.method == method and setting in effect.settings
    ][-1]
