"""A proxy before the API server that fails on purpose, with a kubeconfig that leads to it."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path

import yaml
from kubernetes import config
from support.faulty_http import Fault, Upstream, faulty_http


@dataclass
class Rule:
    """Which requests fail, how (see `Fault`), and how often."""

    how: str
    match: str = ""
    times: int = 3
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""  # by default, what the API server would say


@dataclass
class Proxy:
    """A running proxy: its kubeconfig, the rules (spent from the front), and what was injected."""

    kubeconfig: Path
    rules: list[Rule]
    injected: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    permits: Callable[[str, str], bool] = lambda method, path: True

    def next_fault(self, method: str, path: str, _: Message) -> Fault | None:
        """The fault of this request, if one is due."""
        with self.lock:
            if not self.permits(method, path):
                self.injected.append(f"forbidden {method} {path}")
                return Fault(how="status", status=403, body=_status(403))
            for rule in self.rules:
                if rule.times > 0 and re.search(rule.match, f"{method} {path}"):
                    rule.times -= 1
                    self.injected.append(f"{rule.how} {method} {path}")
                    return Fault(
                        how=rule.how, status=rule.status, body=rule.body or _status(rule.status), headers=rule.headers
                    )
        return None


@contextmanager
def faulty(kubeconfig: Path, folder: Path, rules: list[Rule]) -> Iterator[Proxy]:
    """A proxy on a port of its own, with a kubeconfig in `folder` that names it."""
    api = config.new_client_from_config(str(kubeconfig))
    token = api.configuration.get_api_key_with_prefix("authorization", alias="BearerToken")
    proxy = Proxy(kubeconfig=folder / "faulty.kubeconfig", rules=rules)

    def headers(asked: Message) -> dict[str, str]:
        kept = {name: asked[name] for name in ("Content-Type", "Accept") if asked[name]}
        return {"Authorization": token, **kept}

    upstream = Upstream(url=api.configuration.host, pool=api.rest_client.pool_manager, headers=headers)
    with faulty_http(upstream, proxy.next_fault) as url:
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": {"server": url}}],
            "users": [{"name": "u", "user": {"token": "through-the-proxy"}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
        proxy.kubeconfig.write_text(yaml.safe_dump(document))
        yield proxy


def _status(code: int) -> bytes:
    reasons = {401: "Unauthorized", 403: "Forbidden", 409: "Conflict", 429: "TooManyRequests", 500: "InternalError"}
    status = {
        "kind": "Status",
        "status": "Failure",
        "code": code,
        "reason": reasons.get(code, ""),
        "message": "injected",
    }
    return json.dumps(status).encode()
