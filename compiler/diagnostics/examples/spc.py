"""Examples of SPC1xx."""

from compiler.diagnostics.examples.example import FILE, Example, Situation
from compiler.diagnostics.examples.project import API_VERSION, SPEC

ROUNDS = """\
  prompt:
    rounds:
      - {name: v1, technique: zero-shot, score: 0.30, questions: 100}
  seed: 100"""
OLD_SPEC = SPEC.replace(API_VERSION, "trainspec.dev/v1alpha1").replace("  seed: 42", ROUNDS)

EXAMPLES: dict[str, Example | Situation] = {
    "SPC101": Example(bad="      - name: exact_match", good="      - name: exact_match\n        target: 0.9"),
    "SPC102": Example(bad="  sed: 42", good="  seed: 42"),
    "SPC103": Example(bad="        target: high", good="        target: 0.9"),
    "SPC104": Example(bad="    application: workflo", good="    application: workflow"),
    "SPC105": Example(bad="kind: TrainSpec", good="kind: TrainingSpec"),
    "SPC106": Example(bad="apiVersion: trainspec.dev/v1alpha1", good="apiVersion: trainspec.dev/v1"),
    "SPC107": Example(
        command="trainspec upgrade specs",
        given=((FILE, OLD_SPEC),),
        bad=ROUNDS.replace("questions: 100", "questions: &n 100").replace("seed: 100", "seed: *n"),
        good=ROUNDS,
    ),
}
