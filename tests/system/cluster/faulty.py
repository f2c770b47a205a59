"""A proxy in front of the API server that injects faults, and its kubeconfig."""

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
    """A rule for requests to fail: how (see `Fault`), and how often."""

    how: str
    match: str = ""
    times: int = 3
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""  # the default is a Status object


@dataclass
class Proxy:
    """A running proxy: its kubeconfig, the rules, and the injected faults."""

    kubeconfig: Path
    rules: list[Rule]
    injected: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    permits: Callable[[str, str], bool] = lambda method, path: True

    def next_fault(self, method: str, path: str, _: Message) -> Fault | None:
        """Return the fault for a request, if any."""
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
    """Run a proxy on a free port, with a kubeconfig for it in `folder`."""
    api = config.new_client_from_config(str(kubeconfig))
    token = api.configuration.get_api_key_with_prefix("authorization", alias="BearerToken")
    proxy = Proxy(kubeconfig=folder / "faulty.kubeconfig", rules=rules)

    def headers(request: Message) -> dict[str, str]:
        kept = {name: request[name] for name in ("Content-Type", "Accept") if request[name]}
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
