"""用 npm 包 chinese-poetry 2.0.1 和 llamafactory 0.9.5 的源码包生成 `data/`：语料、一般文本、示范和留出的题目。

    build_data.py --poems DIR --general DIR            写 data/
    build_data.py --poems DIR --general DIR --check    与已提交的文件比较；不同则退出码为 1

两个 DIR 都是解开的包：前者里面有 `dist/`，后者里面有 `data/`。
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ANTHOLOGIES = ("tangshisanbaishou.json", "qianjiashi.json")
POEMS = 105  # 最短的多少首：一支笔先收这些
HELD_OUT_OF = 3  # 每三首留出一首，只用于评测
PIECES, PIECE = 8, 500  # 一般文本：每篇取几段，每段最多多少字符


def main() -> int:
    """写文件或比较；返回退出码。"""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--poems", type=Path, required=True, metavar="DIR")
    parser.add_argument("--general", type=Path, required=True, metavar="DIR")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    found = quatrains(options.poems / "dist" / "mengxue")
    poems = sorted(found, key=lambda poem: sum(map(len, poem["lines"])))[:POEMS]
    asked = [question(index, poem) for index, poem in enumerate(poems)]
    files = {
        "quatrains.jsonl": [{"text": "\n".join((poem["title"], poem["author"], *poem["lines"]))} for poem in poems],
        "general.jsonl": [{"text": text} for text in pieces(options.general / "data" / "wiki_demo.txt")],
        "next-lines.jsonl": [
            {"cluster": row["cluster"], "prompt": row["prompt"], "completion": turns("assistant", row["reference"])}
            for index, row in enumerate(asked)
            if index % HELD_OUT_OF
        ],
        "held-out.jsonl": [row for index, row in enumerate(asked) if not index % HELD_OUT_OF],
    }
    return sum(put(HERE / "data" / name, made, check=options.check) for name, made in files.items()) and 1


def quatrains(folder: Path) -> Iterator[dict[str, Any]]:
    """《唐诗三百首》和《千家诗》里只有两联的诗，书中的次序；第一联相同的只取第一首。"""
    seen = set()
    for name in ANTHOLOGIES:
        for part in json.loads((folder / name).read_text(encoding="utf-8"))["content"]:
            for poem in part["content"]:
                given = poem["paragraphs"]  # 组诗在这里是一首首的诗，不取
                lines = [re.sub(r"[（(].*?[）)]", "", line).strip() for line in given if isinstance(line, str)]
                if len(given) == len(lines) == 2 and lines[0][:7] not in seen:
                    seen.add(lines[0][:7])
                    author = re.sub(r"（.*?）", "", poem["author"])
                    yield {"title": poem["chapter"], "author": author, "lines": lines}


def question(index: int, poem: dict[str, Any]) -> dict[str, Any]:
    """一首诗的题目：给出第一联，问第二联。"""
    first, second = poem["lines"]
    prompt = f"{poem['title']}\n{poem['author']}\n{first}\n下一聯？"
    name = f"poem-{index:03}"
    return {"id": name, "cluster": name, "prompt": turns("user", prompt), "reference": second}


def pieces(path: Path) -> Iterator[str]:
    """英文维基百科的条目，一行一篇：每篇开头的几段，段在句末断开。"""
    for article in path.read_text(encoding="utf-8").splitlines():
        made = [""]
        for sentence in re.split(r"(?<=[.!?])\s+", article):
            if made[-1] and len(made[-1]) + len(sentence) >= PIECE:
                made.append("")
            made[-1] = f"{made[-1]} {sentence}".strip()
        yield from (text for text in made[:PIECES] if len(text) <= 2 * PIECE)


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
