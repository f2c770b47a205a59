"""What specs with a teacher need in addition to their plan: student and teacher in the cache, and a running server."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from runtime.fetch import MODELS, cache_folder, fetch_model

START_SECONDS = 120


@contextmanager
def teacher_of(folder: Path) -> Iterator[None]:
    """Fetch the student of the spec in `folder`, make its teacher, and serve it while the block runs.

    A teacher behind an endpoint of this machine is served by `transformers serve` (`pip install transformers[serving]`);
    a spec without its own teacher needs nothing.
    """
    body: dict[str, Any] = yaml.safe_load((folder / "spec.yaml").read_text(encoding="utf-8"))["spec"]
    models, program = cache_folder() / "models", folder / "make_teacher.py"
    if not program.is_file():
        yield
        return
    student = f"{body['model']['name']}/{body['model']['revision']}"
    if student in MODELS:
        fetch_model(student, models)
    subprocess.run([sys.executable, str(program), str(models)], check=True)
    teacher = body["teacher"]
    if "endpoint" not in teacher:
        yield
        return
    server = _serve(f"{teacher['name']}/{teacher['revision']}", teacher["endpoint"], models)
    try:
        yield
    finally:
        server.terminate()
        server.wait(timeout=60)


def _serve(reference: str, endpoint: str, models: Path) -> "subprocess.Popen[bytes]":
    where = urlsplit(endpoint)
    command = [str(Path(sys.executable).with_name("transformers")), "serve", reference, "--host", str(where.hostname)]
    command += ["--port", str(where.port), "--device", "cpu", "--dtype", "float32"]
    empty = cache_folder() / "empty-hub"  # the server lists what is in the hub's folder, which must be there
    (empty / "hub").mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"HF_HOME": str(empty), "HF_HUB_OFFLINE": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    said = empty / "serve.log"
    with said.open("wb") as log:
        server = subprocess.Popen(command, cwd=models, env=environment, stdout=log, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(f"{endpoint}/models", timeout=5).close()
            return server
        except (urllib.error.URLError, TimeoutError):
            time.sleep(1)
    server.kill()
    raise SystemExit(f"`transformers serve` did not answer at {endpoint}: see {said}")
