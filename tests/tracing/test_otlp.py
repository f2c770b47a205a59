import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support.waiting import wait_until

from runtime.trace import counts, record, step
from runtime.trace.otlp import OtlpSender, request_of


class Collector(ThreadingHTTPServer):
    """Keeps what it receives; answers with the next of `codes`, then with 200. `gate` holds answers back."""

    def __init__(self) -> None:
        self.received: list[dict] = []
        self.paths: list[str] = []
        self.codes: list[int] = []
        self.gate = threading.Event()
        self.gate.set()
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def spans(self) -> list[dict]:
        return [span for body in self.received for span in body["resourceSpans"][0]["scopeSpans"][0]["spans"]]


class Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.gate.wait()
        code = self.server.codes.pop(0) if self.server.codes else 200
        if code == 200:
            self.server.received.append(body)
            self.server.paths.append(f"{self.path} {self.headers['Content-Type']} {self.headers.get('X-Team')}")
        self.send_response(code)
        self.send_header("Retry-After", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.gate.set()
        server.shutdown()


def attributes(span: dict) -> dict[str, object]:
    return {each["key"]: next(iter(each["value"].values())) for each in span["attributes"]}


def ask(name: str = "q") -> None:
    with record(name, session="s", model="m/1") as trace:
        with step("model", [{"role": "user", "content": "hi"}], kind="model", prompt_version="v1") as call:
            call.output, call.tokens = "there", (5, 2)
            with suppress(ValueError), step("weigh", {"id": 3}, kind="tool") as inner:
                inner.output = 1
                raise ValueError("no")
        trace.answer = "there"


def test_spans_have_the_attributes_of_the_conventions(recorded: Callable, collector: Collector) -> None:
    sender = OtlpSender(collector.address, headers={"X-Team": "shop"}, service="bot")
    read = recorded(sink=sender)
    ask()
    assert sender.flush(600)
    assert collector.paths == ["/v1/traces application/json shop"]
    root, model, tool = collector.spans
    assert (root["traceId"], len(root["spanId"])) == (read()[0]["id"], 16)
    assert "parentSpanId" not in root
    assert (model["parentSpanId"], tool["parentSpanId"]) == (root["spanId"], model["spanId"])
    assert model["name"] == "chat model"
    found = attributes(model)
    assert found["gen_ai.operation.name"] == "chat"
    assert json.loads(found["gen_ai.input.messages"]) == [
        {"role": "user", "parts": [{"type": "text", "content": "hi"}]}
    ]
    assert json.loads(found["gen_ai.output.messages"]) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "there"}]}
    ]
    assert (found["gen_ai.usage.input_tokens"], found["gen_ai.conversation.id"]) == ("5", "s")
    assert found["gen_ai.prompt.version"] == "v1"
    assert json.loads(attributes(tool)["gen_ai.tool.call.arguments"]) == {"id": 3}
    assert all(int(span["endTimeUnixNano"]) >= int(span["startTimeUnixNano"]) > 10**18 for span in collector.spans)
    body = collector.received[0]["resourceSpans"][0]
    assert body["resource"]["attributes"] == [{"key": "service.name", "value": {"stringValue": "bot"}}]


def test_the_request_is_valid_by_the_protocol() -> None:
    proto = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
    from google.protobuf.json_format import ParseDict

    made = {
        "id": "a" * 32,
        "losses": [],
        "steps": [],
        "started": "2026-11-30T00:00:00+00:00",
        "query": "q",
        "answer": 1,
    }
    body = request_of([made], "bot")
    for span in body["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        span["traceId"] = span["spanId"] = ""  # the protocol's JSON has hex here, protobuf's has base64
    ParseDict(body, proto.ExportTraceServiceRequest())


def test_a_collector_that_is_busy_gets_it_again_and_one_that_refuses_does_not(
    recorded: Callable, collector: Collector
) -> None:
    sender = OtlpSender(collector.address)
    recorded(sink=sender)
    collector.codes = [503, 429]
    ask("first")
    assert sender.flush(600)
    assert len(collector.spans) == 3
    collector.codes = [400]
    ask("second")
    assert sender.flush(600)
    assert len(collector.spans) == 3
    assert counts() == {"traces are not sent": 1}


def test_a_collector_that_hangs_never_blocks_the_application(recorded: Callable, collector: Collector) -> None:
    sender = OtlpSender(collector.address, waiting=5)
    recorded(path=None, sink=sender)
    collector.gate.clear()
    for number in range(50):
        ask(str(number))
    dropped = counts()["a trace is not sent, too many are waiting for the collector"]
    assert 40 <= dropped <= 45
    collector.gate.set()
    assert sender.flush(600)
    assert len(collector.spans) == 3 * (50 - dropped)


def test_a_missing_collector_is_reported_once(
    recorded: Callable, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("runtime.trace.otlp.TRIES", 1)
    sender = OtlpSender("http://127.0.0.1:9")
    recorded(sink=sender)
    for number in range(3):
        ask(str(number))
        assert sender.flush(600)
    assert counts() == {"traces are not sent": 3}
    assert capsys.readouterr().err.count("not sent") == 1


def test_what_waits_at_the_end_of_the_process_is_sent(collector: Collector) -> None:
    code = (
        "import sys\nfrom runtime.trace import configure, record\nfrom runtime.trace.otlp import OtlpSender\n"
        "configure(path=None, sink=OtlpSender(sys.argv[1]))\n"
        "with record('q') as trace:\n    trace.answer = 1\n"
    )
    subprocess.run([sys.executable, "-c", code, collector.address], check=True, cwd=Path(__file__).parents[2])
    assert len(collector.spans) == 1


def test_a_forked_child_sends_too(recorded: Callable, collector: Collector) -> None:
    sender = OtlpSender(collector.address)
    recorded(sink=sender)
    ask("parent")
    assert sender.flush(600)
    child = os.fork()
    if child == 0:
        ask("child")
        os._exit(0 if sender.flush(600) else 1)
    assert os.waitpid(child, 0)[1] == 0
    wait_until(lambda: len(collector.spans) == 6, "the spans of the child")


def test_a_wrong_address_is_refused() -> None:
    with pytest.raises(ValueError, match="no address"):
        OtlpSender("localhost:4318")
