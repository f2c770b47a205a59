"""按公司的计费规则生成 `data/`：带推理链的运费报价，和留出的题目。规则见 `RATES`，每个答案都由规则算出。

    build_data.py            写文件
    build_data.py --check    与已提交的文件比较；不同则退出码为 1

价目是虚构的，只为演示。
"""

import argparse
import json
import math
import random
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SEED, CHAINS, HELD_OUT = 7, 320, 120
# 每个区：首重一公斤的价、续重每公斤的价（元）；演示用的虚构价目
RATES = {"同城": (8, 1), "省内": (10, 2), "邻省": (13, 5), "偏远": (20, 12)}
VOLUME_DIVISOR = 6000  # 立方厘米折一公斤
INSURED_RATE = 0.005  # 保价费率，不满一元按一元收


def main() -> int:
    """写文件或比较；返回退出码。"""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    rows: dict[str, dict[str, Any]] = {}
    generator = random.Random(SEED)
    while len(rows) < CHAINS + HELD_OUT:
        row = quote(generator)
        rows.setdefault(row["prompt"], row)
    made = list(rows.values())
    held_out = [
        {"id": f"fq-{index:03}", "prompt": row["prompt"], "reference": row["completion"]}
        for index, row in enumerate(made[CHAINS:], start=1)
    ]
    files = {"chains.jsonl": made[:CHAINS], "held-out.jsonl": held_out}
    return sum(put(HERE / "data" / name, each, check=options.check) for name, each in files.items()) and 1


def quote(generator: random.Random) -> dict[str, Any]:
    """一票货：问题、推理链、答案。"""
    zone = generator.choice(sorted(RATES))
    weight = generator.randint(3, 220) / 10
    sides = [generator.randrange(10, 65, 5) for _ in range(3)]
    insured = generator.choice((0, 0, generator.randrange(200, 6200, 100)))
    first, further = RATES[zone]
    volume = math.prod(sides) / VOLUME_DIVISOR
    charged = max(1, math.ceil(max(weight, volume)))
    carriage = first + (charged - 1) * further
    fee = max(1, math.ceil(insured * INSURED_RATE)) if insured else 0
    size = "×".join(str(side) for side in sides)
    chain = [
        f"体积重：{size}÷{VOLUME_DIVISOR}={volume:.2f} 公斤。",
        f"计费重：{weight:.1f} 与 {volume:.2f} 取大，进位到 {charged} 公斤。",
        f"运费：{first}+{charged - 1}×{further}={carriage} 元。",
    ]
    if insured:
        chain.append(f"保价：{insured}×{INSURED_RATE:.1%} 进位到 {fee} 元。")
    asked = f"寄往{zone}，实重 {weight:.1f} 公斤，箱子 {size} 厘米" + (f"，保价 {insured} 元" if insured else "")
    return {
        "prompt": f"{asked}。运费一共多少元？只答数字。",
        "chain": "\n".join(chain),
        "completion": f"{carriage + fee}",
    }


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
