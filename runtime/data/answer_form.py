"""How a chat template writes an answer: the generation prompt before it, and the end token after it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runtime.contract.errors import StageError
from runtime.data.chat import common_prefix, ids_of, text_of_turns
from runtime.data.examples import Example

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_ASKED = [{"role": "user", "content": "zq"}]
_PROBES = ("5", "8")
# Reasoning models' templates write an empty block before answers without thoughts; metrics score the text after it. The
# generation prompt may open the block.
_NO_THOUGHTS = re.compile(r"\s*((<think>)?\s*</think>)?\s*")
_MAX_SHOWN = 40  # characters
_TAG = re.compile(r"<[^<>\s]{1,60}>|\[/?[A-Z_]{1,40}\]|\\n")  # a token of a template, or a line end as it is shown


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerForm:
    """The texts around an answer.

    `asked` is a prompt with its generation prompt, `bare` the prompt without; `before` and `after` are the text of the
    prompt and an answer up to the answer, and from its end.
    """

    asked: str
    bare: str
    before: str
    after: str

    @property
    def header(self) -> str | None:
        """What the model must write itself before its answer; None if the generation prompt is not what is learnt."""
        return self.before[len(self.asked) :] if self.before.startswith(self.asked) else None


def answer_form(tokenizer: "PreTrainedTokenizerBase") -> AnswerForm | None:
    """Return the form of an answer to one user turn; None if there is no template or it refuses such turns."""
    if tokenizer.chat_template is None:
        return None
    try:
        asked, bare = (text_of_turns(_ASKED, None, tokenizer, asks=asks) for asks in (True, False))
        one, two = (
            text_of_turns([*_ASKED, {"role": "assistant", "content": probe}], None, tokenizer, asks=False)
            for probe in _PROBES
        )
    except Exception:  # the rows themselves show what the template refuses
        return None
    end = len(one) - common_prefix(one[::-1], two[::-1])
    return AnswerForm(asked=asked, bare=bare, before=one[: common_prefix(one, two)], after=one[end:])


def end_of_answers(tokenizer: "PreTrainedTokenizerBase") -> int | None:
    """Return the token that the chat template writes after an answer; None if it is not one special token."""
    form = answer_form(tokenizer)
    if form is None:
        return None
    special = {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    special |= set(tokenizer.all_special_ids)
    for token in ids_of(form.after, tokenizer):
        if token in special:
            return token
        if tokenizer.decode([token]).strip():
            return None
    return None


def require_template(examples: Sequence[Example], tokenizer: "PreTrainedTokenizerBase", model: str) -> None:
    """Raise an error if the tokenizer of `model` cannot write the examples so that answers end, and begin alike.

    RUN718 if rows consist of turns and there is no chat template; RUN724 and RUN725 as in `require_end` and
    `require_generation_prompt`.
    """
    turns = any(example.turns is not None for example in examples)
    if turns and tokenizer.chat_template is None:
        message = f"the tokenizer of `{model}` has no chat template, but the rows consist of turns with roles"
        raise StageError("RUN718", message, "write the rows as plain text, or choose a chat model")
    require_end(tokenizer, turns=turns)
    if turns:
        require_generation_prompt(tokenizer)


def require_end(tokenizer: "PreTrainedTokenizerBase", *, turns: bool) -> None:
    """Raise RUN724 if answers would not end where generation stops, or if prompts would end too early.

    `turns` says whether the chat template writes the rows; then its end of an answer counts.
    """
    if tokenizer.eos_token_id is None:
        message = "the tokenizer of the model has no end token, so no answer would end"
        raise StageError("RUN724", message, "set `eos_token` in its `tokenizer_config.json` to the token after answers")
    if not turns:
        if tokenizer("zq")["input_ids"][-1] == tokenizer.eos_token_id:
            message = f"the tokenizer of the model ends each text with `{tokenizer.eos_token}`, and so each prompt"
            raise StageError("RUN724", message, "set `add_eos_token` in its `tokenizer_config.json` to false")
        return
    form = answer_form(tokenizer)
    if form is None or end_of_answers(tokenizer) is not None:
        return
    written = shown(form.after) if form.after.strip() else "nothing"
    message = (
        f"the chat template writes {written} after an answer, which is no token to stop at, so no answer would end"
    )
    hint = f"end each answer with a special token in the template, such as `{tokenizer.eos_token}`"
    raise StageError("RUN724", message, hint)


def require_generation_prompt(tokenizer: "PreTrainedTokenizerBase") -> None:
    """Raise RUN725 if the template writes more before an answer than its generation prompt.

    The model would learn to write it, and answers would contain it. White space and an empty block of thoughts, which
    no metric counts, are allowed.
    """
    form = answer_form(tokenizer)
    if form is None or form.header is None or _NO_THOUGHTS.fullmatch(form.header):
        return
    what = "its generation prompt and an answer" if form.asked != form.bare else "a prompt and its answer"
    message = f"the chat template writes {shown(form.header)} between {what}, so each answer would begin with it"
    hint = "write this text in the template where `add_generation_prompt` is true"
    raise StageError("RUN725", message, hint)


def shown(text: str) -> str:
    """Return a part of a template's text for messages, cut before a tag rather than in it."""
    line = text.replace("\n", "\\n")
    if len(line) <= _MAX_SHOWN:
        return f"`{line}`"
    inside = (tag for tag in _TAG.finditer(line) if tag.start() < _MAX_SHOWN - 1 < tag.end())
    tag = next(inside, None)
    end = _MAX_SHOWN - 1 if tag is None else tag.start() or tag.end()
    return f"`{line[:end]}{'…' * (end < len(line))}`"
