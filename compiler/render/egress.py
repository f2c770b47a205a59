"""The stages that may reach the network, their ports and their keys; all other stages run offline."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from compiler.plan.model import Plan, Stage
from compiler.spec.schema.cluster_profile import Bucket, ProfileBody, SecretRef
from runtime.contract.judging import KEY_VARIABLE


@dataclass(frozen=True, kw_only=True, slots=True)
class Egress:
    """A policy, called `name`, that lets the pods of some stages resolve names and reach `ports`."""

    file: str
    name: str
    stages: tuple[str, ...]
    ports: tuple[int, ...]


def egress_of(plan: Plan) -> Iterator[Egress]:
    """Yield the policies that a plan's unfinished stages need."""
    teacher, judge = plan.inputs.spec.spec.teacher, plan.inputs.spec.spec.judge
    source = plan.inputs.profile.spec.storage.source
    methods = {stage.method for stage in plan.pending}
    if teacher is not None and teacher.endpoint and "teacher" in methods:
        yield Egress(file="egress-policy.yaml", name="teacher", stages=("teacher",), ports=(_port(teacher.endpoint),))
    judged = tuple(stage.name for stage in plan.pending if asks_judge(stage))
    if judge is not None and judged:
        yield Egress(file="judge-policy.yaml", name="judge", stages=judged, ports=(_port(judge.endpoint),))
    if source is not None and source.bucket is not None and "load" in methods:
        yield Egress(file="load-policy.yaml", name="load", stages=("load",), ports=_ports_of(source.bucket))


def asks_judge(stage: Stage) -> bool:
    """Whether the stage sends answers to a judge."""
    return stage.config.get("judge") is not None


def secrets_of(stage: Stage, profile: ProfileBody) -> list[SecretRef]:
    """Return the profile's secrets that the stage gets: the judge's key only where a judge is asked."""
    return [each for each in profile.secrets if each.env != KEY_VARIABLE or asks_judge(stage)]


def _ports_of(bucket: Bucket) -> tuple[int, ...]:
    """Return the ports of the storage and of the service that exchanges identities for keys."""
    own = _port(bucket.endpoint) if bucket.endpoint else 443
    return tuple(sorted({own, 443} if bucket.service_account else {own}))


def _port(endpoint: str) -> int:
    """Return the port of a URI, or its scheme's default."""
    parts = urlsplit(endpoint)
    return parts.port or {"http": 80, "https": 443}[parts.scheme]
