"""CLU6xx: the cluster that plans are applied to, and what became of them there."""

from compiler.diagnostics.codes.row import Code

TABLE: dict[str, Code] = {
    "CLU601": Code(
        "error",
        "no cluster to talk to",
        "There is no kubeconfig, it cannot be read, or it has no such context.",
        "Name a kubeconfig by `--kubeconfig` or `KUBECONFIG`, and a context by `--context`.",
    ),
    "CLU602": Code(
        "error",
        "API server cannot be used",
        "It did not answer, or not as an API server does, for longer than the command waits.",
        "See that it answers, then run the command again: it goes on where it was.",
    ),
    "CLU603": Code(
        "error",
        "credentials are not accepted",
        "The API server does not know who asks: a token ran out, or was never valid.",
        "Renew the credentials of the kubeconfig.",
    ),
    "CLU604": Code(
        "error",
        "call is forbidden",
        "The Roles of the one who asks lack a verb.",
        "Grant the verb that the message names; `trainspec access` prints a Role that has all that is needed.",
    ),
    "CLU605": Code(
        "error",
        "object is refused",
        "The API server, a quota or an admission policy does not take an object of the plan; nothing of the plan was written.",
        "Mend the profile or the spec as the message says, compile again, and apply.",
    ),
    "CLU606": Code(
        "error",
        "another object has the name",
        "Names hold a digest of what they stand for, so an object of the same name with other content was not made from this plan. Only the claim of a spec's outputs has the same name in all of its plans, and cannot change its kind.",
        "Delete that object if nothing uses it, or raise `rerun` in the spec for new names; for a claim, do as the message says.",
    ),
    "CLU607": Code(
        "error",
        "another manager holds fields of the object",
        "Two tools that apply the same object would undo each other's changes for ever.",
        "Let one tool alone apply the plan.",
    ),
    "CLU608": Code(
        "error",
        "plan is not the approved one",
        "Only what was reviewed is applied: the folder must be what its spec compiles to, with the digest that was approved.",
        "Compile, have the change reviewed, and apply what was merged.",
    ),
    "CLU609": Code(
        "error",
        "namespace is not there",
        "Plans do not create their namespace: it carries policies that an administrator decides on.",
        "Create it; `trainspec access` prints it with the Roles that plans need.",
    ),
    "CLU610": Code(
        "error",
        "stage failed in the cluster",
        "Its Job ended with an error that is not worth another try, or tried as often as it may.",
        "Read the message, the events and the log, mend the cause, and apply again.",
    ),
    "CLU611": Code(
        "error",
        "stage was deleted before it had a result",
        "Its Job is gone, and the outputs volume holds no result of it; running it again is for people to decide.",
        "Apply with `--retry`: it goes on from its last checkpoint.",
    ),
    "CLU613": Code(
        "error",
        "cluster does not know the kind",
        "The profile asks for an output whose engine is not installed.",
        "Install the engine, or choose another `output` in the profile.",
    ),
    "CLU614": Code(
        "error",
        "ledger cannot be read",
        "The ConfigMap in which a plan's progress is kept is another one, damaged, or of a later version.",
        "Use the version that wrote it, or restore it from a backup.",
    ),
    "CLU615": Code(
        "error",
        "stage was cancelled",
        "`trainspec cancel` stopped it, so the plan does not go on by itself.",
        "Apply with `--retry`: it goes on from its last checkpoint.",
    ),
    "CLU616": Code(
        "error",
        "nothing of it is in the cluster",
        "The plan has no Jobs, has no such stage, or no pod of it is there (any more).",
        "See where the plan stands with `trainspec status`.",
    ),
    "CLU617": Code(
        "error",
        "plan cannot have a driver",
        "A driver is a Job that needs an image with the compiler, and brings the plan folder along in a ConfigMap.",
        "Name the image as `driverImage` in the profile, or apply the plan from CI.",
    ),
    "CLU618": Code(
        "error",
        "package for clusters is not installed",
        "The Kubernetes client is large, and only the commands that talk to a cluster need it, so it is an extra.",
        "Install the extra: `pip install 'trainspec[cluster]'`.",
    ),
}
