"""Cluster tests share one API server a session; each test has its own namespace."""

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import PROFILE, MakeSpec
from support.waiting import wait_until
from system.cluster.player import Player
from system.cluster.server import NoServerError, Server, find_server
from system.cluster.shop import Shop

TESTS = Path(__file__).parents[2]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run all cluster tests in one worker: they share a server, which needs a core."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.xdist_group("cluster"))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running API server; without one, skip the tests, or fail if `TRAINSPEC_CLUSTER=required`."""
    try:
        found = find_server(tmp_path_factory.mktemp("api"))
    except NoServerError as error:
        if os.environ.get("TRAINSPEC_CLUSTER") == "required":
            pytest.fail(f"cluster tests are required, and {error}")
        pytest.skip(str(error))
    yield found
    if found.state:
        found.stop()


@pytest.fixture(scope="session")
def kubeconfig(server: Server) -> Path:
    """The administrator's kubeconfig."""
    return server.kubeconfig


@pytest.fixture(scope="session")
def kubectl(kubeconfig: Path) -> list[str]:
    """The kubectl command, after adding missing definitions of the operators' kinds to the server."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    command = ["kubectl", "--kubeconfig", str(kubeconfig)]
    for path in sorted((TESTS / "contract" / "crds").glob("*.json")):
        made = subprocess.run([*command, "create", "-f", str(path)], capture_output=True, text=True, check=False)
        assert made.returncode == 0 or "AlreadyExists" in made.stderr, made.stderr
        _wait_until_served([*command, "wait", "--for=condition=Established", "--timeout=5s", "-f", str(path)])
    return command


def _wait_until_served(wait: list[str]) -> None:
    """Repeat `kubectl wait`, which fails for a definition without conditions."""
    wait_until(lambda: subprocess.run(wait, capture_output=True, check=False).returncode == 0, " ".join(wait))


@pytest.fixture
def shop(server: Server, make_spec: MakeSpec) -> Iterator[Shop]:
    """A compiled plan of five Jobs in its own namespace, with simulated controllers."""
    with opened(server, make_spec, PROFILE) as made:
        yield made


@pytest.fixture(params=["several-nodes", "jobset", "trainjob"])
def group_shop(
    server: Server, kubectl: list[str], make_spec: MakeSpec, request: pytest.FixtureRequest
) -> Iterator[Shop]:
    """A `shop` whose stages train on two nodes, for each output."""
    profile = (TESTS / "golden" / "outputs" / request.param / "profile.yaml").read_text(encoding="utf-8")
    with opened(server, make_spec, profile) as made:
        yield made


@contextmanager
def opened(server: Server, make_spec: MakeSpec, profile: str) -> Iterator[Shop]:
    """Compile a plan with a profile, in a namespace that exists for the test."""
    namespace = f"t-{uuid.uuid4().hex[:8]}"
    spec = make_spec(profile=profile.replace("namespace: training", f"namespace: {namespace}"))
    made = Shop(
        spec=spec,
        namespace=namespace,
        kubeconfig=server.kubeconfig,
        player=Player(kubeconfig=str(server.kubeconfig), namespace=namespace),
        server=server,
    )
    assert made.call("compile", str(spec)).exit_code == 0
    made.player.core.create_namespace({"metadata": {"name": namespace}})
    yield made
    made.player.core.delete_namespace(namespace)
