"""The looks of a probe: ask a quarter of the prompts at a time, until every verdict is clear."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from runtime.contract.errors import StageError
from runtime.contract.probing import ProbeStage
from runtime.evaluate.probe.answers import Answers
from runtime.evaluate.probe.families import CLOSED, Asked, Family
from runtime.evaluate.probe.looks import LOOKS, Look
from runtime.evaluate.probe.measures import Seen, Spread, measures_of
from runtime.evaluate.probe.verdicts import wanted_families
from runtime.model.answering.paid import BudgetSpentError
from runtime.stage.events import EventStream
from runtime.stage.statistics import Interval


@dataclass(slots=True)
class Probed:
    """What a probe has seen: the latest look at each family, and why families were not asked or not finished.

    `spent` says that the budget ended the sampling, and how.
    """

    seen: dict[str, Seen] = field(default_factory=dict)
    measures: dict[str, Interval] = field(default_factory=dict)
    lacking: dict[str, str] = field(default_factory=dict)
    looks: int = 0
    spent: str = ""


def probe(stage: ProbeStage, asked: Asked, answers: Answers, spread: Spread | None, events: EventStream) -> Probed:
    """Ask the families look by look, and return what was seen.

    A family is asked on only while a verdict that reads it has insufficient evidence. A family whose prompts do not fit
    the model's context is left out. RUN780 if the budget ends before the first look at the badcases.
    """
    found = Probed(lacking=dict(asked.lacking))
    families = {each.name: each for each in asked.families}
    wanted = set(families)
    for look in LOOKS:
        if not wanted:
            break
        events.emit("phase", name=f"ask {look.share:.0%} of the prompts")
        if not _look(look, families, wanted, answers, found):
            break
        found.looks += 1
        found.measures = measures_of(found.seen, spread)
        wanted = wanted_families(stage.verdicts, found.measures, found.seen)
    if CLOSED not in found.seen:
        hint = "raise `spec.serving.budget`, and run the stage again: it keeps the answers so far"
        raise StageError("RUN780", f"the budget ends before a first look at the badcases: {found.spent}", hint)
    found.measures = measures_of(found.seen, spread)
    return found


def _look(look: Look, families: Mapping[str, Family], wanted: set[str], answers: Answers, found: Probed) -> bool:
    """Ask the wanted families as far as `look` sees; return whether the budget allowed it."""
    for name in [each for each in families if each in wanted]:
        family = families[name]
        size = look.size(len(family.cases))
        try:
            answers.extend(family, size)
        except BudgetSpentError as error:
            found.spent = str(error)
            for missing in families.keys() - found.seen.keys() - found.lacking.keys():
                found.lacking[missing] = "the budget is spent"
            return False
        except StageError as error:
            if error.problem.code != "RUN755" or name == CLOSED:
                raise
            found.lacking[name] = f"its prompts do not fit the model: {error.problem.message}"
            found.seen.pop(name, None)
            continue
        found.seen[name] = Seen(family=family, samples=tuple(answers.of[name]), z=look.z)
    return True
