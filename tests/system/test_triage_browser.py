"""The keyboard path of the triage page in a real browser: labels, undo, hostile text, and a narrow window."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.triage_project import Triage, trace

from compiler.run.triage.server import PageServer
from compiler.run.triage.session import Session

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
HOSTILE = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">\u202e\x1b[31m"

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api")
    monkeypatch.chdir(tmp_path)
    project = Triage.make([trace(number, query=f"{HOSTILE} {number}") for number in range(1, 8)])
    with PageServer(Session(project.open(), "li")) as server, api.sync_playwright() as player:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        browser = player.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        shown = browser.new_page(viewport={"width": 360, "height": 740})
        faults: list[str] = []
        shown.on("pageerror", lambda error: faults.append(str(error)))
        shown.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        shown.goto(server.url)
        shown.wait_for_selector("#trace h2")
        yield shown
        assert [each for each in faults if "favicon" not in each and "403" not in each] == []
        browser.close()
        server.shutdown()
        thread.join()


def saved(page: Any, text: str) -> None:
    page.wait_for_function("text => document.getElementById('saved').textContent.includes(text)", arg=text)


def other_trace(page: Any, old: str) -> None:
    page.wait_for_function("old => trace === null || trace.digest !== old", arg=old)


def test_labels_by_keyboard_alone(page: Any) -> None:
    project = Triage(folder=Path("specs/shop"))
    keys = page.keyboard
    first = page.evaluate("trace.digest")
    keys.press("b")
    saved(page, "bad")
    keys.press("f")
    keys.insert_text("订单在路上。")
    keys.press("Escape")
    page.wait_for_function("() => trace.label.fix === '订单在路上。'")
    keys.press("k")
    keys.type("Wrong Date")
    keys.press("Enter")
    saved(page, "wrong-date")
    keys.press("c")
    keys.press("ArrowDown")
    keys.press("Escape")
    page.wait_for_function("() => trace.label.component")
    keys.press("3")
    saved(page, "high")
    keys.press("n")
    other_trace(page, first)
    second = page.evaluate("trace.digest")
    keys.press("g")
    other_trace(page, second)
    keys.press("u")
    page.wait_for_function("digest => trace.digest === digest && trace.label.verdict === null", arg=second)
    keys.press("x")
    other_trace(page, second)
    last = {each["digest"]: each for each in project.lines}
    assert last[second]["verdict"] == "skip"
    label = last[first]
    assert (label["verdict"], label["fix"], label["kind"], label["severity"]) == (
        "bad",
        "订单在路上。",
        "wrong-date",
        "high",
    )
    keys.press("p")
    page.wait_for_function("digest => trace.digest === digest", arg=second)
    page.reload()
    page.wait_for_selector("#trace h2")
    assert "2 of 7 labelled" in page.text_content("#progress")


def test_hostile_text_is_text_and_a_narrow_window_needs_no_sideways_scrolling(page: Any) -> None:
    assert page.title() == "Triage"
    assert page.evaluate("document.querySelectorAll('#trace script, #trace img').length") == 0
    assert "⟦U+202E⟧⟦U+001B⟧[31m" in page.text_content("#trace")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.keyboard.press("?")
    assert page.evaluate("document.getElementById('help').open")
    page.keyboard.press("Escape")
    assert not page.evaluate("document.getElementById('help').open")


def test_traces_that_people_passed_come_again(page: Any) -> None:
    for _ in range(7):
        old = page.evaluate("trace.digest")
        page.keyboard.press("n")
        other_trace(page, old)
    assert page.inner_text("#trace") == "7 traces that you passed have no label. Press n to see them again."
    page.keyboard.press("n")
    page.wait_for_selector("#trace h2")


def test_a_long_kind_ends_with_a_letter(page: Any) -> None:
    page.keyboard.press("k")
    page.keyboard.insert_text("a" * 62 + " bc")
    page.keyboard.press("Enter")
    saved(page, "a" * 62)
    assert page.evaluate("trace.label.kind") == "a" * 62
