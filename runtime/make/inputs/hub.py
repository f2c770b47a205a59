"""A model hub, or a mirror of one, as a source, read with huggingface_hub.

A file is read as plain HTTP from `resolve`, which may send the client to another host; the token does not go there.
"""

import re
from collections.abc import Collection, Iterator
from typing import Any

import httpx2
from huggingface_hub import HfApi, constants, get_token, hf_hub_url
from huggingface_hub.hf_api import RepoSibling
from huggingface_hub.utils._headers import build_hf_headers
from huggingface_hub.utils._http import get_session, set_client_factory

from runtime.contract.errors import StageError
from runtime.contract.hub import HubModel, hub_model
from runtime.contract.source_blocks import HubBlock
from runtime.make.inputs.hub_errors import Asked, classified, of_status
from runtime.make.inputs.hub_files import files_of
from runtime.make.inputs.source import SourceError, SourceFile, clean

_TIMEOUT = httpx2.Timeout(connect=10, read=60, write=60, pool=60)
_ANSWER_SECONDS = 60.0
_NO_PIN = "do not use this mirror: what it serves is not what is pinned"
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


class Hub:
    """The models of a hub. `code` are the paths of those whose Python files belong to them."""

    def __init__(self, block: HubBlock, code: Collection[str] = ()) -> None:
        self.name = (block.endpoint or constants.ENDPOINT).rstrip("/")
        self._code = frozenset(code)
        self._token: str | bool = (block.authenticated and get_token()) or False
        # Not the library's client, which refuses to work where `HF_HUB_OFFLINE` is set, as in every Job.
        set_client_factory(
            lambda: httpx2.Client(follow_redirects=True, timeout=_TIMEOUT, proxy=block.proxy, max_redirects=10)
        )

    def find(self, path: str) -> list[SourceFile]:
        """Return the files of the model at `path`, `owner/name/commit`.

        RUN720 if the hub has no such commit, RUN767 if it denies access, RUN738 if it answers for another commit,
        RUN739 if that holds no model that a stage can read.
        """
        model = _model_of(path)
        info = self._info(model)
        if info.sha != model.commit:
            message = f"`{self.name}` answers for commit `{info.sha}` of `{model.name}`, not for `{model.commit}`"
            raise StageError("RUN738", message, _NO_PIN)
        known = {each.rfilename: each for each in info.siblings or []}
        return [self._file(path, known[name]) for name in files_of(model, known, code=path in self._code)]

    def commit_of(self, name: str, revision: str) -> str:
        """Return the commit of a branch or tag; the same errors as `find`."""
        return str(self._info(HubModel(name=name, commit=revision)).sha)

    def read(self, file: SourceFile, start: int) -> Iterator[bytes]:
        """Yield the bytes of `file` from `start` on, in pieces."""
        if start >= file.size:
            return
        owner, name, commit, inner = file.path.split("/", 3)
        model = HubModel(name=f"{owner}/{name}", commit=commit)
        url = hf_hub_url(model.name, inner, revision=model.commit, endpoint=self.name)
        headers = build_hf_headers(token=self._token) | {"Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        asked = self._asked(model)
        with classified(asked), get_session().stream("GET", url, headers=headers) as response:
            if response.status_code >= 400 and response.status_code != 416:
                raise of_status(response, asked)
            self._check_commit(response, model)
            skipped = start - _first_byte(response, file)
            for chunk in response.iter_bytes():
                rest = chunk[skipped:]
                skipped = max(0, skipped - len(chunk))
                if rest:
                    yield rest

    def _info(self, model: HubModel) -> Any:
        """Return what the hub says about a commit, its files included."""
        with classified(self._asked(model)):
            return HfApi(endpoint=self.name, token=self._token).model_info(
                model.name, revision=model.commit, files_metadata=True, timeout=_ANSWER_SECONDS
            )

    def _asked(self, model: HubModel) -> Asked:
        return Asked(endpoint=self.name, model=model, has_token=bool(self._token))

    def _file(self, path: str, sibling: RepoSibling) -> SourceFile:
        """Return a file of the model; RUN738 if the hub does not name its content."""
        name, lfs, blob = sibling.rfilename, sibling.lfs, sibling.blob_id
        size, sha256 = (lfs.size, lfs.sha256) if lfs else (sibling.size, None)
        tag = sha256 or blob
        if size is None or tag is None:
            message = f"`{self.name}` does not name the size and the hash of `{name}`"
            raise StageError("RUN738", message, "use a hub or mirror that does, so that what it serves can be checked")
        path = clean(f"{path}/{name}", self.name)
        return SourceFile(path=path, size=size, tag=tag, sha256=sha256, blob=None if sha256 else blob)

    def _check_commit(self, response: httpx2.Response, model: HubModel) -> None:
        """RUN738 if the hub says that it serves the file of another commit."""
        for each in (*response.history, response):
            commit = each.headers.get(constants.HUGGINGFACE_HEADER_X_REPO_COMMIT)
            if commit not in (None, model.commit):
                message = f"`{self.name}` serves files of commit `{commit}` of `{model.name}`, not of `{model.commit}`"
                raise StageError("RUN738", message, _NO_PIN)


def _first_byte(response: httpx2.Response, file: SourceFile) -> int:
    """Return the position of the first byte of an answer: 0 where the server ignores the range."""
    found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if response.status_code == 206 and found:
        start, size = int(found[1]), int(found[2])
    else:
        start, size = 0, file.size
        if "Content-Encoding" not in response.headers:
            size = int(response.headers.get("Content-Length", size))
    if response.status_code not in (200, 206) or size != file.size:
        raise SourceError(f"`{file.path}` has {file.size} bytes, but the answer ({response.status_code}) has {size}")
    return start


def _model_of(path: str) -> HubModel:
    model = hub_model(path)
    assert model is not None  # noqa: S101 (callers ask for paths of hubs only)
    return model
