"""Whether the reward tells the answers to one prompt apart: what group-relative optimisation can learn from."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from runtime.contract.probing import ProbeStage
from runtime.contract.volumes import Volumes
from runtime.data.questions import Question
from runtime.evaluate.probe.measures import Spread
from runtime.scoring.rewards.rows import Prompts, check_rewards, score_texts
from runtime.scoring.rewards.scorer import Scorer

NO_REWARD = "the spec has no reward that code computes"
_NOT_COLUMNS = ("prompt", "prompts", "completion", "completions", "completion_ids", "messages")
_EQUAL = 1e-9


@contextmanager
def reward_spread(stage: ProbeStage, questions: Sequence[Question], volumes: Volumes) -> Iterator[Spread | None]:
    """Give a function that says whether the rewards of some texts for a question differ; None without a reward.

    RUN750 to RUN754 if the reward cannot be computed.
    """
    if not stage.rewards:
        yield None
        return
    with Scorer(stage.rewards, volumes, stage.reward_code) as scorer:
        prompts = _prompts(questions)
        check_rewards(scorer, prompts)
        known: dict[tuple[int, str], float] = {}

        def differ(index: int, texts: Sequence[str]) -> bool:
            new = [text for text in dict.fromkeys(texts) if (index, text) not in known]
            totals = scorer.sums(score_texts(scorer, prompts, [index] * len(new), new)) if new else []
            known.update({(index, text): total for text, total in zip(new, totals, strict=True)})
            scores = [known[index, text] for text in texts]
            return max(scores) - min(scores) > _EQUAL

        yield differ


def _prompts(questions: Sequence[Question]) -> Prompts:
    rows = [each.row for each in questions]
    names = dict.fromkeys(name for row in rows for name in row if name not in _NOT_COLUMNS)
    return Prompts(
        prompts=[each.prompt for each in questions], columns={name: [row.get(name) for row in rows] for name in names}
    )
