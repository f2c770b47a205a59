"""TRL's trainers train on the prompts that evaluations ask with, to the token, whatever the chat template."""

from types import SimpleNamespace
from typing import Any

import pytest
from support.chat_families import FAMILIES, Family, tokenizer_of

from runtime.contract.blocks import DataBlock
from runtime.data.preferences import fitting_rows, table_of
from runtime.data.rows import Source
from runtime.data.tokens import Limit
from runtime.model.prompts import prompts_of

pytestmark = pytest.mark.slow
CALL = {
    "role": "assistant",
    "tool_calls": [{"type": "function", "function": {"name": "count", "arguments": {"table": "singers"}}}],
}
TOOLS = [{"type": "function", "function": {"name": "count", "description": "counts", "parameters": {}}}]
FAMILY = pytest.mark.parametrize(
    "family", [family for family in FAMILIES.values() if family.answers], ids=lambda family: family.name
)


def turns(role: str, content: str) -> list[dict[str, Any]]:
    return [{"role": role, "content": content}]


def prompts(family: Family) -> list[list[dict[str, Any]]]:
    system = turns("system", "be brief") if family.system else []
    talk = [*turns("user", "歌手？"), *turns("assistant", "三"), *turns("user", "bands?")]
    found = [[*system, *turns("user", "how many?")], [*system, *talk]]
    if family.tools:
        found.append([*turns("user", "count"), CALL, {"role": "tool", "name": "count", "content": "3"}])
    return found


def asked(rows: list[dict[str, Any]], tokenizer: Any) -> list[list[int]]:
    named = [{**row, "id": f"{at}"} for at, row in enumerate(rows)]
    return prompts_of(named, tokenizer, answer_tokens=8, context=None)


def prepared(trainer: Any, table: Any, tokenizer: Any) -> Any:
    """The rows as the trainer tokenizes them."""
    args = SimpleNamespace(
        dataset_num_proc=None, max_length=10_000, truncation_mode="keep_start", per_device_train_batch_size=1
    )
    own = SimpleNamespace(_tokenizer=tokenizer, calculate_KL=False, precompute_ref_logps=False, args=args)
    own.desirable_weight = own.undesirable_weight = 1.0
    return trainer._prepare_dataset(own, table, tokenizer, args, "rows")


def checked(rows: list[dict[str, Any]], shape: str, answers: tuple[str, ...], tokenizer: Any) -> Any:
    """The table of rows that the stage gives to the trainer, after its checks."""
    block = DataBlock.model_validate({"path": "rows.jsonl", "shape": shape, "sha256": "0" * 64, "rows": len(rows)})
    source = Source(block=block, rows=rows, places=[f"rows.jsonl:{at}" for at in range(len(rows))], excluded=0)
    kept, dropped = fitting_rows([source], answers, tokenizer, "base/1", Limit(tokens=10_000, what="a test"))
    assert (len(kept), dropped) == (len(rows), 0)
    return table_of(kept, [name for name in rows[0] if name not in ("tools", "id")])


def preferences(family: Family) -> list[dict[str, Any]]:
    return [
        {
            "prompt": prompt,
            "chosen": turns("assistant", "three"),
            "rejected": turns("assistant", "many"),
            **({"tools": TOOLS} if family.tools else {}),
        }
        for prompt in prompts(family)
    ]


@FAMILY
def test_dpo(family: Family) -> None:
    from trl.trainer.dpo_trainer import DPOTrainer

    tokenizer, rows = tokenizer_of(family), preferences(family)
    table = prepared(DPOTrainer, checked(rows, "preference", ("chosen", "rejected"), tokenizer), tokenizer)
    assert table["prompt_ids"] == asked(rows, tokenizer)
    end = tokenizer.convert_tokens_to_ids(family.end)
    assert all(end in ids for name in ("chosen_ids", "rejected_ids") for ids in table[name])


@FAMILY
def test_kto(family: Family) -> None:
    from trl.trainer.kto_trainer import KTOTrainer

    tokenizer = tokenizer_of(family)
    rows = [
        {
            "prompt": row["prompt"],
            "completion": row["chosen"],
            "label": True,
            **({"tools": TOOLS} if family.tools else {}),
        }
        for row in preferences(family)
    ]
    table = prepared(KTOTrainer, checked(rows, "unpaired-preference", ("completion",), tokenizer), tokenizer)
    assert table["prompt_ids"] == asked(rows, tokenizer)


@FAMILY
def test_reward_models(family: Family) -> None:
    """A pair is scored as it was trained on."""
    from trl.trainer.reward_trainer import RewardTrainer

    from runtime.model.reward_model import RewardModel

    tokenizer = tokenizer_of(family)
    rows = [{name: row[name] for name in ("prompt", "chosen", "rejected")} for row in preferences(family)]
    table = prepared(RewardTrainer, checked(rows, "preference", ("chosen", "rejected"), tokenizer), tokenizer)
    scorer: Any = RewardModel(model=None, tokenizer=tokenizer)  # type: ignore[arg-type]
    for row, ids, prompt in zip(rows, table["chosen_ids"], asked(rows, tokenizer), strict=True):
        assert ids == scorer._ids(row["prompt"], "three")
        assert ids[: len(prompt)] == prompt


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
@pytest.mark.parametrize("kind", ["text", "turns"])
def test_grpo_and_distillation(family: Family, kind: str) -> None:
    from trl.trainer.distillation_trainer import DistillationTrainer
    from trl.trainer.grpo_trainer import GRPOTrainer

    tokenizer = tokenizer_of(family)
    given: list[Any] = prompts(family) if kind == "turns" else ["how many? ", "歌手"]
    table = table_of([{"prompt": prompt} for prompt in given], ("prompt",))
    for trainer in (GRPOTrainer, DistillationTrainer):
        own: Any = SimpleNamespace(processing_class=tokenizer, tools=None, chat_template=None, chat_template_kwargs={})
        own.environment_factories, own._is_vlm = None, False
        ids, *_ = trainer._tokenize_prompts(own, table["prompt"][:])
        assert ids == asked([{"prompt": prompt} for prompt in given], tokenizer)
