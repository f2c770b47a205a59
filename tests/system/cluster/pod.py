"""The pod of a driver on this machine: its token, the address of the API server, and its mounted plan."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from kubernetes import config
from support.waiting import HUNG_SECONDS
from system.cluster.server import ROOT

# the command of the container, with the account at other paths than in a real pod
ENTRY = """
import sys
from kubernetes.config import incluster_config as pod
pod.SERVICE_TOKEN_FILENAME, pod.SERVICE_CERT_FILENAME = sys.argv[1:3]
del sys.argv[1:3]
from compiler.__main__ import main
main()
"""


@dataclass(frozen=True, kw_only=True)
class Pod:
    """A pod of a driver's Job, on this machine."""

    root: Path
    args: list[str]
    env: dict[str, str]

    @property
    def token(self) -> Path:
        """The file with the token of the account."""
        return self.root / "account" / "token"

    def start(self) -> "subprocess.Popen[str]":
        """Start the container."""
        account = [str(self.token), str(self.token.with_name("ca.crt"))]
        command = [sys.executable, "-c", ENTRY, *account, *self.args]
        return subprocess.Popen(
            command, cwd=self.root, env=self.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def run(self) -> "subprocess.CompletedProcess[str]":
        """Run the container to its end."""
        process = self.start()
        out, err = process.communicate(timeout=HUNG_SECONDS)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def pod(root: Path, job: dict[str, Any], files: dict[str, str], kubeconfig: Path) -> Pod:
    """Create the pod of a Job below `root`, and mount the files of its ConfigMap as a kubelet does."""
    spec = job["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert container["command"] == ["python", "-m", "compiler"]
    (mount,) = container["volumeMounts"]
    mounted(root / mount["mountPath"].lstrip("/"), files)
    client = config.new_client_from_config(str(kubeconfig)).configuration
    account = root / "account"
    account.mkdir()
    (account / "ca.crt").write_text(Path(client.ssl_ca_cert).read_text(encoding="utf-8"), encoding="utf-8")
    token = client.get_api_key_with_prefix("authorization", alias="BearerToken") or ""
    (account / "token").write_text(token.partition(" ")[2], encoding="utf-8")
    address = urlsplit(client.host)
    env = {each["name"]: each["value"] for each in container["env"]} | {"HOME": str(root), "PYTHONPATH": str(ROOT)}
    env |= {"KUBERNETES_SERVICE_HOST": str(address.hostname), "KUBERNETES_SERVICE_PORT": str(address.port)}
    return Pod(root=root, args=container["args"], env=env | {"PATH": os.environ["PATH"]})


def mounted(folder: Path, files: dict[str, str]) -> None:
    """Lay out the files as a ConfigMap volume, with its two levels of links."""
    version = folder / "..2026_01_01_00_00_00.000000001"
    version.mkdir(parents=True)
    (folder / "..data").symlink_to(version.name)
    for name, text in files.items():
        (version / name).write_bytes(text.encode())
        (folder / name).symlink_to(f"..data/{name}")


def parts(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Parse the ConfigMap and the Job that `trainspec driver` prints."""
    config_map, job = yaml.safe_load_all(text)
    return config_map, job
