"""Trainer and adapter settings that cannot work are refused when the spec is compiled."""

from pathlib import Path

import pytest
from conftest import PROFILE, MakeSpec

from compiler.diagnostics import Diagnostic
from compiler.pipeline.phases import make_plan
from compiler.spec.methods import METHODS
from compiler.spec.methods.usual_values import usual_of

GPU = PROFILE.replace("  storage:\n", "  gpu: {type: H100, memoryGib: 80}\n  storage:\n")


def found(path: Path) -> list[Diagnostic]:
    return [each for each in make_plan(path, "spec.yaml").diagnostics if each.severity == "error"]


def sft(block: str) -> tuple[str, str]:
    return ("  gaps:\n", f"  training:\n    sft:\n      {block}\n  gaps:\n")


@pytest.mark.parametrize("setting", ["optim: adamw_8bit", "optim: paged_adamw_32bit", "use_liger_kernel: true"])
@pytest.mark.parametrize("has_gpu", [False, True])
def test_what_needs_a_gpu_needs_a_profile_with_one(make_spec: MakeSpec, setting: str, has_gpu: bool) -> None:
    edit = sft(f"trainer: {{{setting}}}")
    path = make_spec(edit, profile=GPU) if has_gpu else make_spec(edit)
    errors = found(path)
    assert [(each.code, f"`{setting}` needs a GPU" in each.message) for each in errors] == [("PLN410", True)] * (
        not has_gpu
    )


@pytest.mark.parametrize(
    ("trainer", "code", "text"),
    [
        ("optim: adamw_9bit", "PLN415", "`optim` of `sft` takes"),
        ("max_steps: 90, warmup_steps: 90", "PLN415", "leaves no step of `max_steps: 90` at the full learning rate"),
        ("loss_type: sigmoid", "PLN415", "takes `nll`, `dft`, not `sigmoid`"),
        ("lr_scheduler_type: sideways", "PLN415", "not `sideways`"),
        ("lr_scheduler_type: cosine_with_min_lr", "PLN415", "needs `min_lr` or `min_lr_rate`"),
        ("lr_scheduler_type: warmup_stable_decay", "PLN415", "needs `num_decay_steps`"),
        ("padding_free: true", "PLN415", "without `packing`"),
        ("{packing: true, max_length: null}", "PLN415", "`packing` fills rows"),
        ("dataloader_persistent_workers: true", "PLN415", "needs `dataloader_num_workers`"),
        ("log_level: nonsense", "PLN415", "not `nonsense`"),
        ("save_strategy: best", "PLN415", "not `best`"),
        ("lr_scheduler_kwargs: nonsense", "CHK213", "takes dict or null, not str"),
        ("gradient_checkpointing_kwargs: nonsense", "CHK213", "takes dict or null, not str"),
        ("adam_beta1: 1.0", "CHK213", "a number below 1"),
        ("adam_epsilon: 0.0", "CHK213", "a number above 0"),
        ("pad_to_multiple_of: 0", "CHK213", "at least 1"),
        ("dataloader_num_workers: -1", "CHK213", "at least 0"),
        ("eos_token: x", "CHK209", "cannot set `eos_token`"),
        ("chat_template_path: x", "CHK209", "cannot set `chat_template_path`"),
        ("eval_on_start: true", "CHK209", "cannot set `eval_on_start`"),
    ],
)
def test_values_that_a_trainer_would_refuse(make_spec: MakeSpec, trainer: str, code: str, text: str) -> None:
    block = trainer if trainer.startswith("{") else f"{{{trainer}}}"
    (error,) = found(make_spec(sft(f"trainer: {block}")))
    assert error.code == code
    assert text in error.message
    assert error.hint


@pytest.mark.parametrize(
    ("targets", "refused"),
    [
        ("[q_proj, lm_head]", True),
        ("[embed_out]", True),
        ("[transformer.output_layer]", True),
        ("'.*(q_proj|lm_head)'", True),
        ("'.*'", True),
        ("[q_proj, embed_tokens]", False),
        ("all-linear", False),
        ("'.*_proj'", False),
    ],
)
def test_no_adapter_is_planned_on_an_output_layer(make_spec: MakeSpec, targets: str, refused: bool) -> None:
    codes = [each.code for each in found(make_spec(sft(f"peft: {{target_modules: {targets}}}")))]
    assert codes == ["PLN414"] * refused


def test_further_settings_of_peft_reach_the_stage(make_spec: MakeSpec) -> None:
    edit = sft("peft: {use_rslora: true, use_dora: true, modules_to_save: [embed_tokens]}")
    plan = make_plan(make_spec(edit), "spec.yaml").value
    assert plan is not None
    (stage,) = (each for each in plan.stages if each.method == "sft")
    assert {"use_rslora": True, "use_dora": True, "modules_to_save": ["embed_tokens"]}.items() <= stage.config[
        "peft"
    ].items()


def strange(path: Path) -> list[Diagnostic]:
    return [each for each in make_plan(path, "spec.yaml").diagnostics if each.code == "PLN413"]


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ("learning_rate: 5000.0", "`learning_rate: 5000.0` of `sft` is far from every published recipe"),
        ("learning_rate: 0.0000000001", "far from"),
        ("num_train_epochs: 5000", "far from"),
        ("weight_decay: 10", "far from"),
        ("max_grad_norm: 0", "`max_grad_norm: 0` of `sft` turns off the clipping of gradients"),
        ("warmup_steps: 500000", "far from"),
        ("neftune_noise_alpha: 9000", "far from"),
    ],
)
def test_a_value_far_from_every_recipe_is_a_warning(make_spec: MakeSpec, setting: str, text: str) -> None:
    (each,) = strange(make_spec(sft(f"trainer: {{{setting}}}")))
    assert each.severity == "warning"
    assert text in each.message
    assert "usual values are" in each.hint


@pytest.mark.parametrize(
    "setting",
    [
        "learning_rate: 0.02",
        "learning_rate: 0.0000001",
        "num_train_epochs: 60",
        "weight_decay: 0",
        "weight_decay: 0.5",
        "max_grad_norm: 0.01",
        "max_grad_norm: 10",
        "warmup_steps: 0",
        "warmup_steps: 0.1",
        "adam_beta2: 0.9",
        "gradient_accumulation_steps: 512",
    ],
)
def test_an_experiment_is_no_mistake(make_spec: MakeSpec, setting: str) -> None:
    assert not strange(make_spec(sft(f"trainer: {{{setting}}}")))


def test_adapters_have_usual_values_too(make_spec: MakeSpec) -> None:
    (each,) = strange(make_spec(sft("peft: {r: 8, lora_alpha: 160000}")))
    assert "`lora_alpha: 160000`" in each.message


@pytest.mark.parametrize("method", METHODS)
def test_our_own_defaults_are_usual(method: str) -> None:
    row = METHODS[method]
    for each in (*row.defaults, *([row.full_rate] if row.full_rate else [])):
        usual = usual_of(method, "trainer", each.field)
        if usual is not None and isinstance(each.value, int | float):
            assert not usual.strays(each.value), each
            assert each.value == 0 or usual.low / 10 <= each.value <= usual.high, each
