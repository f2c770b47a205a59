"""Bad input ends with its own exit code, a message that names the cause, and no partial files, mostly before a model is loaded."""

import resource
from collections.abc import Callable
from typing import Any

import pytest

Change = Callable[[Any, dict[str, Any]], None]


def lines(content: bytes) -> Change:
    """Replace the data file by these bytes, with a digest that fits."""

    def change(workspace: Any, config: dict[str, Any]) -> None:
        rows = sum(bool(line.strip()) for line in content.split(b"\n"))
        config["data"] = [workspace.write_bytes("train.jsonl", content, config["data"][0]["shape"], rows)]

    return change


def setting(path: str, value: Any) -> Change:
    """Set one field of the config, named by its dotted path."""

    def change(workspace: Any, config: dict[str, Any]) -> None:
        *steps, last = path.split(".")
        block: Any = config
        for step in steps:
            block = block[int(step) if isinstance(block, list) else step]
        block[last] = value

    return change


def file_changed(workspace: Any, config: dict[str, Any]) -> None:
    with (workspace.data / "train.jsonl").open("ab") as stream:
        stream.write(b"\n")


def model_without_weights(workspace: Any, config: dict[str, Any]) -> None:
    workspace.models = workspace.root / "other-models"
    (workspace.models / "tiny" / "1").mkdir(parents=True)
    (workspace.models / "tiny" / "1" / "config.json").write_text("{}", encoding="utf-8")


def model_with_a_damaged_tokenizer(workspace: Any, config: dict[str, Any]) -> None:
    sound, workspace.models = workspace.models / "tiny" / "1", workspace.root / "other-models"
    folder = workspace.models / "tiny" / "1"
    folder.mkdir(parents=True)
    for path in sound.iterdir():
        if path.name != "tokenizer.json":
            (folder / path.name).symlink_to(path)
    (folder / "tokenizer.json").write_text("{}", encoding="utf-8")


GOOD = b'{"id": "a", "prompt": "p", "completion": "c"}\n'
HALF = b'{"prompt": "\\ud800", "completion": "c"}'
TABLE: dict[str, tuple[Change, int, str, str]] = {
    "unknown field": (setting("datta", 1), 78, "RUN701", "`datta`: extra inputs"),
    "unknown field inside": (setting("model.revision", "x"), 78, "RUN701", "`model.revision`"),
    "wrong type": (setting("seed", "7"), 78, "RUN701", "`seed`"),
    "wrong schema": (setting("schema", "trainspec.dev/stage/v9"), 78, "RUN701", "`schema`"),
    "wrong method": (setting("method", "ppa"), 78, "RUN701", "'ppa'"),
    "shape of another method": (setting("data.0.shape", "badcase"), 78, "RUN701", "`data.0.shape` must be"),
    "absolute path": (setting("data.0.path", "/etc/passwd"), 78, "RUN701", "`data.0.path`"),
    "path out of the volume": (setting("data.0.path", "../x.jsonl"), 78, "RUN701", "`data.0.path`"),
    "output is a path": (setting("output", "../elsewhere"), 78, "RUN701", "`output`"),
    "file not there": (setting("data.0.path", "gone.jsonl"), 66, "RUN721", "`gone.jsonl`"),
    "file changed": (file_changed, 65, "RUN711", "sha256"),
    "rows miscounted": (setting("data.0.rows", 5), 65, "RUN711", "the plan counts 5"),
    "empty file": (lines(b""), 65, "RUN712", "`train.jsonl` is empty"),
    "only blank lines": (lines(b"\n  \n"), 65, "RUN712", "no rows"),
    "not JSON": (lines(GOOD + b'{"id": \n'), 65, "RUN710", "train.jsonl:2: is not JSON"),
    "not an object": (lines(GOOD + b"[1]\n"), 65, "RUN710", "train.jsonl:2: is not a JSON object"),
    "not UTF-8": (lines(GOOD + b'{"id": "\xff"}\n'), 65, "RUN710", "train.jsonl:2: is not UTF-8"),
    "NaN": (lines(GOOD + b'{"id": NaN}\n'), 65, "RUN710", "`NaN`"),
    "nested too deeply": (lines(b'{"a": ' + b"[" * 200_000), 65, "RUN710", "train.jsonl:1"),
    "half a surrogate": (lines(HALF), 65, "RUN710", "surrogate"),
    "field missing": (
        lines(GOOD + b'{"id": "b", "prompt": "p"}'),
        65,
        "RUN710",
        "train.jsonl:2: `completion` is missing",
    ),
    "field empty": (lines(b'{"prompt": " ", "completion": "c"}'), 65, "RUN710", "`prompt` is empty"),
    "unknown role": (
        lines(
            b'{"prompt": [{"role": "oracle", "content": "x"}], "completion": [{"role": "assistant", "content": "y"}]}'
        ),
        65,
        "RUN710",
        "`prompt[0].role`",
    ),
    "text and messages": (
        lines(b'{"prompt": "p", "completion": [{"role": "assistant", "content": "y"}]}'),
        65,
        "RUN710",
        "mix plain text and turns",
    ),
    "model not there": (setting("model.path", "gone/1"), 66, "RUN720", "`gone/1`"),
    "model without weights": (model_without_weights, 66, "RUN720", "safetensors"),
    "damaged tokenizer": (model_with_a_damaged_tokenizer, 66, "RUN720", "`tiny/1` cannot be read"),
    "adapter not there": (setting("model.adapters", ["gone/adapter"]), 66, "RUN722", "`gone/adapter`"),
}


@pytest.fixture
def config(workspace: Any, build: Any) -> dict[str, Any]:
    rows = workspace.write_rows("train.jsonl", build.sft_rows(6), "prompt-completion")
    built: dict[str, Any] = build.sft_config(rows, trainer={"max_steps": 3})
    return built


@pytest.mark.parametrize("name", TABLE)
def test_bad_input_is_refused_before_the_model_is_loaded(workspace: Any, config: dict[str, Any], name: str) -> None:
    change, code, error, text = TABLE[name]
    change(workspace, config)
    ended = workspace.run(workspace.write_config("stage", config))
    assert (ended.code, ended.error) == (code, error), ended.stderr
    assert text in ended.event("error")["message"]
    assert ended.event("error")["hint"]
    assert "Traceback" not in ended.stderr
    assert f"error[{error}]" in ended.stderr
    assert ended.termination["code"] == error
    assert not any(event.get("name") == "load model" for event in ended.events)
    assert not (workspace.outputs / "plan-sft" / "metrics.json").exists()


def test_all_faults_of_a_config_are_reported_at_once(workspace: Any, config: dict[str, Any]) -> None:
    config["seed"] = -1
    del config["plan"]
    config["model"]["dtype"] = "int8"
    message = workspace.run(workspace.write_config("stage", config)).event("error")["message"]
    assert all(name in message for name in ("`seed`", "`plan`", "`model.dtype`"))


def test_a_config_that_is_not_yaml_or_is_missing(workspace: Any) -> None:
    broken = workspace.root / "broken.yaml"
    broken.write_text('plan: "x\n', encoding="utf-8")
    assert workspace.run(broken).code == 78
    assert workspace.run(workspace.root / "gone.yaml").code == 78


def test_volumes_and_launchers_are_checked(workspace: Any, config: dict[str, Any]) -> None:
    path = workspace.write_config("stage", config)
    ended = workspace.run(path, environment={"TRAINSPEC_DATA": "data", "TRAINSPEC_MODELS": ""})
    assert (ended.code, ended.error) == (78, "RUN703")
    assert "`TRAINSPEC_DATA` is not an absolute path" in ended.event("error")["message"]
    assert "`TRAINSPEC_MODELS` is not set" in ended.event("error")["message"]
    assert workspace.run(path, environment={"WORLD_SIZE": "2"}).error == "RUN703"


def test_unknown_trainer_fields_are_named_with_the_close_match(workspace: Any, config: dict[str, Any]) -> None:
    config["trainer"] |= {"learning_rte": 0.1, "max_seq_length": 5, "output_dir": "x", "num_train_epochs": "3"}
    ended = workspace.run(workspace.write_config("stage", config))
    assert (ended.code, ended.error) == (78, "RUN702")
    message = ended.event("error")["message"]
    assert "`trainer.learning_rte` is unknown, did you mean `learning_rate`?" in message
    assert "`trainer.max_seq_length` is unknown" in message
    assert "`trainer.output_dir` is set by the runtime" in message
    assert "`trainer.num_train_epochs`: input should be a valid number, not `3`" in message


def test_rows_over_max_length_are_refused_before_the_model_is_loaded(workspace: Any, config: dict[str, Any]) -> None:
    config["trainer"]["max_length"] = 48
    ended = workspace.run(workspace.write_config("stage", config))
    assert (ended.code, ended.error) == (65, "RUN717"), ended.stderr
    message = ended.event("error")["message"]
    assert message.startswith("2 of 6 rows have more than 48 tokens, the value of `trainer.max_length`: train.jsonl:")
    assert not any(event.get("name") == "load model" for event in ended.events)


def test_a_lost_loss_ends_the_stage(workspace: Any, config: dict[str, Any]) -> None:
    config["trainer"] |= {"learning_rate": 1e30, "max_grad_norm": 0.0, "max_steps": 8, "bf16": False}
    ended = workspace.run(workspace.write_config("stage", config))
    assert (ended.code, ended.error) == (65, "RUN713"), ended.stderr
    assert not (workspace.outputs / "plan-sft" / "adapter").exists()


def test_a_write_that_fails_is_an_io_error_and_the_rerun_finishes(workspace: Any, config: dict[str, Any]) -> None:
    path = workspace.write_config("stage", config)

    def limit_file_size() -> None:
        # As on a full disk, a write stops in the middle of a file: here after 16 KiB, in the first checkpoint.
        resource.setrlimit(resource.RLIMIT_FSIZE, (16 << 10, resource.RLIM_INFINITY))

    ended = workspace.run(path, preexec_fn=limit_file_size)
    assert (ended.code, ended.error) == (74, "RUN730"), ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (workspace.outputs / "plan-sft" / "adapter").exists()
    assert not (workspace.outputs / "plan-sft" / "metrics.json").exists()
    assert workspace.run(path).code == 0
    assert workspace.metrics("plan-sft")["steps"] == 3
