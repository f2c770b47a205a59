"""What is fuzzed: a table of strategies, each of which gives cases of a project."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import yaml
from hypothesis import strategies as st
from tools.fuzz.generate import TEXT, documents
from tools.fuzz.mutate import HOSTILE, damaged, hostile_values, structures, styles, written
from tools.fuzz.project import Case, Project

from compiler.spec.schema import EVIDENCE
from runtime.contract.metrics import METRICS
from runtime.contract.rewards import REWARDS

Cases = st.SearchStrategy[Case]


class Maker:
    """Makes the strategies of one project, whose files it reads once."""

    def __init__(self, project: Project) -> None:
        self.folders = project.folders()
        self.texts = {
            name: {file: project.read(name, file) for file in project.text_files(name)} for name in self.folders
        }
        self.data = {name: {file: _load(raw) for file, raw in files.items()} for name, files in self.texts.items()}
        self.documents = {
            kind: documents(kind, self._known())
            for kind in ("TrainingSpec", "ClusterProfile", *(each.__name__ for each in EVIDENCE))
        }

    def _known(self) -> dict[str, st.SearchStrategy[Any]]:
        """Values that mean something in the project, of fields that otherwise hold any text."""
        sources = [source for name in self.folders for source in self.data[name]["spec.yaml"]["spec"].get("data", [])]
        models = [self.data[name]["spec.yaml"]["spec"]["model"] for name in self.folders]
        return {
            "path": st.sampled_from(sorted({source["path"] for source in sources if "path" in source})),
            "uri": st.sampled_from(sorted({source["uri"] for source in sources if "uri" in source} | {"s3://a/b/..", "s3://a/"})),
            "source": st.sampled_from(sorted({source["name"] for source in sources})),
            "image": st.just(f"registry.example.com/runtime@sha256:{'0' * 64}"),
            "profile": st.sampled_from(["small", "cpu-small"]),
            "metric": st.sampled_from(sorted(METRICS)),
            "use": st.sampled_from(sorted(REWARDS)),
            "model": st.sampled_from(sorted({f"{model['name']}/{model['revision']}" for model in models})),
            "trainer": st.fixed_dictionaries({}, optional={"learning_rate": st.floats(0, 1), "max_length": st.integers(1, 9999)}),
        }  # fmt: skip

    def valid(self) -> Cases:
        """Parts of real specs mixed with parts made from the schema."""
        return st.sampled_from(self.folders).flatmap(self._grafted)

    @st.composite
    @staticmethod
    def _grafts(draw: st.DrawFn, self: "Maker", folder: str) -> Case:
        spec = json.loads(json.dumps(self.data[folder]["spec.yaml"]))
        made = draw(self.documents["TrainingSpec"])
        for name in draw(st.lists(st.sampled_from(sorted(made["spec"])), max_size=4, unique=True)):
            spec["spec"][name] = made["spec"][name]
        return Case(spec=folder, files={"spec.yaml": written(spec, draw(styles))})

    def _grafted(self, folder: str) -> Cases:
        return self._grafts(self, folder)

    def profiles(self) -> Cases:
        """Cluster profiles made from the schema."""
        wanted = {name: self.data[name]["spec.yaml"]["spec"]["profile"] for name in self.folders}
        return st.builds(
            lambda folder, made, style: Case(spec=folder, files={f"../clusters/{wanted[folder]}.yaml": written(made, style)}),
            st.sampled_from(self.folders), self.documents["ClusterProfile"], styles,
        )  # fmt: skip

    def evidence(self) -> Cases:
        """Evidence made from the schema, in addition to or instead of the existing evidence."""
        kinds = st.sampled_from([each.__name__ for each in EVIDENCE])
        made = kinds.flatmap(lambda kind: self.documents[kind])
        names = st.sampled_from(["a.yaml", "zz.yml", "证据.yaml", "prompt-rounds.yaml", "probe.yaml"])
        files = st.dictionaries(
            names.map(lambda name: f"evidence/{name}"), st.builds(written, made, styles), min_size=1, max_size=3
        )
        return st.builds(lambda folder, files: Case(spec=folder, files=files), st.sampled_from(self.folders), files)

    def _changed(self, change: Callable[[Any], st.SearchStrategy[Any]], folders: list[str]) -> Cases:
        """One YAML file of a spec, changed as data."""
        return st.sampled_from(folders).flatmap(
            lambda folder: st.sampled_from(sorted(self.data[folder])).flatmap(
                lambda file: st.builds(
                    lambda data, style: Case(spec=folder, files={file: written(data, style)}),
                    change(self.data[folder][file]), styles,
                )
            )
        )  # fmt: skip

    def nearly_valid(self) -> Cases:
        """Fields dropped, renamed, repeated, of another type."""
        return self._changed(structures, self.folders)

    def hostile(self) -> Cases:
        """Scalars and keys that a reader, a template, a terminal or a review could trip over."""
        return self._changed(hostile_values, self.folders)

    def damaged_files(self) -> Cases:
        """Bytes of YAML files cut, flipped, inserted, encoded in another way."""
        return st.sampled_from(self.folders).flatmap(
            lambda folder: st.sampled_from(sorted(self.texts[folder])).flatmap(
                lambda file: damaged(self.texts[folder][file]).map(lambda raw: Case(spec=folder, files={file: raw}))
            )
        )

    def rows(self) -> Cases:
        """Rows that are nearly right, hostile or damaged, as JSONL, CSV or Parquet."""
        spec = self.texts["shop"]["spec.yaml"].decode()
        tables = st.lists(_row(), min_size=1, max_size=6)
        return st.builds(
            lambda name, suffix, raw: Case(
                spec="shop",
                files={"spec.yaml": spec.replace(f"{name}.jsonl", f"{name}.{suffix}").encode(), f"data/{name}.{suffix}": raw[suffix]},
            ),
            st.sampled_from(["demos", "held-out", "badcases"]), st.sampled_from(["jsonl", "csv", "parquet"]), tables.flatmap(_encodings),
        )  # fmt: skip


STRATEGIES: dict[str, tuple[Callable[[Maker], Cases], int]] = {
    "valid specs": (Maker.valid, 15),
    "valid evidence": (Maker.evidence, 15),
    "valid profiles": (Maker.profiles, 6),
    "nearly valid": (Maker.nearly_valid, 18),
    "hostile values": (Maker.hostile, 18),
    "damaged files": (Maker.damaged_files, 18),
    "data rows": (Maker.rows, 10),
}
"""Strategy by name, with its weight: how many of a hundred cases are its."""


def _load(raw: bytes) -> Any:
    return json.loads(json.dumps(yaml.load(raw, yaml.CSafeLoader), default=str))


def _row() -> st.SearchStrategy[dict[str, Any]]:
    turn = st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant", "system", "x"]), "content": TEXT})
    value = TEXT | st.lists(turn, max_size=2) | st.sampled_from(HOSTILE) | st.none()
    names = [
        "id",
        "prompt",
        "completion",
        "reference",
        "fix",
        "answer",
        "class",
        "cluster",
        "label",
        "model",
        "messages",
        "中",
    ]
    good = dict.fromkeys(("id", "prompt", "completion", "reference", "fix", "answer"), TEXT)
    odd = st.dictionaries(st.sampled_from(names), value, max_size=4)
    return st.builds(lambda row, more: row | more, st.fixed_dictionaries(good), odd)


def _encodings(rows: list[dict[str, Any]]) -> st.SearchStrategy[dict[str, bytes]]:
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    table = io.StringIO()
    writer = csv.DictWriter(table, list({name: None for row in rows for name in row}))
    writer.writeheader()
    writer.writerows({k: json.dumps(v) if isinstance(v, list | dict) else v for k, v in row.items()} for row in rows)
    made = {"jsonl": lines, "csv": table.getvalue().encode("utf-8", "surrogatepass"), "parquet": _parquet(rows)}
    return st.fixed_dictionaries({suffix: st.just(raw) | damaged(raw) for suffix, raw in made.items()})


def _parquet(rows: list[dict[str, Any]]) -> bytes:
    """The rows as Parquet, columns whose values do not go together as text."""
    import pyarrow
    import pyarrow.parquet

    columns = {}
    for name in {name: None for row in rows for name in row}:
        values = [row.get(name) for row in rows]
        try:
            columns[name] = pyarrow.array(values)
            pyarrow.table({name: columns[name]}).schema.serialize()
        except (pyarrow.ArrowException, OverflowError, UnicodeError, TypeError, ValueError):
            columns[name] = pyarrow.array([repr(value) for value in values])
    sink = io.BytesIO()
    try:
        pyarrow.parquet.write_table(pyarrow.table(columns), sink)
    except (pyarrow.ArrowException, UnicodeError):
        return b"PAR1"
    return sink.getvalue()
