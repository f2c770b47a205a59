"""Examples of CHK2xx."""

from compiler.diagnostics.examples.example import Example, Situation
from compiler.diagnostics.examples.judge import AGREEMENT_FILE, GIVEN, JUDGED_SPEC
from compiler.diagnostics.examples.project import API_VERSION, DIGEST, SPEC, badcases, demos, jsonl
from compiler.diagnostics.examples.reinforcement import WORSE

PROFILE = "specs/clusters/small.yaml"
DEMOS, HELD_OUT, BADCASES = (f"specs/shop/data/{name}.jsonl" for name in ("demos", "held-out", "badcases"))

FIRST_DEMO = '{"id": "d0", "prompt": "demo 0?", "completion": "answer 0"}\n'

TEACHER = """
    name: large
    revision: "1"
    license: Apache-2.0
    outputsMayTrain: true"""

REPORT = f"""\
apiVersion: {API_VERSION}
kind: BadcaseReport
metadata:
  source: labelled by hand
  date: 2026-10-02
  digest: {DIGEST}
spec:
  traces: 500
  kinds:
    - name: wrong-order
      count: 40
"""

OWN_METRIC_SPEC = SPEC.replace(
    "        target: 0.9\n", "        target: 0.9\n      - {name: tone, use: 'tone:score', target: 0.9}\n"
)

EXAMPLES: dict[str, Example | Situation] = {
    "CHK201": Example(bad="      path: data/demo.jsonl", good="      path: data/demos.jsonl"),
    "CHK202": Example(bad="      path: ../other/demos.jsonl", good="      path: data/demos.jsonl"),
    "CHK203": Example(file=DEMOS, bad='{"id": "d0", "prompt": "demo 0?", "answer": "answer 0"}\n', good=FIRST_DEMO),
    "CHK204": Example(file=DEMOS, whole=True, bad="", good=jsonl(demos())),
    "CHK205": Example(
        bad="      purpose: corpus\n      shape: prompt-completion",
        good="      purpose: demonstrations\n      shape: prompt-completion",
    ),
    "CHK206": Example(
        bad="    - name: demos\n      purpose: badcases", good="    - name: badcases\n      purpose: badcases"
    ),
    "CHK207": Example(bad="  profile: smal", good="  profile: small"),
    "CHK208": Example(bad="        learn_rate: 0.0002", good="        learning_rate: 0.0002"),
    "CHK209": Example(bad="        output_dir: /tmp/out", good="        learning_rate: 0.0002"),
    "CHK210": Example(
        file=HELD_OUT,
        bad='{"id": "h0", "prompt": "demo 0?", "reference": "gold 0"}\n',
        good='{"id": "h0", "prompt": "test 0?", "reference": "gold 0"}\n',
    ),
    "CHK211": Example(file=DEMOS, bad=FIRST_DEMO * 2, good=FIRST_DEMO),
    "CHK212": Example(
        file=PROFILE,
        bad="  image: registry.example.com/runtime:latest",
        good=f"  image: registry.example.com/runtime@sha256:{DIGEST}",
    ),
    "CHK213": Example(bad="        learning_rate: fast", good="        learning_rate: 0.0002"),
    "CHK214": Example(file=BADCASES, whole=True, bad=jsonl(badcases("the right one is {i}")), good=jsonl(badcases())),
    "CHK215": Example(
        bad="      path: data/demos.jsonl\n      columns: {answer: completion}",
        good="      path: data/demos.jsonl\n      columns: {completion: completion}",
        instead_of="      path: data/demos.jsonl",
    ),
    "CHK216": Example(
        bad="    name: acme/tiny\n    revision: main",
        good=f"    name: acme/tiny\n    revision: {DIGEST[:40]}",
        instead_of='    name: tiny\n    revision: "1"',
        along=("CHK240", "PLN421"),
    ),
    "CHK217": Example(
        bad="      path: data/demos.jsonl\n      columns: {cluster: topic}",
        good="      path: data/demos.jsonl\n      columns: {cluster: id}",
        instead_of="      path: data/demos.jsonl",
    ),
    "CHK240": Example(
        file="specs/shop/evidence/probe.yaml", bad="  model: tiny/0", good="  model: tiny/1", along=("SEL310",)
    ),
    "CHK241": Example(
        file="specs/shop/evidence/probe.yaml",
        bad="    win: {value: 0.57, low: 0.70, high: 0.80}",
        good="    win: {value: 0.75, low: 0.70, high: 0.80}",
    ),
    "CHK242": Example(
        file="specs/shop/evidence/badcases-2.yaml",
        whole=True,
        bad=REPORT.replace("traces: 500", "traces: 400"),
        good=REPORT.replace("2026-10-02", "2026-10-03"),
        given=(("specs/shop/evidence/badcases.yaml", REPORT),),
    ),
    "CHK244": Example(
        file="specs/shop/evidence/badcases.yaml",
        bad="      count: 501",
        good="      count: 40",
        given=(("specs/shop/evidence/badcases.yaml", REPORT),),
    ),
    "CHK246": Example(
        file=AGREEMENT_FILE,
        bad="  falsePass: 4\n  trueFail: 16",
        good="  falsePass: 4\n  trueFail: 46",
        given=(("specs/shop/spec.yaml", JUDGED_SPEC), *GIVEN),
        along=("SEL310",),
    ),
    "CHK247": Example(
        file="specs/shop/evidence/sft.yaml",
        bad="  gate: continue",
        good="  gate: worse",
        given=(("specs/shop/evidence/sft.yaml", WORSE),),
        along=("PLN403", "SEL313"),
    ),
    "CHK257": Example(
        bad="  serving: {endpoint: 'https://llm.example.com/v1', budget: {calls: 5000, usd: 20}}\n  data:",
        good="  serving:\n    endpoint: https://llm.example.com/v1\n    price: {input: 0.1, output: 0.4}\n"
        "    budget: {calls: 5000, usd: 20}\n  data:",
        instead_of="  data:",
    ),
    "CHK245": Example(  # split, so that scanners do not find it here
        bad=f"    task: answer questions with the key {'hf_' + 'aB3' * 12}",
        good="    task: answer questions about orders",
    ),
    "CHK243": Example(
        bad=f"  teacher:\n    access: weights\n    endpoint: https://models.example.com/v1{TEACHER}",
        good=f"  teacher:\n    access: weights{TEACHER}",
        instead_of="  seed: 42",
    ),
    "CHK249": Example(
        file="specs/shop/tone.py",
        whole=True,
        bad="def tone(row, answer):\n    return len(answer) < 200\n",
        good="def score(row, answer):\n    return len(answer) < 200\n",
        given=(("specs/shop/spec.yaml", OWN_METRIC_SPEC),),
    ),
}
