"""Examples as tokens and labels, which mark the tokens to train on.

TRL tokenizes inside its trainer, but only after a model is loaded, without labels for conversations unless the chat
template marks the answers, and it drops or cuts rows that are too long. So stages pass tokens to the trainer.
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from runtime.contract.data.turns import calls_of
from runtime.contract.errors import StageError
from runtime.data.examples import Example

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase

IGNORED = -100  # the label of a token without loss
_MAX_NAMED = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Tokens:
    """One sequence: `labels` equals `ids`, except for -100 at each token without loss."""

    ids: list[int]
    labels: list[int]


def require_template(examples: Sequence[Example], tokenizer: "PreTrainedTokenizerBase", model: str) -> None:
    """Raise RUN718 if rows consist of turns, but the tokenizer has no chat template."""
    if tokenizer.chat_template is None and any(example.turns is not None for example in examples):
        message = f"the tokenizer of `{model}` has no chat template, but the rows consist of turns with roles"
        raise StageError("RUN718", message, "write the rows as plain text, or choose a chat model")


def tokens_of(example: Example, tokenizer: "PreTrainedTokenizerBase") -> list[Tokens]:
    """Return the example as one sequence, or as one per learnt answer if the template rewrites earlier answers.

    Some templates write thoughts in the last answer but omit them from the history. A single sequence would then
    contain a history that the model never sees in use. RUN718 if the template cannot write the turns.
    """
    if example.turns is None:
        return [_plain(example, tokenizer)]
    whole = render(example, len(example.turns), tokenizer)
    require_all_written(example, whole, tokenizer)
    answers = example.learnt
    spans, apart = [], []
    for index in answers:
        start = render(example, index, tokenizer, asks=True) if index else _before_first(example, tokenizer)
        end = whole if index + 1 == len(example.turns) else render(example, index + 1, tokenizer)
        apart.append(_labelled(end, [(common_prefix(start, end), len(end))]))
        if whole[: len(end)] == end:
            spans.append((common_prefix(start, whole), len(end)))
    return [_labelled(whole, spans)] if len(spans) == len(answers) else apart


def length_of(example: Example, tokenizer: "PreTrainedTokenizerBase") -> int:
    """Return the length of the whole example in tokens; RUN718 if the template cannot write it."""
    if example.turns is None:
        return len(tokenizer(example.prompt + _with_end(example.answer, tokenizer))["input_ids"])
    whole = render(example, len(example.turns), tokenizer)
    require_all_written(example, whole, tokenizer)
    return len(whole)


def render(example: Example, count: int, tokenizer: "PreTrainedTokenizerBase", *, asks: bool = False) -> list[int]:
    """Return the tokens of the first `count` turns; RUN718 if the template fails.

    `asks` adds the template's prefix of an answer.
    """
    turns = [{**turn, "content": turn.get("content") or ""} for turn in (example.turns or [])[:count]]
    try:
        encoded: Any = tokenizer.apply_chat_template(
            turns, tools=example.tools, add_generation_prompt=asks, tokenize=True, return_dict=True
        )
    except Exception as error:  # a template is a program from the model's authors and may raise anything
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        message = f"{example.place}: the chat template cannot write these turns: {reason}"
        raise StageError("RUN718", message, "use the roles, and their order, that the template supports") from error
    return list(encoded["input_ids"])


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
    """Return the template's prefix of a first turn that is an answer: tokens that do not depend on its content."""
    first = (example.turns or [])[0]
    other = "0" if not str(first.get("content") or "").startswith("0") else "1"
    probe = replace(example, turns=[{"role": "assistant", "content": other}])
    one, two = (render(each, 1, tokenizer) for each in (example, probe))
    return one[: common_prefix(one, two)]


def require_all_written(
    example: Example, ids: list[int], tokenizer: "PreTrainedTokenizerBase", *, asks: bool = False
) -> None:
    """Raise RUN718 if the template drops calls or tools from `ids`, the result of `render` on all turns.

    The model would never see what it answers to.
    """
    turns = example.turns or []
    named = sorted({*calls_of(turns), *(tool["function"]["name"] for tool in example.tools or ())})
    text = tokenizer.decode(ids) if named else ""
    lost = [name for name in named if name not in text]
    # Other text may mention a name too, so compare with a rendering without the tools or calls.
    bare = [{name: value for name, value in turn.items() if name != "tool_calls"} for turn in turns]
    for without in (replace(example, tools=None), replace(example, turns=bare)):
        if named and without != example and _rendered(without, tokenizer, asks=asks) == ids:
            lost = named
    if lost:
        shown = ", ".join(f"`{name}`" for name in lost[:_MAX_NAMED])
        message = f"{example.place}: the chat template writes neither tools nor calls, so it loses {shown}"
        hint = "choose a model whose chat template supports tools, or write the calls as text in `content`"
        raise StageError("RUN718", message, hint)


def _rendered(example: Example, tokenizer: "PreTrainedTokenizerBase", *, asks: bool) -> list[int]:
    """Return the tokens of all turns, or an empty list if the template cannot write them."""
    try:
        return render(example, len(example.turns or []), tokenizer, asks=asks)
    except StageError:
        return []


def common_prefix(tokens: Sequence[int], others: Sequence[int]) -> int:
    """Return the length of the common prefix of two sequences."""
    pairs = enumerate(zip(tokens, others, strict=False))
    return next((index for index, (one, other) in pairs if one != other), min(len(tokens), len(others)))


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
