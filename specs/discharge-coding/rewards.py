"""编码的奖励：每个编码单独得分，主次和写法也算分；一份答案一个分，错在第几个编码由 PPO 的价值函数去分。"""

import re

MAIN, CODES, WHOLE = 0.2, 0.4, 0.4
CODE = re.compile(r"[A-Z]\d\d")
# 两个编码不能同时出现的例子：糖尿病的两型（真实规则有几百条，放在医院自己的表里）
EXCLUSIVE = ({"E10", "E11"},)


def code_credit(prompts: list[object], completions: list[object], **columns: object) -> list[float]:
    """每份答案的分数，0 到 1；`columns["reference"]` 是编码员的答案。"""
    references = columns["reference"]
    if not isinstance(references, list):
        raise TypeError("column `reference` is missing: the coder's answers are what is compared with")
    return [score(text(made), text(right)) for made, right in zip(completions, references, strict=True)]


def score(made: str, right: str) -> float:
    """主要诊断排第一得 0.2，编码按 F1 得到 0.4，整份与编码员一致再得 0.4；互斥的编码同时出现得零分。"""
    found, wanted = CODE.findall(made), CODE.findall(right)
    if not found or not wanted or any(pair <= set(found) for pair in EXCLUSIVE):
        return 0.0
    f1 = 2 * len(set(found) & set(wanted)) / (len(found) + len(wanted))
    credit: float = MAIN * (found[0] == wanted[0]) + CODES * f1 + WHOLE * (made.strip() == right)
    return round(credit, 6)


def text(answer: object) -> str:
    """答案的文字；答案是文字，或只有一轮的对话。"""
    if isinstance(answer, list) and answer and isinstance(answer[-1], dict):
        answer = answer[-1].get("content", "")
    return answer if isinstance(answer, str) else ""
