"""Whether a metric can use the reference of a row, as far as it shows without a library or a process.

The compiler checks the rows of evaluations so, and a stage before it loads a model.
"""

from collections.abc import Callable, Mapping
from typing import Any

from runtime.contract.answers import final_answer
from runtime.contract.parts import items_of, label_of, phrases_of
from runtime.contract.tool_calls import read_tool_calls
from runtime.contract.words import content_words, words_of

Options = Mapping[str, Any]


def reference_fault(row: Mapping[str, Any], use: str, options: Options, marker: str | None) -> str:
    """Return why the metric `use` cannot compare with a row's reference; empty if it can, or if only a library knows.

    With a `marker`, what follows the last one counts.
    """
    if use == "execution_accuracy":
        return "" if row.get("database") else "lacks `database`, which `execution_accuracy` needs"
    check, reference = _CHECKS.get(use), row.get("reference")
    return check(final_answer(reference, marker), options) if check and isinstance(reference, str) else ""


def _number(reference: str, options: Options) -> str:
    from runtime.contract.numbers.reference import one_number_fault  # many patterns, which other metrics do not need

    fault = one_number_fault(reference)
    return f"the reference is {fault}: `{reference[:60]}`" if fault else ""


def _call(reference: str, options: Options) -> str:
    try:
        read_tool_calls(reference)
    except ValueError as error:
        return f"the reference {error}"
    return ""


def _label(reference: str, options: Options) -> str:
    if label_of(reference, options.get("labels")) is not None:
        return ""
    return f"the reference is none of `labels`: `{reference[:60]}`" if "labels" in options else "the reference is empty"


def _phrases(reference: str, options: Options) -> str:
    return "" if phrases_of(reference, options.get("separator")) else "the reference has no phrase"


def _items(reference: str, options: Options) -> str:
    return "" if items_of(reference, options.get("separator")) else "the reference has no item"


def _words(reference: str, options: Options) -> str:
    return "" if words_of(reference) else "the reference has no word"


def _content(reference: str, options: Options) -> str:
    return "" if content_words(reference) else "the reference has no word but articles"


_CHECKS: Mapping[str, Callable[[str, Options], str]] = {
    "numeric_answer": _number,
    "tool_call": _call,
    "contains": _phrases,
    "token_f1": _content,
    "rouge_l": _words,
    "chrf": _words,
    "refusal": _words,
    "label_accuracy": _label,
    "macro_f1": _label,
    "set_precision": _items,
    "set_recall": _items,
    "set_f1": _items,
}
