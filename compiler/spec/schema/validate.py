"""Validate phase: check a document against the schema of its kind, and report all violations."""

import difflib
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from compiler.diagnostics import Diagnostic, Location, Outcome, diagnostic
from compiler.diagnostics.wording import alternatives
from compiler.spec.schema import API_VERSION, DOCUMENTS
from compiler.spec.yaml.compose import MAX_FOUND
from compiler.spec.yaml.document import FieldPath, SourceDocument


def validate(document: SourceDocument) -> Outcome[BaseModel]:
    """Return the document as the model that its apiVersion and kind name."""
    if not isinstance(document.data, dict):
        found = diagnostic("SPC103", "a spec is a mapping of fields", document.at(()), hint="begin with `apiVersion:`")
        return Outcome(value=None, diagnostics=(found,))
    model, problems = _model_of(document, document.data)
    return Outcome(value=None, diagnostics=problems) if model is None else validate_as(document, model)


def validate_as(document: SourceDocument, model: type[BaseModel]) -> Outcome[BaseModel]:
    """Return the document as this model, or a diagnostic for every violation."""
    try:
        return Outcome(value=model.model_validate(document.data))
    except ValidationError as error:
        details = error.errors(include_url=False)
        found = {_key(each): each for each in (_diagnostic(detail, document, model) for detail in details[:MAX_FOUND])}
        return Outcome(value=None, diagnostics=(*found.values(), *_omitted(len(details) - MAX_FOUND, document)))


def _omitted(more: int, document: SourceDocument) -> tuple[Diagnostic, ...]:
    """Report the number of problems beyond `MAX_FOUND`."""
    if more <= 0:
        return ()
    message = f"the file has {more:,} more problems than the first {MAX_FOUND}"
    return (diagnostic("YML005", message, document.at(()), hint="fix these first, then check again"),)


def _model_of(
    document: SourceDocument, data: Mapping[str, Any]
) -> tuple[type[BaseModel] | None, tuple[Diagnostic, ...]]:
    version, kind = data.get("apiVersion"), data.get("kind")
    if version == API_VERSION and isinstance(kind, str) and kind in DOCUMENTS:
        return DOCUMENTS[kind], ()
    problems = []
    for field, value, known in (
        ("apiVersion", version, [API_VERSION]),
        ("kind", kind, sorted(DOCUMENTS)),
    ):
        options = alternatives(known)
        if field not in data:
            problems.append(
                diagnostic("SPC101", f"`{field}` is missing", document.at((field,)), hint=f"add `{field}`: {options}")
            )
        elif value not in known:
            problems.append(
                diagnostic(
                    "SPC105", f"`{value}` is not a known `{field}`", document.at((field,)), hint=f"use {options}"
                )
            )
    return None, tuple(problems)


def _key(found: Diagnostic) -> tuple[str, Location]:
    """Key to drop repeated errors: a union gives one error per branch for the same place."""
    return (found.code, found.location)


def _diagnostic(detail: ErrorDetails, document: SourceDocument, model: type[BaseModel]) -> Diagnostic:
    path = _in_document(detail["loc"], document, missing=detail["type"] == "missing")
    name = dotted(path)
    kind = detail["type"]
    if kind == "missing":
        return diagnostic("SPC101", f"`{name}` is missing", document.at(path), hint=f"add `{path[-1]}` here")
    if kind == "extra_forbidden":
        return diagnostic(
            "SPC102", f"unknown field `{path[-1]}`", document.at(path, key=True), hint=_did_you_mean(path, model)
        )
    from compiler.spec.schema.error_texts import wording  # only needed for an error

    code, message, hint = wording(detail)
    return diagnostic(code, f"`{name}` {message}", document.at(path), hint=hint)


def _in_document(loc: tuple[int | str, ...], document: SourceDocument, *, missing: bool) -> FieldPath:
    """Return pydantic's `loc` without the segments that only name a branch of a union."""
    path: FieldPath = ()
    for index, segment in enumerate(loc):
        last = index == len(loc) - 1
        if (*path, segment) in document.spans or (missing and last):
            path = (*path, segment)
    return path


def dotted(path: FieldPath) -> str:
    """Return a field path as people write it: `spec.data[0].path`."""
    text = ""
    for segment in path:
        text += f"[{segment}]" if isinstance(segment, int) else f".{segment}" if text else segment
    return text or "the document"


def _did_you_mean(path: FieldPath, model: type[BaseModel]) -> str:
    known = sorted(_fields_at(path[:-1], model))
    close = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.5)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"use {alternatives(known)}" if known else "remove the field"


def _fields_at(path: FieldPath, model: type[BaseModel]) -> dict[str, Any]:
    """Return the fields, by alias, of the model at a path inside `model`."""
    fields = {info.alias or name: info.annotation for name, info in model.model_fields.items()}
    if not path:
        return fields
    if isinstance(path[0], int):
        return _fields_at(path[1:], model)
    inner = _model_in(fields.get(path[0]))
    return _fields_at(path[1:], inner) if inner else {}


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for found in map(_model_in, get_args(annotation)) if found), None)
