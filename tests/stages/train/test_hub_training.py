"""A tiny model from a hub to a trained adapter: the load reaches the hub, the training nobody."""

import json
from pathlib import Path
from typing import Any

from support.hub import TOKEN, model_hub

NAME = "acme/tiny"


def test_a_model_is_brought_from_a_hub_and_trained_offline(workspace: Any, build: Any, tmp_path: Path) -> None:
    original = workspace.models / "tiny" / "1"
    files = {path.name: path.read_bytes() for path in original.iterdir()}
    workspace.models = tmp_path / "volume"
    workspace.models.mkdir()
    rows = workspace.write_rows("train.jsonl", build.sft_rows(12), "prompt-completion")
    with model_hub() as hub:
        commit = hub.add(NAME, files | {"pytorch_model.bin": b"pickle"})
        hub.gated = {NAME}
        model = {"path": f"{NAME}/{commit}", "adapters": [], "dtype": "float32", "trust_remote_code": False}
        source = {"hub": {"endpoint": hub.url, "authenticated": True}}
        load = build.base_config("load", "load", source=source, folder="shop") | {"model": model}
        environment = {"HF_TOKEN": TOKEN, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf")}
        loaded = workspace.run(workspace.write_config("load", load), environment=environment)
        assert loaded.code == 0, loaded.stderr
        assert loaded.event("progress")["unit"] == "bytes"
        assert TOKEN not in loaded.stderr + json.dumps(loaded.events) + json.dumps(loaded.termination)
        hub.requests.clear()
        train = build.sft_config(rows, trainer={"max_steps": 2, "save_steps": 2}) | {"model": model}
        environment = {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "HF_HOME": str(tmp_path / "hf")}
        trained = workspace.run(workspace.write_config("sft", train), environment=environment)
        assert trained.code == 0, trained.stderr
        assert hub.requests == []
    adapter = json.loads((workspace.outputs / "plan-sft" / "adapter" / "adapter_config.json").read_text())
    assert (adapter["base_model_name_or_path"], adapter["revision"]) == (NAME, commit)
    assert f"base_model: {NAME}\n" in (workspace.outputs / "plan-sft" / "adapter" / "README.md").read_text()
