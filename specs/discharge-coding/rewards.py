"""编码的奖励：每个编码单独得分，次序和互斥规则也算分。"""

MAIN, ORDER, OTHERS = 0.4, 0.2, 0.4
# 两个编码不能同时出现的例子：糖尿病的两型（真实规则有几百条，放在医院自己的表里）
EXCLUSIVE = (("E10", "E11"),)


def code_credit(prompts: list[object], completions: list[object], **columns: object) -> list[float]:
    """每份答案的分数，0 到 1；`columns["completion"]` 是编码员的答案。"""
    references = columns["completion"]
    if not isinstance(references, list):
        raise TypeError("column `completion` is missing: the coder's answers are what is compared with")
    return [score(codes(made), codes(right)) for made, right in zip(completions, references, strict=True)]


def score(made: list[str], right: list[str]) -> float:
    """主要诊断、其他诊断（F1）和次序各占一份；互斥的编码同时出现得零分。"""
    if not made or not right or any(has(made, one) and has(made, other) for one, other in EXCLUSIVE):
        return 0.0
    found = set(made[1:]) & set(right[1:])
    total = len(set(made[1:])) + len(set(right[1:]))
    others = 2 * len(found) / total if total else 1.0
    shared = [code for code in made if code in right]
    in_order = shared == [code for code in right if code in made]
    return MAIN * (made[0] == right[0]) + OTHERS * others + ORDER * (in_order and bool(shared))


def has(made: list[str], family: str) -> bool:
    """答案里有没有这一类编码。"""
    return any(code.startswith(family) for code in made)


def codes(answer: object) -> list[str]:
    """答案里的编码，按次序；答案是文字，或只有一轮的对话。"""
    if isinstance(answer, list) and answer and isinstance(answer[-1], dict):
        answer = answer[-1].get("content", "")
    text = answer if isinstance(answer, str) else ""
    return [code for part in text.replace("，", ",").split(",") if (code := part.strip().upper())]
