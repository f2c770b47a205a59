"""Examples of PLN4xx."""

from compiler.diagnostics.examples import reinforcement
from compiler.diagnostics.examples.example import FILE, Example, Situation
from compiler.diagnostics.examples.project import (
    PROFILE,
    ROUNDS,
    ROUNDS_FILE,
    SPEC,
    badcases,
    demos,
    held_out,
    jsonl,
    nearly_right,
)

BADCASES = "specs/shop/data/badcases.jsonl"
PROFILE_FILE = "specs/clusters/small.yaml"
GPU = "  gpu: {type: L4, count: 1, memoryGib: 24, hourlyUsd: 0.8}\n"


def marked(of: int) -> list[dict[str, object]]:
    """Return 1,000 marked answers; one of each `of` is good."""
    return [{"prompt": f"asked {i}?", "completion": f"said {i}", "label": i % of == 0} for i in range(1000)]


MARKED = marked(2)[:500]
MANUALS = "    - name: manuals\n      purpose: corpus\n      shape: text\n      path: data/manuals.jsonl\n"
THUMBS_FILE = "specs/shop/data/thumbs.jsonl"
# thumbs of users, and no logged answer from which a pair could be made
_SOURCE = (
    "    - name: thumbs\n      purpose: preferences\n      shape: unpaired-preference\n      path: data/thumbs.jsonl\n"
)
THUMBS = (
    (FILE, SPEC.replace("  data:\n", f"  data:\n{_SOURCE}")),
    (BADCASES, jsonl(badcases(None))),
)

EXAMPLES: dict[str, Example | Situation] = {
    "PLN401": Example(
        bad="      - name: helpfulness\n        use: people\n        target: 0.9",
        good="      - name: exact_match\n        target: 0.9",
        given=((ROUNDS_FILE, ROUNDS.replace("exact_match", "helpfulness")),),
        along=("CHK240", "PLN421"),
    ),
    "PLN402": Example(
        bad="        target: 0.9\n      - name: execution_accuracy\n        target: 0.8",
        good="        target: 0.9",
        given=(("specs/shop/data/held-out.jsonl", jsonl([{**row, "database": "shop"} for row in held_out()])),),
    ),
    "PLN403": Example(bad="    kto:\n      deadlineMinutes: 60\n    sft:", good="    sft:"),
    "PLN405": Example(bad="      maxTrainingCostUsd: 1", good="      maxTrainingCostUsd: 100"),
    "PLN406": Example(
        bad="    dpo:\n      trainer:\n        loss_type: [sigmoid]\n    sft:",
        good="    sft:",
        given=((BADCASES, jsonl(nearly_right())),),
        along=("SEL304",),
    ),
    "PLN407": Example(
        bad="  data:\n    - name: more\n      purpose: preferences\n      shape: unpaired-preference\n"
        "      path: data/more.jsonl",
        good="  data:",
        given=(("specs/shop/data/more.jsonl", jsonl(MARKED)),),
    ),
    "PLN409": Example(
        bad="      - use: exact_match",
        good="      - use: regex\n        options: {pattern: ^OK}",
        given=tuple(reinforcement.FILES.items()),
        along=("CHK240", "PLN421", "SEL302"),
    ),
    "PLN410": Example(
        bad="    sft:\n      tuning: qlora", good="    sft:", given=((PROFILE_FILE, PROFILE.replace(GPU, "")),)
    ),
    "PLN411": Example(
        bad="        target: 0.9\n      - name: helpfulness\n        use: people\n        target: 0.8",
        good="        target: 0.9",
    ),
    "PLN416": Example(
        file=THUMBS_FILE, whole=True, bad=jsonl(marked(200)), good=jsonl(marked(2)), given=THUMBS, along=("SEL302",)
    ),
    "CHK219": Example(
        file=THUMBS_FILE, whole=True, bad=jsonl(marked(1)), good=jsonl(marked(2)), given=THUMBS, along=("SEL302",)
    ),
    "PLN417": Situation(
        bad="The first metric is `token_f1`, and a teacher's verified answers become training data.",
        good="The metric has `options: {passes_at: 0.8}`.",
    ),
    "PLN419": Situation(
        bad="A judge measures the first metric, and the teacher's answers are kept where that metric accepts them.",
        good="A metric that needs no judge comes first, or `teacher.ask.keep` is `agreed`.",
    ),
    "PLN420": Example(
        bad=f"  data:\n{MANUALS}",
        good=f"  teacher:\n    name: large-chat\n    revision: '3'\n    access: text\n"
        "    endpoint: https://teacher.example.com/v1\n    license: apache-2.0\n    outputsMayTrain: true\n"
        f"  data:\n{MANUALS}",
        instead_of="  data:\n",
        given=(
            (BADCASES, jsonl(badcases(count=5))),
            ("specs/shop/data/manuals.jsonl", jsonl([{"text": "The pump fills the tank."}])),
        ),
    ),
    "PLN412": Example(bad="  decoding: {constrained: true}\n  data:", good="  data:"),
    "PLN414": Example(
        bad="    sft:\n      peft: {target_modules: [q_proj, lm_head]}\n      trainer:",
        good="    sft:\n      peft: {target_modules: [q_proj, v_proj]}\n      trainer:",
        instead_of="    sft:\n      trainer:",
    ),
    "PLN413": Example(bad="        learning_rate: 5000.0", good="        learning_rate: 0.0002"),
    "PLN415": Example(
        bad="    sft:\n      trainer:\n        lr_scheduler_type: cosine_with_min_lr",
        good="    sft:\n      trainer:\n        lr_scheduler_type: cosine_with_min_lr\n"
        "        lr_scheduler_kwargs: {min_lr_rate: 0.1}",
        instead_of="    sft:\n      trainer:",
    ),
    "PLN423": Situation(
        bad="A plan probes 40 badcases, and `thresholds.probePrompts` has its default, 100.",
        good="The team labels 60 badcases more, or sets `probePrompts: 40`.",
    ),
    "PLN424": Situation(
        bad="A prompt optimisation found a better prompt, and `prompt.md` is still the old one when the probe is planned.",
        good="The team copies `prompt.md` from the output of the Job over its own, and commits it.",
    ),
    "PLN408": Example(file="specs/shop/data/demos.jsonl", whole=True, bad=jsonl(demos(60)), good=jsonl(demos())),
}
