"""`make templates`: train each method on each family of chat templates, evaluate it, and write the table of the docs.

Each family gets a tiny model with its tokens. SFT, CoT and latent CoT teach it four answers; the other methods continue
from the model of SFT, with its answers as the right ones. All but reward models are then evaluated on the same rows:
a cell is `ok` if each answer is right and ends by itself. FAMILIES=qwen3,gemma3 runs some of them, and writes no table.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

import torch  # noqa: E402
from stages.conftest import Workspace, base_config  # noqa: E402
from support.chat_families import FAMILIES, Family, tokenizer_of  # noqa: E402
from transformers import LlamaConfig, LlamaForCausalLM  # noqa: E402

DOCS = ROOT / "docs" / "training.md"
MARKS = ("<!-- templates: written by `make templates` -->\n", "<!-- end of templates -->\n")
ANSWERS = {"how many singers?": "three", "几个乐队？": "两个", "who sings?": "Ann and Bo", "which city?": "Oslo"}
MARKER = "####"
PROCESSES = 2
TAUGHT = ("sft", "cot", "latent-cot")
CONTINUED = ("dpo", "kto", "grpo", "ppo", "distill")
METHODS = (*TAUGHT, *CONTINUED, "reward")
STEPS = {"max_steps": 100, "learning_rate": 0.005, "per_device_train_batch_size": 4, "save_strategy": "no"}
FEW = {**STEPS, "max_steps": 4, "learning_rate": 0.0001}
SAMPLED = {**FEW, "max_completion_length": 24, "temperature": 0.1}
REWARDS = [{"use": "exact_match", "weight": 1.0}]
TEACHER = {
    "name": "model",
    "revision": "1",
    "access": "weights",
    "license": "MIT",
    "outputs_may_train": True,
    "shares_vocabulary": True,
}


def turns(role: str, content: str) -> list[dict[str, str]]:
    return [{"role": role, "content": content}]


def prompt(family: Family, question: str) -> list[dict[str, str]]:
    return [*(turns("system", "Answer briefly.") if family.system else []), *turns("user", question)]


def write_model(family: Family, folder: Path) -> None:
    """Write a random Llama of two layers with the family's tokenizer; its only end token is the tokenizer's."""
    tokenizer = tokenizer_of(family)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=768, pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id, bos_token_id=tokenizer.bos_token_id,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)


def rows_of(family: Family, shape: str) -> list[dict[str, Any]]:
    rows = []
    for at, (question, answer) in enumerate(ANSWERS.items()):
        asked, completion = prompt(family, question), turns("assistant", answer)
        wrong = turns("assistant", "I do not know")
        by_shape: dict[str, dict[str, Any]] = {
            "prompt-completion": {"completion": completion},
            "chain": {"completion": completion, "chain": "so it is"},
            "preference": {"chosen": completion, "rejected": wrong},
            "unpaired-preference": {"completion": wrong if at % 2 else completion, "label": at % 2 == 0},
            "evaluation": {"reference": answer},
        }
        rows.append({"id": f"row-{at}", "prompt": asked, **by_shape[shape]})
    return rows


def stages_of(workspace: Workspace, family: Family) -> dict[str, dict[str, Any]]:
    """The configs of all stages by name, in order; that of an evaluation is called as its method, with `-eval`."""

    def data(shape: str) -> dict[str, Any]:
        return workspace.write_rows(f"{shape}.jsonl", rows_of(family, shape), shape)

    own: dict[str, tuple[str, dict[str, Any]]] = {
        "sft": ("prompt-completion", {"trainer": STEPS}),
        "cot": ("chain", {"trainer": STEPS, "answer_marker": MARKER}),
        "latent-cot": (
            "chain",
            {
                "trainer": {**{k: v for k, v in STEPS.items() if k != "max_steps"}, "num_train_epochs": 50},
                "answer_marker": MARKER,
                "curriculum": {"remove_tokens": 8, "epochs_per_removal": 10, "reset_optimizer": True},
            },
        ),
        "dpo": ("preference", {"trainer": FEW}),
        "kto": ("unpaired-preference", {"trainer": FEW}),
        "grpo": ("prompt-completion", {"trainer": {**SAMPLED, "num_generations": 4}, "rewards": REWARDS}),
        "ppo": ("prompt-completion", {"trainer": SAMPLED, "rewards": REWARDS, "reward_model": None}),
        "distill": (
            "prompt-completion",
            {
                "trainer": SAMPLED,
                "teacher": TEACHER,
                "distillation": {"on_policy": True, "same_vocabulary": True},
            },
        ),
        "reward": ("preference", {"trainer": {**STEPS, "max_steps": 20}, "held_out_share": 0.25}),
    }
    stages: dict[str, dict[str, Any]] = {}
    for method, (shape, fields) in own.items():
        start = ["plan-sft/model"] if method in CONTINUED and family.answers else []
        stages[method] = base_config(method, method, data(shape), peft=None, adapters=start, **fields)
        if method == "reward":
            continue
        marker = MARKER if method in ("cot", "latent-cot") else None
        stages[f"{method}-eval"] = base_config(
            f"{method}-eval",
            "evaluate",
            data("evaluation"),
            adapters=[f"plan-{method}/model"],
            generation={"max_new_tokens": 40, "batch_size": 4},
            metrics=[{"name": "exact_match", **({"answer_marker": marker} if marker else {})}],
        )
    for config in stages.values():
        config["model"]["path"] = "model/1"
    return stages


def run(families: Sequence[Family]) -> dict[str, dict[str, str]]:
    """Run all stages of some families in one process; return the cell of each family and method."""
    with TemporaryDirectory() as folder:
        runs, names = [], []
        for family in families:
            root = Path(folder) / family.name
            root.mkdir()
            workspace = Workspace(root, root / "models")
            write_model(family, root / "models" / "model" / "1")
            for name, config in stages_of(workspace, family).items():
                workspace.write_config(name, config)
                runs.append([str(root), f"{name}.yaml", None])
                names.append((family.name, name))
        ended = subprocess.run(
            [sys.executable, str(ROOT / "tests/stages/train/stopping.py")],
            input=json.dumps(runs),
            env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode:
            raise SystemExit(f"{', '.join(each.name for each in families)}: {ended.stderr[-4000:]}")
        found: dict[str, dict[str, list[dict[str, Any]]]] = {family.name: {} for family in families}
        for (family_name, stage), events in zip(names, json.loads(ended.stdout), strict=True):
            found[family_name][stage] = events
        return {
            name: {
                method: cell(method, events, Path(folder) / name / "outputs", taught=FAMILIES[name].answers)
                for method in METHODS
            }
            for name, events in found.items()
        }


def cell(method: str, events: dict[str, list[dict[str, Any]]], outputs: Path, *, taught: bool) -> str:
    """Return the cell of a method; without a `taught` model to continue from, no answer can be right."""
    errors = [
        event["code"]
        for name in (method, f"{method}-eval")
        for event in events.get(name, [])
        if event["event"] == "error"
    ]
    if errors:
        return f"refused ({errors[0]})" if errors[0] in ("RUN718", "RUN724", "RUN725") else f"FAILED ({errors[0]})"
    if method == "reward" or not taught:
        return "ok" if taught else "runs"
    lines = (outputs / f"plan-{method}-eval" / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    answers = [json.loads(line) for line in lines]
    right = sum(answer["scores"]["exact_match"]["value"] for answer in answers)
    cut = sum(answer["is_cut"] for answer in answers)
    return "ok" if right == len(answers) and not cut else f"{right:.0f} of {len(answers)} right, {cut} cut"


def table(found: dict[str, dict[str, str]]) -> str:
    lines = [f"| template | {' | '.join(METHODS)} |", f"|---|{'---|' * len(METHODS)}"]
    lines += [f"| {name} | {' | '.join(cells[method] for method in METHODS)} |" for name, cells in found.items()]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Print the table, and write it if all families ran; return 1 if a cell is neither right nor refused."""
    chosen = [name for name in os.environ.get("FAMILIES", "").split(",") if name] or list(FAMILIES)
    halves = [[FAMILIES[name] for name in chosen[start::PROCESSES]] for start in range(PROCESSES)]
    with ThreadPoolExecutor(PROCESSES) as pool:
        parts = [part for half in pool.map(run, filter(None, halves)) for part in half.items()]
    found = {name: dict(parts)[name] for name in chosen}
    text = table(found)
    print(text)
    if chosen == list(FAMILIES):
        document = DOCS.read_text(encoding="utf-8")
        before, _, rest = document.partition(MARKS[0])
        after = rest.partition(MARKS[1])[2]
        DOCS.write_text(f"{before}{MARKS[0]}{text}{MARKS[1]}{after}", encoding="utf-8")
    bad = [
        name
        for name, cells in found.items()
        if any(not c.startswith(("ok", "runs", "refused")) for c in cells.values())
    ]
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
