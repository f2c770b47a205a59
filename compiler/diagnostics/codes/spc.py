"""SPC1xx: the document does not follow the schema."""

from compiler.diagnostics.codes.row import Code

TABLE: dict[str, Code] = {
    "SPC101": Code(
        "error",
        "required field is missing",
        "The compiler does not guess what only the team can know.",
        "Add the field.",
    ),
    "SPC102": Code(
        "error",
        "unknown field",
        "A misspelt field would be ignored in silence, so unknown fields are refused.",
        "Correct the name, or remove the field.",
    ),
    "SPC103": Code(
        "error", "wrong type", "The value is of another type than the field takes.", "Write a value of the type named."
    ),
    "SPC104": Code(
        "error", "value is not allowed", "The field takes only some values.", "Use one of the values named."
    ),
    "SPC105": Code(
        "error",
        "unknown apiVersion or kind",
        "The compiler must know the version of the language to read the spec.",
        "Use a version and kind that the message names.",
    ),
    # SPC106 and SPC107 are reserved for older versions of the language
}
