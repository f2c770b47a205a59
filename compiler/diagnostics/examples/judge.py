"""The project with a judge of free-text answers, which agrees with people; and examples of its codes."""

from hashlib import sha256

from compiler.diagnostics.examples.example import Example, Situation
from compiler.diagnostics.examples.project import API_VERSION, DIGEST, SPEC

AGREEMENT_FILE = "specs/shop/evidence/judge-helpful.yaml"
RUBRIC = "An answer passes if it helps the customer, and says nothing that the reference does not.\n"
METRIC = """\
      - name: helpful
        use: judge
        options: {rubric: rubrics/helpful.md}
        target: 0.8
"""
JUDGE = """\
  judge:
    name: large
    revision: "1"
    endpoint: https://models.example.com/v1
"""
JUDGED_SPEC = SPEC.replace("        target: 0.9\n", f"        target: 0.9\n{METRIC}").replace(
    "  data:\n", f"{JUDGE}  data:\n"
)

AGREEMENT = f"""\
apiVersion: {API_VERSION}
kind: JudgeAgreement
metadata:
  source: trainspec-runtime judge-agreement
  date: 2026-10-02
  digest: {DIGEST}
spec:
  metric: helpful
  judge: large/1
  rubric: {sha256(RUBRIC.encode()).hexdigest()}
  truePass: 45
  falseFail: 5
  falsePass: 4
  trueFail: 46
"""
GIVEN = (("specs/shop/rubrics/helpful.md", RUBRIC), (AGREEMENT_FILE, AGREEMENT))

EXAMPLES: dict[str, Example | Situation] = {
    "RUN735": Situation(
        bad="The judge is a small model that writes no JSON, so one answer in ten has no verdict.",
        good="A model that follows the format judges all answers.",
    ),
    "RUN736": Situation(
        bad="A labelled answer has `label: good`.",
        good="The row has `label: pass`, and the command goes on where it was.",
    ),
}
