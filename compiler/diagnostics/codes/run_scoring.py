"""RUN733 to RUN758: a metric or a reward cannot score."""

from compiler.diagnostics.codes.row import Code

TABLE: dict[str, Code] = {
    "RUN733": Code(
        "error",
        "metric cannot be used",
        "The function of a metric cannot be imported, or its schema or pattern cannot be read.",
        "Fix the file, then compile the plan again.",
    ),
    "RUN734": Code(
        "error",
        "metric gives no score for many answers",
        "A function that fails on more than one answer in ten measures nothing. A few failures count as wrong answers, and "
        "the report counts them.",
        "Make the function return a truth value, or a number from 0 to 1, for any answer.",
    ),
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
}
