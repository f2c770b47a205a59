"""The prompt of a stage: read from its volume, and put around each question."""

from typing import Any

from runtime.contract.digests import content_digest
from runtime.contract.errors import StageError
from runtime.contract.prompt_files import MAX_PROMPT_BYTES, SLOT, example_turns, prompt_text, slot_fault
from runtime.contract.prompting import PromptFileBlock
from runtime.contract.volumes import Volumes
from runtime.data.questions import Prompt
from runtime.stage.pointers import refuse_pointers


def read_prompt(block: PromptFileBlock | None, volumes: Volumes) -> str:
    """Return the text of the prompt; empty without one, which leaves every question as it is.

    RUN721 or RUN722 if the file is missing, RUN706 if it is a Git LFS pointer, RUN778 if it is not the planned file or
    no prompt.
    """
    if block is None:
        return ""
    made = block.volume == "outputs"
    root = volumes.outputs if made else volumes.data
    path = root / block.path
    if not path.is_file():
        where, code = ("TRAINSPEC_OUTPUTS", "RUN722") if made else ("TRAINSPEC_DATA", "RUN721")
        hint = "run the stage that writes it first" if made else "copy the file to the data volume"
        raise StageError(code, f"prompt `{block.path}` is missing under `{where}`", hint)
    if not path.resolve().is_relative_to(root.resolve()):
        raise StageError("RUN721", f"`{block.path}` is a link that leads out of its volume", "copy the file instead")
    refuse_pointers(path, block.path)
    with path.open("rb") as stream:
        content = stream.read(MAX_PROMPT_BYTES + 1)
    again = "compile the plan again, or restore the file"
    if len(content) > MAX_PROMPT_BYTES:
        raise StageError("RUN778", f"prompt `{block.path}` has more than {MAX_PROMPT_BYTES} bytes", again)
    if block.sha256 is not None and content_digest(content) != block.sha256:
        raise StageError("RUN778", f"prompt `{block.path}` is not the file that the plan was made for", again)
    try:
        text = prompt_text(content)
    except UnicodeDecodeError as error:
        raise StageError("RUN778", f"prompt `{block.path}` is not UTF-8", "save it as UTF-8") from error
    if fault := slot_fault(text):
        raise StageError("RUN778", f"prompt `{block.path}`: {fault}", f"write `{SLOT}` once, or not at all")
    return text


def prompted(text: str, prompt: Prompt) -> Prompt:
    """Return a question inside the prompt `text`.

    The slot of the text takes a plain question, or the last turn. A text without a slot is the system turn, before the
    row's own system text; it precedes a plain question by an empty line. Example turns come before the row's turns; a
    plain question has none, so they stay text.
    """
    if not text:
        return prompt
    if isinstance(prompt, str):
        before, found, after = text.partition(SLOT)
        return f"{before}{prompt}{after}" if found else f"{text}\n\n{prompt}"
    head, examples = example_turns(text)
    before, found, after = head.partition(SLOT)
    turns: list[dict[str, Any]] = list(prompt)
    system = [turns.pop(0)] if turns[0]["role"] == "system" and len(turns) > 1 else []
    if found:
        last = turns[-1]
        turns = [*turns[:-1], {**last, "content": f"{before}{last.get('content') or ''}{after}"}]
    elif head:
        own = f"\n\n{system[0].get('content') or ''}" if system else ""
        system = [{"role": "system", "content": f"{head}{own}"}]
    shown = [
        {"role": role, "content": f"{before}{content}{after}" if found and role == "user" else content}
        for role, content in examples
    ]
    return [*system, *shown, *turns]
