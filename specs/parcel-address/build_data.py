"""生成本例的数据：省市区是真实地名，街道、门牌和写法由固定种子的程序拼成，不是任何人的地址。

在本目录运行 `python build_data.py`，`data/` 逐字节重新生成。
留出题和 badcase 的街道名，教师的训练数据和学生的提问里都没有。
"""

import json
import random
from pathlib import Path

TASK = "把地址拆成“省|市|区|街道|门牌”，缺的留空：\n"
NEAR = 0.64
PLACES = [
    ("浙江省", "杭州市", "西湖区"),
    ("浙江省", "宁波市", "海曙区"),
    ("江苏省", "南京市", "玄武区"),
    ("江苏省", "苏州市", "吴中区"),
    ("广东省", "广州市", "天河区"),
    ("广东省", "深圳市", "南山区"),
    ("四川省", "成都市", "锦江区"),
    ("湖北省", "武汉市", "洪山区"),
    ("山东省", "青岛市", "市南区"),
    ("福建省", "厦门市", "思明区"),
]
TAUGHT = [
    "青松路",
    "河岸路",
    "新桥街",
    "梧桐路",
    "长亭街",
    "东湖路",
    "竹林巷",
    "学府路",
    "金沙街",
    "南门路",
    "石桥路",
    "云山街",
]
ASKED = ["白石街", "北桥路", "松林路", "东门街", "湖山路", "长河街"]
TAILS = ["", "", "放门口", "到了打电话", "小件", "周末送", "勿压"]


def shorten(name: str, random_numbers: random.Random) -> str:
    """省市名常常不写“省”“市”。"""
    return name[:-1] if name[-1] in "省市" and random_numbers.random() < 0.5 else name


def address(random_numbers: random.Random, streets: list[str]) -> tuple[str, str]:
    """一行随手写的地址，和拆好的答案。"""
    province, city, district = random_numbers.choice(PLACES)
    street, number = random_numbers.choice(streets), f"{random_numbers.randrange(1, 400)}号"
    with_province, with_number = random_numbers.random() < 0.7, random_numbers.random() < 0.9
    parts = [
        shorten(province, random_numbers) if with_province else "",
        shorten(city, random_numbers),
        district,
        street,
        number if with_number else "",
    ]
    gap = random_numbers.choice(["", "", " "])
    tail = random_numbers.choice(TAILS)
    text = gap.join(part for part in parts if part) + (f"（{tail}）" if tail else "")
    answer = [province if with_province else "", city, district, street, number if with_number else ""]
    return text, "|".join(answer)


def pieces(text: str) -> set[str]:
    """一道题里所有连续的三个字。"""
    whole = TASK + text
    return {whole[at : at + 3] for at in range(len(whole) - 2)}


def nearness(text: str, other: str) -> float:
    """两道题有几成相同。"""
    ours, theirs = pieces(text), pieces(other)
    return len(ours & theirs) / len(ours | theirs)


def addresses(
    random_numbers: random.Random, count: int, streets: list[str], apart_from: list[str] | None = None
) -> list[tuple[str, str]]:
    """`count` 个不同的地址，与 `apart_from` 里的都不相近。"""
    found: dict[str, str] = {}
    while len(found) < count:
        text, answer = address(random_numbers, streets)
        if apart_from is None or all(nearness(text, other) < NEAR for other in (*apart_from, *found)):
            found.setdefault(text, answer)
    return list(found.items())


def prompt(text: str) -> list[dict[str, str]]:
    """任务和地址，作为一轮对话。"""
    return [{"role": "user", "content": TASK + text}]


def write(name: str, rows: list[dict[str, object]]) -> None:
    """写 `data/NAME`，一行一个对象。"""
    path = Path(__file__).with_name("data") / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def main() -> None:
    """写 `data/` 里的所有文件。"""
    taught = addresses(random.Random(1), 720, TAUGHT)
    asked = addresses(random.Random(2), 120, ASKED, [text for text, _ in taught])
    labelled, unlabelled = taught[:400], taught[400:]
    write(
        "teacher-train.jsonl",
        [
            {"prompt": prompt(text), "completion": [{"role": "assistant", "content": answer}]}
            for text, answer in labelled
        ],
    )
    write("addresses.jsonl", [{"prompt": prompt(text)} for text, _ in unlabelled])
    write(
        "held-out.jsonl",
        [
            {"id": f"address-{at}", "prompt": prompt(text), "reference": answer}
            for at, (text, answer) in enumerate(asked[:80])
        ],
    )
    write(
        "badcases.jsonl",
        [
            {
                "id": f"case-{at}",
                "prompt": prompt(text),
                "fix": answer,
                "model": "address-splitter-early/1",
                "prompt_version": "v3",
            }
            for at, (text, answer) in enumerate(asked[80:])
        ],
    )


if __name__ == "__main__":
    main()
