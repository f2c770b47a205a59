"""The decision table: whether the test set can show what the plan needs."""

from selection.decisions.case import FIRED, NOT_REACHED, SILENT, Case
from selection.decisions.world import (
    METRIC,
    badcases,
    demos,
    facts,
    held_out,
    probed,
    result,
    rounds,
)

from compiler.selection.facts import Goal

SFT = ("sft: demos by M2",)
# a gain of 0.1 is needed; 168 questions detect it with 80 % power where 20 % of the verdicts change
NEAR = {"rounds": rounds(0.8, 0.81, 0.8), "target": 0.91}


def asked(questions: int, clusters: int = 0) -> dict[str, object]:
    """A test set of this size."""
    return {"sources": (demos(), badcases(), held_out(questions, clusters))}


E1 = (
    Case(
        name="a score within noise of the target",
        rule="E1",
        facts=facts(**asked(60), rounds=rounds(0.9, 0.91, 0.9, questions=60)),
        status=FIRED,
        reason="the test set cannot tell 0.910 from the target 0.9",
        phase="collect",
        advises="add 3,398 questions of real users to the test set, and measure the best prompt on all of them",
    ),
    Case(
        name="a score at the target: no number of questions is worth it",
        rule="E1",
        facts=facts(**asked(10_000), rounds=rounds(0.904, 0.904, 0.904, questions=10_000)),
        status=FIRED,
        reason="cannot tell 0.904 from the target 0.9",
        phase="collect",
        advises="the score is at the target: lower the target to 0.89 if that is enough, or improve the prompt",
    ),
    Case(
        name="a hair's breadth under the target, beyond noise",
        rule="E1",
        facts=facts(results=(result("sft", 0.895),)),
        status=FIRED,
        reason="the test set cannot detect the gain of 0.020 that is needed",
        phase="collect",
        advises="the score is at the target: lower the target to 0.89",
    ),
    Case(
        name="a score at the target that was measured on fewer questions than there are",
        rule="E1",
        facts=facts(**asked(8000), rounds=rounds(0.895, 0.895, 0.895, questions=3000)),
        status=FIRED,
        reason="cannot tell 0.895 from the target 0.9",
        phase="collect",
        advises="measure the best prompt on all 8,000 questions of the test set",
    ),
    Case(
        name="a score at the target on more questions than it is worth",
        rule="E1",
        facts=facts(**asked(9000), rounds=rounds(0.9, 0.9, 0.9, questions=9000)),
        status=FIRED,
        phase="collect",
        advises="the score is at the target: lower the target to 0.89",
    ),
    Case(
        name="a score under the target whose interval holds it",
        rule="E1",
        facts=facts(rounds=rounds(0.88, 0.88, 0.88)),
        status=FIRED,
        reason="cannot tell 0.880 from the target 0.9",
        phase="collect",
    ),
    Case(
        name="even with every answer right 34 questions do not clear the target",
        rule="E1",
        facts=facts(**asked(34)),
        status=FIRED,
        reason="even with every answer right, 34 questions cannot show that the target is met",
        phase="collect",
        advises="add 1 questions",
    ),
    Case(
        name="an owner accepts the small test set",
        rule="E1",
        facts=facts(**asked(34), small_test_set="li: no more users"),
        status=SILENT,
        reason="34 questions cannot show that the target is met, which is accepted: li: no more users",
        stages=SFT,
    ),
    Case(name="35 do", rule="E1", facts=facts(**asked(35)), status=SILENT, reason="can show the gain", stages=SFT),
    Case(
        name="no number of questions clears a target of 1",
        rule="E1",
        facts=facts(target=1.0),
        status=FIRED,
        phase="collect",
        advises="lower the target: no number of questions can show that it is met",
    ),
    Case(
        name="167 questions are one too few for a gain of 0.1",
        rule="E1",
        facts=facts(**NEAR, **asked(167)),
        status=FIRED,
        reason="the test set cannot detect the gain of 0.100 that is needed",
        phase="collect",
        advises="add 1 questions of real users",
    ),
    Case(name="168 are enough", rule="E1", facts=facts(**NEAR, **asked(168)), status=SILENT, stages=SFT),
    Case(
        name="questions of one cluster count less",
        rule="E1",
        facts=facts(**NEAR, **asked(320, 80)),
        status=FIRED,
        reason="cannot detect the gain",
        phase="collect",
    ),
    Case(
        name="a cluster for each question is none",
        rule="E1",
        facts=facts(**NEAR, **asked(168, 168)),
        status=SILENT,
        stages=SFT,
    ),
    Case(
        name="a finished stage changed fewer verdicts than was assumed",
        rule="E1",
        facts=facts(**NEAR, **asked(120), results=(result("sft", 0.81, discordance=0.1),)),
        status=SILENT,
        stages=SFT,
    ),
    Case(
        name="the latest stage changed more",
        rule="E1",
        facts=facts(
            **NEAR,
            **asked(168),
            results=(result("sft", 0.81, discordance=0.1), result("dpo", 0.8, discordance=0.4)),
        ),
        status=FIRED,
        reason="cannot detect the gain",
        phase="collect",
    ),
    Case(
        name="the second metric lies within noise of its target",
        rule="E1",
        facts=facts(
            goals=(Goal(name=METRIC, target=0.2), Goal(name="f1", target=0.71)),
            other_rounds={"f1": rounds(0.7, 0.7, 0.7)},
        ),
        status=FIRED,
        reason="the test set cannot tell 0.700 from the target 0.71",
        phase="collect",
    ),
    Case(
        name="without a test set in the spec the questions of the rounds count",
        rule="E1",
        facts=facts(sources=(demos(), badcases()), rounds=rounds(0.3, 0.3, 0.3, questions=34)),
        status=FIRED,
        reason="34 questions cannot show",
        phase="collect",
    ),
    Case(
        name="prompts that still gain need no proof",
        rule="E1",
        facts=facts(**asked(34), rounds=rounds(0.3, 0.4, 0.5)),
        status=NOT_REACHED,
        phase="prompt",
        stages=("optimize-prompt: badcases by P0",),
    ),
    Case(
        name="a probe says nothing of the test set",
        rule="E1",
        facts=facts(probes=(probed(0.9, 0.85, 0.95, temperature=0.8),)),
        status=SILENT,
        stages=SFT,
    ),
)
