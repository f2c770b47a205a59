"""Builds `data/` with reasoning-gym: word problems with their worked solutions, and held-out ones.

    build_data.py            write the files
    build_data.py --check    compare them with the committed ones; exit 1 if they differ

Needs `reasoning-gym==0.1.25` in the environment.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SEED, PROBLEMS, CHAINS, HELD_OUT = 42, 900, 240, 80
HELD_OUT_OF = 4  # every fourth kind of problem is asked only in the evaluation
TAIL = " Give the result as your final answer. Do not include units."


def main() -> int:
    """Write or compare; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    rows = problems()
    kinds = sorted({row["cluster"] for row in rows})
    held_out = set(kinds[::HELD_OUT_OF])
    files = {
        "chains.jsonl": [row for row in rows if row["cluster"] not in held_out][:CHAINS],
        "held-out.jsonl": [question(row) for row in rows if row["cluster"] in held_out][:HELD_OUT],
    }
    return sum(put(HERE / "data" / name, made, check=options.check) for name, made in files.items()) and 1


def problems() -> list[dict[str, Any]]:
    """Problems with chains; those made from one template share a cluster."""
    import reasoning_gym  # type: ignore[import-not-found, unused-ignore]

    rows: dict[str, dict[str, Any]] = {}
    for index, each in enumerate(reasoning_gym.create_dataset("gsm_symbolic", size=PROBLEMS, seed=SEED)):
        chain, _, answer = each["metadata"]["answer_cot"].rpartition("\n#### ")
        prompt = each["question"].removesuffix(TAIL)
        if answer == each["answer"] and chain:
            kind = ",".join(sorted(each["metadata"]["variables"]))
            row = {"id": f"gsm-{index:03}", "cluster": kind, "prompt": prompt, "chain": chain, "completion": answer}
            rows.setdefault(prompt, row)
    return list(rows.values())


def question(row: dict[str, Any]) -> dict[str, Any]:
    """The row as one to evaluate on."""
    return {"id": row["id"], "cluster": row["cluster"], "prompt": row["prompt"], "reference": row["completion"]}


def put(path: Path, rows: list[dict[str, Any]], *, check: bool) -> int:
    """Write the rows, or compare them with the file; 1 where it differs."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    if check:
        return int(not path.is_file() or path.read_text(encoding="utf-8") != text)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
