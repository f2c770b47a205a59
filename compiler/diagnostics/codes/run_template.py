"""RUN724 to RUN726: chat templates that do not teach what is asked for later."""

from compiler.diagnostics.codes.row import Code

TABLE: dict[str, Code] = {
    "RUN724": Code(
        "error",
        "answers would not end",
        "Generation stops at special tokens; the tokenizer has no end token, or its chat template writes none after an answer.",
        "End answers with a special token in the chat template, and name it as `eos_token`.",
    ),
    "RUN725": Code(
        "error",
        "generation prompt is not what is learnt",
        "Answers are asked for with the template's generation prompt, but training has other text there.",
        "Use a chat template that writes an answer right after its generation prompt, or give answers their thoughts.",
    ),
    "RUN726": Code(
        "error",
        "rows hold special tokens",
        "The tokenizer reads a special token in a text as a control token: it would forge a turn or end an answer early.",
        "Write the token another way, or remove the rows.",
    ),
}
