"""Requests to the API server: JSON in and out, credentials renewed, what is transient tried again.

The official client brings the connection (TLS, proxies, credentials); its models are left alone, as objects go through
unchanged and ten thousand of them are cheaper as plain JSON.
"""

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

from compiler.run.cluster.api.connect import Connection, Target
from compiler.run.cluster.api.errors import ApiError, ClusterError, problem
from compiler.run.cluster.api.retries import PATIENCE_SECONDS, is_transient, pause

Object = dict[str, Any]
Query = Mapping[str, str | int | bool]
Say = Callable[[str], None]  # takes a line for people, from any thread

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
_PAGE = 100
_TIMEOUT = 30.0  # seconds, of one attempt
_WATCH_SECONDS = 240
_QUIET_SECONDS = 3.0  # after which `say` hears that a server is waited for
_UNAUTHORIZED = 401
_UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"  # as OpenSSL says it


class Api:
    """One API server, for any number of threads; `say` hears when a server is waited for.

    `requests` counts attempts, for the figures of the scale table.
    """

    def __init__(self, target: Target, *, patience: float = PATIENCE_SECONDS, say: Say = lambda line: None) -> None:
        self.target = target
        self._say = say
        self.requests = 0
        self.server_time = 0.0
        self._patience = patience
        self._failing_since: float | None = None  # of all threads: a server that is away is waited for once
        self._announced = False  # that it is waited for
        self._connection = Connection(target)

    @property
    def shown(self) -> str:
        """The address, and what named it."""
        return self._connection.described

    def get(self, path: str, query: Query | None = None, *, once: bool = False) -> Object:
        """Read an object; ApiError 404 where there is none. With `once` no failure is worth a second try."""
        return self._json("GET", path, query, once=once)

    def create(self, path: str, body: Object, query: Query | None = None) -> Object:
        """Create an object; ApiError 409 where it exists."""
        return self._json("POST", path, query, body, "application/json")

    def patch(self, path: str, body: Object, content_type: str, query: Query | None = None) -> Object:
        """Patch or apply an object; ApiError 409 on a conflict."""
        return self._json("PATCH", path, query, body, content_type)

    def delete(self, path: str, body: Object) -> Object:
        """Delete an object; ApiError 404 where there is none."""
        return self._json("DELETE", path, None, body, "application/json")

    def pages(self, path: str, query: Query | None = None) -> Iterator[tuple[list[Object], str]]:
        """A collection page by page, each with the collection's version; ApiError 410 if it outlasts the server."""
        token = ""
        while True:
            page = self._json("GET", path, {**(query or {}), "limit": _PAGE, **({"continue": token} if token else {})})
            yield page.get("items") or [], str(page["metadata"].get("resourceVersion") or "")
            token = page["metadata"].get("continue") or ""
            if not token:
                return

    def text(self, path: str, query: Query | None = None) -> str:
        """Read a text, such as a log; tried once, as its kubelet may be away. Bytes that are no UTF-8 are replaced."""
        return str(self._request("GET", path, query, once=True).data, "utf-8", "replace")

    def lines(self, path: str, query: Query) -> Iterator[bytes]:
        """Follow a stream line by line until the server ends it; ApiError 0 where it breaks."""
        import urllib3

        response = self._request("GET", path, query, stream=True)
        rest = b""
        try:
            while chunk := response.read1(1 << 16):  # what is there now: a line is worth showing when it is whole
                *whole, rest = (rest + chunk).split(b"\n")
                yield from whole
            if rest:
                yield rest
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ApiError(0, {}, _text_of(error)) from error
        finally:
            response.close()

    def watch(self, path: str, version: str, query: Query | None = None) -> Iterator[Object]:
        """Events after a version until the server ends the stream; ApiError 410 where that version is too old."""
        asked: dict[str, str | int | bool] = {"watch": True, "allowWatchBookmarks": True, "resourceVersion": version}
        asked |= {**(query or {}), "timeoutSeconds": _WATCH_SECONDS}
        for line in self.lines(path, asked):
            event = json.loads(line)
            if event["type"] == "ERROR":
                raise ApiError(int(event["object"].get("code") or 500), event["object"])
            yield event

    def _json(
        self,
        method: str,
        path: str,
        query: Query | None,
        body: Object | None = None,
        content_type: str = "",
        *,
        once: bool = False,
    ) -> Object:
        response = self._request(method, path, query, body, content_type, once=once)
        try:
            parsed = json.loads(response.data)
        except ValueError as error:
            raise self._unreachable(f"the answer to {method} {path} is not JSON") from error
        if not isinstance(parsed, dict):
            raise self._unreachable(f"the answer to {method} {path} is no object")
        return parsed

    def _request(
        self,
        method: str,
        path: str,
        query: Query | None,
        body: Object | None = None,
        content_type: str = "",
        *,
        stream: bool = False,
        once: bool = False,
    ) -> Any:
        """A reply that succeeded. ApiError: the server refused; CLU602: patience ran out; CLU603: credentials."""
        url = f"{path}?{urlencode(_spelt(query))}" if query else path
        content = json.dumps(body, ensure_ascii=False).encode() if body is not None else None
        deadline = time.monotonic() + self._patience
        renewed = False
        attempt = 0
        while True:
            attempt += 1
            status, response, text = self._attempt(method, url, content, content_type, stream=stream)
            if 200 <= status < 300:
                self._failing_since, self._announced = None, False
                return response
            if status == _UNAUTHORIZED and not renewed:
                renewed = True  # a token that a file or a program renews may be a new one by now
                self._connection = Connection(self.target)
                continue
            failure = _failure(status, response, text)
            if status == _UNAUTHORIZED:
                hint = "renew the credentials, then run the command again"
                message = f"the API server does not know who asks: {failure}"
                raise ClusterError(problem("CLU603", message, self.target.shown, hint=hint)) from failure
            if _is_no_api_server(status, failure):
                raise self._unreachable(f"{failure} ({method} {path})") from failure
            wait = pause(attempt, response.headers if response is not None else {})
            if once or not is_transient(status):
                raise failure
            since = self._failing_since = self._failing_since or time.monotonic()
            if time.monotonic() + wait > min(deadline, since + self._patience):
                raise self._unreachable(f"{failure} ({method} {path}, tried {attempt} times)") from failure
            if time.monotonic() > since + _QUIET_SECONDS and not self._announced:
                self._announced = True
                wait_for = f"waiting for it, up to {self._patience:.0f} s"
                self._say(f"no answer from {self._connection.host}: {failure}; {wait_for}")
            time.sleep(wait * random.uniform(0.8, 1.2))  # noqa: S311 - so that many do not come back at once

    def _attempt(
        self, method: str, url: str, content: bytes | None, content_type: str, *, stream: bool
    ) -> tuple[int, Any, str]:
        """One try: the status (0 when nothing came back), the reply, and what the connection said."""
        import urllib3

        self.requests += 1
        connection = self._connection
        headers = urllib3.HTTPHeaderDict({"Accept": "application/json", "User-Agent": "trainspec"})
        headers.extend(connection.headers())
        headers.extend(connection.impersonated)
        if content_type:
            headers["Content-Type"] = content_type
        try:
            response = connection.pool.request(
                method,
                connection.host + url,
                body=content,
                headers=headers,
                timeout=urllib3.Timeout(connect=10.0, read=_WATCH_SECONDS + 30.0 if stream else _TIMEOUT),
                retries=False,
                preload_content=not stream,
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            return 0, None, _text_of(error)
        if "Date" in response.headers:
            self.server_time = parsedate_to_datetime(response.headers["Date"]).timestamp()
        if stream and not 200 <= response.status < 300:
            response.read(cache_content=True)
        return response.status, response, ""

    def _unreachable(self, why: str) -> ClusterError:
        hint = "see that the API server answers (`kubectl version`), then run the command again: it goes on from there"
        if _UNTRUSTED in why:
            hint = "see that the kubeconfig has the certificate authority of this server"
        return ClusterError(problem("CLU602", f"the API server cannot be used: {why}", self.target.shown, hint=hint))


def _is_no_api_server(status: int, failure: ApiError) -> bool:
    """Whether what answered is not the API server that was meant, which waiting does not change: its certificate is
    another one's, or it takes no such request at all.
    """
    return (status == 0 and _UNTRUSTED in str(failure)) or (status == 400 and not failure.body)


def _spelt(query: Query) -> dict[str, str]:
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in query.items()}


def _failure(status: int, response: Any, text: str) -> ApiError:
    try:
        body = json.loads(response.data) if response is not None else {}
    except ValueError:
        body = {}
    return ApiError(status, body if isinstance(body, dict) else {}, text)


def _text_of(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
