"""Shared fixtures: the option to update golden files, and small projects to compile."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from compiler.diagnostics.examples import project
from compiler.spec.yaml.document import SourceDocument
from compiler.spec.yaml.load import compose

# workers share the cores: more threads would wait for each other
os.environ.setdefault("OMP_NUM_THREADS", "1")

# a test never times, as machines are busy now and then: no deadline, and no complaint that data come slowly
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
# the same commit gives the same result each time; `make properties` searches elsewhere
settings.register_profile("same", UNTIMED, derandomize=True)
settings.register_profile("search", UNTIMED, print_blob=True)
settings.load_profile("same")

# the least project that compiles, which the examples of diagnostics start from too
SPEC, PROFILE, ROUNDS, DIGEST = project.BARE_SPEC, project.BARE_PROFILE, project.ROUNDS, project.DIGEST
EVIDENCE = {"prompt-rounds": ROUNDS}

Rows = list[Mapping[str, Any]]


def demos(count: int = 60) -> Rows:
    return [row | {"cluster": row["id"]} for row in project.demos(count)]


def held_out(count: int = 40) -> Rows:
    return [row | {"cluster": row["id"]} for row in project.held_out(count)]


def badcases(count: int = 40, **extra: Any) -> Rows:
    return [*project.badcases(count=count, **extra)]


def write_rows(path: Path, rows: Rows) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(project.jsonl(rows), encoding="utf-8")


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
# folders whose modules prepare something slow, such as trained models, once for all of their tests
PREPARING = tuple(TESTS / name for name in ("stages/train", "tools"))


@pytest.hookimpl(tryfirst=True)  # before workers read the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `make test` leaves to `make test-all`, and what one worker has to run."""
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in SLOW):
            item.add_marker(pytest.mark.slow)
        prepares = any(item.path.is_relative_to(folder) for folder in PREPARING)
        if prepares and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


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
