"""The loop of a measurement: compile plans a probe, the probe runs, collect writes its report, compile decides by it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import SPEC, MakeSpec, write_rows
from support.chat_endpoint import Server, served
from support.command import invoke
from support.planted_model import Asked, general, per_item, planted, row, with_gold, with_passage

from compiler.selection.figures import UNVERIFIED
from runtime.run import run_stage
from runtime.stage.events import EventStream
from runtime.stage.stop import StopRequest

PROMPTS = 40
Chance = Callable[[Asked], float]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr("runtime.model.answering.journal.os.fsync", lambda number: None)
    with served() as started:
        yield started


def spec_with(server: Server) -> str:
    gaps = SPEC.index("  gaps:\n")
    more = (
        "    - name: general\n      purpose: general\n      shape: evaluation\n      path: data/general.jsonl\n"
        "    - name: chains\n      purpose: chains\n      shape: chain\n      path: data/chains.jsonl\n"
    )
    tail = (
        f'  serving: {{endpoint: "{server.url}", concurrency: 8, requestsPerMinute: 100000}}\n'
        "  evidence: {smallTestSet: {reason: the results are made up, owner: li}}\n"
        f"  thresholds: {{probePrompts: {PROMPTS}}}\n"
    )
    return SPEC[:gaps] + more + tail


class Loop:
    """A spec whose model is behind an endpoint, through one turn of the loop."""

    def __init__(self, make_spec: MakeSpec, server: Server, tmp_path: Path, rows: list[dict[str, Any]]) -> None:
        path = make_spec(spec=spec_with(server), badcases=rows)
        self.folder, self.work = path.parent, tmp_path / "work"
        write_rows(self.folder / "data" / "general.jsonl", [general(number) for number in range(PROMPTS)])
        chains = [{"prompt": f"c{i}?", "chain": f"first {i}", "completion": f"so {i}"} for i in range(60)]
        write_rows(self.folder / "data" / "chains.jsonl", chains)

    def compile(self) -> dict[str, Any]:
        done = invoke("compile", self.folder)
        assert done.exit_code == 0, done.output
        explained = invoke("explain", self.folder, "--format", "json")
        decision: dict[str, Any] = json.loads(explained.stdout)["decisions"][0]
        return decision

    def probe(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Run the probe of the plan as a pod does, in this process."""
        (path,) = (self.folder / "plan").glob("*probe.config.yaml")
        config = self.work / "stage.yaml"
        (self.work / "outputs").mkdir(parents=True)
        config.write_text(yaml.safe_load(path.read_text(encoding="utf-8"))["data"]["config.yaml"], encoding="utf-8")
        monkeypatch.setenv("TRAINSPEC_MODELS", str(self.work))
        monkeypatch.setenv("TRAINSPEC_DATA", str(self.folder))
        monkeypatch.setenv("TRAINSPEC_OUTPUTS", str(self.work / "outputs"))
        assert run_stage(str(config), EventStream(None), StopRequest()) == 0

    def collect(self) -> str:
        done = invoke("collect", self.folder / "plan", "--work", self.work)
        assert done.exit_code == 0, done.output
        return done.stdout


def read(found: Asked, right: float) -> float:
    return 0.97 if found.is_general else right


def untaught(found: Asked) -> float:
    return read(found, 0.0)


def unstable(found: Asked) -> float:
    return read(found, per_item(found, 0.2, 0.5))


def forgetful(found: Asked) -> float:
    return read(found, 0.97 if found.is_open else 0.03)


def hasty(found: Asked) -> float:
    return read(found, 0.7 if found.has_chain else 0.03)


def misled(found: Asked) -> float:
    return read(found, 1.0 if found.is_gold else 0.03)


def careless(found: Asked) -> float:
    return read(found, 1.0 if found.temperature == 0 else 0.3)


# chance, wrong answers, rows, phase, methods that train, and a rule that fires
CASES: dict[str, tuple[Chance, int, Callable[[int], dict[str, Any]], str, list[str], str]] = {
    "untaught": (untaught, 1, row, "train", ["sft"], "M7"),
    "unstable": (unstable, 50, row, "train", ["sft"], "M2"),
    "recall": (forgetful, 50, with_passage, "train", [], ""),
    "reasoning": (hasty, 50, row, "train", ["cot"], "M4"),
    "component": (misled, 50, with_gold, "collect", [], "C1"),
    "decoding": (careless, 50, row, "prompt", [], "C2"),
}


@pytest.mark.parametrize(
    "name", [pytest.param(each, marks=[pytest.mark.slow] * (each != "untaught")) for each in CASES]
)
def test_the_next_compile_decides_by_what_the_probe_measured(
    name: str, make_spec: MakeSpec, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance, wrong, make, phase, methods, rule = CASES[name]
    server.respond = planted(chance, wrong=wrong)
    loop = Loop(make_spec, server, tmp_path, [make(number) for number in range(PROMPTS)])
    before = loop.compile()
    assert [each["method"] for each in before["stages"]] == ["probe"]
    loop.probe(monkeypatch)
    assert "measures" in loop.collect()
    after = loop.compile()
    trained = [each["method"] for each in after["stages"] if each["method"] not in ("evaluate", "probe")]
    assert (after["phase"], trained) == (phase, methods), after
    fired = [each["id"] for each in after["rules"] if each["status"] == "fired"]
    assert not rule or rule in fired
    text = (loop.folder / "plan" / "PLAN.md").read_text(encoding="utf-8")
    evidence = sorted(path.name for path in (loop.folder / "evidence").glob("probe-*"))
    assert len(evidence) == 2
    assert evidence[0] in text
    assert f"{evidence[0]}{UNVERIFIED}" not in text
