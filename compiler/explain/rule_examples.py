"""A small spec for each rule that fires it: one base document with the changes of a table.

All sources are remote, so a spec and its evidence are a whole example.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from compiler.explain.example_parts import API_VERSION, EVIDENCE, HELD_OUT, Part, card, source
from compiler.explain.example_text import document

FOLDER = "specs/shop"


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """A rule's example beyond the base: gaps, sources, evidence, and spec fields (None removes)."""

    gaps: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    spec: Mapping[str, object] = field(default_factory=dict)


NOTHING: Part = {}
PLATEAU = "prompt-rounds/plateau"
REWARD: Part = {"reward": {"kind": "programmatic", "functions": [{"use": "regex", "options": {"pattern": "^OK"}}]}}
SUBJECTIVE: Part = {"reward": {"kind": "subjective"}}
_WEIGHTS = {"access": "weights", "license": "apache-2.0", "outputsMayTrain": True, "sharesVocabulary": True}
_TEXT = {
    "access": "text",
    "endpoint": "https://teacher.example.com/v1",
    "license": "apache-2.0",
    "outputsMayTrain": True,
}
TEACHER: Part = {"teacher": {"name": "large-chat", "revision": "3"} | _WEIGHTS}
TEACHER_OVER_AN_ENDPOINT: Part = {"teacher": {"name": "large-chat", "revision": "3"} | _TEXT}
FAST: Part = {"goal": {"constraints": {"maxLatencyMs": 800}}}


def _trained(
    gap: str, *data: str, probe: str = "", further: tuple[str, ...] = (), spec: Mapping[str, object] = NOTHING
) -> Example:
    """Return an example whose prompts have plateaued, with one gap."""
    return Example(gaps=(gap,), data=data, evidence=(PLATEAU, f"probe/{probe}", *further), spec=spec)


EXAMPLES: dict[str, Example] = {
    "G1": Example(spec={"system": {"runsEndToEnd": False, "traces": None}}),
    "G2": Example(spec={"system": {"traces": {"fullChain": False}}}),
    "DONE": Example(evidence=("prompt-rounds/met",)),
    "E2": Example(evidence=("prompt-rounds/met",), spec=FAST),
    "T1": Example(
        gaps=("compression",), data=(HELD_OUT, "badcases", "queries"), evidence=("prompt-rounds/met",)
    ),
    "C1": Example(data=(HELD_OUT, "badcases"), evidence=("badcase-report/retriever",)),
    "C2": Example(data=(HELD_OUT, "badcases"), evidence=(PLATEAU, "probe/greedy")),
    "G3": Example(data=("manuals",), spec=TEACHER_OVER_AN_ENDPOINT),
    "P0": Example(data=(HELD_OUT, "badcases")),
    "E1": Example(data=(HELD_OUT, "badcases", "demos"), evidence=("prompt-rounds/close",)),
    "T0": _trained("unstable", HELD_OUT, "badcases", "demos", probe="unstable"),
    "P1": Example(data=(HELD_OUT, "badcases"), evidence=("badcase-report/frequent",)),
    "P2": Example(data=(HELD_OUT, "badcases"), evidence=("badcase-report/rare",)),
    "P3": Example(data=(HELD_OUT, "badcases"), evidence=("badcase-report/systemic",)),
    "P4": Example(data=(HELD_OUT, "badcases"), evidence=("badcase-report/flow",)),
    "D11": _trained("preference", HELD_OUT, "badcases", "demos", probe="unstable-only"),
    "M1": _trained("unknown-domain", HELD_OUT, "badcases", "demos", "manuals", "general", probe="domain"),
    "M2": _trained("unstable", HELD_OUT, "badcases", "demos", probe="unstable"),
    "M7": _trained("untaught", HELD_OUT, "badcases", "demos", probe="untaught"),
    "D17": Example(data=(HELD_OUT, "badcases", "demos"), evidence=(PLATEAU, "probe/unexplained")),
    "M4": _trained("reasoning", HELD_OUT, "badcases", "chains", probe="chains"),
    "D9": _trained("reasoning", HELD_OUT, "badcases", "chains", probe="slow-chains", spec=FAST),
    "M3": _trained("preference", HELD_OUT, "badcases", "pairs", probe="preference"),
    "M5": _trained(
        "rule-constraints", HELD_OUT, "badcases", "demos", "queries",
        probe="constraints", further=("result/sft", "preflight/code"), spec=REWARD,
    ),
    "D5": _trained(
        "rule-constraints", HELD_OUT, "badcases", "pairs", "queries",
        probe="constraints", further=("result/dpo", "preflight/judgement"), spec=SUBJECTIVE,
    ),
    "D6": _trained(
        "rule-constraints", HELD_OUT, "badcases", "queries",
        probe="constraints", further=("preflight/unstable",), spec=REWARD,
    ),
    "D7": _trained("rule-constraints", HELD_OUT, "badcases", "demos", probe="never-right", spec=REWARD),
    "M6": _trained("compression", HELD_OUT, "badcases", "queries", probe="teacher", spec=TEACHER),
    "D8": _trained("compression", HELD_OUT, "badcases", "queries", probe="teacher", spec=TEACHER_OVER_AN_ENDPOINT),
    "D12": _trained("preference", HELD_OUT, "badcases", "pairs", "demos", probe="preference"),
    "D1": _trained("preference", HELD_OUT, "badcases", probe="preference"),
    "D2": _trained("preference", HELD_OUT, "badcases/unanswered", "thumbs", probe="preference"),
    "D16": _trained("unstable", HELD_OUT, "badcases", "demos", probe="unstable", further=("result/worse",)),
    "D15": _trained("preference", HELD_OUT, "badcases", "pairs", probe="domain-and-preference"),
    "D3": _trained("preference", HELD_OUT, "badcases", "pairs/near", probe="preference"),
    "D4": _trained("preference", HELD_OUT, "badcases/of-another-model", probe="preference"),
    "D10": Example(
        gaps=("unstable",),
        data=(HELD_OUT, "badcases", "demos"),
        evidence=(PLATEAU, "probe/facts"),
    ),
    "D13": Example(
        gaps=("unstable", "preference"),
        data=(HELD_OUT, "badcases", "demos", "pairs"),
        evidence=(PLATEAU, "probe/both"),
    ),
    "D14": _trained("unstable", HELD_OUT, "badcases", "demos/leaking", probe="unstable"),
}  # fmt: skip


def example_lines(rule_id: str) -> list[str]:
    """Return a rule's example as lines, each file under its path; none for an unknown rule."""
    if rule_id not in EXAMPLES:
        return []
    lines = ["example that fires it:", ""]
    for path, text in files(rule_id).items():
        lines += [f"# {path}", *text.splitlines(), ""]
    return lines[:-1]


def gist(rule_id: str) -> str:
    """Return the parts of an example that fire its rule: spec fields beyond the base, and evidence."""
    example, base = EXAMPLES[rule_id], _body(Example())
    spec = {name: value for name, value in _body(example).items() if base.get(name) != value}
    shown = {key.split("/")[0]: EVIDENCE[key]["spec"] for key in example.evidence if key != PLATEAU or rule_id == "T0"}
    shown |= {f"card-{key.split('/')[0]}": _counted(key) for key in example.data if "/" in key}
    texts = [document(spec)] if spec else []
    texts += [f"# evidence/{name}.yaml\n{document(body)}" for name, body in shown.items() if isinstance(body, Mapping)]
    return "\n".join(texts)


def _counted(key: str) -> Part:
    """Return the figures of a card that fire a rule."""
    body = card(key)["spec"]
    names = ("source", "rows", "pairs", "models", "overlaps")
    return {name: body[name] for name in names if name in body} if isinstance(body, Mapping) else {}


def files(rule_id: str) -> dict[str, str]:
    """Return the files of a rule's example by path, without the cluster profile that it names."""
    example = EXAMPLES[rule_id]
    evidence = {key.split("/")[0]: EVIDENCE[key] for key in example.evidence}
    evidence |= {f"card-{key.split('/')[0]}": card(key) for key in example.data}
    whole: Part = {
        "apiVersion": API_VERSION,
        "kind": "TrainingSpec",
        "metadata": {"name": "shop"},
        "spec": _body(example),
    }
    return {f"{FOLDER}/spec.yaml": document(whole)} | {
        f"{FOLDER}/evidence/{name}.yaml": document(each) for name, each in evidence.items()
    }


def _body(example: Example) -> Part:
    body: Part = {
        "profile": "small",
        "goal": {
            "application": "workflow",
            "task": "answer questions about orders",
            "metrics": [{"name": "exact_match", "target": 0.9}],
        },
        "system": {"runsEndToEnd": True, "traces": {"location": "s3://shop/traces", "fullChain": True}},
        "model": {"name": "small-chat", "revision": "1"},
    }
    body = _changed(body, example.spec)
    if example.data:
        body["data"] = [source(key) for key in example.data]
    if example.gaps:
        body["gaps"] = [{"kind": kind} for kind in example.gaps]
    return body


def _changed(base: Mapping[str, object], change: Mapping[str, object]) -> Part:
    changed = dict(base)
    for name, value in change.items():
        before = changed.get(name)
        if value is None:
            changed.pop(name, None)
        elif isinstance(before, Mapping) and isinstance(value, Mapping):
            changed[name] = _changed(before, value)
        else:
            changed[name] = value
    return changed
