"""Contender `hand`: the shortest honest script for GRPO, with the same settings as ours. Argument: a JSON file."""

import json
import sys
from pathlib import Path

from datasets import load_dataset
from peft import LoraConfig
from trl import GRPOConfig, GRPOTrainer

given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
sys.path.insert(0, given["reward_folder"])
from bench_reward import characters  # noqa: E402

trainer = GRPOTrainer(
    model=given["model"],
    reward_funcs=characters,
    args=GRPOConfig(**given["args"]),
    train_dataset=load_dataset("json", data_files=given["rows"], split="train"),
    peft_config=LoraConfig(task_type="CAUSAL_LM", **given["lora"]) if given["lora"] else None,
)
trainer.train()
trainer.save_model()
