"""Decides requests as the RBAC authoriser of a cluster does, for an API server that has none."""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

_VERBS = {"POST": "create", "PATCH": "patch", "PUT": "update", "DELETE": "delete"}
_PATH = re.compile(
    r"/apis?/(?:(?P<group>[^/]+\.?[^/]*)/)?v[^/]+/namespaces/[^/]+/(?P<plural>[^/]+)(?P<name>/[^/]+)?(?P<sub>/.+)?"
)


def permits(rules: Sequence[dict[str, Any]], method: str, url: str) -> bool:
    """Whether the rules of a role allow a request."""
    asked = urlsplit(url)
    found = _PATH.fullmatch(asked.path)
    assert found, url
    seen = "get" if found["name"] else "watch" if "watch" in parse_qs(asked.query) else "list"
    verb, resource = _VERBS.get(method, seen), found["plural"] + (found["sub"] or "")
    # whoever applies what is not there yet must be allowed to create it, too
    verbs = {verb, "create"} if verb == "patch" else {verb}
    return all(allowed(rules, each, found["group"] or "", resource) for each in verbs)


def allowed(rules: Sequence[dict[str, Any]], verb: str, group: str, resource: str) -> bool:
    """Whether one of the rules allows all three."""

    def covers(values: Sequence[str], wanted: str) -> bool:
        return wanted in values or "*" in values

    return any(
        covers(rule["verbs"], verb) and covers(rule["apiGroups"], group) and covers(rule["resources"], resource)
        for rule in rules
    )
