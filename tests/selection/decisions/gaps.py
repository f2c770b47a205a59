"""The decision table: which gaps there are."""

from selection.decisions.case import BLOCKED, FIRED, NOT_REACHED, SILENT, Case
from selection.decisions.world import (
    facts,
    limit,
    measure,
    reading,
    reward,
)

from compiler.selection.facts import Declared
from compiler.selection.predicates.gaps import PROBED
from compiler.spec.schema.types import GapKind

SFT = ("sft: demos by M2",)
UNSTABLE = Declared(kind=GapKind.UNSTABLE)
KEPT = Declared(kind=GapKind.UNSTABLE, reason="the probe had the old prompt", owner="li")
PREFERENCE = {GapKind.PREFERENCE: reading()}

GAPS = (
    Case(
        name="what is declared is measured",
        rule="D11",
        facts=facts(),
        status=SILENT,
        reason="the declared gaps are the measured ones",
        stages=SFT,
    ),
    Case(
        name="a declared gap that is not measured counts, with a warning",
        rule="D11",
        facts=facts(readings={}),
        status=FIRED,
        reason="the declared gaps count, because no measurement contradicts them",
        stages=SFT,
        warns=("SEL310",),
    ),
    Case(
        name="an undecided probe leaves a declared gap unchanged, with a warning",
        rule="D11",
        facts=facts(readings={GapKind.UNSTABLE: reading("insufficient evidence")}),
        status=FIRED,
        stages=SFT,
        warns=("SEL310",),
    ),
    Case(
        name="a declared gap that is measured to be absent does not count; the measured one does",
        rule="D11",
        facts=facts(declared=[UNSTABLE], readings={GapKind.UNSTABLE: reading("absent")} | PREFERENCE),
        status=FIRED,
        reason="`preference` is measured, but not declared; `unstable` is declared, but measured as absent",
        stages=('dpo: badcases by M3 D1 {"pairs": "badcase"}',),
        warns=("SEL308",),
    ),
    Case(
        name="an override with a reason and an owner keeps a declared gap despite its measurement",
        rule="D11",
        facts=facts(declared=[KEPT], readings={GapKind.UNSTABLE: reading("absent")}),
        status=FIRED,
        reason="`unstable` is kept despite its measurement: the probe had the old prompt (li)",
        stages=SFT,
        warns=("SEL309",),
    ),
    Case(
        name="an override of what is measured anyway says nothing",
        rule="D11",
        facts=facts(declared=[KEPT]),
        status=SILENT,
        stages=SFT,
    ),
    Case(
        name="a measured gap counts though nobody declared it",
        rule="D11",
        facts=facts(gaps=[], readings={GapKind.UNSTABLE: reading()}),
        status=FIRED,
        reason="`unstable` is measured",
        stages=SFT,
    ),
    Case(
        name="an undecided probe makes no gap",
        rule="D11",
        facts=facts(gaps=[], readings={GapKind.UNSTABLE: reading("insufficient evidence")}),
        status=BLOCKED,
        reason="no gap explains the badcases; the probe does not decide `unstable`",
        stages=("probe: badcases by D11",),
        advises="probe more prompts: the intervals of `unstable` contain a threshold",
    ),
    Case(
        name="no gap at all: the probe comes first",
        rule="D11",
        facts=facts(gaps=[]),
        status=BLOCKED,
        reason="no gap is known",
        stages=("probe: badcases by D11",),
        advises="run the probe",
    ),
    Case(
        name="no gap, and answers that no Job can check: people measure",
        rule="D11",
        facts=facts(gaps=[], verifiable=False),
        status=BLOCKED,
        advises="run the probe",
    ),
    Case(
        name="the only gap is measured to be absent: the measures of the others are wanted",
        rule="D11",
        facts=facts(readings={GapKind.UNSTABLE: reading("absent")}),
        status=BLOCKED,
        reason="no gap explains the badcases; `unstable` is measured as absent",
        stages=("probe: badcases by D11",),
        warns=("SEL308",),
        advises="measure `openBook`, `control`, `passAt1`, `agreement` and `chainGain` on the badcases",
    ),
    Case(
        name="measures that are there are not asked for again",
        rule="D11",
        facts=facts(
            gaps=[],
            readings={GapKind.UNSTABLE: reading("absent"), GapKind.UNTAUGHT: reading("absent")},
            measures={"open_book": measure(0.4), "chain_gain": measure(0.0)},
        ),
        status=BLOCKED,
        reason="`unstable` and `untaught` are measured as absent",
        stages=("probe: badcases by D11",),
        advises="measure `control` on the badcases",
    ),
    Case(
        name="every gap that a probe can show is measured as absent: people read the badcases",
        rule="D11",
        facts=facts(gaps=[], readings=dict.fromkeys(PROBED, reading("absent"))),
        status=BLOCKED,
        reason="no gap explains the badcases",
        advises="read the badcases that no gap explains",
    ),
    Case(
        name="only a passage is missing, which is M1's to say",
        rule="D11",
        facts=facts(gaps=[], recall=reading()),
        status=BLOCKED,
        reason="the model only lacks the facts that a passage would give it (M1)",
    ),
    Case(
        name="quality is met and serving costs too much: the only gap is compression",
        rule="D11",
        facts=facts(target=0.2, limits=(limit(900),)),
        status=FIRED,
        reason="quality is met, so the only gap is what serving costs",
    ),
    Case(
        name="spread under a reward that nobody wants optimised is no gap",
        rule="D11",
        facts=facts(
            declared=[UNSTABLE], readings={each: reading() for each in (GapKind.UNSTABLE, GapKind.RULE_CONSTRAINTS)}
        ),
        status=SILENT,
        stages=SFT,
    ),
    Case(
        name="spread under the spec's reward is one",
        rule="D11",
        facts=facts(
            declared=[UNSTABLE],
            reward=reward(),
            readings={each: reading() for each in (GapKind.UNSTABLE, GapKind.RULE_CONSTRAINTS)},
        ),
        status=FIRED,
        reason="`rule-constraints` is measured",
        stages=SFT,
    ),
    Case(
        name="is not evaluated before prompts have plateaued",
        rule="D11",
        facts=facts(gaps=[], rounds=()),
        status=NOT_REACHED,
        phase="prompt",
        stages=("optimize-prompt: badcases by P0",),
    ),
)
