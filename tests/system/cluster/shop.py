"""A project with a plan for the cluster tests: it runs commands and reads the resulting state."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.command import Result, invoke
from system.cluster.player import Player
from system.cluster.server import ROOT, Server

from compiler.run.cluster.state.plan import ClusterPlan, read_cluster_plan


def is_complete(stdout: str) -> bool:
    """Return whether the output of `trainspec apply` says that a plan is complete."""
    return any(line.endswith(("; complete", ": complete, nothing to do")) for line in stdout.splitlines())


@dataclass(kw_only=True)
class Shop:
    """A spec, its namespace, and the simulated controllers of the namespace."""

    spec: Path
    namespace: str
    kubeconfig: Path
    player: Player
    server: Server

    @property
    def folder(self) -> Path:
        """The plan folder."""
        return self.spec.parent / "plan"

    @property
    def plan(self) -> ClusterPlan:
        """The current content of the plan folder."""
        value = read_cluster_plan(self.folder).value
        assert value is not None
        return value

    def job(self, stage: str) -> str:
        """Return the name of a stage's Job."""
        return next(each.name for each in self.plan.stages if each.stage == stage)

    def call(self, *arguments: str) -> Result:
        """Run a command of `trainspec`."""
        return invoke(*arguments)

    def begin(self, *arguments: str, clock: str = "") -> "subprocess.Popen[str]":
        """Start a command of `trainspec` as a process, with its clock off by `clock`, such as `-400d`."""
        command = [sys.executable, "-m", "compiler", *arguments]
        return subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=_environment(clock),
            # tests that run in the background inherit that interrupts are ignored
            preexec_fn=lambda: [signal.signal(each, signal.SIG_DFL) for each in (signal.SIGINT, signal.SIGHUP)],
        )

    def apply(self, *options: str) -> Result:
        """Run `trainspec apply`."""
        return self.call("apply", str(self.folder), "--kubeconfig", str(self.kubeconfig), *options)

    def states(self) -> dict[str, str]:
        """Return the state of each stage from `trainspec status`."""
        return {stage: row["state"] for stage, row in self.rows().items()}

    def rows(self) -> dict[str, dict[str, Any]]:
        """Return the JSON output of `trainspec status` for each stage."""
        done = self.call("status", str(self.folder), "--kubeconfig", str(self.kubeconfig), "--output", "json")
        assert done.exit_code == 0, done.stderr
        (plan,) = json.loads(done.stdout)["plans"]
        return {each["stage"]: each for each in plan["stages"]}

    def ledger_by_job(self) -> dict[str, Any]:
        """Return the records of the ledger by Job."""
        found = self.player.core.read_namespaced_config_map(f"{self.plan.name}-ledger", self.namespace)
        return {job: json.loads(text) for job, text in found.data.items()}

    def ledger(self) -> dict[str, Any]:
        """Return the records of the ledger by stage."""
        return {each["stage"]: each for each in self.ledger_by_job().values()}

    def run_to_the_end(self, *options: str) -> list[str]:
        """Apply and finish Jobs until none is created; return the names of the Jobs in order."""
        ran: list[str] = []
        for _ in range(20):
            done = self.apply(*options)
            assert done.exit_code == 0, done.stderr
            due = [job for job in self.player.jobs() if job not in ran]
            if not due:
                return ran
            for job in due:
                self.player.finish(job)
                ran.append(job)
        raise AssertionError(f"the plan does not end: {ran}")


def _environment(clock: str) -> dict[str, str]:
    """Return the environment that shifts the clock of a process; waits keep their length."""
    if not clock:
        return dict(os.environ)
    vendor = Path(str(importlib.util.find_spec("libfaketime").origin)).parent / "vendor"
    (library,) = vendor.rglob("libfaketime.so.1")
    faked = {"LD_PRELOAD": str(library), "FAKETIME": clock}
    return os.environ | faked | {"DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
