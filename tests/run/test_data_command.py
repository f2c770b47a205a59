"""`trainspec data`: cards are written, compared, kept if their rows are elsewhere, and used instead of the rows."""

import json
from pathlib import Path

import pytest
from conftest import EVIDENCE, SPEC, MakeSpec, badcases, demos, held_out, write_rows
from support.command import invoke

from compiler.diagnostics import has_errors
from compiler.pipeline.phases import make_plan

URI = "s3://bucket/demos.jsonl"
REMOTE = ("      path: data/demos.jsonl", f"      uri: {URI}")


@pytest.fixture(autouse=True)
def no_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def measure(spec: Path, *more: str, code: int = 0) -> str:
    done = invoke("data", str(spec.parent), *more)
    assert done.exit_code == code, done.output
    return done.output


def cards(spec: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(spec.parent.glob("evidence/data-*.yaml"))}


def codes(spec: Path) -> list[str]:
    return [found.code for found in make_plan(spec, "specs/shop/spec.yaml").diagnostics]


def test_a_card_is_written_for_each_source(make_spec: MakeSpec) -> None:
    spec = make_spec()
    before = codes(spec)
    output = measure(spec)
    assert list(cards(spec)) == ["data-badcases.yaml", "data-demos.yaml", "data-held-out.yaml"]
    assert "prompt-completion" in output
    assert codes(spec) == before


def test_measuring_twice_changes_nothing_and_keeps_date_and_note(make_spec: MakeSpec) -> None:
    spec = make_spec()
    measure(spec)
    card = spec.parent / "evidence" / "data-demos.yaml"
    text = card.read_text(encoding="utf-8")
    date = next(line for line in text.splitlines() if "date:" in line)
    card.write_text(text.replace(date, '  date: "2020-02-02"\n  note: 抽查过'), encoding="utf-8")
    assert measure(spec).count("written") == 1  # how the note was quoted
    first = cards(spec)
    assert "2020-02-02" in first["data-demos.yaml"]
    assert "抽查过" in first["data-demos.yaml"]
    assert "written" not in measure(spec)
    assert cards(spec) == first
    measure(spec, "--check")


def test_check_writes_nothing_and_says_what_differs(make_spec: MakeSpec) -> None:
    spec = make_spec()
    assert measure(spec, "--check", code=5).count("is missing") == 3
    assert cards(spec) == {}
    measure(spec)
    before = cards(spec)
    write_rows(spec.parent / "data" / "demos.jsonl", demos(59))
    output = measure(spec, "--check", code=5)
    assert output.count("error[CHK234]") == 1
    assert "the card of `demos` differs in `digest`, `rows`" in output
    assert cards(spec) == before


def test_a_source_that_differs_from_its_card_does_not_compile(make_spec: MakeSpec) -> None:
    spec = make_spec()
    measure(spec)
    write_rows(spec.parent / "data" / "demos.jsonl", demos(59))
    (found,) = make_plan(spec, "specs/shop/spec.yaml").diagnostics
    assert (found.code, "trainspec data" in found.hint) == ("CHK220", True)
    measure(spec)
    assert "CHK220" not in codes(spec)


def test_a_remote_source_needs_a_card_and_then_no_rows(make_spec: MakeSpec, tmp_path: Path) -> None:
    local = make_spec(name="local")
    spec = make_spec(REMOTE)
    rows = tmp_path / "elsewhere.jsonl"
    write_rows(rows, demos())
    (spec.parent / "data" / "demos.jsonl").unlink()
    assert codes(spec) == ["CHK222"]
    assert "CHK235" in measure(spec, code=1)
    measure(spec, "--source", "demos", "--from", str(rows))
    assert list(cards(spec)) == ["data-badcases.yaml", "data-demos.yaml", "data-held-out.yaml"]
    assert f'uri: "{URI}"' in cards(spec)["data-demos.yaml"]
    assert str(tmp_path) not in cards(spec)["data-demos.yaml"]
    here, there = make_plan(local, "specs/shop/spec.yaml").value, make_plan(spec, "specs/shop/spec.yaml").value
    assert here is not None
    assert there is not None
    assert [stage.name for stage in here.stages] == [stage.name for stage in there.stages]
    assert "kept" in measure(spec)


def test_a_card_of_another_source_is_reported(make_spec: MakeSpec, tmp_path: Path) -> None:
    spec = make_spec(REMOTE)
    write_rows(tmp_path / "rows.jsonl", demos())
    measure(spec, "--source", "demos", "--from", str(tmp_path / "rows.jsonl"))
    text = spec.read_text(encoding="utf-8")
    spec.write_text(text.replace(URI, "s3://bucket/other.jsonl"), encoding="utf-8")
    assert codes(spec) == ["CHK220"]
    spec.write_text(text.replace("shape: prompt-completion", "shape: messages"), encoding="utf-8")
    assert codes(spec) == ["CHK220"]
    spec.write_text(text.replace("name: demos", "name: renamed"), encoding="utf-8")
    assert codes(spec) == ["CHK221", "CHK222"] or codes(spec) == ["CHK222", "CHK221"]


def test_a_remote_card_counts_near_pairs_at_the_threshold_of_the_spec(make_spec: MakeSpec, tmp_path: Path) -> None:
    remote = ("      path: data/badcases.jsonl", "      uri: s3://bucket/badcases.jsonl")
    spec = make_spec(remote)
    write_rows(tmp_path / "rows.jsonl", badcases())
    measure(spec, "--source", "badcases", "--from", str(tmp_path / "rows.jsonl"))
    assert "CHK220" not in codes(spec)
    text = spec.read_text(encoding="utf-8")
    spec.write_text(f"{text}  thresholds:\n    nearPairDistance: 0.3\n", encoding="utf-8")
    assert codes(spec) == ["CHK220"]


def test_labels_and_judged_trajectories_are_on_the_card(make_spec: MakeSpec) -> None:
    turns = [{"role": role, "content": role} for role in ("user", "assistant", "user")]
    talks = [
        {"messages": [*turns, {"role": "assistant", "content": f"{n}"} | ({"verdict": "right"} if n else {})]}
        for n in range(60)
    ]
    rows = [row | ({"kind": "hotel", "component": "retriever"} if n < 9 else {}) for n, row in enumerate(badcases(40))]
    spec = make_spec(("shape: prompt-completion", "shape: messages"), demos=talks, badcases=rows)
    measure(spec)
    assert "  trajectories: 60\n  judged: 59\n" in cards(spec)["data-demos.yaml"]
    card = cards(spec)["data-badcases.yaml"]
    assert '    - class: "undetermined"\n      rows: 31\n      answered: 31\n' in card
    assert '      kind: "hotel"\n      component: "retriever"\n      rows: 9\n      answered: 9\n' in card
    measure(spec, "--check")


def test_a_card_without_labels_is_read_by_its_classes(make_spec: MakeSpec, tmp_path: Path) -> None:
    spec = make_spec(("      path: data/badcases.jsonl", "      uri: s3://bucket/badcases.jsonl"))
    rows = [row | {"class": "flow-control" if n < 9 else "systemic"} for n, row in enumerate(badcases())]
    write_rows(tmp_path / "rows.jsonl", rows)
    measure(spec, "--source", "badcases", "--from", str(tmp_path / "rows.jsonl"))
    card = spec.parent / "evidence" / "data-badcases.yaml"
    text = card.read_text(encoding="utf-8")
    before, after = text.index("  labels:"), text.index("  promptVersions:")
    card.write_text(text[:before] + text[after:], encoding="utf-8")
    plan = make_plan(spec, "specs/shop/spec.yaml").value
    assert plan is not None
    file = plan.inputs.files["badcases"]
    assert [(each.category, each.rows, each.answered) for each in file.labels] == [
        ("flow-control", 9, 9),
        ("systemic", 31, 31),
    ]


@pytest.mark.parametrize(
    ("column", "refused"),
    [
        ('{name: images, types: ["list"], rows: 60}', True),
        ('{name: image_path, types: ["text"], rows: 60}', True),
        ('{name: image, types: ["text"], rows: 60}', True),
        ('{name: images, types: ["number"], rows: 60}', False),
        ('{name: images, types: ["list"], rows: 0}', False),
        ('{name: image_caption, types: ["text"], rows: 60}', False),
    ],
)
def test_a_card_with_columns_of_images(make_spec: MakeSpec, tmp_path: Path, column: str, refused: bool) -> None:
    spec = make_spec(REMOTE)
    write_rows(tmp_path / "rows.jsonl", demos())
    measure(spec, "--source", "demos", "--from", str(tmp_path / "rows.jsonl"))
    card = spec.parent / "evidence" / "data-demos.yaml"
    text = card.read_text(encoding="utf-8").replace("  columns:\n", f"  columns:\n    - {column}\n")
    card.write_text(text, encoding="utf-8")
    found = [each for each in make_plan(spec, "specs/shop/spec.yaml").diagnostics if each.code == "CHK236"]
    assert bool(found) is refused
    if refused:
        assert found[0].location.path.endswith("data-demos.yaml")
        assert "data source `demos`, `image" in found[0].message
        assert "images are not supported" in found[0].message


def test_rows_with_images_get_no_card(make_spec: MakeSpec) -> None:
    spec = make_spec(demos=[row | {"image": f"{n}.png"} for n, row in enumerate(demos())])
    assert measure(spec, code=1).count("CHK236]") == 1
    assert "data-demos.yaml" not in cards(spec)


def test_two_cards_of_one_source(make_spec: MakeSpec) -> None:
    spec = make_spec()
    measure(spec)
    card = spec.parent / "evidence" / "data-demos.yaml"
    card.with_name("other.yaml").write_bytes(card.read_bytes())
    assert "CHK233" in codes(spec)


@pytest.mark.parametrize("edit", [("      path: data/demos.jsonl\n", ""), (REMOTE[0], f"{REMOTE[0]}\n{REMOTE[1]}")])
def test_a_source_has_one_location(make_spec: MakeSpec, edit: tuple[str, str]) -> None:
    assert codes(make_spec(edit)) == ["CHK232"]


def test_leakage_of_a_remote_source_is_known_from_its_card(make_spec: MakeSpec, tmp_path: Path) -> None:
    spec = make_spec(REMOTE)
    leaking = [*demos(), {"prompt": " test  3? ", "completion": "gold 3", "cluster": "h5"}]
    write_rows(tmp_path / "rows.jsonl", leaking)
    measure(spec, "--source", "demos", "--from", str(tmp_path / "rows.jsonl"))
    assert '"rows.jsonl:61"' in cards(spec)["data-demos.yaml"]
    assert "CHK210" in codes(spec)
    write_rows(spec.parent / "data" / "held-out.jsonl", held_out(19))
    assert "CHK231" in codes(spec)


LONG = "Where is the parcel with the two blue lamps that I ordered from you last week"


def test_near_leakage_of_a_remote_source_is_known_from_its_card(make_spec: MakeSpec, tmp_path: Path) -> None:
    near = [*demos(), {"prompt": LONG.replace("ordered from", "bought at"), "completion": "on its way"}]
    questions = [*held_out(), {"id": "x", "prompt": f"{LONG} ...", "reference": "on its way"}]
    spec = make_spec(REMOTE, held_out=questions)
    write_rows(tmp_path / "rows.jsonl", near)
    measure(spec, "--source", "demos", "--from", str(tmp_path / "rows.jsonl"))
    (found,) = [each for each in make_plan(spec, "specs/shop/spec.yaml").diagnostics if each.code == "CHK229"]
    assert has_errors([found])
    assert "1 row of `demos` is nearly the same as a question of evaluation source `held-out`" in found.message
    assert "`rows.jsonl:61` (`data/held-out.jsonl:41`)" in found.message


def test_a_card_counts_questions_inside_other_text(make_spec: MakeSpec, tmp_path: Path) -> None:
    rows = [*demos(), {"prompt": f"Answer politely.\n{LONG}!", "completion": "on its way"}]
    spec = make_spec(REMOTE, held_out=[*held_out(), {"id": "x", "prompt": f"{LONG}?", "reference": "on its way"}])
    write_rows(tmp_path / "rows.jsonl", rows)
    measure(spec, "--source", "demos", "--from", str(tmp_path / "rows.jsonl"))
    assert "contained: 1" in cards(spec)["data-demos.yaml"]
    assert "CHK210" in codes(spec)


def test_failed_answers_of_a_remote_source_are_known_from_its_card(make_spec: MakeSpec, tmp_path: Path) -> None:
    spec = make_spec(REMOTE)
    failed = [*demos(), {"prompt": "bad 7?", "completion": "something else,  wrong 7"}]
    write_rows(tmp_path / "rows.jsonl", failed)
    measure(spec, "--source", "demos", "--from", str(tmp_path / "rows.jsonl"))
    assert "CHK227" in codes(spec)


def test_what_cannot_be_measured_here_is_kept_for_the_same_rows(make_spec: MakeSpec, tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    (tmp_path / "models" / "tiny" / "1").mkdir(parents=True)
    tokenizer.save(str(tmp_path / "models" / "tiny" / "1" / "tokenizer.json"))
    spec = make_spec()
    measure(spec, "--models", str(tmp_path / "models"))
    with_tokens = cards(spec)
    assert 'tokenizer: "tiny/1"' in with_tokens["data-demos.yaml"]
    measure(spec, "--check")
    measure(spec)
    assert cards(spec) == with_tokens
    short = "  training: {sft: {trainer: {max_length: 1}}}\n"
    text = spec.read_text(encoding="utf-8")
    spec.write_text(text + short, encoding="utf-8")
    assert "CHK230" in codes(spec)
    spec.write_text(text.replace('revision: "1"', 'revision: "2"') + short, encoding="utf-8")
    rounds = spec.parent / "evidence" / "prompt-rounds.yaml"
    rounds.write_text(rounds.read_text(encoding="utf-8").replace("tiny/1", "tiny/2"), encoding="utf-8")
    assert "in bytes" in str([each.message for each in make_plan(spec, "x").diagnostics if each.code == "CHK230"])
    spec.write_text(text, encoding="utf-8")
    write_rows(spec.parent / "data" / "demos.jsonl", demos(59))
    measure(spec)
    assert 'unit: "bytes"' in cards(spec)["data-demos.yaml"]


def test_personal_data_is_counted_and_never_written(make_spec: MakeSpec) -> None:
    rows = [*demos(), {"prompt": "我的电话 13912345678", "completion": "wang@example.com 已登记"}]
    spec = make_spec(demos=rows)
    measure(spec)
    card = cards(spec)["data-demos.yaml"]
    assert "13912345678" not in card
    assert "wang@" not in card
    assert 'kind: "phone"' in card
    assert '"data/demos.jsonl:61"' in card


def test_bad_rows_are_reported_and_get_no_card(make_spec: MakeSpec) -> None:
    spec = make_spec()
    (spec.parent / "data" / "demos.jsonl").write_text(json.dumps({"prompt": "q"}) + "\n", encoding="utf-8")
    assert "CHK203" in measure(spec, code=1)
    assert "data-demos.yaml" not in cards(spec)


def test_only_the_named_source_is_measured(make_spec: MakeSpec) -> None:
    spec = make_spec()
    measure(spec, "--source", "demos")
    assert list(cards(spec)) == ["data-demos.yaml"]
    assert "use one of `badcases`, `demos`, `held-out`" in measure(spec, "--source", "demo", code=1)


def test_wrong_use(make_spec: MakeSpec, tmp_path: Path) -> None:
    spec = make_spec(REMOTE)
    measure(spec, "--from", str(tmp_path), code=2)
    assert "is missing" in measure(spec, "--source", "demos", "--from", str(tmp_path / "none.jsonl"), code=1)
    assert "YML001" in measure(tmp_path / "nothing" / "spec.yaml", code=1)


def test_rows_of_a_path_are_not_given_again(make_spec: MakeSpec) -> None:
    spec = make_spec()
    rows = str(spec.parent / "data" / "demos.jsonl")
    assert "leave out `--from`" in measure(spec, "--source", "demos", "--from", rows, code=1)


def test_a_spec_without_data_has_nothing_to_measure(make_spec: MakeSpec) -> None:
    text = SPEC[: SPEC.index("  data:")] + SPEC[SPEC.index("  gaps:") :]
    assert "nothing to measure" in measure(make_spec(spec=text))


def test_findings_are_shown(make_spec: MakeSpec) -> None:
    rows = [*demos(), {"prompt": "我的电话 13912345678", "completion": "已登记", "cluster": "h3"}]
    output = measure(make_spec(demos=rows))
    assert "prompt-completion" in output
    assert "shared with held-out: 1 cluster" in output
    assert "rows that may hold personal data: 1 phone" in output


def test_a_missing_package_is_named(make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    spec = make_spec()
    rooms = ("compiler.run.measure.", "compiler.spec.data.")
    for name in [each for each in sys.modules if each.startswith(rooms) and each != "compiler.run.measure.update"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "rensa", None)
    output = measure(spec, code=1)
    assert "CHK224" in output
    assert "`rensa`" in output


def test_a_card_in_old_evidence_does_not_disturb_other_kinds(make_spec: MakeSpec) -> None:
    spec = make_spec(spec=SPEC, evidence=EVIDENCE)
    plain = make_plan(spec, "specs/shop/spec.yaml")
    measure(spec)
    carded = make_plan(spec, "specs/shop/spec.yaml")
    assert plain.value is not None
    assert carded.value is not None
    assert [stage.name for stage in plain.value.stages] == [stage.name for stage in carded.value.stages]
