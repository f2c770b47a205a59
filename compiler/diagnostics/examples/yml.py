"""Examples of YML0xx."""

from compiler.diagnostics.examples.example import Example, Situation

EXAMPLES: dict[str, Example | Situation] = {
    "YML001": Example(bad="trainspec check specs/shp", good="trainspec check specs/shop", file=""),
    "YML002": Example(
        bad="    task: answer in the caf\udce9",  # one byte of Latin-1
        good="    task: answer in the café",
        instead_of="    task: answer questions about orders",
    ),
    "YML003": Example(
        bad="    task: answer: questions about orders",
        good='    task: "answer: questions about orders"',
        instead_of="    task: answer questions about orders",
    ),
    "YML004": Example(bad="  seed: 42\n  seed: 43", good="  seed: 42"),
    "YML005": Example(
        bad=f"    task: {'[' * 41}{']' * 41}",
        good="    task: answer questions about orders",
    ),
    "YML006": Example(
        bad="    task: !!str answer questions about orders",
        good="    task: answer questions about orders",
    ),
    "YML007": Example(bad="  seed: 42\n---\nkind: ClusterProfile", good="  seed: 42"),
}
