"""Examples of the codes about prompts."""

from compiler.diagnostics.examples.example import Example, Situation
from compiler.diagnostics.examples.project import ROUNDS, ROUNDS_FILE, SPEC

PROMPT_FILE = "specs/shop/prompt.md"
PROMPT = "Answer questions about orders in one word.\n"
PROMPT_SPEC = SPEC.replace("  data:\n", "  prompt: {path: prompt.md}\n  data:\n")
STILL_GAINING = ROUNDS.replace("few-shot, score: 0.30", "few-shot, score: 0.45")
_GIVEN = (("specs/shop/spec.yaml", PROMPT_SPEC),)

EXAMPLES: dict[str, Example | Situation] = {
    "CHK253": Situation(
        bad="The prompt was saved as GB18030.",
        good="It is saved as UTF-8.",
    ),
    "CHK254": Situation(
        bad="A handbook of 2 MB is the prompt.",
        good="A retriever finds the passage that a question needs, and the prompt says how to use it.",
    ),
    "CHK255": Example(
        file=PROMPT_FILE,
        whole=True,
        bad="Answer in one word.\n\n{{question}}\n",
        good="Answer in one word.\n\n{question}\n",
        given=_GIVEN,
    ),
    "CHK256": Example(file=PROMPT_FILE, whole=True, bad="", good=PROMPT, given=_GIVEN),
    "PLN421": Example(
        bad="  model:\n    name: tiny",
        good="  prompt: {path: prompt.md}\n  model:\n    name: tiny",
        instead_of="  model:\n    name: tiny",
        given=((PROMPT_FILE, PROMPT), (ROUNDS_FILE, STILL_GAINING)),
    ),
    "PLN422": Example(
        bad="  prompt: {path: prompt.md, maxCalls: 20}",
        good="  prompt: {path: prompt.md, maxCalls: 5000}",
        instead_of="  seed: 42",
        given=((PROMPT_FILE, PROMPT), (ROUNDS_FILE, STILL_GAINING)),
    ),
    "RUN775": Situation(
        bad="The spec has five badcases, so no rows are left to choose a prompt by.",
        good="Thirty labelled badcases and a hundred demonstrations give each split its own rows.",
    ),
    "RUN777": Situation(
        bad="`maxCalls` is 50, but the current prompt is measured on 300 held-out rows.",
        good="`maxCalls` is what `PLAN.md` says that the settings can need.",
    ),
    "RUN778": Situation(
        bad="Somebody edits `prompt.md` on the data volume after the plan was reviewed.",
        good="The new prompt is committed and compiled, and the load stage copies it.",
    ),
}
