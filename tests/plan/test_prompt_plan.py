"""The prompt phase from the spec to the plan, and from the results of its Job back to evidence that counts."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import PROFILE, MakeSpec
from support.command import invoke

from compiler.diagnostics.examples.project import ROUNDS, ROUNDS_FILE
from compiler.pipeline.phases import make_plan
from compiler.run.collect import collect
from compiler.selection.gather import facts_of
from runtime.contract.probing import ProbeStage
from runtime.contract.prompting import OptimizePromptStage
from runtime.contract.read import read_stage
from runtime.contract.stages import EvaluateStage

GAINING = ROUNDS.replace("few-shot, score: 0.30", "few-shot, score: 0.45")
SERVING = """\
  serving:
    endpoint: https://models.example.com:8443/v1
    price: {input: 1.0, output: 2.0}
  prompt:
    path: prompt.md
    reflection: {name: large, revision: "3", endpoint: "http://reflect.example.com/v1"}
    maxCostUsd: 5
"""
SECRETS = """\
  secrets:
    - {env: MODEL_API_KEY, secret: model, key: key}
    - {env: REFLECTION_API_KEY, secret: reflection, key: key}
    - {env: OTHER_KEY, secret: other, key: key}
"""


def gaining(make_spec: MakeSpec, prompt: str = "  prompt: {path: prompt.md}\n", profile: str = PROFILE) -> Path:
    path = make_spec(("  data:\n", f"{prompt}  data:\n"), profile=profile)
    (path.parent / Path(ROUNDS_FILE).relative_to("specs/shop")).write_text(GAINING, encoding="utf-8")
    (path.parent / "prompt.md").write_text("用一个词回答。\n", encoding="utf-8")
    return path


def configs(path: Path) -> tuple[dict[str, dict[str, Any]], list[str]]:
    outcome = make_plan(path, "spec.yaml")
    assert outcome.value is not None, outcome.diagnostics
    stages = {stage.name: dict(stage.config) for stage in outcome.value.stages}
    return stages, [each.code for each in outcome.diagnostics]


def test_the_prompt_phase_runs(make_spec: MakeSpec) -> None:
    stages, codes = configs(gaining(make_spec))
    assert "PLN421" not in codes
    found = read_stage(stages["optimize-prompt"], "optimize-prompt")
    assert isinstance(found, OptimizePromptStage)
    assert found.prompt is not None
    assert found.prompt.sha256 == hashlib.sha256("用一个词回答。\n".encode()).hexdigest()
    assert [block.shape for block in found.data] == ["badcase", "prompt-completion", "evaluation"]
    assert (found.work.plateau_rounds, found.work.plateau_min_gain) == (2, 0.02)
    assert found.metrics[0].answer_marker == "Answer:"
    evaluation = read_stage(stages["evaluate-prompt"], "evaluate-prompt")
    assert isinstance(evaluation, EvaluateStage)
    assert evaluation.prompt is not None
    assert evaluation.prompt.path == f"{found.output}/prompt.md"


def test_another_prompt_is_another_job(make_spec: MakeSpec) -> None:
    path = gaining(make_spec)
    before, _ = configs(path)
    (path.parent / "prompt.md").write_text("用两个词回答。\n", encoding="utf-8")
    after, _ = configs(path)
    assert before["optimize-prompt"]["output"] != after["optimize-prompt"]["output"]


def test_without_a_file_the_bare_questions_are_the_prompt(make_spec: MakeSpec) -> None:
    stages, codes = configs(gaining(make_spec, ""))
    assert "PLN421" in codes
    assert "prompt" not in stages["optimize-prompt"]


def probed(make_spec: MakeSpec, prompt: str = "  prompt: {path: prompt.md}\n") -> Path:
    """A spec whose prompt rounds no longer gain, and whose gap is unknown; its last round is the file's prompt."""
    path = make_spec(("  data:\n", f"{prompt}  data:\n"), evidence={})
    path.write_text(re.sub(r"  gaps:\n(    .*\n)+", "", path.read_text(encoding="utf-8")), encoding="utf-8")
    (path.parent / "prompt.md").write_bytes("用一个词回答。\r\n\r\n".encode())
    digest = hashlib.sha256("用一个词回答。\n".encode()).hexdigest()
    rounds = ROUNDS.replace("few-shot, score: 0.30", f"few-shot, score: 0.31, promptDigest: {digest}")
    (path.parent / Path(ROUNDS_FILE).relative_to("specs/shop")).write_text(rounds, encoding="utf-8")
    return path


def test_the_probe_asks_in_the_prompt(make_spec: MakeSpec) -> None:
    stages, codes = configs(probed(make_spec))
    found = read_stage(stages["probe"], "probe")
    assert isinstance(found, ProbeStage)
    assert found.prompt is not None
    assert (found.prompt.path, found.metrics[0].answer_marker) == ("prompt.md", "Answer:")
    assert "PLN424" not in codes


@pytest.mark.parametrize("prompt", ["", "  prompt: {path: prompt.md}\n"])
def test_a_probe_of_another_than_the_best_prompt_is_said(make_spec: MakeSpec, prompt: str) -> None:
    path = probed(make_spec, prompt)
    (path.parent / "prompt.md").write_text("用两个词回答。\n", encoding="utf-8")
    _, codes = configs(path)
    assert "PLN424" in codes


def test_the_prompt_that_a_job_wrote_is_used_though_an_earlier_round_scored_better_by_luck(make_spec: MakeSpec) -> None:
    path = probed(make_spec)
    file = path.parent / Path(ROUNDS_FILE).relative_to("specs/shop")
    rounds = file.read_text(encoding="utf-8").replace(
        "rules, score: 0.31,", f"rules, score: 0.32, promptDigest: {'0' * 64},"
    )
    assert "0.32" in rounds
    file.write_text(rounds, encoding="utf-8")
    assert "PLN424" not in configs(path)[1]


def test_endpoints_budget_keys_and_ports(make_spec: MakeSpec) -> None:
    profile = PROFILE.replace("  storage:\n", f"{SECRETS}  storage:\n")
    path = gaining(make_spec, SERVING, profile)
    stages, _ = configs(path)
    found = read_stage(stages["optimize-prompt"], "optimize-prompt")
    assert isinstance(found, OptimizePromptStage)
    assert found.served is not None
    assert found.reflection is not None
    assert (found.served.path, found.reflection.path, found.budget.usd) == ("tiny/1", "large/3", 5.0)
    assert stages["evaluate-prompt"]["served"]["endpoint"].startswith("https://models")
    assert invoke("compile", str(path)).exit_code == 0
    plan = path.parent / "plan"
    jobs = {
        stage: next(plan.glob(f"*-{stage}.job.yaml")).read_text() for stage in ("optimize-prompt", "evaluate-prompt")
    }
    keys = {
        stage: [each for each in ("MODEL", "REFLECTION", "OTHER") if f"{each}_" in text] for stage, text in jobs.items()
    }
    assert keys == {"optimize-prompt": ["MODEL", "REFLECTION", "OTHER"], "evaluate-prompt": ["MODEL", "OTHER"]}
    assert "port: 8443" in (plan / "model-policy.yaml").read_text(encoding="utf-8")
    policy = (plan / "reflection-policy.yaml").read_text(encoding="utf-8")
    assert "optimize-prompt" in policy
    assert "evaluate-prompt" not in policy
    review = (plan / "PLAN.md").read_text(encoding="utf-8")
    assert "| `budget.usd` | 5" in review
    assert "| `budget.calls` |" in review
    assert "| `worst_cost_usd` |" in review
    assert "calls of endpoints: at most $5.00" in review
    # the models run elsewhere
    assert "nvidia.com/gpu" not in "".join(jobs.values())


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "CHK201"),
        ("用一个词".encode("gb18030"), "CHK253"),
        (b"x" * 70_000, "CHK254"),
        (b"{question} {question}", "CHK255"),
        (b"{{question}}", "CHK255"),
        (b" \n", "CHK256"),
        (b"a\0b", "CHK256"),
    ],
)
def test_a_file_that_is_no_prompt_is_an_error(make_spec: MakeSpec, content: bytes | None, code: str) -> None:
    path = gaining(make_spec)
    file = path.parent / "prompt.md"
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    outcome = make_plan(path, "spec.yaml")
    [found] = [each for each in outcome.diagnostics if each.severity == "error"]
    assert found.code == code
    assert found.hint


def result(config: dict[str, Any], text: str, *, final: bool = True) -> dict[str, Any]:
    """What the runtime writes for a finished optimisation."""
    scores = [("current", "zero-shot", 0.3, "a"), ("round-1", "few-shot", 0.4, "b"), ("round-2", "rules", 0.4, "b")]
    rounds = [
        {"name": name, "technique": how, "score": score, "low": score - 0.1, "high": score + 0.1, "sha256": mark * 64}
        for name, how, score, mark in scores
    ]
    return {
        "config_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "ended": "2026-11-05T10:00:00+00:00",
        "status": "complete",
        "metrics": {"exact_match": {"value": 0.4, "low": 0.3, "high": 0.5, "n": 100}},
        "gate": None,
        "report": {"prompt": {"rounds": rounds, "questions": 100, "final": final}},
    }


def test_collected_rounds_are_verified_and_a_known_first_prompt_adds_none(
    make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = gaining(make_spec)
    (path.parent / Path(ROUNDS_FILE).relative_to("specs/shop")).unlink()
    monkeypatch.chdir(tmp_path)
    assert invoke("compile", str(path)).exit_code == 0
    plan = path.parent / "plan"
    stages, _ = configs(path)
    config = stages["optimize-prompt"]
    import yaml

    text = yaml.safe_load(next(plan.glob("*-optimize-prompt.config.yaml")).read_text())["data"]["config.yaml"]
    folder = tmp_path / "work" / "outputs" / config["output"]
    folder.mkdir(parents=True)
    (folder / "metrics.json").write_text(json.dumps(result(config, text)), encoding="utf-8")
    collected = collect(plan, tmp_path / "work")
    assert collected.diagnostics == ()
    [file] = collected.files
    assert "exact_match 0.300 → 0.400 → 0.400 in 2 rounds" in file.summary

    written = path.parent / "evidence" / f"prompt-{config['output']}.yaml"
    body = yaml.safe_load(written.read_text(encoding="utf-8"))
    held_out = next(block for block in config["data"] if block["shape"] == "evaluation")
    assert body["metadata"]["digest"] == held_out["sha256"]
    assert body["metadata"]["model"] == "tiny/1"
    outcome = make_plan(path, "spec.yaml")
    assert outcome.value is not None
    facts = facts_of(outcome.value.inputs)
    assert [each.score for each in facts.rounds] == [0.3, 0.4, 0.4]
    assert "unverified" not in facts.rounds[0].file

    # a second Job begins with the prompt that the first one ended with
    later = yaml.safe_load(written.read_text(encoding="utf-8"))
    later["metadata"]["date"] = "2026-11-09"
    later["spec"]["rounds"] = [
        {**later["spec"]["rounds"][2], "name": "current", "technique": "zero-shot"},
        {**later["spec"]["rounds"][2], "name": "round-1", "score": 0.5, "high": 0.6, "promptDigest": "c" * 64},
    ]
    (written.parent / "prompt-later.yaml").write_text(yaml.safe_dump(later), encoding="utf-8")
    again = make_plan(path, "spec.yaml")
    assert again.value is not None
    assert [each.score for each in facts_of(again.value.inputs).rounds] == [0.3, 0.4, 0.4, 0.5]


def test_a_budget_below_one_round_is_said(make_spec: MakeSpec) -> None:
    _, codes = configs(gaining(make_spec, "  prompt: {path: prompt.md, maxCalls: 30}\n"))
    assert "PLN422" in codes
    _, codes = configs(gaining(make_spec, "  prompt: {path: prompt.md, maxCostUsd: 3}\n"))
    assert "PLN403" in codes


def test_without_held_out_rows_the_plan_says_what_a_job_needs(make_spec: MakeSpec) -> None:
    path = gaining(make_spec)
    held_out = """\
    - name: held-out
      purpose: evaluation
      shape: evaluation
      path: data/held-out.jsonl
"""
    text = path.read_text(encoding="utf-8")
    assert held_out in text
    path.write_text(text.replace(held_out, ""), encoding="utf-8")
    found = invoke("explain", str(path))
    assert "add held-out rows of purpose `evaluation`" in " ".join(found.stdout.split())
