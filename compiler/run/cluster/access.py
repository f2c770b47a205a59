"""`trainspec access`: the objects that a cluster needs before it accepts plans of a profile.

An administrator reviews and applies the YAML: the namespace under the Pod Security Standard `restricted`, a network
policy that denies everything, one role for CI that applies plans, and one role for people who read their status. With
`--driver` it also holds the account, role and network policy of drivers (`driver.py`). No role reads Secrets or reaches
beyond the namespace. Several profiles may share a namespace, so the name of each object that depends on the profile
contains the profile's name.
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
    """A subject of a role binding; only a ServiceAccount has a namespace."""

    kind: str
    name: str
    namespace: str = ""


_SUBJECTS = {"user": "User", "group": "Group", "serviceaccount": "ServiceAccount"}
_ACCOUNT = re.compile(r"([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)/([a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?)")


def subject_of(text: str) -> Subject | None:
    """Parse a subject; return None for any other text.

    Subjects are `user:NAME`, `group:NAME` and `serviceaccount:NAMESPACE/NAME`.
    """
    prefix, _, name = text.partition(":")
    kind = _SUBJECTS.get(prefix)
    if kind is None or not name or not name.isprintable():
        return None
    if kind != "ServiceAccount":
        return Subject(kind=kind, name=name)
    account = _ACCOUNT.fullmatch(name)
    return account and Subject(kind=kind, namespace=account[1], name=account[2])


def is_network(text: str) -> bool:
    """Return whether Kubernetes accepts the text as a network.

    Examples: `10.0.0.0/16`, `fd00::1/128`.
    """
    try:
        return "/" in text and ip_network(text).prefixlen == int(text.rpartition("/")[2])
    except ValueError:
        return False


def access_text(
    profile: ClusterProfile, ci: Sequence[Subject], readers: Sequence[Subject], networks: Sequence[str] = ()
) -> Outcome[str]:
    """Render the objects as one YAML text.

    Without `ci`, the text has a ServiceAccount for CI. Without `readers`, their role has no binding. Without
    `networks`, the text has no objects for drivers.
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
    """Yield the template and the context of each object."""
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
    """Yield the template and the context of each object that drivers need."""
    if networks:
        name = _of_profile(DRIVER, profile)
        subject = Subject(kind="ServiceAccount", name=DRIVER, namespace=profile.spec.namespace)
        yield "service-account", {"name": DRIVER}
        yield "driver-role", {"name": name}
        yield "role-binding", {"name": name, "subjects": [subject]}
        yield "driver-policy", {"name": name, "networks": networks}


def _of_profile(prefix: str, profile: ClusterProfile) -> str:
    """Name an object that each profile of a namespace has separately."""
    return f"{prefix}-{profile.metadata.name}"
