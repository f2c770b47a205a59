"""Errors of the cluster executor, and the diagnostics that explain them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from compiler.diagnostics import Diagnostic, Location, diagnostic

UNUSABLE = ("CLU601", "CLU602", "CLU603")  # codes after which no further request can succeed
_MOST_CAUSES = 8
_METADATA = (".metadata.labels.", ".metadata.annotations.")
_FORBIDDEN = re.compile(r"User .*")
_MANAGER = re.compile(r'conflict with "([^"]+)"')


class ClusterError(Exception):
    """An error with the diagnostic that explains it."""

    def __init__(self, found: Diagnostic) -> None:
        super().__init__(found.message)
        self.found = found


class ApiError(Exception):
    """A request that the API server refused, or that never reached it (`status` 0).

    `body` is the Status object of the response, or empty. `about` names the requested object if the caller of the
    failed function cannot.
    """

    def __init__(self, status: int, body: dict[str, object], text: str = "") -> None:
        self.status = status
        self.body = body
        self.about = ""
        super().__init__(str(body.get("message") or text or f"status {status}"))

    @property
    def reason(self) -> str:
        """The reason that the server gives, such as `AlreadyExists`."""
        return str(self.body.get("reason") or "")


def problem(code: str, message: str, where: str, *, hint: str = "") -> Diagnostic:
    """Return a diagnostic of the cluster executor.

    `where` is a plan folder, a file in one, or a kubeconfig.
    """
    return diagnostic(code, message, Location(path=where), hint=hint)


def refusal(error: ApiError, verb: str, what: str, where: str) -> Diagnostic:
    """Return the diagnostic that explains a refused request.

    `verb` is the verb as in a Role, `what` the object, `where` its file in the plan folder.
    """
    answer = _bounded(str(error))
    what = error.about or what
    if error.status == 403 and "exceeded quota" in answer:
        hint = "free some quota or request more, then apply again"
        return problem("CLU605", f"the quota of the namespace refuses {what}: {answer}", where, hint=hint)
    if error.status == 403 and "violates PodSecurity" in answer:
        hint = "report this as a bug, with the plan: rendered pods comply with the `restricted` standard"
        return problem("CLU605", f"the Pod Security Standard refuses {what}: {answer}", where, hint=hint)
    # these apply to every object of the plan: the location is the plan, so that they are reported once
    if error.status == 403:
        kind = _details_of(error).get("kind") or what
        hint = f"grant the verb `{verb}` on `{kind}`: `trainspec access` prints a Role with all verbs that plans need"
        return problem("CLU604", f"not allowed to {verb} `{kind}`: {_who(answer)}", _folder(where), hint=hint)
    if error.status == 404 and _details_of(error).get("kind") == "namespaces":
        name = _details_of(error).get("name")
        hint = "create it first: `trainspec access` prints it with the Roles that plans need"
        return problem("CLU609", f"namespace `{name}` does not exist", _folder(where), hint=hint)
    if error.status == 404:
        hint = "install the operator that serves this kind, or choose another `output` in the profile"
        return problem("CLU613", f"the cluster does not serve {what}: {answer}", where, hint=hint)
    if error.status == 409:
        return _conflict(error, what, where)
    if error.status == 422 and _is_immutable(error) and what.startswith("PersistentVolumeClaim"):
        # a claim has the name of its spec, so `rerun` does not rename it
        hint = (
            "restore `gpu.nodes` and `storage` in the profile, or move the outputs: copy them away, delete the claim, "
            "apply, and copy them back"
        )
        return problem("CLU606", f"{what} already exists with other settings: {answer}", where, hint=hint)
    if error.status == 422 and _is_immutable(error):
        hint = "delete the object if nothing uses it, or raise `rerun` in the spec to get new names"
        return problem("CLU606", f"{what} already exists with other content: {answer}", where, hint=hint)
    causes = "; ".join(_causes(error)) or answer
    hint = "fix the profile or the spec as the message says, compile again, and apply"
    return problem("CLU605", f"the API server refuses {what}: {causes}", where, hint=hint)


def concerns_labels_only(error: ApiError) -> bool:
    """Return whether a conflict concerns only labels and annotations.

    These do not affect execution.
    """
    fields = [str(each.get("field", "")) for each in _details(error)]
    return error.status == 409 and bool(fields) and all(each.startswith(_METADATA) for each in fields)


def _conflict(error: ApiError, what: str, where: str) -> Diagnostic:
    managers = sorted({match[1] for text in (*_causes(error), str(error)) for match in _MANAGER.finditer(text)})
    fields = sorted({str(each.get("field", "")).removeprefix(".") for each in _details(error)} - {""})
    whose = ", ".join(f"`{each}`" for each in managers) or "another manager"
    held = ", ".join(f"`{each}`" for each in fields[:_MOST_CAUSES]) or "fields of it"
    hint = "let only one tool apply this plan, or make the change in the spec"
    return problem("CLU607", f"{whose} has changed {held} of {what}", where, hint=hint)


def _details_of(error: ApiError) -> Mapping[str, Any]:
    details = error.body.get("details")
    return details if isinstance(details, dict) else {}


def _details(error: ApiError) -> list[Mapping[str, Any]]:
    return [each for each in _details_of(error).get("causes") or [] if isinstance(each, dict)]


def _who(answer: str) -> str:
    """Return the refused user and verb, without the name of the object."""
    match = _FORBIDDEN.search(answer)
    return match[0] if match else answer


def _folder(where: str) -> str:
    return where.rpartition("/")[0] if where.endswith(".yaml") else where


def _causes(error: ApiError) -> Iterator[str]:
    for each in _details(error)[:_MOST_CAUSES]:
        field = f"`{each['field']}`: " if each.get("field") else ""
        yield f"{field}{_bounded(str(each.get('message', '')))}"


def _is_immutable(error: ApiError) -> bool:
    return "immutable" in str(error)


def _bounded(text: str) -> str:
    return text if len(text) <= 500 else f"{text[:500]}…"
