"""RUN770: nodes that do not meet. RUN79x: failures of the local executor, `trainspec run`."""

from compiler.diagnostics.codes.row import Code

TABLE: dict[str, Code] = {
    "RUN770": Code(
        "error",
        "nodes did not meet",
        "A stage on several nodes starts when all its pods run and can reach the first pod by its name.",
        "Look for pending pods, and for a missing service or network policy.",
    ),
    "RUN791": Code(
        "error",
        "plan folder cannot be run",
        "The folder lacks the rendered objects, or they are inconsistent.",
        "Compile the spec again.",
    ),
    "RUN792": Code(
        "error",
        "model does not exist",
        "Stages run offline, so the model must be in the models folder.",
        "Fetch the model, then run again.",
    ),
    "RUN793": Code(
        "error",
        "stage failed",
        "The stage's process ended with an error.",
        "Read the message and the log, fix the cause, then run again.",
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
        "The results cannot be kept.",
        "Free space, or use another `--work` folder; finished stages are kept.",
    ),
    "RUN796": Code(
        "error",
        "stage cannot be run here",
        "A stage needs several nodes or a workload other than a Job, which only a cluster runs, or a method that the "
        "runtime of this version does not implement; no stage was started.",
        "Apply the plan to a cluster, compile it with a profile of one node and `output: job`, or keep it for review.",
    ),
    "RUN797": Code(
        "error",
        "result cannot be collected",
        "The `metrics.json` of a Job is damaged, or does not belong to the Job of this plan.",
        "Remove the Job's output folder, then run the plan again.",
    ),
    "RUN798": Code(
        "error",
        "evidence cannot be written",
        "The results were read, but not kept.",
        "Free space or fix the permissions, then collect again.",
    ),
}
