"""Spider's questions and schemas: normalised, filled into a prompt, and split by database."""

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# A short prompt and a short answer are what two CPU cores can train on; about three characters make a token.
MAX_SCHEMA_CHARACTERS = 480
MAX_QUERY_CHARACTERS = 160
# A database contributes at most this many different queries to training, so that no database dominates.
MAX_TRAIN_QUERIES = 24


@dataclass(frozen=True, kw_only=True, slots=True)
class Schema:
    """One database: (name, type) pairs by table, and links as (child table, column, parent table, column)."""

    name: str
    columns: dict[str, list[tuple[str, str]]]
    keys: frozenset[tuple[str, str]]
    links: tuple[tuple[str, str, str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One question of Spider with its normalised gold query; paraphrases share `cluster`."""

    id: str
    database: str
    text: str
    query: str
    cluster: str


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
    # Spider names one column of a composite key, so a table that only joins others has no own key.
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
    """Return the schema's spelling of each table and column by its lower-case form, where it has only one."""
    names = {*schema.columns, *(name for pairs in schema.columns.values() for name, _ in pairs)}
    forms: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        forms[name.lower()].append(name)
    return {lower: spelled[0] for lower, spelled in forms.items() if len(spelled) == 1}


def normalise_query(query: str, spelled: dict[str, str]) -> str:
    """Return `query` with plain spaces, single-quoted literals, no final `;`, and names as `spelled` by the schema.

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
    """Return the schema as in a prompt: one line per table.

    Foreign keys are left out. They were a fifth of all tokens, and the tuned model did as well without them.
    """
    return "\n".join(f"{table}({', '.join(name for name, _ in pairs)})" for table, pairs in schema.columns.items())


def schema_size(schema: Schema) -> int:
    """Return the characters of the schema with its foreign keys: a measure of its complexity."""
    keys = (f"\n{child}.{column} = {parent}.{key}" for child, column, parent, key in schema.links)
    return len(schema_text(schema)) + sum(map(len, keys))


def fill_prompt(template: str, schema: Schema, question: str) -> list[dict[str, str]]:
    """Return the messages of a prompt file: first the system's, then user and assistant by turns."""
    parts = [part.strip() for part in template.split("\n---\n")]
    roles = ["system", *(("user", "assistant")[index % 2] for index in range(len(parts) - 1))]
    parts[-1] = parts[-1].replace("{schema}", schema_text(schema)).replace("{question}", question)
    return [{"role": role, "content": part} for role, part in zip(roles, parts, strict=True)]


def split_questions(schemas: dict[str, Schema], questions: list[Question]) -> tuple[list[Question], list[Question]]:
    """Return (training, held-out) questions: of the databases by schema size, the first of each three is held out."""
    names = {
        question.database for question in questions if schema_size(schemas[question.database]) <= MAX_SCHEMA_CHARACTERS
    }
    ordered = sorted(names, key=lambda name: (schema_size(schemas[name]), name))
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
