"""Read the Jobs of a rendered plan folder in order, with their configs.

Manifests are untrusted: only the runtime's own command and the variables that plans use are accepted.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compiler.diagnostics import Location, Outcome, diagnostic
from compiler.run.manifests import read_manifests, refused
from compiler.spec import labels
from compiler.spec.workloads import JOB, WORKLOADS
from compiler.spec.yaml.load import compose

COMMAND = ["python", "-m", "runtime"]
_ENV = re.compile(r"TRAINSPEC_[A-Z_]+|HF_[A-Z_]+|HOME|PYTHONUNBUFFERED")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_CONFIG = "config.yaml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Volume:
    """A mounted volume; `scratch` is true for an emptyDir."""

    name: str
    mount_path: str
    scratch: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalJob:
    """The parts of a Job that the executor uses: the command, its environment and its failure policy.

    `secrets` are variables whose values come from a Secret in a cluster, and from the caller's environment here.
    A `finished` Job had a result when the plan was compiled, and does not run again.
    """

    name: str
    stage: str
    method: str
    finished: bool
    order: int
    needs: str
    args: tuple[str, ...]
    env: Mapping[str, str]
    secrets: tuple[str, ...]
    volumes: tuple[Volume, ...]
    config_text: str
    config: Mapping[str, Any]
    backoff_limit: int
    deadline_seconds: int
    grace_seconds: int
    never_retry: frozenset[int]


class _UnusableError(Exception):
    """A manifest holds a value that the executor does not accept; the text names it."""


class _ForClustersError(Exception):
    """Only a cluster can run the stage; the text says why."""


def read_plan(folder: Path) -> Outcome[tuple[LocalJob, ...]]:
    """Return the Jobs of a plan folder in their order; empty if the plan renders none."""
    read = read_manifests(folder)
    if read.value is None:
        return Outcome(value=None, diagnostics=read.diagnostics)
    try:
        for each in read.value:
            _require_one_pod(each.data)
        configs = {each.name: each.data for each in read.value if each.kind == "ConfigMap"}
        manifests = [each for each in read.value if each.kind == JOB.kind.name]
        jobs = sorted((_job(each.data, configs, finished=not each.applied) for each in manifests), key=_order)
        _check_chain(jobs)
    except _ForClustersError as error:
        hint = "apply the plan to a cluster, or compile it with a profile of one node and `output: job`"
        found = diagnostic("RUN796", str(error), Location(path=str(folder)), hint=hint)
        return Outcome(value=None, diagnostics=(found,))
    except _UnusableError as error:
        return refused(str(error), folder)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        return refused(f"a manifest differs from a rendered one: {error}", folder)
    return Outcome(value=tuple(jobs))


def _require_one_pod(manifest: Mapping[str, Any]) -> None:
    """Raise for a stage that this machine cannot run: it is a single node without an operator."""
    workload = WORKLOADS.get(manifest.get("kind", ""))
    if workload is not None and workload.needs_operator:
        name, kind = manifest["metadata"]["name"], workload.kind.name
        raise _ForClustersError(f"`{name}` is rendered as a {kind}, which only an operator in a cluster runs")
    if workload is JOB and (nodes := manifest["spec"]["completions"]) != 1:
        raise _ForClustersError(f"`{manifest['metadata']['name']}` trains on {nodes} nodes, but this machine is one")


def _job(manifest: Mapping[str, Any], configs: Mapping[str, Mapping[str, Any]], *, finished: bool) -> LocalJob:
    meta, spec = manifest["metadata"], manifest["spec"]
    name, notes = meta["name"], meta["annotations"]
    if not _LABEL.fullmatch(name) or not _LABEL.fullmatch(notes[labels.STAGE]):
        raise _UnusableError(f"job name `{name}` is not one that trainspec renders")
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    if container["command"] != COMMAND:
        raise _UnusableError(
            f"job `{name}` runs `{' '.join(map(str, container['command']))}`; only `{' '.join(COMMAND)}` may run here"
        )
    env, secrets = _environment(name, container["env"])
    text = configs[_config_map(pod)]["data"][_CONFIG]
    config = _config(name, text)
    return LocalJob(
        name=name,
        stage=notes[labels.STAGE],
        method=config["method"],
        finished=finished,
        order=int(notes[labels.ORDER]),
        needs=notes[labels.NEEDS],
        args=tuple(container["args"]),
        env=env,
        secrets=secrets,
        volumes=tuple(_volumes(pod, container)),
        config_text=text,
        config=config,
        backoff_limit=int(spec["backoffLimit"]),
        deadline_seconds=int(spec["activeDeadlineSeconds"]),
        grace_seconds=int(pod["terminationGracePeriodSeconds"]),
        never_retry=frozenset(_never_retry(spec)),
    )


def _environment(job: str, entries: list[Mapping[str, Any]]) -> tuple[dict[str, str], tuple[str, ...]]:
    plain = {entry["name"]: str(entry["value"]) for entry in entries if "value" in entry}
    for name in plain:
        if not _ENV.fullmatch(name):
            raise _UnusableError(f"job `{job}` sets the variable `{name}`, which rendered jobs do not")
    return plain, tuple(entry["name"] for entry in entries if "valueFrom" in entry)


def _config_map(pod: Mapping[str, Any]) -> str:
    return str(next(volume["configMap"]["name"] for volume in pod["volumes"] if "configMap" in volume))


def _volumes(pod: Mapping[str, Any], container: Mapping[str, Any]) -> Iterator[Volume]:
    scratch = {volume["name"] for volume in pod["volumes"] if "emptyDir" in volume}
    for mount in container["volumeMounts"]:
        if not _LABEL.fullmatch(mount["name"]):
            raise _UnusableError(f"volume name `{mount['name']}` is not one that trainspec renders")
        yield Volume(name=mount["name"], mount_path=mount["mountPath"], scratch=mount["name"] in scratch)


def _config(job: str, text: str) -> Mapping[str, Any]:
    outcome = compose(text, job)
    data = outcome.value.data if outcome.value is not None else None
    if not isinstance(data, dict) or not isinstance(data["method"], str) or not isinstance(data["model"]["path"], str):
        raise _UnusableError(f"the config of job `{job}` is not a stage config")
    return data


def _never_retry(spec: Mapping[str, Any]) -> Iterator[int]:
    for rule in spec["podFailurePolicy"]["rules"]:
        if rule["action"] == "FailJob":
            yield from rule["onExitCodes"]["values"]


def _order(job: LocalJob) -> int:
    return job.order


def _check_chain(jobs: list[LocalJob]) -> None:
    for before, job in zip([None, *jobs], jobs, strict=False):
        needed = before.name if before else ""
        if job.needs != needed:
            raise _UnusableError(f"job `{job.name}` needs `{job.needs}`, but `{needed}` comes before it")
