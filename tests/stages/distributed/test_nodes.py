"""Nodes that start and end together, as threads of this process: arrival, the cause of a failure, and stops."""

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from support.waiting import HUNG_SECONDS

from runtime.contract.errors import StageError
from runtime.distributed import rendezvous as meeting
from runtime.distributed.group import Group, meet
from runtime.distributed.node import Node
from runtime.distributed.rendezvous import reach, serve
from runtime.stage.stop import StopRequest

DIGEST = "0123456789abcdef"


@dataclass(kw_only=True)
class Member:
    """A node in a thread: its action once all nodes have met, and the outcome."""

    rank: int
    does: Callable[[Group], None]
    digest: str = DIGEST
    stop: StopRequest = field(default_factory=StopRequest)
    ended: str = "not yet"
    group: Any = None

    def run(self, count: int, port: int) -> None:
        node = Node(rank=self.rank, count=count, host="localhost", port=port)
        try:
            self.group = meet(node, self.digest, self.stop)
            self.does(self.group)
            self.ended = "well"
        except StageError as error:
            self.ended = f"{error.problem.code}: {error.problem.message}"
        finally:
            if self.group is not None:
                self.group.close()


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port: int = held.getsockname()[1]
        return port


def run_all(port: int, *members: Member, count: int = 0) -> list[str]:
    threads = [threading.Thread(target=each.run, args=(count or len(members), port), daemon=True) for each in members]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=HUNG_SECONDS)
    return [each.ended for each in members]


def ends(code: int, after: float = 0.0) -> Callable[[Group], None]:
    def does(group: Group) -> None:
        until = time.monotonic() + after
        while time.monotonic() < until:
            group.is_failing()
            time.sleep(0.02)
        group.end(code)

    return does


def test_all_nodes_meet_and_end_well_with_the_first_one(port: int) -> None:
    others = [Member(rank=rank, does=ends(0)) for rank in (1, 2)]
    first = Member(rank=0, does=ends(0, after=0.5))
    began = time.monotonic()
    assert run_all(port, *others, first) == ["well"] * 3
    assert time.monotonic() - began > 0.5  # a node that had ended before would not come back for the first one


def test_a_node_alone_meets_nobody() -> None:
    group = meet(Node(), DIGEST, StopRequest())
    assert group.store.port > 0
    assert not group.is_failing()
    group.end(70)
    group.close()


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_a_lost_node_ends_the_others_and_none_of_them_is_at_fault(port: int, lost: int) -> None:
    all_run = threading.Barrier(3)

    def vanishes(group: Group) -> None:
        all_run.wait()  # and leaves without notice

    def waits_for_a_failure(group: Group) -> None:
        """Wait like processes with a lost peer, until the agent ends them."""
        all_run.wait()
        while not group.is_failing():
            time.sleep(0.02)
        group.end(70)

    outcomes = run_all(
        port, *(Member(rank=rank, does=vanishes if rank == lost else waits_for_a_failure) for rank in range(3))
    )
    assert [text for rank, text in enumerate(outcomes) if rank != lost] == [
        f"RUN748: node {lost} ended first, and this node with it"
    ] * 2


@pytest.mark.parametrize("cause", [0, 1, 2])
def test_the_node_that_failed_first_ends_as_it_did(port: int, cause: int) -> None:
    members = [Member(rank=rank, does=ends(65, after=0.3) if rank == cause else ends(70)) for rank in range(3)]
    outcomes = run_all(port, *members)
    assert outcomes[cause] == "well"  # its launcher reports its own error
    assert all(text.startswith(f"RUN748: node {cause}") for rank, text in enumerate(outcomes) if rank != cause)


@pytest.mark.parametrize("stopped", [0, 1])
def test_a_node_that_is_stopped_ends_as_stopped_and_the_others_with_it(port: int, stopped: int) -> None:
    members = [Member(rank=rank, does=ends(75, after=0.3)) for rank in range(3)]

    def evicted(group: Group) -> None:
        members[stopped].stop.signal_name = "SIGTERM"
        group.end(75)

    members[stopped].does = evicted
    outcomes = run_all(port, *members)
    assert outcomes[stopped] == "well"
    assert all(text.startswith(f"RUN748: node {stopped}") for rank, text in enumerate(outcomes) if rank != stopped)


def test_a_node_that_restarts_while_others_wait_takes_its_place(port: int) -> None:
    assert reach("localhost", port) is None  # no node serves yet: the first node's pod may start last
    first = Member(rank=0, does=ends(0))
    thread = threading.Thread(target=first.run, args=(3, port), daemon=True)
    thread.start()
    while (store := reach("localhost", port)) is None:
        time.sleep(0.02)
    store.set("stage/node/1", "1")  # it has arrived, and is killed
    assert run_all(port, *(Member(rank=rank, does=ends(0)) for rank in (1, 2)), count=3) == ["well"] * 2
    thread.join(timeout=HUNG_SECONDS)
    assert first.ended == "well"


def test_a_node_that_starts_again_waits_until_the_others_have_ended(port: int) -> None:
    earlier = serve(port)
    earlier.set("stage/digest", DIGEST)
    earlier.set("stage/state", "ended 1")
    again = Member(rank=1, does=ends(0))
    thread = threading.Thread(target=again.run, args=(2, port), daemon=True)
    thread.start()
    thread.join(timeout=1)
    assert again.group is None
    del earlier
    assert run_all(port, Member(rank=0, does=ends(0)), count=2) == ["well"]
    thread.join(timeout=HUNG_SECONDS)
    assert again.ended == "well"


def test_another_config_is_refused(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meeting, "SECONDS_TO_MEET", 2.0)
    first, other = Member(rank=0, does=ends(0)), Member(rank=1, does=ends(0), digest="another")
    outcomes = run_all(port, first, other)
    assert outcomes[1] == "RUN703: node 1 runs another config than the first node"
    assert outcomes[0] == "RUN770: node 1 of 2 did not arrive at `localhost` within 2 s"


def test_waiting_ends_with_its_limit_and_with_a_stop(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meeting, "SECONDS_TO_MEET", 0.5)
    unknown = Node(rank=1, count=2, host="node-0.nowhere.invalid", port=port)
    with pytest.raises(StageError, match=r"node 0 of 2 did not arrive at `node-0.nowhere.invalid`") as caught:
        meet(unknown, DIGEST, StopRequest())
    assert (caught.value.problem.code, caught.value.exit_code) == ("RUN770", 75)
    with pytest.raises(StageError, match="stopped by SIGTERM before all nodes arrived"):
        meet(Node(rank=0, count=2, port=port), DIGEST, StopRequest(signal_name="SIGTERM"))
