"""RUN771 to RUN774: an augmentation, which writes questions and answers from a corpus."""

from compiler.diagnostics.codes.row import Code

TABLE: dict[str, Code] = {
    "RUN771": Code(
        "error",
        "budget ends before any row",
        "Passages are read before questions are written, so a small budget ends without a row; the replies are kept.",
        "Raise the budget of the spec: the stage pays for no reply twice.",
    ),
    "RUN772": Code(
        "error",
        "writer finds no fact",
        "No reply has a line that states a fact about two things which its passage names.",
        "Name a stronger teacher, or use a corpus of connected text.",
    ),
}
