"""Situations of CLU6xx: a cluster causes them, not a file."""

from compiler.diagnostics.examples.example import Example, Situation

EXAMPLES: dict[str, Example | Situation] = {
    "CLU601": Situation(
        bad="`trainspec status specs/shop --kubeconfig ci.yaml` is run, but the file `ci.yaml` does not exist.",
        good="The file exists, and its current context names a cluster and a user.",
    ),
    "CLU602": Situation(
        bad="The API server restarts, and is unavailable for more than two minutes.",
        good="It is back within two minutes: the command waits, then continues.",
    ),
    "CLU603": Situation(
        bad="The token of the kubeconfig has expired, and nothing renews it.",
        good="The token is valid, or the kubeconfig names a program that fetches a new one.",
    ),
    "CLU604": Situation(
        bad="CI may read Jobs, but not create them.",
        good="CI is bound to the Role that `trainspec access` prints.",
    ),
    "CLU605": Situation(
        bad="The profile asks for more memory than the quota of the namespace has left.",
        good="The pods of the plan fit into the quota.",
    ),
    "CLU606": Situation(
        bad="Somebody else's Job has the same name as the Job of a stage.",
        good="No other object has a name of the plan.",
    ),
    "CLU607": Situation(
        bad="`kubectl edit` changed the network policy of a plan, and CI applies the plan again.",
        good="Changes are made in the spec or the profile, and go through review.",
    ),
    "CLU608": Situation(
        bad="The spec was changed after `trainspec compile`, or the merged plan has another digest than the approved one.",
        good="`trainspec compile --check` exits with 0, and `--plan-digest` is the digest that `PLAN.md` shows.",
    ),
    "CLU609": Situation(
        bad="The profile names a namespace that nobody has created.",
        good="An administrator applied what `trainspec access` prints.",
    ),
    "CLU610": Situation(
        bad="A stage found a malformed row, and exited with 65, which is not retried.",
        good="The row is fixed, and the plan compiled and applied again: only changed stages run.",
    ),
    "CLU611": Situation(
        bad="Somebody deleted the Job of a stage while it trained.",
        good="`trainspec apply --retry` starts it again, and it resumes from its last checkpoint.",
    ),
    "CLU613": Situation(
        bad="The profile has `output: jobset`, and the cluster has no JobSet controller.",
        good="The controller is installed, or the profile has `output: job`.",
    ),
    "CLU614": Situation(
        bad="A ConfigMap `shop-ledger` existed before the plan `shop`.",
        good="The name is free: the first `apply` writes the ledger.",
    ),
    "CLU615": Situation(
        bad="`trainspec cancel` stopped a stage, and CI applies the plan again.",
        good="`trainspec apply --retry` lets the stage resume.",
    ),
    "CLU616": Situation(
        bad="`trainspec logs specs/shop/plan sft` is run before that stage has started.",
        good="`trainspec logs specs/shop/plan evaluate-base` is run for a stage that has a pod.",
    ),
    "CLU617": Situation(
        bad="`trainspec driver specs/shop/plan` is run, but the profile of the spec has no `driverImage`.",
        good="The profile sets `driverImage: registry.example.com/trainspec/driver@sha256:…`.",
    ),
    "CLU618": Situation(
        bad="`trainspec status specs` is run after `pip install trainspec`.",
        good="It is run after `pip install 'trainspec[cluster]'`.",
    ),
}
