"""Objects that start nothing (configs, claims, policies): compare and apply them."""

import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from compiler.diagnostics import Diagnostic
from compiler.run.cluster.api.client import APPLY, Api, Object
from compiler.run.cluster.api.errors import ApiError, ClusterError, concerns_labels_only, refusal
from compiler.run.cluster.api.kinds import KINDS, kind_of
from compiler.run.cluster.state.ledger import LEDGER
from compiler.run.cluster.state.snapshot import MANAGED
from compiler.run.manifests import Manifest
from compiler.spec.labels import COMPONENT

MANAGER = "trainspec"
_SELECTOR = f"{MANAGED},{COMPONENT}!={LEDGER}"
_OF_SERVER = ("managedFields", "uid", "resourceVersion", "creationTimestamp", "selfLink")


class LiveSupports:
    """The supports of all plans in a namespace, for any number of threads.

    The first plan that needs a kind sends the list request for it. Keeps each object as text without the fields that
    the server adds, to save memory.
    """

    def __init__(self, api: Api, namespace: str) -> None:
        self._api = api
        self._namespace = namespace
        self._lock = threading.Lock()
        self._texts: dict[str, dict[str, bytes]] = {}

    def has(self, manifest: Manifest) -> bool:
        """Return whether trainspec has applied the object with all values of the manifest."""
        text = self._of_kind(f"{manifest.data['apiVersion']} {manifest.kind}").get(manifest.name)
        return text is not None and contains(json.loads(text), manifest.data)

    def _of_kind(self, kind: str) -> dict[str, bytes]:
        with self._lock:
            if kind not in self._texts:
                self._texts[kind] = dict(_listed(self._api, self._namespace, kind))
            return self._texts[kind]


def _listed(api: Api, namespace: str, kind: str) -> Iterator[tuple[str, bytes]]:
    """Yield the name and text of each object of a kind that trainspec applied."""
    api_version, name = kind.split()
    try:
        for page, _ in api.pages(KINDS[kind].collection(namespace), {"labelSelector": _SELECTOR}):
            for item in page:
                if _is_applied(item):
                    meta = {key: value for key, value in item["metadata"].items() if key not in _OF_SERVER}
                    held = {key: value for key, value in item.items() if key != "status"}
                    held |= {"apiVersion": api_version, "kind": name, "metadata": meta}
                    yield meta["name"], json.dumps(held, ensure_ascii=False).encode()
    except ApiError as error:
        raise ClusterError(refusal(error, "list", f"namespace `{namespace}`", namespace)) from error


def _is_applied(item: Object) -> bool:
    """Return whether trainspec owns fields of the object; to take over another one, apply it."""
    managed = item["metadata"].get("managedFields") or []
    return any(each.get("manager") == MANAGER and each.get("operation") == "Apply" for each in managed)


def contains(found: Any, wanted: Any) -> bool:
    """Return whether `found` has every value of `wanted`.

    The server adds defaults, and lists keep their order.
    """
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(contains(found.get(name), value) for name, value in wanted.items())
    if isinstance(wanted, list):
        if not wanted:
            return not found  # the server does not store empty lists
        same = isinstance(found, list) and len(found) == len(wanted)
        return same and all(contains(a, b) for a, b in zip(found, wanted, strict=True))
    return bool(found == wanted)


def write_query(*, dry_run: bool) -> dict[str, str]:
    """Return the query of each write: the field manager, strict validation, any dry run."""
    return {"fieldManager": MANAGER, "fieldValidation": "Strict", **({"dryRun": "All"} if dry_run else {})}


def put(api: Api, manifest: Manifest, where: str, *, dry_run: bool) -> Diagnostic | None:
    """Apply an object by server-side apply, or only as a dry run; return the refusal, if any."""
    query = write_query(dry_run=dry_run)
    path = kind_of(manifest.data).path(manifest.namespace, manifest.name)
    try:
        try:
            api.patch(path, dict(manifest.data), APPLY, query)
        except ApiError as error:
            if not concerns_labels_only(error):
                raise
            # labels name the version that rendered the object, and a reconciler may keep the old ones
            api.patch(path, dict(manifest.data), APPLY, {**query, "force": True})
    except ApiError as error:
        return refusal(error, "patch", f"{manifest.kind} `{manifest.name}`", where)
    return None
