"""Outputs of a training stage for people: plots, a page, a model card, trackers' files, and exported weights."""

import html.parser
import json
from pathlib import Path
from typing import Any

import pytest
from stages import methods

from runtime.contract.errors import StageError
from runtime.export import main as export
from runtime.stage.config import load_stage
from runtime.stage.page import render_page
from runtime.train import trainer_args

pytestmark = pytest.mark.filterwarnings("ignore")  # the libraries announce their next versions


@pytest.fixture(scope="module")
def folder(shared_workspace: Any) -> Path:
    """The output folder of a stage with every tracker; its model had an earlier adapter merged into it."""
    first = methods.config_of(shared_workspace, "sft", "first")
    second = methods.config_of(shared_workspace, "dpo", "second", tracking=["tensorboard", "trackio", "mlflow"])
    second["model"]["adapters"] = ["first/adapter"]
    second["peft"] = {**methods.PEFT, "lora_alpha": 64}
    second["trainer"] |= {"learning_rate": 0.05}
    for name, config in (("first", first), ("second", second)):
        # a process of its own: trackers read their folders from the environment when they are imported
        ended = shared_workspace.run(shared_workspace.write_config(name, config), environment={})
        assert ended.code == 0, ended.stderr
    outputs: Path = shared_workspace.outputs
    return outputs / "second"


class Links(html.parser.HTMLParser):
    """Collects the external resources of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data")]


def test_the_page_holds_everything_and_needs_nothing(folder: Path, shared_workspace: Any) -> None:
    text = (folder / "report.html").read_text(encoding="utf-8")
    links = Links()
    links.feed(text)
    assert len(links.found) >= 5
    assert all(link.startswith("data:image/png;base64,") for link in links.found)
    assert "@import" not in text
    assert "url(" not in text
    metrics = shared_workspace.metrics("second")
    block = methods.config_of(shared_workspace, "dpo", "second")["data"][0]
    for shown in (metrics["config_sha256"], block["sha256"], "first/adapter", "per_device_train_batch_size", "torch"):
        assert shown in text
    assert str(shared_workspace.root) not in text
    drawn = {path.stem for path in (folder / "plots").iterdir()}
    assert {"loss", "rewards", "learning_rate", "throughput"} <= drawn
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in (folder / "plots").iterdir())


def test_an_evaluation_has_its_scores_and_its_gate_on_a_page(shared_workspace: Any) -> None:
    data = shared_workspace.write_rows("held.jsonl", [{"id": "a", "prompt": "p", "reference": "r"}], "evaluation")
    config = methods.config_of(shared_workspace, "sft", "judged") | {"method": "evaluate", "data": [data]}
    config |= {
        "metrics": [{"name": "exact_match"}, {"name": "tool_call"}],
        "generation": {"max_new_tokens": 4, "batch_size": 2},
    }
    targets = {"metric": "exact_match", "target": 0.85, "others": [{"metric": "tool_call", "target": 0.75}]}
    config["gate"] = targets | {"baseline": "base"}
    config = {name: value for name, value in config.items() if name not in ("peft", "trainer")}
    stage, _ = load_stage(shared_workspace.write_config("judged", config))
    gate = {"verdict": "no-gain", "reason": "`a <b>` 没有提高", "gain": 0.01, "gain_low": -0.1, "gain_high": 0.12}
    document = {
        "plan": "plan",
        "stage": "评测",
        "method": "evaluate",
        "ended": "2026-01-01",
        "wall_seconds": 3.0,
        "config_sha256": "0" * 64,
        "metrics": {
            "exact_match": {"value": 0.5, "low": 0.4, "high": 0.6},
            "tool_call": {"value": 0.3, "low": 0.2, "high": 0.35},
        },
        "training": {},
        "report": {
            "fix_rate": {"critical": 0.25},
            "newly_wrong": ["题 <1>"],
            "gains": {"tool_call": {"value": 0.2, "low": 0.1, "high": 0.3}},
        },
        "gate": gate,
    }
    text = render_page(document, stage, [])
    for shown in (
        "评测",
        "0.400 to 0.600",
        "Gate: no gain.",
        "`a &lt;b&gt;` 没有提高",
        "-0.100 to +0.120",
        "0.200 to 0.350",
        "<td>0.75</td>",
        "+0.100 to +0.300",
        "题 &lt;1&gt;",
        "0.25",
    ):
        assert shown in text


def test_the_model_card_is_valid_and_names_no_place(folder: Path, shared_workspace: Any) -> None:
    from huggingface_hub import ModelCard

    card = ModelCard.load(folder / "adapter" / "README.md")
    assert (card.data.base_model, card.data.library_name) == ("tiny/1", "peft")
    assert set(card.data.tags) >= {"trainspec", "dpo", "lora"}
    block = methods.config_of(shared_workspace, "dpo", "second")["data"][0]
    for shown in (block["sha256"], "24 rows", "after `first/adapter`", "learning_rate", "mean_loss", "trl"):
        assert shown in card.text
    for path in (folder / "adapter").iterdir():
        assert str(shared_workspace.root).encode() not in path.read_bytes(), path
        assert str(shared_workspace.models).encode() not in path.read_bytes(), path


def test_each_tracker_writes_below_the_stage(folder: Path) -> None:
    places = {name: folder / "tracking" / name for name in ("tensorboard", "trackio", "mlflow")}
    assert list(places["tensorboard"].rglob("events.out.tfevents.*"))
    assert list(places["trackio"].rglob("*.db"))
    assert [path for path in places["mlflow"].rglob("loss") if path.parent.name == "metrics"]


def test_a_tracker_that_is_not_installed_is_reported_first(
    shared_workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = methods.config_of(shared_workspace, "sft", "untracked", tracking=["tensorboard", "mlflow"])
    stage, _ = load_stage(shared_workspace.write_config("untracked", config))
    monkeypatch.setattr(trainer_args.importlib.util, "find_spec", lambda name: None if name == "mlflow" else object())
    with pytest.raises(StageError, match="`tracking` names packages that are not installed: `mlflow`") as caught:
        trainer_args.check_trackers(stage)
    assert (caught.value.problem.code, caught.value.exit_code) == ("RUN745", 78)


def test_an_export_answers_as_base_and_adapters_do(folder: Path, shared_workspace: Any, tmp_path: Path) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    target = tmp_path / "exported"
    assert export([str(folder), "--to", str(target), "--models", str(shared_workspace.models)]) == 0
    assert {"config.json", "model.safetensors", "tokenizer.json", "README.md"} <= {
        path.name for path in target.iterdir()
    }
    base = AutoModelForCausalLM.from_pretrained(shared_workspace.models / "tiny" / "1")
    ids = torch.tensor([AutoTokenizer.from_pretrained(target)("有多少 singers?")["input_ids"]])
    with torch.inference_mode():
        before = base(ids).logits
        once = PeftModel.from_pretrained(base, shared_workspace.outputs / "first" / "adapter").merge_and_unload()
        expected = PeftModel.from_pretrained(once, folder / "adapter")(ids).logits
        found = AutoModelForCausalLM.from_pretrained(target)(ids).logits
    assert not torch.allclose(found, before, atol=1e-2)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-3)


def test_what_cannot_be_exported(folder: Path, shared_workspace: Any, tmp_path: Path, capsys: Any) -> None:
    models = ["--models", str(shared_workspace.models)]
    (tmp_path / "empty").mkdir()
    for job, target, text in (
        (folder, tmp_path / "empty", "`empty` already exists"),
        (tmp_path / "empty", tmp_path / "new", "`empty` has no `stage.yaml`"),
    ):
        assert export([str(job), "--to", str(target), *models]) == 78
        assert f"error[RUN747]: {text}" in capsys.readouterr().err
    unfinished = tmp_path / "unfinished"
    unfinished.mkdir()
    (unfinished / "stage.yaml").write_bytes((folder / "stage.yaml").read_bytes())
    assert export([str(unfinished), "--to", str(tmp_path / "new"), *models]) == 78
    assert "of a finished training stage" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_weights_that_differ_from_the_trained_ones_are_not_kept(shared_workspace: Any, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from runtime.train.save import check_saved

    base = shared_workspace.models / "tiny" / "1"
    model, tokenizer = AutoModelForCausalLM.from_pretrained(base), AutoTokenizer.from_pretrained(base)
    model.save_pretrained(tmp_path)
    assert check_saved(model, tokenizer, tmp_path)["finite"] is True
    path = tmp_path / "model.safetensors"
    tensors = load_file(path)
    name = "model.layers.1.mlp.up_proj.weight"
    for change, text in (
        ({name: tensors[name] + 1e-6}, "differs from the trained tensor"),
        ({name: None}, f"`{name}` was not saved"),
    ):
        save_file({key: value for key, value in {**tensors, **change}.items() if value is not None}, path)
        with pytest.raises(StageError, match=text) as caught:
            check_saved(model, tokenizer, tmp_path)
        assert caught.value.problem.code == "RUN746"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(StageError, match="cannot be read"):
        check_saved(model, tokenizer, tmp_path)
    assert json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
