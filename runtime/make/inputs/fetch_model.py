"""Fetch one model of a hub to a folder of models, as the load stage does."""

from pathlib import Path

from runtime.contract.blocks import HubBlock
from runtime.contract.errors import StageError
from runtime.contract.hub import HubModel, is_commit, name_fault
from runtime.make.inputs.copy import Events, Fetcher
from runtime.make.inputs.open import open_hub
from runtime.make.inputs.wanted import check_space, copy, find, wanted_of_hub, whole_model
from runtime.stage.stop import StopRequest

# The library's settings: `HF_ENDPOINT`, `HF_TOKEN` or the token of a login, and the proxies of the environment.
_SETTINGS = HubBlock(authenticated=True)


def fetch_from_hub(
    name: str, revision: str, models: Path, *, with_code: bool, events: Events, stop: StopRequest
) -> Path:
    """Return the folder of a hub's model below `models`; fetch what is missing of it.

    `with_code`: with its Python files. RUN762 if the revision is not a commit; its hint names the commit that it is
    now. The errors of the load stage.
    """
    if fault := name_fault(name):
        raise StageError("RUN762", f"`{name}` {fault}", "write a hub's model as `owner/name@commit`")
    model = HubModel(name=name, commit=revision)
    hub = open_hub(_SETTINGS, [model.path] if with_code else [])
    fetcher = Fetcher(label="fetch", events=events, stop=stop)
    if not is_commit(revision):
        commit = fetcher.retry(hub, lambda: hub.commit_of(name, revision))
        message = f"`{revision}` of `{name}` is not a whole commit, so it may change"
        raise StageError("RUN762", message, f"write `revision: {commit}` in the spec, and fetch `{name}@{commit}`")
    models.mkdir(parents=True, exist_ok=True)
    wanted = wanted_of_hub(model, hub, models, with_code=with_code)
    if whole_model(wanted, fetcher) is None:
        found = find(wanted, fetcher)
        check_space([found])
        fetcher.expect(sum(file.size for file in found.files.values()))
        copy(found, fetcher)
    return wanted.target
