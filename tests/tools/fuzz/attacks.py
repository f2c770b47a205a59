"""Attacks on a machine that compiles other people's specs: name, change to the project, and expected diagnostics."""

import json
import os
from collections.abc import Callable
from pathlib import Path

from conftest import DIGEST, PROFILE, SPEC

MIB = 1 << 20
CARD = f"""\
apiVersion: trainspec.dev/v1
kind: DataCard
metadata: {{source: a test, date: 2026-10-01, digest: {DIGEST}}}
spec:
  source: demos
  shape: prompt-completion
  uri: s3://bucket/..
  rows: 100
  bytes: 1000
  datasetType: prompt-completion
  format: standard
  columns: []
  lengths: {{unit: bytes, p50: 1, p90: 1, p99: 1, max: 1}}
  duplicates: {{exact: 0, near: 0}}
"""
Attack = Callable[[Path], None]
ATTACKS: dict[str, tuple[Attack, str]] = {}
"""Attack by name, with the code of the error that it ends in; empty where it does no harm, and a plan is made."""


def attack(code: str = "") -> Callable[[Attack], Attack]:
    """Add an attack to the table; it gets the spec's folder."""

    def put(what: Attack) -> Attack:
        ATTACKS[what.__name__] = (what, code)
        return what

    return put


def spec(home: Path, text: str | bytes) -> None:
    (home / "spec.yaml").write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))


def swapped(home: Path, old: str, new: str) -> None:
    text = (home / "spec.yaml").read_text(encoding="utf-8")
    assert old in text
    spec(home, text.replace(old, new, 1))


def sparse(path: Path, size: int) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as stream:
        stream.truncate(size)


def linked(path: Path, target: str) -> None:
    path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(target)


def rows_in(home: Path, name: str, text: str | bytes = "") -> None:
    """The demonstrations in another file."""
    swapped(home, "data/demos.jsonl", f"data/{name}")
    if text:
        (home / "data" / name).write_bytes(text if isinstance(text, bytes) else text.encode())


def many(home: Path) -> Path:
    """A folder for the demonstrations."""
    rows_in(home, "many")
    (home / "data" / "many").mkdir()
    return home / "data" / "many"


# YAML that is too large


@attack("YML005")
def billion_laughs(home: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    spec(home, "\n".join([*lines, *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10))]))


@attack("YML005")
def quadratic_aliases(home: Path) -> None:
    spec(home, f"a: &a [{', '.join('x' * 20_000)}]\nb: [{', '.join(['*a'] * 20_000)}]")


@attack("YML005")
def aliases_that_nest(home: Path) -> None:
    lines = [f"a{n}: &a{n} {'[' * 37}*a{n - 1}{']' * 37}" for n in range(1, 45)]
    spec(home, "\n".join(["a0: &a0 [x]", *lines]))


@attack("YML005")
def repeated_keys_of_great_length(home: Path) -> None:
    spec(home, f"k: &k {'x' * 300_000}\nb: {{{', '.join(['*k : 1'] * 30_000)}}}")


@attack("YML005")
def tags_of_great_length(home: Path) -> None:
    spec(home, f"%TAG !e! {'x' * 400_000}\n---\n[{','.join(['!e!x a'] * 40_000)}]")


@attack("YML006")
def many_tag_directives(home: Path) -> None:
    spec(home, "".join(f"%TAG !a{i}! x\n" for i in range(30_000)) + "---\n!b!x a: 1\n")


@attack("YML005")
def deep_flow(home: Path) -> None:
    spec(home, "[" * 1_000_000)


@attack("YML005")
def deep_block(home: Path) -> None:
    spec(home, "- " * 500_000)


@attack("YML005")
def deep_keys(home: Path) -> None:
    spec(home, "? " * 500_000)


@attack("YML005")
def unknown_fields_by_the_thousand(home: Path) -> None:
    spec(home, SPEC + "".join(f"  unknown{i}: 1\n" for i in range(40_000)))


@attack("YML005")
def a_spec_of_100_mb(home: Path) -> None:
    sparse(home / "spec.yaml", 100 * MIB)


@attack("SPC101")
def a_number_of_a_million_digits(home: Path) -> None:
    spec(home, f"a: {'1' * 1_000_000}")


@attack("SPC102")
def a_key_of_great_length(home: Path) -> None:
    spec(home, f"{SPEC}? {'x' * 1_000_000}\n: 1\n")


@attack("YML005")
def sources_by_the_thousand(home: Path) -> None:
    source = "    - {{name: s{0}, purpose: {1}, shape: {2}, path: data/held-out.jsonl}}\n"
    kinds = [("evaluation", "evaluation"), ("prompts", "prompt")]
    swapped(home, "  gaps:", "".join(source.format(n, *kinds[n % 2]) for n in range(9_000)) + "  gaps:")


@attack("CHK206")
def gaps_by_the_thousand(home: Path) -> None:
    spec(home, SPEC + "    - {kind: unstable}\n" * 20_000)


# text that is not our YAML


@attack("YML002")
def nul(home: Path) -> None:
    spec(home, SPEC + "# \0\n")


@attack()
def byte_order_mark(home: Path) -> None:
    spec(home, "\ufeff" + SPEC)


@attack("YML002")
def utf_16(home: Path) -> None:
    spec(home, SPEC.encode("utf-16"))


@attack("YML002")
def lone_surrogate(home: Path) -> None:
    spec(home, SPEC.replace("orders", "\ud800"))


@attack("YML003")
def escaped_surrogate(home: Path) -> None:
    spec(home, SPEC.replace("answer questions about orders", '"\\ud800"'))


@attack("YML003")
def tabs(home: Path) -> None:
    spec(home, SPEC.replace("  ", "\t"))


@attack()
def carriage_returns_only(home: Path) -> None:
    spec(home, SPEC.replace("\n", "\r"))


@attack("YML004")
def duplicate_keys(home: Path) -> None:
    spec(home, SPEC + SPEC)


@attack("YML006")
def merge_keys(home: Path) -> None:
    swapped(home, "metadata:\n", "metadata:\n  <<: {name: a}\n")


@attack("YML006")
def tags_that_run_code(home: Path) -> None:
    swapped(home, "name: shop", "name: !!python/object/apply:os.system [id]")


@attack("SPC104")
def a_name_that_is_no_label(home: Path) -> None:
    swapped(home, "name: shop", "name: '-shop.Ü/../x'")


# values that could escape from their template


@attack()
def text_that_opens_a_fence(home: Path) -> None:
    swapped(home, "name: shop", "name: shop\n  description: '~~~'")


@attack()
def text_that_is_a_fence_of_backticks(home: Path) -> None:
    swapped(home, "name: shop", "name: shop\n  description: '``````'")


@attack()
def text_that_is_a_heading(home: Path) -> None:
    swapped(home, "name: shop", "name: shop\n  description: '## Approved'")


@attack()
def text_of_tables_html_and_mermaid(home: Path) -> None:
    swapped(home, "answer questions about orders", "'a | b </details> <script> `x` [a](b) s0[\"x\"] ```'")


@attack()
def text_of_yaml_and_templates(home: Path) -> None:
    swapped(home, "name: shop", 'name: shop\n  owner: "x\\n---\\nkind: Secret\\n{{ 7 * 7 }}{% x %}\\ue0000\\ue000"')


@attack("CHK213")
def a_trainer_key_too_long_for_yaml(home: Path) -> None:
    spec(home, f"{SPEC}  training: {{sft: {{trainer: {{lr_scheduler_kwargs: {{? {'x' * 1500} : 1}}}}}}}}\n")


@attack("YML002")
def escape_sequences(home: Path) -> None:
    swapped(home, "answer questions about orders", '"\\e[31mred\\e[0m"')


@attack("CHK203")
def escape_sequences_in_rows(home: Path) -> None:
    (home / "data" / "held-out.jsonl").write_text(
        json.dumps({"id": "\x1b[31m\x9b", "prompt": "q", "reference": "a"}) * 2
    )


# paths that are not files, and links


@attack("YML001")
def a_spec_that_is_a_pipe(home: Path) -> None:
    (home / "spec.yaml").unlink()
    os.mkfifo(home / "spec.yaml")


@attack("YML001")
def a_spec_that_is_a_folder(home: Path) -> None:
    (home / "spec.yaml").unlink()
    (home / "spec.yaml").mkdir()


@attack("YML001")
def a_spec_that_links_to_itself(home: Path) -> None:
    linked(home / "spec.yaml", "spec.yaml")


@attack("CHK202")
def a_spec_that_links_to_the_environment(home: Path) -> None:
    linked(home / "spec.yaml", "/proc/self/environ")


@attack("CHK202")
def a_spec_that_links_to_a_device(home: Path) -> None:
    linked(home / "spec.yaml", "/dev/zero")


@attack("CHK202")
def a_profile_that_links_out(home: Path) -> None:
    linked(home.parent / "clusters" / "small.yaml", "/etc/hosts")


@attack("YML001")
def evidence_that_is_a_pipe(home: Path) -> None:
    os.mkfifo(home / "evidence" / "x.yaml")


@attack("YML001")
def evidence_that_is_a_folder(home: Path) -> None:
    (home / "evidence" / "x.yaml").mkdir()


@attack("YML001")
def evidence_that_links_to_itself(home: Path) -> None:
    linked(home / "evidence" / "x.yaml", "x.yaml")


@attack("CHK202")
def evidence_that_links_out(home: Path) -> None:
    linked(home / "evidence" / "x.yaml", "/proc/self/environ")


@attack("CHK202")
def an_evidence_folder_that_links_out(home: Path) -> None:
    outside = home.parent.parent / "outside"
    (home / "evidence").rename(outside)
    linked(home / "evidence", str(outside))


@attack("YML001")
def evidence_whose_name_is_no_text(home: Path) -> None:
    (home / "evidence" / "prompt-rounds.yaml").rename(
        os.fsdecode(os.fsencode(home / "evidence") + b"/\xff\x1b[31m.yaml")
    )


@attack("YML005")
def evidence_of_100_mb(home: Path) -> None:
    sparse(home / "evidence" / "x.yaml", 100 * MIB)


@attack("YML005")
def evidence_in_100_000_files(home: Path) -> None:
    text = (home / "evidence" / "prompt-rounds.yaml").read_text()
    for number in range(100_000):
        first = home / "evidence" / f"{number // 50_000 * 50_000}.yaml"  # a file takes fewer than 65,536 links
        if number % 50_000 == 0:
            first.write_text(text)
        else:
            os.link(first, home / "evidence" / f"{number}.yaml")


@attack("YML005")
def evidence_of_100_000_values_in_each_of_999_files(home: Path) -> None:
    (home / "evidence" / "0.yaml").write_text("- a\n" * 200_000)
    for number in range(1, 999):
        os.link(home / "evidence" / "0.yaml", home / "evidence" / f"{number}.yaml")


@attack("CHK202")
def data_above_the_folder(home: Path) -> None:
    rows_in(home, "../../other/data/demos.jsonl")


@attack("CHK202")
def data_that_links_out(home: Path) -> None:
    rows_in(home, "x.jsonl")
    linked(home / "data" / "x.jsonl", "/proc/self/environ")


@attack("CHK202")
def data_in_a_folder_that_links_out(home: Path) -> None:
    rows_in(home, "out/passwd")
    linked(home / "data" / "out", "/etc")


@attack("CHK201")
def data_that_links_to_itself(home: Path) -> None:
    rows_in(home, "x.jsonl")
    linked(home / "data" / "x.jsonl", "x.jsonl")


@attack("CHK201")
def data_that_is_a_pipe(home: Path) -> None:
    rows_in(home, "x.jsonl")
    os.mkfifo(home / "data" / "x.jsonl")


@attack("YML001")
def a_data_folder_with_a_pipe(home: Path) -> None:
    os.mkfifo(many(home) / "a.jsonl")


@attack("YML001")
def a_data_folder_with_a_loop(home: Path) -> None:
    linked(many(home) / "a.jsonl", "a.jsonl")


@attack("CHK202")
def a_data_folder_with_a_link_out(home: Path) -> None:
    linked(many(home) / "a.jsonl", "/etc/passwd")


@attack("YML001")
def a_data_folder_with_a_name_that_is_no_text(home: Path) -> None:
    (home / "data" / "demos.jsonl").rename(os.fsdecode(os.fsencode(many(home)) + b"/\xff.jsonl"))


@attack("CHK202")
def databases_that_link_out(home: Path) -> None:
    swapped(home, "target: 0.9", "target: 0.9\n        databases: databases")
    linked(home / "databases" / "x.sql", "/etc/passwd")


@attack("CHK201")
def databases_of_3_gb(home: Path) -> None:
    swapped(home, "target: 0.9", "target: 0.9\n        databases: databases")
    sparse(home / "databases" / "x.sql", 3 << 30)


# rows


@attack("YML005")
def sparse_rows_of_1_gb(home: Path) -> None:
    rows_in(home, "x.jsonl")
    sparse(home / "data" / "x.jsonl", 1 << 30)


@attack("YML005")
def sparse_rows_of_3_gb(home: Path) -> None:
    rows_in(home, "x.jsonl")
    sparse(home / "data" / "x.jsonl", 3 << 30)


@attack("YML005")
def one_line_of_50_mb(home: Path) -> None:
    rows_in(home, "x.jsonl", json.dumps({"prompt": "x" * 50 * MIB, "completion": "y"}))


@attack()
def escape_sequences_in_the_labels_of_rows(home: Path) -> None:
    row = {
        "prompt": "q",
        "fix": "right",
        "answer": "wrong",
        "model": "\x1b[31mred\x9b",
        "prompt_version": "\x1b[2J\u202e",
    }
    text = "".join(json.dumps({"id": f"b{n}", **row}) + "\n" for n in range(40))
    (home / "data" / "badcases.jsonl").write_text(text)


@attack()
def a_remote_file_above_its_folder(home: Path) -> None:
    swapped(home, "path: data/demos.jsonl", "uri: s3://bucket/..")
    (home / "evidence" / "card.yaml").write_text(CARD)


@attack("CHK203")
def a_row_that_nests(home: Path) -> None:
    rows_in(home, "x.jsonl", '{"cluster": ' + "[" * 1_000_000)


@attack("CHK203")
def clusters_that_nest_as_far_as_json_goes(home: Path) -> None:
    row = '{"prompt": "p%d", "completion": "c", "cluster": %s}\n'
    rows_in(home, "x.jsonl", "".join(row % (n, "[" * n + "]" * n) for n in range(900)))


@attack("CHK203")
def a_number_of_many_digits_in_a_row(home: Path) -> None:
    rows_in(home, "x.jsonl", f'{{"prompt": "p", "completion": "c", "x": {"1" * 100_000}}}')


@attack()
def a_prompt_where_no_prompt_belongs(home: Path) -> None:
    swapped(home, "  gaps:", "    - {name: corpus, purpose: corpus, shape: text, path: data/corpus.jsonl}\n  gaps:")
    (home / "data" / "corpus.jsonl").write_text('{"text": "a", "prompt": 5}\n{"text": "b", "prompt": {}}\n')


@attack("YML005")
def a_giant_field_of_csv(home: Path) -> None:
    rows_in(home, "x.csv", "prompt,completion\na," + "x" * 50 * MIB)


@attack("YML005")
def a_quote_that_never_closes(home: Path) -> None:
    rows_in(home, "x.csv", 'prompt,completion\na,"' + ("x" * 1000 + "\n") * 50_000)


@attack("YML005")
def a_row_of_csv_over_many_lines(home: Path) -> None:
    cell = '"' + ("x" * 1000 + "\n") * 4000 + '",'
    rows_in(home, "x.csv", "prompt,completion\n" + cell * 30)


@attack("CHK203")
def a_million_columns(home: Path) -> None:
    rows_in(home, "x.csv", ",".join(f"a{n}" for n in range(500_000)) + "\n")


@attack("CHK203")
def a_lone_surrogate_in_csv(home: Path) -> None:
    turn = '"[{""role"": ""user"", ""content"": ""\\ud800""}]"'
    rows_in(home, "x.csv", f"prompt,completion\n{turn},{turn.replace('user', 'assistant')}\n")


def parquet(home: Path, columns: dict[str, object]) -> None:
    import pyarrow
    import pyarrow.parquet

    rows_in(home, "x.parquet")
    pyarrow.parquet.write_table(pyarrow.table(columns), home / "data" / "x.parquet")


@attack("YML005")
def a_parquet_dictionary_that_unpacks_to_18_gb(home: Path) -> None:
    import pyarrow

    column = pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * 3000, pyarrow.int32()), ["x" * 3_000_000])
    parquet(home, {"prompt": column, "completion": column})


@attack("YML005")
def a_parquet_list_of_30_million(home: Path) -> None:
    import pyarrow

    column = pyarrow.ListArray.from_arrays([0, 30_000_000], pyarrow.nulls(30_000_000, pyarrow.int8()))
    parquet(home, {"prompt": ["a"], "completion": ["b"], "x": column})


@attack("CHK223")
def parquet_that_nests(home: Path) -> None:
    import pyarrow

    kind = pyarrow.int8()
    for _ in range(1000):
        kind = pyarrow.struct([("a", kind)])
    parquet(home, {"prompt": ["a"], "completion": ["b"], "x": pyarrow.nulls(1, kind)})


@attack("CHK223")
def parquet_whose_text_is_none(home: Path) -> None:
    import pyarrow

    offsets, raw = pyarrow.py_buffer(b"\0\0\0\0\2\0\0\0"), pyarrow.py_buffer(b"\xff\xfe")
    column = pyarrow.StringArray.from_buffers(1, offsets, raw)
    parquet(home, {"prompt": column, "completion": column})


@attack("CHK223")
def parquet_with_a_day_that_python_lacks(home: Path) -> None:
    import pyarrow

    column = pyarrow.array([2**62], pyarrow.timestamp("us"))
    parquet(home, {"prompt": ["a"], "completion": ["b"], "x": column})


@attack("YML005")  # more than the limit, together with the evaluation rows that are read first
def sparse_parquet_of_1_gb(home: Path) -> None:
    rows_in(home, "x.parquet")
    sparse(home / "data" / "x.parquet", 1 << 30)


@attack("SPC103")
def a_profile_of_another_shape(home: Path) -> None:
    (home.parent / "clusters" / "small.yaml").write_text(PROFILE.replace("storage:\n", "storage: []\nx:\n"))
