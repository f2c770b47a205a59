"""Texts that `trainspec init` writes: a first spec, a profile, and notes on data and evidence."""

from dataclasses import dataclass
from pathlib import Path

from compiler.spec.yaml.load import compose
from compiler.spec.yaml.quote import quote
from runtime.contract.data.file_formats import ending_of
from runtime.contract.metrics import METRICS

PLACEHOLDER_IMAGE = f"registry.example.com/trainspec/runtime@sha256:{'0' * 64}"
PROFILE = "local"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """The answers for a new spec. Texts may be in any language; `model` is `name/revision`."""

    name: str
    application: str
    task: str
    metric: str
    target: float
    runs: bool
    traces: str
    model: str
    badcases: Path | None
    evaluation: Path | None
    profile: str


def spec_text(answers: Answers) -> str:
    """Return the spec as YAML, with comments on the parts still to fill in."""
    model, _, revision = answers.model.rpartition("/")
    runs = "true" if answers.runs else "false # until it does, results say nothing about the model"
    return f"""\
# yaml-language-server: $schema=../schema/training-spec.schema.json
apiVersion: trainspec.dev/v1
kind: TrainingSpec
metadata:
  name: {scalar(answers.name)}
  # owner: the team responsible for this spec
spec:
  profile: {scalar(answers.profile)} # clusters/{answers.profile}.yaml: where Jobs run
  goal:
    application: {answers.application}
    task: {scalar(answers.task)}
    metrics:
      # between 0 and 1, higher is better; the first metric decides
      - name: {scalar(answers.metric)}{_measured(answers.metric)}
        target: {answers.target}
    # constraints: {{maxLatencyMs: 3000, maxTrainingCostUsd: 100}}
  system:
    runsEndToEnd: {runs}
{_traces(answers)}\
  model:
    # its folder in the models volume
    name: {scalar(model)}
    revision: {scalar(revision)}
{_data(answers)}\
  # gaps that prompts cannot close: unstable, preference, reasoning, unknown-domain, rule-constraints or
  # compression. Measurements of a probe take precedence over gaps declared here.
  # gaps:
  #   - kind: unstable
  #     statement: what you observe, in a sentence
"""


def _measured(metric: str) -> str:
    """Return the line that says that people measure a metric; empty for one of the library."""
    people = "use: people # no Job measures it; your own code does as `use: module:function`"
    return "" if metric in METRICS else f"\n        {people}"


def _traces(answers: Answers) -> str:
    if answers.traces:
        return f"    traces:\n      location: {scalar(answers.traces)}\n      fullChain: true\n"
    return """\
    # record every step of every query, from the question to the answer, then give the location:
    # traces:
    #   location: s3://bucket/traces/
    #   fullChain: true
"""


def _data(answers: Answers) -> str:
    given = [
        (purpose, file)
        for purpose, file in (("badcases", answers.badcases), ("evaluation", answers.evaluation))
        if file is not None
    ]
    wanting = [purpose for purpose in ("badcases", "evaluation") if purpose not in {name for name, _ in given}]
    lines = ["  # data/README.md describes the rows"]
    lines += ["  data:"] if given else ["  # data:"]
    lines += [f"    {line}" for purpose, file in given for line in _source(purpose, ending_of(file))]
    if wanting and given:
        lines.append("    # still missing:")
    lines += [
        f"  {'  ' if given else ''}# {'' if given else '  '}{line}"
        for purpose in wanting
        for line in _source(purpose, ".jsonl")
    ]
    return "\n".join(lines) + "\n"


def _source(purpose: str, suffix: str) -> list[str]:
    shape = {"badcases": "badcase"}.get(purpose, purpose)
    return [f"- name: {purpose}", f"  purpose: {purpose}", f"  shape: {shape}", f"  path: data/{purpose}{suffix}"]


def scalar(value: str) -> str:
    """Return text as a YAML scalar, unquoted if it reads back as the same text, for easy editing."""
    line = f"key: {value} # comment\n"
    read = compose(line, "").value if "\n" not in value else None
    return value if read is not None and read.data == {"key": value} else quote(value)


PROFILE_TEXT = f"""\
# yaml-language-server: $schema=../schema/cluster-profile.schema.json
apiVersion: trainspec.dev/v1
kind: ClusterProfile
metadata:
  name: {PROFILE}
  description: Where Jobs run, shared by specs. Written by `trainspec init`; have your platform team check it.
spec:
  namespace: trainspec
  # placeholder: build and push the runtime image, then write its reference with digest here
  image: {PLACEHOLDER_IMAGE}
  cpu: "2"
  memory: 8Gi
  # gpu: {{type: L40S, memoryGib: 48, hourlyUsd: 1.2}}
  storage:
    # PersistentVolumeClaims of the namespace, mounted read-only: base models, and one folder per spec
    modelsClaim: models
    dataClaim: specs
    outputsSize: 20Gi
"""

DATA_NOTES = """\
# Data of this spec

One JSON object per line (`.jsonl`), or the same columns as CSV or Parquet. `trainspec init` invents no rows: they
come from your system, and from people who label them.

`badcases.jsonl`: wrong answers of the system, taken from its traces, each with the right answer. Decisions need at
least 30 of them.

    {"id": "1", "prompt": "the question", "answer": "what the system said", "fix": "what is right"}

Add `kind` (a kind of the badcase report) and `component` (where the first error lies) if you know them.

`evaluation.jsonl`: questions with the right answer, never used in training.

    {"id": "1", "prompt": "the question", "reference": "the right answer"}

Rows with the same `cluster`, such as paraphrases, stay on the same side of a split.
"""

EVIDENCE_NOTES = """\
# Evidence of this spec

One YAML file per measurement; trainspec ignores other files, such as this one. `trainspec schema Evidence` prints the
schema. Prompt work comes first: once badcases exist, measure each version of the prompt on the same questions, and
write `prompt-rounds.yaml` with your own figures instead of the dots:

    # yaml-language-server: $schema=../../schema/evidence.schema.json
    apiVersion: trainspec.dev/v1
    kind: PromptRounds
    metadata:
      source: the person or tool that measured
      date: …
      digest: … # sha256sum of the test set
      model: {model}
    spec:
      metric: {metric}
      rounds: # oldest first
        - {{name: v1, technique: zero-shot, score: …, questions: …}}
        - {{name: v2, technique: few-shot, score: …, questions: …}}

`trainspec data` and `trainspec collect` write their evidence here, too.
"""
