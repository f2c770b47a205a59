"""按公司的计费规则生成 `data/`：带推理链的运费报价，和留出的题目。规则见 `RATES`，每个答案都由规则算出。

    build_data.py            写文件
    build_data.py --check    与已提交的文件比较；不同则退出码为 1

价目是虚构的，只为演示。
"""

import argparse
import json
import random
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SEED, CHAINS, HELD_OUT = 7, 152, 40
# 每个区：首重一公斤的价、续重每公斤的价（元）；演示用的虚构价目
RATES = {"同城": (8, 1), "省内": (10, 2), "偏远": (20, 5)}
HEAVIEST = 8  # 公斤


def main() -> int:
    """写文件或比较；返回退出码。"""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    made = quotes()
    random.Random(SEED).shuffle(made)
    held_out = [
        {"id": f"fq-{index:03}", "prompt": row["prompt"], "reference": row["completion"][0]["content"]}
        for index, row in enumerate(made[CHAINS : CHAINS + HELD_OUT], start=1)
    ]
    files = {"chains.jsonl": made[:CHAINS], "held-out.jsonl": held_out}
    return sum(put(HERE / "data" / name, each, check=options.check) for name, each in files.items()) and 1


def quotes() -> list[dict[str, Any]]:
    """所有的货：每个区，每种实重和体积重。"""
    kilos = range(1, HEAVIEST + 1)
    return [quote(zone, weight, volume) for zone in RATES for weight in kilos for volume in kilos]


def quote(zone: str, weight: int, volume: int) -> dict[str, Any]:
    """一票货：问题、推理链、答案。"""
    first, further = RATES[zone]
    charged = max(weight, volume)
    carriage = (charged - 1) * further
    steps = (f"{charged}-1={charged - 1}", f"{charged - 1}*{further}={carriage}")
    asked = f"{zone}，实重{weight}公斤，体积重{volume}公斤。运费？"
    return {
        "prompt": turns("user", asked),
        "chain": " ".join((*steps, f"{first}+{carriage}={first + carriage}")),
        "completion": turns("assistant", f"{first + carriage}"),
    }


def turns(role: str, content: str) -> list[dict[str, str]]:
    """一轮对话。"""
    return [{"role": role, "content": content}]


def put(path: Path, rows: list[dict[str, Any]], *, check: bool) -> int:
    """写一个文件，或与它比较；不同则为 1。"""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    if check:
        return int(not path.is_file() or path.read_text(encoding="utf-8") != text)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
