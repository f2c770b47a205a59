"""Measure the base model: print the figures of each prompt round, and write its answers.

measure.py MODELS    MODELS is the models volume; takes minutes of generation
"""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from runtime.contract.blocks import ModelBlock
from runtime.contract.goal_blocks import MetricBlock
from runtime.contract.volumes import Volumes
from runtime.model.generate import generate_batch, prompt_ids
from runtime.model.load import load_model, load_tokenizer
from runtime.scoring.metrics import SCORERS, Judges

HERE = Path(__file__).resolve().parent
BASE = ModelBlock(path="smollm2-135m-instruct/0.1.2", adapters=[], dtype="float32", trust_remote_code=False)
METRIC = MetricBlock(name="token_f1")
TOKENS, BATCH = 48, 22
Turns = list[dict[str, str]]

_EXAMPLES = (
    ("Can I pay the courier in cash?", "No, we do not offer cash on delivery."),
    ("礼品卡有效期多久？", "礼品卡有效期三年。"),
    ("Where is your shop?", "The shop is at 12 Mill Street, next to the old library."),
    ("普通快递几天能到？", "普通快递需要三到五个工作日。"),
    ("Can I use two vouchers at once?", "No, each order takes only one code."),
    ("优惠码用不了", "每单只能用一个优惠码，礼品卡和特价商品不能用。"),
    ("How do I start a return?", "Choose the order under My orders, press Return, and print the label."),
    ("绿茶用多少度的水？", "用七十五到八十度的水，泡两分钟。"),
)
_RULES = (
    "You answer customers of Maple Leaf, a shop for tea. Use one or two short sentences, in the language of the "
    "question. Give the number, the date or the next step that the customer needs, and no greeting."
)


def _system(turns: Turns) -> Turns:
    return turns


def _rules(turns: Turns) -> Turns:
    return [{"role": "system", "content": _RULES}, *turns[1:]]


def _examples(turns: Turns, count: int = 3) -> Turns:
    shots = [
        {"role": role, "content": text}
        for pair in _EXAMPLES[:count]
        for role, text in zip(("user", "assistant"), pair, strict=True)
    ]
    return [turns[0], *shots, turns[1]]


ROUNDS: dict[str, Callable[[Turns], Turns]] = {
    "system": _system,
    "rules": _rules,
    "three-examples": _examples,
    "rules-and-examples": lambda turns: _examples(_rules(turns)),
    "five-examples": lambda turns: _examples(turns, 5),
    "eight-examples": lambda turns: _examples(turns, 8),
    "rules-and-eight": lambda turns: _examples(_rules(turns), 8),
}


def main() -> int:
    """Print the score of each round on the held-out questions; write `evidence/rounds.jsonl`."""
    volumes = Volumes(models=Path(sys.argv[1]).resolve(), data=HERE, outputs=HERE)
    model, tokenizer = load_model(BASE, volumes).eval(), load_tokenizer(BASE, volumes)
    rows = [json.loads(line) for line in (HERE / "data" / "held-out.jsonl").read_text(encoding="utf-8").splitlines()]
    lines: list[str] = []
    for name, change in ROUNDS.items():
        texts = _answers(model, tokenizer, [change(row["prompt"]) for row in rows])
        with Judges() as judges:
            scores = [
                SCORERS[METRIC.use].score(row, text, METRIC, HERE, judges)
                for row, text in zip(rows, texts, strict=True)
            ]
        values = [each.value for each in scores if each is not None]
        print(f"round {name}: {sum(values) / len(values):.3f} of {len(values)}", flush=True)
        for row, text, value in zip(rows, texts, values, strict=True):
            answered = {"round": name, "id": row["id"], "answer": text, "score": round(value, 4)}
            lines.append(json.dumps(answered, ensure_ascii=False) + "\n")
    (HERE / "evidence" / "rounds.jsonl").write_text("".join(lines), encoding="utf-8")
    return 0


def _answers(model: Any, tokenizer: Any, prompts: Sequence[Turns]) -> list[str]:
    texts: list[str] = []
    for start in range(0, len(prompts), BATCH):
        ids = [prompt_ids(tokenizer, prompt) for prompt in prompts[start : start + BATCH]]
        with torch.inference_mode():
            texts += generate_batch(model, tokenizer, ids, TOKENS, 0.0)
    return texts


if __name__ == "__main__":
    sys.exit(main())
