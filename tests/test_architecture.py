"""The house: which package may import which, in one direction only, and what a quick command may import."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = {"torch", "transformers", "trl", "peft", "datasets", "kubernetes"}
MEASURING = {"numpy", "phonenumbers", "py3langid", "pyarrow", "rensa", "stdnum", "tokenizers"}
FORBIDDEN = {"compiler": HEAVY - {"kubernetes"}, "runtime": {"compiler"}}

# Floors from low to high: a module imports its own floor's room or a lower floor. Rooms in one tuple share a floor and
# do not import each other.
Floor = str | tuple[str, ...]
LAYERS: dict[str, tuple[Floor, ...]] = {
    "compiler": ("diagnostics", "spec", "selection", "plan", "render", "pipeline", "explain", "run", "cli", "__main__"),
    "compiler.spec": (
        ("files", "labels", "workloads"),
        ("names", "dependencies"),
        "yaml",
        "schema",
        "methods",
        "discover",
        "references",
        "evidence",
        "data",
        ("code", "own_function"),
        ("functions", "prompt"),
        "inputs",
        "verified",
        ("stale", "check_options", "check_model"),
        "judged",
        "check",
    ),
    "compiler.run.cluster": ("api", "state", "apply", "show", ("collect", "access", "driver")),
    "runtime": (
        "trace",
        "contract",
        "stage",
        "data",
        ("distributed", "model"),
        "scoring",
        ("train", "make", "evaluate"),
        "run",
        ("__main__", "fetch", "export"),
        "cli",
    ),
}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for top in ("compiler", "runtime") for path in (ROOT / top).rglob("*.py")}


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports, lazily too; not what only a type checker reads."""
    yield from _imports(ast.parse(path.read_text(encoding="utf-8")))


def _imports(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        names = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from (name if name in MODULES else node.module for name in names)
    for child in ast.iter_child_nodes(node):
        yield from _imports(child)


IMPORTS = {name: sorted({each for each in imported(path) if each in MODULES}) for name, path in MODULES.items()}


def floor_of(module: str, package: str) -> tuple[int, str] | None:
    """The floor of a module in a package, and its room there; None outside of the package, and for its `__init__`."""
    if not module.startswith(f"{package}."):
        return None
    room = module[len(package) + 1 :].split(".")[0]
    floors = [index for index, floor in enumerate(LAYERS[package]) if room == floor or room in floor]
    assert floors, f"`{module}` is on no floor of `{package}`: add it to LAYERS"
    return (floors[0], room)


@pytest.mark.parametrize("package", LAYERS)
def test_imports_only_run_down(package: str) -> None:
    upward: list[str] = []
    for module, targets in IMPORTS.items():
        here = floor_of(module, package)
        for target in targets:
            there = floor_of(target, package)
            if here and there and here[1] != there[1] and there[0] >= here[0]:
                upward.append(f"{module} -> {target}")
    assert upward == []


def test_no_module_imports_itself_back() -> None:
    assert [circle for circle in circles(IMPORTS) if len(circle) > 1] == []


def circles(graph: dict[str, list[str]]) -> list[list[str]]:
    """The strongly connected components (Tarjan 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in graph[node]:
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            circle = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            found.append(circle)

    for node in graph:
        if node not in index:
            visit(node)
    return found


def test_only_cli_knows_exit_codes_and_prints() -> None:
    knows, prints = [], []
    for name, path in MODULES.items():
        if not name.startswith("compiler.") or name.startswith(("compiler.cli", "compiler.__main__")):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if any(isinstance(node, ast.Name) and node.id == "ExitCode" for node in ast.walk(tree)):
            knows.append(name)
        calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
        if any(isinstance(func, ast.Name) and func.id == "print" for func in calls):
            prints.append(name)
    assert (knows, prints) == ([], [])


# `runtime/trace` is no part of a stage: applications install it under a name of its own, so it has a room of its own
MOST_ROOMS = {"compiler": 9, "runtime": 10}


@pytest.mark.parametrize("package", ["compiler", "runtime"])
def test_top_floors_are_small(package: str) -> None:
    entries = [each for each in (ROOT / package).iterdir() if each.name not in ("__pycache__", "__init__.py")]
    folders = [each.name for each in entries if each.is_dir()]
    modules = [each.name for each in entries if each.suffix == ".py"]
    assert len(folders) <= MOST_ROOMS[package], folders
    assert len(modules) <= 5, modules


def test_modules_are_small() -> None:
    lengths = {name: path.read_text(encoding="utf-8").count("\n") for name, path in MODULES.items()}
    assert {name: lines for name, lines in lengths.items() if lines > 300} == {}


@pytest.mark.parametrize("package", ["compiler", "runtime"])
def test_packages_meet_only_in_the_contract(package: str) -> None:
    def forbidden(target: str) -> bool:
        if target.split(".")[0] in FORBIDDEN[package]:
            return True
        return package == "compiler" and target.startswith("runtime") and not target.startswith("runtime.contract")

    files = {name: path for name, path in MODULES.items() if name.split(".")[0] == package}
    assert len(files) > 10
    crossed = {name: sorted(found) for name, path in files.items() if (found := set(filter(forbidden, imported(path))))}
    assert crossed == {}


def test_the_contract_needs_pydantic_alone() -> None:
    allowed = {*sys.stdlib_module_names, "pydantic", "pydantic_core", "runtime"}
    also = {"runtime.contract.leakage.reworded": {"rapidfuzz"}}  # which nothing imports before questions are compared
    files = {name: path for name, path in MODULES.items() if name.startswith("runtime.contract")}
    foreign = {
        name: sorted({each for each in imported(path) if each.split(".")[0] not in allowed | also.get(name, set())})
        for name, path in files.items()
    }
    assert {name: found for name, found in foreign.items() if found} == {}


def test_the_recorder_needs_the_standard_library_alone() -> None:
    adapters = {"runtime.trace.langchain": {"langchain_core"}, "runtime.trace.otel": {"opentelemetry"}}
    files = {name: path for name, path in MODULES.items() if name.startswith("runtime.trace")}
    assert adapters.keys() < files.keys()
    for name, path in files.items():
        allowed = {*sys.stdlib_module_names, *adapters.get(name, ())}
        assert {each for each in imported(path) if each.split(".")[0] not in allowed} == set(), name
        from_siblings = {
            node.module
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.ImportFrom) and node.level
        }
        assert not from_siblings & {"langchain", "otel"}, f"`{name}` imports an adapter"


@pytest.mark.parametrize("arguments", [["--help"], ["check", "specs/support-rag"]])
def test_quick_commands_import_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys\nfrom compiler.cli.app import main\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit as end:\n    assert end.code in (0, None), end.code\n"
        f"print(sorted(set(sys.modules) & {HEAVY | MEASURING | {'jinja2', 'rich'}!r}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stderr.splitlines()[-1] == "[]"
