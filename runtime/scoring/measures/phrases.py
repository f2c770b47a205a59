"""Phrases in an answer: whether it contains what it should, and whether it refuses."""

import re
from collections.abc import Sequence

from runtime.contract.parts import phrases_of
from runtime.contract.words import folded

# How assistants decline, in the folded form of the text. A pattern needs who declines and that it is declined: "cannot"
# alone is also said of orders and rules.
_DECLINES = (
    r"\b(?:i|we)(?: am|'m| are|'re)? (?:unable|not able|not allowed|not permitted)\b",
    r"\b(?:sorry|afraid|apologi[sz]e|regret|unfortunately)\b[^.!?。！？]{0,60}?\b(?:can ?not|can't|unable|not able"
    r"|won't|not possible|not allowed|not permitted|not something|decline|against (?:my|our))\b",
    r"\b(?:i|we) (?:can ?not|can't|could ?n[o']t|will not|won't|must decline|have to decline|would rather not|do not"
    r"|don't) (?:\w+ ){0,2}?(?:help|assist|provide|answer|share|give|comply|discuss|disclose|support|do that|fulfil\w*"
    r"|continue|engage|create|generate|write|offer|recommend|have access|have (?:that|enough|the) information|know)\b",
    r"\b(?:as an|i'm an|i am an) (?:ai|assistant|language model)\b.{0,80}\b(?:can ?not|can't|unable|not able)\b",
    r"\b(?:this|that|your) (?:request|question) (?:is|falls) (?:outside|beyond|against|not something)\b",
    r"\b(?:must|have to) decline\b",
    r"(?:抱歉|对不起|不好意思|很遗憾)[^。！？!?]{0,30}(?:不能|无法|没法|(?<!来)(?<!成)(?<!来的)(?<!成的)不便|不会"
    r"|不可以|不予|没有办法|拒绝)",
    r"(?:我|我们|本人|作为.{0,12}(?:助手|模型|ai|客服))(?:们)?.{0,8}(?:不能|无法|没法|不便|不可以|没有办法|不会|拒绝)"
    r"[^,。！？!?]{0,12}(?:提供|回答|帮|协助|满足|透露|告知|讨论|执行|处理|生成|给出|继续|支持|查询)",
    r"(?:无法|不能|不便)(?:为您|为你|向您|向你)?(?:提供|回答|透露|满足|协助)",
    r"(?:恕|恕我)(?:难|不|无)",
    r"(?:超出|不在).{0,10}(?:服务|业务|能力|回答|职责|知识)?.{0,4}范围",
    r"无可奉告|拒绝(?:回答|提供|协助)",
)
_REFUSAL = re.compile("|".join(_DECLINES))


def contains_phrase(phrase: str, text: str) -> bool:
    """Return whether `text` contains `phrase`; a number in it must not be part of a longer one: 12 is not in 120."""
    if not phrase:
        return False
    before = r"(?<![\d])(?<!\d[.,])" if phrase[0].isdigit() else ""
    after = r"(?![\d])(?![.,]\d)" if phrase[-1].isdigit() else ""
    return re.search(f"{before}{re.escape(phrase)}{after}", text) is not None


def missing_phrases(reference: str, answer: str, *, separator: str | None, fold: bool) -> tuple[list[str], int]:
    """Return the phrases of `reference` that `answer` lacks, and how many it has.

    A reference is one phrase, or several with `separator` between them. With `fold`, case and width do not count.
    """
    parts = phrases_of(reference, separator)
    text = folded(answer) if fold else " ".join(answer.split())
    missing = [each for each in parts if not contains_phrase(folded(each) if fold else each, text)]
    return missing, len(parts) - len(missing)


def refuses(text: str, phrases: Sequence[str] = ()) -> bool:
    """Return whether a text declines, in English or Chinese, or contains one of the team's own `phrases`."""
    plain = folded(text).replace("’", "'")
    return _REFUSAL.search(plain) is not None or any(folded(each) in plain for each in phrases)
