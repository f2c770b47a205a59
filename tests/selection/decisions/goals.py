"""The decision table: every goal binds, and a missed limit of serving asks for a cheaper model."""

from selection.decisions.case import BLOCKED, FIRED, NOT_REACHED, SILENT, Case
from selection.decisions.world import (
    METRIC,
    badcases,
    corpus,
    data,
    decoding,
    demos,
    facts,
    guard,
    label,
    limit,
    measure,
    prompts,
    reading,
    result,
    rounds,
    teacher,
    worse,
)

from compiler.selection.facts import Declared, Goal
from compiler.spec.schema.types import GapKind

SFT = ("sft: demos by M2",)
TWO = {"goals": (Goal(name=METRIC, target=0.2), Goal(name="f1", target=0.8))}
F1_MET, F1_MISSED = {"f1": rounds(0.9, 0.9, 0.9)}, {"f1": rounds(0.7, 0.7, 0.7)}
MET = {"target": 0.2}
COMPRESSION = [Declared(kind=GapKind.COMPRESSION)]


def trained(**scores: float) -> dict[str, object]:
    """A stage that meets the target of 0.9, with these other scores."""
    measured = {METRIC: measure(0.95)} | {name: measure(value) for name, value in scores.items()}
    return {"results": (result("sft", 0.95, scores=measured),)}


def general(value: float, low: float, high: float) -> dict[str, object]:
    """The same, with a change of general ability."""
    return {"results": (result("sft", 0.95, general=(measure(0.0), measure(value, low, high))),)}


ALL_MET = (
    Case(
        name="both metrics of one prompt round",
        rule="DONE",
        facts=facts(**TWO, other_rounds=F1_MET),
        status=FIRED,
        reason="prompts alone meet every goal",
        phase="done",
    ),
    Case(
        name="the second metric is missed",
        rule="DONE",
        facts=facts(**TWO, other_rounds=F1_MISSED),
        status=SILENT,
        reason="the interval of `f1` does not lie above its target",
        stages=SFT,
    ),
    Case(
        name="two rounds that meet one metric each",
        rule="DONE",
        facts=facts(
            goals=(Goal(name=METRIC, target=0.5), Goal(name="f1", target=0.8)),
            rounds=rounds(0.6, 0.3, 0.3),
            other_rounds={"f1": rounds(0.7, 0.9, 0.9)},
        ),
        status=SILENT,
        reason="does not lie above its target",
        stages=SFT,
    ),
    Case(
        name="a stage whose guarded metric holds",
        rule="DONE",
        facts=facts(**trained(f1=0.78), guards=(guard(),)),
        status=FIRED,
        reason="training meets every goal",
        phase="done",
    ),
    Case(
        name="a stage whose guarded metric fell by more than its margin",
        rule="DONE",
        facts=facts(**trained(f1=0.779), guards=(guard(),)),
        status=SILENT,
        reason="guard `f1` fell",
        warns=("SEL313",),
    ),
    Case(
        name="the baseline of a guard is the base model's score",
        rule="DONE",
        facts=facts(
            guards=(guard(baseline=None),),
            results=(result("", 0.5, scores={METRIC: measure(0.5), "f1": measure(0.7)}), *trained(f1=0.68)["results"]),
        ),
        status=FIRED,
        phase="done",
    ),
    Case(
        name="without it that of the best prompt round",
        rule="DONE",
        facts=facts(**trained(f1=0.7), guards=(guard(baseline=None),), other_rounds={"f1": rounds(0.7, 0.8)}),
        status=SILENT,
        reason="guard `f1` fell",
        warns=("SEL313",),
    ),
    Case(
        name="a guard on the deciding metric itself",
        rule="DONE",
        facts=facts(guards=(guard(METRIC, baseline=None),), **trained()),
        status=FIRED,
        phase="done",
    ),
    Case(
        name="a prompt is what guards compare with",
        rule="DONE",
        facts=facts(**MET, guards=(guard(),)),
        status=FIRED,
        phase="done",
    ),
    Case(
        name="general ability holds",
        rule="DONE",
        facts=facts(**general(-0.01, -0.03, 0.01), guards=(guard("general"),)),
        status=FIRED,
        phase="done",
    ),
    Case(
        name="general ability fell",
        rule="DONE",
        facts=facts(**general(-0.1, -0.15, -0.05), guards=(guard("general"),)),
        status=SILENT,
        reason="guard `general` fell",
        warns=("SEL313",),
    ),
    Case(
        name="serving keeps its limits, to the end of the interval",
        rule="DONE",
        facts=facts(**MET, limits=(limit(700, 600, 800), limit(1.5, cost=True))),
        status=FIRED,
        reason="prompts alone meet every goal",
        phase="done",
    ),
    Case(
        name="one limit is exceeded",
        rule="DONE",
        facts=facts(**MET, limits=(limit(700), limit(2.5, cost=True))),
        status=SILENT,
        reason="`maxServingCostUsd` is exceeded",
    ),
    Case(
        name="the team declares that it costs too much, and nobody measured it",
        rule="DONE",
        facts=facts(**MET, declared=COMPRESSION, readings={}),
        status=SILENT,
        reason="the quality goals are met, but serving costs too much",
    ),
    Case(
        name="a stage that made the model worse is no candidate",
        rule="DONE",
        facts=facts(results=(worse("sft", score=0.95),)),
        status=SILENT,
        warns=("SEL313",),
    ),
    Case(
        name="names the adapters to deploy",
        rule="DONE",
        facts=facts(results=(result("dpo", 0.95, adapters=("shop-sft/adapter", "shop-dpo/adapter")),)),
        status=FIRED,
        phase="done",
        advises="deploy `tiny/1` with `shop-sft/adapter`, `shop-dpo/adapter` merged in this order",
    ),
    Case(
        name="of two stages the one that meets every goal, though the other scores higher",
        rule="DONE",
        facts=facts(
            guards=(guard(),),
            results=(
                result("sft", 0.95, scores={METRIC: measure(0.95), "f1": measure(0.8)}),
                result("dpo", 0.97),
            ),
        ),
        status=FIRED,
        phase="done",
        advises="deploy the model that `shop-evaluate-sft-0` evaluated",
    ),
)

UNMEASURED = (
    Case(
        name="nobody measured the latency",
        rule="E2",
        facts=facts(**MET, limits=(limit(None),)),
        status=FIRED,
        reason="the quality goals are met, but other goals are not measured",
        phase="collect",
        advises="measure `maxLatencyMs` of the deployed system, and commit a `ServingReport`",
    ),
    Case(
        name="the interval of the cost holds its limit",
        rule="E2",
        facts=facts(**MET, limits=(limit(700), limit(2.0, 1.5, 2.5, cost=True))),
        status=FIRED,
        phase="collect",
        advises="measure `maxServingCostUsd` on more requests: its interval contains the limit",
    ),
    Case(
        name="nobody measured the guarded metric",
        rule="E2",
        facts=facts(**trained(), guards=(guard(),)),
        status=FIRED,
        phase="collect",
        advises="measure `f1` before and after training",
    ),
    Case(
        name="nobody measured it before training",
        rule="E2",
        facts=facts(**trained(f1=0.8), guards=(guard(baseline=None),)),
        status=FIRED,
        phase="collect",
        advises="measure `f1` before and after training",
    ),
    Case(
        name="general ability may have fallen",
        rule="E2",
        facts=facts(**general(-0.03, -0.05, -0.01), guards=(guard("general"),)),
        status=FIRED,
        phase="collect",
        advises="measure `general` before and after training, on more questions if within noise",
    ),
    Case(
        name="general ability is not measured",
        rule="E2",
        facts=facts(**trained(), guards=(guard("general"),)),
        status=FIRED,
        phase="collect",
        advises="measure `general`",
    ),
    Case(
        name="nobody measured the second metric",
        rule="E2",
        facts=facts(**TWO),
        status=FIRED,
        reason="the metrics that were measured meet their targets, but other goals are not measured",
        phase="collect",
        advises="measure `f1` of `v1` on the test set",
    ),
    Case(
        name="the second metric was measured at another temperature",
        rule="E2",
        facts=facts(**TWO, other_rounds={"f1": rounds(0.9, 0.9, 0.9, decoding=decoding(0.8))}),
        status=FIRED,
        phase="collect",
    ),
    Case(
        name="the second metric was measured on 29 questions",
        rule="E2",
        facts=facts(**TWO, other_rounds={"f1": rounds(0.9, 0.9, 0.9, questions=29)}),
        status=FIRED,
        phase="collect",
    ),
    Case(
        name="the second metric was measured of a stage that misses it",
        rule="E2",
        facts=facts(
            goals=(Goal(name=METRIC, target=0.2), Goal(name="f1", target=0.8)),
            results=(result("sft", 0.31, scores={METRIC: measure(0.31), "f1": measure(0.7)}),),
        ),
        status=SILENT,
        reason="the quality goals are not met yet",
        stages=SFT,
    ),
    Case(
        name="neither metric is met, so measuring the other can wait",
        rule="E2",
        facts=facts(goals=(Goal(name=METRIC, target=0.9), Goal(name="f1", target=0.8))),
        status=SILENT,
        reason="the quality goals are not met yet",
        stages=SFT,
    ),
    Case(
        name="too few badcases do not matter then, nor does a corpus",
        rule="E2",
        facts=facts(**MET, limits=(limit(None),), sources=data(corpus())),
        status=FIRED,
        phase="collect",
    ),
    Case(
        name="another limit is exceeded: the model is compressed first",
        rule="E2",
        facts=facts(**MET, limits=(limit(900), limit(None, cost=True))),
        status=SILENT,
        reason="every goal that is met is measured",
    ),
    Case(
        name="quality is not met",
        rule="E2",
        facts=facts(limits=(limit(None),)),
        status=SILENT,
        reason="the quality goals are not met yet, so they come first",
        stages=SFT,
    ),
)

COSTLY = (
    Case(
        name="the latency is exceeded",
        rule="T1",
        facts=facts(**MET, limits=(limit(900, 801, 1000),)),
        status=FIRED,
        reason="the quality goals are met, but serving costs too much: only a cheaper model helps",
    ),
    Case(
        name="whatever the prompt rounds do, and without badcases",
        rule="T1",
        facts=facts(**MET, limits=(limit(3, cost=True),), rounds=rounds(0.7), sources=data()),
        status=FIRED,
    ),
    Case(
        name="the model is to be compressed, so its smaller student is named first",
        rule="M6",
        facts=facts(**MET, limits=(limit(3, cost=True),), teacher=teacher("weights"), sources=data(prompts())),
        status=BLOCKED,
        reason="`tiny/1` is good enough but costs too much: distil it into a smaller model",
        advises="name a smaller model in `spec.model`, and `tiny/1` in `spec.teacher`",
    ),
    Case(
        name="facts that the model cannot recall are no gap while quality is met",
        rule="M1",
        facts=facts(
            **MET, limits=(limit(900),), recall=reading(), closed_book=True, sources=data(demos(), badcases(), corpus())
        ),
        status=SILENT,
        reason="there is no gap `unknown-domain`",
    ),
    Case(
        name="the team declares it",
        rule="T1",
        facts=facts(**MET, declared=COMPRESSION, readings={}),
        status=FIRED,
    ),
    Case(
        name="the declared cost is the teacher's, and its student meets the target",
        rule="T1",
        facts=facts(declared=COMPRESSION, readings={}, teacher=teacher("weights"), results=(result("distill", 0.95),)),
        status=NOT_REACHED,
        phase="done",
    ),
    Case(
        name="the team declares it, and serving keeps its limits",
        rule="DONE",
        facts=facts(
            **MET,
            declared=COMPRESSION,
            limits=(limit(700),),
            readings={GapKind.COMPRESSION: reading("absent")},
        ),
        status=FIRED,
        phase="done",
    ),
    Case(
        name="quality is not met",
        rule="T1",
        facts=facts(limits=(limit(900),)),
        status=SILENT,
        reason="the quality goals are not met",
        stages=SFT,
    ),
    Case(
        name="no limit is exceeded, but a guarded metric fell",
        rule="T1",
        facts=facts(**trained(f1=0.5), guards=(guard(),), limits=(limit(700),)),
        status=SILENT,
        reason="the quality goals are not met",
        warns=("SEL313",),
    ),
    Case(
        name="comes before faults of components, which the goals do not need",
        rule="T1",
        facts=facts(
            **MET,
            limits=(limit(900),),
            sources=data(demos(), badcases(labels=(label(30, component="retriever"), label(10)))),
        ),
        status=FIRED,
        left_out=("the component `retriever`",),
    ),
)
