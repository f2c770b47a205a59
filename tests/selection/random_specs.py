"""Random specs with random evidence, as inputs that passed the check: for properties of whole decisions."""

import datetime
import json
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from compiler.spec.data import DataFile
from compiler.spec.evidence import EvidenceFile
from compiler.spec.inputs import Inputs
from compiler.spec.schema import EVIDENCE
from compiler.spec.schema.training_spec import TrainingSpec
from compiler.spec.schema.types import GapKind

MODELS = {model.__name__: model for model in EVIDENCE}
DIGEST = "0123456789abcdef" * 4
TESTED = "fedcba9876543210" * 4  # the digest of the evaluation rows

SHARES = st.integers(0, 1000).map(lambda place: place / 1000)
WIDTHS = st.sampled_from((0.0, 0.01, 0.03, 0.06))
ROWS = st.sampled_from((20, 29, 30, 45, 60, 200, 1200))
MOSTLY = st.sampled_from((True, True, True, False))


@st.composite
def estimates(draw: st.DrawFn, low: float = 0.0) -> dict[str, float]:
    value, width = draw(SHARES), draw(WIDTHS)
    if low < 0:
        value = round(value / 2 - 0.1, 4)
    return {"value": value, "low": max(low, round(value - width, 4)), "high": min(1.0, round(value + width, 4))}


GAINS = estimates(-1.0)
MEASURES = {
    "passAt1": estimates(),
    "passAt16": estimates(),
    "unstableGain": GAINS,
    "openBook": estimates(),
    "control": estimates(),
    "recallGain": GAINS,
    "chainGain": GAINS,
    "chainPValue": st.sampled_from((0.001, 0.04, 0.2)),
    "chainTokens": st.sampled_from((50, 400)),
    "msPerToken": st.sampled_from((2.0, 10.0)),
    "agreement": estimates(),
    "valid": estimates(),
    "win": estimates(),
    "rewardSpread": estimates(),
    "teacherPassAt1": estimates(),
    "teacherGain": GAINS,
}


@st.composite
def prompt_rounds(draw: st.DrawFn) -> dict[str, Any]:
    if draw(MOSTLY):
        base = draw(st.integers(100, 950)) / 1000
        scores = [base, base, round(base + draw(st.sampled_from((0.0, 0.01, 0.03))), 3)]
    else:
        scores = draw(st.lists(SHARES, min_size=1, max_size=4))
    questions = draw(st.sampled_from((29, 60, 100, 400)))
    return {
        "metric": "exact_match",
        "rounds": [
            {"name": f"v{n}", "technique": "rules", "score": score, "questions": questions}
            for n, score in enumerate(scores)
        ],
    }


@st.composite
def probes(draw: st.DrawFn) -> dict[str, Any]:
    measures = draw(st.fixed_dictionaries({}, optional=MEASURES))
    return {"model": "tiny/1", "prompts": 100, "samples": 16, "measures": measures}


@st.composite
def stage_results(draw: st.DrawFn) -> dict[str, Any]:
    method, order = draw(st.sampled_from(("sft", "cot", "dpo", "kto", "grpo"))), draw(st.integers(2, 9))
    score, gain = draw(estimates()), draw(GAINS)
    gate = "target-met" if score["low"] >= 0.9 else "continue" if gain["low"] > 0 else "no-gain"
    return {
        "job": f"shop-evaluate-{method}-0000000000",
        "order": order,
        "method": method,
        "model": "tiny/1",
        "evaluation": TESTED,
        "questions": 200,
        "metrics": [{"name": "exact_match", **score}],
        "gain": gain,
        "gate": gate,
    }


@st.composite
def preflights(draw: st.DrawFn) -> dict[str, Any]:
    high, low = st.sampled_from((0.79, 0.85, 0.9, 0.96)), st.sampled_from((0.0, 0.3, 0.6))
    return {
        "functions": [{"use": "exact_match"}],
        "contract": {"cases": 20, "failures": draw(st.sampled_from((0, 0, 0, 1)))},
        "repeatability": {"scorer": "code", "rows": 50, "flips": draw(st.sampled_from((0, 0, 2)))},
        "discrimination": {"pairs": 60, "auc": draw(high), "pairedWin": draw(high)},
        "humanAgreement": {"positives": 40, "negatives": 40, "tpr": draw(high), "tnr": draw(high)},
        "alignment": {"outputs": 60, "spearman": draw(high)},
        "hackResistance": [
            {"probe": name, "shareOfMaximum": draw(low)}
            for name in ("empty", "padding", "repetition", "prompt echo", "truncation", "Thought process:")
        ],
        "signal": {"prompts": 60, "samples": 8, "spreadShare": draw(SHARES)},
        "lengthBias": {"partialCorrelation": 0.1},
    }


@st.composite
def badcase_reports(draw: st.DrawFn) -> dict[str, Any]:
    kinds = [
        {"name": name, "count": draw(st.integers(1, 90)), "flowControl": draw(st.booleans())}
        for name in draw(st.lists(st.sampled_from(("loops", "refunds", "terms")), min_size=1, unique=True))
    ]
    return {"traces": 1000, "kinds": kinds}


KINDS = {
    "PromptRounds": prompt_rounds(),
    "ProbeReport": probes(),
    "StageResult": stage_results(),
    "RewardPreflight": preflights(),
    "BadcaseReport": badcase_reports(),
}
OFTEN = ("PromptRounds", "ProbeReport", "ProbeReport", "StageResult", "RewardPreflight")


@st.composite
def sources(draw: st.DrawFn) -> dict[str, DataFile]:
    """The files of some data sources, by name; badcases and evaluation rows are always there."""
    found = {"held-out": DataFile(name="held-out", path="data/held-out.jsonl", sha256=TESTED, rows=200)}
    for name in ("badcases", *(each for each in PURPOSES if draw(st.booleans()))):
        rows = draw(ROWS)
        answered = rows if name in ("badcases", "pairs") else 0
        classes = (("undetermined", rows),) if name == "badcases" else ()
        found[name] = DataFile(
            name=name,
            path=f"data/{name}.jsonl",
            sha256=name,
            rows=rows,
            answered=answered,
            near=draw(st.sampled_from((0, answered // 10, answered // 2))),
            classes=classes,
            models=(("tiny/1", rows),) if name == "badcases" else (),
            prompt_versions=("",) if name == "badcases" else (),
            text_bytes=draw(st.sampled_from((9_000, 12_000_000))) if name == "corpus" else 0,
        )
    return found


PURPOSES = {
    "demos": ("demonstrations", "prompt-completion"),
    "pairs": ("preferences", "preference"),
    "thumbs": ("preferences", "unpaired-preference"),
    "worked": ("chains", "chain"),
    "asked": ("prompts", "prompt"),
    "corpus": ("corpus", "text"),
}
ALL = PURPOSES | {"badcases": ("badcases", "badcase"), "held-out": ("evaluation", "evaluation")}


@st.composite
def random_inputs(draw: st.DrawFn, bare: Inputs) -> Inputs:
    """Inputs of a spec with random gaps, data and evidence; `bare` gives its name, profile and documents."""
    files = draw(sources())
    body = bare.spec.spec.model_dump(by_alias=True, exclude_unset=True, mode="json")
    body["data"] = [_source(name) for name in files]
    body["gaps"] = [{"kind": kind} for kind in draw(st.lists(st.sampled_from(list(GapKind)), unique=True, max_size=3))]
    if not draw(MOSTLY):
        body["system"]["runsEndToEnd"] = draw(st.booleans())
    if draw(st.booleans()):
        body["reward"] = {"kind": "verifiable", "functions": [{"use": "exact_match"}]}
    if draw(st.booleans()):
        body["teacher"] = _teacher(draw(st.booleans()))
    if draw(st.booleans()):
        body["goal"]["constraints"] = {"maxLatencyMs": 800}
    dumped = bare.spec.model_dump(by_alias=True, mode="json", exclude_unset=True) | {"spec": body}
    spec = TrainingSpec.model_validate_json(_json(dumped))
    kinds = [kind for kind in OFTEN if draw(MOSTLY)] + (["BadcaseReport"] if draw(st.booleans()) else [])
    evidence = tuple(_file(bare, kind, day, draw(KINDS[kind])) for day, kind in enumerate(kinds, start=1))
    return replace(bare, spec=spec, files=files, evidence=evidence)


def _source(name: str) -> dict[str, Any]:
    purpose, shape = ALL[name]
    return {"name": name, "purpose": purpose, "shape": shape, "path": f"data/{name}.jsonl"}


def _teacher(may_train: bool) -> dict[str, Any]:
    return {
        "name": "big",
        "revision": "1",
        "access": "weights",
        "license": "Apache-2.0",
        "outputsMayTrain": may_train,
    }


def _file(bare: Inputs, kind: str, day: int, body: dict[str, Any]) -> EvidenceFile:
    written = {
        "apiVersion": "trainspec.dev/v1",
        "kind": kind,
        "metadata": {
            "source": "a test",
            "date": str(datetime.date(2026, 10, day)),
            "digest": DIGEST,
            "model": "tiny/1",
        },
        "spec": body,
    }
    report = MODELS[kind].model_validate_json(_json(written))
    name = f"specs/shop/evidence/{day}-{kind.lower()}.yaml"
    return EvidenceFile(document=replace(bare.document, path=name, data=written), report=report)


_json = json.dumps
