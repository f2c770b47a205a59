"""Examples of SPC1xx."""

from compiler.diagnostics.examples.example import Example, Situation

EXAMPLES: dict[str, Example | Situation] = {
    "SPC101": Example(bad="      - name: exact_match", good="      - name: exact_match\n        target: 0.9"),
    "SPC102": Example(bad="  sed: 42", good="  seed: 42"),
    "SPC103": Example(bad="        target: high", good="        target: 0.9"),
    "SPC104": Example(bad="    application: workflo", good="    application: workflow"),
    "SPC105": Example(bad="kind: TrainSpec", good="kind: TrainingSpec"),
}
