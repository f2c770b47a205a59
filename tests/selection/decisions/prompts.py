"""The decision table: what answers each class of badcases while prompts still gain."""

from selection.decisions.case import FIRED, NOT_REACHED, SILENT, Case
from selection.decisions.world import (
    HELD_OUT,
    badcases,
    data,
    demos,
    facts,
    group,
)

SFT = ("sft: demos by M2",)
OPTIMIZE = "optimize-prompt: badcases by P0"


def prompting(rule: str, kind: str, status: object, reason: str, stage: str, advises: str = "") -> Case:
    """A world whose prompts still gain, with one kind of badcase."""
    return Case(
        name=f"{kind} badcases in the prompt phase",
        rule=rule,
        facts=facts(rounds=(), badcase_groups=(group("orders", kind),)),
        status=status,
        reason=reason,
        phase="prompt",
        stages=(stage,),
        advises=advises,
    )


def technique(rule: str, name: str) -> str:
    return f'{OPTIMIZE} {rule} {{"techniques": {{"{name}": ["orders"]}}}}'


PROMPTS = (
    Case(
        name="prompt techniques for what a report has of other kinds still apply",
        rule="P1",
        facts=facts(
            sources=data(demos(), badcases(40, classes=(("flow-control", 40),))),
            badcase_groups=(group("totals", "critical"),),
        ),
        status=FIRED,
        phase="prompt",
        advises="badcases of `totals`",
        left_out=("flow-control",),
    ),
    prompting("P1", "critical", FIRED, "10 badcases are critical", technique("P1", "few-shot"), "few-shot examples"),
    prompting("P1", "high-frequency", FIRED, "are high-frequency", technique("P1", "few-shot"), "badcases of `orders`"),
    prompting("P1", "sporadic", SILENT, "no badcase is of class `critical`", technique("P2", "rules")),
    prompting("P2", "sporadic", FIRED, "10 badcases are sporadic", technique("P2", "rules"), "explicit rules, limits"),
    prompting("P2", "systemic", SILENT, "no badcase is of class `sporadic`", technique("P3", "restructure")),
    prompting("P3", "systemic", FIRED, "10 badcases are systemic", technique("P3", "restructure"), "restructure"),
    prompting("P3", "undetermined", SILENT, "no badcase is of class `systemic`", OPTIMIZE),
    Case(
        name="every class gets its technique, and kinds of one class share it",
        rule="P1",
        facts=facts(
            rounds=(),
            badcase_groups=(
                group("a", "critical"),
                group("b", "high-frequency"),
                group("c", "sporadic"),
                group("d", "systemic"),
            ),
        ),
        status=FIRED,
        reason="20 badcases are critical or high-frequency",
        phase="prompt",
        stages=(
            'optimize-prompt: badcases by P0 P1 P2 P3 {"techniques": '
            '{"few-shot": ["a", "b"], "restructure": ["d"], "rules": ["c"]}}',
        ),
    ),
    Case(
        name="is not evaluated once prompts have plateaued",
        rule="P1",
        facts=facts(badcase_groups=(group("orders", "critical"),)),
        status=NOT_REACHED,
        stages=SFT,
    ),
    Case(
        name="faults in flow control in the prompt phase",
        rule="P4",
        facts=facts(rounds=(), badcase_groups=(group("loops", "flow-control"),)),
        status=FIRED,
        reason="10 badcases are flow-control faults, not faults of the model",
        phase="prompt",
        stages=(OPTIMIZE,),
        left_out=("flow-control",),
        advises="fix the agent's code or prompt for the cases of `loops`",
    ),
    Case(
        name="faults in flow control are not trained on",
        rule="P4",
        facts=facts(
            sources=data(demos(), badcases(classes=(("flow-control", 4), ("undetermined", 36)))),
            badcase_groups=(group("flow-control", "flow-control", 4),),
        ),
        status=FIRED,
        left_out=("flow-control",),
        stages=SFT,
        advises="the plan does not train on them",
    ),
    Case(
        name="rows that say so count though a report names no such kind",
        rule="P4",
        facts=facts(
            sources=data(demos(), badcases(classes=(("flow-control", 4),))),
            badcase_groups=(group("orders", "critical"),),
        ),
        status=FIRED,
        reason="4 badcases",
        left_out=("flow-control",),
        stages=SFT,
    ),
    Case(
        name="a kind whose rows are not labelled cannot be left out, and the advice says so",
        rule="P4",
        facts=facts(badcase_groups=(group("loops", "flow-control"),)),
        status=FIRED,
        left_out=("flow-control",),
        stages=SFT,
        advises="label their rows `class: flow-control`",
    ),
    Case(
        name="no fault in flow control",
        rule="P4",
        facts=facts(badcase_groups=(group("orders", "critical"),)),
        status=SILENT,
        stages=SFT,
    ),
    Case(
        name="badcases that are left out make no pairs",
        rule="P4",
        facts=facts(
            gaps=["preference"],
            verifiable=False,
            sources=(demos(), badcases(40, classes=(("flow-control", 11), ("undetermined", 29))), HELD_OUT),
        ),
        status=FIRED,
        left_out=("flow-control",),
        stages=("sft: demos by M3 D1",),
        warns=("SEL305",),
    ),
)
