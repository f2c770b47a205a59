"""On-policy distillation: the student answers, and learns the teacher's probabilities of each token it wrote.

Agarwal et al. 2023 (arXiv 2306.13649), by TRL's trainer; where the tokenizers differ by GOLD, which aligns texts.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from runtime.contract.blocks import ModelBlock
from runtime.contract.training_stages import DistillStage
from runtime.data.formats import Row
from runtime.data.preferences import table_of
from runtime.data.questions import Prompt, questions_of, refuse_tools
from runtime.data.rows import read_sources
from runtime.model.cpu import attend_short_rows_by_matrices
from runtime.model.load import check_model_files, context_length, load_model, load_tokenizer
from runtime.model.prompts import prompts_of
from runtime.model.vocabulary import check_vocabularies
from runtime.stage.context import StageContext
from runtime.stage.report import Outcome

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase, Trainer


def run(stage: DistillStage, context: StageContext) -> Outcome:
    """Train on the stage's prompts and save the adapter (or the whole model) under the output folder.

    The report tells the divergence from the teacher before and after (`teacher_gap`), where it can be computed.
    """
    context.events.emit("phase", name="check data")
    questions = questions_of(read_sources(stage.data, context.volumes))
    refuse_tools([each.row for each in questions], "this trainer asks its models")
    check_model_files(stage.model, context.volumes)
    teacher_block = _teacher(stage)
    check_model_files(teacher_block, context.volumes)
    same, models = stage.distillation.same_vocabulary, context.volumes.models
    check_vocabularies(models / stage.model.path, models / teacher_block.path, claimed_same=same)

    # From here on a stage costs seconds of imports, then a model in memory: nothing that can fail early comes later.
    from runtime.train.loop import train_and_save
    from runtime.train.trainer_args import lora_config

    peft_config = lora_config(stage.peft)
    tokenizer = load_tokenizer(stage.model, context.volumes)
    tokenizer.padding_side = "left"
    asked = prompts_of(
        [each.row for each in questions],
        tokenizer,
        answer_tokens=_answer_tokens(stage),
        context=context_length(stage.model, context.volumes),
        setting="max_completion_length",
    )
    context.events.emit("phase", name="load model")
    model = load_model(stage.model, context.volumes)
    teacher = load_model(teacher_block, context.volumes)
    if same:
        _cut_output(teacher, model)

    context.events.emit("phase", name="prepare data")
    parts = {"model": model, "teacher_model": teacher, "processing_class": tokenizer, "peft_config": peft_config}
    prompts = [each.prompt for each in questions]
    trainer = _exact(stage, context, prompts, parts) if same else _aligned(stage, context, prompts, parts)
    if trainer.args.use_cpu and trainer.args.bf16:
        attend_short_rows_by_matrices()  # training does so too, and the gap is measured alike before and after it
    before = _gap(trainer, teacher, tokenizer, asked, stage, context) if same else None
    outcome = train_and_save(trainer, context, has_adapter=peft_config is not None, rows=len(prompts))
    after = _gap(trainer, teacher, tokenizer, asked, stage, context) if same else None
    report = {"teacher": teacher_block.path, "license": stage.teacher.license, "trainer": type(trainer).__name__}
    gap = {"teacher_kl": {"before": before, "after": after}} if same else {}
    return replace(outcome, report={**outcome.report, **report, **gap})


def _teacher(stage: DistillStage) -> ModelBlock:
    """The teacher's block; it may not bring code of its own."""
    return ModelBlock(path=stage.teacher.path, adapters=[], dtype=stage.model.dtype, trust_remote_code=False)


def _cut_output(teacher: "PreTrainedModel", student: "PreTrainedModel") -> None:
    """Take from a larger teacher the output rows that no token has: they are padding, of which it never writes any."""
    rows = student.config.get_text_config().vocab_size
    if teacher.config.get_text_config().vocab_size > rows:
        teacher.resize_token_embeddings(rows)


def _exact(stage: DistillStage, context: StageContext, prompts: Sequence[Prompt], parts: dict[str, Any]) -> "Trainer":
    """The stable trainer: the divergence of the whole distributions, token by token."""
    from trl.trainer.distillation_config import DistillationConfig
    from trl.trainer.distillation_trainer import DistillationTrainer

    from runtime.train.loop import CHECKPOINTS
    from runtime.train.trainer_args import trainer_args

    args = trainer_args(DistillationConfig, stage, context.folder / CHECKPOINTS)
    rows = table_of([{"prompt": prompt} for prompt in prompts], ("prompt",))
    trainer: Trainer = DistillationTrainer(args=args, train_dataset=rows, **parts)
    return trainer


def _aligned(stage: DistillStage, context: StageContext, prompts: Sequence[Prompt], parts: dict[str, Any]) -> "Trainer":
    """TRL's experimental trainer for two tokenizers: tokens are aligned by the bytes that they stand for."""
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
    from trl.experimental.gold import GOLDConfig, GOLDTrainer

    from runtime.train.loop import CHECKPOINTS
    from runtime.train.trainer_args import trainer_args

    volumes, teacher = context.volumes, _teacher(stage)
    # All answers are the student's own. `top_p` 1 samples its whole distribution, as the stable trainer does.
    own: dict[str, Any] = {"use_uld_loss": True, "lmbda": 1.0, "top_p": 1.0}
    own["teacher_tokenizer_name_or_path"] = str(volumes.models / teacher.path)
    with_own = stage.model_copy(update={"trainer": {**own, **stage.trainer}})
    args = trainer_args(GOLDConfig, with_own, context.folder / CHECKPOINTS)
    rows = table_of([_with_placeholder(prompt) for prompt in prompts], ("prompt", "completion"))
    trainer: Trainer = GOLDTrainer(args=args, train_dataset=rows, **parts)
    return trainer


def _with_placeholder(prompt: Prompt) -> Row:
    """A row as the trainer wants it: its completion is replaced by the student's answer before anything is learnt."""
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


MEASURED_PROMPTS = 16


def teacher_gap(
    student: "PreTrainedModel",
    teacher: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    prompts: Sequence[list[int]],
    *,
    max_new_tokens: int,
) -> dict[str, Any]:
    """Return KL(student || teacher), a mean over tokens, on two sets of answers to at most 16 prompts.

    `on_teacher_answers`: on the teacher's greedy answers, the same positions whenever it is measured.
    `on_own_answers`: on the student's own greedy answers of now, which is what on-policy training sees. The prompts are
    spread evenly over `prompts` (token ids). No random number is drawn, so measuring changes no training.
    """
    import torch

    step = max(1, len(prompts) // MEASURED_PROMPTS)
    asked = list(prompts[::step][:MEASURED_PROMPTS])
    modes = student.training, teacher.training
    student.train(False)
    teacher.train(False)
    with torch.inference_mode():
        gap = {
            name: _mean_divergence(student, teacher, _answers(writer, tokenizer, asked, max_new_tokens))
            for name, writer in (("on_teacher_answers", teacher), ("on_own_answers", student))
        }
    student.train(modes[0])
    teacher.train(modes[1])
    return {**gap, "prompts": len(asked)}


def _answers(
    model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", prompts: list[list[int]], max_new_tokens: int
) -> list[tuple["torch.Tensor", int]]:
    """Return each prompt with its greedy answer as one row of tokens, without padding, and where the answer begins."""
    import torch
    from transformers import GenerationConfig

    width, pad = max(map(len, prompts)), tokenizer.pad_token_id
    ends = model.generation_config.eos_token_id or tokenizer.eos_token_id
    ids = torch.tensor([[pad] * (width - len(prompt)) + prompt for prompt in prompts], device=model.device)
    mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=model.device)
    settings = GenerationConfig(max_new_tokens=max_new_tokens, do_sample=False, pad_token_id=pad, eos_token_id=ends)
    generator: Any = model
    output = generator.generate(input_ids=ids, attention_mask=mask, generation_config=settings)
    rows, stops = [], ends if isinstance(ends, list) else [ends]
    for prompt, answer in zip(prompts, output[:, width:].tolist(), strict=True):
        last = next((at for at, token in enumerate(answer, start=1) if token in stops), len(answer))
        whole = [*prompt, *answer[:last]]
        rows.append((torch.tensor([whole], device=model.device), len(prompt)))
    return rows


def _mean_divergence(
    student: "PreTrainedModel", teacher: "PreTrainedModel", answers: Sequence[tuple["torch.Tensor", int]]
) -> float:
    import torch

    total, tokens = 0.0, 0
    for row, start in answers:
        # The distribution of a token is that at the position before it.
        ours, theirs = (
            torch.log_softmax(model(input_ids=row.to(model.device)).logits[0, start - 1 : -1].float(), dim=-1)
            for model in (student, teacher)
        )
        divergence = torch.nn.functional.kl_div(theirs.to(ours.device), ours, log_target=True, reduction="none")
        total += float(divergence.sum())
        tokens += row.shape[1] - start
    return round(total / max(1, tokens), 6)
