"""A row of the decision table: facts, and what the rules make of them."""

import json
from dataclasses import dataclass

from compiler.selection import Selection, StageChoice, Status
from compiler.selection.facts import Facts

FIRED, SILENT, BLOCKED, NOT_REACHED = Status.FIRED, Status.SILENT, Status.BLOCKED, Status.NOT_REACHED


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One rule evaluated in one world.

    `reason` is part of what the rule says, `advises` of its advice to people. `stages`, `warns`, `left_out` and
    `attached` are the whole of the decision, so that a stage too many is seen as well as one too few.
    """

    name: str
    rule: str
    facts: Facts
    status: Status
    reason: str = ""
    phase: str = "train"
    stages: tuple[str, ...] = ()
    warns: tuple[str, ...] = ()
    advises: str = ""
    left_out: tuple[str, ...] = ()
    attached: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The name of its test."""
        return f"{self.rule}: {self.name}"


def differences(case: Case, made: Selection, *, trace: bool = True) -> list[str]:
    """What a selection differs in from what the case says; without `trace` only the decision counts."""
    found = {
        "phase": (str(made.phase), case.phase),
        "stages": (tuple(shown(each) for each in made.stages), case.stages),
        "warns": (tuple(sorted(each.code for each in made.warnings)), tuple(sorted(case.warns))),
        "left out": (sorted(map(str, made.left_out)), sorted(case.left_out)),
        "attached": (made.attached, case.attached),
    }
    wrong = [f"{name}: {is_!r}, expected {wanted!r}" for name, (is_, wanted) in found.items() if is_ != wanted]
    advice = " | ".join(text for rule, text in made.advice if rule == case.rule)
    if case.advises not in advice or (advice and case.status in (SILENT, NOT_REACHED)):
        wrong.append(f"advice of {case.rule}: {advice!r}, expected {case.advises!r}")
    return wrong + (_of_trace(case, made) if trace else [])


def _of_trace(case: Case, made: Selection) -> list[str]:
    each = next((each.finding for each in made.trace if each.rule.id == case.rule), None)
    if each is None:
        return [f"{case.rule} is not in the trace"]
    wrong = [] if each.status is case.status else [f"{case.rule} {each.status} ({each.reason}), expected {case.status}"]
    return wrong if case.reason in each.reason else [*wrong, f"{case.rule}: {each.reason!r}, expected {case.reason!r}"]


def shown(stage: StageChoice) -> str:
    """A stage in a line, such as `dpo: badcases by M3 D1 {"pairs": "badcase"}`; `<` are the makers of its rows."""
    made_by = "".join(f" < {each}" for each in stage.made_by)
    settings = f" {json.dumps(stage.settings, sort_keys=True)}" if stage.settings else ""
    return f"{stage.method}: {', '.join(stage.sources)}{made_by} by {' '.join(stage.rules)}{settings}"
