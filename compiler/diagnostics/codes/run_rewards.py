"""RUN750 to RUN759: failures of rewards, and of the training that optimises them."""

from compiler.diagnostics.codes.row import Code

TABLE: dict[str, Code] = {
    "RUN750": Code(
        "error",
        "reward cannot be used",
        "A term names a function that does not exist or cannot be imported, or has invalid options.",
        "Correct `spec.reward`, or the code that it names.",
    ),
    "RUN751": Code(
        "error",
        "reward function failed",
        "A reward function must score whatever a model writes; the last checkpoint is kept.",
        "Correct the function at the line that the message names.",
    ),
    "RUN752": Code(
        "error",
        "reward gave no score",
        "A function must return one finite number, or `None`, for each completion.",
        "Return one finite number for each completion, or `None` where the term does not apply.",
    ),
    "RUN753": Code(
        "error",
        "reward exceeded its limits",
        "Reward code runs in a process with limits of time and memory, so that it cannot block a GPU.",
        "Make the function faster, or reduce its memory.",
    ),
    "RUN754": Code(
        "error",
        "rows lack the right answer of a reward",
        "A row holds no right answer, or names a database without a script.",
        "Correct the rows, or use a reward that needs no right answer.",
    ),
    "RUN755": Code(
        "error",
        "prompts leave no room for an answer",
        "A prompt and the longest answer together exceed the model's context; prompts are not cut.",
        "Shorten the prompts, or lower `max_completion_length`.",
    ),
    "RUN756": Code(
        "error",
        "generation engine is not installed",
        "`use_vllm` is set, but the image has no vLLM.",
        "Use an image with vLLM, or remove `use_vllm`.",
    ),
    "RUN757": Code(
        "error",
        "PPO needs whole models",
        "Each process of a PPO stage samples answers, and so holds all weights; the plan shards them.",
        "Use `sharding: ddp` in the cluster profile, or use GRPO.",
    ),
    "RUN758": Code(
        "error",
        "reward model gave no finite score",
        "It scored an answer as infinite or NaN, and a policy cannot learn from such a score.",
        "Train the reward model again at a lower `learning_rate`.",
    ),
    "RUN759": Code(
        "error",
        "rewards do not differ",
        "Reinforcement learning compares the rewards of answers; where all are equal, no step changes the model. The "
        "limit is `zeroSpreadSteps` of the method in `spec.training`.",
        "Use prompts that the model answers right sometimes, a higher `temperature`, or a reward with partial credit.",
    ),
}
