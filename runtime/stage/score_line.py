"""The score of a finished stage in one line, for its log, for `trainspec run` and for `trainspec status`."""

from collections.abc import Callable, Mapping
from typing import Any

from runtime.contract.outputs import verdict_words

Document = Mapping[str, Any]
_UNCLEAR = "insufficient evidence"


def score_line(document: Document) -> str:
    """Return the score of a stage from its metrics.json: metrics, curves, counts, verdict.

    For a metric: its value, with the baseline's before an arrow and the 95 % interval in brackets.
    """
    made = _COUNTS.get(document["method"], _nothing)(document)
    parts = [*_metrics(document), *_curves(document["training"]), *made, *_signals(document["report"])]
    gate = document["gate"]
    return ", ".join([*parts, *([f"gate: {verdict_words(gate['verdict'])}"] if gate else [])])


def _metrics(document: Document) -> list[str]:
    gate, gains = document["gate"] or {}, dict(document["report"].get("gains") or {})
    names = list(document["metrics"])
    if names and gate.get("gain") is not None:
        gains[names[0]] = {"value": gate["gain"]}
    place = "held-out " if document["method"] == "evaluate" else ""
    return [
        f"{place if name == names[0] else ''}{name} {_before(score, gains.get(name))}{score['value']:.3f} "
        f"({score['low']:.3f}–{score['high']:.3f})"
        for name, score in document["metrics"].items()
    ]


def _before(score: Document, gain: Document | None) -> str:
    return "" if gain is None else f"{score['value'] - gain['value']:.3f} → "


def _curves(training: Document) -> list[str]:
    curves = training.get("curves") or {}
    return [
        f"{name.replace('_', ' ')} {_figure(each['first'])} → {_figure(each['last'])}" for name, each in curves.items()
    ]


def _figure(value: float) -> str:
    value += 0.0  # without the sign of -0.0
    return f"{value:.2f}" if abs(value) >= 0.1 or value == 0 else f"{value:.2g}"


def _signals(report: Document) -> list[str]:
    share, warnings = report.get("share_without_spread"), report.get("warnings") or []
    equal = [f"{share:.0%} of groups with equal rewards"] if share else []
    return [*equal, *([_counted(len(warnings), "warning")] if warnings else [])]


def _pairs(document: Document) -> list[str]:
    counts = document["training"]
    return [f"{_counted(counts['usable'], 'pair')} kept, {counts['dropped']:,} dropped"]


def _teacher(document: Document) -> list[str]:
    report = document["report"]
    dropped = sum(report["dropped"].values())
    return [f"{_counted(report['answers'], 'answer')}, {_counted(report['kept'], 'row')} kept, {dropped:,} dropped"]


def _sample(document: Document) -> list[str]:
    report = document["report"]
    right = f"{report['right_samples']:,} of {_counted(report['samples'], 'sample')} right"
    without = sum(report["prompts_without_row"].values())
    return [f"{_counted(report['rows'], 'row')} kept, {_counted(without, 'prompt')} without a row, {right}"]


def _augment(document: Document) -> list[str]:
    report = document["report"]
    share = "" if report["answerable"] is None else f", {report['answerable']:.0%} answerable"
    leaked = sum((report["leaked"] or {}).values())
    rows = f"{_counted(report['rows'], 'row')} of {report['written']:,} written"
    return [f"{rows}{share}, {leaked:,} as in the evaluation"]


def _load(document: Document) -> list[str]:
    report = document["report"]
    return [f"{_counted(report['fetched'], 'file')} fetched, {report['kept']:,} kept"]


def _optimize_prompt(document: Document) -> list[str]:
    prompt = document["report"]["prompt"]
    calls, rounds = prompt["calls"], len(prompt["rounds"]) - 1
    final = [] if prompt["final"] else ["not final"]
    return [_counted(rounds, "round"), f"{_counted(calls['made'], 'call')}, {calls['saved']:,} saved", *final]


def _preflight(document: Document) -> list[str]:
    verdicts = list(document["report"]["verdicts"].values())
    return [f"{verdicts.count('passes')} of {_counted(len(verdicts), 'check')} passed"]


def _probe(document: Document) -> list[str]:
    report = document["report"]
    first, verdicts = report["probe"]["measures"]["pass_at1"], report["verdicts"]
    score = f"pass@1 {first['value']:.3f} ({first['low']:.3f}–{first['high']:.3f})"
    found = {kind: [name for name in verdicts if verdicts[name] == kind] for kind in ("present", _UNCLEAR)}
    shown = [f"{kind}: {' and '.join(names)}" for kind, names in found.items() if names]
    return [score, *(shown or ["no gap present"]), f"{report['sampling']['saved']:.0%} of samples saved"]


def _nothing(_: Document) -> list[str]:
    return []


_COUNTS: dict[str, Callable[[Document], list[str]]] = {
    "pairs": _pairs,
    "teacher": _teacher,
    "sample": _sample,
    "augment": _augment,
    "load": _load,
    "optimize-prompt": _optimize_prompt,
    "preflight": _preflight,
    "probe": _probe,
}


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"
