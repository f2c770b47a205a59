"""RND5xx: rendering, and the plan folder on disk."""

from compiler.diagnostics.codes.row import Code

TABLE: dict[str, Code] = {
    "RND501": Code(
        "error",
        "rendered text does not parse to the intended values",
        "A template changed a value; this is a bug of the compiler.",
        "Report it with a spec that reproduces it.",
    ),
    "RND502": Code(
        "error",
        "plan on disk differs from the compiled one",
        "CI applies the committed plan, so it must match the spec.",
        "Run `trainspec compile` and commit the result.",
    ),
    "RND503": Code(
        "error",
        "plan cannot be written",
        "The old plan is kept whole if the new one cannot be written.",
        "Free space or fix the permissions, then compile again.",
    ),
}
