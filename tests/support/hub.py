"""A small model hub for tests: the endpoints that huggingface_hub reads, with a second host for large files.

Small files come from `resolve` itself; large ones are on the host behind a redirect with a signature, as on a real hub.
"""

import hashlib
import json
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from support.faulty_http import Fault

TOKEN = "hf_" + "a1B2" * 9
PREFIX = "/repositories/hub"  # of a repository manager; the hub answers with it and without it
_INFO = re.compile(r"/api/models/([^/]+/[^/]+)/revision/([^/?]+)")
_RESOLVE = re.compile(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)")
_STORED = re.compile(r"/stored/([0-9a-f]{64})")
_LARGE_BYTES = 10_000


def commit_of(files: dict[str, bytes]) -> str:
    """A commit for these files: 40 digits that change with them."""
    return hashlib.sha1(repr(sorted(files.items())).encode()).hexdigest()


def blob_of(content: bytes) -> str:
    """The name that Git gives this content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request that the hub got: its host, its path without the query, and its headers in lower case."""

    host: str
    path: str
    headers: dict[str, str]


@dataclass(kw_only=True)
class Hub:
    """A running hub; `url` is its address, `storage` that of the host with large files.

    `gated` models need `TOKEN`, `hidden` ones do not exist without it. `fault` may answer instead. `served` replaces the
    content of a file, or the `sha` of a commit, without telling anybody.
    """

    server: ThreadingHTTPServer
    url: str = ""
    storage: str = ""
    models: dict[str, dict[str, dict[str, bytes]]] = field(default_factory=dict)
    branches: dict[tuple[str, str], str] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)
    served: dict[str, bytes] = field(default_factory=dict)
    lies: dict[str, str] = field(default_factory=dict)
    ranges: bool = True
    chunk_seconds: float = 0.0
    requests: list[Request] = field(default_factory=list)
    fault: Callable[[Request], Fault | None] = lambda request: None

    def use(self, context: ssl.SSLContext) -> None:
        """Answer over TLS from now on; the host with large files does not."""
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = self.url.replace("http://", "https://")

    def add(self, name: str, files: dict[str, bytes], branch: str = "main") -> str:
        """Add a commit with these files to a model, move the branch to it, and return it."""
        commit = commit_of(files)
        self.models.setdefault(name, {})[commit] = files
        self.branches[name, branch] = commit
        return commit

    @property
    def read(self) -> list[str]:
        """The names of the files that were read, one for each request that was no redirect."""
        return [path.rsplit("/", 1)[1] for each in self.requests if "/resolve/" in (path := each.path)]

    def answer(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        """The status, headers and content for a request."""
        if found := _STORED.fullmatch(request.path):
            contents = (
                each for commits in self.models.values() for files in commits.values() for each in files.values()
            )
            content = next(each for each in contents if hashlib.sha256(each).hexdigest() == found[1])
            return self._content(request, self.served.get(found[1], content), {"ETag": f'"{found[1]}"'})
        found = _INFO.fullmatch(request.path) or _RESOLVE.fullmatch(request.path)
        if found is None:
            return _error(404, "", "no such page")
        name, revision = found[1], unquote(found[2])
        known = request.headers.get("authorization") == f"Bearer {TOKEN}"
        if name not in self.models or (name in self.hidden and not known):
            return _error(404 if known else 401, "RepoNotFound", "Repository not found")
        if name in self.gated and not known and "/resolve/" in request.path:
            sent = "authorization" in request.headers
            return _error(403 if sent else 401, "GatedRepo", f"Access to model {name} is restricted")
        commit = self.branches.get((name, revision), revision)
        if commit not in self.models[name]:
            return _error(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        shown = self.lies.get(commit, commit)
        if found.re is _INFO:
            return 200, {"Content-Type": "application/json"}, self._info(name, commit, shown)
        return self._file(request, found[3], self.models[name][commit], shown)

    def _info(self, name: str, commit: str, shown: str) -> bytes:
        siblings = []
        for path, content in self.models[name][commit].items():
            sibling: dict[str, Any] = {"rfilename": path, "size": len(content), "blobId": blob_of(content)}
            if len(content) >= _LARGE_BYTES:
                sibling["lfs"] = {
                    "sha256": hashlib.sha256(content).hexdigest(),
                    "size": len(content),
                    "pointerSize": 134,
                }
            siblings.append(sibling)
        return json.dumps({"id": name, "sha": shown, "gated": "auto", "siblings": siblings}).encode()

    def _file(
        self, request: Request, path: str, files: dict[str, bytes], commit: str
    ) -> tuple[int, dict[str, str], bytes]:
        path = unquote(path)
        if path not in files:
            return _error(404, "EntryNotFound", "Entry not found")
        content = files[path]
        headers = {"X-Repo-Commit": commit, "ETag": f'"{blob_of(content)}"'}
        if len(content) < _LARGE_BYTES:
            return self._content(request, self.served.get(path, content), headers)
        digest = hashlib.sha256(content).hexdigest()
        linked = {
            "X-Linked-Etag": f'"{digest}"',
            "X-Linked-Size": str(len(content)),
            "X-Xet-Hash": "0" * 64,  # a client without hf_xet follows the redirect
            "Location": f"{self.storage}/stored/{digest}?X-Signature={'5' * 40}&name={quote(path)}",
        }
        return 302, headers | linked, b""

    def _content(self, request: Request, content: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        found = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
        if found is None or not self.ranges:
            return 200, headers, content
        start, size = int(found[1]), len(content)
        if start >= size:
            return 416, headers | {"Content-Range": f"bytes */{size}"}, b""
        return 206, headers | {"Content-Range": f"bytes {start}-{size - 1}/{size}"}, content[start:]


def _error(status: int, code: str, message: str) -> tuple[int, dict[str, str], bytes]:
    headers = {"X-Error-Code": code} if code else {}
    return status, headers | {"X-Error-Message": message}, json.dumps({"error": message}).encode()


@contextmanager
def model_hub() -> Iterator[Hub]:
    """A running hub without models."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            # a client that uses this server as its proxy writes the whole address
            path = urlsplit(self.path).path.removeprefix(PREFIX)
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(host=headers.get("host", ""), path=path, headers=headers)
            hub.requests.append(request)
            fault = hub.fault(request)
            if fault is not None and fault.how == "drop":
                self.close_connection = True
                return
            if fault is not None and fault.how == "status":
                self._send(fault.status, dict(fault.headers), fault.body, len(fault.body))
                return
            status, extra, content = hub.answer(request)
            cut = fault is not None and fault.how == "cut"
            self._send(status, extra, content[: len(content) // 2] if cut else content, len(content))
            self.close_connection = cut

        def _send(self, status: int, headers: dict[str, str], content: bytes, length: int) -> None:
            self.send_response_only(status)
            for name, value in {**headers, "Content-Length": str(length)}.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                for start in range(0, len(content), 1 << 16):
                    self.wfile.write(content[start : start + (1 << 16)])
                    time.sleep(hub.chunk_seconds)
            except OSError:
                self.close_connection = True

    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(2)]
    for each in servers:
        each.daemon_threads = True
        threading.Thread(target=each.serve_forever, args=(0.02,), daemon=True).start()
    hub = Hub(server=servers[0])
    hub.url, hub.storage = (f"http://127.0.0.1:{each.server_port}" for each in servers)
    hub.storage = hub.storage.replace("127.0.0.1", "localhost")
    try:
        yield hub
    finally:
        for each in servers:
            each.shutdown()
            each.server_close()
