"""PPO as a `transformers.Trainer`: its batches are sampled answers."""

import copy
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from peft import get_peft_model
from safetensors.torch import load_file, save_file
from transformers import Trainer, set_seed
from trl.trainer.utils import disable_dropout_in_model, identity

from runtime.model.stops import stops_of
from runtime.train.ppo.advantages import policy_losses, value_losses
from runtime.train.ppo.config import PPOConfig
from runtime.train.ppo.experience import experience
from runtime.train.ppo.policy import PolicyWithValue
from runtime.train.ppo.rollouts import Answers, Rollout, RolloutSampler, sample_answers

if TYPE_CHECKING:
    from datasets import Dataset
    from peft import LoraConfig
    from torch import Tensor
    from torch.utils.data import DataLoader
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

# Returns one score for each answer, given the row numbers and the answers' tokens.
Reward = Callable[[Sequence[int], Sequence[Sequence[int]]], Sequence[float]]


class PPOTrainer(Trainer):  # type: ignore[misc]
    """Samples an answer to each prompt, scores it, and trains policy and values on it.

    `train_dataset` has the columns `row` (the number that `reward` receives) and `prompt_ids`. The reference of the KL
    term is the policy without its adapter, or a frozen copy of `model` if all weights are trained.

    The advantages distribute the score of an answer over its tokens: the value head learns the worth of each prefix of
    an answer, which separates a token that spoils the answer from the good ones before it.
    """

    args: PPOConfig
    model: Any  # a `PolicyWithValue`

    def __init__(
        self,
        *,
        model: "PreTrainedModel",
        args: PPOConfig,
        train_dataset: "Dataset",
        processing_class: "PreTrainedTokenizerBase",
        reward: Reward,
        peft_config: "LoraConfig | None" = None,
    ) -> None:
        set_seed(args.seed)  # an adapter begins at random
        self._reference = None
        if peft_config is None:
            self._reference = copy.deepcopy(model).requires_grad_(False).to(args.device)
        policy = PolicyWithValue(model if peft_config is None else get_peft_model(model, peft_config))
        # With dropout, the trained policy would differ from the sampled one.
        disable_dropout_in_model(policy)
        super().__init__(
            model=policy,
            args=args,
            train_dataset=train_dataset,
            processing_class=processing_class,
            data_collator=identity,
        )
        set_seed(args.seed + args.process_index)  # each process samples different answers
        self.loss_is_scaled_for_ga = True  # by the tokens of all micro-batches: see `compute_loss`
        self._reward = reward
        self._rollout: Rollout | None = None
        self._turn: int | None = None  # which micro-batch of the rollout comes next
        self._figures: dict[str, list[float]] = defaultdict(list)

    # The batches

    def get_train_dataloader(self) -> "DataLoader":
        """Return batches of a rollout's rows, one for each micro-batch of its training."""
        return self._get_dataloader(
            dataset=self.train_dataset,
            description="Training",
            batch_size=self.args.rollout_size,
            sampler_fn=self._get_train_sampler,
            is_training=True,
        )

    def _get_train_sampler(self, train_dataset: Any = None) -> RolloutSampler:
        return RolloutSampler(
            rows=len(self.train_dataset),
            size=self.args.rollout_size * self.args.world_size,
            repeats=self._turns,
            seed=self.args.seed,
        )

    def _prepare_inputs(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the next micro-batch of the rollout; sample the rollout on `inputs` at its start."""
        if self._turn is None:
            steps = self.state.global_step % self.args.steps_per_rollout
            self._turn = steps * self.args.gradient_accumulation_steps
        if self._turn == 0 or self._rollout is None:  # a run that resumes within a rollout loads it from its checkpoint
            with torch.no_grad():
                self._rollout = self._collect(inputs)
        in_step, of_step = self._indices(self._turn)
        self._turn = (self._turn + 1) % self._turns
        # Averaging gradients over processes then gives the gradient of the mean over the tokens of all of them.
        tokens = self._total(self._rollout.mask[of_step].sum()) / self.args.world_size
        return {"rows": self._rollout.rows(in_step), "tokens": float(tokens)}

    @property
    def _turns(self) -> int:
        return int(self.args.steps_per_rollout * self.args.gradient_accumulation_steps)

    def _indices(self, turn: int) -> tuple["Tensor", "Tensor"]:
        """Return the rows of a micro-batch, and the rows of its whole optimiser step.

        Each PPO epoch has a different order of rows, which depends on the seed and the epoch's number alone.
        """
        args = self.args
        rows = args.train_batch_size
        epoch, place = divmod(turn, args.num_mini_batches * args.gradient_accumulation_steps)
        rollout = self.state.global_step // args.steps_per_rollout
        seed = (args.seed << 32) + rollout * args.num_ppo_epochs + epoch
        order = torch.randperm(args.rollout_size, generator=torch.Generator().manual_seed(seed % 2**63))
        whole = rows * args.gradient_accumulation_steps
        start = place // args.gradient_accumulation_steps * whole
        return order[place * rows : (place + 1) * rows], order[start : start + whole]

    def _total(self, part: "Tensor") -> "Tensor":
        """Return the sum of a number over all processes."""
        total: Tensor = self.accelerator.reduce(part, reduction="sum")
        return total

    # The rollout

    def _collect(self, rows: list[dict[str, Any]]) -> Rollout:
        args, model = self.args, self.model
        model.train(False)
        tokenizer: Any = self.processing_class
        with self.accelerator.autocast():
            answers = sample_answers(
                model.base,
                [row["prompt_ids"] for row in rows],
                pad=tokenizer.pad_token_id,
                ends=self._ends,
                length=args.max_completion_length,
                temperature=args.temperature,
            )
            figures = [self._figures_of(answers, start) for start in range(0, len(rows), args.train_batch_size)]
        model.train()
        log_probs, values, reference = (torch.cat(parts) for parts in zip(*figures, strict=True))
        scores = self._reward([row["row"] for row in rows], answers.completion_ids())
        rollout, means = experience(
            answers,
            log_probs=log_probs,
            values=values,
            reference=reference,
            scores=torch.tensor(scores, dtype=torch.float32, device=log_probs.device),
            args=args,
            total=self._total,
        )
        self._note(means)
        return rollout

    def _figures_of(self, answers: Answers, start: int) -> tuple["Tensor", "Tensor", "Tensor"]:
        """Return a micro-batch's log-probabilities, values and reference log-probabilities."""
        rows = slice(start, start + self.args.train_batch_size)
        batch = answers.input_ids[rows], answers.attention_mask[rows], answers.mask.shape[1], self.args.temperature
        figures = self.model(*batch)
        with self.model.without_adapter():
            reference = self.model(*batch, other=self._reference).log_probs
        return figures.log_probs, figures.values, reference

    @property
    def _ends(self) -> list[int]:
        return stops_of(self.model.base, self.processing_class)

    # The loss

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> "Tensor":
        """Return the micro-batch's share of the step's loss.

        The step's loss is a mean over all its answer tokens.
        """
        args, rows, tokens = self.args, inputs["rows"], inputs["tokens"]
        now = model(rows.input_ids, rows.attention_mask, rows.mask.shape[1], args.temperature)
        policy, is_clipped = policy_losses(now.log_probs, rows.log_probs, rows.advantages, args.cliprange)
        value = value_losses(now.values, rows.values, rows.returns, args.cliprange_value)
        parts = {"policy_loss": policy, "value_loss": value, "clip_fraction": is_clipped, "entropy": now.entropies}
        means = {name: (part * rows.mask).sum() / tokens for name, part in parts.items()}
        self.state.num_input_tokens_seen += int(self._total(rows.attention_mask.sum()))
        # `log` takes means, but these are parts of a sum over the step's micro-batches, hence the factor.
        self._note({name: float(mean.detach()) * args.gradient_accumulation_steps for name, mean in means.items()})
        return means["policy_loss"] + args.vf_coef * means["value_loss"]

    def _note(self, figures: dict[str, float]) -> None:
        for name, figure in figures.items():
            self._figures[name].append(figure)

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add the means of the figures since the last log, over all processes."""
        if "loss" in logs:
            for name, values in self._figures.items():
                mean = torch.tensor(sum(values) / len(values), device=self.args.device)
                logs = logs | {name: float(self._total(mean)) / self.args.world_size}
            self._figures.clear()
            logs = logs | {"num_tokens": self.state.num_input_tokens_seen}
        super().log(logs, start_time)

    # Saving and resuming

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """Save the trainer's checkpoint, the value head, and a rollout that is still in use."""
        super()._save_checkpoint(model, trial)
        state = {f"value_head.{name}": tensor for name, tensor in self.model.value_head.state_dict().items()}
        if self._turn and self._rollout is not None:
            state |= {f"rollout.{name}": tensor.contiguous() for name, tensor in self._rollout.tensors().items()}
        save_file(state, self._state_file(Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"))

    def _state_file(self, checkpoint: Path) -> Path:
        return checkpoint / f"ppo-{self.args.process_index}.safetensors"  # each process has its own rows

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        with self._without_value_head():
            super()._load_from_checkpoint(resume_from_checkpoint, model)
        state = load_file(self._state_file(Path(resume_from_checkpoint)))
        parts: dict[str, dict[str, Tensor]] = defaultdict(dict)
        for name, tensor in state.items():
            kind, _, part = name.partition(".")
            parts[kind][part] = tensor.to(self.args.device)
        self.model.value_head.load_state_dict(parts["value_head"])
        self._rollout = Rollout(**parts["rollout"]) if "rollout" in parts else None

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        """Save the policy without the value head, which is useless outside this trainer."""
        with self._without_value_head():
            super()._save(output_dir, state_dict)

    @contextmanager
    def _without_value_head(self) -> Iterator[None]:
        """Let the trainer see the policy without its value head for a while."""
        whole: Any = self.model
        self.model = whole.policy
        try:
            yield
        finally:
            self.model = whole
