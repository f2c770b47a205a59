"""Rules derived from the right answers and the badcases, for a job without a reflection model."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from runtime.data.questions import Question
from runtime.make.prompts.draft import Draft, Language, shown_question
from runtime.make.prompts.splits import of_kinds, ordered

MOST_LABELS = 60
CONTRASTS = 6
LONGEST = 300  # characters of each text in a rule
_NUMBER = re.compile(r"[-+−]?[\d,.]+\s?%?")

_TEXTS: dict[Language, dict[str, str]] = {
    "en": {
        "label": "Answer with exactly one of these, written as here: {}.",
        "json": "Answer with one JSON object with the keys {}, and nothing before or after it.",
        "number": "Answer with the number alone, without words or units that the question does not ask for.",
        "short": "Answer in at most {} characters.",
        "alone": "Write the answer alone: no explanation, no greeting, no repetition of the question.",
        "contrast": "To “{}” the right answer is “{}”, not “{}”.",
    },
    "zh": {
        "label": "只能回答以下之一，写法与此处完全一致：{}。",
        "json": "只输出一个 JSON 对象，键为 {}，前后不要有任何其他内容。",
        "number": "只输出数字，不要写题目没有要求的文字或单位。",
        "short": "回答不超过 {} 个字。",
        "alone": "只写答案本身：不解释、不寒暄、不复述问题。",
        "contrast": "对于“{}”，正确答案是“{}”，而不是“{}”。",
    },
}


def rules(draft: Draft, rows: Sequence[Question], kinds: Sequence[str]) -> Iterator[Draft]:
    """Yield prompts with other rules: on the form of the answer, and on mistakes of some kinds of badcases."""
    form = form_rules(rows, draft.language)
    alone = _TEXTS[draft.language]["alone"]
    yield draft.changed("rules", "rules on the form of the answer", rules=(*form, alone))
    if form:
        yield draft.changed("rules", "a rule on the form of the answer", rules=tuple(form))
        yield draft.changed("rules", "a rule against explanations", rules=(alone,))
    contrasts = tuple(_contrasts(of_kinds(rows, kinds), draft.language))
    if contrasts:
        yield draft.changed("rules", "rules on single mistakes", rules=contrasts)
        yield draft.changed("rules", "rules on the form and on single mistakes", rules=(*form, alone, *contrasts))


def form_rules(rows: Sequence[Question], language: Language) -> list[str]:
    """Return the rules that all right answers keep to: a set of labels, the keys of an object, a number, a length."""
    answers = [str(each.reference).strip() for each in rows]
    texts, counts = _TEXTS[language], Counter(answers)
    separator = "、" if language == "zh" else ", "
    if keys := _json_keys(answers):
        return [texts["json"].format(separator.join(f"`{key}`" for key in keys))]
    if all(_NUMBER.fullmatch(each) for each in answers):
        return [texts["number"]]
    if len(counts) <= MOST_LABELS and len(answers) >= 2 * len(counts) and max(map(len, counts)) <= LONGEST // 3:
        return [texts["label"].format(separator.join(sorted(counts)))]
    longest = max(map(len, answers))
    return [texts["short"].format(10 * (longest // 10 + 1))] if longest <= LONGEST else []


def _json_keys(answers: Sequence[str]) -> list[str]:
    """Return the keys that all answers have as JSON objects; empty if one is none."""
    keys: set[str] | None = None
    for answer in answers:
        try:
            value = json.loads(answer)
        except (ValueError, RecursionError):
            return []
        if not isinstance(value, dict):
            return []
        keys = set(value) if keys is None else keys & set(value)
    return sorted(keys or ())


def _contrasts(rows: Sequence[Question], language: Language) -> Iterator[str]:
    """Yield one rule for each of a few badcases with the wrong answer that was logged."""
    wrong = [each for each in rows if isinstance(each.row.get("answer"), str) and each.is_fix]
    for each in ordered(wrong, lambda one: shown_question(one.prompt))[:CONTRASTS]:
        parts = [shown_question(each.prompt), str(each.reference), str(each.row["answer"])]
        yield _TEXTS[language]["contrast"].format(*(_line(part) for part in parts))


def _line(text: str) -> str:
    """Return a text on one line, cut at `LONGEST`."""
    line = " ".join(text.split())
    return f"{line[:LONGEST]}…" if len(line) > LONGEST else line
