"""The decision for a tech lead: at most 25 lines of 80 columns, each claim with its evidence."""

from pathlib import Path

import pytest
from conftest import ROUNDS, MakeSpec

from compiler.diagnostics.render.text import display_width
from compiler.explain.brief import Section, brief, fitting
from compiler.pipeline.phases import decide

SPECS = Path(__file__).parents[2] / "specs"
SHIPPED = sorted(path.parent.name for path in SPECS.glob("*/spec.yaml"))
PROBE = f"""\
apiVersion: trainspec.dev/v1
kind: ProbeReport
metadata: {{source: a test, date: 2026-10-02, digest: {"0123456789abcdef" * 4}}}
spec:
  model: tiny/1
  prompts: 100
  samples: 16
  measures:
    passAt16: {{value: 0.8, low: 0.75, high: 0.85}}
    unstableGain: {{value: 0.4, low: 0.35, high: 0.45}}
"""


def explained(path: Path) -> str:
    decided = decide(path, "specs/shop/spec.yaml").value
    assert decided is not None
    return brief(decided, "specs/shop/spec.yaml")


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_spec_fits_on_one_screen(name: str) -> None:
    lines = explained(SPECS / name / "spec.yaml").splitlines()
    assert len(lines) <= 25
    assert max(map(display_width, lines)) <= 80
    assert lines[0].startswith(f"{name}: ")
    assert lines[-1].endswith("--full")


def test_it_says_what_decided_what_it_costs_what_would_flip_it_and_what_to_measure(
    make_spec: MakeSpec,
) -> None:
    text = " ".join(explained(make_spec()).split())
    assert text.startswith("shop: train: SFT → DPO")
    for part in (
        "why the prompt rounds no longer gain",
        "cost 6 Jobs, at most",
        "flips if `score` of round `v2` rose from 0.310 to 0.320: prompt work",
        "measure `valid` and `win`",
        "(100 prompts × 16 samples)",
    ):
        assert part in text


def test_a_gap_that_nobody_measured_is_called_so_and_a_measured_one_shows_its_figures(make_spec: MakeSpec) -> None:
    declared = " ".join(explained(make_spec()).split())
    assert "gap `unstable`: the spec declares it, nobody has measured it → SFT" in declared
    assert "the model understands" not in declared
    evidence = {"rounds": ROUNDS, "probe": PROBE}
    measured = " ".join(explained(make_spec(evidence=evidence)).split())
    assert "gap `unstable`: measured: present, `passAt16` 0.800 (at least 0.7 needed)" in measured


@pytest.mark.parametrize(
    "change",
    [
        ("  gaps:\n", "  training: {sft: {trainer: {no_such_field: 1}}}\n  gaps:\n"),
        ("score: 0.30, questions: 100}", "score: 30, questions: 100}"),
        ("      path: data/demos.jsonl", "      path: data/nowhere.jsonl"),
    ],
    ids=["in the check", "in the evidence", "in the data"],
)
def test_a_spec_with_errors_elsewhere_is_decided_as_far_as_it_can_be_read(
    make_spec: MakeSpec, change: tuple[str, str]
) -> None:
    outcome = decide(make_spec(change), "specs/shop/spec.yaml")
    assert not outcome.ok
    assert outcome.value is not None
    assert outcome.value.plan is None
    text = " ".join(brief(outcome.value, "specs/shop").split())
    assert "fix the errors of the spec first; as far as it can be read, the answer then is:" in text
    assert "cost unknown: the spec has errors" in text


def test_shortening_drops_the_last_items_of_the_longest_section_and_never_a_first_one() -> None:
    sections = [Section("why", ("a", "b")), Section("flips", ("c", "d", "e", "f")), Section("do", ("g",))]
    assert fitting(sections, 7) == sections
    assert [len(each.items) for each in fitting(sections, 5)] == [2, 2, 1]
    assert [len(each.items) for each in fitting(sections, 1)] == [1, 1, 1]
