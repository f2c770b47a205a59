"""The small project that the examples change: it compiles cleanly, and plans SFT, then DPO.

`BARE_SPEC` and `BARE_PROFILE` are its smallest part that compiles; tests start from them.
"""

import json
from collections.abc import Iterable, Mapping

API_VERSION = "trainspec.dev/v1"
DIGEST = "0123456789abcdef" * 4
ROUNDS_FILE = "specs/shop/evidence/prompt-rounds.yaml"

BARE_SPEC = f"""\
apiVersion: {API_VERSION}
kind: TrainingSpec
metadata:
  name: shop
spec:
  profile: small
  goal:
    application: workflow
    task: answer questions about orders
    metrics:
      - name: exact_match
        target: 0.9
  system:
    runsEndToEnd: true
    traces:
      location: traces/
      fullChain: true
  model:
    name: tiny
    revision: "1"
  data:
    - name: demos
      purpose: demonstrations
      shape: prompt-completion
      path: data/demos.jsonl
    - name: held-out
      purpose: evaluation
      shape: evaluation
      path: data/held-out.jsonl
    - name: badcases
      purpose: badcases
      shape: badcase
      path: data/badcases.jsonl
  gaps:
    - kind: unstable
    - kind: preference
"""

_CONSTRAINTS = """\
    constraints:
      maxTrainingCostUsd: 100
"""
_TRAINING = """\
  training:
    sft:
      trainer:
        learning_rate: 0.0002
  seed: 42
"""
SPEC = BARE_SPEC.replace("  system:\n", f"{_CONSTRAINTS}  system:\n") + _TRAINING

# three rounds, the last two without a gain: prompts have plateaued
ROUNDS = f"""\
apiVersion: {API_VERSION}
kind: PromptRounds
metadata:
  source: the shop's test set
  date: 2026-10-01
  digest: {DIGEST}
  model: tiny/1
spec:
  metric: exact_match
  rounds:
    - {{name: v1, technique: zero-shot, score: 0.30, questions: 100}}
    - {{name: v2, technique: rules, score: 0.31, questions: 100}}
    - {{name: v3, technique: few-shot, score: 0.30, questions: 100}}
"""

BARE_PROFILE = f"""\
apiVersion: {API_VERSION}
kind: ClusterProfile
metadata:
  name: small
spec:
  namespace: training
  image: registry.example.com/runtime@sha256:{DIGEST}
  cpu: "2"
  memory: 8Gi
  storage:
    modelsClaim: models
    dataClaim: specs
    outputsSize: 10Gi
"""

_GPU = "  gpu: {type: L4, count: 1, memoryGib: 24, hourlyUsd: 0.8}\n"
PROFILE = BARE_PROFILE.replace("  storage:\n", f"{_GPU}  storage:\n")

# measures of the gaps that the spec declares
PROBE = f"""\
apiVersion: {API_VERSION}
kind: ProbeReport
metadata:
  source: the shop's badcases, 16 samples each
  date: 2026-10-02
  digest: {DIGEST}
spec:
  model: tiny/1
  prompts: 100
  samples: 16
  measures:
    passAt16: {{value: 0.80, low: 0.75, high: 0.85}}
    unstableGain: {{value: 0.35, low: 0.30, high: 0.40}}
    valid: {{value: 0.95, low: 0.92, high: 0.98}}
    win: {{value: 0.75, low: 0.70, high: 0.80}}
"""

# what a clone without Git LFS has instead of a file
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{DIGEST}\nsize 5096\n"

# stages of a plan, shortened; running an example replaces `SHA256` with the digest of the file
STAGE_FILE, TRAIN, RUN = "stage.yaml", "data/train.jsonl", "python -m runtime stage.yaml"
STAGE = """\
schema: trainspec.dev/stage/v1
plan: shop
stage: sft
method: sft
output: shop-sft
seed: 42
model:
  path: tiny/1
  adapters: []
  dtype: float32
  trust_remote_code: false
data:
  - path: train.jsonl
    shape: prompt-completion
    sha256: SHA256
    rows: 4
peft: {r: 4, lora_alpha: 8, lora_dropout: 0.0, target_modules: all-linear}
trainer:
  learning_rate: 0.001
  max_length: 256
  max_steps: 2
"""

EVALUATION = """\
schema: trainspec.dev/stage/v1
plan: shop
stage: evaluate-sft
method: evaluate
output: shop-evaluate-sft
seed: 42
model:
  path: tiny/1
  adapters: []
  dtype: float32
  trust_remote_code: false
data:
  - path: held-out.jsonl
    shape: evaluation
    sha256: SHA256
    rows: 2
generation: {max_new_tokens: 4, batch_size: 2}
metrics:
  - name: exact_match
gate:
  metric: exact_match
  target: 0.9
  baseline: shop-evaluate-base
"""


def demos(count: int = 1000) -> list[dict[str, object]]:
    """Return rows of purpose `demonstrations`."""
    return [{"id": f"d{i}", "prompt": f"demo {i}?", "completion": f"answer {i}"} for i in range(count)]


def held_out(count: int = 40) -> list[dict[str, object]]:
    """Return rows of purpose `evaluation`."""
    return [{"id": f"h{i}", "prompt": f"test {i}?", "reference": f"gold {i}"} for i in range(count)]


def badcases(
    answer: str | None = "something else, wrong {i}", count: int = 500, **extra: object
) -> list[dict[str, object]]:
    """Return rows of purpose `badcases`; `{i}` in the logged answer becomes the row's number."""
    return [
        {"id": f"b{i}", "prompt": f"bad {i}?", "answer": answer and answer.format(i=i), "fix": f"the right one is {i}"}
        | {"model": "tiny/1"}
        | extra
        for i in range(count)
    ]


def nearly_right(count: int = 300) -> list[dict[str, object]]:
    """Return the badcases, of which the first `count` log an answer that differs from the fix by a full stop."""
    return [*badcases("the right one is {i}.")[:count], *badcases()[count:]]


def jsonl(rows: Iterable[Mapping[str, object]]) -> str:
    """Return rows as the text of a JSONL file."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def files() -> dict[str, str]:
    """Return the project's files by path: a spec with its inputs, and a stage with its volumes."""
    earlier = [{"id": f"h{i}", "prediction": "?", "scores": {"exact_match": {"value": 0.0}}} for i in range(2)]
    return {
        "specs/shop/spec.yaml": SPEC,
        ROUNDS_FILE: ROUNDS,
        "specs/shop/evidence/probe.yaml": PROBE,
        "specs/clusters/small.yaml": PROFILE,
        "specs/shop/data/demos.jsonl": jsonl(demos()),
        "specs/shop/data/held-out.jsonl": jsonl(held_out()),
        "specs/shop/data/badcases.jsonl": jsonl(badcases()),
        "stage.yaml": STAGE,
        "evaluation.yaml": EVALUATION,
        "data/train.jsonl": jsonl(demos(4)),
        "data/held-out.jsonl": jsonl(held_out(2)),
        "outputs/shop-evaluate-base/predictions.jsonl": jsonl(earlier),
    }
