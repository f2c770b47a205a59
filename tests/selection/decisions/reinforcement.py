"""The decision table: when reinforcement learning is allowed."""

from dataclasses import replace
from typing import Any

from selection.decisions.case import BLOCKED, FIRED, SILENT, Case
from selection.decisions.world import (
    FLOW,
    badcases,
    data,
    demos,
    facts,
    measure,
    pairs,
    plateau,
    preflight,
    prompts,
    reading,
    result,
    reward,
    worse,
)

from compiler.selection.facts import Facts
from compiler.selection.reward_verdicts import CHECKS
from compiler.spec.schema.types import GapKind

SOMETIMES = {"pass_at16": measure(0.6)}
NEVER = {"pass_at16": measure(0.01, 0.0, 0.049)}
SELDOM = {"pass_at16": measure(0.03, 0.0, 0.05)}
SFT = "sft: demos by D12"
GRPO = 'grpo: prompts by M5 D13 {"start": "merged"}'
EXAMINE = "preflight: prompts by M5"


def world(**changes: Any) -> Facts:
    """A world in which reinforcement learning is allowed, with these changes."""
    allowed: dict[str, Any] = {
        "gaps": ["rule-constraints"],
        "reward": reward(),
        "results": (plateau("sft"),),
        "measures": SOMETIMES,
        "preflight": preflight(),
        "sources": data(demos(), badcases(answered=0), prompts()),
    }
    return facts(**(allowed | changes))


def refused(
    name: str, reason: str, *stages: str, advises: str = "", warns: tuple[str, ...] = (), **changes: Any
) -> Case:
    return Case(
        name=name,
        rule="M5",
        facts=world(**changes),
        status=BLOCKED,
        reason=reason,
        stages=stages or (SFT,),
        advises=advises,
        warns=warns,
    )


def allowed(name: str, *stages: str, reason: str = "", warns: tuple[str, ...] = (), **changes: Any) -> Case:
    return Case(
        name=name,
        rule="M5",
        facts=world(**changes),
        status=FIRED,
        reason=reason,
        stages=stages or (SFT, GRPO),
        warns=warns,
    )


def _failing(check: str) -> Case:
    unstable = check == "repeatability"
    stages = (
        (SFT, 'sample: demos by D6 {"makes": {"preference": true}}', 'dpo:  < sample by D6 D13 {"start": "merged"}')
        if unstable
        else (SFT,)
    )
    return refused(
        f"the reward fails its {check}",
        f"fails its pre-flight: {check}",
        *stages,
        advises="fix the reward, then run its pre-flight again",
        preflight=preflight(**{check.replace(" ", "_"): "blocks"}),
    )


M5 = (
    allowed("everything is there: grpo", reason="sft has plateaued"),
    allowed(
        "a programmatic reward: grpo",
        reward=reward("programmatic"),
        reason="the method is grpo, because code computes the reward",
    ),
    allowed(
        "parts of an answer need credit: ppo",
        SFT,
        'ppo: prompts by M5 D13 {"start": "merged"}',
        reward=reward(per_token=True),
        reason="the method is ppo, because parts of an answer need credit",
    ),
    allowed(
        "a learned reward: ppo behind a reward model",
        "dpo: pairs by D12",
        "reward: pairs by D5",
        'ppo: prompts by M5 D13 {"start": "merged"}',
        reward=reward("subjective"),
        results=(plateau("dpo"),),
        sources=data(badcases(), pairs(), prompts()),
        reason="the method is ppo, because the reward is learnt",
    ),
    allowed("dpo elsewhere has plateaued", "grpo: prompts by M5", results=(plateau("dpo", own=False),)),
    allowed("a gain under 0.02 counts as none", results=(result("sft", gain=measure(0.019, 0.01, 0.03)),)),
    allowed("a gain that noise could be", results=(result("sft", gain=measure(0.1, 0.0, 0.2)),)),
    allowed(
        "the latest stage counts: sft gained, dpo did not",
        "sft: demos by D12",
        GRPO,
        results=(result("sft"), plateau("dpo")),
    ),
    allowed(
        "demonstrations lend their prompts",
        SFT,
        'grpo: demos by M5 D13 {"start": "merged"}',
        sources=data(demos(), badcases(answered=0)),
    ),
    allowed(
        "badcases lend theirs",
        "grpo: badcases by M5",
        sources=data(badcases(answered=0)),
        results=(plateau(own=False),),
    ),
    allowed("30 prompts are enough", sources=data(demos(), badcases(answered=0), prompts(30))),
    allowed("a policy that may succeed at times", measures=SELDOM),
    allowed("a weak agreement is reported", preflight=preflight(human_agreement="warns"), warns=("SEL312",)),
    refused("no reward", "no reward is defined", advises="define `spec.reward`", reward=None),
    refused("nothing was tried", "neither sft nor dpo has been tried", advises="evaluate sft or dpo first", results=()),
    refused("only the base was measured", "neither sft nor dpo", results=(result(""),)),
    refused(
        "sft still gains",
        "`shop-evaluate-sft-0` still gains",
        advises="collect the badcases that sft leaves",
        results=(result("sft"),),
    ),
    refused("a gain of 0.02 is one", "still gains", results=(result("sft", gain=measure(0.02, 0.01, 0.03)),)),
    refused(
        "a gain over the base counts, whatever the stage before scored",
        "`shop-evaluate-dpo-0` still gains",
        results=(plateau("sft"), result("dpo", 0.5)),
    ),
    refused(
        "the latest stage made the model worse, which is no plateau",
        "`shop-evaluate-dpo-0` made the model worse, which is no plateau",
        advises="correct the data of dpo, and run it again",
        results=(plateau("sft"), worse("dpo")),
        warns=("SEL313",),
    ),
    refused(
        "a later gain closes the gate again",
        "`shop-evaluate-dpo-0` still gains",
        results=(plateau("sft"), result("dpo", gain=measure(0.09, 0.05, 0.13))),
    ),
    allowed(
        "a plateau after a stage that made it worse",
        results=(worse("dpo", own=False), plateau("sft")),
        warns=("SEL313",),
    ),
    allowed("a finished stage shows that the policy succeeds by now", measures={}),
    allowed("with 5 % right answers it does", measures={}, results=(plateau(score=0.05),)),
    refused(
        "with fewer it is probed",
        "no probe has measured whether",
        SFT,
        "probe: badcases by M5",
        measures={},
        results=(plateau(score=0.049),),
    ),
    refused(
        "a stage without a gain, whose gate went on",
        "still gains",
        results=(replace(plateau(), gain=None, gate="continue"),),
    ),
    refused(
        "29 prompts",
        "fewer than 30 prompts",
        advises="add a data source of purpose `prompts`",
        sources=data(demos(), badcases(answered=0), prompts(29)),
    ),
    Case(
        name="29 prompts, since badcases in flow control are left out",
        rule="M5",
        facts=world(
            sources=data(badcases(40, 0, classes=(("flow-control", 11), ("undetermined", 29)))),
            results=(plateau(own=False),),
        ),
        status=BLOCKED,
        reason="fewer than 30 prompts",
        left_out=FLOW,
    ),
    refused(
        "nobody knows whether it ever succeeds",
        "no probe has measured whether the policy ever succeeds",
        SFT,
        "probe: badcases by M5",
        advises="run the probe on the current policy",
        measures={},
        results=(plateau(score=0.0),),
    ),
    refused("it never succeeds", "never succeeds", "sft: demos by D7", measures=NEVER, results=(plateau(score=0.0),)),
    refused(
        "the model solves a prompt always or never",
        "too few prompts have both right and wrong samples",
        advises="neither too easy nor too hard",
        readings={GapKind.RULE_CONSTRAINTS: reading("absent")},
    ),
    refused(
        "the reward was not examined",
        "has had no pre-flight",
        SFT,
        EXAMINE,
        advises="run the pre-flight of the reward",
        preflight=(),
    ),
    refused(
        "a subjective reward was not examined, and no Job can do it",
        "has had no pre-flight",
        "reward: pairs by D5",
        advises="compare it with people",
        preflight=(),
        reward=reward("subjective"),
        results=(plateau("dpo", own=False),),
        sources=data(badcases(), pairs(), prompts()),
    ),
    *(_failing(check) for check in CHECKS),
    refused(
        "all failing checks are named",
        "contract (as given); signal (as given)",
        preflight=preflight(contract="blocks", signal="blocks"),
    ),
    Case(
        name="another gap, though everything else is there",
        rule="M5",
        facts=world(gaps=["unstable"]),
        status=SILENT,
        reason="no gap `rule-constraints`",
        stages=("sft: demos by M2",),
    ),
)
