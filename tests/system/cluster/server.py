"""The API server of the cluster tests: from `TRAINSPEC_TEST_KUBECONFIG`, or a small one started here."""

import os
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
TOOL = Path(os.environ.get("TRAINSPEC_API_SERVER") or ROOT.parent / "shared" / "tools" / "api-server")


class NoServerError(Exception):
    """The tests have no API server; the message says why."""


@dataclass(kw_only=True, slots=True)
class Server:
    """An API server: its administrator's kubeconfig, and its state folder if the tests started it."""

    kubeconfig: Path
    state: Path | None = None
    port: int = 0

    @property
    def viewer(self) -> Path:
        """The kubeconfig of a user who may only read."""
        return self.kubeconfig.with_name("viewer.kubeconfig")

    def start(self) -> None:
        """Start the server with its previous objects."""
        for _ in range(4):  # it gives up after half a minute, too early on a busy machine
            command = [TOOL / "start.sh", self.state, str(self.port)]
            done = subprocess.run(command, capture_output=True, text=True)
            if not done.returncode:
                return
            self.stop()
        raise NoServerError(done.stderr.strip() or "the API server did not start")

    def kill(self) -> None:
        """Kill the server; `start` starts it again."""
        pid = int((self.state / "apiserver.pid").read_text())
        os.kill(pid, signal.SIGKILL)
        self.stop()

    def stop(self) -> None:
        """Stop the server and its store."""
        subprocess.run([TOOL / "stop.sh", self.state], check=True)


def find_server(state: Path) -> Server:
    """Return the configured cluster, else start a server in `state`; NoServerError if neither exists."""
    named = os.environ.get("TRAINSPEC_TEST_KUBECONFIG")
    if named:
        return Server(kubeconfig=Path(named))
    if not (TOOL / "start.sh").is_file():
        raise NoServerError(
            "no cluster: set `TRAINSPEC_TEST_KUBECONFIG`, or `TRAINSPEC_API_SERVER` to a folder with one"
        )
    server = Server(kubeconfig=state / "admin.kubeconfig", state=state, port=_free_port())
    server.start()
    return server


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port: int = held.getsockname()[1]
        return port


def kubeconfig(folder: Path, server: str, cluster: str = "", user: str = "token: t") -> Path:
    """Write a kubeconfig for a server into a folder; `cluster` adds settings of the cluster."""
    path = folder / "config"
    path.write_text(
        f"apiVersion: v1\nkind: Config\ncurrent-context: x\nusers: [{{name: x, user: {{{user}}}}}]\n"
        f"clusters: [{{name: x, cluster: {{server: '{server}'{cluster}}}}}]\n"
        "contexts: [{name: x, context: {cluster: x, user: x}}]\n",
        encoding="utf-8",
    )
    return path
