"""Objects that start nothing (configs, claims, policies): what is there already, and server-side apply of the rest."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from compiler.cluster.api import APPLY, Api, Object
from compiler.cluster.kinds import KINDS, kind_of
from compiler.cluster.problems import ApiError
from compiler.cluster.refusals import is_of_labels, refusal
from compiler.cluster.snapshot import MANAGED
from compiler.diagnostics import Diagnostic
from compiler.manifests import Manifest

MANAGER = "trainspec"


@dataclass(frozen=True, kw_only=True, slots=True)
class Live:
    """The supports of all plans in a namespace, by `apiVersion kind` and name, without what the server adds."""

    objects: Mapping[tuple[str, str], Object] = field(default_factory=dict)

    def holds(self, manifest: Manifest) -> bool:
        """Whether the object is there, applied by us, and says all that the manifest says."""
        found = self.objects.get((f"{manifest.data['apiVersion']} {manifest.kind}", manifest.name))
        return found is not None and contains(found, manifest.data)


def list_live(api: Api, namespace: str, kinds: Iterable[str]) -> Live:
    """One list a kind, for all plans."""
    objects: dict[tuple[str, str], Object] = {}
    for kind in kinds:
        for page, _ in api.pages(KINDS[kind].collection(namespace), {"labelSelector": MANAGED}):
            api_version, name = kind.split()
            for item in page:
                if _is_applied(item):
                    item["metadata"].pop("managedFields", None)
                    objects[kind, item["metadata"]["name"]] = {**item, "apiVersion": api_version, "kind": name}
    return Live(objects=objects)


def _is_applied(item: Object) -> bool:
    """Whether we own fields of it: what somebody else made alike is taken over by applying."""
    managed = item["metadata"].get("managedFields") or []
    return any(each.get("manager") == MANAGER and each.get("operation") == "Apply" for each in managed)


def contains(found: Any, wanted: Any) -> bool:
    """Whether `found` has every value of `wanted`; the server adds defaults, and lists keep their order."""
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(contains(found.get(name), value) for name, value in wanted.items())
    if isinstance(wanted, list):
        if not wanted:
            return not found  # an empty list is left out of what is stored
        same = isinstance(found, list) and len(found) == len(wanted)
        return same and all(contains(a, b) for a, b in zip(found, wanted, strict=True))
    return bool(found == wanted)


def put(api: Api, manifest: Manifest, where: str, *, dry_run: bool) -> Diagnostic | None:
    """Apply an object by server-side apply, or only ask whether it could be; the refusal if there is one."""
    query = {"fieldManager": MANAGER, "fieldValidation": "Strict", **({"dryRun": "All"} if dry_run else {})}
    path = kind_of(manifest.data).path(manifest.namespace, manifest.name)
    try:
        try:
            api.patch(path, dict(manifest.data), APPLY, query)
        except ApiError as error:
            if not is_of_labels(error):
                raise
            # labels say which version rendered the object, and a reconciler may keep the old ones
            api.patch(path, dict(manifest.data), APPLY, {**query, "force": True})
    except ApiError as error:
        return refusal(error, "patch", f"{manifest.kind} `{manifest.name}`", where)
    return None
