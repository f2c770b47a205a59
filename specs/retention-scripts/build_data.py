"""Build `data/`: invented calls of customers who want to leave, with the better of two approved scripts.

    build_data.py            write the files
    build_data.py --check    compare them with the committed files; exit 1 if they differ

The calls and the judgements are invented: the rules below build the sentences.
"""

import argparse
import itertools
import json
import random
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SEED = 42
LOYAL = 10  # years: a customer of at least this long is thanked, not moved to a cheaper tariff
# the scripts by number: 1 换低档套餐 2 送流量包 3 上门检修信号 4 停机保号 5 老用户礼包
CHEAPER, DATA, SIGNAL, PAUSE, LOYALTY = "12345"
PARTS = {
    CHEAPER: (
        ("话费太贵", "资费太高", "套餐太贵", "月租太高", "每月扣费太多", "花钱太多"),
        ("不想用了", "负担不起", "不划算", "想销户"),
    ),
    DATA: (
        ("流量不够用", "流量月中就没了", "流量总是超", "上网流量太少", "流量用得太快", "剩不下流量"),
        ("想换别家", "看视频都不行", "不想用了", "想销户"),
    ),
    SIGNAL: (
        ("家里信号差", "信号老是断", "打电话没信号", "地下室没信号", "信号只有一格", "楼里收不到信号"),
        ("没法用", "想换别家", "受不了了", "想销户"),
    ),
    PAUSE: (
        ("要出国一年", "要出国读书", "去国外工作", "号码半年用不上", "出国以后用不上", "长期在国外"),
        ("留着没用", "想销户", "先不用了", "不想交月租"),
    ),
}
HELD_OUT_OF = 4  # every fourth sentence is held out
OTHER = ("好", "请", "您", "二", "、", "0", "7", "12", "感谢您的来电。")  # none of the five: never the right answer
CHOICES, CALLS, HELD_OUT, BADCASES = 360, 240, 80, 32


def main() -> int:
    """Write or compare the files, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    sentences = [(need, *words) for need, parts in PARTS.items() for words in itertools.product(*parts)]
    random.Random(SEED).shuffle(sentences)
    asked, known = sentences[::HELD_OUT_OF], [each for at, each in enumerate(sentences) if at % HELD_OUT_OF]
    files = {
        "choices.jsonl": [choice(each, drawn) for each, drawn in calls(known, CHOICES, 1)],
        "calls.jsonl": [{"prompt": each["prompt"]} for each, _ in calls(known, CALLS, 2)],
        "badcases.jsonl": [badcase(each, at) for at, (each, _) in enumerate(calls(known, BADCASES, 3))],
        "held-out.jsonl": [question(each, at) for at, (each, _) in enumerate(calls(asked, HELD_OUT, 4))],
    }
    return sum(put(HERE / "data" / name, made, check=options.check) for name, made in files.items()) and 1


def calls(sentences: list[tuple[str, str, str]], count: int, stream: int) -> list[tuple[dict[str, Any], random.Random]]:
    """Return different calls, all needs equally often, each with the generator for its further draws."""
    drawn = random.Random(f"{SEED} {stream}")
    made: dict[str, dict[str, Any]] = {}
    while len(made) < count:
        right = "12345"[len(made) % 5]
        need = CHEAPER if right == LOYALTY else right
        _, cause, wish = drawn.choice([each for each in sentences if each[0] == need])
        years = drawn.randint(LOYAL, 20) if right == LOYALTY else drawn.randint(1, 9 if right == CHEAPER else 20)
        prompt = f"选话术 1、2、3、4 或 5。\n在网{years}年。用户：{cause}，{wish}。\n选 "
        made.setdefault(prompt, {"prompt": prompt, "right": right, "cluster": f"{cause}，{wish}"})
    return [(each, drawn) for each in made.values()]


def choice(call: dict[str, Any], drawn: random.Random) -> dict[str, Any]:
    """Return a pair: the right number and another one, or every fifth time none of the five."""
    others = [number for number in "12345" if number != call["right"]]
    rejected = drawn.choice(OTHER) if drawn.random() < 1 / 5 else drawn.choice(others)
    return {"cluster": call["cluster"], "prompt": call["prompt"], "chosen": call["right"], "rejected": rejected}


def badcase(call: dict[str, Any], at: int) -> dict[str, Any]:
    """Return a call whose script was wrong, without the script, which was not logged."""
    names = {"id": f"bad-{at:02}", "cluster": call["cluster"], "model": "smollm2-135m-instruct/0.1.2"}
    return {**names, "prompt_version": "v4", "prompt": call["prompt"], "fix": call["right"]}


def question(call: dict[str, Any], at: int) -> dict[str, Any]:
    """Return an evaluation row."""
    return {"id": f"call-{at:02}", "cluster": call["cluster"], "prompt": call["prompt"], "reference": call["right"]}


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
