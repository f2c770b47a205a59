"""A proxy in front of a server that fails on purpose: throttled, refused, broken, dropped or slow answers."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import urllib3
from support.waiting import HUNG_SECONDS

SLOW_SECONDS = 3
_OF_A_CONNECTION = ("connection", "keep-alive", "transfer-encoding")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """How a request fails: `status`, `drop` (nothing is done), `drop-after` (it is done, without an answer), `cut` (in the
    middle of the answer) or `slow`.
    """

    how: str
    status: int = 500
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """The server behind: its address, how it is reached, and the headers that it receives."""

    url: str
    pool: urllib3.PoolManager
    headers: Callable[[Message], dict[str, str]]


@contextmanager
def faulty_http(upstream: Upstream, decide: Callable[[str, str, Message], Fault | None]) -> Iterator[str]:
    """The address of a proxy; `decide` says of each method, path and headers how that request fails, if it does."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
            fault = decide(self.command, self.path, self.headers)
            how = fault.how if fault else ""
            if how == "drop":
                return self.connection.close()
            if how == "slow":
                time.sleep(SLOW_SECONDS)
            if fault and how == "status":
                self._begin(fault.status, {"Content-Length": str(len(fault.body)), **fault.headers})
                self.wfile.write(fault.body)
                return None
            try:
                reply = upstream.pool.request(
                    self.command,
                    upstream.url + self.path,
                    body=body,
                    headers=upstream.headers(self.headers),
                    redirect=False,
                    retries=False,
                    preload_content=False,
                    timeout=urllib3.Timeout(connect=HUNG_SECONDS, read=HUNG_SECONDS),
                )
            except (urllib3.exceptions.HTTPError, OSError):
                return self.connection.close()
            if how == "drop-after":
                reply.read()
                return self.connection.close()
            return self._forward(reply, cut=how == "cut")

        def _forward(self, reply: Any, *, cut: bool) -> None:
            self._begin(reply.status, {k: v for k, v in reply.headers.items() if k.lower() not in _OF_A_CONNECTION})
            try:
                while chunk := reply.read1(1 << 16, decode_content=False):
                    self.wfile.write(chunk[: len(chunk) // 2] if cut else chunk)
                    self.wfile.flush()
                    if cut:
                        break
            except (urllib3.exceptions.HTTPError, OSError):
                self.connection.close()
            finally:
                reply.close()

        def _begin(self, status: int, headers: Mapping[str, str]) -> None:
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815 - named by the base class

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    threading.Thread(target=httpd.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    httpd.server_close()
