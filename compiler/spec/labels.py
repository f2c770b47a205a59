"""Labels and annotations that the compiler writes and reads; templates write the same ones.

A label of every object belongs in two places: `plan_labels` and `templates/kubernetes/_labels.yaml.j2`.
"""

from compiler import __version__

NAME = "app.kubernetes.io/name"
INSTANCE = "app.kubernetes.io/instance"
VERSION = "app.kubernetes.io/version"
COMPONENT = "app.kubernetes.io/component"
PART_OF = "app.kubernetes.io/part-of"  # the plan
MANAGED_BY = "app.kubernetes.io/managed-by"
TRAINSPEC = "trainspec"

KUEUE = "kueue.x-k8s.io/"
QUEUE = f"{KUEUE}queue-name"

OURS = "trainspec.dev/"
STAGE = f"{OURS}stage"  # also on pods
ORDER = f"{OURS}order"
NEEDS = f"{OURS}needs"
PLAN_DIGEST = f"{OURS}plan-digest"
REPORTS = f"{OURS}reports"  # on a Job that only reads the result of another
TRIED = f"{OURS}tried"  # on a ledger: the digest of the plan that a dry run accepted


def plan_labels(plan: str, component: str) -> dict[str, str]:
    """Return the labels of an object of a plan."""
    return {
        NAME: TRAINSPEC,
        INSTANCE: plan,
        VERSION: __version__,
        COMPONENT: component,
        PART_OF: plan,
        MANAGED_BY: TRAINSPEC,
    }
