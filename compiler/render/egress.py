"""The stages that may reach the network, their ports and their keys; all other stages run offline."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from compiler.plan.model import Plan, Stage
from compiler.spec.schema.cluster_profile import Bucket, Hub, ProfileBody, SecretRef, Source
from runtime.contract.judging import KEY_VARIABLE
from runtime.contract.served import MODEL_KEY


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
    taught = tuple(stage.name for stage in plan.pending if stage.method in ("teacher", "probe"))
    if teacher is not None and teacher.endpoint and taught:
        yield Egress(file="egress-policy.yaml", name="teacher", stages=taught, ports=(_port(teacher.endpoint),))
    serving = plan.inputs.spec.spec.serving
    served = tuple(stage.name for stage in plan.pending if asks_model(stage))
    if serving is not None and served:
        yield Egress(file="model-policy.yaml", name="model", stages=served, ports=(_port(serving.endpoint),))
    judged = tuple(stage.name for stage in plan.pending if asks_judge(stage))
    if judge is not None and judged:
        yield Egress(file="judge-policy.yaml", name="judge", stages=judged, ports=(_port(judge.endpoint),))
    if source is not None and "load" in methods and (ports := _ports_of(source)):
        yield Egress(file="load-policy.yaml", name="load", stages=("load",), ports=tuple(sorted(ports)))


def asks_judge(stage: Stage) -> bool:
    """Whether the stage sends answers to a judge."""
    return stage.config.get("judge") is not None


def asks_model(stage: Stage) -> bool:
    """Whether the stage sends prompts to the endpoint of the spec's model."""
    return stage.config.get("served") is not None


def secrets_of(stage: Stage, profile: ProfileBody) -> list[SecretRef]:
    """Return the profile's secrets that the stage gets: the key of a judge or a model only where it is asked."""
    needed = {KEY_VARIABLE: asks_judge(stage), MODEL_KEY: asks_model(stage)}
    return [each for each in profile.secrets if needed.get(each.env, True)]


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
