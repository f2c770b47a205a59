"""The prompts of an augmentation in English and Chinese; the English ones keep the language of their passage.

Replies are lines with a keyword, which `parse` reads. Passages are foreign text: whatever they say, a reply is used
only where it has this form and passes the checks of `keep`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompts:
    """Templates for `str.format`: of `passage`, `facts`, `fact`, `statement` or `question`.

    `judge` asks for one of the two words of `verdicts`: yes and no.
    """

    extract: str
    restate: str
    judge: str
    atomic: str
    aggregated: str
    multi_hop: str
    answer: str
    verdicts: tuple[str, str]


_FORM_EN = """Write exactly two lines:
QUESTION: the question
ANSWER: the answer

The reader has no text at hand: the question names what it is about, and never says "the passage", "the text" or "the \
facts". Write in the language of the facts. Use nothing that the facts do not say."""

ENGLISH = Prompts(
    extract="""List what the passage below says, one item on each line, in two forms:
ENTITY | name | type | what the passage says about it, in one sentence
RELATION | name of an entity | name of another entity | the fact that connects them, as one full sentence

Copy names as the passage writes them. Each RELATION is a fact that can be checked in the passage, with its numbers, \
dates and conditions, and makes sense without the passage. Write in the language of the passage, and nothing else.

<passage>
{passage}
</passage>""",
    restate="""A fact: {fact}

Write exactly two lines, in the language of the fact:
TRUE: the same fact in other words
FALSE: a sentence of the same form that contradicts the fact in one point""",
    judge="""Is this statement true? Answer with one word: yes or no.

{statement}""",
    atomic="""Facts:
{facts}

Write one question that a person may ask and that a single one of these facts answers, and its short answer.

"""
    + _FORM_EN,
    aggregated="""Facts:
{facts}

Write one question that only several of these facts together answer, such as one that asks for an overview, a \
comparison or a list, and an answer of some sentences that brings them together.

"""
    + _FORM_EN,
    multi_hop="""Facts:
{facts}

Write one question that takes at least two of these facts to answer: describe the thing that connects them instead of \
naming it, so that the first fact leads to it and the second one to the answer. Then write the short answer.

"""
    + _FORM_EN,
    answer="""Answer the question from the passages alone, in one or a few sentences, in the language of the question. \
If they do not answer it, write only: UNANSWERABLE

<passages>
{passage}
</passages>

Question: {question}""",
    verdicts=("yes", "no"),
)

_FORM_ZH = """只写两行：
QUESTION: 问题
ANSWER: 答案

读者手边没有原文：问题要写明所问的对象，不要出现“上文”“文中”“根据材料”等字样。不要使用事实之外的内容。"""

CHINESE = Prompts(
    extract="""列出下面这段文字所说的内容，每行一项，只用两种格式：
ENTITY | 名称 | 类型 | 用一句话写出文中对它的说明
RELATION | 一个实体的名称 | 另一个实体的名称 | 用一个完整的句子写出联系二者的事实

名称照抄原文。每个 RELATION 都是可以在文中核对的事实，保留数字、日期和条件，脱离原文也能看懂。用中文书写，不写其他内容。

<passage>
{passage}
</passage>""",
    restate="""事实：{fact}

只写两行：
TRUE: 换一种说法复述这个事实
FALSE: 句式相同、但有一处与事实相反的句子""",
    judge="""下面的说法正确吗？只回答一个字：是或否。

{statement}""",
    atomic="""事实：
{facts}

写一个人们可能会问、只凭其中一条事实就能回答的问题，以及简短的答案。

"""
    + _FORM_ZH,
    aggregated="""事实：
{facts}

写一个需要综合其中多条事实才能回答的问题（例如概述、比较或列举），并用几句话综合这些事实作答。

"""
    + _FORM_ZH,
    multi_hop="""事实：
{facts}

写一个至少需要两条事实才能回答的问题：不直接说出连接它们的事物，而是描述它，使第一条事实引出它，第二条事实引出答案。再写简短的答案。

"""
    + _FORM_ZH,
    answer="""只根据下面的材料，用一句或几句话回答问题。如果材料没有回答这个问题，只写：UNANSWERABLE

<passages>
{passage}
</passages>

问题：{question}""",
    verdicts=("是", "否"),
)

PROMPTS = {"en": ENGLISH, "zh": CHINESE}

# a request and its reply before the real one: small models follow an example where they do not follow a description
_EXAMPLES_EN: dict[str, tuple[dict[str, str], str]] = {
    "extract": (
        {"passage": "The Marlow bridge crosses the river Teme. It was built by Ada Finch in 1871."},
        "ENTITY | Marlow bridge | bridge | It crosses the river Teme and was built in 1871.\n"
        "ENTITY | river Teme | river | The Marlow bridge crosses it.\n"
        "ENTITY | Ada Finch | person | She built the Marlow bridge.\n"
        "RELATION | Marlow bridge | river Teme | The Marlow bridge crosses the river Teme.\n"
        "RELATION | Ada Finch | Marlow bridge | Ada Finch built the Marlow bridge in 1871.",
    ),
    "restate": (
        {"fact": "Ada Finch built the Marlow bridge in 1871."},
        "TRUE: The Marlow bridge was built by Ada Finch in 1871.\nFALSE: Ada Finch built the Marlow bridge in 1902.",
    ),
    "atomic": (
        {"facts": "- Ada Finch built the Marlow bridge in 1871."},
        "QUESTION: Who built the Marlow bridge?\nANSWER: Ada Finch.",
    ),
    "multi_hop": (
        {"facts": "- Ada Finch built the Marlow bridge in 1871.\n- The Marlow bridge crosses the river Teme."},
        "QUESTION: Which river does the bridge that Ada Finch built cross?\nANSWER: The river Teme.",
    ),
}
_EXAMPLES_ZH: dict[str, tuple[dict[str, str], str]] = {
    "extract": (
        {"passage": "明溪桥横跨白水河，由林若山于1871年主持修建。"},
        "ENTITY | 明溪桥 | 桥梁 | 横跨白水河，建于1871年。\n"
        "ENTITY | 白水河 | 河流 | 明溪桥横跨此河。\n"
        "ENTITY | 林若山 | 人物 | 主持修建明溪桥。\n"
        "RELATION | 明溪桥 | 白水河 | 明溪桥横跨白水河。\n"
        "RELATION | 林若山 | 明溪桥 | 林若山于1871年主持修建明溪桥。",
    ),
    "restate": (
        {"fact": "林若山于1871年主持修建明溪桥。"},
        "TRUE: 明溪桥由林若山主持修建，时间是1871年。\nFALSE: 林若山于1902年主持修建明溪桥。",
    ),
    "atomic": ({"facts": "- 林若山于1871年主持修建明溪桥。"}, "QUESTION: 明溪桥由谁主持修建？\nANSWER: 林若山。"),
    "multi_hop": (
        {"facts": "- 林若山于1871年主持修建明溪桥。\n- 明溪桥横跨白水河。"},
        "QUESTION: 林若山主持修建的桥横跨哪条河？\nANSWER: 白水河。",
    ),
}
EXAMPLES = {"en": _EXAMPLES_EN, "zh": _EXAMPLES_ZH}


def turns_of(language: str, name: str, **fields: str) -> list[dict[str, str]]:
    """Return the prompt called `name` with its `fields` as turns, after an example where it has one."""
    template: str = getattr(PROMPTS[language], name)
    turns = [{"role": "user", "content": template.format(**fields)}]
    if name not in EXAMPLES[language]:
        return turns
    given, reply = EXAMPLES[language][name]
    return [
        {"role": "user", "content": template.format(**given)},
        {"role": "assistant", "content": reply},
        *turns,
    ]
