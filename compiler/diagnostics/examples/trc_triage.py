"""Examples of TRC830 to TRC849: `trainspec triage`."""

import json

from compiler.diagnostics.examples.example import Example, Situation

FILE, LABELS = "specs/shop/traces/monday.jsonl", "specs/shop/labels.jsonl"
REPORT = "trainspec triage specs/shop --report"
TRACE = (
    '{"schema": "trainspec.dev/trace/v1", "id": "t1", "source": "trainspec", "query": "Where is order 7?", '
    '"answer": "I do not know."}\n'
)
_DIGEST = "2ab35c6d0b9600b18ea9fccfae11e9a872ba1d6526be073d68808df18151b26b"


def _label(**fields: object) -> str:
    label = {"digest": _DIGEST, "trace": "t1", "verdict": "bad", "kind": "no-answer", "fix": "It arrives today."}
    times = {"by": "li", "first": "2026-10-05T10:00:00Z", "at": "2026-10-05T10:00:00Z", "drawn": True}
    return json.dumps({**label, **times, **fields}) + "\n"


_GIVEN = ((FILE, TRACE), (LABELS, _label()))
EXAMPLES: dict[str, Example | Situation] = {
    "TRC830": Example(
        file="",
        bad=f"{REPORT} --traces specs/shop/tracs",
        good=REPORT,
        given=_GIVEN,
    ),
    "TRC831": Example(file=FILE, whole=True, bad=f"{TRACE}{TRACE[:50]}", good=TRACE, command=REPORT, given=_GIVEN),
    "TRC832": Situation(
        bad="The traces of a year, more than 200,000, are given to `trainspec triage`.",
        good="Those of a week are given.",
    ),
    "TRC833": Example(
        file=LABELS, whole=True, bad=f"<<<<<<< HEAD\n{_label()}", good=_label(), command=REPORT, given=_GIVEN[:1]
    ),
    "TRC834": Example(
        file="verdicts.jsonl",
        whole=True,
        bad='{"trace": "t1", "verdict": "bad"}\n',
        good='{"trace": "t1", "check": "helpful", "pass": false}\n',
        command=f"{REPORT} --verdicts verdicts.jsonl",
        given=_GIVEN,
    ),
    "TRC835": Example(
        file=LABELS, whole=True, bad=_label(verdict="good"), good=_label(), command=REPORT, given=_GIVEN[:1]
    ),
    "TRC836": Example(
        bad="path: data/badcases.csv",
        good="path: data/badcases.jsonl",
        command=REPORT,
        given=_GIVEN,
    ),
    "TRC837": Example(
        file=LABELS,
        whole=True,
        bad=_label() + _label(digest="0" * 64, trace="t0"),
        good=_label(),
        command=REPORT,
        given=_GIVEN[:1],
    ),
    "TRC838": Example(
        file=LABELS,
        whole=True,
        bad=_label(fix=None),
        good=_label(),
        command=REPORT,
        given=_GIVEN[:1],
    ),
    "TRC839": Situation(
        bad="`trainspec triage` runs where scikit-learn is not installed.",
        good="`pip install 'trainspec[triage]'` has installed it.",
    ),
}
