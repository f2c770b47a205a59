"""The stages that may reach the network, their ports and their keys; all other stages run offline."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from compiler.plan.model import Plan, Stage
from compiler.spec.schema.cluster_profile import Bucket, Hub, ProfileBody, SecretRef, Source
from runtime.contract.judging import KEY_VARIABLE
from runtime.contract.served import MODEL_KEY, REFLECTION_KEY, TEACHER_KEY

# the blocks of a config that name an endpoint: the policy that opens its port, with its file, and the key that only its
# stages get
_POLICIES = {
    "teacher": ("teacher", "egress-policy.yaml"),
    "served": ("model", "model-policy.yaml"),
    "reflection": ("reflection", "reflection-policy.yaml"),
    "judge": ("judge", "judge-policy.yaml"),
}
_KEYS = {TEACHER_KEY: "teacher", MODEL_KEY: "served", REFLECTION_KEY: "reflection", KEY_VARIABLE: "judge"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Egress:
    """A policy, called `name`, that lets the pods of some stages resolve names and reach `ports`."""

    file: str
    name: str
    stages: tuple[str, ...]
    ports: tuple[int, ...]


def egress_of(plan: Plan) -> Iterator[Egress]:
    """Yield the policies that a plan's unfinished stages need."""
    for block, (name, file) in _POLICIES.items():
        asking = [stage for stage in plan.pending if queries(stage, block)]
        if asking:
            ports = tuple(sorted({_port(stage.config[block]["endpoint"]) for stage in asking}))
            yield Egress(file=file, name=name, stages=tuple(stage.name for stage in asking), ports=ports)
    source = plan.inputs.profile.spec.storage.source
    loads = any(stage.method == "load" for stage in plan.pending)
    if source is not None and loads and (ports := tuple(sorted(_ports_of(source)))):
        yield Egress(file="load-policy.yaml", name="load", stages=("load",), ports=ports)


def queries(stage: Stage, block: str) -> bool:
    """Return whether the stage queries the endpoint that this block of its config names."""
    return bool((stage.config.get(block) or {}).get("endpoint"))


def secrets_of(stage: Stage, profile: ProfileBody) -> list[SecretRef]:
    """Return the profile's secrets that the stage gets: the key of an endpoint only where the stage queries it."""
    return [each for each in profile.secrets if each.env not in _KEYS or queries(stage, _KEYS[each.env])]


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
