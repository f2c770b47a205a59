"""Examples of SEL3xx."""

from compiler.diagnostics.examples.example import Example, Situation
from compiler.diagnostics.examples.project import badcases, demos, jsonl

BADCASES = "specs/shop/data/badcases.jsonl"

EXAMPLES: dict[str, Example | Situation] = {
    "SEL301": Example(
        bad="    - kind: unstable\n    - kind: compression", good="    - kind: unstable\n    - kind: preference"
    ),
    "SEL302": Example(
        file="specs/shop/data/demos.jsonl", whole=True, bad=jsonl(demos(20)), good=jsonl(demos()), along=("PLN403",)
    ),
    "SEL303": Example(file=BADCASES, whole=True, bad=jsonl(badcases(model="tiny/0")), good=jsonl(badcases())),
    "SEL304": Example(file=BADCASES, whole=True, bad=jsonl(badcases("the right one is {i}.")), good=jsonl(badcases())),
    "SEL305": Example(file=BADCASES, whole=True, bad=jsonl(badcases(None)), good=jsonl(badcases())),
    "SEL306": Example(bad="  gaps: []", good="  gaps:\n    - kind: unstable\n    - kind: preference"),
    "SEL307": Example(
        file=BADCASES,
        whole=True,
        bad=jsonl([*badcases()[:39], badcases(**{"class": "flow-control"})[39]]),
        good=jsonl(badcases()[:39]),
    ),
}
