"""On-policy distillation: the student learns the teacher's probabilities of its tokens.

Agarwal et al. 2023 (arXiv 2306.13649), with TRL's trainer; with GOLD, which aligns texts, if the tokenizers differ.
`teacher_gap` measures the divergence from the teacher before and after.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from runtime.contract.training_stages import DistillStage
from runtime.data.formats import Row
from runtime.data.preferences import table_of
from runtime.data.questions import Prompt, questions_of, refuse_tools
from runtime.data.rows import read_sources
from runtime.model.cpu import attend_short_rows_by_matrices
from runtime.model.load import check_model_files, context_length, load_model, load_tokenizer
from runtime.model.prompts import prompts_of
from runtime.model.stops import set_vllm_stops, stops_of
from runtime.model.vocabulary import check_vocabularies
from runtime.stage.context import StageContext
from runtime.stage.report import Outcome

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase, Trainer

MEASURED_PROMPTS = 16


def run(stage: DistillStage, context: StageContext) -> Outcome:
    """Train on the stage's prompts and save the adapter (or the whole model).

    The report gives the divergence from the teacher before and after (`teacher_gap`) if both share a vocabulary.
    """
    context.events.emit("phase", name="check data")
    questions = questions_of(read_sources(stage.data, context.volumes))
    refuse_tools([each.row for each in questions], "this trainer queries its models")
    check_model_files(stage.model, context.volumes)
    teacher_block = stage.teacher.weights(stage.model.dtype)
    check_model_files(teacher_block, context.volumes)
    same, models = stage.distillation.same_vocabulary, context.volumes.models
    check_vocabularies(models / stage.model.path, models / teacher_block.path, claimed_same=same)

    # The imports below take seconds, and then a model loads: all early checks come before them.
    from runtime.train.loop import train_and_save
    from runtime.train.setting_faults import settings_at_fault
    from runtime.train.trainer_args import lora_config

    peft_config = lora_config(stage, context.volumes)
    tokenizer = load_tokenizer(stage.model, context.volumes)
    tokenizer.padding_side = "left"
    rows = [each.row for each in questions]
    limits: dict[str, Any] = {"answer_tokens": _answer_tokens(stage), "setting": "max_completion_length"}
    prompt_ids = prompts_of(rows, tokenizer, context=context_length(stage.model, context.volumes), **limits)
    if not same:  # the teacher reads the prompts in its own chat template
        teacher_context = context_length(teacher_block, context.volumes)
        prompts_of(rows, load_tokenizer(teacher_block, context.volumes), context=teacher_context, **limits)
    context.events.emit("phase", name="load model")
    model = load_model(stage.model, context.volumes)
    teacher = load_model(teacher_block, context.volumes)
    if same:
        _cut_output(teacher, model)

    context.events.emit("phase", name="prepare data")
    parts = {"model": model, "teacher_model": teacher, "processing_class": tokenizer, "peft_config": peft_config}
    prompts = [each.prompt for each in questions]
    with settings_at_fault(stage):
        trainer = _exact(stage, context, prompts, parts) if same else _aligned(stage, context, prompts, parts)
    if trainer.args.use_cpu and trainer.args.bf16:
        attend_short_rows_by_matrices()  # as in training, so that both measurements of the gap run alike
    before = _gap(trainer, teacher, tokenizer, prompt_ids, stage, context) if same else None
    outcome = train_and_save(trainer, context, has_adapter=peft_config is not None, rows=len(prompts))
    after = _gap(trainer, teacher, tokenizer, prompt_ids, stage, context) if same else None
    report = {"teacher": teacher_block.path, "license": stage.teacher.license, "trainer": type(trainer).__name__}
    gap = {"teacher_kl": {"before": before, "after": after}} if same else {}
    return replace(outcome, report={**outcome.report, **report, **gap})


def teacher_gap(
    student: "PreTrainedModel",
    teacher: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    prompts: Sequence[list[int]],
    *,
    max_new_tokens: int,
) -> dict[str, Any]:
    """Return KL(student ‖ teacher) in nats per token, on answers to at most 16 prompts.

    `on_teacher_answers` is measured on the teacher's greedy answers, which stay the same during training.
    `on_own_answers` is measured on the student's current greedy answers, as in on-policy training. The prompts are
    spread evenly over `prompts` (token ids). The measurement draws no random numbers, so it does not affect training.
    """
    import torch

    step = max(1, len(prompts) // MEASURED_PROMPTS)
    measured = list(prompts[::step][:MEASURED_PROMPTS])
    modes = student.training, teacher.training
    student.train(False)
    teacher.train(False)
    with torch.inference_mode():
        gap = {
            name: _mean_divergence(student, teacher, _answers(writer, tokenizer, measured, max_new_tokens))
            for name, writer in (("on_teacher_answers", teacher), ("on_own_answers", student))
        }
    student.train(modes[0])
    teacher.train(modes[1])
    return {**gap, "prompts": len(measured)}


def _cut_output(teacher: "PreTrainedModel", student: "PreTrainedModel") -> None:
    """Cut the output layer of a larger teacher to the student's size.

    The extra rows are padding without tokens.
    """
    rows = student.config.get_text_config().vocab_size
    if teacher.config.get_text_config().vocab_size > rows:
        teacher.resize_token_embeddings(rows)


def _exact(stage: DistillStage, context: StageContext, prompts: Sequence[Prompt], parts: dict[str, Any]) -> "Trainer":
    """Return TRL's stable trainer, which compares whole distributions token by token."""
    from trl.trainer.distillation_config import DistillationConfig
    from trl.trainer.distillation_trainer import DistillationTrainer

    from runtime.train.loop import CHECKPOINTS
    from runtime.train.trainer_args import trainer_args

    args = trainer_args(DistillationConfig, stage, context.folder / CHECKPOINTS)
    set_vllm_stops(args, parts["model"])
    rows = table_of([{"prompt": prompt} for prompt in prompts], ("prompt",))
    trainer: Trainer = DistillationTrainer(args=args, train_dataset=rows, **parts)
    return trainer


def _aligned(stage: DistillStage, context: StageContext, prompts: Sequence[Prompt], parts: dict[str, Any]) -> "Trainer":
    """Return TRL's experimental trainer for two tokenizers.

    It aligns tokens by the bytes that they encode.
    """
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
    from trl.experimental.gold import GOLDConfig, GOLDTrainer

    from runtime.train.loop import CHECKPOINTS
    from runtime.train.trainer_args import trainer_args

    volumes, teacher = context.volumes, stage.teacher.weights(stage.model.dtype)
    # `lmbda` 1: the student writes all answers. `top_p` 1 samples its whole distribution, as the stable trainer does.
    own: dict[str, Any] = {"use_uld_loss": True, "lmbda": 1.0, "top_p": 1.0}
    own["teacher_tokenizer_name_or_path"] = str(volumes.models / teacher.path)
    with_own = stage.model_copy(update={"trainer": {**own, **stage.trainer}})
    args = trainer_args(GOLDConfig, with_own, context.folder / CHECKPOINTS)
    rows = table_of([_with_placeholder(prompt) for prompt in prompts], ("prompt", "completion"))
    trainer: Trainer = GOLDTrainer(args=args, train_dataset=rows, **parts)
    return trainer


def _with_placeholder(prompt: Prompt) -> Row:
    """Return a row as the trainer expects it.

    The student's answer replaces the completion before training.
    """
    return {"prompt": prompt, "completion": "." if isinstance(prompt, str) else [{"role": "assistant", "content": "."}]}


def _gap(
    trainer: "Trainer",
    teacher: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    prompts: Sequence[list[int]],
    stage: DistillStage,
    context: StageContext,
) -> dict[str, Any]:

    context.events.emit("phase", name="measure")
    student = trainer.accelerator.unwrap_model(trainer.model)
    return teacher_gap(student, teacher, tokenizer, prompts, max_new_tokens=min(_answer_tokens(stage), 64))


def _answer_tokens(stage: DistillStage) -> int:
    return int(stage.trainer.get("max_completion_length") or 256)


def _answers(
    model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", prompts: list[list[int]], max_new_tokens: int
) -> list[tuple["torch.Tensor", int]]:
    """Return each prompt with its greedy answer, without padding, and the answer's start."""
    import torch
    from transformers import GenerationConfig

    width, pad = max(map(len, prompts)), tokenizer.pad_token_id
    ends = stops_of(model, tokenizer)
    ids = torch.tensor([[pad] * (width - len(prompt)) + prompt for prompt in prompts], device=model.device)
    mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=model.device)
    settings = GenerationConfig(max_new_tokens=max_new_tokens, do_sample=False, pad_token_id=pad, eos_token_id=ends)
    generator: Any = model
    output = generator.generate(input_ids=ids, attention_mask=mask, generation_config=settings)
    rows = []
    for prompt, answer in zip(prompts, output[:, width:].tolist(), strict=True):
        last = next((at for at, token in enumerate(answer, start=1) if token in ends), len(answer))
        whole = [*prompt, *answer[:last]]
        rows.append((torch.tensor([whole], device=model.device), len(prompt)))
    return rows


def _mean_divergence(
    student: "PreTrainedModel", teacher: "PreTrainedModel", answers: Sequence[tuple["torch.Tensor", int]]
) -> float:
    import torch

    total, tokens = 0.0, 0
    for row, start in answers:
        # The logits at a position predict the token after it.
        ours, theirs = (
            torch.log_softmax(model(input_ids=row.to(model.device)).logits[0, start - 1 : -1].float(), dim=-1)
            for model in (student, teacher)
        )
        divergence = torch.nn.functional.kl_div(theirs.to(ours.device), ours, log_target=True, reduction="none")
        total += float(divergence.sum())
        tokens += row.shape[1] - start
    return round(total / max(1, tokens), 6)
