"""Serve a stub model as the judge's endpoint: rules instead of a model, so that the plan runs on any machine.

    python specs/support-desk/stub_judge.py [PORT]    PORT is 8011 unless given

It reads the texts between the delimiters of a judge's task, and passes an answer that has numbers of the reference,
some of its words, and the same yes or no. It shows the path of a verdict, and is no judge for a real bot.
"""

import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

NAME = "rules-judge"
LEAST = 0.3  # share of the reference's words that the answer needs
_PART = re.compile(r"^<<< (\w+) ([0-9a-f]{12})\n(.*?)\n>>> \1 \2$", re.DOTALL | re.MULTILINE)
_WORD = re.compile(r"[a-z]+|[\u4e00-\u9fff]")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_DIGITS = dict(zip("零一二三四五六七八九", range(10), strict=True)) | {"两": 2}
_CHINESE = re.compile(r"[零一二两三四五六七八九十百]+(?=[\d个天分元位度年月号点罐升克人小周折字])")
_WORDS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "ten": 10}
_UNIT = r"(?=[ -](?:working |to )*(?:days?|years?|minutes?|hours?|degrees?|months?|cups?|tins?|points?)\b)"
_ENGLISH = re.compile(rf"\b({'|'.join(_WORDS)})\b{_UNIT}")
_YES_FIRST = re.compile(r"yes|sure|of course|可以|有|能|是")
_NO_FIRST = re.compile(r"no\b|better not|不|没|抱歉，[^，。]*不")
_COMMON = frozenset({"a", "an", "and", "are", "at", "be", "by", "can", "for", "from", "i", "if", "in", "is", "it"})
_COMMON |= {"its", "of", "on", "or", "our", "the", "this", "to", "us", "we", "you", "your"}


def verdict(question: str, reference: str, answer: str) -> tuple[bool, str]:
    """Return whether the answer passes, and why."""
    if bool(re.search(r"[\u4e00-\u9fff]", question)) != bool(re.search(r"[\u4e00-\u9fff]", answer)):
        return False, "the answer is in another language than the question"
    wanted, found = _numbers(reference), _numbers(answer)
    if found - wanted - _numbers(question):
        return False, f"the reference has no {sorted(found - wanted)[0]:g}"
    if wanted and not wanted & found:
        return False, "the numbers of the reference are missing"
    if _lead(reference) * _lead(answer) < 0:
        return False, "the reference and the answer differ in yes or no"
    words, said = _words(reference), _words(answer)
    share = len(words & said) / len(words) if words else 1.0
    return share >= LEAST, f"the answer has {share:.0%} of the words of the reference"


def _lead(text: str) -> int:
    """Return 1 for a text that begins with yes, -1 for no, and 0 for neither."""
    return bool(_YES_FIRST.match(text.lower())) - bool(_NO_FIRST.match(text.lower()))


def _words(text: str) -> set[str]:
    """Return the words of a text: English ones without their endings, Chinese ones as pairs of characters."""
    found = _WORD.findall(text.lower())
    english = {re.sub(r"(?:es|s|ed|ing)$", "", word) for word in found if word.isascii() and word not in _COMMON}
    chinese = [word for word in found if not word.isascii()]
    return english | {a + b for a, b in pairwise(chinese)}


def _numbers(text: str) -> set[float]:
    """Return the numbers of a text, written as digits or, up to 999, as words."""
    found = {float(number) for number in _NUMBER.findall(text)}
    found |= {float(_chinese(word)) for word in _CHINESE.findall(text)}
    return found | {float(_WORDS[word]) for word in _ENGLISH.findall(text.lower())}


def _chinese(word: str) -> int:
    total, digit = 0, None
    for character in word:
        if character in _DIGITS:
            digit = _DIGITS[character]
        else:
            total += (1 if digit is None else digit) * {"十": 10, "百": 100}[character]
            digit = None
    return total + (digit or 0)


class Handler(BaseHTTPRequestHandler):
    """Answers `GET /v1/models` and `POST /v1/chat/completions`."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """List the one model."""
        self._send({"object": "list", "data": [{"id": NAME, "object": "model"}]})

    def do_POST(self) -> None:
        """Judge the answer in the last turn."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        parts = [text for _, _, text in _PART.findall(body["messages"][-1]["content"])]
        passed, reason = verdict(*parts) if len(parts) == 3 else (False, "the task has not three texts")
        text = json.dumps({"reason": reason, "verdict": "pass" if passed else "fail"}, ensure_ascii=False)
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        self._send({"object": "chat.completion", "model": NAME, "choices": [choice]})

    def _send(self, document: dict[str, object]) -> None:
        content = json.dumps(document, ensure_ascii=False).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        """Print nothing for a request."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8011), Handler).serve_forever()
