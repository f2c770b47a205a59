"""`PLAN.md` shows each stage with its reward, data and settings."""

import shutil
from pathlib import Path

import pytest
from conftest import MakeSpec

from compiler.diagnostics.wording import counted
from compiler.pipeline.phases import compile_spec
from compiler.plan.model import Plan

SPECS = Path(__file__).resolve().parents[2] / "specs"
CHAINS = [
    ("purpose: demonstrations\n      shape: prompt-completion", "purpose: chains\n      shape: chain"),
    ("    - kind: unstable\n    - kind: preference\n", "    - kind: reasoning\n"),
]
CHAIN_ROWS = [{"prompt": f"demo {i}?", "chain": f"first {i}, then {i}", "completion": f"{i}"} for i in range(60)]


def compiled(path: Path) -> tuple[Plan, str]:
    outcome = compile_spec(path, "spec.yaml")
    assert outcome.value is not None, outcome.diagnostics
    page = next(file.text for file in outcome.value.bundle.files if file.name == "PLAN.md")
    return outcome.value.plan, page


def section(page: str, stage: str) -> str:
    """The part of the page about one stage."""
    (part,) = [each for each in page.split("\n## ") if each.partition("\n")[0].endswith(f": {stage}")]
    return part


@pytest.mark.parametrize(("count", "text"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (1200, "1,200 rows")])
def test_counts_are_written_with_their_noun(count: int, text: str) -> None:
    assert counted(count, "row") == text


def test_a_reward_is_shown_with_its_weights_options_and_code(tmp_path: Path) -> None:
    for name in ("report-sql", "clusters"):
        shutil.copytree(SPECS / name, tmp_path / name, ignore=shutil.ignore_patterns("plan"))
    rules = tmp_path / "report-sql" / "rules.py"
    rules.write_text(f"import units\n{rules.read_text(encoding='utf-8')}", encoding="utf-8")
    (rules.parent / "units.py").write_text("KG = 1\n", encoding="utf-8")
    plan, page = compiled(tmp_path / "report-sql" / "spec.yaml")
    examined = section(page, "preflight")  # again, since its code has changed
    assert '- Reward: `sql_execution`, weight 0.8, `databases`: `"data/databases"`\n' in examined
    assert "- Reward: `rules:report_rules`, weight 0.2\n" in examined
    for file in ("rules.py", "units.py"):
        sha256 = plan.inputs.code[file][:12]
        assert f"- **Code from the spec's folder that runs in the Job**: `{file}`, sha256 `{sha256}…`\n" in examined
    assert "Reward" not in section(page, "sft")


def test_a_pattern_is_shown_as_it_is_written(tmp_path: Path) -> None:
    for name in ("till-totals", "clusters"):
        shutil.copytree(SPECS / name, tmp_path / name, ignore=shutil.ignore_patterns("plan"))
    spec = tmp_path / "till-totals" / "spec.yaml"
    text = spec.read_text(encoding="utf-8")
    added = "      - use: exact_match\n      - use: regex\n        options: {pattern: '^`*<b>[|]  *x'}\n"
    spec.write_text(text.replace("      - use: exact_match\n", added), encoding="utf-8")
    _, page = compiled(spec)
    assert '`pattern`: `"^\\u0060*<b>[|]  *x"`\n' in section(page, "preflight")


def test_a_reward_model_is_shown() -> None:
    plan, page = compiled(SPECS / "retention-scripts" / "spec.yaml")
    learnt = next(stage.job for stage in plan.stages if stage.method == "reward")
    assert f"- Reward: the model `{learnt}/adapter` that an earlier stage trains\n" in section(page, "ppo")


def test_trackers_and_the_marker_of_chains_are_shown(make_spec: MakeSpec) -> None:
    more = "  tracking: [tensorboard]\n  evaluation: {answerMarker: 答案：}\n  gaps:\n"
    _, page = compiled(make_spec(*CHAINS, ("  gaps:\n", more), demos=CHAIN_ROWS))
    cot = section(page, "cot")
    assert "| `answer_marker` | 答案： | spec.evaluation.answerMarker |\n" in cot
    assert '| `tracking` | &#91;"tensorboard"&#93; | spec.tracking |\n' in cot
