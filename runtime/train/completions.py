"""Sample completions of GRPO and PPO with their rewards, at the beginning, the middle and the end of the training."""

from collections.abc import Mapping, Sequence
from typing import Any

from runtime.stage.context import StageContext
from runtime.stage.samples import read_samples, shown, write_samples

MOST_PROMPTS = 4  # of one step, each with its best and its worst answer


class CompletionLog:
    """Keeps the completions of three steps in a file; a resumed run keeps those that are there."""

    def __init__(self, context: StageContext, *, every: int) -> None:
        """New answers are sampled each `every` optimiser steps."""
        self._context = context
        self._every = every
        kept = read_samples(context.folder)
        is_same = kept.get("config_sha256") == context.config_sha256
        self._kept: list[dict[str, Any]] = kept.get("completions", []) if is_same else []

    def note(
        self,
        step: int,
        max_steps: int,
        prompts: Sequence[Any],
        completions: Sequence[Any],
        terms: Mapping[str, Sequence[float | None]],
        totals: Sequence[float],
    ) -> None:
        """Keep the completions that step number `step` (from 0) trains on, the first ones since a wanted step."""
        kept = self._kept[-1]["step"] if self._kept else 0
        is_wanted = any(kept <= max(at, 0) <= step for at in (0, max_steps // 2, max_steps - self._every))
        if not self._context.is_main or not is_wanted:
            return
        samples = [
            {
                "prompt": shown(prompts[at]),
                "completion": shown(completions[at]),
                "rewards": {name: scores[at] for name, scores in terms.items()},
                "total": totals[at],
            }
            for at in _extremes(prompts, totals)
        ]
        self._kept.append({"step": step + 1, "samples": samples})
        write_samples(self._context.folder, {"config_sha256": self._context.config_sha256, "completions": self._kept})


def _extremes(prompts: Sequence[Any], totals: Sequence[float]) -> list[int]:
    """Return the best and the worst answer to each of the first prompts, by index; one of equals."""
    groups: dict[str, list[int]] = {}
    for at, prompt in enumerate(prompts):
        groups.setdefault(str(prompt), []).append(at)
    found = []
    for members in list(groups.values())[:MOST_PROMPTS]:
        best, worst = (pick(members, key=lambda at: totals[at]) for pick in (max, min))
        found += [best] if best == worst else [best, worst]
    return found
