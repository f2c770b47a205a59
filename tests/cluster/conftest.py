"""Cluster tests talk to a real API server, one for the session; each test has a namespace of its own."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster.player import Player
from cluster.server import NoServerError, Server, find_server
from cluster.shop import Shop
from conftest import PROFILE, MakeSpec


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


@pytest.fixture
def shop(server: Server, make_spec: MakeSpec) -> Iterator[Shop]:
    """A compiled plan of five Jobs in a namespace of its own, with one who plays its controllers."""
    namespace = f"t-{uuid.uuid4().hex[:8]}"
    spec = make_spec(profile=PROFILE.replace("namespace: training", f"namespace: {namespace}"))
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
