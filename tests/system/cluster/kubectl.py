"""kubectl against the API server of the tests, with all shipped plans as one overlay to save time."""

import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from system.cluster.server import Server

ROOT = Path(__file__).parents[3]
PLANS = sorted(path.parent for path in ROOT.glob("specs/*/plan/kustomization.yaml"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Kubectl:
    """kubectl as one user, in one namespace."""

    kubeconfig: Path
    namespace: str

    def run(self, *arguments: object, text: str | None = None) -> subprocess.CompletedProcess[str]:
        command = ["kubectl", "--kubeconfig", self.kubeconfig, "--namespace", self.namespace, *arguments]
        return subprocess.run(list(map(str, command)), capture_output=True, text=True, input=text, check=False)

    def ok(self, *arguments: object, text: str | None = None) -> str:
        """Return the output of a command that must succeed with an empty stderr."""
        done = self.run(*arguments, text=text)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return done.stdout

    def objects(self, *kinds: str) -> dict[tuple[str, str], dict[str, Any]]:
        """Return objects of the namespace by kind and name."""
        items = json.loads(self.ok("get", ",".join(kinds), "--output", "json", "--show-managed-fields"))["items"]
        return {(each["kind"], each["metadata"]["name"]): each for each in items}


def overlay(folder: Path, bases: list[Path], namespace: str, **more: Any) -> Path:
    """Write a kustomization that puts others into one namespace; `more` are its further fields."""
    folder.mkdir(parents=True)
    resources = [os.path.relpath(base, os.path.realpath(folder)) for base in bases]
    (folder / "kustomization.yaml").write_text(
        yaml.safe_dump({"namespace": namespace, "resources": resources, **more}), encoding="utf-8"
    )
    return folder


def namespace_of_its_own(server: Server) -> Iterator[Kubectl]:
    """Yield kubectl as the administrator in a fresh namespace, as a fixture."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    kubectl = Kubectl(kubeconfig=server.kubeconfig, namespace=f"test-{secrets.token_hex(4)}")
    kubectl.ok("create", "namespace", kubectl.namespace)
    yield kubectl
    if server.state is None:  # a server that the tests started is deleted as a whole
        kubectl.run("delete", "namespace", kubectl.namespace, "--wait=false")
