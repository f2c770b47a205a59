"""The decision table: distillation, chains of stages, and what is evaluated on."""

from selection.decisions.case import BLOCKED, FIRED, SILENT, Case
from selection.decisions.world import (
    badcases,
    chains,
    corpus,
    data,
    demos,
    facts,
    general,
    limit,
    measure,
    overlap,
    pairs,
    prompts,
    reading,
    teacher,
)

from compiler.spec.schema.types import GapKind

COMPRESSION = {"gaps": ["compression"], "sources": data(badcases(), prompts())}
GOOD = {"teacher_pass_at1": measure(0.95, 0.9, 1.0)}
BETTER = {GapKind.UNSTABLE: reading(), GapKind.COMPRESSION: reading()}
ANSWERS = ('teacher: prompts by D8 {"makes": {"prompt-completion": true}}', "sft:  < teacher by M6 D8")
WEIGHTS = 'distill: prompts by M6 D8 {"on_policy": true, "same_vocabulary": true}'
SFT = ("sft: demos by M2",)

M6 = (
    Case(
        name="a teacher at the target, with the end of its interval",
        rule="M6",
        facts=facts(**COMPRESSION, teacher=teacher("weights"), measures=GOOD),
        status=FIRED,
        reason="the teacher meets the target, and a student can learn to do so at less cost",
        stages=(WEIGHTS,),
    ),
    Case(
        name="no teacher",
        rule="M6",
        facts=facts(**COMPRESSION, measures=GOOD),
        status=BLOCKED,
        reason="no teacher is named",
        advises="name a stronger model",
    ),
    Case(
        name="no licence for its output",
        rule="M6",
        facts=facts(**COMPRESSION, teacher=teacher("weights", may=False), measures=GOOD),
        status=BLOCKED,
        reason="licence does not allow",
        advises="choose a teacher whose licence",
    ),
    Case(
        name="a teacher just below the target",
        rule="M6",
        facts=facts(
            **COMPRESSION, teacher=teacher("weights"), measures={"teacher_pass_at1": measure(0.95, 0.899, 1.0)}
        ),
        status=BLOCKED,
        reason="the teacher itself does not meet the target",
        advises="choose a better teacher",
    ),
    Case(
        name="a teacher that was not measured",
        rule="M6",
        facts=facts(**COMPRESSION, teacher=teacher("weights")),
        status=BLOCKED,
        reason="has not been measured",
        stages=("probe: badcases by M6",),
        advises="measure the teacher on the same questions",
    ),
    Case(
        name="a better teacher is no reason to compress where neither cost nor latency is a goal",
        rule="D11",
        facts=facts(gaps=["unstable"], readings=BETTER, teacher=teacher(), measures=GOOD),
        status=SILENT,
        stages=SFT,
    ),
    Case(
        name="with a limit of latency it is",
        rule="D11",
        facts=facts(
            gaps=["unstable"],
            readings=BETTER,
            sources=data(demos(), badcases(), prompts()),
            teacher=teacher("weights"),
            measures=GOOD,
            limits=(limit(None),),
        ),
        status=FIRED,
        reason="`compression` is measured, but not declared",
        stages=(*SFT, 'distill: prompts by M6 D8 D13 {"on_policy": true, "same_vocabulary": true, "start": "merged"}'),
    ),
    Case(name="another gap", rule="M6", facts=facts(), status=SILENT, reason="no gap `compression`", stages=SFT),
    Case(
        name="the teacher's text alone: sft on its answers",
        rule="D8",
        facts=facts(**COMPRESSION, teacher=teacher(), measures=GOOD),
        status=FIRED,
        reason="only the teacher's text",
        stages=ANSWERS,
    ),
    Case(
        name="its answers join the demonstrations in the sft stage",
        rule="D8",
        facts=facts(
            gaps=["compression", "unstable"],
            sources=data(demos(), badcases(), prompts()),
            teacher=teacher(),
            measures=GOOD,
        ),
        status=FIRED,
        stages=(ANSWERS[0], "sft: demos < teacher by M2 M6 D8"),
    ),
    Case(
        name="the teacher's weights: on-policy distillation",
        rule="D8",
        facts=facts(**COMPRESSION, teacher=teacher("weights"), measures=GOOD),
        status=FIRED,
        reason="the student learns its probabilities, on the student's own answers",
        stages=(WEIGHTS,),
    ),
    Case(
        name="weights with another vocabulary",
        rule="D8",
        facts=facts(**COMPRESSION, teacher=teacher("weights", shares=False), measures=GOOD),
        status=FIRED,
        stages=('distill: prompts by M6 D8 {"on_policy": true, "same_vocabulary": false}',),
    ),
    Case(
        name="a teacher, and nothing to distill",
        rule="D8",
        facts=facts(teacher=teacher()),
        status=SILENT,
        reason="the plan distils no teacher",
        stages=SFT,
    ),
    Case(
        name="the teacher writes chains, and answers too",
        rule="D8",
        facts=facts(
            gaps=["compression", "reasoning"], sources=data(badcases(), prompts()), teacher=teacher(), measures=GOOD
        ),
        status=FIRED,
        stages=(
            'teacher: prompts by M4 D8 {"makes": {"chain": true, "prompt-completion": true}}',
            "sft:  < teacher by M6 D8 M4",
        ),
    ),
)
CHAIN = (
    Case(
        name="each stage starts from the merged one before",
        rule="D13",
        facts=facts(
            gaps=["preference", "unstable", "unknown-domain"],
            sources=data(demos(), badcases(), pairs(), corpus(), general()),
        ),
        status=FIRED,
        reason="each stage starts from the merged weights of the last stage that gained",
        stages=(
            "cpt: corpus, general by M1",
            'sft: demos by M1 M2 D13 {"start": "merged"}',
            'dpo: pairs by M3 D13 {"start": "merged"}',
        ),
    ),
    Case(
        name="a single stage",
        rule="D13",
        facts=facts(),
        status=SILENT,
        reason="no stage starts from the weights of another",
        stages=SFT,
    ),
    Case(
        name="chains that are mixed into sft are no stage of their own",
        rule="D13",
        facts=facts(gaps=["reasoning", "unstable"], sources=data(demos(), chains(), badcases())),
        status=SILENT,
        stages=("sft: demos, chains by M2 M4",),
    ),
    Case(
        name="training and evaluation share prompts",
        rule="D14",
        facts=facts(overlaps=(overlap(prompts=3),)),
        status=FIRED,
        reason="training and evaluation data share cases",
        stages=SFT,
        warns=("CHK210",),
    ),
    Case(
        name="training and evaluation share clusters, reported in every phase",
        rule="D14",
        facts=facts(overlaps=(overlap(clusters=1),), runs_end_to_end=False),
        status=FIRED,
        phase="collect",
        warns=("CHK210",),
    ),
    Case(
        name="training rows contain questions of the evaluation",
        rule="D14",
        facts=facts(overlaps=(overlap(contained=2),)),
        status=FIRED,
        stages=SFT,
        warns=("CHK210",),
    ),
    Case(
        name="questions are reworded, which the check phase has reported",
        rule="D14",
        facts=facts(overlaps=(overlap(near=30),)),
        status=FIRED,
        reason="training and evaluation data share cases",
        stages=SFT,
    ),
    Case(
        name="what they share was not measured",
        rule="D14",
        facts=facts(overlaps=(overlap(), overlap(measured=False))),
        status=SILENT,
        reason="not measured: what `demos` and `held-out` share",
        stages=SFT,
    ),
    Case(
        name="they are apart",
        rule="D14",
        facts=facts(overlaps=(overlap(),)),
        status=SILENT,
        reason="share nothing",
        stages=SFT,
    ),
)
