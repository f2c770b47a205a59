"""The stages that may reach the network, their ports and their keys; all other stages run offline."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from compiler.plan.model import Plan, Stage
from compiler.spec.schema.cluster_profile import Bucket, Hub, ProfileBody, SecretRef, Source
from runtime.contract.judging import KEY_VARIABLE
from runtime.contract.served import MODEL_KEY, REFLECTION_KEY

# the block of a config whose endpoint a stage queries, by the key that only this stage gets
_BLOCK_OF_KEY = {KEY_VARIABLE: "judge", MODEL_KEY: "served", REFLECTION_KEY: "reflection"}
_POLICY_OF_BLOCK = {"served": "model", "reflection": "reflection"}


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
    for block, name in _POLICY_OF_BLOCK.items():
        asking = [stage for stage in plan.pending if block in stage.config]
        if asking:
            port = _port(asking[0].config[block]["endpoint"])
            stages = tuple(stage.name for stage in asking)
            yield Egress(file=f"{name}-policy.yaml", name=name, stages=stages, ports=(port,))
    if source is not None and "load" in methods and (ports := _ports_of(source)):
        yield Egress(file="load-policy.yaml", name="load", stages=("load",), ports=tuple(sorted(ports)))


def asks_judge(stage: Stage) -> bool:
    """Whether the stage sends answers to a judge."""
    return stage.config.get("judge") is not None


def secrets_of(stage: Stage, profile: ProfileBody) -> list[SecretRef]:
    """Return the profile's secrets that the stage gets: the key of an endpoint only where the endpoint is queried."""
    return [
        each
        for each in profile.secrets
        if each.env not in _BLOCK_OF_KEY or stage.config.get(_BLOCK_OF_KEY[each.env]) is not None
    ]


def _ports_of(source: Source) -> set[int]:
    """Return the ports of a bucket and a hub; none for a mounted folder."""
    ports = _ports_of_bucket(source.bucket) if source.bucket is not None else set()
    return ports | _ports_of_hub(source.hub) if source.hub is not None else ports


def _ports_of_bucket(bucket: Bucket) -> set[int]:
    """Return the ports of the storage and of the service that exchanges identities for keys."""
    own = _port(bucket.endpoint) if bucket.endpoint else 443
    return {own, 443} if bucket.service_account else {own}


def _ports_of_hub(hub: Hub) -> set[int]:
    """Return the ports of the hub and of the hosts to which it sends downloads, or of the proxy to both."""
    if hub.proxy is not None:
        return {_port(hub.proxy)}
    return {_port(hub.endpoint), 443} if hub.endpoint else {443}


def _port(endpoint: str) -> int:
    """Return the port of a URI, or its scheme's default."""
    parts = urlsplit(endpoint)
    return parts.port or {"http": 80, "https": 443}[parts.scheme]
