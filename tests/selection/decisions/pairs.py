"""The decision table: the pairs of DPO, and what takes their place."""

from selection.decisions.case import BLOCKED, FIRED, SILENT, Case
from selection.decisions.world import (
    badcases,
    data,
    demos,
    facts,
    measure,
    pairs,
    thumbs,
)

PREFERENCE = {"gaps": ["preference"]}
SFT = ("sft: demos by M2",)
BADCASES = 'dpo: badcases by M3 D1 {"pairs": "badcase"}'
PAIRS = "dpo: pairs by M3"
SFT_LOSS = '{"trainer": {"loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, 1.0]}}'
SAMPLED = ('sample: badcases by D1 {"makes": {"preference": true}}', "dpo:  < sample by M3 D1")
NEVER = {"pass_at16": measure(0.01, 0.0, 0.049)}

MADE = (
    Case(
        name="30 badcases hold the logged answer",
        rule="D1",
        facts=facts(**PREFERENCE, sources=data(badcases(40, 30))),
        status=FIRED,
        reason="badcases contain both the logged wrong answer and its fix",
        stages=(BADCASES,),
    ),
    Case(
        name="29 do, so the model is sampled and the verifier rejects",
        rule="D1",
        facts=facts(**PREFERENCE, sources=data(badcases(40, 29))),
        status=FIRED,
        reason="too few badcases have a logged answer, so the plan samples the model and rejects wrong samples",
        stages=SAMPLED,
    ),
    Case(
        name="what is sampled is what dpo starts from, so sft comes before",
        rule="D1",
        facts=facts(gaps=["preference", "unstable"], sources=data(demos(), badcases(40, 0))),
        status=FIRED,
        stages=(*SFT, SAMPLED[0], 'dpo:  < sample by M3 D1 D13 {"start": "merged"}'),
    ),
    Case(
        name="one Job samples chains and pairs before both: from the base model",
        rule="D1",
        facts=facts(gaps=["preference", "reasoning"], sources=data(badcases(40, 0))),
        status=FIRED,
        stages=(
            'sample: badcases by M4 D1 {"makes": {"chain": true, "preference": true}}',
            "cot:  < sample by M4",
            'dpo:  < sample by M3 D1 D13 {"start": "merged"}',
        ),
    ),
    Case(
        name="29 do, and nothing checks samples: sft, and the plan says so",
        rule="D1",
        facts=facts(**PREFERENCE, sources=data(demos(), badcases(40, 29)), verifiable=False),
        status=FIRED,
        reason="too few badcases have a logged answer for dpo, so the plan uses sft instead",
        stages=("sft: demos by M3 D1",),
        warns=("SEL305",),
        advises="log the wrong answer",
    ),
    Case(
        name="a model that never succeeds is not sampled",
        rule="D1",
        facts=facts(**PREFERENCE, sources=data(demos(), badcases(40, 29)), measures=NEVER),
        status=FIRED,
        reason="too few badcases have a logged answer for dpo, so the plan uses sft instead",
        stages=("sft: demos by M3 D1",),
        warns=("SEL305",),
    ),
    Case(
        name="neither answers nor a verifier nor demonstrations",
        rule="D1",
        facts=facts(**PREFERENCE, sources=data(demos(49), badcases(40, 29)), verifiable=False),
        status=BLOCKED,
        reason="too few badcases have a logged answer, and there are too few demonstrations for sft",
        advises="log the wrong answer with each badcase",
    ),
    Case(
        name="the downgrade joins an sft stage that is there",
        rule="D1",
        facts=facts(gaps=["preference", "unstable"], sources=data(demos(), badcases(40, 0)), verifiable=False),
        status=FIRED,
        stages=("sft: demos by M2 M3 D1",),
        warns=("SEL305",),
    ),
    Case(
        name="pairs are given",
        rule="D1",
        facts=facts(**PREFERENCE, sources=data(pairs(), badcases())),
        status=SILENT,
        reason="no stage needs pairs from badcases",
        stages=(PAIRS,),
    ),
    Case(name="no dpo", rule="D1", facts=facts(), status=SILENT, stages=SFT),
    Case(
        name="only thumbs",
        rule="D2",
        facts=facts(**PREFERENCE, sources=data(badcases(answered=0), thumbs())),
        status=FIRED,
        reason="the only preference data are answers marked good or bad",
        stages=("kto: thumbs by M3 D2",),
    ),
    Case(
        name="marked answers and pairs",
        rule="D2",
        facts=facts(**PREFERENCE, sources=data(badcases(), thumbs(), pairs())),
        status=SILENT,
        reason="no stage learns from marked answers alone",
        stages=(PAIRS,),
    ),
)
QUALITY = (
    Case(
        name="a fifth of the pairs nearly the same: filtered",
        rule="D3",
        facts=facts(**PREFERENCE, sources=data(badcases(), pairs(100, near=20))),
        status=FIRED,
        reason="a few pairs have nearly identical answers, so the plan filters them",
        stages=(f'{PAIRS} D3 {{"min_edit_distance": 0.1}}',),
        warns=("SEL304",),
    ),
    Case(
        name="more than a fifth: the sft loss is added",
        rule="D3",
        facts=facts(**PREFERENCE, sources=data(badcases(), pairs(100, near=21))),
        status=FIRED,
        reason="many pairs have nearly identical answers, so dpo adds the sft loss",
        stages=(f"{PAIRS} D3 {SFT_LOSS}",),
        warns=("SEL304",),
    ),
    Case(
        name="near badcases are filtered too",
        rule="D3",
        facts=facts(**PREFERENCE, sources=data(badcases(near=1))),
        status=FIRED,
        stages=('dpo: badcases by M3 D1 D3 {"min_edit_distance": 0.1, "pairs": "badcase"}',),
        warns=("SEL304",),
    ),
    Case(
        name="pairs that differ",
        rule="D3",
        facts=facts(**PREFERENCE, sources=data(badcases(), pairs())),
        status=SILENT,
        reason="no pair has nearly identical answers",
        stages=(PAIRS,),
    ),
    Case(
        name="sampled pairs are not known yet",
        rule="D3",
        facts=facts(**PREFERENCE, sources=data(badcases(40, 3, near=3))),
        status=SILENT,
        stages=SAMPLED,
    ),
    Case(name="no pairs", rule="D3", facts=facts(), status=SILENT, reason="no stage learns from pairs", stages=SFT),
    Case(
        name="answers of another model",
        rule="D4",
        facts=facts(**PREFERENCE, sources=data(badcases(models=(("other/1", 1), ("tiny/1", 39))))),
        status=FIRED,
        reason="1 of 40 answers are not from `tiny/1`",
        stages=(BADCASES,),
        warns=("SEL303",),
    ),
    Case(
        name="answers of several prompt versions",
        rule="D4",
        facts=facts(**PREFERENCE, sources=data(badcases(prompt_versions=("v1", "v2")))),
        status=FIRED,
        reason="several prompt versions",
        stages=(BADCASES,),
        warns=("SEL303",),
    ),
    Case(
        name="sources of one prompt version each, and not the same",
        rule="D4",
        facts=facts(
            **PREFERENCE,
            sources=data(badcases(prompt_versions=("v1",)), badcases(name="more", prompt_versions=("v2",))),
        ),
        status=FIRED,
        reason="several prompt versions",
        stages=('dpo: badcases, more by M3 D1 {"pairs": "badcase"}',),
        warns=("SEL303", "SEL303"),
    ),
    Case(
        name="sft before dpo makes logged answers off-policy",
        rule="D4",
        facts=facts(gaps=["preference", "unstable"]),
        status=FIRED,
        reason="all logged answers come from the base model, so after sft they are off-policy for dpo",
        stages=(*SFT, 'dpo: badcases by M3 D1 D13 {"pairs": "badcase", "start": "merged"}'),
        advises="collect badcases again",
    ),
    Case(
        name="answers of the model and the prompt at hand",
        rule="D4",
        facts=facts(**PREFERENCE, sources=data(badcases())),
        status=SILENT,
        reason="the model that dpo starts from",
        stages=(BADCASES,),
    ),
    Case(
        name="given pairs say nothing of their model",
        rule="D4",
        facts=facts(**PREFERENCE, sources=data(badcases(), pairs())),
        status=SILENT,
        stages=(PAIRS,),
    ),
    Case(
        name="no dpo", rule="D4", facts=facts(), status=SILENT, reason="no stage learns from logged answers", stages=SFT
    ),
)
