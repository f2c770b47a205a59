"""Evidence documents as teams write them, oldest first unless a day is given."""

from collections.abc import Mapping
from typing import Any

from selection.situations.team import MODEL, Figure, digest_of

HACKS = ("empty", "padding", "repetition", "prompt echo", "truncation", "Thought process:")


def document(kind: str, body: Mapping[str, Any], *, day: int, model: str | None = MODEL, digest: str) -> dict[str, Any]:
    origin = {"source": "the team's measurement", "date": f"2026-11-{day:02}", "digest": digest}
    named = {"model": model} if model else {}
    return {"apiVersion": "trainspec.dev/v1", "kind": kind, "metadata": origin | named, "spec": dict(body)}


def estimate(figure: Figure, half: float = 0.04, most: float = 1.0) -> dict[str, float]:
    """A value with its interval, by default of this half width, up to `most`."""
    value, low, high = figure if isinstance(figure, tuple) else (figure, figure - half, min(most, figure + half))
    return {"value": value, "low": round(low, 6), "high": round(high, 6)}


def rounds(
    *scores: float,
    questions: int = 400,
    metric: str = "exact_match",
    model: str | None = MODEL,
    test_set: str = "held-out",
    decoding: Mapping[str, Any] | None = None,
    day: int = 10,
) -> dict[str, Any]:
    """Prompt rounds, by default on the spec's evaluation source."""
    techniques = ("zero-shot", "few-shot", "rules", "restructure")
    made = [
        {"name": f"v{n + 1}", "technique": techniques[n % 4], "score": score, "questions": questions}
        for n, score in enumerate(scores)
    ]
    body = {"metric": metric, "rounds": made} | ({"decoding": dict(decoding)} if decoding else {})
    return document("PromptRounds", body, day=day, model=model, digest=digest_of(test_set))


PLATEAU = (0.58, 0.70, 0.71, 0.712)


def probe(
    *,
    model: str = MODEL,
    temperature: float = 0.8,
    constrained: bool = False,
    prompts: int = 200,
    day: int = 12,
    **measures: Figure,
) -> dict[str, Any]:
    """A probe; `chainPValue` and other plain numbers are no intervals."""
    plain = {"chainPValue", "chainTokens", "msPerToken"}
    taken = {name: value if name in plain else estimate(value) for name, value in measures.items()}
    body = {"model": model, "prompts": prompts, "samples": 16, "temperature": temperature, "measures": taken}
    body |= {"constrained": True} if constrained else {}
    return document("ProbeReport", body, day=day, model=None, digest=digest_of("samples"))


def report(traces: int, *kinds: Mapping[str, Any], day: int = 11) -> dict[str, Any]:
    return document(
        "BadcaseReport", {"traces": traces, "kinds": [*kinds]}, day=day, digest=digest_of("labelled traces")
    )


def kind(name: str, count: int, component: str, share: float, *, intents: int = 5, **more: Any) -> dict[str, Any]:
    """A kind of badcase, with the component that makes the first error and its share of all first errors."""
    return {
        "name": name,
        "count": count,
        "intents": intents,
        "component": component,
        "firstErrorShare": share,
    } | more


def result(
    method: str,
    score: Figure | Mapping[str, Figure],
    gain: Figure | None = None,
    gate: str = "continue",
    *,
    day: int = 14,
    job: str = "",
    ran_in: str | None = "elsewhere",
    model: str = MODEL,
    test_set: str = "held-out",
    questions: int = 400,
    **more: Any,
) -> dict[str, Any]:
    """The evaluation of a stage, by default of another pipeline; no `ran_in`: as the Job's name says."""
    scores = score if isinstance(score, Mapping) else {"exact_match": score}
    body: dict[str, Any] = {
        "job": job or f"old-pipeline-{method or 'base'}-{day}",
        "order": day,
        "model": model,
        "evaluation": digest_of(test_set),
        "questions": questions,
        "metrics": [{"name": name} | estimate(value) for name, value in scores.items()],
        "gate": gate,
    }
    body |= {"method": method} if method else {}
    body |= {"gain": estimate(gain, 0.02)} if gain is not None else {}
    body |= {"ranIn": ran_in} if ran_in else {}
    return document("StageResult", body | more, day=day, digest=digest_of("metrics"))


def own(method: str, *arguments: Any, **more: Any) -> dict[str, Any]:
    """The evaluation of a stage that this plan ran, with the adapter that it trained."""
    job = f"team-evaluate-{method}-9e63386ca2"
    adapters = {"adapters": [f"team-{method}-aaaaaaaaaa/adapter"]} if method != "base" else {}
    return result("" if method == "base" else method, *arguments, job=job, ran_in=None, **adapters, **more)


def serving(*, latency: Figure | None = None, cost: Figure | None = None, model: str | None = MODEL) -> dict[str, Any]:
    body: dict[str, Any] = {"requests": 5000}
    body |= {"latencyMs": estimate(latency, 20, 1e6)} if latency is not None else {}
    body |= {"costUsd": estimate(cost, 0.02, 1e6)} if cost is not None else {}
    return document("ServingReport", body, day=13, model=model, digest=digest_of("requests"))


def preflight(code: Mapping[str, str], use: str = "rules:score", **changes: Any) -> dict[str, Any]:
    """A reward that passes its eight checks; `code` gives the texts of its files."""
    body: dict[str, Any] = {
        "functions": [{"use": use}],
        "code": {name: digest_of(text) for name, text in code.items()},
        "contract": {"cases": 40, "failures": 0},
        "repeatability": {"scorer": "code", "rows": 200, "flips": 0},
        "discrimination": {"pairs": 120, "auc": 0.97, "pairedWin": 0.98},
        "humanAgreement": {"positives": 60, "negatives": 60, "tpr": 0.95, "tnr": 0.93},
        "alignment": {"outputs": 80, "spearman": 0.88},
        "hackResistance": [{"probe": name, "shareOfMaximum": 0.1} for name in HACKS],
        "signal": {"prompts": 120, "samples": 8, "spreadShare": 0.62},
        "lengthBias": {"partialCorrelation": 0.08},
    }
    return document("RewardPreflight", body | changes, day=18, digest=digest_of("scored rows"))
