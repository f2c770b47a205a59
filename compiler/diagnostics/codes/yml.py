"""YML0xx: the file cannot be read as YAML."""

from compiler.diagnostics.codes.row import Code

TABLE: dict[str, Code] = {
    "YML001": Code(
        "error",
        "file cannot be read",
        "The compiler cannot open or read the file.",
        "Check the path and its permissions.",
    ),
    "YML002": Code(
        "error",
        "file is not UTF-8 text",
        "Specs are UTF-8, so that text of every language is kept.",
        "Save the file as UTF-8 without NUL bytes.",
    ),
    "YML003": Code(
        "error",
        "YAML syntax is invalid",
        "The text does not follow the YAML syntax.",
        "Fix the syntax at the place shown.",
    ),
    "YML004": Code(
        "error",
        "duplicate key",
        "YAML readers silently keep one of the two values; the compiler keeps neither.",
        "Keep one of the two keys.",
    ),
    "YML005": Code(
        "error",
        "file is too large or nested too deeply",
        "Specs are untrusted input, so size, nesting and aliases are bounded.",
        "Move bulk data into JSONL files, and name these in the spec.",
    ),
    "YML006": Code(
        "error",
        "YAML feature is not allowed",
        "Explicit tags can run code, and merge keys hide values from a reviewer.",
        "Write the value out in plain YAML.",
    ),
    "YML007": Code(
        "error",
        "file does not hold exactly one document",
        "One file holds one document, so that a diagnostic and a review refer to one spec.",
        "Split the file into one file per document.",
    ),
}
