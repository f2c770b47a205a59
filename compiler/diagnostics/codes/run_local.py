"""RUN770 and RUN79x: failures of the local executor, `trainspec run`."""

from compiler.diagnostics.codes.row import Code

TABLE: dict[str, Code] = {
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
