"""Examples of RUN771 to RUN774: an augmentation."""

from compiler.diagnostics.examples.example import Example, Situation

EXAMPLES: dict[str, Example | Situation] = {
    "RUN771": Situation(
        bad="`augmentation.maxCalls` is 50, and the corpus has 400 passages.",
        good="It is 3000, as the plan estimates without it; the passages that were read are not paid for again.",
    ),
    "RUN772": Situation(
        bad="A model of 135M parameters is to write, and answers each passage with prose instead of lines.",
        good="`spec.teacher` names a model that follows the form.",
    ),
}
