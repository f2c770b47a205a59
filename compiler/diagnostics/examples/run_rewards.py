"""Examples of RUN75x: rewards, and the training that optimises them."""

from compiler.diagnostics.examples import project
from compiler.diagnostics.examples.example import Example, Situation
from compiler.diagnostics.examples.project import RUN, STAGE_FILE

GRPO = (
    project.STAGE.replace("sft", "grpo").replace(
        "  max_length: 256\n", "  max_completion_length: 8\n  use_vllm: false\n"
    )
    + "  num_generations: 2\n  per_device_train_batch_size: 2\nrewards:\n  - use: own:score\n    weight: 1.0\n"
)
CHECKED = GRPO.replace("own:score", "exact_match")
OWN, SCORE = "data/own.py", "def score(completions, **columns):\n    return [%s for text in completions]\n"


def _own(bad: str, good: str) -> Example:
    """Return an example with a reward function whose score is the expression `bad` or `good`."""
    return Example(file=OWN, whole=True, command=RUN, bad=SCORE % bad, good=SCORE % good, given=((STAGE_FILE, GRPO),))


EXAMPLES: dict[str, Example | Situation] = {
    "RUN757": Situation(
        bad="The config of a PPO stage has `distributed: {processes: 2, strategy: fsdp}`.",
        good="The profile has `sharding: ddp`, so that each process holds the whole model.",
    ),
    "RUN758": Situation(
        bad="A reward model that diverged in training scores an answer as `nan`.",
        good="It is trained again at a lower `learning_rate`, and its agreement report is checked.",
    ),
    "RUN750": Example(
        file=STAGE_FILE,
        command=RUN,
        bad="  - use: own:scroe",
        good="  - use: own:score",
        given=((STAGE_FILE, GRPO), (OWN, SCORE % "1.0")),
    ),
    "RUN751": _own("1 / len(text[3:3])", "len(text) / 100"),
    "RUN752": _own("float('nan')", "len(text) / 100"),
    "RUN753": _own("float(len(bytearray(1 << 33)))", "len(text) / 100"),
    "RUN759": Example(
        file=OWN,
        whole=True,
        command=RUN,
        bad=SCORE % "0.0",
        good=SCORE % "len(text) / 100",
        given=((STAGE_FILE, f"{GRPO}zero_spread_steps: 2\n"),),
    ),
    "RUN754": Example(
        file=STAGE_FILE,
        command=RUN,
        bad="    shape: prompt\n",
        good="    shape: prompt-completion\n",
        given=((STAGE_FILE, CHECKED),),
    ),
    "RUN755": Example(
        file=STAGE_FILE,
        command=RUN,
        bad="  max_completion_length: 600",
        good="  max_completion_length: 8",
        given=((STAGE_FILE, CHECKED),),
    ),
    "RUN756": Example(
        file=STAGE_FILE,
        command=RUN,
        bad="  use_vllm: true",
        good="  use_vllm: false",
        given=((STAGE_FILE, CHECKED),),
    ),
}
