"""How often a request to the API server is tried, by the status of its responses."""

from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from compiler.run.cluster.api import client, retries
from compiler.run.cluster.api.connect import Target
from compiler.run.cluster.api.errors import ApiError

CONFLICT, UNAVAILABLE, NOT_FOUND = 409, 503, 404


def tries_of(monkeypatch: pytest.MonkeyPatch, *statuses: int) -> int:
    """The number of tries of a request to a server that responds with the statuses; the last one repeats."""
    monkeypatch.setattr(client, "Connection", Mock())
    monkeypatch.setattr(client.time, "sleep", lambda seconds: None)
    tried: list[int] = []

    def attempt(*_: Any, **__: Any) -> tuple[int, Any, str]:
        tried.append(statuses[min(len(tried), len(statuses) - 1)])
        return tried[-1], Mock(headers={}, data=b'{"kind": "Status"}'), ""

    api = client.Api(Target(kubeconfig=Path("kubeconfig")))
    monkeypatch.setattr(api, "_attempt", attempt)
    if statuses[-1] == 200:
        api.get("/version")
    else:
        with pytest.raises(ApiError, match=str(statuses[-1])):
            api.get("/version")
    return len(tried)


@pytest.mark.parametrize(
    ("statuses", "tries"), [((200,), 1), ((UNAVAILABLE, 0, 200), 3), ((NOT_FOUND,), 1), ((CONFLICT,), 1)]
)
def test_a_status_is_tried_as_its_row_says(
    monkeypatch: pytest.MonkeyPatch, statuses: tuple[int, ...], tries: int
) -> None:
    assert tries_of(monkeypatch, *statuses) == tries


@pytest.mark.parametrize(("statuses", "tries"), [((CONFLICT,), 5), ((CONFLICT, CONFLICT, 200), 3)])
def test_a_row_can_limit_the_tries(monkeypatch: pytest.MonkeyPatch, statuses: tuple[int, ...], tries: int) -> None:
    monkeypatch.setitem(retries.MOST_TRIES, CONFLICT, 5)
    assert tries_of(monkeypatch, *statuses) == tries
