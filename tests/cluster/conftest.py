"""Cluster tests talk to a real API server, one for the session; each test has a namespace of its own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster.server import NoServerError, Server, find_server


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
