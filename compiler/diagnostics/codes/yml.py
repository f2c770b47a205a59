"""YML0xx: the text is not YAML that can be read."""

from compiler.diagnostics.codes.row import Code

TABLE: dict[str, Code] = {
    "YML001": Code(
        "error",
        "the file cannot be read",
        "The compiler could not open or read the file.",
        "Check the path and its permissions.",
    ),
    "YML002": Code(
        "error",
        "the file is not UTF-8 text",
        "Specs are UTF-8, so that every language survives.",
        "Save the file as UTF-8 without NUL bytes.",
    ),
    "YML003": Code(
        "error",
        "the YAML is broken",
        "The text does not follow the YAML syntax.",
        "Mend the syntax at the place shown.",
    ),
    "YML004": Code(
        "error",
        "duplicate key",
        "YAML readers keep either value without a word; the compiler keeps neither.",
        "Keep one of the two keys.",
    ),
    "YML005": Code(
        "error",
        "the file is too large or too deep",
        "Specs are untrusted input, so size, nesting and aliases are bounded.",
        "Move bulk data into JSONL files and reference them.",
    ),
    "YML006": Code(
        "error",
        "a YAML feature that specs do not use",
        "Explicit tags and merge keys can run code or hide what a reviewer sees.",
        "Write the value out in plain YAML.",
    ),
    "YML007": Code(
        "error",
        "not exactly one document",
        "One file holds one spec, so that a diagnostic and a review point at one thing.",
        "Split the file, one document each.",
    ),
}
