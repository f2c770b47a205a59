"""Settings that the libraries cannot train with end a stage as faults of the settings, before the first step."""

from pathlib import Path
from typing import Any

import pytest
from stages import methods

from compiler.spec.methods import METHODS
from compiler.spec.methods.trainer_fields import RUNTIME_FIELDS, trl_fields
from runtime.contract.errors import StageError
from runtime.contract.methods import OWNED
from runtime.contract.trainer_choices import CHOICES, LOSSES
from runtime.contract.trainer_needs import OPTIMIZERS, SWITCHES, Machine, setting_faults
from runtime.contract.training_stages import PlainStage, SftStage
from runtime.train.setting_faults import settings_at_fault
from runtime.train.trainer_args import trainer_args

pytestmark = pytest.mark.filterwarnings("ignore")
CPU = Machine(has_gpu=False, has_package=lambda name: False)
VALUES: dict[str, tuple[Any, ...]] = {
    "bool": (True, False),
    "int": (-1, 0, 1, 3),
    "float": (-1.0, 0.0, 0.3, 2.0),
    "str": ("nonsense",),
    "list": ([], ["nonsense"]),
    "dict": ({}, {"nonsense": 1}),
    "null": (None,),
}


def stage(method: str, **trainer: Any) -> Any:
    data = {"path": "d.jsonl", "shape": "messages", "sha256": "0" * 64, "rows": 1}
    if method != "sft":
        data["shape"] = {"dpo": "preference", "kto": "unpaired-preference"}[method]
    model: dict[str, Any] = {"path": "m", "adapters": [], "dtype": "float32", "trust_remote_code": False}
    fields = {"plan": "p", "stage": "s", "output": "o", "seed": 11, "method": method, "peft": None, "trainer": trainer}
    document = {"schema": "trainspec.dev/stage/v1", **fields, "model": model, "data": [data]}
    return (SftStage if method == "sft" else PlainStage).model_validate(document)


@pytest.mark.parametrize("name", sorted(trl_fields()["SFTConfig"].keys() - RUNTIME_FIELDS.keys() - OWNED["sft"].keys()))
def test_the_config_of_a_trainer_never_fails_in_another_way(tmp_path: Path, name: str) -> None:
    from trl import SFTConfig

    codes = set()
    for kind in trl_fields()["SFTConfig"][name]:
        for value in VALUES[kind]:
            try:
                trainer_args(SFTConfig, stage("sft", **{name: value}), tmp_path)
            except StageError as error:
                codes.add(error.problem.code)
    assert codes <= {"RUN702", "RUN732"}


@pytest.mark.parametrize(
    ("trainer", "code", "text"),
    [
        ({"optim": "adamw_8bit"}, "RUN732", "`optim: adamw_8bit` needs a GPU"),
        ({"optim": "schedule_free_adamw"}, "RUN732", "needs the package `schedulefree`"),
        ({"use_liger_kernel": True}, "RUN732", "`use_liger_kernel: true` needs a GPU"),
        ({"torch_compile": True}, "RUN732", "`torch_compile: true` needs a GPU"),
        ({"max_steps": 0}, "RUN702", "trains nothing"),
        ({"loss_type": "sigmoid"}, "RUN702", "takes `nll`, `dft`"),
        ({"adam_beta1": 2.0}, "RUN702", "Invalid beta parameter"),
        ({"lr_scheduler_kwargs": {"nonsense": 1}}, "RUN702", "unexpected keyword argument"),
        ({"optim_args": "nonsense"}, "RUN702", "rejects `trainer`"),
        ({"dataloader_num_workers": -1}, "RUN702", "num_workers"),
        ({"eos_token": "x"}, "RUN702", "is set by the runtime"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_before_the_model_is_loaded(
    tmp_path: Path, trainer: dict[str, Any], code: str, text: str
) -> None:
    from trl import SFTConfig

    with pytest.raises(StageError) as caught:
        trainer_args(SFTConfig, stage("sft", **trainer), tmp_path)
    assert (caught.value.problem.code, caught.value.exit_code) == (code, 78)
    assert text in caught.value.problem.message


@pytest.mark.parametrize("name", ["adamw_torch", "adamw_torch_fused", "adafactor", "sgd", "adagrad", "rmsprop"])
def test_optimisers_that_need_nothing_are_made(tmp_path: Path, name: str) -> None:
    from trl import SFTConfig

    assert trainer_args(SFTConfig, stage("sft", optim=name), tmp_path).optim == name


def test_the_tables_name_fields_and_words_that_the_libraries_have() -> None:
    from transformers.trainer_utils import SchedulerType
    from transformers.training_args import OptimizerNames

    fields = set().union(*trl_fields().values())
    assert {*CHOICES, *SWITCHES, "optim", "loss_type"} <= fields
    assert set(OPTIMIZERS) <= {each.value for each in OptimizerNames}
    assert set(CHOICES["lr_scheduler_type"]) <= {each.value for each in SchedulerType}
    for method, words in LOSSES.items():
        chosen = {each.field: each.value for each in METHODS[method].defaults}.get("loss_type", words[0])
        assert {chosen} if isinstance(chosen, str) else set(chosen) <= set(words)


@pytest.mark.parametrize("method", sorted(each.name for each in METHODS.values() if each.trains))
def test_the_defaults_of_every_method_have_no_fault(method: str) -> None:
    defaults = {each.field: each.value for each in METHODS[method].defaults}
    assert list(setting_faults(method, defaults, CPU, has_adapter=True)) == []


@pytest.mark.parametrize(
    ("method", "trainer", "text"),
    [
        ("dpo", {"loss_type": []}, "and at least one of them"),
        ("dpo", {"loss_type": ["sigmoid", "nonsense"]}, "not `nonsense`"),
        ("dpo", {"loss_type": ["exo_pair"]}, "needs `label_smoothing`"),
        ("dpo", {"sync_ref_model": True}, "needs a second model"),
        ("dpo", {"f_divergence_type": "nonsense"}, "not `nonsense`"),
        ("dpo", {"use_weighting": True, "loss_type": ["aot"]}, "sort them"),
        ("kto", {"loss_type": "sigmoid"}, "not `sigmoid`"),
        ("kto", {"train_sampling_strategy": "random"}, "takes `sequential`"),
        ("grpo", {"scale_rewards": "nonsense"}, "not `nonsense`"),
        ("grpo", {"max_completion_length": None}, "is null"),
        ("grpo", {"cache_implementation": "quantized"}, "not `quantized`"),
        ("grpo", {"use_vllm": True}, "needs a GPU"),
    ],
)
def test_settings_that_need_or_exclude_others(method: str, trainer: dict[str, Any], text: str) -> None:
    (fault,) = setting_faults(method, trainer, CPU, has_adapter=True)
    assert text in fault.message
    assert fault.hint


def test_an_error_of_a_library_before_the_first_step_is_a_fault_of_the_settings() -> None:
    with pytest.raises(StageError, match="ValueError: `x` is not supported") as caught, settings_at_fault(stage("sft")):
        exec(compile("raise ValueError('`x` is not supported')", "library.py", "exec"))
    assert (caught.value.problem.code, caught.value.exit_code) == ("RUN731", 78)
    for error in (RuntimeError("connection closed by peer"), OSError("no route")):
        with pytest.raises(type(error)), settings_at_fault(stage("sft")):
            raise error
    with pytest.raises(ValueError, match="later"), settings_at_fault(stage("sft"), lambda: False):
        raise ValueError("later")


def test_what_only_the_trainer_refuses_is_never_retried(shared_workspace: Any) -> None:
    config = methods.config_of(shared_workspace, "sft", "router")
    config["trainer"]["router_aux_loss_coef"] = 0.3
    ended = shared_workspace.run(shared_workspace.write_config("router", config))
    assert (ended.code, ended.error) == (78, "RUN731"), ended.stderr
    assert "not a Mixture-of-Experts model" in ended.event("error")["message"]
    assert not any(event["event"] == "step" for event in ended.events)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("[None] * len(completions)", "RUN752"),
        ("[1.0]", "RUN752"),
        ("[float('nan')] * len(completions)", "RUN752"),
        ("[1 / 0]", "RUN751"),
        ("[None if len(prompts) < 5 else 1.0] * len(completions)", "RUN752"),
    ],
)
def test_a_reward_that_gives_no_score_ends_the_stage_before_a_step(shared_workspace: Any, body: str, code: str) -> None:
    source = f"def score(prompts, completions, **columns):\n    return {body}\n"
    (shared_workspace.data / "own.py").write_text(source, encoding="utf-8")
    config = methods.config_of(shared_workspace, "grpo", "unscored")
    config["rewards"] = [{"use": "own:score", "weight": 1.0}]
    ended = shared_workspace.run(shared_workspace.write_config("unscored", config))
    assert (ended.code, ended.error) == (65, code), ended.stderr
    assert not any(event["event"] == "step" for event in ended.events)
