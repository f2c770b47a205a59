"""Examples as tokens with labels: what the model reads, and which of it is learnt.

TRL would do this inside its trainer, but only after a model is loaded, without labels for conversations unless the chat
template marks its answers, and by dropping or cutting what is too long. So the trainer is given tokens.
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from runtime.contract.errors import StageError
from runtime.contract.turns import calls_of
from runtime.data.examples import Example

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase

IGNORED = -100  # the label of a token that is not learnt
_MAX_NAMED = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Tokens:
    """One sequence: `labels` are `ids`, with -100 where nothing is learnt. Both are as long as the sequence."""

    ids: list[int]
    labels: list[int]


def require_template(examples: Sequence[Example], tokenizer: "PreTrainedTokenizerBase", model: str) -> None:
    """RUN718 if rows of turns are given to a tokenizer that has no chat template to write them with."""
    if tokenizer.chat_template is None and any(example.turns is not None for example in examples):
        message = f"the tokenizer of `{model}` has no chat template, and the rows are turns with roles"
        raise StageError("RUN718", message, "write the rows as plain text, or choose a model that was taught to chat")


def tokens_of(example: Example, tokenizer: "PreTrainedTokenizerBase") -> list[Tokens]:
    """Return the example's sequences: one, or one for each answer where the template rewrites earlier answers.

    Some templates leave out of the history what they write in the last answer (its thoughts). One sequence with all
    answers would then show the model a history that it never meets: each answer gets its own. RUN718 if the template
    cannot write the turns.
    """
    if example.turns is None:
        return [_plain(example, tokenizer)]
    whole = render(example, len(example.turns), tokenizer)
    require_all_written(example, whole, tokenizer)
    answers = [
        index for index, turn in enumerate(example.turns) if turn["role"] == "assistant" and index >= example.first
    ]
    spans, apart = [], []
    for index in answers:
        start = render(example, index, tokenizer, asks=True) if index else _before_first(example, tokenizer)
        end = whole if index + 1 == len(example.turns) else render(example, index + 1, tokenizer)
        apart.append(_labelled(end, [(common_prefix(start, end), len(end))]))
        if whole[: len(end)] == end:
            spans.append((common_prefix(start, whole), len(end)))
    return [_labelled(whole, spans)] if len(spans) == len(answers) else apart


def length_of(example: Example, tokenizer: "PreTrainedTokenizerBase") -> int:
    """Return how many tokens the whole example has; RUN718 if the template cannot write it."""
    if example.turns is None:
        return len(tokenizer(example.prompt + _with_end(example.answer, tokenizer))["input_ids"])
    whole = render(example, len(example.turns), tokenizer)
    require_all_written(example, whole, tokenizer)
    return len(whole)


def render(example: Example, count: int, tokenizer: "PreTrainedTokenizerBase", *, asks: bool = False) -> list[int]:
    """Return the tokens of the first `count` turns; `asks` adds what stands before an answer. RUN718 if that fails."""
    turns = [{**turn, "content": turn.get("content") or ""} for turn in (example.turns or [])[:count]]
    try:
        encoded: Any = tokenizer.apply_chat_template(
            turns, tools=example.tools, add_generation_prompt=asks, tokenize=True, return_dict=True
        )
    except Exception as error:  # a template is a program of the model's makers: it raises what it likes
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        message = f"{example.place}: the chat template cannot write these turns: {reason}"
        raise StageError("RUN718", message, "use the roles and their order that the template knows") from error
    return list(encoded["input_ids"])


def _plain(example: Example, tokenizer: "PreTrainedTokenizerBase") -> Tokens:
    """A plain prompt and its answer as evaluations ask it: the prompt's own tokens come first."""
    answer = _with_end(example.answer, tokenizer)
    prompt, whole = (list(tokenizer(text)["input_ids"]) for text in (example.prompt, example.prompt + answer))
    if common_prefix(prompt, whole) < len(prompt):  # its last token takes in the answer's first letters
        joined = [*prompt, *tokenizer(answer, add_special_tokens=False)["input_ids"]]
        if tokenizer.decode(joined) == tokenizer.decode(whole):  # some tokenizers put a space before each text
            whole = joined
    return _labelled(whole, [(common_prefix(prompt, whole), len(whole))])


def _before_first(example: Example, tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    """What stands before the first turn's content, where that turn is an answer: what no other content changes."""
    first = (example.turns or [])[0]
    other = "0" if not str(first.get("content") or "").startswith("0") else "1"
    probe = replace(example, turns=[{"role": "assistant", "content": other}])
    one, two = (render(each, 1, tokenizer) for each in (example, probe))
    return one[: common_prefix(one, two)]


def require_all_written(
    example: Example, ids: list[int], tokenizer: "PreTrainedTokenizerBase", *, asks: bool = False
) -> None:
    """RUN718 if the template passes over calls or tools in `ids`, which `render` made of all turns: the model would
    never be shown what it answers to.
    """
    turns = example.turns or []
    named = sorted({*calls_of(turns), *(tool["function"]["name"] for tool in example.tools or ())})
    text = tokenizer.decode(ids) if named else ""
    lost = [name for name in named if name not in text]
    # a name may stand in what somebody said too: what is written makes a difference
    bare = [{name: value for name, value in turn.items() if name != "tool_calls"} for turn in turns]
    for without in (replace(example, tools=None), replace(example, turns=bare)):
        if named and without != example and _rendered(without, tokenizer, asks=asks) == ids:
            lost = named
    if lost:
        shown = ", ".join(f"`{name}`" for name in lost[:_MAX_NAMED])
        message = f"{example.place}: the chat template writes neither tools nor calls: {shown} is lost"
        hint = "choose a model whose chat template knows tools, or write the calls as text in `content`"
        raise StageError("RUN718", message, hint)


def _rendered(example: Example, tokenizer: "PreTrainedTokenizerBase", *, asks: bool) -> list[int]:
    """As `render`; nothing where the template cannot write these turns."""
    try:
        return render(example, len(example.turns or []), tokenizer, asks=asks)
    except StageError:
        return []


def common_prefix(tokens: Sequence[int], others: Sequence[int]) -> int:
    """Return how many tokens two sequences begin with in common."""
    pairs = enumerate(zip(tokens, others, strict=False))
    return next((index for index, (one, other) in pairs if one != other), min(len(tokens), len(others)))


def dataset_of(sequences: Iterable[Tokens]) -> "Dataset":
    """Return the sequences as the columns `input_ids` and `labels`, which `trl.SFTTrainer` takes as they are."""
    import numpy as np
    from datasets import Dataset

    ids, labels = [], []
    for tokens in sequences:  # 8 bytes a token and its label; lists of Python's integers would take ten times that
        ids.append(np.asarray(tokens.ids, dtype=np.int32))
        labels.append(np.asarray(tokens.labels, dtype=np.int32))
    return Dataset.from_dict({"input_ids": ids, "labels": labels})


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """The most tokens that a sequence may have, and what sets it, for messages."""

    tokens: int
    what: str

    def require(self, lengths: Sequence[int], places: Sequence[str]) -> None:
        """RUN717 if a sequence is longer: TRL would cut it, or drop the row, without a word."""
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
        """Return the indices of the rows that are short enough; each row has one of `lengths`, and one of `examples`.

        RUN717 if a row of the plan is longer; rows that an earlier stage made are left out then, and RUN712 if none is
        left.
        """
        given = [index for index, example in enumerate(examples) if not example.is_made]
        self.require([lengths[index] for index in given], [examples[index].place for index in given])
        kept = [index for index, length in enumerate(lengths) if length <= self.tokens]
        if not kept:
            message = f"none of the {len(lengths)} rows is left: each has more than {self.tokens} tokens, {self.what}"
            raise StageError("RUN712", message, "raise `trainer.max_length`, or have shorter answers made")
        return kept


def limit_of(max_length: int | None, context: int | None) -> Limit:
    """Return the tighter of `trainer.max_length` and the model's context, in tokens; None is no limit."""
    if max_length is not None and (context is None or max_length <= context):
        return Limit(tokens=max_length, what="which is `trainer.max_length`")
    return Limit(tokens=context or sys.maxsize, what="which is all that the model can read")


def _labelled(ids: list[int], spans: Iterable[tuple[int, int]]) -> Tokens:
    labels = [IGNORED] * len(ids)
    for start, end in spans:
        labels[start:end] = ids[start:end]
    return Tokens(ids=ids, labels=labels)


def _with_end(answer: str, tokenizer: "PreTrainedTokenizerBase") -> str:
    end: str = tokenizer.eos_token or ""
    return answer if end and answer.endswith(end) else answer + end
