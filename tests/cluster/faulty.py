"""A proxy before the API server that fails on purpose: throttled, broken, dropped, slow or unauthorised answers."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import urllib3
import yaml
from kubernetes import config


@dataclass
class Rule:
    """Which requests fail, how (`status`, `drop`, `drop-after` or `slow`), and how often."""

    how: str
    match: str = ""
    times: int = 3
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Proxy:
    """A running proxy: its kubeconfig, the rules (spent from the front), and what was injected."""

    kubeconfig: Path
    rules: list[Rule]
    injected: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    permits: Callable[[str, str], bool] = lambda method, path: True

    def next_fault(self, method: str, path: str) -> Rule | None:
        """The fault of this request, if one is due."""
        with self.lock:
            if not self.permits(method, path):
                self.injected.append(f"forbidden {method} {path}")
                return Rule("status", status=403)
            for rule in self.rules:
                if rule.times > 0 and re.search(rule.match, f"{method} {path}"):
                    rule.times -= 1
                    self.injected.append(f"{rule.how} {method} {path}")
                    return rule
        return None


@contextmanager
def faulty(kubeconfig: Path, folder: Path, rules: list[Rule]) -> Iterator[Proxy]:
    """A proxy on a port of its own, with a kubeconfig in `folder` that names it."""
    upstream = config.new_client_from_config(str(kubeconfig))
    pool = upstream.rest_client.pool_manager
    host = upstream.configuration.host
    token = upstream.configuration.get_api_key_with_prefix("authorization", alias="BearerToken")
    proxy = Proxy(kubeconfig=folder / "faulty.kubeconfig", rules=rules)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
            fault = proxy.next_fault(self.command, self.path)
            if fault and fault.how == "drop":
                return self.connection.close()
            if fault and fault.how == "slow":
                time.sleep(3)
            if fault and fault.how == "status":
                return self._answer(fault.status, json.dumps(_status(fault.status)).encode(), fault.headers)
            headers = {"Authorization": token}
            headers |= {name: self.headers[name] for name in ("Content-Type", "Accept") if self.headers[name]}
            try:
                reply = pool.request(
                    self.command,
                    host + self.path,
                    body=body,
                    headers=headers,
                    retries=False,
                    preload_content=False,
                    timeout=urllib3.Timeout(connect=2, read=300),
                )
            except (urllib3.exceptions.HTTPError, OSError):
                return self.connection.close()
            if fault and fault.how == "drop-after":  # it was done, and nobody is told
                reply.read()
                return self.connection.close()
            return self._forward(reply)

        def _forward(self, reply: Any) -> None:
            self.send_response(reply.status)
            for name in ("Content-Type", "Retry-After", "Date"):
                if name in reply.headers:
                    self.send_header(name, reply.headers[name])
            self.end_headers()
            try:
                while chunk := reply.read1(1 << 16):
                    self.wfile.write(chunk)
                    self.wfile.flush()
            except (urllib3.exceptions.HTTPError, OSError):
                self.connection.close()
            finally:
                reply.close()

        def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815 - the base class looks for these names

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{httpd.server_port}"}}],
        "users": [{"name": "u", "user": {"token": "through-the-proxy"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    proxy.kubeconfig.write_text(yaml.safe_dump(document))
    yield proxy
    httpd.shutdown()


def _status(code: int) -> dict[str, Any]:
    reasons = {401: "Unauthorized", 403: "Forbidden", 409: "Conflict", 429: "TooManyRequests", 500: "InternalError"}
    return {"kind": "Status", "status": "Failure", "code": code, "reason": reasons.get(code, ""), "message": "injected"}
