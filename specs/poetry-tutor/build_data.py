"""用 npm 包 chinese-poetry 2.0.1 生成 `data/` 和全唐诗语料：诗句接龙的示范、留出的题目。

    build_data.py --package DIR                     写 data/
    build_data.py --package DIR --check             与已提交的文件比较；不同则退出码为 1
    build_data.py --package DIR --corpus poems.jsonl  另写全唐诗语料（不进 Git，13 MB，只提交数据卡）

DIR 是解开的包，里面有 `dist/`。
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ANTHOLOGY = "mengxue/tangshisanbaishou.json"
HELD_OUT_OF = 4  # 每四首留出一首，只用于评测
COUPLETS = 3  # 每首最多出三题


def main() -> int:
    """写文件或比较；返回退出码。"""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", type=Path, required=True, metavar="DIR")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--corpus", type=Path)
    options = parser.parse_args()
    dist = options.package / "dist"
    if options.corpus:
        put(options.corpus, [{"text": text} for text in corpus(dist)], check=False)
    poems = list(anthology(dist))
    files = {
        "next-lines.jsonl": [
            {"cluster": row["cluster"], "prompt": row["prompt"], "completion": row["reference"]}
            for index, poem in enumerate(poems)
            if index % HELD_OUT_OF
            for row in questions(index, poem)
        ],
        "held-out.jsonl": [
            row for index, poem in enumerate(poems) if not index % HELD_OUT_OF for row in questions(index, poem)
        ],
    }
    return sum(put(HERE / "data" / name, made, check=options.check) for name, made in files.items()) and 1


def anthology(dist: Path) -> Iterator[dict[str, Any]]:
    """《唐诗三百首》里不少于两联的诗，书中的次序；同题同作者的只取第一首。"""
    seen = set()
    for part in json.loads((dist / ANTHOLOGY).read_text(encoding="utf-8"))["content"]:
        for poem in part["content"]:
            name = (poem["chapter"], poem["author"])
            if len(poem["paragraphs"]) > 1 and name not in seen:
                seen.add(name)
                yield poem


def questions(index: int, poem: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """一首诗的题目：给出一联，问下一联。"""
    lines = poem["paragraphs"]
    for place in range(min(COUPLETS, len(lines) - 1)):
        prompt = f"{poem['author']}《{poem['chapter']}》：“{lines[place]}”的下一聯是什麼？只答這一聯。"
        name = f"tang300-{index:03}-{place + 1}"
        yield {"id": name, "cluster": f"tang300-{index:03}", "prompt": prompt, "reference": lines[place + 1]}


def corpus(dist: Path) -> Iterator[str]:
    """全唐诗，一首一行，按文件的次序；逐字重复的只取一次。"""
    seen = set()
    paths = (dist / "quantangshi").glob("poet.tang.*.json")
    for path in sorted(paths, key=lambda each: int(each.name.split(".")[2])):
        for poem in json.loads(path.read_text(encoding="utf-8")):
            text = "\n".join((poem["title"], poem["author"], *poem["paragraphs"]))
            if poem["paragraphs"] and text not in seen:
                seen.add(text)
                yield text


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
