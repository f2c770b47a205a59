"""Checks of models: a hub's model is named as the hub names it, and pinned by a commit."""

from collections.abc import Iterator

from compiler.diagnostics import Diagnostic, diagnostic
from compiler.spec.inputs import Inputs
from compiler.spec.schema.training_spec import BaseModelRef, Teacher
from compiler.spec.yaml.document import FieldPath
from runtime.contract.hub import is_commit, name_fault


def models_are_pinned(inputs: Inputs) -> Iterator[Diagnostic]:
    """The base model, and a teacher whose weights are read, cannot change under their name."""
    body = inputs.spec.spec
    yield from _problems(body.model, ("spec", "model"), inputs)
    if body.teacher is not None and body.teacher.access == "weights":
        yield from _problems(body.teacher, ("spec", "teacher"), inputs)


def _problems(model: BaseModelRef | Teacher, at: FieldPath, inputs: Inputs) -> Iterator[Diagnostic]:
    if "/" not in model.name:  # a folder of the team's own
        return
    if fault := name_fault(model.name):
        hint = "write it as `owner/name`, as the hub shows it"
        yield diagnostic("CHK216", f"`{model.name}` {fault}", inputs.document.at((*at, "name")), hint=hint)
    elif not is_commit(model.revision):
        where = inputs.document.at((*at, "revision"))
        moving, what = _what(model.revision)
        hint = (
            "write the 40 digits of a commit, which the hub lists under the model's files; "
            f"`trainspec-runtime fetch {model.name}@{moving}` looks up the last one"
        )
        yield diagnostic("CHK216", f"`{model.revision}` is {what}", where, hint=hint)


def _what(revision: str) -> tuple[str, str]:
    """Return a branch or tag to look a commit up by, and what the revision is instead of one."""
    if set(revision.lower()) <= set("0123456789abcdef"):
        whole = is_commit(revision.lower())
        return "main", "a commit in capitals" if whole else "not a whole commit, which has 40 digits"
    return revision, "a branch or tag, which may move to other weights"
