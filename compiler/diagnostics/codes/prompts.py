"""Codes about prompts: the file of the spec (CHK25x), the plan (PLN42x), and the stage (RUN77x)."""

from compiler.diagnostics.codes.row import Code

TABLE: dict[str, Code] = {
    "CHK253": Code(
        "error",
        "prompt file is not UTF-8",
        "The model would read other characters than the team wrote.",
        "Save the file as UTF-8.",
    ),
    "CHK254": Code(
        "error",
        "prompt file is too large",
        "The prompt comes before every question: a long one costs money on each call and leaves no room for an answer.",
        "Shorten it, and put knowledge into a retriever.",
    ),
    "CHK255": Code(
        "error",
        "slot of the prompt is unclear",
        "The question replaces `{question}`, and nothing else in the file.",
        "Write `{question}` once, or not at all for a system prompt.",
    ),
    "CHK256": Code(
        "error",
        "prompt file holds no prompt",
        "It is empty, or contains a character that no text has.",
        "Write the prompt that the system uses now, or remove `spec.prompt`.",
    ),
    "PLN421": Code(
        "warning",
        "optimisation begins with the bare questions",
        "The best prompt is searched from the team's own, and compared with it.",
        "Name the file of the current prompt in `spec.prompt.path`.",
    ),
    "PLN422": Code(
        "warning",
        "budget may not cover one round",
        "A stage whose budget ends before a race is decided keeps the current prompt and is not final.",
        "Allow the calls that the message names, or fewer candidates.",
    ),
    "RUN775": Code(
        "error",
        "too few rows for three splits",
        "Rows that wrote a prompt cannot choose it, and rows that chose it cannot report its score.",
        "Add badcases, demonstrations or held-out rows.",
    ),
    "RUN777": Code(
        "error",
        "budget does not cover the current prompt",
        "Without the score of the current prompt, no other can be compared with it.",
        "Raise `spec.prompt.maxCalls` or `maxCostUsd`; the answers so far are kept.",
    ),
    "RUN778": Code(
        "error",
        "prompt is not that of the plan",
        "The file on the volume has another digest than the reviewed one, or is no prompt.",
        "Copy the file of the plan to the data volume, or compile again.",
    ),
}
