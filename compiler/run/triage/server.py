"""The page's server: on 127.0.0.1 only, and only for whoever knows the token in its address.

Other pages in the same browser cannot use it: every request needs the token in its path, the address of this server in
`Host` (against DNS rebinding) and in `Origin` if there is one; a change also needs the token in a header, which a form
of another page cannot send.
"""

import hmac
import json
import secrets
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pydantic import ValidationError

from compiler.run.triage.session import Change, Mark, Session, UnusableError

TOKEN_HEADER = "X-Triage-Token"  # noqa: S105 (the name of a header)
_MAX_BODY = 2 << 20
_MAX_PASSED = 500
_FILES = {
    "": ("page.html", "text/html; charset=utf-8"),
    "page.css": ("page.css", "text/css; charset=utf-8"),
    "page.js": ("page.js", "text/javascript; charset=utf-8"),
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class PageServer(ThreadingHTTPServer):
    """Serves a session until it is shut down; `url` is the address of the page, with the token."""

    daemon_threads = True

    def __init__(self, session: Session) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.session = session
        self.token = secrets.token_urlsafe(32)
        port = self.server_address[1]
        self.hosts = (f"127.0.0.1:{port}", f"localhost:{port}")
        self.url = f"http://{self.hosts[0]}/{self.token}/"


class _Handler(BaseHTTPRequestHandler):
    server: PageServer
    server_version = "trainspec"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        """Send the page, the state of the labels, or a trace."""
        name = self._name()
        if name is None:
            return
        if name in _FILES:
            file, kind = _FILES[name]
            self._send(200, (Path(__file__).parent / "page" / file).read_bytes(), kind)
        elif name == "state":
            self._answer(lambda: self.server.session.state())
        elif name == "trace":
            self._answer(self._trace)
        else:
            self._send_json(404, {"error": "no such page"})

    def do_POST(self) -> None:
        """Change a label, or mark an intent."""
        name = self._name()
        if name is None:
            return
        sent = self.headers.get(TOKEN_HEADER, "")
        if not _equal(sent, self.server.token) or self.headers.get_content_type() != "application/json":
            self._refuse()
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _MAX_BODY:
            self.close_connection = True
            self._send_json(413, {"error": "the request is too large"})
            return
        body = self.rfile.read(int(length))
        if name == "label":
            self._answer(lambda: self.server.session.change(Change.model_validate_json(body)))
        elif name == "intent":
            self._answer(lambda: self.server.session.mark(Mark.model_validate_json(body)))
        else:
            self._send_json(404, {"error": "no such page"})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (a name of the base class)
        """Write no log: it would hold the token."""

    def _name(self) -> str | None:
        """Return what is asked for below the token; None, and an answer, if the request may not see it."""
        parts = urlsplit(self.path).path.split("/", 2)
        origin = self.headers.get("Origin")
        allowed = self.headers.get("Host") in self.server.hosts
        allowed &= origin is None or origin in [f"http://{host}" for host in self.server.hosts]
        if not _equal(parts[1] if len(parts) > 1 else "", self.server.token) or not allowed:
            self._refuse()
            return None
        return parts[2] if len(parts) > 2 else "?"

    def _trace(self) -> Any:
        query = parse_qs(urlsplit(self.path).query)
        step = query.get("step", ["0"])[0]
        view, digest = query.get("view", ["queue"])[0], query.get("digest", [""])[0]
        passed = query.get("passed", [""])[0].split(",")[:_MAX_PASSED]
        return self.server.session.trace(view, digest, {"1": 1, "-1": -1}.get(step, 0), passed)

    def _answer(self, work: Any) -> None:
        try:
            self._send_json(200, work())
        except UnusableError as error:
            self._send_json(409, {"error": str(error)})
        except ValidationError as error:
            self._send_json(422, {"error": f"not valid: {error.errors(include_url=False)[0]['msg'].lower()}"})
        except OSError as error:
            self._send_json(500, {"error": f"cannot write the labels: {(error.strerror or str(error)).lower()}"})

    def _refuse(self) -> None:
        self.close_connection = True
        self._send_json(403, {"error": "open the address that `trainspec triage` printed"})

    def _send_json(self, status: int, data: Any) -> None:
        content = json.dumps(data, ensure_ascii=True).encode()
        self._send(status, content, "application/json")

    def _send(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        for name, value in {**_HEADERS, "Content-Type": kind, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def _equal(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())
