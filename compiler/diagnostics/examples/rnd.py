"""Examples of RND5xx."""

from compiler.diagnostics.examples.example import Example, Situation

EXAMPLES: dict[str, Example | Situation] = {
    "RND501": Situation(
        bad="A template of the compiler has a bug; no spec should cause it.",
        good="The plan is not written, so a wrong plan is never applied.",
    ),
    "RND502": Example(
        file="specs/shop/plan/02-sft.job.yaml",
        bad="  backoffLimit: 10",
        good="  backoffLimit: 3",
        first="trainspec compile specs",
        command="trainspec compile specs --check",
    ),
    "RND503": Example(
        file="specs/shop/plan", whole=True, bad="our own notes\n", good=None, command="trainspec compile specs"
    ),
}
