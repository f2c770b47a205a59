"""Measure the base model: print the figures of prompts and of the probe, and write badcases.

    measure.py MODELS    MODELS is the models volume; takes minutes of generation

All questions are training questions, so held-out questions do not influence the choice of the prompt.
"""

import hashlib
import json
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from runtime.contract.blocks import ModelBlock
from runtime.contract.volumes import Volumes
from runtime.model.generate import generate_batch
from runtime.model.load import load_model, load_tokenizer
from runtime.model.prompts import prompts_of

HERE = Path(__file__).resolve().parent
BASE = ModelBlock(path="smollm2-135m-instruct/0.1.2", adapters=[], dtype="float32", trust_remote_code=False)
ROUND_QUESTIONS, PROBE_QUESTIONS, SAMPLES, TEMPERATURE, TOKENS = 96, 100, 16, 0.8, 16
SEED, RESAMPLES = 42, 2000
Rows = Sequence[dict[str, Any]]


def _few_shot(row: dict[str, Any]) -> list[dict[str, str]]:
    turns: list[dict[str, str]] = row["prompt"]
    return turns


def _more_shots(row: dict[str, Any]) -> list[dict[str, str]]:
    more = (("21 + 9", "21 + 9 = 30"), ("14 + 38", "14 + 38 = 52"))
    turns = [{"role": role, "content": text} for pair in more for role, text in zip(ROLES, pair, strict=True)]
    return [*row["prompt"][:-1], *turns, row["prompt"][-1]]


def _rules(row: dict[str, Any]) -> list[dict[str, str]]:
    system = "Write out the sum, as the till prints it. Add the ones first and carry. Write nothing else."
    return [{"role": "system", "content": system}, *row["prompt"][1:]]


ROLES = ("user", "assistant")
ROUNDS: dict[str, Callable[[dict[str, Any]], list[dict[str, str]]]] = {
    "few-shot": _few_shot,
    "more-shots": _more_shots,
    "rules": _rules,
}


def main() -> int:
    """Print the figures of each round and of the probe; write `data/badcases.jsonl`."""
    volumes = Volumes(models=Path(sys.argv[1]).resolve(), data=HERE, outputs=HERE)
    model, tokenizer = load_model(BASE, volumes).eval(), load_tokenizer(BASE, volumes)
    lines = (HERE / "data" / "questions.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    rows = [json.loads(line) for line in lines]

    def answers(prompts: Sequence[Any], temperature: float) -> list[str]:
        texts = []
        for start in range(0, len(prompts), 160):
            batch = [{"id": str(at), "prompt": prompt} for at, prompt in enumerate(prompts[start : start + 160])]
            ids = prompts_of(batch, tokenizer, answer_tokens=TOKENS, context=None)
            with torch.inference_mode():
                texts += generate_batch(model, tokenizer, ids, TOKENS, temperature)
        return texts

    asked = rows[:ROUND_QUESTIONS]
    print("digest of the questions of the rounds:", digest("".join(lines[:ROUND_QUESTIONS])))
    for name, turns in ROUNDS.items():
        found = answers([turns(row) for row in asked], 0.0)
        print(f"round {name}: {sum(map(right, asked, found)) / len(asked):.3f}", flush=True)
    torch.manual_seed(SEED)
    probed = rows[-PROBE_QUESTIONS:]
    texts = answers([row["prompt"] for row in probed for _ in range(SAMPLES)], TEMPERATURE)
    groups = [texts[at * SAMPLES : (at + 1) * SAMPLES] for at in range(len(probed))]
    print("digest of the samples:", digest(json.dumps(groups, ensure_ascii=False)))
    counts = [sum(right(row, text) for text in group) for row, group in zip(probed, groups, strict=True)]
    print("passAt1:", interval([count / SAMPLES for count in counts]))
    print("passAt16:", interval([float(count > 0) for count in counts]))
    print("rewardSpread:", interval([float(0 < count < SAMPLES) for count in counts]))
    bad = [badcase(row, group) for row, group in zip(probed, groups, strict=True)]
    write([each for each in bad if each])
    return 0


def right(row: dict[str, Any], text: str) -> bool:
    """Return the result of `exact_match`."""
    wanted: str = row["completion"][0]["content"]
    return text.split() == wanted.split()


def badcase(row: dict[str, Any], group: Sequence[str]) -> dict[str, Any] | None:
    """Return the first wrong answer that is not empty, with the right one."""
    wrong = next((text.strip() for text in group if text.strip() and not right(row, text)), None)
    if wrong is None:
        return None
    fix = row["completion"][0]["content"]
    logged = {"answer": wrong, "fix": fix, "model": BASE.path, "prompt_version": "few-shot", "class": "high-frequency"}
    return {"id": f"badcase-{row['id']}", "cluster": row["cluster"], "prompt": row["prompt"], **logged}


def interval(values: Sequence[float]) -> str:
    """Return the mean with its 95 % bootstrap interval."""
    drawn = random.Random(SEED)
    means = sorted(sum(drawn.choices(values, k=len(values))) / len(values) for _ in range(RESAMPLES))
    low, high = means[int(0.025 * RESAMPLES)], means[int(0.975 * RESAMPLES) - 1]
    return f"{{value: {sum(values) / len(values):.3f}, low: {low:.3f}, high: {high:.3f}}}"


def digest(text: str) -> str:
    """Return the SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def write(rows: Rows) -> None:
    """Write the badcases."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (HERE / "data" / "badcases.jsonl").write_text(text, encoding="utf-8")
    print(f"{len(rows)} badcases")


if __name__ == "__main__":
    sys.exit(main())
