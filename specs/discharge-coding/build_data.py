"""Build `data/`: invented discharge notes with codes, for training and evaluation, and badcases.

    build_data.py            write the files
    build_data.py --check    compare them with the committed files; exit 1 if they differ

The notes describe no real patient: each is a sentence that the rules below build from two diagnoses.
"""

import argparse
import itertools
import json
import random
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SEED = 45
TO_LEARN, HELD_OUT, BADCASES = 200, 64, 32
# categories of the ICD-10, with our own names
NAMES = {
    "D50": "anaemia",
    "E10": "type 1 diabetes",
    "E11": "type 2 diabetes",
    "I10": "hypertension",
    "I50": "heart failure",
    "I63": "stroke",
    "J18": "pneumonia",
    "J45": "asthma",
    "K35": "appendicitis",
    "K80": "gallstones",
    "N20": "kidney stones",
    "S72": "hip fracture",
}
EXCLUSIVE = {"E10", "E11"}
# the reason for admission and the history, in either order; the reason is the main diagnosis
NOTES = (
    "{who}, admitted for {main}, also has {other}.",
    "{who}, known {other}, admitted for {main}.",
    "{who} came in with {main}. History of {other}.",
    "{who} with {other}, now treated for {main}.",
)
EXAMPLE = ("S72", "I10", NOTES[1], "Woman of 71")


def main() -> int:
    """Write or compare the files, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    pairs = [pair for pair in itertools.combinations(NAMES, 2) if set(pair) != EXCLUSIVE]
    random.Random(SEED).shuffle(pairs)
    # every fourth pair of diagnoses is held out, whichever of the two is the main one
    asked = pairs[::4]
    learnt = notes([pair for pair in pairs if pair not in asked], TO_LEARN + BADCASES, stream=1)
    files = {
        "coded-notes.jsonl": [
            {"prompt": each["prompt"], "completion": each["codes"], "cluster": each["cluster"]}
            for each in learnt[:TO_LEARN]
        ],
        "badcases.jsonl": [badcase(each, at) for at, each in enumerate(learnt[TO_LEARN:])],
        "held-out.jsonl": [question(each, at) for at, each in enumerate(notes(asked, HELD_OUT, stream=2))],
    }
    return sum(put(HERE / "data" / name, rows, check=options.check) for name, rows in files.items()) and 1


def notes(pairs: list[tuple[str, str]], count: int, stream: int) -> list[dict[str, Any]]:
    """Return different notes, in both orders and all forms."""
    drawn = random.Random(f"{SEED} {stream}")
    both_ways = [*pairs, *(pair[::-1] for pair in pairs)]
    made = [(main, other, form) for main, other in both_ways for form in NOTES]
    whom = ("Woman", "Man", "Patient")
    return [note(*each, f"{drawn.choice(whom)} of {drawn.randint(31, 89)}") for each in drawn.sample(made, count)]


def note(main: str, other: str, form: str, who: str) -> dict[str, Any]:
    """Return a note after the example, with its codes, main diagnosis first."""
    example = f"{entry(*EXAMPLE)} {EXAMPLE[0]},{EXAMPLE[1]}"
    prompt = f"{example}\n\n{entry(main, other, form, who)}"
    return {"prompt": prompt, "codes": f"{main},{other}", "cluster": ",".join(sorted((main, other)))}


def entry(main: str, other: str, form: str, who: str) -> str:
    """Return the prompt: the sentence, each diagnosis with the code that the reader found, and the question."""
    found = {"main": f"{NAMES[main]} ({main})", "other": f"{NAMES[other]} ({other})"}
    return f"{form.format(who=who, **found)}\nCodes:"


def badcase(wrong: dict[str, Any], at: int) -> dict[str, Any]:
    """Return a note that was coded wrongly, without the answer, which was not logged."""
    names = {"id": f"bad-{at:02}", "cluster": wrong["cluster"], "model": "smollm2-135m-instruct/0.1.2"}
    return {**names, "prompt_version": "v4", "prompt": wrong["prompt"], "fix": wrong["codes"]}


def question(asked: dict[str, Any], at: int) -> dict[str, Any]:
    """Return an evaluation row."""
    return {"id": f"note-{at:02}", "cluster": asked["cluster"], "prompt": asked["prompt"], "reference": asked["codes"]}


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
