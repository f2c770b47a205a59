"""RND5xx: rendering, and what is on disk."""

from compiler.diagnostics.codes.row import Code

TABLE: dict[str, Code] = {
    "RND501": Code(
        "error",
        "rendered text does not read back as intended",
        "A template changed a value; this is a defect of the compiler.",
        "Report it with the spec that shows it.",
    ),
    "RND502": Code(
        "error",
        "plan on disk is not what the spec compiles to",
        "CI applies the committed plan, so it must be the compiled one.",
        "Run `trainspec compile` and commit the result.",
    ),
    "RND503": Code(
        "error",
        "plan could not be written",
        "The old plan is kept whole when the new one cannot be written.",
        "Free space or mend permissions, then compile again.",
    ),
}
