"""An RBAC authorizer, for an API server without one."""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

_VERBS = {"POST": "create", "PATCH": "patch", "PUT": "update", "DELETE": "delete"}
_PATH = re.compile(
    r"/apis?/(?:(?P<group>[^/]+\.?[^/]*)/)?v[^/]+/namespaces/[^/]+/(?P<plural>[^/]+)(?P<name>/[^/]+)?(?P<sub>/.+)?"
)


def permits(rules: Sequence[dict[str, Any]], method: str, url: str) -> bool:
    """Return whether the rules of a role allow a request."""
    parsed = urlsplit(url)
    found = _PATH.fullmatch(parsed.path)
    assert found, url
    read = "get" if found["name"] else "watch" if "watch" in parse_qs(parsed.query) else "list"
    verb, resource = _VERBS.get(method, read), found["plural"] + (found["sub"] or "")
    # an apply may create the object, which needs the verb, too
    verbs = {verb, "create"} if verb == "patch" else {verb}
    return all(allowed(rules, each, found["group"] or "", resource) for each in verbs)


def allowed(rules: Sequence[dict[str, Any]], verb: str, group: str, resource: str) -> bool:
    """Return whether a rule allows the verb on the resource."""

    def covers(values: Sequence[str], wanted: str) -> bool:
        return wanted in values or "*" in values

    return any(
        covers(rule["verbs"], verb) and covers(rule["apiGroups"], group) and covers(rule["resources"], resource)
        for rule in rules
    )
