"""The texts of a row that its chat template loses: the model would neither read nor learn them."""

import json
from functools import lru_cache
from typing import TYPE_CHECKING

from runtime.contract.data.turns import calls_of
from runtime.contract.errors import StageError
from runtime.data.chat import text_of_turns
from runtime.data.examples import Example
from runtime.data.turn_texts import Text, forms_of, squeezed, texts_of, with_marks

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_MAX_NAMED = 5
_MAX_SHOWN = 40  # characters
_STRUCTURES = 4096
_TOOLS_HINT = "choose a model whose chat template supports tools, or write the calls as text in `content`"
_HINT = "choose a model whose chat template writes each turn whole"
_HINTS = {
    "system": "choose a model whose chat template writes the system turn, or move its text to the first user turn",
    "tool": "choose a model whose chat template writes results of tools, or write them in a user turn",
    "thoughts": "choose a model whose chat template writes thoughts of the last answer, or remove them from the rows",
}


def require_all_written(
    example: Example,
    text: str,
    count: int,
    tokenizer: "PreTrainedTokenizerBase",
    *,
    learns: bool,
    asks: bool = False,
    only_last: bool = False,
) -> None:
    """Raise RUN718 if a text of the first `count` turns is not in `text`, which the template makes of them.

    `learns` says that the last of them is learnt, so its thoughts must be written. Thoughts of other turns may be
    dropped: reasoning models answer without their earlier thoughts. `only_last` looks for the last turn alone.
    """
    turns = (example.turns or [])[:count]
    lost_marks = _lost_marks(
        tokenizer, str(tokenizer.chat_template), json.dumps(with_marks(turns, example.tools)), asks
    )
    flat = squeezed(text)
    lost = [
        each
        for each in texts_of(turns, example.tools)
        if (each.kind != "thoughts" or (learns and each.turn == count - 1))
        and (not only_last or each.turn == count - 1)
        and (each.key in lost_marks or not any(form in flat for form in forms_of(each.value)))
    ]
    if lost:
        raise _error(example, lost)


@lru_cache(maxsize=_STRUCTURES)
def _lost_marks(
    tokenizer: "PreTrainedTokenizerBase", template: str, marked: str, asks: bool
) -> frozenset[tuple[str, int | None, int]]:
    """Return the keys of the texts that the template loses, of a conversation with a word of its own for each.

    Other text may contain a text of the row by chance, so only such words prove that each is written. Nothing is lost
    if the template refuses them: then the texts themselves decide. `template` only makes the cache right.
    """
    turns, tools = json.loads(marked)
    try:
        text = text_of_turns(turns, tools, tokenizer, asks=asks)
    except Exception:  # a template may refuse a name or a value that it does not know
        return frozenset()
    return frozenset(each.key for each in texts_of(turns, tools) if each.value not in text)


def _error(example: Example, lost: list[Text]) -> StageError:
    first = lost[0]
    if first.kind in ("call", "tool"):
        names = sorted({*calls_of(example.turns or []), *(tool["function"]["name"] for tool in example.tools or ())})
        named = ", ".join(f"`{name}`" for name in names[:_MAX_NAMED])
        has_calls = any(each.kind == "call" for each in lost)
        what = "writes neither tools nor calls" if has_calls else "does not write the tools"
        if all(each.value not in names for each in lost):
            what, named = "does not write all of the tools and calls", f"`{_shown(first.value)}`"
        message = f"{example.place}: the chat template {what}, so it loses {named}"
        return StageError("RUN718", message, _TOOLS_HINT)
    message = (
        f"{example.place}: the chat template does not write all of {first.place}, so it loses `{_shown(first.value)}`"
    )
    return StageError("RUN718", message, _HINTS.get(_role(example, first), _HINT))


def _role(example: Example, text: Text) -> str:
    if text.kind == "thoughts" or text.turn is None:
        return text.kind
    return str((example.turns or [])[text.turn]["role"])


def _shown(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MAX_SHOWN else line[: _MAX_SHOWN - 1] + "…"
