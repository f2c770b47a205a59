"""Replies of a writer, read tolerantly: weak models number, quote and decorate their lines."""

import re
from dataclasses import dataclass

from runtime.contract.answers import without_thoughts
from runtime.model.endpoint.client import Reply

MAX_NAME, MAX_TEXT = 120, 600  # characters of a name, and of a description or statement
MAX_QUESTION, MAX_ANSWER = 600, 4000
MAX_ITEMS = 60  # of one reply
_DECORATION = re.compile(r"^[\s>*•·\-–—#`(\[\"'“]*(?:\d{1,3}[.):、]\s*)?[\s*`(\[\"'“]*")
_ENDS = " \t*`\"'”)]|｜"
_BAR = re.compile(r"\s*[|｜]\s*")
_ITEM = re.compile(r"(entity|relation|relationship|实体|关系)\W*[|｜:：]\s*", re.IGNORECASE)
_QUESTION = re.compile(r"(?:question|q|问题|问)\s*\d*\**\s*[:：]\**\s*", re.IGNORECASE)
_ANSWER = re.compile(r"(?:answer|a|答案|回答|答)\s*\d*\**\s*[:：]\**\s*", re.IGNORECASE)
_TRUE = re.compile(r"(?:true|正确|真)\s*\**\s*[:：]\**\s*", re.IGNORECASE)
_FALSE = re.compile(r"(?:false|错误|假)\s*\**\s*[:：]\**\s*", re.IGNORECASE)
_YES = re.compile(r"\W*(?:yes|true|correct|是|对|正确|真)(?![a-z])", re.IGNORECASE)
_NO = re.compile(r"\W*(?:no|not|false|incorrect|否|不|错|假)(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entity:
    """A thing that a passage names."""

    name: str
    kind: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Relation:
    """A fact that connects two entities, as a sentence."""

    one: str
    other: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Extraction:
    """The entities and relations of one passage."""

    entities: tuple[Entity, ...]
    relations: tuple[Relation, ...]


def extraction_of(reply: Reply) -> Extraction | None:
    """Return the items of a reply; None without a relation. A cut reply loses its last line."""
    entities: list[Entity] = []
    relations: list[Relation] = []
    for line in _lines(reply)[:MAX_ITEMS]:
        found = _ITEM.match(line)
        fields = [each.strip(_ENDS) for each in _BAR.split(line[found.end() :])] if found else []
        if found is None or len(fields) < 3 or not all(fields[:3]) or len(fields[0]) > MAX_NAME:
            continue
        text = " ".join(fields[2:])[:MAX_TEXT]
        if found.group(1).lower() in ("entity", "实体"):
            entities.append(Entity(name=fields[0], kind=fields[1][:MAX_NAME], text=text))
        elif len(fields[1]) <= MAX_NAME and fields[0].casefold() != fields[1].casefold():
            relations.append(Relation(one=fields[0], other=fields[1], text=text))
    return Extraction(entities=tuple(entities), relations=tuple(relations)) if relations else None


def pair_of(reply: Reply) -> tuple[str, str] | None:
    """Return the question and the answer of a reply; None if one is missing, too long or cut."""
    found = None if reply.truncated else _two(reply, _QUESTION, _ANSWER)
    return found if found and len(found[0]) <= MAX_QUESTION and len(found[1]) <= MAX_ANSWER else None


def statements_of(reply: Reply) -> tuple[str, str] | None:
    """Return the true and the false statement of a reply; None if one is missing, too long or cut, or both are one."""
    found = None if reply.truncated else _two(reply, _TRUE, _FALSE)
    if found is None or max(map(len, found)) > MAX_TEXT or found[0].casefold() == found[1].casefold():
        return None
    return found


def verdict_of(reply: Reply) -> bool | None:
    """Return whether a reply begins with yes; None for neither yes nor no."""
    text = without_thoughts(reply.text).strip()
    return True if _YES.match(text) else False if _NO.match(text) else None


def answer_of(reply: Reply) -> str | None:
    """Return the answer that a reply gives to a question, empty if it says that there is none; None if it is cut."""
    text = without_thoughts(reply.text).strip()
    if reply.truncated or not text or len(text) > MAX_ANSWER:
        return None
    label = _ANSWER.match(text)
    text = text[label.end() :].strip() if label else text
    return "" if "UNANSWERABLE" in text.upper() else text


def _two(reply: Reply, first: re.Pattern[str], second: re.Pattern[str]) -> tuple[str, str] | None:
    """Return the texts behind two keywords, each up to the next keyword; None if one is missing or empty."""
    parts: list[list[str]] = []
    for line in _lines(reply):
        wanted = (first, second)[len(parts)] if len(parts) < 2 else None
        if wanted is not None and (found := wanted.match(line)):
            parts.append([line[found.end() :]])
        elif parts and first.match(line):  # another pair follows
            break
        elif parts:
            parts[-1].append(line)
    if len(parts) < 2:
        return None
    one, other = (" ".join(" ".join(part).split()).strip(_ENDS.replace(")", "").replace("]", "")) for part in parts)
    return (one, other) if one and other else None


def _lines(reply: Reply) -> list[str]:
    """Return the lines of a reply without thoughts, numbers and decoration, and without a cut last line."""
    lines = without_thoughts(reply.text).splitlines()
    lines = lines[:-1] if reply.truncated else lines
    return [text for line in lines if (text := _DECORATION.sub("", line, count=1).strip())]
