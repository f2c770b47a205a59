"""How far a student is from its teacher: the divergence of their next tokens, in nats a token."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

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
