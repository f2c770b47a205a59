"""Situations of codes CLU6xx: they come from a cluster, not from a file."""

from compiler.diagnostics.examples.example import Example, Situation

EXAMPLES: dict[str, Example | Situation] = {
    "CLU601": Situation(
        bad="`trainspec status specs/shop --kubeconfig ci.yaml`, and there is no file `ci.yaml`.",
        good="The file is there, and its current context names a cluster and a user.",
    ),
    "CLU602": Situation(
        bad="The API server is restarted, and stays away for more than two minutes.",
        good="It is back within two minutes: the command waits, and goes on where it was.",
    ),
    "CLU603": Situation(
        bad="The token of the kubeconfig ran out, and nothing renews it.",
        good="The token is valid, or the kubeconfig names a program that brings a new one.",
    ),
    "CLU604": Situation(
        bad="CI may read Jobs and not create them.",
        good="CI is bound to the Role that `trainspec access` prints.",
    ),
    "CLU605": Situation(
        bad="The profile asks for more memory than the quota of the namespace has left.",
        good="The pods of the plan fit into the quota.",
    ),
    "CLU606": Situation(
        bad="Somebody else's Job has the name of a stage's Job.",
        good="The names of the plan belong to the plan alone.",
    ),
    "CLU607": Situation(
        bad="`kubectl edit` changed the network policy of a plan, and CI applies the plan again.",
        good="Changes are made in the spec or the profile, and go through review.",
    ),
    "CLU608": Situation(
        bad="The spec was changed after `trainspec compile`, or the merged plan has another digest than the approved one.",
        good="`trainspec compile --check` ends with 0, and `--plan-digest` is the digest that `PLAN.md` shows.",
    ),
    "CLU609": Situation(
        bad="The profile names a namespace that nobody has created.",
        good="An administrator applied what `trainspec access` prints.",
    ),
    "CLU610": Situation(
        bad="A stage found a malformed row, and ended with 65, which is not tried again.",
        good="The row is mended, the plan compiled and applied again: only what changed runs.",
    ),
    "CLU611": Situation(
        bad="Somebody deleted the Job of a stage while it trained.",
        good="`trainspec apply --retry` starts it again, and it goes on from its last checkpoint.",
    ),
    "CLU613": Situation(
        bad="The profile has `output: jobset`, and the cluster has no JobSet controller.",
        good="The controller is installed, or the profile has `output: job`.",
    ),
    "CLU614": Situation(
        bad="A ConfigMap called `shop-ledger` was there before the plan `shop`.",
        good="The name is free: the first `apply` writes the ledger.",
    ),
    "CLU615": Situation(
        bad="`trainspec cancel` stopped a stage, and CI applies the plan again.",
        good="`trainspec apply --retry` says that it may go on.",
    ),
    "CLU616": Situation(
        bad="`trainspec logs specs/shop/plan sft` before that stage was started.",
        good="`trainspec logs specs/shop/plan evaluate-base`, of a stage that has a pod.",
    ),
    "CLU617": Situation(
        bad="`trainspec driver specs/shop/plan`, and the profile of the spec has no `driverImage`.",
        good="`driverImage: registry.example.com/trainspec/driver@sha256:…` is in the profile.",
    ),
    "CLU618": Situation(
        bad="`trainspec status specs` after `pip install trainspec`.",
        good="The same after `pip install 'trainspec[cluster]'`.",
    ),
}
