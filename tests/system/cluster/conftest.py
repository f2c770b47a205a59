"""Cluster tests talk to a real API server, one for the session; each test has a namespace of its own."""

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
    """One worker runs them all, one after the other: they share a server, and what they wait for takes a core."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.xdist_group("cluster"))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running API server; without one its tests are skipped, or fail where `TRAINSPEC_CLUSTER=required` says so."""
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
    """The command, on a server that knows the operators' kinds; where they are installed they stay as they are."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    command = ["kubectl", "--kubeconfig", str(kubeconfig)]
    for path in sorted((TESTS / "contract" / "crds").glob("*.json")):
        made = subprocess.run([*command, "create", "-f", str(path)], capture_output=True, text=True, check=False)
        assert made.returncode == 0 or "AlreadyExists" in made.stderr, made.stderr
        _wait_until_served([*command, "wait", "--for=condition=Established", "--timeout=5s", "-f", str(path)])
    return command


def _wait_until_served(wait: list[str]) -> None:
    """`kubectl wait` gives up at once on a definition that has no conditions yet."""
    wait_until(lambda: subprocess.run(wait, capture_output=True, check=False).returncode == 0, " ".join(wait))


@pytest.fixture
def shop(server: Server, make_spec: MakeSpec) -> Iterator[Shop]:
    """A compiled plan of five Jobs in a namespace of its own, with one who plays its controllers."""
    with opened(server, make_spec, PROFILE) as made:
        yield made


@pytest.fixture(params=["several-nodes", "jobset", "trainjob"])
def group_shop(
    server: Server, kubectl: list[str], make_spec: MakeSpec, request: pytest.FixtureRequest
) -> Iterator[Shop]:
    """The same, with stages that train on two nodes, in each output."""
    profile = (TESTS / "golden" / "outputs" / request.param / "profile.yaml").read_text(encoding="utf-8")
    with opened(server, make_spec, profile) as made:
        yield made


@contextmanager
def opened(server: Server, make_spec: MakeSpec, profile: str) -> Iterator[Shop]:
    """A plan of a profile, in a namespace that is there meanwhile."""
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
