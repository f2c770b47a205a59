"""The decision table: DPO, and what is tried before reinforcement learning."""

from selection.decisions.case import BLOCKED, FIRED, NOT_REACHED, SILENT, Case
from selection.decisions.world import (
    badcases,
    data,
    demos,
    facts,
    group,
    limits,
    measure,
    pairs,
    plateau,
    result,
    teacher,
    thumbs,
)

PREFERENCE = {"gaps": ["preference"]}
SFT = ("sft: demos by M2",)
BADCASES = 'dpo: badcases by M3 D1 {"pairs": "badcase"}'
PAIRS = "dpo: pairs by M3"

CHOICE = (
    Case(
        name="badcases with fixes",
        rule="M3",
        facts=facts(**PREFERENCE),
        status=FIRED,
        reason="people prefer some answers over others, and there are pairs of a better and a worse answer to learn from",
        stages=(BADCASES,),
    ),
    Case(
        name="nothing says which answer is better",
        rule="M3",
        facts=facts(**PREFERENCE, sources=data(demos()), thresholds=limits(min_badcases=1)),
        status=NOT_REACHED,
        phase="collect",
    ),
    Case(
        name="30 pairs",
        rule="M3",
        facts=facts(**PREFERENCE, sources=data(pairs(30), badcases(answered=0))),
        status=FIRED,
        stages=(PAIRS,),
    ),
    Case(
        name="29 pairs, and badcases without answers",
        rule="M3",
        facts=facts(**PREFERENCE, sources=data(pairs(29), badcases(answered=0))),
        status=BLOCKED,
        reason="29 pairs are too few",
        advises="collect pairs until there are 30",
    ),
    Case(
        name="a few given pairs do not hide many badcases",
        rule="M3",
        facts=facts(**PREFERENCE, sources=data(pairs(29), badcases(30))),
        status=FIRED,
        stages=(BADCASES,),
    ),
    Case(
        name="given pairs come before badcases where there are enough of both",
        rule="M3",
        facts=facts(**PREFERENCE, sources=data(badcases(), pairs())),
        status=FIRED,
        stages=(PAIRS,),
    ),
    Case(name="another gap", rule="M3", facts=facts(), status=SILENT, reason="no gap `preference`", stages=SFT),
    Case(
        name="30 thumbs",
        rule="M3",
        facts=facts(**PREFERENCE, sources=data(badcases(answered=0), thumbs(30))),
        status=FIRED,
        stages=("kto: thumbs by M3 D2",),
    ),
    Case(
        name="29 thumbs are too few",
        rule="M3",
        facts=facts(**PREFERENCE, sources=data(badcases(answered=0), thumbs(29))),
        status=BLOCKED,
        reason="29 marked answers are too few to learn from",
        advises="until there are 30",
    ),
    Case(
        name="pairs and demonstrations, and the gap is preference: dpo",
        rule="D12",
        facts=facts(**PREFERENCE, sources=data(demos(), badcases())),
        status=FIRED,
        reason="dpo learns from them instead of sft from demonstrations",
        stages=(BADCASES,),
    ),
    Case(
        name="the gap asks for both, so there is nothing to choose",
        rule="D12",
        facts=facts(gaps=["preference", "unstable"]),
        status=SILENT,
        stages=(*SFT, 'dpo: badcases by M3 D1 D13 {"pairs": "badcase", "start": "merged"}'),
    ),
    Case(
        name="no demonstrations, so there is nothing to choose",
        rule="D12",
        facts=facts(**PREFERENCE, sources=data(badcases())),
        status=SILENT,
        stages=(BADCASES,),
    ),
    Case(name="no preference gap", rule="D12", facts=facts(), status=SILENT, stages=SFT),
)

RULES_GAP = {"gaps": ["rule-constraints"]}
FIRST = (
    Case(
        name="dpo before reinforcement learning",
        rule="D12",
        facts=facts(**RULES_GAP),
        status=FIRED,
        reason="the plan tries dpo before reinforcement learning",
        stages=('dpo: badcases by D12 D1 {"pairs": "badcase"}',),
    ),
    Case(
        name="sft before it where there are no pairs",
        rule="D12",
        facts=facts(**RULES_GAP, sources=data(demos(50), badcases(40, 29))),
        status=FIRED,
        reason="the plan tries sft before reinforcement learning",
        stages=("sft: demos by D12",),
    ),
    Case(
        name="neither can be tried",
        rule="D12",
        facts=facts(**RULES_GAP, sources=data(demos(49), badcases(40, 29))),
        status=BLOCKED,
        reason="there is too little data to try sft or dpo first",
        advises="write demonstrations or pairs",
    ),
    Case(
        name="another gap brings sft anyway",
        rule="D12",
        facts=facts(gaps=["rule-constraints", "unstable"]),
        status=SILENT,
        stages=SFT,
    ),
    Case(
        name="a teacher's answers are sft too",
        rule="D12",
        facts=facts(
            gaps=["rule-constraints", "compression"],
            sources=data(badcases()),
            teacher=teacher(),
            measures={"teacher_pass_at1": measure(0.95)},
        ),
        status=SILENT,
        stages=(
            'teacher: badcases by D8 {"makes": {"prompt-completion": true}}',
            "sft:  < teacher by M6 D8",
        ),
    ),
    Case(
        name="it was tried by another plan",
        rule="D12",
        facts=facts(**RULES_GAP, results=(plateau("sft", own=False),)),
        status=SILENT,
        reason="sft or dpo has already been tried before reinforcement learning",
    ),
    Case(
        name="this plan tried sft, and keeps it though pairs have come",
        rule="D12",
        facts=facts(**RULES_GAP, results=(result("sft"),)),
        status=FIRED,
        reason="the plan tries sft before reinforcement learning",
        stages=("sft: demos by D12",),
    ),
    Case(
        name="this plan tried both, and keeps both",
        rule="D12",
        facts=facts(**RULES_GAP, results=(result("sft"), result("dpo"))),
        status=FIRED,
        reason="the plan tries dpo and sft before reinforcement learning",
        stages=("sft: demos by D12", 'dpo: badcases by D12 D1 D13 {"pairs": "badcase", "start": "merged"}'),
    ),
    Case(
        name="pairs that are left out do not count",
        rule="D12",
        facts=facts(
            **RULES_GAP,
            sources=data(demos(), badcases(40, classes=(("flow-control", 11), ("undetermined", 29)))),
            badcase_groups=(group("flow-control", "flow-control"),),
        ),
        status=FIRED,
        stages=("sft: demos by D12",),
        left_out=("flow-control",),
    ),
)
