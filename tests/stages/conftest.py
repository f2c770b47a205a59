"""A tiny model with random weights, and workspaces that run `python -m runtime` on it as a pod would."""

import fcntl
import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from stages.forked import ForkedStage
from support.waiting import HUNG_SECONDS

Process = subprocess.Popen[str] | ForkedStage
REPOSITORY = Path(__file__).resolve().parents[2]
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models volume with `tiny/1`: a Llama of two layers with hidden size 64, and a byte-level tokenizer."""
    volume = tmp_path_factory.mktemp("models")
    program = Path(__file__).with_name("tiny_model.py")
    subprocess.run([sys.executable, str(program), str(volume / "tiny" / "1"), TEMPLATE], check=True)
    return volume


@dataclass(frozen=True, kw_only=True)
class Ended:
    """The result of one run of the runtime."""

    code: int
    events: list[dict[str, Any]]
    stderr: str
    termination: dict[str, Any]

    def event(self, name: str) -> dict[str, Any]:
        """The last event of this name."""
        return [event for event in self.events if event["event"] == name][-1]

    @property
    def error(self) -> str:
        return str(self.event("error")["code"])


class Workspace:
    """Three volumes, and a config that starts as a small SFT stage."""

    def __init__(self, root: Path, models: Path) -> None:
        self.root, self.models = root, models
        self.data, self.outputs = root / "data", root / "outputs"
        self.data.mkdir()
        self.outputs.mkdir()

    def write_rows(self, name: str, rows: list[dict[str, Any]], shape: str) -> dict[str, Any]:
        """Write rows to the data volume; return the `data` block for them."""
        content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
        return self.write_bytes(name, content, shape, len(rows))

    def write_bytes(self, name: str, content: bytes, shape: str, rows: int) -> dict[str, Any]:
        (self.data / name).write_bytes(content)
        return {"path": name, "shape": shape, "sha256": hashlib.sha256(content).hexdigest(), "rows": rows}

    def write_config(self, name: str, config: dict[str, Any]) -> Path:
        path = self.root / f"{name}.yaml"
        path.write_text(yaml.safe_dump(config, allow_unicode=True, sort_keys=False), encoding="utf-8")
        return path

    def start(self, config: Path, *, lockstep: bool = False, **options: Any) -> Process:
        """Start the stage. In `lockstep` it is never more than one event ahead of its reader: on a busy
        machine it would otherwise finish before a test sees the step that it waits for.

        A stage without `options` is forked from a process with the libraries.
        """
        forks = not options.keys() - {"arguments"}
        environment = {
            **os.environ,
            "PYTHONPATH": str(REPOSITORY),
            "TRAINSPEC_MODELS": str(self.models),
            "TRAINSPEC_DATA": str(self.data),
            "TRAINSPEC_OUTPUTS": str(self.outputs),
            "TRAINSPEC_TERMINATION_LOG": str(self.root / "termination.json"),
            **options.pop("environment", {}),
        }
        arguments = [str(config), *options.pop("arguments", ())]
        log = (self.root / "stderr.txt").open("w")
        # O_DIRECT: one packet for each write
        reading, writing = os.pipe2(os.O_CLOEXEC | (os.O_DIRECT if lockstep else 0))
        if lockstep:
            fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, resource.getpagesize())  # which holds one packet
        process: Process
        if forks:
            process = ForkedStage(
                arguments, environment=environment, cwd=self.root, stdout=writing, stderr=log.fileno()
            )
        else:
            command = [sys.executable, "-m", "runtime", *arguments]
            process = subprocess.Popen(
                command, env=environment, text=True, cwd=self.root, stdout=writing, stderr=log, **options
            )
        os.close(writing)
        log.close()
        process.stdout = os.fdopen(reading, encoding="utf-8")
        return process

    def run(self, config: Path, **options: Any) -> Ended:
        """Run the stage to its end."""
        return self.finish(self.start(config, **options), [])

    def interrupt(
        self, config: Path, number: signal.Signals, when: Callable[[dict[str, Any]], bool], **options: Any
    ) -> Ended:
        """Run the stage, and send it a signal at the first event that `when` picks."""
        process = self.start(config, lockstep=True, **options)
        events = []
        for event in self.events(process):
            events.append(event)
            if when(event):
                process.send_signal(number)
                break
        return self.finish(process, events)

    def finish(self, process: Process, events: list[dict[str, Any]]) -> Ended:
        events = events + list(self.events(process))
        code = process.wait(timeout=HUNG_SECONDS)
        log = self.root / "termination.json"
        termination = json.loads(log.read_text(encoding="utf-8")) if log.exists() else {}
        stderr = (self.root / "stderr.txt").read_text(encoding="utf-8")
        return Ended(code=code, events=events, stderr=stderr, termination=termination)

    @staticmethod
    def events(process: Process) -> Iterator[dict[str, Any]]:
        """Parse every line of stdout as JSON; any other output fails the test."""
        assert process.stdout is not None
        for line in process.stdout:
            yield json.loads(line)

    def metrics(self, output: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.outputs / output / "metrics.json").read_text(encoding="utf-8"))
        return document

    def adapter_bytes(self, output: str) -> bytes:
        return (self.outputs / output / "adapter" / "adapter_model.safetensors").read_bytes()


@pytest.fixture
def workspace(tmp_path: Path, tiny_models: Path) -> Workspace:
    return Workspace(tmp_path, tiny_models)


@pytest.fixture(scope="module")
def shared_workspace(tmp_path_factory: pytest.TempPathFactory, tiny_models: Path) -> Workspace:
    """One workspace for all tests of a module, so that a later stage finds what an earlier one wrote."""
    return Workspace(tmp_path_factory.mktemp("workspace"), tiny_models)


def sft_rows(count: int) -> list[dict[str, Any]]:
    """Rows of shape prompt-completion, of several lengths, some in Chinese."""
    rows = []
    for index in range(count):
        question = f"有多少学生选修第 {index} 门课？" if index % 3 == 0 else "how many singers? " * (1 + index % 3)
        prompt = [{"role": "user", "content": question}]
        completion = [{"role": "assistant", "content": f"SELECT count(*) FROM t{index}"}]
        rows.append({"id": f"row-{index}", "prompt": prompt, "completion": completion, "cluster": "kept for people"})
    return rows


def badcase_rows(count: int) -> list[dict[str, Any]]:
    """Rows of shape badcase; the first repeats its fix as the answer, the second has no logged answer."""
    rows = []
    for index, row in enumerate(sft_rows(count)):
        fix = row["completion"][0]["content"]
        answer = {0: fix, 1: None}.get(index, f"SELECT * FROM {index}")
        rows.append({"id": row["id"], "prompt": row["prompt"], "answer": answer, "fix": fix, "model": "tiny"})
    return rows


def base_config(stage: str, method: str, *data: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A config with the fields that every stage has, and the data blocks given."""
    model = {"path": "tiny/1", "adapters": [], "dtype": "float32", "trust_remote_code": False}
    model |= {"adapters": fields.pop("adapters", [])}
    return {
        "schema": "trainspec.dev/stage/v1",
        "plan": "plan",
        "stage": stage,
        "method": method,
        "output": f"plan-{stage}",
        "seed": 7,
        "model": model,
        "data": list(data),
        **fields,
    }


def sft_config(*data: dict[str, Any], stage: str = "sft", **fields: Any) -> dict[str, Any]:
    """An SFT stage of LoRA with dropout, which a careless resume gets wrong."""
    trainer = {"learning_rate": 0.001, "max_steps": 60, "per_device_train_batch_size": 2, "max_length": 256}
    trainer |= {"save_steps": 7} | fields.pop("trainer", {})
    peft = {"r": 4, "lora_alpha": 8, "lora_dropout": 0.1, "target_modules": "all-linear"}
    return base_config(stage, "sft", *data, **{"peft": peft, "trainer": trainer, **fields})


TOOL_TEMPLATE = (
    "{% if tools %}<|im_start|>system\n{{ tools | tojson }}<|im_end|>\n{% endif %}"
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}"
    "{% for call in message.tool_calls or [] %}<call>{{ call.function | tojson }}</call>{% endfor %}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def models_with(workspace: Workspace, **templates: str | None) -> None:
    """Give the workspace its own models volume: the tiny model, and copies with another template or none."""
    volume = workspace.root / "models"
    volume.mkdir()
    (volume / "tiny").symlink_to(workspace.models / "tiny")
    for name, template in templates.items():
        folder = volume / name / "1"
        folder.mkdir(parents=True)
        for path in (workspace.models / "tiny" / "1").iterdir():
            if path.name != "chat_template.jinja":
                (folder / path.name).symlink_to(path)
        if template is not None:
            (folder / "chat_template.jinja").write_text(template, encoding="utf-8")


class Builders:
    """The builders above, as a fixture: a test module cannot import its conftest."""

    sft_rows = staticmethod(sft_rows)
    badcase_rows = staticmethod(badcase_rows)
    base_config = staticmethod(base_config)
    sft_config = staticmethod(sft_config)
    models_with = staticmethod(models_with)
    TOOL_TEMPLATE = TOOL_TEMPLATE


@pytest.fixture(scope="session")
def build() -> type[Builders]:
    return Builders
