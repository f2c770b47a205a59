"""Build `data/` with reasoning-gym: word problems with worked solutions, and held-out ones.

    build_data.py            write the files
    build_data.py --check    compare them with the committed files; exit 1 if they differ

Needs `reasoning-gym==0.1.25` in the environment.
"""

import argparse
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SEED, PROBLEMS = 42, 9000
KINDS, OF_A_KIND, HELD_OUT_OF_A_KIND = 5, 52, 12
LARGEST = 200  # as in primary school
TAIL = " Give the result as your final answer. Do not include units."


def main() -> int:
    """Write or compare the files, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    kinds = shortest(problems())
    held_out = [question(row) for rows in kinds for row in rows[:HELD_OUT_OF_A_KIND]]
    chains = [row for rows in kinds for row in rows[HELD_OUT_OF_A_KIND:]]
    files = {"chains.jsonl": chains, "held-out.jsonl": held_out}
    return sum(put(HERE / "data" / name, made, check=options.check) for name, made in files.items()) and 1


def problems() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield problems with chains of small whole numbers, each with its kind: the variables of its template."""
    import reasoning_gym  # type: ignore[import-not-found, unused-ignore]

    seen = set()
    for index, each in enumerate(reasoning_gym.create_dataset("gsm_symbolic", size=PROBLEMS, seed=SEED)):
        chain, _, answer = each["metadata"]["answer_cot"].rpartition("\n#### ")
        prompt = each["question"].removesuffix(TAIL)
        numbers = re.findall(r"\d+(?:\.\d+)?", f"{prompt} {chain}")
        is_small = all("." not in number and int(number) <= LARGEST for number in numbers)
        if answer == each["answer"] and chain and is_small and prompt not in seen:
            seen.add(prompt)
            row = {"id": f"gsm-{index:04}", "prompt": turns("user", prompt), "chain": chain}
            row["completion"] = turns("assistant", answer)
            yield ",".join(sorted(each["metadata"]["variables"])), row


def shortest(rows: Iterator[tuple[str, dict[str, Any]]]) -> list[list[dict[str, Any]]]:
    """Return the kinds with the shortest worked solutions, with the same number of problems each."""
    kinds: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for kind, row in rows:
        kinds[kind].append(row)
    full = [made[:OF_A_KIND] for _, made in sorted(kinds.items()) if len(made) >= OF_A_KIND]
    return sorted(full, key=lambda made: sum(len(row["chain"]) for row in made))[:KINDS]


def turns(role: str, content: str) -> list[dict[str, str]]:
    """Return one turn of a conversation."""
    return [{"role": role, "content": content}]


def question(row: dict[str, Any]) -> dict[str, Any]:
    """Return the row as an evaluation row."""
    return {"id": row["id"], "prompt": row["prompt"], "reference": row["completion"][0]["content"]}


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
