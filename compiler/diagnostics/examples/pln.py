"""Examples of PLN4xx."""

from compiler.diagnostics.examples.example import Example, Situation
from compiler.diagnostics.examples.project import badcases, jsonl

BADCASES = "specs/shop/data/badcases.jsonl"
GAPS = "  gaps:\n    - kind: unstable\n    - kind: preference"
MARKED = [{"prompt": f"asked {i}?", "completion": f"said {i}", "label": i % 2 == 0} for i in range(40)]

EXAMPLES: dict[str, Example | Situation] = {
    "PLN401": Example(bad="      - name: helpfulness", good="      - name: exact_match"),
    "PLN402": Example(bad="      - name: execution_accuracy", good="      - name: exact_match"),
    "PLN403": Example(bad="  gaps:\n    - kind: preference", good=GAPS),
    "PLN404": Example(
        bad="  data:\n    - name: thumbs\n      purpose: preferences\n      shape: unpaired-preference\n"
        "      path: data/thumbs.jsonl",
        good="  data:",
        given=((BADCASES, jsonl(badcases(None))), ("specs/shop/data/thumbs.jsonl", jsonl(MARKED))),
        along=("SEL305",),
    ),
    "PLN405": Example(bad="      maxTrainingCostUsd: 1", good="      maxTrainingCostUsd: 100"),
    "PLN406": Example(
        bad="    dpo:\n      trainer:\n        loss_type: [sigmoid]\n    sft:",
        good="    sft:",
        given=((BADCASES, jsonl(badcases("the right one is {i}."))),),
        along=("SEL304",),
    ),
    "PLN407": Example(
        bad="  data:\n    - name: more\n      purpose: demonstrations\n      shape: prompt-completion\n      path: data/demos.jsonl",
        good="  data:",
    ),
}
