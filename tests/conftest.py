"""Shared fixtures: the option to update golden files, and small projects to compile."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from compiler.spec.yaml.document import SourceDocument
from compiler.spec.yaml.load import compose

# a test never times, as machines are busy now and then: no deadline, and no complaint that data come slowly
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

DIGEST = "0123456789abcdef" * 4

PROFILE = f"""\
apiVersion: trainspec.dev/v1
kind: ClusterProfile
metadata:
  name: small
spec:
  namespace: training
  image: registry.example.com/runtime@sha256:{DIGEST}
  cpu: "2"
  memory: 8Gi
  storage:
    modelsClaim: models
    dataClaim: specs
    outputsSize: 10Gi
"""

SPEC = """\
apiVersion: trainspec.dev/v1
kind: TrainingSpec
metadata:
  name: shop
spec:
  profile: small
  goal:
    application: workflow
    task: answer questions about orders
    metrics:
      - name: exact_match
        target: 0.9
  system:
    runsEndToEnd: true
    traces:
      location: traces/
      fullChain: true
  model:
    name: tiny
    revision: "1"
  data:
    - name: demos
      purpose: demonstrations
      shape: prompt-completion
      path: data/demos.jsonl
    - name: held-out
      purpose: evaluation
      shape: evaluation
      path: data/held-out.jsonl
    - name: badcases
      purpose: badcases
      shape: badcase
      path: data/badcases.jsonl
  gaps:
    - kind: unstable
    - kind: preference
"""

# three rounds, of which the last two brought nothing
ROUNDS = f"""\
apiVersion: trainspec.dev/v1
kind: PromptRounds
metadata:
  source: a test
  date: 2026-10-01
  digest: {DIGEST}
spec:
  metric: exact_match
  rounds:
    - {{name: v1, technique: zero-shot, score: 0.30, questions: 100}}
    - {{name: v2, technique: rules, score: 0.31, questions: 100}}
    - {{name: v3, technique: few-shot, score: 0.30, questions: 100}}
"""
EVIDENCE = {"prompt-rounds": ROUNDS}

Rows = list[Mapping[str, Any]]


def demos(count: int = 60) -> Rows:
    return [
        {"id": f"d{i}", "prompt": f"demo {i}?", "completion": f"answer {i}", "cluster": f"d{i}"} for i in range(count)
    ]


def held_out(count: int = 20) -> Rows:
    return [{"id": f"h{i}", "prompt": f"test {i}?", "reference": f"gold {i}", "cluster": f"h{i}"} for i in range(count)]


def badcases(count: int = 40, **extra: Any) -> Rows:
    row = {"model": "tiny/1"} | extra
    return [
        {"id": f"b{i}", "prompt": f"bad {i}?", "answer": f"something else, wrong {i}", "fix": f"the right one is {i}"}
        | row
        for i in range(count)
    ]


def jsonl(rows: Rows) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def write_rows(path: Path, rows: Rows) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(jsonl(rows), encoding="utf-8")


def document_of(text: str, path: str = "specs/shop/spec.yaml") -> SourceDocument:
    composed = compose(text, path)
    assert composed.value is not None
    assert composed.ok, composed.diagnostics
    return composed.value


TESTS = Path(__file__).parent
# the folders that mirror the rooms of the compiler
ROOMS = {"spec", "selection", "plan", "render", "cli", "run", "explain", "diagnostics", "pipeline"}
# folders of which every test trains, needs a cluster, an image or a wheel, or tries a tool; others mark single tests
SLOW = tuple(TESTS / name for name in ("stages/train", "stages/distributed", "system", "tools"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `make test` leaves to `make test-all`."""
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in SLOW):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def _own_cache(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that tests of a room run keep what they find in a cache of their own."""
    if request.path.relative_to(TESTS).parts[0] in ROOMS:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache-home"))


MakeSpec = Callable[..., Path]


@pytest.fixture
def make_spec(tmp_path: Path) -> MakeSpec:
    """Writes a project in a fresh folder, and gives the path of its spec.

    `edit` pairs replace text of the spec, or else of its evidence (it must be there). `evidence` maps names of files in
    `evidence/` to their texts, by default the three rounds; rows of the data files can be given.
    """

    def make(
        *edits: tuple[str, str],
        spec: str = SPEC,
        profile: str = PROFILE,
        name: str = "shop",
        evidence: Mapping[str, str] = EVIDENCE,
        **rows: Rows,
    ) -> Path:
        folder = tmp_path / "specs" / name
        texts = {"spec.yaml": spec} | {f"evidence/{file}.yaml": text for file, text in evidence.items()}
        for old, new in edits:
            where = next((file for file, text in texts.items() if old in text), None)
            assert where, f"{old!r} is neither in the spec nor in its evidence"
            texts[where] = texts[where].replace(old, new)
        (tmp_path / "specs" / "clusters").mkdir(parents=True, exist_ok=True)
        (tmp_path / "specs" / "clusters" / "small.yaml").write_text(profile, encoding="utf-8")
        write_rows(folder / "data" / "demos.jsonl", rows.get("demos", demos()))
        write_rows(folder / "data" / "held-out.jsonl", rows.get("held_out", held_out()))
        write_rows(folder / "data" / "badcases.jsonl", rows.get("badcases", badcases()))
        (folder / "evidence").mkdir(exist_ok=True)
        for stale in (folder / "evidence").glob("*.yaml"):
            stale.unlink()
        for file, text in texts.items():
            (folder / file).write_text(text, encoding="utf-8")
        return folder / "spec.yaml"

    return make


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite golden files; review the difference before committing"
    )


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))
