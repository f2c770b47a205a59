"""The API server of the cluster tests: that of `TRAINSPEC_TEST_KUBECONFIG`, or a small one that is started here."""

import os
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
TOOL = Path(os.environ.get("TRAINSPEC_API_SERVER") or ROOT.parent / "shared" / "tools" / "api-server")


class NoServerError(Exception):
    """Why there is no API server to test against."""


@dataclass(kw_only=True, slots=True)
class Server:
    """An API server: its administrator's kubeconfig, and where it keeps its state if it is ours to stop."""

    kubeconfig: Path
    state: Path | None = None
    port: int = 0

    @property
    def viewer(self) -> Path:
        """The kubeconfig of somebody who may only read."""
        return self.kubeconfig.with_name("viewer.kubeconfig")

    def start(self) -> None:
        """Start it, with the objects that it had before."""
        for _ in range(4):  # it gives up after half a minute, which a busy machine may need
            command = [TOOL / "start.sh", self.state, str(self.port)]
            done = subprocess.run(command, capture_output=True, text=True)
            if not done.returncode:
                return
            self.stop()
        raise NoServerError(done.stderr.strip() or "the API server did not start")

    def kill(self) -> None:
        """End it without warning, as a lost node would; `start` brings it back."""
        pid = int((self.state / "apiserver.pid").read_text())
        os.kill(pid, signal.SIGKILL)
        self.stop()

    def stop(self) -> None:
        """End it and its store."""
        subprocess.run([TOOL / "stop.sh", self.state], check=True)


def find_server(state: Path) -> Server:
    """The cluster that is named, else a server started in `state`; NoServerError says why there is none."""
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
    """A kubeconfig for a server, written into a folder; `cluster` is more of its cluster."""
    path = folder / "config"
    path.write_text(
        f"apiVersion: v1\nkind: Config\ncurrent-context: x\nusers: [{{name: x, user: {{{user}}}}}]\n"
        f"clusters: [{{name: x, cluster: {{server: '{server}'{cluster}}}}}]\n"
        "contexts: [{name: x, context: {cluster: x, user: x}}]\n",
        encoding="utf-8",
    )
    return path
