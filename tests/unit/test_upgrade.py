"""`trainspec upgrade`: files are rewritten in place, touch by touch, without a comment lost, and mean what they meant."""

import json
import re
import string
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from conftest import MakeSpec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from old_specs import AWKWARD, OLD_PROFILE, OLD_SPEC, UGLY, UGLY_ROUNDS, UGLY_UPGRADED, document_of, modern
from typer.testing import CliRunner, Result

from compiler.cli import app
from compiler.load import compose
from compiler.pipeline import compile_spec, make_plan
from compiler.upgrade_text import Upgraded, upgrade_text
from compiler.versions import modernise


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def upgraded(text: str) -> Upgraded:
    outcome = modern(text)
    assert outcome.value is not None, outcome.diagnostics
    result = upgrade_text(text, document_of(text), outcome.value)
    assert result is not None
    return result


def comments(text: str) -> list[str]:
    return sorted(found.strip() for found in re.findall(r"(?m)(?:^|\s)(#.*)$", text) if "language-server" not in found)


def test_an_ugly_file_is_changed_only_where_it_must_be() -> None:
    result = upgraded(UGLY)
    assert result.text == UGLY_UPGRADED
    assert result.evidence is not None
    assert result.evidence.endswith(UGLY_ROUNDS)


@pytest.mark.parametrize("text", AWKWARD.values(), ids=AWKWARD)
def test_no_comment_is_lost_and_other_lines_stay(text: str) -> None:
    result = upgraded(text)
    evidence = result.evidence or ""
    assert comments(result.text + "\n" + evidence) == comments(text)
    kept = result.text.splitlines()
    assert sum(line not in kept for line in text.splitlines()) <= 1 + text.count("\n") - result.text.count("\n") + 4
    assert ("\r\n" in text) == ("\r\n" in result.text) == ("\r\n" in evidence)


def test_editors_are_told_the_schema_of_the_evidence_too() -> None:
    evidence = upgraded(OLD_SPEC).evidence
    assert evidence is not None
    assert evidence.startswith("# yaml-language-server: $schema=../../schema/evidence.schema.json\n")


def test_text_that_leans_on_what_moves_is_refused_not_spoilt(make_spec: MakeSpec) -> None:
    text = (
        OLD_SPEC.replace("score: 0.31", "score: &s 0.31")
        .replace("target: 0.9", "target: 0.9")
        .replace("  gaps:", "  seed: 7\n  training: {sft: {trainer: {learning_rate: *s}}}\n  gaps:")
    )
    path = make_spec(spec=text, evidence={})
    done = run("upgrade", path)
    assert done.exit_code == 1
    assert "SPC107" in done.stderr
    assert path.read_text(encoding="utf-8") == text
    assert not list((path.parent / "evidence").iterdir())


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_command_upgrades_specs_and_profiles_and_twice_changes_nothing(make_spec: MakeSpec) -> None:
    path = make_spec(spec=OLD_SPEC, profile=OLD_PROFILE, evidence={})
    specs = path.parent.parent
    assert run("upgrade", specs, "--check").exit_code == 5
    assert path.read_text(encoding="utf-8") == OLD_SPEC
    done = run("upgrade", specs)
    assert done.exit_code == 0, done.stderr
    assert (
        f"{path}: now `trainspec.dev/v1`; 3 prompt rounds moved to {path.parent / 'evidence' / 'prompt-rounds.yaml'}"
        in done.stdout
    )
    assert f"{specs / 'clusters' / 'small.yaml'}: now `trainspec.dev/v1`" in done.stdout
    after = files_of(specs)
    again = run("upgrade", specs)
    assert (again.exit_code, again.stdout) == (0, "2 files are `trainspec.dev/v1` already\n")
    assert run("upgrade", specs, "--check").exit_code == 0
    assert files_of(specs) == after
    assert "SPC106" not in {found.code for found in compile_spec(path, "spec.yaml").diagnostics}


def test_a_byte_order_mark_and_permissions_stay(make_spec: MakeSpec) -> None:
    path = make_spec(spec="\N{BYTE ORDER MARK}" + OLD_SPEC, evidence={})
    path.chmod(0o640)
    assert run("upgrade", path).exit_code == 0
    assert path.read_bytes().startswith(b"\xef\xbb\xbf# yaml")
    assert path.stat().st_mode & 0o777 == 0o640


def test_evidence_that_is_there_is_not_overwritten(make_spec: MakeSpec) -> None:
    path = make_spec(spec=OLD_SPEC, evidence={"prompt-rounds": "somebody's own\n"})
    assert run("upgrade", path).exit_code == 0
    folder = path.parent / "evidence"
    assert (folder / "prompt-rounds.yaml").read_text(encoding="utf-8") == "somebody's own\n"
    assert (folder / "prompt-rounds-2.yaml").is_file()


def test_an_upgrade_that_was_cut_off_between_the_two_files_is_finished(make_spec: MakeSpec) -> None:
    path = make_spec(spec=OLD_SPEC, evidence={})
    run("upgrade", path)
    path.write_text(OLD_SPEC, encoding="utf-8")
    assert run("upgrade", path).exit_code == 0
    assert [each.name for each in (path.parent / "evidence").iterdir()] == ["prompt-rounds.yaml"]


def test_what_cannot_be_written_leaves_both_files_as_they_were(
    make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_spec(spec=OLD_SPEC, evidence={})
    real = Path.replace

    def full(self: Path, target: Path) -> Path:
        if Path(target).name == "spec.yaml":
            raise OSError(28, "No space left on device")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", full)
    done = run("upgrade", path)
    assert done.exit_code == 1
    assert "no space left on device" in done.stderr
    assert path.read_text(encoding="utf-8") == OLD_SPEC
    assert [each for each in path.parent.rglob("*") if each.is_file() and "data" not in each.parts] == [path]


def test_broken_and_unknown_files_are_told_and_others_upgraded(make_spec: MakeSpec) -> None:
    good = make_spec(spec=OLD_SPEC, evidence={}, name="good")
    make_spec(spec=OLD_SPEC.replace("0.31", "3.1"), evidence={}, name="bad")
    make_spec(spec=OLD_SPEC.replace("v1alpha1", "v9"), evidence={}, name="unknown")
    done = run("upgrade", good.parent.parent, "--format", "concise")
    assert done.exit_code == 1
    assert "bad/spec.yaml:39:45: error[SPC104]" in done.stderr
    assert "unknown/spec.yaml:2:13: error[SPC105]" in done.stderr
    assert "good/spec.yaml: now `trainspec.dev/v1`" in done.stdout


def test_nothing_to_upgrade_is_an_error(tmp_path: Path) -> None:
    done = run("upgrade", tmp_path)
    assert done.exit_code == 1
    assert "no spec or profile is there" in done.stderr


# old specs in every shape: what to say, and how to write it

ROUNDS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.text(string.ascii_lowercase, min_size=1, max_size=5).map(lambda text: f"r{text}"),
            "technique": st.sampled_from(["zero-shot", "few-shot", "rules", "restructure"]),
            "score": st.integers(0, 100).map(lambda share: share / 100),
            "questions": st.integers(1, 500),
        },
        optional={"date": st.dates(date(2000, 1, 1)).map(str)},
    ),
    max_size=5,
    unique_by=lambda each: each["name"],
)
PLATEAU = st.fixed_dictionaries(
    {}, optional={"rounds": st.integers(1, 4), "minGain": st.floats(0, 0.2).map(lambda x: round(x, 3))}
)
PROMPT = st.fixed_dictionaries({}, optional={"rounds": ROUNDS, "plateau": PLATEAU})
COMMENT = st.sampled_from(["", "  # 备注", "  # why: {it, is}", "   "])


def lines_of(value: Any, indent: int, draw: Any) -> list[str]:
    """`value` as YAML lines: the first goes behind its key, the others stand on their own. Indentation, comments, blank
    lines, and what is written in flow style, are drawn.
    """
    if not isinstance(value, (dict, list)) or not value or draw(st.integers(0, 3)) == 0:
        return [json.dumps(value, ensure_ascii=False)]
    step, pad, lines = draw(st.integers(1, 5)), " " * indent, [""]
    for name, inner in value.items() if isinstance(value, dict) else (("-", each) for each in value):
        if draw(st.integers(0, 4)) == 0:
            lines.append(draw(st.sampled_from(["", f"{pad}# 说明", f"{pad}# - not: an item"])))
        first, *rest = lines_of(inner, indent + step, draw)
        lines.append(f"{pad}{name}{'' if name == '-' else ':'} {first}".rstrip() + draw(COMMENT))
        lines += rest
    return lines


@st.composite
def old_specs(draw: Any) -> str:
    body = {
        "profile": "small",
        "goal": {"application": "rag", "task": "回答", "metrics": [{"name": "exact_match", "target": 0.9}]},
        "system": {"runsEndToEnd": True, "traces": {"location": "t", "fullChain": True}},
        "model": {"name": "tiny", "revision": "1"},
        "data": [{"name": "badcases", "purpose": "badcases", "shape": "badcase", "path": "data/badcases.jsonl"}],
        "gaps": [{"kind": "unstable"}],
        "prompt": draw(PROMPT),
    }
    names = draw(st.permutations(list(body)))
    data = {
        "apiVersion": "trainspec.dev/v1alpha1",
        "kind": "TrainingSpec",
        "metadata": {"name": "shop"},
        "spec": {name: body[name] for name in names},
    }
    return "\n".join(lines_of(data, 0, draw)).removeprefix("\n") + draw(st.sampled_from(["", "\n", "\n\n"]))


MANY = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))


@given(old_specs())
@MANY
def test_generated_specs_upgrade_to_what_they_mean(text: str) -> None:
    outcome = modern(text)
    assert outcome.value is not None, outcome.diagnostics
    result = upgraded(text)
    assert upgrade_is_whole(result, outcome.value)
    if result.evidence:  # what is about rounds that are not there has no place to go
        assert comments(result.text + "\n" + result.evidence) == comments(text)


PIECES = st.sampled_from(
    [
        "&a ",
        "*a",
        "# x",
        "\n",
        "  ",
        "{",
        "}",
        "[",
        "]",
        ",",
        ": ",
        "- ",
        '"',
        "'",
        "|\n",
        ">-\n",
        "中",
        "\u2028",
        "\x85",
        "\r",
    ]
)


@given(st.sampled_from(list(AWKWARD.values())), st.integers(0, 2000), st.integers(0, 3), st.lists(PIECES, max_size=3))
@settings(deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
def test_a_damaged_old_spec_is_upgraded_whole_or_left_alone(text: str, at: int, cut: int, instead: list[str]) -> None:
    damaged = text[:at] + "".join(instead) + text[at + cut :]
    composed = compose(damaged, "spec.yaml")
    outcome = modernise(composed.value) if composed.value is not None and composed.ok else None
    if outcome is None or outcome.value is None or "SPC106" not in {found.code for found in outcome.diagnostics}:
        return
    result = upgrade_text(damaged, document_of(damaged), outcome.value)
    assert result is None or upgrade_is_whole(result, outcome.value)


def upgrade_is_whole(result: Upgraded, wanted: Any) -> bool:
    spec = document_of(result.text).data == wanted.document.data
    evidence = [document_of(result.evidence).data] if result.evidence else []
    return spec and evidence == [each.data for each in wanted.evidence]


def decision(path: Path) -> tuple[Any, ...]:
    """The phase, and each stage with its config: what the plan comes to, whatever names its evidence goes by."""
    outcome = make_plan(path, "specs/shop/spec.yaml")
    told = sorted(found.code for found in outcome.diagnostics if found.code != "SPC106")
    if outcome.value is None:
        return (told,)
    selection = outcome.value.selection
    trace = tuple((each.rule.id, each.finding.status) for each in selection.trace)
    return (
        told,
        selection.phase,
        trace,
        tuple((stage.name, stage.method, stage.job) for stage in outcome.value.stages),
    )


@pytest.mark.parametrize("text", AWKWARD.values(), ids=AWKWARD)
def test_the_decision_is_the_same_for_every_awkward_spec(make_spec: MakeSpec, text: str) -> None:
    path = make_spec(spec=text, evidence={})
    (path.parent / "prompts").mkdir()
    (path.parent / "prompts" / "v1.md").write_text("answer", encoding="utf-8")
    before = decision(path)
    assert run("upgrade", path).exit_code == 0
    assert decision(path) == before
    assert len(before) > 1


@given(PROMPT)
@MANY
def test_a_decision_is_the_same_before_and_after(make_spec: MakeSpec, prompt: dict[str, Any]) -> None:
    start, end = OLD_SPEC.index("  prompt:"), OLD_SPEC.index("  gaps:")
    text = f"{OLD_SPEC[:start]}  prompt: {json.dumps(prompt)}\n{OLD_SPEC[end:]}"
    path = make_spec(spec=text, evidence={})
    before = decision(path)
    assert run("upgrade", path).exit_code == 0
    assert "v1alpha1" not in path.read_text(encoding="utf-8")
    assert decision(path) == before
