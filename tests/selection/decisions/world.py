"""Facts to decide by: a small world in the train phase, and short ways to say what differs from it."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from compiler.selection.attribution import attribute
from compiler.selection.badcases import groups
from compiler.selection.facts import (
    Declared,
    Facts,
    Goal,
    Guard,
    Limit,
    Passing,
    PreflightCheck,
    Result,
    Reward,
    Source,
    Teacher,
)
from compiler.selection.faults import BadcaseGroup
from compiler.selection.figures import Measure, ProbeRun, Reading, Round, Verdict
from compiler.selection.reward_verdicts import CHECKS
from compiler.spec.data import DataFile
from compiler.spec.data.gates import Overlap
from compiler.spec.data.labels import labels_of_classes
from compiler.spec.data.model import LabelCount
from compiler.spec.schema.evidence import BadcaseKind, BadcaseReportBody
from compiler.spec.schema.thresholds import Thresholds
from compiler.spec.schema.training_spec import Component
from compiler.spec.schema.types import BadcaseClass, Decoding, GapKind, Purpose, Shape

MODEL = "tiny/1"
FILE = "evidence/probe.yaml"
METRIC = "exact_match"
FLOW = ("the class `flow-control`",)  # what is left out of training where rows have this label
LIMITS = Thresholds()


def source(name: str, purpose: str, shape: str, rows: int, *, volatile: bool = False, **file: Any) -> Source:
    """A data source; its file is known by counts only."""
    made = DataFile(name=name, path=f"data/{name}.jsonl", sha256=name, rows=rows, **file)
    return Source(name=name, purpose=Purpose(purpose), shape=Shape(shape), file=made, volatile=volatile)


def demos(rows: int = 60, name: str = "demos", shape: str = "prompt-completion", judged: int = 0) -> Source:
    return source(name, "demonstrations", shape, rows, judged=judged)


def badcases(rows: int = 40, answered: int | None = None, name: str = "badcases", **file: Any) -> Source:
    known = rows if answered is None else answered
    defaults = {"models": ((MODEL, rows),), "prompt_versions": ("",), "unanswered": rows - known}
    defaults["labels"] = labels_of_classes(file.get("classes", ()), rows, known, file.get("near", 0))
    return source(name, "badcases", "badcase", rows, answered=known, **(defaults | file))


def label(rows: int, *, answered: int | None = None, near: int = 0, **labels: str) -> LabelCount:
    """Badcases with the same labels: `category`, `kind` and `component`; all with the logged answer if not said."""
    return LabelCount(rows=rows, answered=rows if answered is None else answered, near=near, **labels)


def pairs(rows: int = 40, near: int = 0) -> Source:
    return source("pairs", "preferences", "preference", rows, answered=rows, near=near)


def thumbs(rows: int = 40) -> Source:
    return source("thumbs", "preferences", "unpaired-preference", rows)


def chains(rows: int = 50) -> Source:
    return source("chains", "chains", "chain", rows)


def prompts(rows: int = 30) -> Source:
    return source("prompts", "prompts", "prompt", rows)


def verified_prompts(rows: int = 30) -> Source:
    """Prompts that come with their right answers."""
    return source("asked", "prompts", "prompt-completion", rows)


def corpus(size: int = 10_000_000, *, volatile: bool = False) -> Source:
    return source("corpus", "corpus", "text", 100, text_bytes=size, volatile=volatile)


def general() -> Source:
    return source("general", "general", "text", 100)


def held_out(rows: int, clusters: int = 0) -> Source:
    """The test set; its questions are independent unless they have fewer clusters."""
    return source("held-out", "evaluation", "evaluation", rows, clusters={bytes([n]): n for n in range(clusters)})


# large enough to show any gain that matters, so that E1 stays silent but in its own cases
HELD_OUT = held_out(1000)
DATA = (demos(), badcases(), HELD_OUT)


def data(*sources: Source) -> tuple[Source, ...]:
    """These sources, and the evaluation's."""
    return (*sources, HELD_OUT)


def measure(value: float, low: float | None = None, high: float | None = None) -> Measure:
    """A measure; without an interval as sharp as can be."""
    return Measure(value=value, low=value if low is None else low, high=value if high is None else high, file=FILE)


def reading(verdict: str = "present") -> Reading:
    return Reading(verdict=Verdict(verdict), reason="as given", evidence=())


def decoding(temperature: float = 0.0, *, constrained: bool = False) -> Decoding:
    return Decoding.model_validate({"temperature": temperature, "constrained": constrained})


def rounds(
    *scores: float, questions: int = 400, test_set: str = "t", decoding: Decoding | None = None
) -> tuple[Round, ...]:
    return tuple(
        Round(
            name=f"v{n}",
            technique="rules",
            score=each,
            questions=questions,
            test_set=test_set,
            file="evidence/rounds.yaml",
            decoding=decoding,
        )
        for n, each in enumerate(scores)
    )


def probed(value: float, low: float | None = None, high: float | None = None, **how: Any) -> ProbeRun:
    """pass@1 of a probe, by default greedy; see `decoding`."""
    return ProbeRun(decoding=decoding(**how), pass_at1=measure(value, low, high))


def result(
    method: str,
    score: float = 0.5,
    gain: Measure | None = None,
    gate: str = "continue",
    own: bool = True,
    **more: Any,
) -> Result:
    """A finished stage; without a gain it is one that gained clearly."""
    return Result(
        job=f"shop-evaluate-{method or 'base'}-0",
        own=own,
        method=method,
        score=measure(score),
        gain=gain or measure(0.1, 0.05, 0.15),
        gate=gate,
        **({"scores": {METRIC: measure(score)}} | more),
    )


def plateau(method: str = "sft", *, score: float = 0.5, own: bool = True) -> Result:
    """A finished stage that brought nothing."""
    return result(method, score, gain=measure(0.0, -0.02, 0.02), gate="no-gain", own=own)


def worse(method: str = "sft", *, score: float = 0.2, own: bool = True, **more: Any) -> Result:
    """A finished stage that made the model worse."""
    return result(method, score, gain=measure(-0.1, -0.15, -0.05), gate="worse", own=own, **more)


def limit(value: float | None, low: float | None = None, high: float | None = None, *, cost: bool = False) -> Limit:
    """A latency of at most 800 ms, or a cost of at most 2 dollars; `value` is what was measured."""
    measured = None if value is None else measure(value, low, high)
    return Limit(field="maxServingCostUsd" if cost else "maxLatencyMs", limit=2.0 if cost else 800.0, measured=measured)


def guard(name: str = "f1", margin: float = 0.02, baseline: float | None = 0.8) -> Guard:
    return Guard(name=name, margin=margin, baseline=baseline)


def kind(name: str, count: int = 10, **labels: Any) -> BadcaseKind:
    """A kind of badcase in a report."""
    return BadcaseKind.model_construct(**{"name": name, "count": count, **labels})


def component(name: str, kind: str) -> Component:
    return Component.model_validate({"name": name, "role": name, "kind": kind})


def reported(
    *kinds: BadcaseKind, sources: Iterable[Source] = DATA, components: Iterable[Component] = ()
) -> dict[str, Any]:
    """Facts of a report of badcases, joined with the rows of `sources`."""
    report, named = BadcaseReportBody.model_construct(traces=1000, kinds=list(kinds)), list(components)
    files = [each.file for each in sources if each.purpose is Purpose.BADCASES]
    return {
        "sources": tuple(sources),
        "badcase_groups": groups(report, named, LIMITS),
        "attribution": attribute(files, report, "evidence/badcases.yaml", named),
    }


def group(name: str, kind: str, count: int = 10) -> BadcaseGroup:
    return BadcaseGroup(name=name, kind=BadcaseClass(kind), count=count, reason="as given")


def teacher(access: str = "text", *, may: bool = True, shares: bool = True) -> Teacher:
    return Teacher(name="big/1", access=access, outputs_may_train=may, shares_vocabulary=shares)


def reward(kind: str = "verifiable", *, per_token: bool = False) -> Reward:
    return Reward(kind=kind, per_token_credit=per_token)


def preflight(figures: str = "as given", **states: str) -> tuple[PreflightCheck, ...]:
    """The eight checks, all passed except those given, such as `signal="blocks"`; `_` is a space."""
    given = {name.replace("_", " "): state for name, state in states.items()}
    assert given.keys() <= CHECKS.keys(), given
    return tuple(
        PreflightCheck(name=name, passing=Passing(given.get(name, "passes")), figures=figures) for name in CHECKS
    )


def overlap(**counts: int) -> Overlap:
    return Overlap(evaluation="held-out", other="demos", rows=("`a:1` (`b:1`)",), **counts)  # type: ignore[arg-type]


def limits(**changes: Any) -> Thresholds:
    return LIMITS.model_copy(update=changes)


def facts(
    *,
    gaps: Iterable[str] = ("unstable",),
    declared: Iterable[Declared] | None = None,
    target: float = 0.9,
    **changes: Any,
) -> Facts:
    """A world in the train phase whose gaps are declared and measured, with these changes.

    Without a report, labels of the badcases say which are faults of something else.
    """
    kinds = [GapKind(each) for each in gaps]
    declared_gaps = tuple(Declared(kind=each) for each in kinds) if declared is None else tuple(declared)
    files = [each.file for each in changes.get("sources", DATA) if each.purpose is Purpose.BADCASES]
    world: Mapping[str, Any] = {
        "goals": (Goal(name=METRIC, target=target),),
        "guards": (),
        "limits": (),
        "runs_end_to_end": True,
        "full_chain_traces": True,
        "closed_book": False,
        "acts_in_steps": False,
        "max_latency_ms": None,
        "verifiable": True,
        "model": MODEL,
        "thresholds": LIMITS,
        "decoding": None,
        "rounds": rounds(0.3, 0.31, 0.3),
        "other_rounds": {},
        "small_test_set": "",
        "badcase_groups": (),
        "attribution": attribute(files, None, "", []),
        "probes": (),
        "declared": declared_gaps,
        "readings": {each: reading() for each in kinds},
        "recall": None,
        "measures": {},
        "base_measures": changes.get("measures", {}),
        "chain_cost_ms": None,
        "sources": DATA,
        "overlaps": (),
        "teacher": None,
        "reward": None,
        "preflight": (),
        "results": (),
        "gaps": frozenset(each.kind for each in declared_gaps),
    }
    assert changes.keys() <= {each.name for each in fields(Facts)}, changes
    return Facts(**(world | changes))
