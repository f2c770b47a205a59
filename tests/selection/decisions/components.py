"""The decision table: what is fixed before prompts and training: components, flow control and decoding."""

from selection.decisions.case import FIRED, SILENT, Case
from selection.decisions.world import (
    FLOW,
    METRIC,
    badcases,
    component,
    corpus,
    data,
    decoding,
    demos,
    facts,
    kind,
    label,
    measure,
    probed,
    reported,
    rounds,
)

from compiler.selection.facts import Goal

SFT = ("sft: demos by M2",)


def rows(faulty: int, total: int, name: str = "retriever") -> dict[str, object]:
    """So many of all badcases are faults of this component, by their labels."""
    made = (label(faulty, component=name), label(total - faulty, component="writer"))
    return {"sources": data(demos(), badcases(total, labels=made))}


def of(kind: str) -> dict[str, object]:
    """Half of the first errors lie in a component of this kind."""
    given = data(demos(), badcases(labels=(label(20, kind="a"), label(20, kind="b"))))
    report = (_kind("a", 50, component="part"), _kind("b", 50))
    return reported(*report, sources=given, components=[component("part", kind)])


_kind = kind

FAULTS = (
    Case(
        name="40 % of the first errors lie in the retriever",
        rule="C1",
        facts=facts(**rows(40, 100)),
        status=FIRED,
        reason="40% of the first errors lie in `retriever`, which training the model cannot fix",
        phase="collect",
        advises="fix the retriever `retriever` first (its queries, embeddings or ranking), then measure the prompt again",
        left_out=("the component `retriever`",),
    ),
    Case(
        name="what follows by today's figures",
        rule="C1",
        facts=facts(**rows(40, 100)),
        status=FIRED,
        phase="collect",
        advises="then compile again: by today's figures, training (SFT) follows",
        left_out=("the component `retriever`",),
    ),
    Case(
        name="39 % are left out, and the rest is trained on",
        rule="C1",
        facts=facts(**rows(39, 100)),
        status=SILENT,
        reason="no component other than the model makes most of the first errors",
        stages=SFT,
        left_out=("the component `retriever`",),
    ),
    Case(
        name="a share that the report states",
        rule="C1",
        facts=facts(**reported(kind("misses", 10, component="retriever", first_error_share=0.84), kind("orders", 90))),
        status=FIRED,
        reason="84% of the first errors lie in `retriever`",
        phase="collect",
    ),
    Case(
        name="all badcases are faults in flow control: the code is fixed",
        rule="C1",
        facts=facts(**reported(kind("loops", 120, flow_control=True))),
        status=FIRED,
        reason="100% of the first errors lie in the flow control",
        phase="prompt",
        advises="fix the agent's code or prompt first, then measure the prompt again on the same test set, and label the "
        "badcases that remain | then compile again: by today's figures, the prompt phase follows",
    ),
    Case(
        name="rows of a class are faults in flow control",
        rule="C1",
        facts=facts(sources=data(demos(), badcases(40, classes=(("flow-control", 40),)))),
        status=FIRED,
        phase="prompt",
        left_out=FLOW,
    ),
    Case(
        name="flow control and a component: the component decides the phase",
        rule="C1",
        facts=facts(
            **reported(kind("loops", 50, flow_control=True), kind("misses", 50, component="retriever")),
            rounds=(),
        ),
        status=FIRED,
        reason="50% of the first errors lie in the flow control and 50% of the first errors lie in `retriever`",
        phase="collect",
    ),
    Case(
        name="the chunks of an index",
        rule="C1",
        facts=facts(**of("index")),
        status=FIRED,
        phase="collect",
        advises="fix the index `part` first (its chunks and what it contains)",
        left_out=("the kind `a` and no component",),
    ),
    Case(
        name="a tool",
        rule="C1",
        facts=facts(**of("tool")),
        status=FIRED,
        phase="collect",
        advises="fix the tool `part` first (its code or its description)",
        left_out=("the kind `a` and no component",),
    ),
    Case(
        name="a parser",
        rule="C1",
        facts=facts(**of("parser")),
        status=FIRED,
        phase="collect",
        advises="fix the parser `part` first (its rules or its library)",
        left_out=("the kind `a` and no component",),
    ),
    Case(
        name="code",
        rule="C1",
        facts=facts(**of("code")),
        status=FIRED,
        phase="collect",
        advises="fix the code `part` first, then measure",
        left_out=("the kind `a` and no component",),
    ),
    Case(name="a model", rule="C1", facts=facts(**of("model")), status=SILENT, stages=SFT),
    Case(
        name="a component of which nobody says what it is",
        rule="C1",
        facts=facts(**rows(40, 100, "stage-two")),
        status=FIRED,
        phase="collect",
        advises="say what runs in `stage-two` with `kind` in `spec.system.components`; unless it is the model, fix it",
        left_out=("the component `stage-two`",),
    ),
    Case(
        name="too few badcases are reported beside it",
        rule="C1",
        facts=facts(**rows(20, 25) | {"sources": data(demos(), corpus(), *rows(20, 25)["sources"][1:2])}),
        status=FIRED,
        phase="collect",
        stages=("augment: corpus by G3",),
        left_out=("the component `retriever`",),
    ),
    Case(
        name="the right input lifts the model to the target",
        rule="C1",
        facts=facts(measures={"gold_output": measure(0.92, 0.9, 0.94)}),
        status=FIRED,
        reason="with the right input from its components, the model meets the target",
        phase="collect",
        advises="fix the components that prepare the model's input",
    ),
    Case(
        name="the right input may lift the model to the target",
        rule="C1",
        facts=facts(measures={"gold_output": measure(0.92, 0.899, 0.94)}),
        status=SILENT,
        stages=SFT,
    ),
    Case(
        name="comes before prompts",
        rule="C1",
        facts=facts(**rows(90, 100), rounds=()),
        status=FIRED,
        phase="collect",
        left_out=("the component `retriever`",),
    ),
)

GREEDY, HOT = probed(0.95, 0.93, 0.97), probed(0.4, temperature=1.0)
AT_ONE = {"rounds": rounds(0.3, 0.31, 0.3, decoding=decoding(1.0)), "decoding": decoding(1.0)}
DECODING = (
    Case(
        name="temperature 0 meets the target",
        rule="C2",
        facts=facts(**AT_ONE, probes=(HOT, GREEDY)),
        status=FIRED,
        reason="decoding at temperature 0 meets the target, so neither a prompt nor training is needed yet",
        phase="prompt",
        advises="decode at temperature 0 in the application, state it in `spec.decoding`, and measure the prompt",
    ),
    Case(
        name="constrained output meets it",
        rule="C2",
        facts=facts(**AT_ONE, probes=(HOT, probed(0.95, temperature=1.0, constrained=True))),
        status=FIRED,
        phase="prompt",
        advises="decode at temperature 1 with constrained output",
    ),
    Case(
        name="the best of several",
        rule="C2",
        facts=facts(**AT_ONE, probes=(GREEDY, probed(0.96, 0.94, 0.98, constrained=True))),
        status=FIRED,
        reason="decoding at temperature 0 with constrained output meets",
        phase="prompt",
    ),
    Case(
        name="nobody says how rounds were decoded",
        rule="C2",
        facts=facts(probes=(GREEDY,)),
        status=FIRED,
        phase="prompt",
    ),
    Case(
        name="comes before prompts, without any round",
        rule="C2",
        facts=facts(probes=(GREEDY,), rounds=()),
        status=FIRED,
        phase="prompt",
    ),
    Case(
        name="the spec decodes so already",
        rule="C2",
        facts=facts(probes=(GREEDY,), rounds=(), decoding=decoding(0.0), target=0.94),
        status=SILENT,
        reason="no other decoding was measured to meet the target",
        phase="prompt",
        stages=("optimize-prompt: badcases by P0",),
    ),
    Case(
        name="the rounds were decoded so already",
        rule="C2",
        facts=facts(probes=(GREEDY,), rounds=rounds(0.3, 0.31, 0.3, decoding=decoding(0.0))),
        status=SILENT,
        stages=SFT,
    ),
    Case(
        name="a round on the test set at temperature 0 misses the target, whatever a probe of badcases says",
        rule="C2",
        facts=facts(
            rounds=(*rounds(0.4, decoding=decoding(0.0)), *AT_ONE["rounds"]), decoding=decoding(1.0), probes=(GREEDY,)
        ),
        status=SILENT,
        reason="no other decoding was measured to meet the target",
        stages=SFT,
    ),
    Case(
        name="another sampling temperature is no cheaper way",
        rule="C2",
        facts=facts(**AT_ONE, probes=(probed(0.95, temperature=0.2),)),
        status=SILENT,
        stages=SFT,
    ),
    Case(
        name="prompt rounds at temperature 0 meet the target, and the application decodes at 1",
        rule="C2",
        facts=facts(rounds=(*AT_ONE["rounds"], *rounds(0.95, decoding=decoding(0.0))), decoding=decoding(1.0)),
        status=FIRED,
        phase="prompt",
        advises="decode at temperature 0",
    ),
    Case(
        name="temperature 0 misses the target",
        rule="C2",
        facts=facts(**AT_ONE, probes=(probed(0.899),)),
        status=SILENT,
        reason="no other decoding was measured to meet the target",
        stages=SFT,
    ),
    Case(
        name="temperature 0 is not clearly better than the best prompt",
        rule="C2",
        facts=facts(
            rounds=rounds(0.85, 0.86, 0.85, decoding=decoding(1.0)),
            probes=(probed(0.9, 0.88, 0.92),),
        ),
        status=SILENT,
        reason="another decoding is not clearly better than the best prompt",
        phase="collect",
    ),
    Case(
        name="with two metrics the prompt is measured again by both",
        rule="C2",
        facts=facts(
            **AT_ONE,
            probes=(GREEDY,),
            goals=(Goal(name=METRIC, target=0.9), Goal(name="f1", target=0.5)),
        ),
        status=FIRED,
        reason=f"meets the target of `{METRIC}`",
        phase="prompt",
        advises="decode at temperature 0",
    ),
    Case(
        name="a component that makes the first errors comes before",
        rule="C1",
        facts=facts(**rows(90, 100), **AT_ONE, probes=(HOT, GREEDY)),
        status=FIRED,
        phase="collect",
        left_out=("the component `retriever`",),
    ),
    Case(
        name="comes before the request for badcases",
        rule="C2",
        facts=facts(**AT_ONE, probes=(HOT, GREEDY), sources=data(demos())),
        status=FIRED,
        phase="prompt",
    ),
)
