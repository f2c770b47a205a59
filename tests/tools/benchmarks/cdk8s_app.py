"""The same objects as `trainspec compile` renders for the generated specs, made with cdk8s: `cdk8s_app.py COUNT OUT`.

Runs in an environment that has `cdk8s`. It only builds and writes objects: no spec is read, nothing is checked or decided.
"""

import sys

import cdk8s
from constructs import Construct

STAGES = ("evaluate-base", "sft", "evaluate-sft", "dpo", "evaluate-dpo")
IMAGE = f"registry.example.com/runtime@sha256:{'0123456789abcdef' * 4}"


def labels(name: str, component: str) -> dict[str, str]:
    return {
        "app.kubernetes.io/name": "trainspec",
        "app.kubernetes.io/instance": name,
        "app.kubernetes.io/version": "0.1.0",
        "app.kubernetes.io/component": component,
        "app.kubernetes.io/part-of": name,
        "app.kubernetes.io/managed-by": "cdk8s",
    }


def add(chart: Construct, part: str, version: str, kind: str, name: str, component: str, **fields: object) -> None:
    metadata = cdk8s.ApiObjectMetadata(name=name, namespace="training", labels=labels(chart.node.id, component))
    made = cdk8s.ApiObject(chart, part, api_version=version, kind=kind, metadata=metadata)
    made.add_json_patch(*(cdk8s.JsonPatch.add(f"/{field}", value) for field, value in fields.items()))


def job_spec(name: str, job: str, stage: str) -> dict[str, object]:
    env = {
        "TRAINSPEC_MODELS": "/models",
        "TRAINSPEC_DATA": "/data",
        "TRAINSPEC_OUTPUTS": "/outputs",
        "TRAINSPEC_TERMINATION_LOG": "/dev/termination-log",
        "HOME": "/tmp",
        "HF_HOME": "/cache/huggingface",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "PYTHONUNBUFFERED": "1",
    }
    resources = {"cpu": "2", "memory": "8Gi", "ephemeral-storage": "2Gi"}
    mounts = {
        "config": "/etc/trainspec",
        "models": "/models",
        "data": "/data",
        "outputs": "/outputs",
        "cache": "/cache",
    }
    container = {
        "name": "stage",
        "image": IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python", "-m", "runtime"],
        "args": ["/etc/trainspec/config.yaml"],
        "env": [{"name": key, "value": value} for key, value in env.items()],
        "resources": {"requests": resources, "limits": resources},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [{"name": key, "mountPath": path} for key, path in mounts.items()],
    }
    claims = {"models": "models", "data": "specs", "outputs": f"{name}-outputs"}
    volumes = [{"name": "config", "configMap": {"name": job}}, {"name": "cache", "emptyDir": {"sizeLimit": "1Gi"}}]
    volumes += [{"name": key, "persistentVolumeClaim": {"claimName": claim}} for key, claim in claims.items()]
    return {
        "backoffLimit": 3,
        "activeDeadlineSeconds": 14400,
        "completions": 1,
        "parallelism": 1,
        "podReplacementPolicy": "Failed",
        "podFailurePolicy": {
            "rules": [
                {
                    "action": "FailJob",
                    "onExitCodes": {"containerName": "stage", "operator": "In", "values": [65, 66, 78, 80]},
                },
                {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
            ]
        },
        "template": {
            "metadata": {"labels": {"app.kubernetes.io/name": "trainspec", "trainspec.dev/stage": stage}},
            "spec": {
                "restartPolicy": "Never",
                "terminationGracePeriodSeconds": 120,
                "automountServiceAccountToken": False,
                "enableServiceLinks": False,
                "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "fsGroup": 65532},
                "containers": [container],
                "volumes": volumes,
            },
        },
    }


def config(name: str, job: str, stage: str) -> str:
    fields = {"schema": "trainspec.dev/stage/v1", "plan": name, "stage": stage, "output": job, "seed": 42}
    fields |= {f"field_{number}": number / 7 for number in range(24)}
    return "".join(f"{key}: {value}\n" for key, value in fields.items())


def main(count: int, out: str) -> None:
    app = cdk8s.App(outdir=out)
    for number in range(count):
        name = f"shop-{number:05d}"
        chart = cdk8s.Chart(app, name)
        for stage in STAGES:
            job = f"{name}-{stage}-0123456789"
            data = {"config.yaml": config(name, job, stage)}
            add(chart, f"{stage}-config", "v1", "ConfigMap", job, stage, immutable=True, data=data)
            add(chart, stage, "batch/v1", "Job", job, stage, spec=job_spec(name, job, stage))
        policy = {
            "podSelector": {"matchLabels": {"app.kubernetes.io/part-of": name}},
            "policyTypes": ["Ingress", "Egress"],
        }
        add(chart, "policy", "networking.k8s.io/v1", "NetworkPolicy", name, "network-policy", spec=policy)
        claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}}
        add(chart, "claim", "v1", "PersistentVolumeClaim", f"{name}-outputs", "outputs", spec=claim)
    app.synth()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
