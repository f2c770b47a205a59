"""Program: compare our tokens and labels with those that TRL's own trainer makes of prompts and completions.

Takes the folder of a model; writes how many rows there were, and how many were the same to the token.
"""

import json
import sys
from typing import Any

from runtime.stage.libraries import prepare_libraries

prepare_libraries()

from datasets import Dataset  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402
from trl.trainer.sft_config import SFTConfig  # noqa: E402
from trl.trainer.sft_trainer import SFTTrainer  # noqa: E402

from runtime.data.examples import Example  # noqa: E402
from runtime.data.tokens import tokens_of  # noqa: E402


def turns(role: str, content: str) -> list[dict[str, str]]:
    return [{"role": role, "content": content}]


PLAIN: list[dict[str, Any]] = [{"prompt": f"{n} 首歌? ", "completion": f"{n} songs"} for n in range(7)]
TALKS: list[dict[str, Any]] = [
    {"prompt": [*turns("system", "短"), *turns("user", f"第 {n} 首歌?")], "completion": turns("assistant", f"{n} 首")}
    for n in range(7)
]


def of_trl(rows: list[dict[str, Any]], folder: str) -> list[tuple[list[int], list[int]]]:
    trainer = SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(folder),
        args=SFTConfig(output_dir="unused", use_cpu=True, bf16=False, max_length=256, report_to="none"),
        train_dataset=Dataset.from_list(rows),
        processing_class=AutoTokenizer.from_pretrained(folder),
    )
    return list(zip(trainer.train_dataset["input_ids"], trainer.train_dataset["labels"], strict=True))


def of_ours(rows: list[dict[str, Any]], folder: str) -> list[tuple[list[int], list[int]]]:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    found = []
    for row in rows:
        place: dict[str, Any] = {"place": "row", "is_made": False}
        if isinstance(row["prompt"], str):
            example = Example(**place, prompt=row["prompt"], answer=row["completion"])
        else:
            example = Example(**place, turns=[*row["prompt"], *row["completion"]], first=len(row["prompt"]))
        (tokens,) = tokens_of(example, tokenizer)
        found.append((tokens.ids, tokens.labels))
    return found


pairs = [
    pair for rows in (PLAIN, TALKS) for pair in zip(of_trl(rows, sys.argv[1]), of_ours(rows, sys.argv[1]), strict=True)
]
learnt = all(-100 in labels and any(label != -100 for label in labels) for _, (_, labels) in pairs)
print(json.dumps({"rows": len(pairs), "same": sum(one == other for one, other in pairs), "learnt": learnt}))
