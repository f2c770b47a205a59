"""Build `data/`: sums of two amounts in the format of a till, for training and held out.

    build_data.py            write the files
    build_data.py --check    compare them with the committed files; exit 1 if they differ

A seed draws the numbers. The wrong answers in `badcases.jsonl` are invented, in the two ways in which small models fail
here; `measure.py` replaces them with real answers of the base model.
"""

import argparse
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
SEED, LEAST, MOST = 7, 2, 49
QUESTIONS, HELD_OUT, BADCASES = 320, 96, 100
SYSTEM = "Write out the sum, as the till prints it."
SHOWN = ("3 + 4", "3 + 4 = 7")


def main() -> int:
    """Write or compare the files, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    drawn = list(sums())
    files = {
        "questions.jsonl": [question(*each) for each in drawn[:QUESTIONS]],
        "badcases.jsonl": [badcase(*each) for each in drawn[QUESTIONS - BADCASES : QUESTIONS]],
        "held-out.jsonl": [held_out(*each) for each in drawn[QUESTIONS : QUESTIONS + HELD_OUT]],
    }
    return sum(put(HERE / "data" / name, rows, check=options.check) for name, rows in files.items()) and 1


def sums() -> Iterator[tuple[int, int]]:
    """Return pairs of numbers in random order, only one of 3 + 4 and 4 + 3, so that no held-out sum leaks."""
    pairs = [(one, other) for one in range(LEAST, MOST + 1) for other in range(one, MOST + 1)]
    drawn = random.Random(SEED)
    drawn.shuffle(pairs)
    yield from ((one, other) if drawn.random() < 0.5 else (other, one) for one, other in pairs)


def prompt(one: int, other: int) -> list[dict[str, str]]:
    """Return the question as the till asks it."""
    asked, printed = SHOWN
    example = [{"role": "user", "content": asked}, {"role": "assistant", "content": printed}]
    return [{"role": "system", "content": SYSTEM}, *example, {"role": "user", "content": f"{one} + {other}"}]


def named(one: int, other: int) -> dict[str, object]:
    """Return the id and cluster of a row; the cluster is the two amounts in any order."""
    return {"id": f"sum-{one}-{other}", "cluster": f"{min(one, other)} and {max(one, other)}"}


def question(one: int, other: int) -> dict[str, object]:
    """Return a training row."""
    completion = [{"role": "assistant", "content": f"{one} + {other} = {one + other}"}]
    return {**named(one, other), "prompt": prompt(one, other), "completion": completion}


def badcase(one: int, other: int) -> dict[str, object]:
    """Return a wrong answer with the right one: a forgotten carry, or the total in a sentence."""
    total = one + other
    carried = one % 10 + other % 10 >= 10
    answer = f"{one} + {other} = {total - 10}" if carried else f"The total is {total}."
    fix = f"{one} + {other} = {total}"
    row = {**named(one, other), "prompt": prompt(one, other), "answer": answer, "fix": fix, "class": "high-frequency"}
    return {**row, "id": f"badcase-{one}-{other}"}


def held_out(one: int, other: int) -> dict[str, object]:
    """Return an evaluation row."""
    return {**named(one, other), "prompt": prompt(one, other), "reference": f"{one} + {other} = {one + other}"}


def put(path: Path, rows: list[dict[str, object]], *, check: bool) -> int:
    """Write the rows, or compare them with the file; return 1 if it differs."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    if check:
        return int(not path.is_file() or path.read_text(encoding="utf-8") != text)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
