"""Load phase of `spec.prompt`: the prompt file, its text and its digest."""

import hashlib
from dataclasses import dataclass

from compiler.diagnostics import diagnostic
from compiler.spec.files import read_file
from compiler.spec.references import Reader
from compiler.spec.schema.training_spec import TrainingSpec
from runtime.contract.prompt_files import MAX_PROMPT_BYTES, SLOT, prompt_text, slot_fault

_LARGEST = 64 << 20  # of a file that is read at all


@dataclass(frozen=True, kw_only=True, slots=True)
class PromptFile:
    """The prompt file at `path` of the spec's folder: its content digest, and its size in bytes.

    `text_sha256` is the digest of its text and one line end, by which rounds name a prompt.
    """

    path: str
    sha256: str
    text_sha256: str
    size: int


def read_prompt_file(reader: Reader, spec: TrainingSpec) -> PromptFile | None:
    """Return the prompt file; None without one, or with a diagnostic in `reader`.

    CHK201 or CHK202 if it is missing or outside, CHK253 to CHK256 if its content is no prompt.
    """
    source = spec.spec.prompt
    if source is None:
        return None
    where = reader.document.at(("spec", "prompt", "path"))
    path = reader.resolve(source.path, where)
    sha256 = reader.digest(path, where, _LARGEST) if path is not None else ""
    if path is None or not sha256:
        return None
    size = path.stat().st_size
    if size > MAX_PROMPT_BYTES:
        message = f"prompt `{source.path}` has {size:,} bytes, more than {MAX_PROMPT_BYTES:,}"
        hint = "shorten it: put knowledge into a retriever, not into the prompt"
        reader.found.append(diagnostic("CHK254", message, where, hint=hint))
        return None
    content = read_file(path, MAX_PROMPT_BYTES)
    try:
        text = prompt_text(content)
    except UnicodeDecodeError as error:
        message = f"prompt `{source.path}` is not UTF-8: byte {error.start} does not fit"
        reader.found.append(diagnostic("CHK253", message, where, hint="save it as UTF-8"))
        return None
    if fault := slot_fault(text):
        hint = f"write `{SLOT}` once where the question goes, or leave it out for a system prompt"
        if "turn" in fault:
            hint = (
                "after the text, write pairs of `### user` and `### assistant`, each with its text and without a slot"
            )
        reader.found.append(diagnostic("CHK255", f"prompt `{source.path}`: {fault}", where, hint=hint))
    elif not text or "\0" in text:
        what = "is empty" if not text else "contains a NUL character"
        hint = "write the prompt that the system uses now, or remove `spec.prompt`"
        reader.found.append(diagnostic("CHK256", f"prompt `{source.path}` {what}", where, hint=hint))
    text_sha256 = hashlib.sha256(f"{text}\n".encode()).hexdigest()
    return PromptFile(path=source.path, sha256=sha256, text_sha256=text_sha256, size=size)
