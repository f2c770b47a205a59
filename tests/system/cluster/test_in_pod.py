"""Connections from a pod: its account is found, and a replaced token is read again."""

import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from kubernetes.config import incluster_config
from system.cluster.pod import Pod, pod
from system.cluster.shop import Shop

from compiler.run.cluster.api.client import Api
from compiler.run.cluster.api.connect import Target
from compiler.run.cluster.api.errors import ClusterError

STALE = "one-that-ran-out"
JOB = {
    "spec": {
        "template": {
            "spec": {
                "containers": [
                    {
                        "command": ["python", "-m", "compiler"],
                        "args": [],
                        "env": [],
                        "volumeMounts": [{"mountPath": "/plan"}],
                    }
                ]
            }
        }
    }
}


@pytest.fixture
def inside(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pod:
    """This process in a pod."""
    made = pod(tmp_path / "pod", JOB, {}, shop.kubeconfig)
    monkeypatch.delenv("KUBECONFIG", raising=False)
    for name in ("HOME", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"):
        monkeypatch.setenv(name, made.env[name])
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(made.token))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(made.token.with_name("ca.crt")))
    return made


def test_a_refused_token_is_read_again_before_an_error_is_reported(shop: Shop, inside: Pod) -> None:
    token = inside.token.read_text(encoding="utf-8")
    inside.token.write_text(STALE, encoding="utf-8")
    api = Api(Target())
    inside.token.write_text(token, encoding="utf-8")
    assert api.get(f"/api/v1/namespaces/{shop.namespace}")["metadata"]["name"] == shop.namespace
    assert api.requests == 2


def test_a_token_is_read_again_after_a_minute(shop: Shop, inside: Pod, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"/api/v1/namespaces/{shop.namespace}"
    api = Api(Target())
    api.get(path)
    inside.token.write_text(STALE, encoding="utf-8")
    api.get(path)
    assert api.requests == 2, "the client reads the token once a minute"
    later = datetime.datetime.now() + datetime.timedelta(seconds=61)
    clock = SimpleNamespace(datetime=SimpleNamespace(now=lambda: later), timedelta=datetime.timedelta)
    monkeypatch.setattr(incluster_config, "datetime", clock)
    with pytest.raises(ClusterError) as refused:
        api.get(path)
    assert refused.value.found.code == "CLU603"


def test_a_kubeconfig_takes_precedence_over_the_account(shop: Shop, inside: Pod) -> None:
    inside.token.write_text(STALE, encoding="utf-8")
    assert Api(Target(kubeconfig=shop.kubeconfig)).get(f"/api/v1/namespaces/{shop.namespace}")


def test_a_pod_without_an_account_is_an_error(shop: Shop, inside: Pod) -> None:
    inside.token.unlink()
    with pytest.raises(ClusterError) as refused:
        Api(Target())
    assert refused.value.found.code == "CLU601"
    assert "token file" in refused.value.found.message
    assert "automountServiceAccountToken" in (refused.value.found.hint or "")
