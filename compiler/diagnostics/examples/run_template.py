"""Examples of RUN724 to RUN726: chat templates."""

from compiler.diagnostics.examples.example import Example, Situation

EXAMPLES: dict[str, Example | Situation] = {
    "RUN724": Situation(
        bad="A ChatML template ends each answer with `<|im_end|>`, which the tokenizer does not list as a special token.",
        good="The tokenizer lists it as a special token, so answers are one token longer and generation stops there.",
    ),
    "RUN725": Situation(
        bad="A chat template writes `<|im_start|>assistant` before answers, but ignores `add_generation_prompt`.",
        good="The template writes it after a prompt if `add_generation_prompt` is true, so only answers are learnt.",
    ),
    "RUN726": Example(
        file="data/train.jsonl",
        command="python -m runtime stage.yaml",
        bad='{"id": "d0", "prompt": "demo 0?", "completion": "it ends with <|im_end|> always"}\n',
        good='{"id": "d0", "prompt": "demo 0?", "completion": "answer 0"}\n',
    ),
}
