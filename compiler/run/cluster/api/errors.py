"""Errors of the cluster executor: a refused call or an unusable cluster, as the diagnostic that explains it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from compiler.diagnostics import Diagnostic, Location, diagnostic

UNUSABLE = ("CLU601", "CLU602", "CLU603")  # codes after which nothing more can be asked of the cluster
_MOST_CAUSES = 8
_METADATA = (".metadata.labels.", ".metadata.annotations.")
_FORBIDDEN = re.compile(r"User .*")
_MANAGER = re.compile(r'conflict with "([^"]+)"')


class ClusterError(Exception):
    """Carries the diagnostic that says what is wrong and what to do."""

    def __init__(self, found: Diagnostic) -> None:
        super().__init__(found.message)
        self.found = found


class ApiError(Exception):
    """A request that the API server refused, or that never reached it (`status` 0).

    `body` is the Status object of the reply, empty where there is none; `about` what was asked for, if that says more
    than the caller knows.
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
    """A diagnostic of the cluster executor; `where` is a plan folder, a file of it, or a kubeconfig."""
    return diagnostic(code, message, Location(path=where), hint=hint)


def refusal(error: ApiError, verb: str, what: str, where: str) -> Diagnostic:
    """The diagnostic of a refused call: `verb` as in a Role, `what` the object, `where` its file in the plan folder."""
    told = _bounded(str(error))
    what = error.about or what
    if error.status == 403 and "exceeded quota" in told:
        hint = "free some of the quota, or ask for more, then apply again"
        return problem("CLU605", f"the quota of the namespace refuses {what}: {told}", where, hint=hint)
    if error.status == 403 and "violates PodSecurity" in told:
        hint = "report this with the plan: rendered pods keep to the `restricted` standard"
        return problem("CLU605", f"{what} is refused: {told}", where, hint=hint)
    # what is the same for every object of a plan is said once, of the plan
    if error.status == 403:
        kind = _details_of(error).get("kind") or what
        hint = f"grant the verb `{verb}` on `{kind}`: `trainspec access` prints a Role that has all that is needed"
        return problem("CLU604", f"not allowed to {verb} `{kind}`: {_who(told)}", _folder(where), hint=hint)
    if error.status == 404 and _details_of(error).get("kind") == "namespaces":
        name = _details_of(error).get("name")
        hint = "create it first: `trainspec access` prints it with the Roles that plans need"
        return problem("CLU609", f"there is no namespace `{name}`", _folder(where), hint=hint)
    if error.status == 404:
        hint = "install what serves this kind, or choose another `output` in the profile"
        return problem("CLU613", f"the cluster does not know {what}: {told}", where, hint=hint)
    if error.status == 409:
        return _conflict(error, what, where)
    if error.status == 422 and _is_immutable(error) and what.startswith("PersistentVolumeClaim"):
        # the name of a claim is that of its spec, so that `rerun` makes no other one
        hint = (
            "keep `gpu.nodes` and `storage` of the profile as they were, or move the outputs: copy them away, delete "
            "the claim, apply, and copy them back"
        )
        return problem("CLU606", f"{what} is there already, of another kind: {told}", where, hint=hint)
    if error.status == 422 and _is_immutable(error):
        hint = "raise `rerun` in the spec for new names, or delete that object if nothing uses it"
        return problem("CLU606", f"{what} is there already with other content: {told}", where, hint=hint)
    causes = "; ".join(_causes(error)) or told
    hint = "mend the profile or the spec as the message says, compile again, and apply"
    return problem("CLU605", f"the API server refuses {what}: {causes}", where, hint=hint)


def is_of_labels(error: ApiError) -> bool:
    """Whether a conflict with another manager is about labels and annotations alone, which change nothing that runs."""
    fields = [str(each.get("field", "")) for each in _details(error)]
    return error.status == 409 and bool(fields) and all(each.startswith(_METADATA) for each in fields)


def _conflict(error: ApiError, what: str, where: str) -> Diagnostic:
    managers = sorted({match[1] for text in (*_causes(error), str(error)) for match in _MANAGER.finditer(text)})
    fields = sorted({str(each.get("field", "")).removeprefix(".") for each in _details(error)} - {""})
    whose = ", ".join(f"`{each}`" for each in managers) or "another manager"
    held = ", ".join(f"`{each}`" for each in fields[:_MOST_CAUSES]) or "fields of it"
    hint = "let one tool alone apply this plan, or take the change into the spec"
    return problem("CLU607", f"{whose} has changed {held} of {what}", where, hint=hint)


def _details_of(error: ApiError) -> Mapping[str, Any]:
    details = error.body.get("details")
    return details if isinstance(details, dict) else {}


def _details(error: ApiError) -> list[Mapping[str, Any]]:
    return [each for each in _details_of(error).get("causes") or [] if isinstance(each, dict)]


def _who(told: str) -> str:
    """Whom the server refused what, without the object's name."""
    match = _FORBIDDEN.search(told)
    return match[0] if match else told


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
