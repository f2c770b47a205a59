"""A prompt in parts: the team's text, rules, a structure, and examples; and its text in the language of the rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from runtime.contract.prompt_files import MAX_PROMPT_BYTES, SLOT, example_turns, slot_fault
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
    """A prompt. `technique` is what its last change was; `origin` says how it was made, for people.

    With `in_turns`, the examples are turns of the conversation instead of text.
    """

    base: str
    language: Language
    marker: str
    rules: tuple[str, ...] = ()
    structure: str = ""
    shots: tuple[Shot, ...] = ()
    in_turns: bool = False
    technique: Technique = "zero-shot"
    origin: str = "the current prompt"

    @property
    def text(self) -> str:
        """The text of `prompt.md`: what is added comes before the line of the slot, or at the end; turns come last."""
        added, turns = list(self._added()), self._turns()
        if SLOT not in self.base:
            return "\n\n".join(part for part in (self.base, *added, *turns) if part)
        at = self.base.rfind("\n", 0, self.base.index(SLOT)) + 1
        before, line = self.base[:at].rstrip(), self.base[at:]
        return "\n\n".join(part for part in (before, *added, line, *turns) if part)

    @property
    def is_usable(self) -> bool:
        """Whether the text is a prompt file with the slots of the base and no others."""
        text = self.text
        fits = len(text.encode("utf-8", "replace")) <= MAX_PROMPT_BYTES
        return fits and text.count(SLOT) == self.base.count(SLOT) and not slot_fault(text)

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
        if self.shots and not self.in_turns:
            space = " " if answer[-1].isascii() and not answer[-1].isspace() else ""
            shown = (f"{question} {each.question}\n{answer}{space}{each.answer}" for each in self.shots)
            yield "\n\n".join([examples, *shown])

    def _turns(self) -> Iterable[str]:
        lead = f"{self.marker} " if self.structure else ""
        for each in self.shots if self.in_turns else ():
            yield f"### user\n{each.question}"
            yield f"### assistant\n{lead}{each.answer}"


def language_of(texts: Iterable[str]) -> Language:
    """Return `zh` if a fifth of the letters are Chinese, else `en`."""
    letters = [char for text in texts for char in text[:500] if char.isalpha()]
    chinese = sum(_CJK[0] <= char <= _CJK[1] for char in letters)
    return "zh" if letters and chinese * 5 >= len(letters) else "en"


def draft_of(text: str, language: Language, marker: str) -> Draft:
    """Return the prompt in a file, whose example turns become its examples."""
    head, turns = example_turns(text)
    shots = tuple(
        Shot(question=asked, answer=said) for (_, asked), (_, said) in zip(turns[::2], turns[1::2], strict=True)
    )
    return Draft(base=head, language=language, marker=marker, shots=shots, in_turns=bool(shots))


def is_one_turn(prompt: Prompt) -> bool:
    """Return whether a question is a conversation of one turn after its system text."""
    return isinstance(prompt, list) and sum(turn["role"] != "system" for turn in prompt) == 1


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
