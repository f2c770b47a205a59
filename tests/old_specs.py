"""Specs of `trainspec.dev/v1alpha1`, for the tests of versions and of upgrades: one in plain style, and odd ones."""

from conftest import PROFILE

from compiler.diagnostics import Outcome
from compiler.load import compose
from compiler.source import SourceDocument
from compiler.versions import Modern, modernise

OLD_SPEC = """\
# yaml-language-server: $schema=../schema/training-spec.schema.json
apiVersion: trainspec.dev/v1alpha1
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
  prompt:
    # measured by hand
    rounds:
      - {name: v1, technique: zero-shot, score: 0.30, questions: 100, date: 2026-09-30}
      - {name: v2, technique: rules, score: 0.31, questions: 100, date: 2026-10-02}
      - {name: v3, technique: few-shot, score: 0.30, questions: 100}
    plateau:
      minGain: 0.05 # a smaller gain is noise
  gaps:
    - kind: unstable
    - kind: preference
"""

UGLY = """\
---
# 售后团队的规格

apiVersion:   "trainspec.dev/v1alpha1"   # 旧版本
kind: TrainingSpec
metadata: {name: shop,   owner: '售后组'}


spec:
    profile: small
    goal:
        application: rag
        task: >-
            根据知识库回答问题，
            不要编造; a very long line that goes on and on and on and on and on and on and on and on and on and on and on
        metrics:
        - name:    exact_match     # why
          target:  0.90
    system: { runsEndToEnd: true,
              traces: {location: "s3://x/追踪", fullChain: true} }
    model: {name: tiny, revision: "1"}
    data:
    -   name: badcases
        purpose: badcases
        shape: badcase
        path: 'data/badcases.jsonl'
    # before prompt
    prompt:   # the prompt log
        # measured by 李雷
        rounds:

        - {name: v1, technique: zero-shot, score: 0.30, questions: 100}   # first
        # a comment in the middle
        -   name: v2
            technique: rules
            score: 0.310
            questions: 100
            date: "2026-10-01"
        # how long we wait
        plateau:
            rounds: 3     # we are careful
            "minGain": 0.050

    # gaps as we see them
    gaps:
    - kind: unstable   # 不稳定
    seed: 7
...
"""

UGLY_UPGRADED = UGLY.replace("v1alpha1", "v1").replace(
    UGLY[UGLY.index("    # before prompt") : UGLY.index("\n    # gaps as")],
    """\
    # how long we wait
    thresholds:
        plateauRounds: 3     # we are careful
        "plateauMinGain": 0.050
""",
)
UGLY_ROUNDS = """\
  # before prompt
  # the prompt log
  # measured by 李雷
  rounds:

  - {name: v1, technique: zero-shot, score: 0.30, questions: 100}   # first
  # a comment in the middle
  -   name: v2
      technique: rules
      score: 0.310
      questions: 100
      date: "2026-10-01"
"""

_HEAD = """\
apiVersion: trainspec.dev/v1alpha1
kind: TrainingSpec
metadata: {name: shop}
"""
_REST = """\
  profile: small
  goal: {application: rag, task: answer, metrics: [{name: exact_match, target: 0.9}]}
  system: {runsEndToEnd: true}
  model: {name: tiny, revision: "1"}
"""
_ROUNDS = "[{name: v1, technique: zero-shot, score: 0.3, questions: 100}, {name: v2, technique: rules, score: 0.3, questions: 9}]"

# texts that are awkward to edit: each upgrades, and loses no comment
AWKWARD: dict[str, str] = {
    "plain": OLD_SPEC,
    "ugly": UGLY,
    "prompt is last, without a line end": f"{_HEAD}spec:\n{_REST}  prompt:\n    rounds: {_ROUNDS}",
    "prompt is first": f"{_HEAD}spec:\n  prompt:\n    rounds: {_ROUNDS}\n{_REST}",
    "prompt is a flow mapping": f"{_HEAD}spec:\n{_REST}  prompt: {{rounds: {_ROUNDS}, plateau: {{rounds: 3}}}}  # log\n  seed: 3\n",
    "rounds only, as a flow mapping": f"{_HEAD}spec:\n{_REST}  prompt: {{rounds: {_ROUNDS}}} # log\n  seed: 3\n",
    "plateau only": f"{_HEAD}spec:\n{_REST}  # careful\n  prompt:\n    plateau: {{rounds: 3, minGain: 0.01}}\n  seed: 3\n",
    "plateau before rounds": f"{_HEAD}spec:\n{_REST}  prompt:\n    plateau:\n      rounds: 3\n    # the log\n    rounds: {_ROUNDS}\n",
    "empty prompt": f"{_HEAD}spec:\n{_REST}  prompt: {{}}\n  seed: 3\n",
    "empty rounds": f"{_HEAD}spec:\n{_REST}  prompt:\n    rounds: []\n  seed: 3\n",
    "no prompt": f"{_HEAD}spec:\n{_REST}",
    "all on one line": "{apiVersion: trainspec.dev/v1alpha1, kind: TrainingSpec, metadata: {name: shop}, spec: {profile: small, "
    f"prompt: {{rounds: {_ROUNDS}, plateau: {{minGain: 0.1}}}}, goal: {{application: rag, task: t, metrics: [{{name: m, target: 1}}]}}, "
    'system: {runsEndToEnd: true}, model: {name: tiny, revision: "1"}}}',
    "json, prompt last": '{"apiVersion": "trainspec.dev/v1alpha1", "kind": "TrainingSpec", "metadata": {"name": "shop"},\n'
    ' "spec": {"profile": "small", "goal": {"application": "rag", "task": "t",\n  "metrics": [{"name": "m", "target": 1}]},\n'
    '  "system": {"runsEndToEnd": true}, "model": {"name": "tiny", "revision": "1"},\n'
    '  "prompt": {\n    "rounds": [\n      {"name": "v1", "technique": "rules", "score": 0.5, "questions": 40}\n    ]\n  }}}\n',
    "a metric whose name is a word of yaml": f"{_HEAD}spec:\n{_REST}  prompt:\n    rounds: {_ROUNDS}\n".replace(
        "exact_match", '"true"'
    ),
    "an anchor used within the rounds": f"{_HEAD}spec:\n{_REST}  prompt:\n    rounds:\n      - {{name: v1, technique: rules, score: &s 0.5, questions: &q 40}}\n"
    "      - {name: v2, technique: rules, score: *s, questions: *q}\n",
    "an anchor defined before the rounds": f"{_HEAD}spec:\n{_REST}  data: []\n  seed: &n 40\n  prompt:\n    # log\n    rounds:\n"
    "      - {name: v1, technique: rules, score: 0.5, questions: *n}\n",
    "block text and odd indentation": f"{_HEAD}spec:\n{_REST}  prompt:\n          # deep\n          rounds:\n           -   name: v1\n"
    "               technique: rules\n\n               score: 0.5\n               questions: 40\n               prompt: >-\n"
    "                 prompts/v1.md\n  # about gaps\n  gaps: []\n",
}
AWKWARD["line ends of another system"] = OLD_SPEC.replace("\n", "\r\n")

OLD_PROFILE = PROFILE.replace("trainspec.dev/v1", "trainspec.dev/v1alpha1")


def document_of(text: str, path: str = "specs/shop/spec.yaml") -> SourceDocument:
    composed = compose(text, path)
    assert composed.value is not None
    assert composed.ok, composed.diagnostics
    return composed.value


def modern(text: str) -> Outcome[Modern]:
    return modernise(document_of(text))
