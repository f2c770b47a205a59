"""Examples of SEL3xx."""

from compiler.diagnostics.examples import reinforcement
from compiler.diagnostics.examples.example import FILE, Example, Situation
from compiler.diagnostics.examples.project import PROBE, SPEC, badcases, demos, jsonl, nearly_right

BADCASES, PROBE_FILE = "specs/shop/data/badcases.jsonl", "specs/shop/evidence/probe.yaml"
GAPS = "  gaps:\n    - kind: unstable\n    - kind: preference"
NO_WIN = PROBE.replace("{value: 0.75, low: 0.70, high: 0.80}", "{value: 0.45, low: 0.40, high: 0.50}")
NEVER_RIGHT = PROBE.replace("{value: 0.80, low: 0.75, high: 0.85}", "{value: 0.01, low: 0.00, high: 0.02}")

EXAMPLES: dict[str, Example | Situation] = {
    "SEL302": Example(
        file="specs/shop/data/demos.jsonl", whole=True, bad=jsonl(demos(20)), good=jsonl(demos()), along=("PLN403",)
    ),
    "SEL303": Example(file=BADCASES, whole=True, bad=jsonl(badcases(model="tiny/0")), good=jsonl(badcases())),
    "SEL304": Example(file=BADCASES, whole=True, bad=jsonl(nearly_right()), good=jsonl(badcases())),
    "SEL305": Example(
        file=BADCASES,
        whole=True,
        bad=jsonl(badcases(None)),
        good=jsonl(badcases()),
        given=((PROBE_FILE, NEVER_RIGHT), (FILE, SPEC.replace("    - kind: unstable\n", ""))),
        along=("PLN403", "PLN407"),
    ),
    "SEL308": Example(
        file=PROBE_FILE,
        bad="    win: {value: 0.45, low: 0.40, high: 0.50}",
        good="    win: {value: 0.75, low: 0.70, high: 0.80}",
    ),
    "SEL309": Example(
        bad=f"{GAPS}\n      override: {{reason: the probe had no edge cases, owner: 王芳}}",
        good="  gaps:\n    - kind: unstable",
        instead_of=GAPS,
        given=((PROBE_FILE, NO_WIN),),
    ),
    "SEL310": Example(file=PROBE_FILE, whole=True, bad=None, good=PROBE),
    "SEL311": Example(
        file=PROBE_FILE,
        bad="  measures:\n    recallGain: {value: 0.40, low: 0.35, high: 0.45}",
        good="  measures:",
        along=("SEL302",),
    ),
    "SEL313": Example(
        file="specs/shop/evidence/sft.yaml",
        bad="  gain: {value: -0.06, low: -0.09, high: -0.03}\n  gate: worse",
        good="  gain: {value: 0.00, low: -0.05, high: 0.05}\n  gate: no-gain",
        given=(("specs/shop/evidence/sft.yaml", reinforcement.RESULT),),
        along=("PLN403",),
    ),
    "SEL312": Example(
        file="specs/shop/evidence/preflight.yaml",
        bad="  alignment: {outputs: 60, spearman: 0.70}",
        good="  alignment: {outputs: 60, spearman: 0.90}",
        given=tuple(reinforcement.FILES.items()),
        along=("PLN421",),
    ),
}
