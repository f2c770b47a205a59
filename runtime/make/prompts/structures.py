"""Restructured prompts: deliberation, steps as in ReAct, and an auxiliary chain, each with an answer marker.

ReAct is arXiv 2210.03629. A single prompt writes the auxiliary chain itself: facts first, then a check.
"""

from collections.abc import Iterator

from runtime.make.prompts.draft import Draft, Language

_TEXTS: dict[Language, dict[str, str]] = {
    "en": {
        "deliberation": "Before you answer, name the two answers that come closest, and say in one sentence what "
        "speaks for each. Then decide. End with a line `{marker}` followed by the answer alone.",
        "steps": "Work in steps. In each step write `Thought:` with what is known and what is missing, then `Step:` "
        "with what you do about it. When nothing is missing, end with a line `{marker}` followed by the answer alone.",
        "auxiliary chain": "First list the facts of the question that matter, one a line. Then check each rule above "
        "against them. Then end with a line `{marker}` followed by the answer alone.",
    },
    "zh": {
        "deliberation": "回答之前，先写出最接近的两个答案，各用一句话说明理由，再作决定。"
        "最后另起一行写“{marker}”，后面只写答案。",
        "steps": "分步进行。每一步先写“思考：”，说明已知什么、还缺什么；再写“行动：”，说明这一步做什么。"
        "不缺任何信息时，另起一行写“{marker}”，后面只写答案。",
        "auxiliary chain": "先逐行列出题目中有关的事实，再对照上面的规则逐条检查，"
        "最后另起一行写“{marker}”，后面只写答案。",
    },
}


def structures(draft: Draft) -> Iterator[Draft]:
    """Yield the prompt with each structure in turn."""
    for name, text in _TEXTS[draft.language].items():
        yield draft.changed("restructure", name, structure=text.format(marker=draft.marker))
