"""Build the expense reports of this spec: invented amounts from a seeded generator.

Run `python build_data.py` in this folder; it writes the same bytes to `data/` again. The answers follow from the
amounts, so they are right by construction. Each amount is asked about once, in one of the three files.
"""

import json
import random
from pathlib import Path

LIMITS = {"meal": 40, "hotel": 150, "taxi": 30, "train": 200, "parking": 25}
LIMITS_OF_BADCASES = {"ferry": 80, "laundry": 20}
SHOWN = [("hotel 240, limit 150", "OVER"), ("taxi 14, limit 30", "OK"), ("meal 61, limit 40", "OVER")]


def reports(random_numbers: random.Random, count: int, limits: dict[str, int]) -> list[tuple[str, str]]:
    """Return `count` different expenses with answers, half of them over their limit."""
    found: dict[str, str] = {}
    while len(found) < count:
        name, over = random_numbers.choice(list(limits)), len(found) % 2 == 1
        limit = limits[name]
        amount = random_numbers.randrange(limit + 1, 2 * limit) if over else random_numbers.randrange(3, limit + 1)
        found.setdefault(f"{name} {amount}, limit {limit}", "OVER" if over else "OK")
    return list(found.items())


def prompt(line: str) -> list[dict[str, str]]:
    """Return three expenses with answers, and the one to ask about."""
    turns = []
    for shown, answer in SHOWN:
        turns += [{"role": "user", "content": shown}, {"role": "assistant", "content": answer}]
    return [*turns, {"role": "user", "content": line}]


def write(name: str, rows: list[dict[str, object]]) -> None:
    """Write `data/NAME`, one JSON object per line."""
    path = Path(__file__).with_name("data") / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def main() -> None:
    """Write all files in `data/`."""
    made = reports(random.Random(1), 128, LIMITS)
    sampled, held_out, badcases = made[:48], made[48:], reports(random.Random(2), 32, LIMITS_OF_BADCASES)
    write(
        "reports.jsonl",
        [
            {"prompt": prompt(line), "completion": [{"role": "assistant", "content": answer}]}
            for line, answer in sampled
        ],
    )
    write(
        "held-out.jsonl",
        [
            {"id": f"report-{at}", "prompt": prompt(line), "reference": answer}
            for at, (line, answer) in enumerate(held_out)
        ],
    )
    write(
        "badcases.jsonl",
        [
            {
                "id": f"case-{at}",
                "prompt": prompt(line),
                "fix": answer,
                "model": "smollm2-135m-instruct/0.1.2",
                "prompt_version": "v3",
            }
            for at, (line, answer) in enumerate(badcases)
        ],
    )


if __name__ == "__main__":
    main()
