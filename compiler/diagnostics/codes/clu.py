"""CLU6xx: the cluster that plans are applied to, and their progress there."""

from compiler.diagnostics.codes.row import Code

TABLE: dict[str, Code] = {
    "CLU601": Code(
        "error",
        "no cluster is configured",
        "The kubeconfig is missing, cannot be read, or lacks the context.",
        "Name a kubeconfig with `--kubeconfig` or `KUBECONFIG`, and a context with `--context`.",
    ),
    "CLU602": Code(
        "error",
        "API server cannot be used",
        "It gave no valid answer for longer than the command waits.",
        "Make sure that it answers, then run the command again: it resumes where it stopped.",
    ),
    "CLU603": Code(
        "error",
        "credentials are not accepted",
        "The API server does not recognise the caller: a token has expired, or was never valid.",
        "Renew the credentials of the kubeconfig.",
    ),
    "CLU604": Code(
        "error",
        "call is forbidden",
        "The Roles of the caller lack a verb.",
        "Grant the verb that the message names; `trainspec access` prints a Role with all verbs.",
    ),
    "CLU605": Code(
        "error",
        "object is rejected",
        "The API server, a quota or an admission policy rejects an object of the plan; no object was written.",
        "Fix the profile or the spec as the message says, compile again, and apply.",
    ),
    "CLU606": Code(
        "error",
        "another object has the same name",
        "Names contain a digest of their content, so an object of the same name with other content was not made from this plan. Only the outputs claim of a spec has one name in all of its plans, and it cannot be changed.",
        "Delete that object if nothing uses it, or raise `rerun` in the spec for new names; for a claim, do as the message says.",
    ),
    "CLU607": Code(
        "error",
        "another manager holds fields of the object",
        "Two tools that apply the same object keep undoing each other's changes.",
        "Let only one tool apply the plan.",
    ),
    "CLU608": Code(
        "error",
        "plan is not the approved one",
        "Only a reviewed plan is applied: the folder must match its spec, and have the approved digest.",
        "Compile, have the change reviewed, and apply what was merged.",
    ),
    "CLU609": Code(
        "error",
        "namespace does not exist",
        "Plans do not create their namespace: it carries policies that an administrator sets.",
        "Create it; `trainspec access` prints it with the Roles that plans need.",
    ),
    "CLU610": Code(
        "error",
        "stage failed in the cluster",
        "Its Job ended with an error that a retry cannot fix, or used up its retries.",
        "Read the message, the events and the log, fix the cause, and apply again.",
    ),
    "CLU611": Code(
        "error",
        "stage was deleted before it had a result",
        "Its Job is gone, and the outputs volume holds no result of it; a person decides whether to run it again.",
        "Apply with `--retry`: the stage resumes from its last checkpoint.",
    ),
    "CLU613": Code(
        "error",
        "cluster does not know the kind",
        "The controller for the profile's `output` is not installed.",
        "Install the controller, or use another `output` in the profile.",
    ),
    "CLU614": Code(
        "error",
        "ledger cannot be read",
        "The ConfigMap with the plan's progress belongs to something else, is damaged, or was written by a later version.",
        "Use the version that wrote it, or restore it from a backup.",
    ),
    "CLU615": Code(
        "error",
        "stage was cancelled",
        "`trainspec cancel` stopped it, so the plan does not resume by itself.",
        "Apply with `--retry`: the stage resumes from its last checkpoint.",
    ),
    "CLU616": Code(
        "error",
        "nothing of it exists in the cluster",
        "The plan has no Jobs, has no such stage, or no pod of the stage exists (any more).",
        "Run `trainspec status` to see the progress of the plan.",
    ),
    "CLU617": Code(
        "error",
        "plan cannot have a driver",
        "A driver is a Job that needs an image with the compiler, and a ConfigMap with the plan folder.",
        "Name the image as `driverImage` in the profile, or apply the plan from CI.",
    ),
    "CLU618": Code(
        "error",
        "package for clusters is not installed",
        "Only the commands that use a cluster need the Kubernetes client, which is large, so it is an extra.",
        "Install the extra: pip install 'trainspec[cluster]'.",
    ),
}
