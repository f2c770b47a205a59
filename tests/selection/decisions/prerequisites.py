"""The decision table: what a method builds on, and stages that made the model worse."""

from dataclasses import replace

from selection.decisions.case import FIRED, SILENT, Case
from selection.decisions.reinforcement import NEVER, SELDOM
from selection.decisions.world import (
    FILE,
    badcases,
    chains,
    corpus,
    data,
    demos,
    facts,
    general,
    measure,
    pairs,
    plateau,
    prompts,
    reading,
    result,
    teacher,
    thumbs,
    worse,
)

from compiler.selection.facts import Declared
from compiler.spec.schema.types import GapKind

SFT = ("sft: demos by M2",)
DOMAIN = Declared(kind=GapKind.UNKNOWN_DOMAIN)
PREFERENCE = Declared(kind=GapKind.PREFERENCE)
KEPT = Declared(kind=GapKind.PREFERENCE, reason="the tone alone matters", owner="li")
UNREADABLE = {GapKind.UNKNOWN_DOMAIN: reading(), GapKind.PREFERENCE: reading()}

HELD = (
    Case(
        name="the domain is measured to be unknown, and cannot be taught: dpo is held",
        rule="D15",
        facts=facts(declared=[DOMAIN, PREFERENCE], readings=UNREADABLE),
        status=FIRED,
        reason="the model was measured not to read the domain, and M1 is blocked, so the plan holds DPO",
        advises="solve the unknown domain first (M1), or override the later gap",
    ),
    Case(
        name="it is declared only",
        rule="D15",
        facts=facts(gaps=["unknown-domain", "unstable"], readings={GapKind.UNSTABLE: reading()}),
        status=FIRED,
        reason="the model is declared not to know the domain, and M1 is blocked, so the plan holds SFT",
        warns=("SEL310",),
    ),
    Case(
        name="what would be sampled for dpo is held too",
        rule="D15",
        facts=facts(declared=[DOMAIN, PREFERENCE], readings=UNREADABLE, sources=data(badcases(answered=0))),
        status=FIRED,
    ),
    Case(
        name="a teacher's chains are held too",
        rule="D15",
        facts=facts(gaps=["unknown-domain", "reasoning"], teacher=teacher(), sources=data(badcases(), prompts())),
        status=FIRED,
        reason="so the plan holds CoT",
    ),
    Case(
        name="an override with a reason and an owner lifts it",
        rule="D15",
        facts=facts(declared=[DOMAIN, KEPT], readings=UNREADABLE),
        status=FIRED,
        reason="an override lifts this (li: the tone alone matters)",
        stages=('dpo: badcases by M3 D1 {"pairs": "badcase"}',),
        warns=("SEL309",),
    ),
    Case(
        name="an override of the unknown domain itself does not",
        rule="D15",
        facts=facts(declared=[replace(DOMAIN, reason="they say so", owner="li"), PREFERENCE], readings=UNREADABLE),
        status=FIRED,
    ),
    Case(
        name="an override lifts it for the methods of its gap alone",
        rule="D15",
        facts=facts(
            declared=[DOMAIN, Declared(kind=GapKind.UNSTABLE), KEPT],
            readings={GapKind.UNKNOWN_DOMAIN: reading(), GapKind.UNSTABLE: reading()},
        ),
        status=FIRED,
        reason="M1 is blocked, so the plan holds SFT; an override lifts this for DPO (li: the tone alone matters)",
        stages=('dpo: badcases by M3 D1 {"pairs": "badcase"}',),
        warns=("SEL309", "SEL310"),
    ),
    Case(
        name="the domain is taught first",
        rule="D15",
        facts=facts(
            gaps=["unknown-domain", "preference"],
            sources=data(demos(), badcases(), pairs(), corpus(), general()),
        ),
        status=SILENT,
        reason="nothing that a chosen method builds on is missing",
        stages=(
            "cpt: corpus, general by M1",
            'sft: demos by M1 D13 {"start": "merged"}',
            'dpo: pairs by M3 D13 {"start": "merged"}',
        ),
    ),
    Case(
        name="retrieval gives the model what it lacks",
        rule="D15",
        facts=facts(
            declared=[DOMAIN, Declared(kind=GapKind.UNSTABLE)],
            readings={GapKind.UNSTABLE: reading()},
            recall=reading(),
        ),
        status=SILENT,
        stages=SFT,
        warns=("SEL310", "SEL311"),
    ),
    Case(
        name="a model that never succeeds learns nothing from pairs",
        rule="D15",
        facts=facts(gaps=["preference"], measures=NEVER, sources=data(badcases())),
        status=FIRED,
        reason="the model never succeeds, so the plan holds DPO",
        advises="teach the task first, with demonstrations or a teacher",
    ),
    Case(
        name="nor from marked answers",
        rule="D15",
        facts=facts(gaps=["preference"], measures=NEVER, sources=data(pairs(), badcases())),
        status=FIRED,
    ),
    Case(
        name="sft teaches it first",
        rule="D15",
        facts=facts(gaps=["preference", "unstable"], measures=NEVER),
        status=SILENT,
        stages=("sft: demos by M2 D7", 'dpo: badcases by M3 D1 D13 {"pairs": "badcase", "start": "merged"}'),
    ),
    Case(
        name="chains teach it first",
        rule="D15",
        facts=facts(gaps=["preference", "reasoning"], measures=NEVER, sources=data(chains(), badcases())),
        status=SILENT,
        stages=("cot: chains by M4", 'dpo: badcases by M3 D1 D13 {"pairs": "badcase", "start": "merged"}'),
    ),
    Case(
        name="a model that succeeds at times",
        rule="D15",
        facts=facts(gaps=["preference"], measures=SELDOM),
        status=SILENT,
        stages=('dpo: badcases by M3 D1 {"pairs": "badcase"}',),
    ),
    Case(
        name="the sft that would teach it first made it worse",
        rule="D15",
        facts=facts(gaps=["preference", "unstable"], measures=NEVER, results=(worse("sft"),)),
        status=FIRED,
        reason="the model never succeeds, so the plan holds DPO",
        warns=("SEL313",),
    ),
    Case(
        name="pairs of a method that is held are not looked at",
        rule="D15",
        facts=facts(declared=[DOMAIN, PREFERENCE], readings=UNREADABLE, sources=data(badcases(), pairs(100, near=20))),
        status=FIRED,
    ),
)

WORSE = (
    Case(
        name="sft made the model worse: the plan drops it",
        rule="D16",
        facts=facts(results=(worse("sft"),)),
        status=FIRED,
        reason="SFT made the model worse: the plan drops it, and nothing builds on it",
        warns=("SEL313",),
        advises=f"correct the data of sft, and remove `{FILE}` to run the stage again",
    ),
    Case(
        name="dpo starts before it",
        rule="D16",
        facts=facts(gaps=["preference", "unstable"], results=(worse("sft"),)),
        status=FIRED,
        stages=('dpo: badcases by M3 D1 {"pairs": "badcase"}',),
        warns=("SEL313",),
    ),
    Case(
        name="a gate that says so without a gain",
        rule="D16",
        facts=facts(results=(replace(worse("sft"), gain=None),)),
        status=FIRED,
        warns=("SEL313",),
    ),
    Case(
        name="what was sampled for it goes too",
        rule="D16",
        facts=facts(gaps=["preference"], sources=data(badcases(answered=0)), results=(worse("dpo"),)),
        status=FIRED,
        warns=("SEL313",),
    ),
    Case(
        name="what a teacher wrote for it goes too",
        rule="D16",
        facts=facts(
            gaps=["reasoning"], teacher=teacher(), sources=data(badcases(), prompts()), results=(worse("cot"),)
        ),
        status=FIRED,
        warns=("SEL313",),
    ),
    Case(
        name="what a teacher wrote for another stage stays",
        rule="D16",
        facts=facts(
            gaps=["reasoning", "preference"],
            sources=data(badcases(answered=0), prompts()),
            results=(worse("cot"),),
        ),
        status=FIRED,
        stages=(
            'sample: badcases by M4 D1 {"makes": {"chain": true, "preference": true}}',
            "dpo:  < sample by M3 D1",
        ),
        warns=("SEL313",),
    ),
    Case(
        name="a clear gain that the gate stopped for a loss of something else",
        rule="D16",
        facts=facts(results=(result("sft", 0.5, gain=measure(0.02, 0.01, 0.03), gate="no-gain"),)),
        status=FIRED,
        warns=("SEL313",),
    ),
    Case(
        name="a gain too small to count is no loss",
        rule="D16",
        facts=facts(results=(result("sft", 0.5, gain=measure(0.019, 0.01, 0.03), gate="no-gain"),)),
        status=SILENT,
        stages=SFT,
    ),
    Case(
        name="a gain around zero is no loss",
        rule="D16",
        facts=facts(results=(result("sft", 0.5, gain=measure(0.02, 0.0, 0.04), gate="no-gain"),)),
        status=SILENT,
        stages=SFT,
    ),
    Case(
        name="elsewhere: the same data would do the same here",
        rule="D16",
        facts=facts(results=(worse("sft", own=False),)),
        status=FIRED,
        warns=("SEL313",),
    ),
    Case(
        name="kto, which takes the place of dpo",
        rule="D16",
        facts=facts(gaps=["preference"], sources=data(badcases(answered=0), thumbs()), results=(worse("kto"),)),
        status=FIRED,
        reason="KTO made the model worse",
        warns=("SEL313",),
    ),
    Case(
        name="a later run of the same method did not",
        rule="D16",
        facts=facts(results=(worse("sft"), result("sft"))),
        status=SILENT,
        reason="no finished stage made the model worse",
        stages=SFT,
    ),
    Case(
        name="a loss that noise could be",
        rule="D16",
        facts=facts(results=(result("sft", gain=measure(-0.1, -0.2, 0.0), gate="no-gain"),)),
        status=SILENT,
        stages=SFT,
    ),
    Case(
        name="a plateau",
        rule="D16",
        facts=facts(results=(plateau(),)),
        status=SILENT,
        stages=SFT,
    ),
)
