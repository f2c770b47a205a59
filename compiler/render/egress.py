"""The stages that may reach the network, and their ports; all other stages run offline."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from compiler.plan.model import Plan
from compiler.spec.schema.cluster_profile import Bucket


@dataclass(frozen=True, kw_only=True, slots=True)
class Egress:
    """A policy that lets the pods of a stage resolve names and reach `ports`."""

    file: str
    stage: str
    ports: tuple[int, ...]


def egress_of(plan: Plan) -> Iterator[Egress]:
    """Yield the policies that a plan's unfinished stages need."""
    teacher, source = plan.inputs.spec.spec.teacher, plan.inputs.profile.spec.storage.source
    methods = {stage.method for stage in plan.pending}
    if teacher is not None and teacher.endpoint and "teacher" in methods:
        yield Egress(file="egress-policy.yaml", stage="teacher", ports=(_port(teacher.endpoint),))
    if source is not None and source.bucket is not None and "load" in methods:
        yield Egress(file="load-policy.yaml", stage="load", ports=_ports_of(source.bucket))


def _ports_of(bucket: Bucket) -> tuple[int, ...]:
    """Return the ports of the storage and of the service that exchanges identities for keys."""
    own = _port(bucket.endpoint) if bucket.endpoint else 443
    return tuple(sorted({own, 443} if bucket.service_account else {own}))


def _port(endpoint: str) -> int:
    """Return the port of a URI, or its scheme's default."""
    parts = urlsplit(endpoint)
    return parts.port or {"http": 80, "https": 443}[parts.scheme]
