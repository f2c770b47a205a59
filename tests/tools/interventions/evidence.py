"""What a team measures of a planted application, as the documents that the product reads.

The measures are those of the probe Job (`runtime.evaluate.probe.measures`), at its last look.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from selection.situations import measured, team
from selection.situations.team import Source, Team
from tools.interventions.answering import MOST_STEPS, answers, final
from tools.interventions.applications import Application, Question
from tools.interventions.habits import KNOWN, question
from tools.interventions.interventions import Bench
from tools.interventions.systems import ROUNDS, System, best_wording
from tools.interventions.training import parameters
from tools.interventions.words import ATTRIBUTES, Words

from runtime.contract.goal_blocks import MetricBlock
from runtime.contract.statistics import wilson_interval
from runtime.data.questions import Question as Asked
from runtime.evaluate.probe.answers import Sample
from runtime.evaluate.probe.families import CHAIN, CLOSED, CONSTRAINED, CONTROL, GOLD, GREEDY, OPEN, Case, Family
from runtime.evaluate.probe.looks import LOOKS
from runtime.evaluate.probe.measures import Seen, chain_figures, measures_of

TEST, POOL, PROBED, FURTHER = 400, 600, 128, 4
MARKER = "."  # ends written steps
METRIC = MetricBlock(name="exact_match", answer_marker=MARKER)
NAMES = {"pass_at1": "passAt1", "pass_at16": "passAt16"}
# the text that a small model learns from is as much smaller as the model is
CORPUS_BYTES = 1_300  # of 10 MB, for 1.06 of 8,000 million parameters


def documents(bench: Bench, limit: float) -> dict[str, Any]:
    """Everything that was measured: figures alone, so that a decision can be made again without a model."""
    system = bench.system
    questions = system.application.questions("test", TEST)
    right = {each: system.with_(wording=each).right(questions, seed=41) for _, each in ROUNDS}
    scores = [sum(each) / TEST for each in right.values()]
    prompted = system.with_(wording=best_wording(right))
    pool = system.application.questions("badcases", POOL)
    failed = [each for each, right in zip(pool, prompted.right(pool, seed=42), strict=True) if not right]
    kinds = Counter(_at_fault(prompted, each) for each in failed)
    found: dict[str, Any] = {"scores": scores, "traces": POOL, "kinds": dict(kinds), "badcases": len(failed)}
    if system.application.too_large:
        words = sum(map(len, prompted.prompts(questions))) / TEST + 1
        found["served"] = 2.0 * parameters(system.model) * words / limit
    if len(failed) >= PROBED:
        found |= _probe(prompted, failed[:PROBED])
        if "pairs" in system.application.data:
            found["measures"] |= _compared(failed[:PROBED])
    return found


def _compared(failed: Sequence[Question]) -> dict[str, Any]:
    """What people who compare the pairs find: whether both answers of a pair are valid, and which one they prefer.

    The pairs are fixes of badcases, so that the fix is the one valid answer, and everyone prefers it.
    """
    ends = [round(each, 4) for each in wilson_interval(0.0, len(failed))]
    return {"valid": [0.0, *ends], "win": [1.0, round(1 - ends[1], 4), 1.0]}


def _at_fault(system: System, each: Question) -> str:
    if system.flow_fails(each):
        return "flow"
    return "retriever" if system.retriever_fails(each) else "model"


def _probe(system: System, asked: Sequence[Question]) -> dict[str, Any]:
    application = system.application
    whole = system.with_(retriever="right" if system.retriever == "broken" else system.retriever, flow="right")
    hot = {"temperature": 0.8}
    seen = {CLOSED: _seen(CLOSED, system, asked, samples=16, **hot), GREEDY: _seen(GREEDY, system, asked, samples=1)}
    # as the probe does, which asks for steps whatever the best prompt asks for
    seen[CHAIN] = _seen(CHAIN, system.with_(wording=replace(system.wording, steps=True)), asked, **hot)
    if application.operation is not None:
        seen[CONSTRAINED] = _seen(CONSTRAINED, system, asked, samples=1, constrained=True)
    if application.topic == "facts" and system.retriever == "none":
        seen[OPEN] = _seen(OPEN, system.with_(retriever="right"), asked, **hot)
    elif application.topic == "facts":
        seen[OPEN] = _seen(OPEN, whole, asked, **hot)
    if system.flow == "broken" or system.retriever == "broken":
        seen[GOLD] = _seen(GOLD, whole, asked, **hot)
    seen[CONTROL] = _control(system)
    found = measures_of(seen, None)
    measures = {name: [round(each.value, 4), round(each.low, 4), round(each.high, 4)] for name, each in found.items()}
    return {"measures": measures, "chain": chain_figures(seen, MARKER, deployed=False)}


def _seen(
    name: str,
    system: System,
    asked: Sequence[Question],
    *,
    samples: int = FURTHER,
    temperature: float = 0.0,
    constrained: bool = False,
) -> Seen:
    made = system.prompts(asked)
    replies = answers(
        system.model, made, temperature=temperature, seed=51, samples=samples, constrained=constrained, most=system.most
    )
    return _judged(name, made, [each.answer for each in asked], replies, samples, temperature)


def _control(system: System) -> Seen:
    """General questions: the facts that the base model was taught."""
    facts = system.application.world.facts
    keys = [(entity, attribute) for entity in KNOWN for attribute in ATTRIBUTES][:PROBED]
    made = [question(*each) for each in keys]
    replies = answers(system.model, made, temperature=0.8, seed=52, samples=FURTHER)
    return _judged(CONTROL, made, [facts[each] for each in keys], replies, FURTHER, 0.8)


def _judged(
    name: str, made: Sequence[Words], right: Sequence[str], replies: list[list[Words]], samples: int, temperature: float
) -> Seen:
    cases = tuple(
        Case(
            index=at,
            question=Asked(row={"id": str(at), "prompt": " ".join(prompt), "reference": answer}),
            cluster=str(at),
            prompt=" ".join(prompt),
        )
        for at, (prompt, answer) in enumerate(zip(made, right, strict=True))
    )
    family = Family(
        name=name, cases=cases, metric=METRIC, samples=samples, temperature=temperature, max_new_tokens=MOST_STEPS
    )
    groups = [
        [
            Sample(
                text=" ".join(each),
                is_right=final(each) == answer,
                is_cut=False,
                is_refused=False,
                tokens=len(each) + 1,
                seconds=0.0,
            )
            for each in group
        ]
        for group, answer in zip(replies, right, strict=True)
    ]
    return Seen(family=family, samples=groups, z=LOOKS[-1].z)


def team_of(application: Application, found: dict[str, Any]) -> Team:
    """The spec and the evidence of a team that measured `found`."""
    names = ("zero-shot", "few-shot", "rules", "restructure")
    made = [
        {"name": f"v{at + 1}", "technique": technique, "score": score, "questions": TEST}
        for at, ((technique, _), score) in enumerate(zip(ROUNDS, found["scores"], strict=True))
    ]
    assert {each["technique"] for each in made} <= {*names}
    decoding = {"temperature": application.temperature}
    digest = team.digest_of("held-out")
    rounds = measured.document(
        "PromptRounds", {"metric": "exact_match", "rounds": made, "decoding": decoding}, day=10, digest=digest
    )
    goal = {"constraints": {"closedBook": True}} if application.closed_book else {}
    components = {"retriever": "retriever: finds the passage"} if application.retriever != "none" else {}
    evidence = [rounds, *_report(found), *_probes(found)]
    if "served" in found:
        goal = {"constraints": {"maxServingCostUsd": 1.0}}
        cost = found["served"]
        evidence.append(measured.serving(cost=(cost, cost, cost)))
    return Team(
        metrics={"exact_match": application.target},
        sources=_sources(application, found),
        evidence=tuple(evidence),
        application="rag" if application.topic == "facts" else "workflow",
        task=application.kind,
        goal=goal,
        components=components,
        more={"decoding": decoding, "thresholds": {"minCorpusBytes": CORPUS_BYTES}},
    )


def _report(found: dict[str, Any]) -> list[dict[str, Any]]:
    total = sum(found["kinds"].values())
    if not total:
        return []
    kinds = []
    for name, count in sorted(found["kinds"].items()):
        if name == "flow":
            kinds.append({"name": "loses-words", "count": count, "flowControl": True})
        elif name == "retriever":
            share = round(count / total, 4)
            kinds.append(measured.kind("wrong-passage", count, "retriever", share))
        else:
            kinds.append({"name": "wrong-answer", "count": count})
    return [measured.report(found["traces"], *kinds)]


def _probes(found: dict[str, Any]) -> list[dict[str, Any]]:
    if "measures" not in found:
        return []
    taken = {name: tuple(value) for name, value in found["measures"].items()}
    other = {name: taken.pop(name) for name in ("greedy", "constrained") if name in taken}
    figures = {"chainPValue": found["chain"]["chain_p_value"]} if "chain_p_value" in found["chain"] else {}
    figures |= {"chainTokens": found["chain"]["chain_tokens"]} if "chain_tokens" in found["chain"] else {}
    made = [measured.probe(prompts=PROBED, day=12, **{_field(name): each for name, each in taken.items()}, **figures)]
    for name, value in other.items():
        made.append(
            measured.probe(prompts=PROBED, temperature=0.0, constrained=name == "constrained", day=13, passAt1=value)
        )
    return made


def _field(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(each.capitalize() for each in rest)


def _sources(application: Application, found: dict[str, Any]) -> tuple[Source, ...]:
    made = {
        "demonstrations": team.demos(300),
        "badcases": team.badcases(max(1, found["badcases"])),
        "pairs": team.pairs(200),
        "chains": team.chains(300),
        "corpus": team.corpus(sum(len(" ".join(each)) + 1 for each in application.corpus) / 1e6),
    }
    return (team.held_out(TEST), team.questions(1500), *(made[name] for name in application.data))
