"""The project one step later: SFT brought no gain and a reward was checked, so GRPO is next."""

from hashlib import sha256

from compiler.diagnostics.examples.project import API_VERSION, DIGEST, PROBE, SPEC, held_out, jsonl

PROMPTS = [{"prompt": f"task {i}?"} for i in range(300)]

RESULT = f"""\
apiVersion: {API_VERSION}
kind: StageResult
metadata:
  source: Job shop-evaluate-sft-0123456789
  date: 2026-10-03
  digest: {DIGEST}
spec:
  job: shop-evaluate-sft-0123456789
  order: 3
  method: sft
  model: tiny/1
  evaluation: {sha256(jsonl(held_out()).encode()).hexdigest()}
  questions: 20
  metrics:
    - {{name: exact_match, value: 0.40, low: 0.20, high: 0.60}}
  gain: {{value: 0.00, low: -0.05, high: 0.05}}
  gate: no-gain
"""

WORSE = RESULT.replace("{value: 0.00, low: -0.05, high: 0.05}", "{value: -0.06, low: -0.09, high: -0.03}").replace(
    "gate: no-gain", "gate: worse"
)

PREFLIGHT = f"""\
apiVersion: {API_VERSION}
kind: RewardPreflight
metadata:
  source: 60 scored answers
  date: 2026-10-04
  digest: {DIGEST}
spec:
  functions:
    - use: regex
      options: {{pattern: ^OK}}
  contract: {{cases: 20, failures: 0}}
  repeatability: {{scorer: code, rows: 60, flips: 0}}
  discrimination: {{pairs: 60, auc: 0.97, pairedWin: 0.98}}
  humanAgreement: {{positives: 40, negatives: 40, tpr: 0.95, tnr: 0.95}}
  alignment: {{outputs: 60, spearman: 0.90}}
  hackResistance:
    - {{probe: empty, shareOfMaximum: 0.0}}
    - {{probe: padding, shareOfMaximum: 0.1}}
    - {{probe: repetition, shareOfMaximum: 0.1}}
    - {{probe: prompt echo, shareOfMaximum: 0.1}}
    - {{probe: truncation, shareOfMaximum: 0.1}}
    - {{probe: "Thought process:", shareOfMaximum: 0.1}}
  signal: {{prompts: 100, samples: 16, spreadShare: 0.6}}
  lengthBias: {{partialCorrelation: 0.1}}
"""

FILES = {
    "specs/shop/spec.yaml": SPEC.replace(
        "  data:\n",
        "  reward:\n    kind: verifiable\n    functions:\n      - use: regex\n        options: {pattern: ^OK}\n"
        "  data:\n    - name: tasks\n      purpose: prompts\n      shape: prompt\n      path: data/tasks.jsonl\n",
    ).replace("  gaps:\n", "  gaps:\n    - kind: rule-constraints\n"),
    "specs/shop/data/tasks.jsonl": jsonl(PROMPTS),
    "specs/shop/evidence/probe.yaml": PROBE + "    rewardSpread: {value: 0.60, low: 0.55, high: 0.65}\n",
    "specs/shop/evidence/sft.yaml": RESULT,
    "specs/shop/evidence/preflight.yaml": PREFLIGHT,
}
