"""`python -m tools.fuzz.coverage TARGET FOLDER [libFuzzer options]`: input that is led by which lines of the compiler it reaches."""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["compiler", "runtime.contract"]):
    from compiler.diagnostics.render import FORMATS
    from compiler.spec.data.files import READERS
    from compiler.spec.data.sources import read_source
    from compiler.spec.schema.validate import validate
    from compiler.spec.yaml.load import load
    from runtime.contract.data.shapes import SHAPES

ROOT = Path(__file__).parents[3]
TOKENS = [
    *("apiVersion: ", "kind: ", "metadata: ", "spec: ", "trainspec.dev/v1", "TrainingSpec", "DataCard"),
    *("&a ", "*a", "<<: ", "!!str ", "? ", "- ", "---\\x0a", "...\\x0a", "|\\x0a", "\\xef\\xbb\\xbf", "\\xe4\\xb8\\xad", "\\\\ud800", "null", "1e999"),
]  # fmt: skip


def loader(path: Path, raw: bytes) -> None:
    """Load bytes as a spec, validate it, and report it in every format."""
    path.write_bytes(raw)
    outcome = load(path, "x.yaml")
    found = outcome.diagnostics
    if outcome.value is not None and outcome.ok:
        found += validate(outcome.value).diagnostics
        for place in map(outcome.value.at, outcome.value.spans):
            assert 1 <= place.line <= max(len(outcome.value.lines), 1)
    lines = raw.decode("utf-8-sig", "replace").splitlines()
    for each in found:
        assert each.location.line <= max(len(lines), 1), each
    for formatted in FORMATS.values():
        formatted(found).encode()


def rows(path: Path, raw: bytes) -> None:
    """Read bytes as rows: the first byte sets the format, the second the shape."""
    suffix, shape = sorted(READERS)[raw[0] % len(READERS)], sorted(SHAPES)[raw[1] % len(SHAPES)]
    path = path.with_suffix(suffix)
    path.write_bytes(raw[2:])
    outcome = read_source(path, "x", name="x", relative=path.name, shape=shape)
    assert outcome.ok or outcome.diagnostics
    for formatted in FORMATS.values():
        formatted(outcome.diagnostics).encode()


TARGETS = {"loader": loader, "rows": rows}


def seeds(target: str) -> list[bytes]:
    """Return the seeds: shipped specs and evidence, invalid cases of the tests, first rows of the data."""
    if target == "loader":
        folders = (ROOT / "specs", ROOT / "tests" / "golden")
        return [
            path.read_bytes()[:20_000]
            for folder in folders
            for path in sorted(folder.rglob("*.yaml"))
            if "plan" not in path.parts
        ]
    heads = [path.read_bytes()[:2000] for path in sorted((ROOT / "specs").rglob("*.jsonl"))]
    return [
        bytes([kind, shape]) + head
        for kind in range(len(READERS))
        for shape in range(len(SHAPES))
        for head in heads[:8]
    ]


def main(arguments: list[str]) -> None:
    """Run one target in its own folder; the fuzzer ends the process itself, so nothing is cleaned up."""
    target, home = arguments[1], Path(arguments[2])
    (home / "corpus").mkdir(parents=True, exist_ok=True)
    for number, raw in enumerate(seeds(target)):
        (home / "corpus" / str(number)).write_bytes(raw)
    (home / "words").write_text("".join(f'"{word}"\n' for word in TOKENS), encoding="utf-8")

    def test_one(raw: bytes) -> None:
        if len(raw) >= 2:
            TARGETS[target](home / "x.yaml", raw)

    options = [f"-dict={home}/words", "-max_len=20000", "-rss_limit_mb=4096", f"-artifact_prefix={home}/"]
    atheris.Setup([arguments[0], *options, *arguments[3:], str(home / "corpus")], test_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
