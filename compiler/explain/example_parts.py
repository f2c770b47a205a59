"""Parts of the examples of rules: data sources with their cards, and evidence."""

from collections.abc import Mapping
from hashlib import sha256

Part = dict[str, object]

API_VERSION = "trainspec.dev/v1"
HELD_OUT = "held-out"


def _digest(name: str) -> str:
    return sha256(name.encode()).hexdigest()


def _pairs(answered: int, unanswered: int = 0, near: int = 0) -> Part:
    return {"pairs": {"answered": answered, "unanswered": unanswered, "near": near, "nearDistance": 0.1}}


def _logged(answered: int, unanswered: int = 0, model: str = "small-chat/1") -> Part:
    rows = answered + unanswered
    return _pairs(answered, unanswered) | {"models": [{"model": model, "rows": rows}], "promptVersions": ["v3"]}


_SHARED = [{"source": HELD_OUT, "digest": _digest(HELD_OUT), "prompts": 3}]

# name in the spec → purpose, shape, rows, TRL's dataset type, further fields of its card; `name/variant` for variants
SOURCES: dict[str, tuple[str, str, int, str, Part]] = {
    HELD_OUT: ("evaluation", "evaluation", 200, "none", {}),
    "badcases": ("badcases", "badcase", 120, "preference", _logged(120)),
    "badcases/unanswered": ("badcases", "badcase", 120, "preference", _logged(0, 120)),
    "badcases/of-another-model": ("badcases", "badcase", 120, "preference", _logged(120, model="older-chat/7")),
    "demos": ("demonstrations", "prompt-completion", 400, "prompt-completion", {}),
    "demos/leaking": ("demonstrations", "prompt-completion", 400, "prompt-completion", {"overlaps": _SHARED}),
    "pairs": ("preferences", "preference", 600, "preference", _pairs(600)),
    "pairs/near": ("preferences", "preference", 600, "preference", _pairs(600, near=60)),
    "thumbs": ("preferences", "unpaired-preference", 900, "unpaired preference", {}),
    "chains": ("chains", "chain", 800, "prompt-completion", {}),
    "queries": ("prompts", "prompt", 500, "prompt-only", {}),
    "manuals": ("corpus", "text", 9000, "language modeling", {"textBytes": 42_000_000}),
    "general": ("general", "text", 3000, "language modeling", {"textBytes": 8_000_000}),
}


def source(key: str) -> Part:
    """Return a remote data source of the spec."""
    name, (purpose, shape, *_) = key.split("/")[0], SOURCES[key]
    return {"name": name, "purpose": purpose, "shape": shape, "uri": f"s3://shop/{name}.jsonl"}


def card(key: str) -> Part:
    """Return the data card of a remote source."""
    name, (_, shape, rows, dataset, further) = key.split("/")[0], SOURCES[key]
    apart = (
        {} if shape == "text" or name == HELD_OUT else {"overlaps": [{"source": HELD_OUT, "digest": _digest(HELD_OUT)}]}
    )
    body: Part = {
        "source": name,
        "shape": shape,
        "uri": f"s3://shop/{name}.jsonl",
        "rows": rows,
        "bytes": 300 * rows,
        "datasetType": dataset,
        "format": "standard",
        "columns": [],
        "lengths": {"unit": "bytes", "p50": 180, "p90": 260, "p99": 300, "max": 320},
        "duplicates": {"exact": 0, "near": 0},
    }
    return _evidence("DataCard", "trainspec data", name, body | (apart if _may_leak(name, shape) else {}) | further)


def _may_leak(name: str, shape: str) -> bool:
    """Whether the card of a source lists the overlap with the evaluation source."""
    return shape != "text" and name != HELD_OUT


def _evidence(kind: str, made_by: str, name: str, body: Mapping[str, object], day: str = "2026-11-02") -> Part:
    about = {"source": made_by, "date": day, "digest": _digest(name)}
    about |= {"model": "small-chat/1"} if kind == "PromptRounds" else {}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": about, "spec": dict(body)}


def _rounds(*scores: float) -> Part:
    techniques = ("zero-shot", "few-shot", "rules", "restructure")
    rounds = [
        {"name": f"v{number}", "technique": technique, "score": score, "questions": 200}
        for number, (technique, score) in enumerate(zip(techniques, scores, strict=False), start=1)
    ]
    return _evidence("PromptRounds", "the test set of the shop", HELD_OUT, {"metric": "exact_match", "rounds": rounds})


def _estimate(value: float) -> Part:
    return {"value": value, "low": max(0.0, round(value - 0.03, 2)), "high": round(value + 0.03, 2)}


def _probe(**measures: float) -> Part:
    """Return a probe report with estimates, or plain numbers where the schema has numbers."""
    plain = ("chainPValue", "chainTokens", "msPerToken")
    taken = {name: value if name in plain else _estimate(value) for name, value in measures.items()}
    body = {"model": "small-chat/1", "prompts": 120, "samples": 16, "measures": taken}
    return _evidence("ProbeReport", "Job shop-probe", "samples", body)


def _greedy(pass_at1: float) -> Part:
    """Return a probe report of greedy decoding."""
    report = _probe(passAt1=pass_at1)
    return report | {"spec": {**report["spec"], "temperature": 0.0}}  # type: ignore[dict-item]


def _badcases(**labels: object) -> Part:
    kind = {"name": "totals", "count": 30} | labels
    body = {"traces": 1000, "kinds": [kind]}
    return _evidence("BadcaseReport", "labelling in the week of 26 October", "traces", body)


def _result(method: str, gain: float = 0.01, gate: str = "no-gain") -> Part:
    body = {
        "job": f"shop-evaluate-{method}-0123456789",
        "order": 3,
        "method": method,
        "model": "small-chat/1",
        "evaluation": _digest(HELD_OUT),
        "questions": 200,
        "metrics": [{"name": "exact_match", "value": 0.71, "low": 0.65, "high": 0.77}],
        "gain": {"value": gain, "low": round(gain - 0.03, 2), "high": round(gain + 0.03, 2)},
        "gate": gate,
    }
    return _evidence("StageResult", f"Job shop-evaluate-{method}-0123456789", "metrics", body)


def _preflight(function: str = "", flips: int = 0) -> Part:
    tried = ("empty", "padding", "repetition", "prompt echo", "truncation", "Thought process:")
    body: Part = {
        "contract": {"cases": 40, "failures": 0},
        "repeatability": {"scorer": "code" if function else "judge", "rows": 200, "flips": flips},
        "discrimination": {"pairs": 120, "auc": 0.97, "pairedWin": 0.98},
        "humanAgreement": {"positives": 60, "negatives": 60, "tpr": 0.95, "tnr": 0.93},
        "alignment": {"outputs": 80, "spearman": 0.88},
        "hackResistance": [{"probe": name, "shareOfMaximum": 0.1} for name in tried],
        "signal": {"prompts": 120, "samples": 8, "spreadShare": 0.62},
        "lengthBias": {"partialCorrelation": 0.08},
    }
    functions: Part = {"functions": [{"use": function, "options": {"pattern": "^OK"}}]} if function else {}
    return _evidence("RewardPreflight", "Job shop-preflight", "scores", functions | body)


# name of the file in `evidence/` → document; `name/variant` for variants
EVIDENCE: dict[str, Part] = {
    "prompt-rounds/plateau": _rounds(0.52, 0.6, 0.61, 0.6),
    "prompt-rounds/met": _rounds(0.8, 0.94, 0.96),
    "prompt-rounds/close": _rounds(0.8, 0.9, 0.91, 0.905),
    "probe/unstable": _probe(passAt16=0.85, unstableGain=0.4),
    "probe/unstable-only": _probe(passAt16=0.85, unstableGain=0.4, valid=0.96, win=0.5),
    "probe/greedy": _greedy(0.95),
    "probe/untaught": _probe(passAt1=0.3, agreement=0.92, control=0.86),
    "probe/unexplained": _probe(
        passAt1=0.3, passAt16=0.5, unstableGain=0.15, agreement=0.5, control=0.86, chainGain=0.01, chainPValue=0.6
    ),
    "probe/domain-and-preference": _probe(openBook=0.2, control=0.86, valid=0.95, win=0.8),
    "probe/domain": _probe(openBook=0.2, control=0.86),
    "probe/chains": _probe(chainGain=0.25, chainPValue=0.001),
    "probe/slow-chains": _probe(chainGain=0.25, chainPValue=0.001, chainTokens=400, msPerToken=5.0),
    "probe/preference": _probe(valid=0.95, win=0.8),
    "probe/both": _probe(passAt16=0.85, unstableGain=0.4, valid=0.95, win=0.8),
    "probe/constraints": _probe(passAt16=0.85, rewardSpread=0.6),
    "probe/never-right": _probe(passAt16=0.01, rewardSpread=0.02),
    "probe/teacher": _probe(teacherPassAt1=0.95, teacherGain=0.35),
    "probe/facts": _probe(passAt16=0.85, unstableGain=0.4, recallGain=0.4),
    "badcase-report/frequent": _badcases(count=90),
    "badcase-report/rare": _badcases(count=4),
    "badcase-report/systemic": _badcases(component="planner", firstErrorShare=0.55, intents=4),
    "badcase-report/flow": _badcases(flowControl=True),
    "badcase-report/retriever": _badcases(component="retriever", firstErrorShare=0.84, intents=4),
    "result/sft": _result("sft"),
    "result/worse": _result("sft", gain=-0.06, gate="worse"),
    "result/dpo": _result("dpo"),
    "preflight/code": _preflight("regex"),
    "preflight/judgement": _preflight(),
    "preflight/unstable": _preflight("regex", flips=31),
}
