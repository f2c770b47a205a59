"""What the runtime relies on in the pinned libraries, and must notice when they change."""

from typing import Any

import pytest

from runtime.contract.errors import StageError
from runtime.contract.training_stages import SftStage
from runtime.contract.volumes import Volumes
from runtime.model.cpu import attend_short_rows_by_matrices, has_fast_bfloat16, score_only_labelled_positions
from runtime.train.trainer_args import lora_config, trainer_args

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")  # the libraries announce their next versions


def stage(peft: dict[str, Any] | None = None, **trainer: Any) -> SftStage:
    data = {"path": "d.jsonl", "shape": "messages", "sha256": "0" * 64, "rows": 1}
    model: dict[str, Any] = {"path": "m", "adapters": [], "dtype": "float32", "trust_remote_code": False}
    fields = {"plan": "p", "stage": "s", "output": "o", "seed": 11, "method": "sft", "peft": peft, "trainer": trainer}
    document = {"schema": "trainspec.dev/stage/v1", **fields, "model": model, "data": [data]}
    return SftStage.model_validate(document)


def test_the_plan_decides_and_the_runtime_adds_what_is_its_own(tmp_path: Any) -> None:
    from trl import SFTConfig

    args = trainer_args(SFTConfig, stage(learning_rate=0.5, save_total_limit=1, optim="adamw_torch"), tmp_path)
    assert (args.learning_rate, args.seed, args.optim) == (0.5, 11, "adamw_torch")
    assert (args.report_to, args.disable_tqdm, args.gradient_checkpointing) == ([], True, False)
    assert args.save_total_limit == 2
    assert args.bf16 == has_fast_bfloat16()
    assert trainer_args(SFTConfig, stage(bf16=False, gradient_checkpointing=True), tmp_path).gradient_checkpointing


@pytest.mark.parametrize(
    ("trainer", "text"),
    [
        ({"learning_rate": "1e-05"}, "`trainer.learning_rate`: input should be a valid number"),
        ({"packing": 1}, "`trainer.packing`: input should be a valid boolean"),
        ({"evaluation_strategy": "no"}, "`trainer.evaluation_strategy` is unknown"),
        ({"lr_scheduler_type": "sideways"}, "sideways"),
        ({"seed": 3}, "`trainer.seed` is set by the runtime"),
    ],
)
def test_trainer_fields_that_are_refused(tmp_path: Any, trainer: dict[str, Any], text: str) -> None:
    from trl import SFTConfig

    with pytest.raises(StageError) as caught:
        trainer_args(SFTConfig, stage(**trainer), tmp_path)
    assert caught.value.problem.code == "RUN702"
    assert text in caught.value.problem.message


def test_lora_settings(tmp_path: Any) -> None:
    volumes = Volumes(models=tmp_path, data=tmp_path, outputs=tmp_path)
    peft = {"r": 8, "lora_alpha": 16, "lora_dropout": 0.0, "target_modules": ["q_proj"], "use_rslora": True}
    config = lora_config(stage(peft), volumes)
    assert config is not None
    assert (config.r, config.lora_alpha, config.target_modules) == (8, 16, {"q_proj"})
    assert (config.use_rslora, config.use_dora, config.modules_to_save) == (True, False, None)
    scores = lora_config(stage({**peft, "modules_to_save": ["norm"]}), volumes, scores=True)
    assert scores is not None
    assert scores.modules_to_save == ["norm", "score"]
    assert lora_config(stage(), volumes) is None


def test_skipping_the_prompt_gives_the_same_loss_and_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM
    from trl.trainer import utils

    monkeypatch.setattr(utils, "_use_triton", utils._use_triton)  # put back what the function below replaces
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    model: Any = LlamaForCausalLM(LlamaConfig(vocab_size=101, **sizes))
    utils.add_fused_lm_head(model, outputs=("log_probs", "entropy", "is_top1"))
    ids = torch.randint(0, 101, (3, 20))
    labels = ids.clone()
    labels[:, :15] = -100

    def loss_and_gradient() -> tuple[torch.Tensor, torch.Tensor]:
        model.zero_grad()
        loss = model(input_ids=ids, labels=labels, fused_lm_head=True).loss
        loss.backward()
        return loss.detach(), model.model.layers[0].mlp.up_proj.weight.grad.clone()

    everywhere = loss_and_gradient()
    score_only_labelled_positions()
    only_labelled = loss_and_gradient()
    for left, right in zip(everywhere, only_labelled, strict=True):
        torch.testing.assert_close(left, right)


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("tokens", [40, 250])
def test_attention_over_short_rows_gives_the_same_loss_and_gradient(
    monkeypatch: pytest.MonkeyPatch, padded: bool, tokens: int
) -> None:
    import torch
    from transformers import AttentionInterface, LlamaConfig, LlamaForCausalLM
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    known = dict(AttentionInterface._global_mapping)
    monkeypatch.setattr(AttentionInterface, "_global_mapping", known)  # put back what is registered below
    torch.manual_seed(0)
    sizes = {"hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    model: Any = LlamaForCausalLM(LlamaConfig(vocab_size=101, num_key_value_heads=2, **sizes))
    ids = torch.randint(0, 101, (3, tokens))
    mask = torch.ones_like(ids)
    labels = ids.clone()
    if padded:  # at either end: the first positions of a left-padded row see nothing at all, and predict nothing
        mask[0, :9], mask[1, -9:] = 0, 0
        labels[0, :10], labels[1, -9:] = -100, -100

    def loss_and_gradient(mixed: bool) -> tuple[torch.Tensor, torch.Tensor]:
        model.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
        loss.backward()
        return loss.detach(), model.model.layers[0].self_attn.q_proj.weight.grad.clone()

    fused = {mixed: loss_and_gradient(mixed) for mixed in (False, True)}
    attend_short_rows_by_matrices()
    assert known["sdpa"] is not sdpa_attention_forward  # the name that transformers looks up
    ours = {mixed: loss_and_gradient(mixed) for mixed in (False, True)}
    torch.testing.assert_close(ours[False], fused[False], rtol=0, atol=0)  # in float32 nothing is changed
    if tokens > 192:
        torch.testing.assert_close(ours[True], fused[True], rtol=0, atol=0)
    # in bfloat16 the two kernels round differently: both are as far from float32
    exact, scale = fused[False][1], fused[False][1].abs().max()
    off = {
        name: (found[1] - exact).abs().max() / scale for name, found in (("fused", fused[True]), ("ours", ours[True]))
    }
    assert off["ours"] < 1.5 * off["fused"] + 1e-3
    torch.testing.assert_close(ours[True][0], fused[True][0], rtol=2e-4, atol=0)
