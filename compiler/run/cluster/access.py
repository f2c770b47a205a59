"""`trainspec access`: what a cluster needs before plans of a profile can be applied to it, as YAML for its admin.

The namespace under the Pod Security Standard `restricted`, a network policy that denies everything, and two roles: one
for what applies plans, one for people who look at them. Where asked for, what drivers of plans run as (`driver.py`).
No role reads Secrets, and none reaches beyond the namespace. What depends on the profile, or on who is named for it,
has the profile in its name: several profiles may share a namespace.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_network

from compiler import __version__
from compiler.diagnostics import Diagnostic, Outcome
from compiler.render.templates import render_object
from compiler.spec.schema.cluster_profile import ClusterProfile
from compiler.spec.workloads import OUTPUTS

APPLY, READ, DRIVER = "trainspec-apply", "trainspec-read", "trainspec-driver"


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """Who a role is for; only a ServiceAccount has a namespace."""

    kind: str
    name: str
    namespace: str = ""


_SUBJECTS = {"user": "User", "group": "Group", "serviceaccount": "ServiceAccount"}
_ACCOUNT = re.compile(r"([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)/([a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?)")


def subject_of(text: str) -> Subject | None:
    """`user:NAME`, `group:NAME` or `serviceaccount:NAMESPACE/NAME` as a subject; None for anything else."""
    prefix, _, name = text.partition(":")
    kind = _SUBJECTS.get(prefix)
    if kind is None or not name or not name.isprintable():
        return None
    if kind != "ServiceAccount":
        return Subject(kind=kind, name=name)
    account = _ACCOUNT.fullmatch(name)
    return account and Subject(kind=kind, namespace=account[1], name=account[2])


def is_network(text: str) -> bool:
    """Whether it is a network as Kubernetes takes it, such as `10.0.0.0/16` or `fd00::1/128`."""
    try:
        return "/" in text and ip_network(text).prefixlen == int(text.rpartition("/")[2])
    except ValueError:
        return False


def access_text(
    profile: ClusterProfile, ci: Sequence[Subject], readers: Sequence[Subject], networks: Sequence[str] = ()
) -> Outcome[str]:
    """The objects as one YAML text. Without `ci` a ServiceAccount is made for it; without `readers` their role is there
    to be bound; without `networks` there is nothing for drivers.
    """
    found: list[Diagnostic] = []
    common = {
        "profile": profile,
        "body": profile.spec,
        "version": __version__,
        "workload": OUTPUTS[profile.spec.output],
    }
    texts = [
        render_object(template, f"access/{template}.yaml.j2", common | context, found).text
        for template, context in (*_objects(profile, ci, readers), *_for_drivers(profile, networks))
    ]
    return Outcome(value=None if found else "---\n".join(texts), diagnostics=tuple(found))


def _objects(
    profile: ClusterProfile, ci: Sequence[Subject], readers: Sequence[Subject]
) -> Iterator[tuple[str, dict[str, object]]]:
    """Template and context of each object."""
    yield "namespace", {}
    yield "network-policy", {}
    if not ci:
        ci = [Subject(kind="ServiceAccount", name=APPLY, namespace=profile.spec.namespace)]
        yield "service-account", {"name": APPLY}
    for prefix, template, subjects in ((APPLY, "apply-role", ci), (READ, "read-role", readers)):
        name = _of_profile(prefix, profile)
        yield template, {"name": name}
        if subjects:
            yield "role-binding", {"name": name, "subjects": subjects}


def _for_drivers(profile: ClusterProfile, networks: Sequence[str]) -> Iterator[tuple[str, dict[str, object]]]:
    """Template and context of each object that drivers need."""
    if networks:
        name = _of_profile(DRIVER, profile)
        subject = Subject(kind="ServiceAccount", name=DRIVER, namespace=profile.spec.namespace)
        yield "service-account", {"name": DRIVER}
        yield "driver-role", {"name": name}
        yield "role-binding", {"name": name, "subjects": [subject]}
        yield "driver-policy", {"name": name, "networks": networks}


def _of_profile(prefix: str, profile: ClusterProfile) -> str:
    """The name of what a profile has of its own beside others of its namespace."""
    return f"{prefix}-{profile.metadata.name}"
