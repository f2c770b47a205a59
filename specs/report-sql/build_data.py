"""Copy the part of `../nl2sql/data` that this spec needs: questions, held-out ones, and databases.

    build_data.py            write the files
    build_data.py --check    compare them with the committed files; exit 1 if they differ

Run it again when `../nl2sql/data` changes.
"""

import argparse
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent / "nl2sql" / "data"
TRAINING = ("car_1", "concert_singer", "flight_2", "orchestra", "poker_player")
HELD_OUT = ("singer", "tvshow")


def main() -> int:
    """Write or compare the files, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    files = {
        "questions.jsonl": rows("train.jsonl", TRAINING),
        "held-out.jsonl": rows("heldout.jsonl", HELD_OUT),
    }
    for name in (*TRAINING, *HELD_OUT):
        for path in sorted((SOURCE / "databases").glob(f"{name}.*.sql")):
            files[f"databases/{path.name}"] = path.read_text(encoding="utf-8")
    return sum(put(HERE / "data" / name, text, check=options.check) for name, text in files.items()) and 1


def rows(name: str, databases: tuple[str, ...]) -> str:
    """Return the lines of a file that use one of these databases."""
    lines = (SOURCE / name).read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if json.loads(line)["database"] in databases)


def put(path: Path, text: str, *, check: bool) -> int:
    """Write a file, or compare it; return 1 if it differs."""
    if check:
        return int(not path.is_file() or path.read_text(encoding="utf-8") != text)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
