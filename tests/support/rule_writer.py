"""A writer by rules for an endpoint of a test: it reads the prompts of an augmentation, and answers from their text.

Names are in capitals or quotes, as `HALDEN` and `“泵站”`; a sentence with two of them is a fact.
"""

import re
from typing import Any

NAME = re.compile(r"[A-Z]{3,}|“[^”]+”")
SENTENCE = re.compile(r"[^.。\n]+[.。]")
WORDS = re.compile(r"[a-z]{4,}|[\u4e00-\u9fff]")


def prompt_of(body: dict[str, Any]) -> str:
    """The text of a request."""
    return str(body["messages"][-1]["content"])


def kind_of(prompt: str) -> str:
    """What a prompt asks for."""
    if "ENTITY |" in prompt:
        return "extract"
    if "FALSE:" in prompt:
        return "restate"
    if "UNANSWERABLE" in prompt:
        return "answer"
    return "judge" if "QUESTION:" not in prompt else "write"


def reply_to(prompt: str) -> str:
    """The writer's reply."""
    kind = kind_of(prompt)
    if kind == "extract":
        return _items(_between(prompt, "passage"))
    if kind == "restate":
        fact = prompt.splitlines()[0].split(":", 1)[-1].split("：", 1)[-1].strip()
        return f"1. TRUE: {fact}\n2. FALSE: not so: {fact}"
    if kind == "judge":
        return "No." if "not so" in prompt else "Yes."
    if kind == "answer":
        return _found(prompt)
    return _pair([line[2:] for line in prompt.splitlines() if line.startswith("- ")], several="several" in prompt)


def _between(prompt: str, tag: str) -> str:
    return prompt.rsplit(f"<{tag}>", 1)[1].split(f"</{tag}>", 1)[0]


def _items(text: str) -> str:
    lines = []
    for sentence in SENTENCE.findall(text):
        names = list(dict.fromkeys(name.strip("“”") for name in NAME.findall(sentence)))
        lines += [f"- ENTITY | {name} | thing | {sentence.strip()}" for name in names]
        if len(names) > 1:
            lines.append(f"**RELATION** | {names[0]} | {names[1]} | {sentence.strip()}")
    return "Here they are:\n" + "\n".join(lines)


def _pair(facts: list[str], *, several: bool) -> str:
    names = [name.strip("“”") for fact in facts for name in NAME.findall(fact)]
    is_chinese = any("\u4e00" <= each <= "\u9fff" for each in facts[0])
    asked = "、".join(dict.fromkeys(names)) if is_chinese else ", ".join(dict.fromkeys(names))
    question = f"{asked}之间有什么关系？" if is_chinese else f"How do {asked} work together in the plant?"
    if several:
        question = f"Give an overview: {question}"
    return f"QUESTION: {question}\nANSWER: {' '.join(facts)}"


def _found(prompt: str) -> str:
    passages = _between(prompt, "passages")
    question = prompt.rsplit("\n", 1)[-1]
    names = set(re.findall(r"[A-Z]{3,}", question)) | {
        name.strip("“”") for name in NAME.findall(passages) if name.strip("“”") in question
    }
    found = [each.strip() for each in SENTENCE.findall(passages) if sum(name in each for name in names) > 1]
    return " ".join(found) or "UNANSWERABLE"
