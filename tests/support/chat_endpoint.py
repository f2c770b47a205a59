"""An OpenAI-compatible endpoint: a real HTTP server of this process, which answers as a test wants."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Response = tuple[int, dict[str, str], bytes]
Respond = Callable[[int, dict[str, Any]], Response]


def said(text: str, finish: str = "stop") -> Response:
    """A chat completion."""
    usage = {"prompt_tokens": 5, "completion_tokens": 2}
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
    return 200, {}, json.dumps({"choices": [choice], "usage": usage}, ensure_ascii=False).encode()


class Server:
    """An endpoint that answers with `respond` and records its requests."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.models: Response = (404, {}, b"")
        self.respond: Respond = lambda number, body: said(f"answer to {body['messages'][-1]['content']}")
        self.most_at_once = self._now = 0
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._send(outer.models)

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                with outer._lock:
                    outer.requests.append(body)
                    outer.keys.append(self.headers.get("authorization"))
                    number = len(outer.requests)
                    outer._now += 1
                    outer.most_at_once = max(outer.most_at_once, outer._now)
                try:
                    response = outer.respond(number, body)
                finally:
                    with outer._lock:  # before the client has its answer and may send another request
                        outer._now -= 1
                self._send(response)

            def _send(self, response: Response) -> None:
                status, headers, content = response
                if status == 0:  # dies in the middle of its answer
                    self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"cho')
                    self.close_connection = True
                    return
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *arguments: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.handle_error = lambda *arguments: None  # type: ignore[method-assign]  # a client that goes away
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"


@contextmanager
def served() -> Iterator[Server]:
    """A server that answers until the block ends."""
    started = Server()
    thread = threading.Thread(target=started.http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield started
    finally:
        started.http.shutdown()
        started.http.server_close()
