"""What a probe asks: families of prompts, one for each way of asking the same badcases, and the control."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from runtime.contract.goal_blocks import MetricBlock
from runtime.contract.probing import ProbeStage
from runtime.data.chains import asked_for_chain
from runtime.data.formats import Row
from runtime.data.prompt_file import prompted
from runtime.data.questions import Prompt, Question
from runtime.evaluate.probe.rows import CONTAINS

CLOSED, GREEDY, CONSTRAINED = "closed", "greedy", "constrained"
OPEN, CHAIN, GOLD, CONTROL, TEACHER = "open", "chain", "gold", "control", "teacher"

CONTROL_TOKENS = 32  # a sentence around a short answer, though the task's own answers may be a single code


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A question as a family asks it; `index` is its place among the badcases, or among the control's rows."""

    index: int
    question: Question
    cluster: str
    prompt: Prompt


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """Cases that are asked in one way: `samples` answers to each, which `metric` scores.

    With `may_be_cut`, an answer that reaches its limit is as good as it reads; else it is wrong.
    """

    name: str
    cases: Sequence[Case]
    metric: MetricBlock
    samples: int
    temperature: float
    max_new_tokens: int
    schema: str = ""
    may_be_cut: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """The families of a probe, and why the others were not asked, by name."""

    families: tuple[Family, ...]
    lacking: dict[str, str]


def chosen_cases(questions: Sequence[Question], most: int, seed: int) -> list[Case]:
    """Return up to `most` questions in a random order, cluster by cluster.

    Rows without a cluster that have one prompt are one. The order depends on the seed and the names of clusters alone,
    so that more rows keep most of the choice.
    """
    clusters: dict[str, list[Question]] = {}
    for question in questions:
        clusters.setdefault(_cluster(question.row), []).append(question)
    order = sorted(clusters, key=lambda name: hashlib.sha256(f"{seed} {name}".encode()).hexdigest())
    picked = [(name, question) for name in order for question in clusters[name]][:most]
    return [
        Case(index=at, question=question, cluster=name, prompt=question.prompt)
        for at, (name, question) in enumerate(picked)
    ]


def in_prompt(text: str, case: Case) -> Case:
    """Return the case as the prompt `text` asks it."""
    return _asked(case, prompted(text, case.prompt))


def families_of(
    stage: ProbeStage,
    cases: Sequence[Case],
    control: Sequence[Case],
    control_metric: MetricBlock,
    schema: str,
    text: str = "",
) -> Asked:
    """Return the families of a probe of `cases`, in the order in which they are asked.

    `schema` is the JSON Schema of answers as text, empty without one. `text` is the prompt, in which the cases are
    already; gold prompts are put into it.
    """
    work, metric = stage.work, stage.metrics[0]

    def family(name: str, asked: Sequence[Case], **other: object) -> Family:
        fields: dict[str, object] = {
            "samples": work.further_samples,
            "temperature": work.temperature,
            "max_new_tokens": work.max_new_tokens,
            "metric": metric,
        }
        return Family(name=name, cases=tuple(asked), **(fields | other))  # type: ignore[arg-type]

    chained = metric.model_copy(update={"answer_marker": work.answer_marker})
    found = (
        family(CLOSED, cases, samples=work.samples),
        family(GREEDY, cases, samples=1, temperature=0.0),
        family(CONSTRAINED, cases if schema else (), samples=1, temperature=0.0, schema=schema),
        family(OPEN, _reworded(cases, "passage", _open_book)),
        family(
            CHAIN,
            [_asked(each, asked_for_chain(each.prompt, work.answer_marker)) for each in cases],
            metric=chained,
            max_new_tokens=work.chain_tokens,
        ),
        family(GOLD, _reworded(cases, "gold_prompt", lambda _, row: prompted(text, row["gold_prompt"]))),
        family(
            CONTROL,
            control,
            metric=control_metric,
            max_new_tokens=max(work.max_new_tokens, CONTROL_TOKENS),
            # what a model goes on to say does not change what it knew
            may_be_cut=control_metric is CONTAINS,
        ),
        family(TEACHER, cases if stage.teacher is not None else ()),
    )
    lacking = {
        OPEN: "no badcase has a `passage`",
        GOLD: "no badcase has a `gold_prompt`",
        CONTROL: "no data of purpose `general` has questions with short answers",
        TEACHER: "the spec names no teacher",
        CONSTRAINED: "the goal has no metric `json_schema`"
        if stage.served is not None
        else "only an endpoint constrains answers",
    }
    return Asked(
        families=tuple(each for each in found if each.cases),
        lacking={each.name: lacking[each.name] for each in found if not each.cases},
    )


def _reworded(cases: Sequence[Case], column: str, prompt: Callable[[Prompt, Row], Prompt]) -> list[Case]:
    """Return the cases whose rows have `column`, asked by `prompt`."""
    having = [each for each in cases if each.question.row.get(column)]
    return [_asked(each, prompt(each.prompt, each.question.row)) for each in having]


def _asked(case: Case, prompt: Prompt) -> Case:
    return Case(index=case.index, question=case.question, cluster=case.cluster, prompt=prompt)


def _open_book(prompt: Prompt, row: Row) -> Prompt:
    """Return the prompt with the passage above its last turn."""
    passage = row["passage"].strip()
    if isinstance(prompt, str):
        return f"{passage}\n\n{prompt}"
    last = prompt[-1]
    return [*prompt[:-1], {**last, "content": f"{passage}\n\n{last['content']}"}]


def _cluster(row: Row) -> str:
    """Return the name of a row's cluster; the prefixes tell a cluster from a prompt."""
    if row.get("cluster"):
        return f"cluster {row['cluster']}"
    text = json.dumps(row["prompt"], sort_keys=True)
    return f"prompt {hashlib.sha256(text.encode()).hexdigest()}"
