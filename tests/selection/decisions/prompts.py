"""The decision table: what answers each class of badcases while prompts still gain."""

from selection.decisions.case import FIRED, NOT_REACHED, SILENT, Case
from selection.decisions.world import (
    FLOW,
    badcases,
    component,
    data,
    demos,
    facts,
    group,
    kind,
    label,
    limits,
    reported,
)

from compiler.spec.schema.evidence import Replays

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


# 10 of 40 rows are faults in flow control, by their kind
LABELLED = data(demos(), badcases(labels=(label(10, kind="loops"), label(30, kind="orders"))))
PARTLY_FETCHED = {
    "sources": data(demos(), badcases(labels=(label(10, kind="misses"), label(30, kind="orders")))),
    "components": [component("fetch", "retriever")],
}


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
        left_out=FLOW,
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
        name="a kind of critical badcases that a component causes gets no technique",
        rule="P1",
        facts=facts(
            rounds=(),
            **reported(
                kind("misses", 100, component="fetch"), kind("orders", 900, component="writer"), **PARTLY_FETCHED
            ),
        ),
        status=FIRED,
        reason="900 badcases are high-frequency",
        phase="prompt",
        stages=('optimize-prompt: badcases by P0 P1 {"techniques": {"few-shot": ["orders"]}}',),
        left_out=("the kind `misses` and no component",),
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
        facts=facts(rounds=(), **reported(kind("loops", 10, flow_control=True), kind("orders", 30), sources=LABELLED)),
        status=FIRED,
        reason="some badcases are faults of the flow control, not of the model",
        phase="prompt",
        stages=(OPTIMIZE,),
        left_out=("the kind `loops`",),
        advises="fix the agent's code or prompt for its flow-control faults, and measure again",
    ),
    Case(
        name="faults in flow control are not trained on",
        rule="P4",
        facts=facts(sources=data(demos(), badcases(classes=(("flow-control", 4), ("undetermined", 36))))),
        status=FIRED,
        left_out=FLOW,
        stages=SFT,
        advises="the plan does not train on them",
    ),
    Case(
        name="rows that say so count though a report names no such kind",
        rule="P4",
        facts=facts(
            **reported(
                kind("orders", critical_intent=True),
                sources=data(demos(), badcases(labels=(label(4, category="flow-control"), label(36, kind="orders")))),
            )
        ),
        status=FIRED,
        reason="faults of the flow control",
        left_out=FLOW,
        stages=SFT,
    ),
    Case(
        name="faults of a component are not trained on",
        rule="P4",
        facts=facts(**reported(kind("misses", 10, component="fetch"), kind("orders", 30), **PARTLY_FETCHED)),
        status=FIRED,
        reason="some badcases are faults of `fetch`, not of the model",
        left_out=("the kind `misses` and no component",),
        stages=SFT,
        advises="fix `fetch` where it fails, and measure again; the plan does not train on these cases",
    ),
    Case(
        name="faults of the flow control and of a component",
        rule="P4",
        facts=facts(
            sources=data(
                demos(),
                badcases(
                    labels=(
                        label(4, category="flow-control"),
                        label(6, component="retriever"),
                        label(30, kind="orders"),
                    )
                ),
            )
        ),
        status=FIRED,
        reason="some badcases are faults of the flow control and `retriever`, not of the model",
        left_out=(*FLOW, "the component `retriever`"),
        stages=SFT,
    ),
    Case(
        name="a kind whose rows are not labelled cannot be left out, and the advice says so",
        rule="P4",
        facts=facts(**reported(kind("loops", 10, flow_control=True), kind("orders", 30))),
        status=FIRED,
        stages=SFT,
        advises="label the `kind` or `component` of 40 badcase rows",
    ),
    Case(
        name="nobody says what runs in a component",
        rule="P4",
        facts=facts(sources=data(demos(), badcases(labels=(label(10, component="stage-two"), label(30))))),
        status=FIRED,
        reason="the spec does not say what runs in `stage-two`",
        stages=SFT,
        advises="say what runs in `stage-two`, with `kind` in `spec.system`",
    ),
    Case(
        name="the same beside a fault that is known",
        rule="P4",
        facts=facts(
            sources=data(
                demos(), badcases(labels=(label(5, component="stage-two"), label(5, component="ocr"), label(30)))
            )
        ),
        status=FIRED,
        reason="some badcases are faults of `ocr`, not of the model",
        left_out=("the component `ocr`",),
        stages=SFT,
        advises="say what runs in `stage-two`",
    ),
    Case(
        name="a component that is the model",
        rule="P4",
        facts=facts(**reported(kind("plans", 30, component="writer"), sources=LABELLED)),
        status=SILENT,
        reason="no badcase is a fault of the flow control or of a component",
        stages=SFT,
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
            sources=data(demos(), badcases(40, classes=(("flow-control", 11), ("undetermined", 29)))),
        ),
        status=FIRED,
        left_out=FLOW,
        stages=("sft: demos by M3 D1",),
        warns=("SEL305",),
    ),
    Case(
        name="techniques apply where no labelled badcase is the model's",
        rule="P1",
        facts=facts(
            **reported(
                kind("orders", 10, critical_intent=True, replays=Replays(failed=5, total=5)),
                kind("other", 90),
                sources=data(demos(), badcases(30, labels=(label(10, component="rerank"), label(20, component="ocr")))),
            ),
            thresholds=limits(component_share=0.7),
        ),
        status=FIRED,
        phase="prompt",
        left_out=("the component `ocr`", "the component `rerank`"),
        advises="badcases of `orders`",
    ),
)
