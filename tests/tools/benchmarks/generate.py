"""Projects to measure: any number of realistic specs, each with its own data and two training stages.

Every spec has its own name, texts and rows, so that nothing that is kept between specs helps more than it would in a
real repository. The same number gives the same bytes.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

PROFILE = """\
apiVersion: trainspec.dev/v1
kind: ClusterProfile
metadata:
  name: shared
spec:
  namespace: training
  image: registry.example.com/runtime@sha256:{digest}
  cpu: "2"
  memory: 8Gi
  storage:
    modelsClaim: models
    dataClaim: specs
    outputsSize: 10Gi
""".format(digest="0123456789abcdef" * 4)

SPEC = """\
apiVersion: trainspec.dev/v1
kind: TrainingSpec
metadata:
  name: {name}
  owner: team-{team}
  description: Answers about orders of shop {number}, 订单问答.
spec:
  profile: shared
  goal:
    application: workflow
    task: answer questions of customers of shop {number} about orders, refunds and delivery
    metrics:
      # the share of answers that are the reference's, word for word
      - name: exact_match
        target: 0.9
  system:
    runsEndToEnd: true
    components:
      - name: retriever
        role: finds the order and its parcels
      - name: writer
        role: writes the answer in the customer's language
    traces:
      location: traces/{name}
      fullChain: true
  model:
    name: tiny
    revision: "1"
    license: Apache-2.0
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
      statement: the answer is right, but its form changes from day to day
    - kind: preference
      statement: 客服 would have written it differently
  training:
    sft:
      trainer:
        learning_rate: 0.0002
        max_length: 512
"""

PROMPTS = """\
apiVersion: trainspec.dev/v1
kind: PromptRounds
metadata:
  source: the team's prompt log of shop {number}
  date: 2026-11-22
  digest: {digest}
spec:
  metric: exact_match
  rounds:
    - {{name: v1, technique: zero-shot, score: 0.30, questions: 100, date: 2026-11-20}}
    - {{name: v2, technique: rules, score: 0.31, questions: 100, date: 2026-11-21}}
    - {{name: v3, technique: few-shot, score: 0.30, questions: 100, date: 2026-11-22}}
"""

PROBE = """\
apiVersion: trainspec.dev/v1
kind: ProbeReport
metadata:
  source: probe of shop {number}
  date: 2026-11-22
  digest: {digest}
spec:
  model: tiny/1
  prompts: 120
  samples: 16
  measures:
    passAt1: {{value: 0.30, low: 0.25, high: 0.35}}
    passAt16: {{value: 0.80, low: 0.74, high: 0.86}}
    unstableGain: {{value: 0.50, low: 0.42, high: 0.58}}
    valid: {{value: 0.95, low: 0.90, high: 0.99}}
    win: {{value: 0.75, low: 0.68, high: 0.82}}
"""

ROWS = {"demos": 60, "held-out": 20, "badcases": 40}


# what makes a preference, which DPO would follow, and so a plan longer
_PREFERENCE = """\
    - kind: preference
      statement: 客服 would have written it differently
"""
_WINS = "    win: {{value: 0.75, low: 0.68, high: 0.82}}\n"
_SOURCE = """\
    source:
      folder:
        claim: shared
"""


def write_short_project(folder: Path, count: int) -> Path:
    """As `write_project`, with plans of 4 Jobs: load, evaluate, SFT, evaluate; 10 objects with policy and claim."""
    return write_project(
        folder,
        count,
        spec_text=SPEC.replace(_PREFERENCE, ""),
        probe=PROBE.replace(_WINS, ""),
        profile=PROFILE + _SOURCE,
    )


def write_project(
    folder: Path, count: int, *, texts_of: str = "", spec_text: str = SPEC, probe: str = PROBE, profile: str = PROFILE
) -> Path:
    """Write `count` specs under `folder`, and give the folder back. `texts_of` changes every text of the data."""
    (folder / "clusters").mkdir(parents=True)
    (folder / "clusters" / "shared.yaml").write_text(profile, encoding="utf-8")
    for number in range(count):
        name = f"shop-{number:05d}"
        data, evidence = folder / name / "data", folder / name / "evidence"
        data.mkdir(parents=True)
        evidence.mkdir()
        spec = spec_text.format(name=name, number=number, team=number % 40)
        (folder / name / "spec.yaml").write_text(spec, encoding="utf-8")
        for file, text in (("prompts.yaml", PROMPTS), ("probe.yaml", probe)):
            digest = hashlib.sha256(f"{name}/{file}".encode()).hexdigest()
            (evidence / file).write_text(text.format(number=number, digest=digest), encoding="utf-8")
        for source in ROWS:
            text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in _rows(source, f"{name}{texts_of}"))
            (data / f"{source}.jsonl").write_text(text, encoding="utf-8")
    return folder


def _rows(source: str, name: str) -> Iterator[dict[str, str]]:
    for row in range(ROWS[source]):
        order = f"{source} order {row} of {name}"
        prompt = f"You answer for a shop. Orders ship within two days.\n\nWhere is my parcel for {order}? 请告诉我。"
        right = f"The parcel of {order} left the warehouse on day {row % 28 + 1} and arrives within two days. 已发货。"
        if source == "demos":
            yield {"prompt": prompt, "completion": right, "cluster": f"{source}-{row}"}
        elif source == "held-out":
            yield {"id": f"h{row}", "prompt": prompt, "reference": right, "cluster": f"{source}-{row}"}
        else:
            wrong = f"I think that it is on its way, but I cannot see order {row} at the moment; please call us."
            yield {"id": f"b{row}", "prompt": prompt, "answer": wrong, "fix": right, "model": "tiny/1"}
