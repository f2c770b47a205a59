"""A prompt in parts: the team's text, rules, a structure, and examples; and its text in the language of the rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from runtime.contract.prompt_files import MAX_PROMPT_BYTES, SLOT
from runtime.data.questions import Prompt, Question

Language = Literal["en", "zh"]
Technique = Literal["zero-shot", "few-shot", "rules", "restructure"]

_WORDS: dict[Language, tuple[str, str, str, str]] = {
    "en": ("Rules:", "Examples:", "Question:", "Answer:"),
    "zh": ("规则：", "示例：", "问题：", "答案："),
}
_CJK = ("\u4e00", "\u9fff")


@dataclass(frozen=True, kw_only=True, slots=True)
class Shot:
    """A worked example: a question and its right answer, both as text."""

    question: str
    answer: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A prompt. `technique` is what its last change was; `origin` says how it was made, for people."""

    base: str
    language: Language
    marker: str
    rules: tuple[str, ...] = ()
    structure: str = ""
    shots: tuple[Shot, ...] = ()
    technique: Technique = "zero-shot"
    origin: str = "the current prompt"

    @property
    def text(self) -> str:
        """The text of `prompt.md`: what is added comes before the line of the slot, or at the end."""
        added = list(self._added())
        if SLOT not in self.base:
            return "\n\n".join(part for part in (self.base, *added) if part)
        at = self.base.rfind("\n", 0, self.base.index(SLOT)) + 1
        before, line = self.base[:at].rstrip(), self.base[at:]
        return "\n\n".join(part for part in (before, *added, line) if part)

    @property
    def is_usable(self) -> bool:
        """Whether the text is a prompt file with the slots of the base and no others."""
        text = self.text
        return text.count(SLOT) == self.base.count(SLOT) and len(text.encode("utf-8", "replace")) <= MAX_PROMPT_BYTES

    def changed(self, technique: Technique, origin: str, **parts: object) -> "Draft":
        """Return the prompt with other `parts`."""
        return replace(self, technique=technique, origin=origin, **parts)  # type: ignore[arg-type]

    def _added(self) -> Iterable[str]:
        rules, examples, question, answer = _WORDS[self.language]
        if self.rules:
            yield "\n".join([rules, *(f"- {each}" for each in self.rules)])
        if self.structure:
            yield self.structure
            answer = self.marker
        if self.shots:
            space = " " if answer[-1].isascii() and not answer[-1].isspace() else ""
            shown = (f"{question} {each.question}\n{answer}{space}{each.answer}" for each in self.shots)
            yield "\n\n".join([examples, *shown])


def language_of(texts: Iterable[str]) -> Language:
    """Return `zh` if a fifth of the letters are Chinese, else `en`."""
    letters = [char for text in texts for char in text[:500] if char.isalpha()]
    chinese = sum(_CJK[0] <= char <= _CJK[1] for char in letters)
    return "zh" if letters and chinese * 5 >= len(letters) else "en"


def shown_question(prompt: Prompt) -> str:
    """Return a question as the text of an example: one turn alone, several as `role: content`."""
    if isinstance(prompt, str):
        return prompt.strip()
    turns: Sequence[dict[str, str]] = [turn for turn in prompt if turn["role"] != "system"]
    if len(turns) == 1:
        return turns[0]["content"].strip()
    return "\n".join(f"{turn['role']}: {turn['content']}" for turn in turns).strip()


def shot_of(question: Question) -> Shot:
    """Return a question with its right answer as an example."""
    return Shot(question=shown_question(question.prompt), answer=str(question.reference).strip())
