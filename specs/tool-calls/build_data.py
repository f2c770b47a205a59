"""Build `data/` from the bfcl-eval package: demonstrations and held-out questions of function calling.

    build_data.py --package DIR            write the files
    build_data.py --package DIR --check    compare them with the committed files; exit 1 if they differ

DIR is the unpacked package, the folder that holds `bfcl_eval/data/`.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
NAME = "BFCL_v4_simple_python.json"
MAX_SCHEMA = 700  # characters; a few rows with longer descriptions would fill the folder
HELD_OUT_OF = 4  # every fourth function is held out


def main() -> int:
    """Write or compare the files, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", type=Path, required=True, metavar="DIR")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    folder = options.package / "bfcl_eval" / "data"
    answers = {row["id"]: row["ground_truth"] for row in read(folder / "possible_answer" / NAME)}
    rows = [row for each in read(folder / NAME) if (row := make_row(each, answers[each["id"]]))]
    functions = sorted({row["cluster"] for row in rows})
    held_out = set(functions[::HELD_OUT_OF])
    files = {
        "demonstrations.jsonl": [demonstration(row) for row in rows if row["cluster"] not in held_out],
        "held-out.jsonl": [row for row in rows if row["cluster"] in held_out],
    }
    return sum(put(HERE / "data" / name, made, check=options.check) for name, made in files.items()) and 1


def read(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def make_row(case: dict[str, Any], truth: list[dict[str, dict[str, list[Any]]]]) -> dict[str, Any] | None:
    """Return an evaluation row; None if several calls are right, or the schema is too long."""
    ((name, arguments),) = truth[0].items()
    given = {key: values[0] for key, values in arguments.items() if "" not in values}
    schema = json.dumps(case["function"][0], ensure_ascii=False)
    if len(schema) > MAX_SCHEMA or any(len(values) > 1 for values in arguments.values() if "" not in values):
        return None
    question = case["question"][0][0]["content"]
    prompt = f"Answer with one call as JSON.\nFunction: {schema}\nRequest: {question}\nCall:"
    call = json.dumps({"name": name, "arguments": given}, ensure_ascii=False)
    return {"id": case["id"], "cluster": name, "prompt": prompt, "reference": call}


def demonstration(row: dict[str, Any]) -> dict[str, Any]:
    """Return the row as a training row."""
    return {"cluster": row["cluster"], "prompt": row["prompt"], "completion": row["reference"]}


def put(path: Path, rows: list[dict[str, Any]], *, check: bool) -> int:
    """Write the rows, or compare them with the file; return 1 if it differs."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    if check:
        return int(not path.is_file() or path.read_text(encoding="utf-8") != text)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
