"""A small project to triage: a spec, traces of a shop's assistant, and labels as a person at the page makes them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.command import Result, invoke

from compiler.run.triage.project import Project, open_project
from compiler.run.triage.session import Change, Session
from compiler.spec.discover import find_specs

FLAGS = ("--application", "rag", "--task", "回答订单问题", "--target", "0.9", "--model", "qwen3-8b/1.0", "--runs")
SOURCE = "    - {name: badcases, purpose: badcases, shape: badcase, path: data/badcases.jsonl}\n"


def trace(number: int, **fields: Any) -> dict[str, Any]:
    """Return a trace; every third one has a failed tool."""
    query = f"订单 {number} 到哪里了？"
    fails = number % 3 == 0
    tool: dict[str, Any] = {"id": "b", "kind": "tool", "component": "order-lookup", "input": {"order": number}}
    tool |= {"error": "TimeoutError: no answer"} if fails else {"output": {"eta": "tomorrow"}}
    return {
        "schema": "trainspec.dev/trace/v1",
        "id": f"t{number}",
        "source": "trainspec",
        "started": f"2026-11-01T10:{number // 60 % 60:02}:{number % 60:02}Z",
        "query": query,
        "answer": "查不到。" if fails else f"订单 {number} 明天送达。",
        "intent": ("refund", "status", "address")[number % 5 % 3],
        "model": "qwen3-8b/1.0",
        "steps": [tool, {"id": "c", "kind": "model", "component": "llm", "input": query, "output": "…"}],
        **fields,
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Triage:
    """The folder of the spec `shop`."""

    folder: Path

    @classmethod
    def make(cls, traces: list[dict[str, Any]] | None = None) -> "Triage":
        """Write the project into the current folder."""
        done = invoke("init", "shop", *FLAGS, "--traces", "specs/shop/traces")
        assert done.exit_code == 0, done.output
        project = cls(folder=Path("specs/shop"))
        spec = project.folder / "spec.yaml"
        spec.write_text(spec.read_text("utf-8").replace("  # data:\n", f"  data:\n{SOURCE}"), "utf-8")
        project.write([trace(number) for number in range(120)] if traces is None else traces)
        return project

    def write(self, traces: list[dict[str, Any]], name: str = "day.jsonl") -> None:
        """Write a file of traces."""
        path = self.folder / "traces" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in traces), "utf-8")

    def open(self, *verdicts: Path) -> Project:
        """Open the project as the command does."""
        specs, _ = find_specs([self.folder])
        outcome = open_project(specs[0], [], verdicts)
        assert outcome.value is not None, outcome.diagnostics
        return outcome.value

    def report(self, *arguments: object) -> Result:
        """Run `trainspec triage --report`."""
        return invoke("triage", self.folder, "--report", *arguments)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The records of the labels file."""
        path = self.folder / "labels.jsonl"
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def label(session: Session, digest: str, **fields: str | None) -> dict[str, Any]:
    """Change a label as the page does."""
    return session.change(Change(digest=digest, fields=fields))


def label_in_order(session: Session, count: int) -> Iterator[dict[str, Any]]:
    """Label the next traces of the queue: those with a failed tool are bad."""
    for _ in range(count):
        found = session.trace("queue", "", 1, ())
        assert found is not None
        if any(step["error"] for step in found["steps"]):
            right = f"订单 {found['id']} 在路上。"
            label(session, found["digest"], verdict="bad", kind="查询超时", fix=right, component="llm")
        else:
            label(session, found["digest"], verdict="good")
        yield found
