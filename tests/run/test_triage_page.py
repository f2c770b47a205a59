"""The page's server: only for whoever has the token, safe against other pages, and no label is lost by a kill."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from support.triage_project import Triage, trace

from compiler.run.triage.content import slug
from compiler.run.triage.server import PageServer
from compiler.run.triage.session import Session
from compiler.run.triage.shown_trace import visible


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PageServer]:
    monkeypatch.chdir(tmp_path)
    project = Triage.make([trace(number) for number in range(1, 8)])
    with PageServer(Session(project.open(), "li")) as page:
        thread = threading.Thread(target=page.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield page
        page.shutdown()
        thread.join()


def ask(server: PageServer, path: str, body: Any = None, **headers: str) -> tuple[int, Any, dict[str, str]]:
    connection = HTTPConnection("127.0.0.1", server.server_address[1])
    sent = {"Host": server.hosts[0], "Content-Type": "application/json", "X-Triage-Token": server.token}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    content = None if body is None else json.dumps(body)
    connection.request("GET" if body is None else "POST", path, content, {k: v for k, v in sent.items() if v})
    answer = connection.getresponse()
    text = answer.read().decode()
    is_json = answer.headers.get_content_type() == "application/json"
    return answer.status, json.loads(text) if is_json else text, dict(answer.headers)


def digest_of(server: PageServer) -> str:
    return str(ask(server, f"/{server.token}/trace?step=1")[1]["digest"])


def test_the_page_allows_nothing_from_elsewhere(server: PageServer) -> None:
    status, text, headers = ask(server, f"/{server.token}/")
    assert status == 200
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert "http" not in text.replace("http-equiv", "")
    assert server.token not in text
    for name in ("page.css", "page.js"):
        assert ask(server, f"/{server.token}/{name}")[0] == 200


@pytest.mark.parametrize("path", ["/", "/state", "/wrong/state", "//state", "/%00/", "/" + "a" * 43 + "/trace?step=1"])
def test_requests_without_the_token_are_refused(server: PageServer, path: str) -> None:
    status, answer, _ = ask(server, path)
    assert (status, answer) == (403, {"error": "open the address that `trainspec triage` printed"})


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example.com"},
        {"Host": "127.0.0.1"},
        {"Origin": "https://evil.example.com"},
        {"Origin": "null"},
        {"X_Triage_Token": ""},
        {"X_Triage_Token": "guess"},
        {"Content_Type": "text/plain"},
        {"Content_Type": "application/x-www-form-urlencoded"},
    ],
)
def test_changes_from_other_pages_are_refused(server: PageServer, headers: dict[str, str]) -> None:
    change = {"digest": digest_of(server), "fields": {"verdict": "good"}}
    assert ask(server, f"/{server.token}/label", change, **headers)[0] == 403
    assert ask(server, f"/{server.token}/state")[1]["labelled"] == 0
    assert ask(server, f"/{server.token}/label", change)[0] == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"digest": "0" * 64, "fields": {"verdict": "good"}}, 409),
        ({"digest": None, "fields": {"drawn": "yes"}}, 409),
        ({"digest": None, "fields": {"verdict": "great"}}, 422),
        ({"digest": None, "fields": {"kind": "Not A Slug"}}, 422),
        ({"digest": None, "fields": {"kind": "<script>"}}, 422),
        ({"digest": None, "fields": {"fix": "x" * 200_001}}, 422),
        ({"digest": None, "fields": {"verdict": "good"}, "more": 1}, 422),
        ([], 422),
    ],
)
def test_changes_that_are_not_valid_write_nothing(server: PageServer, body: Any, status: int) -> None:
    if isinstance(body, dict) and body["digest"] is None:
        body["digest"] = digest_of(server)
    found, answer, _ = ask(server, f"/{server.token}/label", body)
    assert found == status
    assert answer["error"]
    assert not Path("specs/shop/labels.jsonl").exists()


def test_characters_that_deceive_are_shown() -> None:
    assert visible("a\u202eb\x1b[31m\u200b中文\tc\nd") == "a⟦U+202E⟧b⟦U+001B⟧[31m⟦U+200B⟧中文\tc\nd"
    assert len(visible("x" * 300_000)) < 101_000


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("Order Lookup!", "order-lookup"), ("检索器 v2", "检索器-v2"), ("--a--", "a"), ("…", ""), ("é" * 3, "")],
)
def test_components_of_steps_become_names(text: str, wanted: str) -> None:
    assert slug(text) == wanted


def test_a_kill_after_the_answer_loses_no_label(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    project = Triage.make([trace(number) for number in range(1, 8)])
    command = [sys.executable, "-m", "compiler", "triage", "specs/shop", "--no-browser"]
    root = Path(__file__).parents[2]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": str(root), "PATH": ""})
    assert process.stdout is not None
    address = next(line.split()[1] for line in process.stdout if line.startswith("open "))
    _, _, host, token, _ = address.split("/")
    connection = HTTPConnection(host)
    headers = {"Host": host, "Content-Type": "application/json", "X-Triage-Token": token}
    connection.request("GET", f"/{token}/trace?step=1", headers=headers)
    found = json.loads(connection.getresponse().read())
    change = json.dumps({"digest": found["digest"], "fields": {"verdict": "bad", "fix": "对"}})
    connection.request("POST", f"/{token}/label", change, headers)
    assert connection.getresponse().status == 200
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert [(each["digest"], each["fix"]) for each in project.lines] == [(found["digest"], "对")]
    assert "1 labelled" in project.report().stdout
