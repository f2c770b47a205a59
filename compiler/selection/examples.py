"""For each rule a spec that fires it."""


def example_lines(rule_id: str) -> list[str]:
    """The example of a rule, as lines of text."""
    return []
