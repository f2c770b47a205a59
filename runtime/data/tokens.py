"""Examples as tokens and labels, which mark the tokens to train on.

TRL tokenizes inside its trainer, but only after a model is loaded, without labels for conversations unless the chat
template marks the answers, and it drops or cuts rows that are too long. So stages pass tokens to the trainer.
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from runtime.contract.errors import StageError
from runtime.data.answer_form import shown
from runtime.data.chat import common_prefix, ids_of, render_text
from runtime.data.examples import Example
from runtime.data.written import require_all_written

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase

IGNORED = -100  # the label of a token without loss
_MAX_NAMED = 5
_PROMPT_HINT = (
    "give these answers their thoughts in `reasoning_content` if the template writes thoughts, or use a chat template "
    "that writes an answer right after its generation prompt"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tokens:
    """One sequence: `labels` equals `ids`, except for -100 at each token without loss."""

    ids: list[int]
    labels: list[int]


def tokens_of(example: Example, tokenizer: "PreTrainedTokenizerBase") -> list[Tokens]:
    """Return the example as one sequence, or as one per learnt answer if the template rewrites earlier answers.

    Some templates write thoughts in the last answer but omit them from the history. A single sequence would then
    contain a history that the model never sees in use. RUN718 if the template cannot write the turns or loses a text,
    RUN725 if the prompt of an answer, as evaluations write it, is not how the answer is written in training.
    """
    if example.turns is None:
        return [_plain(example, tokenizer)]
    # The last answer first, whose prompt is the longest: it shows all texts that are lost.
    written = [_written(example, index, tokenizer) for index in reversed(example.learnt)][::-1]
    whole = ids_of(render_text(example, len(example.turns), tokenizer), tokenizer)
    spans = [(start, len(ids)) for ids, start in written if whole[: len(ids)] == ids]
    if len(spans) == len(written):
        return [_labelled(whole, spans)]
    return [_labelled(ids, [(start, len(ids))]) for ids, start in written]


def length_of(example: Example, tokenizer: "PreTrainedTokenizerBase") -> int:
    """Return the length of an example for a trainer that tokenizes by itself.

    Errors as in `tokens_of`; RUN725 also if the tokens of the prompt change next to the answer, which such a trainer
    cannot keep apart.
    """
    if example.turns is None:
        prompt = list(tokenizer(example.prompt)["input_ids"])
        whole = list(tokenizer(example.prompt + _with_end(example.answer, tokenizer))["input_ids"])
    else:
        for index in reversed(example.learnt):
            _written(example, index, tokenizer)
        prompt = ids_of(render_text(example, example.first, tokenizer, asks=True), tokenizer)
        whole = ids_of(render_text(example, len(example.turns), tokenizer), tokenizer)
    if common_prefix(prompt, whole) < len(prompt):
        joined = tokenizer.decode(prompt[common_prefix(prompt, whole) :])
        message = f"{example.place}: the end of the prompt, `{joined}`, and the start of an answer share a token"
        hint = "move the white space at the end of the prompt to the start of the answers, or remove it"
        raise StageError("RUN725", message, hint)
    return len(whole)


def _written(example: Example, index: int, tokenizer: "PreTrainedTokenizerBase") -> tuple[list[int], int]:
    """Return the tokens up to the end of the answer at `index`, and where it starts."""
    text = render_text(example, index + 1, tokenizer)
    last = index == example.learnt[-1]
    require_all_written(example, text, index + 1, tokenizer, learns=True, only_last=not last)
    ids = ids_of(text, tokenizer)
    if index == 0:
        return ids, common_prefix(ids, _before_first(example, tokenizer))
    asked = render_text(example, index, tokenizer, asks=True)
    if not text.startswith(asked):
        common = common_prefix(asked, text)
        message = (
            f"{example.place}: the generation prompt of turn {index + 1} ends with {shown(asked[common:])}, "
            f"but the template writes {shown(text[common:])} there for the answer that is learnt"
        )
        raise StageError("RUN725", message, _PROMPT_HINT)
    start = ids_of(asked, tokenizer)
    if common_prefix(start, ids) < len(start):  # its last token merges with the answer's first letters
        ids = [*start, *ids_of(text[len(asked) :], tokenizer)]
    return ids, len(start)


def _plain(example: Example, tokenizer: "PreTrainedTokenizerBase") -> Tokens:
    """Return a plain prompt and its answer; as in evaluations, the prompt's own tokens come first."""
    answer = _with_end(example.answer, tokenizer)
    prompt, whole = (list(tokenizer(text)["input_ids"]) for text in (example.prompt, example.prompt + answer))
    if common_prefix(prompt, whole) < len(prompt):  # its last token merges with the answer's first letters
        joined = [*prompt, *tokenizer(answer, add_special_tokens=False)["input_ids"]]
        if tokenizer.decode(joined) == tokenizer.decode(whole):  # some tokenizers put a space before each text
            whole = joined
    return _labelled(whole, [(common_prefix(prompt, whole), len(whole))])


def _before_first(example: Example, tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    """Return the tokens of a first turn that is an answer and has another text, whose start is the template's."""
    first = (example.turns or [])[0]
    other = "0" if not str(first.get("content") or "").startswith("0") else "1"
    probe = replace(example, turns=[{"role": "assistant", "content": other}])
    return ids_of(render_text(probe, 1, tokenizer), tokenizer)


def dataset_of(sequences: Iterable[Tokens]) -> "Dataset":
    """Return the sequences as columns `input_ids` and `labels`, which `trl.SFTTrainer` uses unchanged."""
    import numpy as np
    from datasets import Dataset

    ids, labels = [], []
    for tokens in sequences:  # 8 bytes per token and label; lists of Python integers take ten times that
        ids.append(np.asarray(tokens.ids, dtype=np.int32))
        labels.append(np.asarray(tokens.labels, dtype=np.int32))
    return Dataset.from_dict({"input_ids": ids, "labels": labels})


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """The maximum length of a sequence in tokens; `what` names its origin in messages."""

    tokens: int
    what: str

    def require(self, lengths: Sequence[int], places: Sequence[str]) -> None:
        """Raise RUN717 if a sequence is longer: TRL would silently cut it, or drop the row."""
        over = [pair for pair in zip(lengths, places, strict=True) if pair[0] > self.tokens]
        if over:
            longest = sorted(over, key=lambda pair: (-pair[0], pair[1]))[:_MAX_NAMED]
            named = ", ".join(f"{place} ({length})" for length, place in longest)
            more = f" and {len(over) - _MAX_NAMED} more" if len(over) > _MAX_NAMED else ""
            message = (
                f"{len(over)} of {len(lengths)} rows have more than {self.tokens} tokens, {self.what}: {named}{more}"
            )
            raise StageError(
                "RUN717", message, "raise `trainer.max_length` up to the model's context, or shorten these rows"
            )

    def fitting(self, lengths: Sequence[int], examples: Sequence[Example]) -> list[int]:
        """Return the indices of the rows that fit, from the length and the example of each row.

        RUN717 if a row of the plan is longer. Longer rows that an earlier stage wrote are dropped; RUN712 if no row
        remains.
        """
        given = [index for index, example in enumerate(examples) if not example.is_made]
        self.require([lengths[index] for index in given], [examples[index].place for index in given])
        kept = [index for index, length in enumerate(lengths) if length <= self.tokens]
        if not kept:
            message = f"no row remains: each of {len(lengths)} has more than {self.tokens} tokens, {self.what}"
            raise StageError("RUN712", message, "raise `trainer.max_length`, or generate shorter answers")
        return kept


def limit_of(max_length: int | None, context: int | None) -> Limit:
    """Return the smaller of `trainer.max_length` and the model's context, in tokens; None means no limit."""
    if max_length is not None and (context is None or max_length <= context):
        return Limit(tokens=max_length, what="the value of `trainer.max_length`")
    return Limit(tokens=context or sys.maxsize, what="the size of the model's context")


def _labelled(ids: list[int], spans: Iterable[tuple[int, int]]) -> Tokens:
    labels = [IGNORED] * len(ids)
    for start, end in spans:
        labels[start:end] = ids[start:end]
    return Tokens(ids=ids, labels=labels)


def _with_end(answer: str, tokenizer: "PreTrainedTokenizerBase") -> str:
    end: str = tokenizer.eos_token or ""
    return answer if end and answer.endswith(end) else answer + end
