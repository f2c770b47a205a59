"""Fetch one model of a hub to a folder of models, as the load stage does."""

from collections.abc import Callable
from pathlib import Path

from runtime.contract.errors import StageError
from runtime.contract.events import EventName
from runtime.contract.hub import HubModel, is_commit, name_fault
from runtime.contract.source_blocks import HubBlock
from runtime.make.inputs.copy import Fetcher
from runtime.make.inputs.open import open_hub
from runtime.make.inputs.wanted import check_space, copy, find, wanted_of_hub, whole_model
from runtime.stage.stop import StopRequest

# The library's settings: `HF_ENDPOINT`, `HF_TOKEN` or the token of a login, and the proxies of the environment.
_SETTINGS = HubBlock(authenticated=True)


class _Lines:
    """Events as lines for people."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log

    def emit(self, event: EventName, **fields: object) -> None:
        """Write one event."""
        if event == "progress":
            done, total = (int(str(fields[name])) / 1e9 for name in ("done", "total"))
            self._log(f"{done:.2f} of {total:.2f} GB")
        elif "message" in fields:
            self._log(f"{event}: {fields['message']}")


def fetch_from_hub(
    reference: str,
    models: Path,
    log: Callable[[str], None],
    stop: StopRequest,
    *,
    with_code: bool,
    offline: bool = False,
) -> Path:
    """Return the folder of a hub's model, `owner/name@commit`, below `models`; fetch what is missing of it.

    `log` gets lines for people; `with_code`: with the model's Python files. RUN762 if the revision is not a commit: the
    hint names the commit that it is now. `offline` asks no hub: RUN704 if the model is not there whole. Otherwise the
    errors of the load stage.
    """
    name, _, revision = reference.rpartition("@")
    if fault := name_fault(name):
        raise StageError("RUN762", f"`{name}` {fault}", "write a hub's model as `owner/name@commit`")
    model = HubModel(name=name, commit=revision)
    hub = open_hub(_SETTINGS, [model.path] if with_code else [])
    fetcher = Fetcher(label="fetch", events=_Lines(log), stop=stop)
    if not is_commit(revision):
        if offline:
            raise _offline(f"`{reference}` names no commit, which only the hub knows")
        commit = fetcher.retry(hub, lambda: hub.commit_of(name, revision))
        message = f"`{revision}` of `{name}` is not a whole commit, so it may change"
        raise StageError("RUN762", message, f"write `revision: {commit}` in the spec, and fetch `{name}@{commit}`")
    models.mkdir(parents=True, exist_ok=True)
    wanted = wanted_of_hub(model, hub, models, with_code=with_code)
    if whole_model(wanted, fetcher) is None:
        if offline:
            raise _offline(f"`{reference}` is not whole in `{wanted.target}`")
        found = find(wanted, fetcher)
        check_space([found])
        fetcher.expect(sum(file.size for file in found.files.values()))
        copy(found, fetcher)
    log(f"`{reference}` is ready: {wanted.target}")
    return wanted.target


def _offline(what: str) -> StageError:
    hint = "unset `HF_HUB_OFFLINE` to fetch it, or copy the folder of the model from a machine that has it"
    return StageError("RUN704", f"`HF_HUB_OFFLINE` is set, and {what}", hint)
