"""SPC1xx: the document does not follow the schema."""

from compiler.diagnostics.codes.row import Code

TABLE: dict[str, Code] = {
    "SPC101": Code(
        "error",
        "required field is missing",
        "The compiler does not guess values that only the team knows.",
        "Add the field.",
    ),
    "SPC102": Code(
        "error",
        "unknown field",
        "A misspelt field would be silently ignored, so unknown fields are rejected.",
        "Correct the name, or remove the field.",
    ),
    "SPC103": Code(
        "error",
        "wrong type",
        "The value has a type that the field does not accept.",
        "Write a value of the type named.",
    ),
    "SPC104": Code(
        "error", "value is not allowed", "The field accepts only some values.", "Use one of the values named."
    ),
    "SPC105": Code(
        "error",
        "unknown apiVersion or kind",
        "The version and the kind decide how the file is read.",
        "Use a version and a kind that the message names.",
    ),
    # SPC106 and SPC107 are reserved for older versions of the language
}
