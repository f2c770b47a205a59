"""Requests to the API server: JSON in and out, renewed credentials, retries.

The official client provides the connection (TLS, proxies, credentials). Its models are unused: objects pass through
unchanged, and ten thousand of them are cheaper as plain JSON.
"""

import json
import math
import random
import time
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

from compiler.run.cluster.api.connect import Connection, Target
from compiler.run.cluster.api.errors import ApiError, ClusterError, problem
from compiler.run.cluster.api.retries import PATIENCE_SECONDS, most_tries, pause

Object = dict[str, Any]
Query = Mapping[str, str | int | bool]
Notify = Callable[[str], None]  # receives a line for people, from any thread

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
_PAGE = 100
_TIMEOUT = 30.0  # seconds, of one attempt
_WATCH_SECONDS = 240
_QUIET_SECONDS = 3.0  # `notify` reports a wait that is longer
_UNAUTHORIZED = 401
_UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"  # the error code of OpenSSL


class Api:
    """One API server, for any number of threads.

    `notify` receives a line when requests have to wait for the server. `requests` counts attempts, for the scale
    benchmark.
    """

    def __init__(
        self, target: Target, *, patience: float = PATIENCE_SECONDS, notify: Notify = lambda line: None
    ) -> None:
        self.target = target
        self._notify = notify
        self.requests = 0
        self.server_time = 0.0
        self._patience = patience
        self._failing_since: float | None = None  # shared by all threads, which wait for an absent server together
        self._announced = False  # whether `notify` has reported the wait
        self._connection = Connection(target)

    @property
    def shown(self) -> str:
        """The address of the server, with its context and kubeconfig."""
        return self._connection.described

    def get(self, path: str, query: Query | None = None, *, once: bool = False) -> Object:
        """Read an object; ApiError 404 if it is missing.

        With `once`, a transient error is not retried.
        """
        return self._json("GET", path, query, once=once)

    def create(self, path: str, body: Object, query: Query | None = None) -> Object:
        """Create an object; ApiError 409 if it exists."""
        return self._json("POST", path, query, body, "application/json")

    def patch(self, path: str, body: Object, content_type: str, query: Query | None = None) -> Object:
        """Patch or apply an object; ApiError 409 on a conflict."""
        return self._json("PATCH", path, query, body, content_type)

    def delete(self, path: str, body: Object) -> Object:
        """Delete an object; ApiError 404 if it is missing."""
        return self._json("DELETE", path, None, body, "application/json")

    def pages(self, path: str, query: Query | None = None) -> Iterator[tuple[list[Object], str]]:
        """Yield the pages of a collection, each with the collection's version.

        ApiError 410 if the list expires.
        """
        token = ""
        while True:
            page = self._json("GET", path, {**(query or {}), "limit": _PAGE, **({"continue": token} if token else {})})
            yield page.get("items") or [], str(page["metadata"].get("resourceVersion") or "")
            token = page["metadata"].get("continue") or ""
            if not token:
                return

    def text(self, path: str, query: Query | None = None) -> str:
        """Read a text, such as a log, and replace invalid UTF-8.

        Does not retry, because the kubelet that serves a log may be down.
        """
        return str(self._request("GET", path, query, once=True).data, "utf-8", "replace")

    def lines(self, path: str, query: Query) -> Iterator[bytes]:
        """Yield the lines of a stream until the server ends it; ApiError 0 if the connection breaks."""
        import urllib3

        response = self._request("GET", path, query, stream=True)
        rest = b""
        try:
            while chunk := response.read1(1 << 16):  # returns the available bytes; only whole lines are yielded
                *whole, rest = (rest + chunk).split(b"\n")
                yield from whole
            if rest:
                yield rest
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ApiError(0, {}, _text_of(error)) from error
        finally:
            response.close()

    def watch(self, path: str, version: str, query: Query | None = None) -> Iterator[Object]:
        """Yield the events after a version until the server ends the stream.

        ApiError 410 if the version is too old.
        """
        parameters: dict[str, str | int | bool] = {
            "watch": True,
            "allowWatchBookmarks": True,
            "resourceVersion": version,
        }
        parameters |= {**(query or {}), "timeoutSeconds": _WATCH_SECONDS}
        for line in self.lines(path, parameters):
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
            raise self._unreachable(f"the response to {method} {path} is not JSON") from error
        if not isinstance(parsed, dict):
            raise self._unreachable(f"the response to {method} {path} is not an object")
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
        """Send a request and return its successful response.

        ApiError: the server refused it. CLU602: no response within `patience`. CLU603: the credentials are invalid.
        """
        url = f"{path}?{urlencode(_encoded(query))}" if query else path
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
                renewed = True  # a file or a program may have renewed the token
                self._connection = Connection(self.target)
                continue
            failure = _failure(status, response, text)
            if status == _UNAUTHORIZED:
                hint = "renew the credentials, then run the command again"
                message = f"the API server does not accept the credentials: {failure}"
                raise ClusterError(problem("CLU603", message, self.target.shown, hint=hint)) from failure
            if _is_no_api_server(status, failure):
                raise self._unreachable(f"{failure} ({method} {path})") from failure
            wait = pause(attempt, response.headers if response is not None else {})
            if once or attempt >= most_tries(status):
                raise failure
            if math.isinf(most_tries(status)):
                self._check_patience(failure, f"{method} {path}, tried {attempt} times", wait, deadline)
            time.sleep(wait * random.uniform(0.8, 1.2))  # noqa: S311 - spreads the retries of many callers

    def _check_patience(self, failure: ApiError, tried: str, wait: float, deadline: float) -> None:
        """Raise CLU602 if another `wait` seconds exceed the patience; notify of a wait that is no longer short."""
        since = self._failing_since = self._failing_since or time.monotonic()
        if time.monotonic() + wait > min(deadline, since + self._patience):
            raise self._unreachable(f"{failure} ({tried})") from failure
        if time.monotonic() > since + _QUIET_SECONDS and not self._announced:
            self._announced = True
            limit = f"waiting up to {self._patience:.0f} s"
            self._notify(f"no response from {self._connection.host}: {failure}; {limit}")

    def _attempt(
        self, method: str, url: str, content: bytes | None, content_type: str, *, stream: bool
    ) -> tuple[int, Any, str]:
        """Send a request once.

        Return the status (0 without a response), the response, and the error of the connection.
        """
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
        hint = "check that the API server responds (`kubectl version`), then run the command again to resume"
        if _UNTRUSTED in why:
            hint = "check that the kubeconfig contains the certificate authority of this server"
        return ClusterError(problem("CLU602", f"the API server cannot be used: {why}", self.target.shown, hint=hint))


def _is_no_api_server(status: int, failure: ApiError) -> bool:
    """Return whether another server answered, so that waiting is useless.

    Its certificate belongs to another authority, or it rejects the protocol of the request.
    """
    return (status == 0 and _UNTRUSTED in str(failure)) or (status == 400 and not failure.body)


def _encoded(query: Query) -> dict[str, str]:
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in query.items()}


def _failure(status: int, response: Any, text: str) -> ApiError:
    try:
        body = json.loads(response.data) if response is not None else {}
    except ValueError:
        body = {}
    return ApiError(status, body if isinstance(body, dict) else {}, text)


def _text_of(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
