"""Build the corpus of this spec from the inspect-evals package: 698 pages of a bank's knowledge base.

    build_data.py --package DIR --out documents.jsonl

The rows are not in Git, only their card; DIR is the unpacked package, the folder that holds `inspect_evals/`. Measure:

    trainspec data specs/bank-faq --source knowledge-base --from documents.jsonl
"""

import argparse
import gzip
import json
import sys
from pathlib import Path

DOCUMENTS = Path("inspect_evals/tau2/data/domains/banking_knowledge/documents.json.gz")


def main() -> int:
    """Write the file, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", type=Path, required=True, metavar="DIR")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    with gzip.open(options.package / DOCUMENTS, "rt", encoding="utf-8") as file:
        documents = json.load(file)
    rows = (json.dumps({"id": each["id"], "text": f"{each['title']}\n{each['content']}"}) for each in documents)
    options.out.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
