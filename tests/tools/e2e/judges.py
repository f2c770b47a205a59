"""What specs with a judge need in addition to their plan: the stub model behind its endpoint."""

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import yaml

START_SECONDS = 30


@contextmanager
def judge_of(folder: Path) -> Iterator[None]:
    """Serve the stub judge of the spec in `folder` while the block runs; a spec without one needs nothing."""
    program = folder / "stub_judge.py"
    if not program.is_file():
        yield
        return
    endpoint = yaml.safe_load((folder / "spec.yaml").read_text(encoding="utf-8"))["spec"]["judge"]["endpoint"]
    server = subprocess.Popen([sys.executable, str(program), str(urlsplit(endpoint).port)])
    try:
        _wait(f"{endpoint}/models")
        yield
    finally:
        server.terminate()
        server.wait(timeout=60)


def _wait(address: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.2)
    raise SystemExit(f"the stub judge did not answer at {address}")
