"""The decision table: what takes the place of reinforcement learning, or comes before it."""

from dataclasses import replace

from selection.decisions.case import BLOCKED, FIRED, SILENT, Case
from selection.decisions.reinforcement import GRPO, NEVER, SELDOM, SFT, world
from selection.decisions.world import (
    DATA,
    badcases,
    data,
    demos,
    facts,
    limits,
    pairs,
    plateau,
    preflight,
    prompts,
    reading,
    reward,
    teacher,
    thumbs,
)

from compiler.spec.schema.types import GapKind

SUBJECTIVE = {"reward": reward("subjective"), "results": (plateau("dpo", own=False),)}
PAIRED = data(badcases(), pairs(), prompts())
UNSTABLE_REWARD = preflight(repeatability="blocks")
D5_D6 = (
    Case(
        name="a reward that agrees with people is learnt from the pairs",
        rule="D5",
        facts=world(**SUBJECTIVE, sources=PAIRED),
        status=FIRED,
        reason="the reward agrees with people, so a reward model learns it from the pairs",
        stages=("reward: pairs by D5", "ppo: prompts by M5"),
    ),
    Case(
        name="a reward model learns from badcases as dpo does",
        rule="D5",
        facts=world(**SUBJECTIVE, sources=data(badcases(), prompts())),
        status=FIRED,
        stages=('reward: badcases by D5 D1 {"pairs": "badcase"}', "ppo: prompts by M5"),
    ),
    Case(
        name="a weak agreement will do",
        rule="D5",
        facts=world(**SUBJECTIVE, sources=PAIRED, preflight=preflight(human_agreement="warns")),
        status=FIRED,
        stages=("reward: pairs by D5", "ppo: prompts by M5"),
        warns=("SEL312",),
    ),
    Case(
        name="no agreement: dpo on the pairs",
        rule="D5",
        facts=world(**SUBJECTIVE, sources=PAIRED, preflight=preflight(human_agreement="blocks")),
        status=FIRED,
        reason="does not agree with people",
        stages=("dpo: pairs by D5",),
    ),
    Case(
        name="nothing shows agreement, and dpo has plateaued: a reward model to compare",
        rule="D5",
        facts=world(**SUBJECTIVE, sources=PAIRED, preflight=()),
        status=FIRED,
        reason="to be compared with people",
        stages=("reward: pairs by D5",),
    ),
    Case(
        name="nothing shows agreement, and nothing has plateaued: dpo on the pairs",
        rule="D5",
        facts=world(**SUBJECTIVE | {"results": ()}, sources=PAIRED, preflight=()),
        status=FIRED,
        reason="no reward was compared with people",
        stages=("dpo: pairs by D5",),
    ),
    Case(
        name="it agrees, but another check fails: dpo on the pairs",
        rule="D5",
        facts=world(**SUBJECTIVE, sources=PAIRED, preflight=preflight(signal="blocks")),
        status=FIRED,
        reason="reinforcement learning is blocked",
        stages=("dpo: pairs by D5",),
    ),
    Case(
        name="too few pairs to learn a reward from",
        rule="D5",
        facts=world(
            **SUBJECTIVE, sources=data(badcases(40, 29), prompts()), preflight=preflight(human_agreement="blocks")
        ),
        status=BLOCKED,
        reason="there are too few",
        advises="collect pairs",
    ),
    Case(
        name="a reward that code computes",
        rule="D5",
        facts=world(),
        status=SILENT,
        reason="no reward is subjective",
        stages=(SFT, GRPO),
    ),
    Case(
        name="a subjective reward for another gap",
        rule="D5",
        facts=world(**SUBJECTIVE, gaps=["unstable"]),
        status=SILENT,
        stages=("sft: demos by M2",),
    ),
    Case(
        name="dpo on samples that the verifier ranks",
        rule="D6",
        facts=world(preflight=UNSTABLE_REWARD, results=(plateau(own=False),)),
        status=FIRED,
        reason="the reward is unstable, so dpo learns from samples that the verifier ranks",
        stages=('sample: demos by D6 {"makes": {"preference": true}}', "dpo:  < sample by D6"),
    ),
    Case(
        name="a subjective reward that is unstable too: dpo on pairs, and on ranked samples",
        rule="D6",
        facts=world(**SUBJECTIVE, sources=PAIRED, preflight=UNSTABLE_REWARD),
        status=FIRED,
        stages=('sample: badcases by D6 {"makes": {"preference": true}}', "dpo: pairs < sample by D5 D6"),
    ),
    Case(
        name="nothing else can rank samples",
        rule="D6",
        facts=world(preflight=UNSTABLE_REWARD, verifiable=False),
        status=BLOCKED,
        reason="no verifier can rank samples",
        stages=(SFT,),
        advises="make the reward repeatable",
    ),
    Case(
        name="a policy that never succeeds has no right samples",
        rule="D6",
        facts=world(preflight=UNSTABLE_REWARD, measures=NEVER, results=(plateau(score=0.0),)),
        status=BLOCKED,
        reason="no right samples",
        stages=("sft: demos by D7",),
        advises="teach the policy first",
    ),
    Case(
        name="the check was not made",
        rule="D6",
        facts=world(preflight=tuple(replace(each, figures="not run") for each in UNSTABLE_REWARD)),
        status=SILENT,
        stages=(SFT,),
    ),
    Case(
        name="a stable reward",
        rule="D6",
        facts=world(),
        status=SILENT,
        reason="known to be unstable",
        stages=(SFT, GRPO),
    ),
    Case(
        name="an unstable reward for another gap",
        rule="D6",
        facts=world(preflight=UNSTABLE_REWARD, gaps=["unstable"]),
        status=SILENT,
        stages=("sft: demos by M2",),
    ),
)
D7 = (
    Case(
        name="it never succeeds: sft first",
        rule="D7",
        facts=world(measures=NEVER, results=()),
        status=FIRED,
        reason="sft comes before",
        stages=("sft: demos by D7",),
    ),
    Case(
        name="it never succeeds, so no prompt has spread: the gap is there all the same",
        rule="D7",
        facts=world(measures=NEVER, results=(), readings={GapKind.RULE_CONSTRAINTS: reading("absent")}),
        status=FIRED,
        stages=("sft: demos by D7",),
    ),
    Case(
        name="pairs teach it nothing either",
        rule="D7",
        facts=facts(gaps=["preference"], measures=NEVER, sources=data(demos(), pairs(), badcases())),
        status=FIRED,
        reason="the base model never succeeds, so sft comes before pairs",
        stages=("sft: demos by D7", 'dpo: pairs by M3 D13 {"start": "merged"}'),
    ),
    Case(
        name="nor do marked answers",
        rule="D7",
        facts=facts(gaps=["preference"], measures=NEVER, sources=data(demos(), thumbs(), badcases(answered=0))),
        status=FIRED,
        stages=("sft: demos by D7", 'kto: thumbs by M3 D2 D13 {"start": "merged"}'),
    ),
    Case(
        name="without demonstrations the teacher's answers",
        rule="D7",
        facts=world(measures=NEVER, results=(), teacher=teacher(), sources=data(badcases(), prompts())),
        status=FIRED,
        reason="the base model never succeeds, so it learns a teacher's answers first",
        stages=('teacher: prompts by D7 {"makes": {"prompt-completion": true}}', "sft:  < teacher by D7"),
    ),
    Case(
        name="what the teacher taught stays in the plan when it has helped, and rewards may follow",
        rule="D7",
        facts=world(
            measures=NEVER, results=(plateau("sft"),), teacher=teacher(), sources=data(badcases(answered=0), prompts())
        ),
        status=FIRED,
        stages=(
            'teacher: prompts by D7 {"makes": {"prompt-completion": true}}',
            "sft:  < teacher by D7",
            GRPO,
        ),
    ),
    Case(
        name="a teacher whose output may not be trained on",
        rule="D7",
        facts=world(
            measures=NEVER, results=(), teacher=teacher(may=False), sources=data(badcases(answered=0), prompts())
        ),
        status=BLOCKED,
        reason="nothing to teach it with",
        advises="write demonstrations, or name a teacher",
    ),
    Case(
        name="pass@16 whose interval reaches the limit",
        rule="D7",
        facts=world(measures=SELDOM),
        status=SILENT,
        stages=(SFT, GRPO),
    ),
    Case(
        name="a spec's own limit",
        rule="D7",
        facts=world(measures=SELDOM, thresholds=limits(near_zero_pass=0.06), results=(plateau(score=0.0),)),
        status=FIRED,
        stages=("sft: demos by D7",),
    ),
    Case(
        name="another gap",
        rule="D7",
        facts=world(measures=NEVER, gaps=["unstable"], sources=DATA),
        status=SILENT,
        stages=("sft: demos by M2",),
    ),
)
