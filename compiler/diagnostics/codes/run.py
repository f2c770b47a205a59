"""RUN700 to RUN749: failures of a stage, which the runtime reports; those of its settings are in `run_settings`.

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
    "RUN706": Code(
        "error",
        "file is not what its name says",
        "A Git LFS pointer, the error page of a download, a file of another format or a part of a compressed file holds "
        "no content that a stage could use.",
        "Fetch the file itself, as with `git lfs pull`, and copy it to the volume again.",
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
        "The model's tokenizer has no chat template, or one that rejects these turns or loses a text of theirs: a system turn, tools, calls, thoughts.",
        "Use a model whose template writes them, or write the rows in another form.",
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
    "RUN735": Code(
        "error",
        "judge gives no verdict",
        "Twice in a row its reply holds none, for more than one answer in twenty: a score would leave out too many.",
        "Use a judge that follows the format, or shorten the rubric; the verdicts so far are kept.",
    ),
    "RUN736": Code(
        "error",
        "labels of answers cannot be read",
        "A row of the labelled answers is malformed, or a file that the command names is missing.",
        "Correct the rows that the message names.",
    ),
    "RUN738": Code(
        "error",
        "hub serves other content than the pinned one",
        "The commit or the hash of a file differs, or the hub names none; such a file is not used.",
        "Find out what changes it: a mirror, or a proxy.",
    ),
    "RUN739": Code(
        "error",
        "repository has no usable model",
        "A stage reads the transformers format with safetensors weights; pickles can run code.",
        "Name a repository and a commit that have them.",
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
}
