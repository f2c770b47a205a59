"""Contender `hand`: the shortest honest script for SFT, with the same settings as ours. Argument: a JSON file."""

import json
import sys
from pathlib import Path

from datasets import load_dataset
from peft import LoraConfig
from trl import SFTConfig, SFTTrainer

given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
trainer = SFTTrainer(
    model=given["model"],
    args=SFTConfig(**given["args"]),
    train_dataset=load_dataset("json", data_files=given["rows"], split="train"),
    peft_config=LoraConfig(task_type="CAUSAL_LM", **given["lora"]) if given["lora"] else None,
)
trainer.train()
trainer.save_model()
