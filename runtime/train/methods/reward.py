"""Reward modelling: the chosen answer of a pair gets the higher score.

Held-out pairs measure the trained model (`agreement`), and the gate stops the plan if it may be chance.
"""

import gc
import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from runtime.contract.errors import StageError
from runtime.contract.training_stages import RewardStage
from runtime.data.examples import require_one_kind
from runtime.data.formats import Row
from runtime.data.preferences import fitting_rows, table_of
from runtime.data.questions import refuse_tools
from runtime.data.rows import read_sources
from runtime.data.tokens import limit_of
from runtime.model.load import check_model_files, context_length, load_tokenizer
from runtime.stage.context import StageContext
from runtime.stage.gate import Decision
from runtime.stage.report import Outcome
from runtime.stage.statistics import Interval, interval_of_mean

ANSWERS = ("chosen", "rejected")
CHANCE = 0.5
MAX_GROUPS = 20  # a table of the report shows the largest groups only


def run(stage: RewardStage, context: StageContext) -> Outcome:
    """Train on the stage's pairs, save the model, and report its agreement with held-out pairs.

    The metric is `pair_accuracy`. The gate stops the plan if the accuracy is not significantly above chance.
    """
    context.events.emit("phase", name="check data")
    sources = read_sources(stage.data, context.volumes)
    require_one_kind(sources)
    pairs = [row for source in sources for row in source.rows]
    refuse_tools(pairs, "reward models score answers")
    hold_out(pairs, stage.held_out_share, stage.seed)  # fail early if the pairs cannot be split
    check_model_files(stage.model, context.volumes)

    # The imports below take seconds, and then a model loads: all early checks come before them.
    from trl.trainer.reward_config import RewardConfig
    from trl.trainer.reward_trainer import RewardTrainer

    from runtime.model.reward_model import new_reward_model
    from runtime.train.loop import CHECKPOINTS, train_and_save
    from runtime.train.setting_faults import settings_at_fault
    from runtime.train.trainer_args import lora_config, trainer_args

    args = trainer_args(RewardConfig, stage, context.folder / CHECKPOINTS)
    peft_config = lora_config(stage, context.volumes, scores=True)
    context.events.emit("phase", name="prepare data")
    tokenizer = load_tokenizer(stage.model, context.volumes)
    limit = limit_of(args.max_length, context_length(stage.model, context.volumes))
    rows, too_long = fitting_rows(sources, ANSWERS, tokenizer, stage.model.path, limit)
    train, held_out = hold_out(rows, stage.held_out_share, stage.seed)

    context.events.emit("phase", name="load model")
    model = new_reward_model(stage.model, context.volumes, tokenizer, stage.seed)
    with settings_at_fault(stage):
        trainer = RewardTrainer(
            model=model,
            args=args,
            train_dataset=table_of(train, ("prompt", *ANSWERS)),
            processing_class=tokenizer,
            peft_config=peft_config,
        )
    outcome = train_and_save(trainer, context, has_adapter=peft_config is not None, rows=len(train))
    del trainer, model  # free their memory: the saved model is loaded to score the held-out pairs
    gc.collect()
    outcome = replace(outcome, report={"made_rows_too_long": too_long})
    return _with_agreement(outcome, stage, context, held_out) if context.is_main else outcome


def hold_out(rows: Sequence[Row], share: float, seed: int) -> tuple[list[Row], list[Row]]:
    """Return the training pairs and the held-out pairs: whole groups, at least `share`.

    A group is the pairs of one `cluster`, or of one prompt for rows without a cluster. Groups are held out in the order
    of a digest, so that the split depends on the groups and the seed alone. RUN728 if either part is empty.
    """
    names = sorted({group_of(row) for row in rows}, key=lambda name: _digest(name, seed))
    size = dict.fromkeys(names, 0)
    for row in rows:
        size[group_of(row)] += 1
    wanted, taken, held = math.ceil(share * len(rows)), 0, set()
    for name in names:
        if taken >= wanted:
            break
        held.add(name)
        taken += size[name]
    train = [row for row in rows if group_of(row) not in held]
    if not train or not held:
        message = f"{len(rows)} pairs of {len(names)} groups cannot be split: one part would be empty"
        raise StageError("RUN728", message, "add pairs of other prompts, or use more than one `cluster`")
    return train, [row for row in rows if group_of(row) in held]


def group_of(row: Row) -> str:
    """Return the name of the group that a pair belongs to."""
    # The prefixes separate a prompt from a cluster that has its text as its name.
    if row.get("cluster"):
        return f"cluster {row['cluster']}"
    return f"prompt {json.dumps(row['prompt'], ensure_ascii=False, sort_keys=True)}"


def agreement(rows: Sequence[Row], chosen: Sequence[float], rejected: Sequence[float]) -> tuple[Interval, Row]:
    """Return the pairwise accuracy with its interval, and the report on held-out pairs.

    `chosen` and `rejected` are the scores of the answers. A pair is right if the chosen answer has the higher score; a
    tie counts one half. Lengths are in characters. In `length`, a model that has learnt to score length has a
    correlation near 1 between margin and difference in length, and a lower accuracy on pairs whose chosen answer is the
    shorter one.
    """
    margins = [high - low for high, low in zip(chosen, rejected, strict=True)]
    right = [float(margin > 0) if margin else CHANCE for margin in margins]
    longer = [len(_whole_text(row["chosen"])) - len(_whole_text(row["rejected"])) for row in rows]
    accuracy = interval_of_mean(right, [group_of(row) for row in rows])
    report = {
        "pairs": len(rows),
        "groups": len({group_of(row) for row in rows}),
        "mean_margin": _rounded(math.fsum(margins) / len(margins)),
        "ties": _rounded(sum(not margin for margin in margins) / len(margins)),
        "length": {
            "margin_correlation": _correlation(margins, longer),
            "chosen_is_longer": _share(right, [each > 0 for each in longer]),
            "chosen_is_shorter": _share(right, [each < 0 for each in longer]),
            "longer_answer_wins": _rounded(
                sum(float(each > 0) if each else CHANCE for each in longer) / len(longer)
            ),  # the accuracy of scoring by length alone
        },
        "by_class": _table(rows, right, lambda row: row.get("class")),
        "by_cluster": _table(rows, right, lambda row: row.get("cluster")),
    }
    return accuracy, report


def verdict(accuracy: Interval) -> Decision:
    """Return the decision: continue only if the whole interval is above chance."""
    shown = f"{accuracy.value:.3f} (95 % interval {accuracy.low:.3f} to {accuracy.high:.3f}, {accuracy.n} pairs)"
    if accuracy.low > CHANCE:
        reason = f"the reward model agrees with held-out pairs: {shown}"
        return Decision(verdict="continue", reason=reason, gain=None)
    reason = f"the reward model is not significantly better than chance on held-out pairs: {shown}"
    return Decision(verdict="no-gain", reason=reason, gain=None)


def _with_agreement(outcome: Outcome, stage: RewardStage, context: StageContext, held_out: list[Row]) -> Outcome:
    """Add the saved model's agreement with the held-out pairs to `outcome`."""
    from runtime.model.reward_model import load_reward_model

    context.events.emit("phase", name="score held-out pairs")
    scorer = load_reward_model(outcome.adapter or outcome.model or "", stage.model, context.volumes)
    prompts = [row["prompt"] for row in held_out]
    chosen, rejected = (scorer.scores(prompts, [_text(row[name]) for row in held_out]) for name in ANSWERS)
    accuracy, report = agreement(held_out, chosen, rejected)
    decision = verdict(accuracy)
    context.events.emit("agreement", accuracy=round(accuracy.value, 6), low=round(accuracy.low, 6), pairs=accuracy.n)
    extended = {**outcome.report, "agreement": report}
    return replace(outcome, metrics={"pair_accuracy": accuracy}, report=extended, gate=decision)


def _table(rows: Sequence[Row], right: Sequence[float], name_of: Callable[[Row], Any]) -> Row:
    """Return the accuracy of each group, the largest groups first; empty if no row names one."""
    names = [name_of(row) for row in rows]
    counts = {name: names.count(name) for name in sorted({each for each in names if each})}
    shown = sorted(counts, key=lambda name: (-counts[name], name))[:MAX_GROUPS]
    return {name: _share(right, [each == name for each in names]) for name in shown}


def _share(right: Sequence[float], chosen: Sequence[bool]) -> Row:
    values = [value for value, is_in in zip(right, chosen, strict=True) if is_in]
    return {"pairs": len(values), "accuracy": _rounded(math.fsum(values) / len(values)) if values else None}


def _correlation(margins: Sequence[float], lengths: Sequence[int]) -> float | None:
    """Return Pearson's correlation, or None if one of the two is constant."""
    if len(set(margins)) < 2 or len(set(lengths)) < 2:
        return None
    return _rounded(float(np.corrcoef(margins, lengths)[0, 1]))


def _digest(name: str, seed: int) -> str:
    return hashlib.sha256(f"{seed} {name}".encode()).hexdigest()


def _text(answer: str | list[dict[str, str]]) -> str:
    return answer if isinstance(answer, str) else answer[0]["content"]


def _whole_text(answer: str | list[dict[str, str]]) -> str:
    return answer if isinstance(answer, str) else "\n".join(turn["content"] for turn in answer)


def _rounded(value: float) -> float:
    return round(value, 6)
