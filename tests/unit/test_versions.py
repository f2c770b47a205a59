"""Versions of the language: old specs compile to the same decision, and are told of in their own words and places."""

from pathlib import Path

import pytest
from conftest import PROFILE, MakeSpec
from old_specs import AWKWARD, OLD_PROFILE, OLD_SPEC, document_of, modern

from compiler.pipeline import compile_spec
from compiler.schema import v1alpha1
from compiler.validate import validate
from compiler.versions import Modern, modernise


def test_a_document_of_the_newest_version_stays_as_it_is() -> None:
    document = document_of(PROFILE)
    outcome = modernise(document)
    assert outcome.value == Modern(document=document)
    assert not outcome.diagnostics


@pytest.mark.parametrize("text", AWKWARD.values(), ids=AWKWARD)
def test_what_an_old_spec_becomes_follows_the_new_schema(text: str) -> None:
    outcome = modern(text)
    assert [found.code for found in outcome.diagnostics] == ["SPC106"]
    assert outcome.value is not None
    for document in (outcome.value.document, *outcome.value.evidence):
        assert validate(document).ok, validate(document).diagnostics


def test_rounds_become_evidence_with_their_places_in_the_spec() -> None:
    outcome = modern(OLD_SPEC)
    assert outcome.value is not None
    (evidence,) = outcome.value.evidence
    assert evidence.data["metadata"]["date"] == "2026-10-02"  # type: ignore[index]
    assert evidence.data["metadata"]["source"] == "spec.prompt.rounds of v1alpha1"  # type: ignore[index]
    place = evidence.at(("spec", "rounds", 1, "score"))
    assert (place.path, place.text[place.column - 1 : place.end_column - 1]) == ("specs/shop/spec.yaml", "0.31")
    assert evidence.at(("metadata", "digest")).text.strip() == "rounds:"
    limit = outcome.value.document.at(("spec", "thresholds", "plateauMinGain"))
    assert limit.text.strip() == "minGain: 0.05 # a smaller gain is noise"
    assert outcome.value.document.data["spec"]["thresholds"] == {"plateauMinGain": 0.05}  # type: ignore[index]


def test_the_digest_is_that_of_what_the_rounds_say_not_of_how_they_are_written() -> None:
    def digest(text: str) -> str:
        outcome = modern(text)
        assert outcome.value is not None
        return outcome.value.evidence[0].data["metadata"]["digest"]  # type: ignore[index, no-any-return]

    assert digest(OLD_SPEC) == digest(
        OLD_SPEC.replace("{name: v1, technique: zero-shot", "{technique: zero-shot, name: v1")
    )
    assert digest(OLD_SPEC) != digest(OLD_SPEC.replace("0.31", "0.32"))


def test_rounds_without_a_date_say_so_by_the_earliest_day() -> None:
    outcome = modern(OLD_SPEC.replace(", date: 2026-09-30", "").replace(", date: 2026-10-02", ""))
    assert outcome.value is not None
    assert outcome.value.evidence[0].data["metadata"]["date"] == "1970-01-01"  # type: ignore[index]


@pytest.mark.parametrize(
    ("old", "new", "code", "where"),
    [
        ("score: 0.31", "score: 3.1", "SPC104", "spec.prompt.rounds[1].score"),
        ("minGain: 0.05", "minimum: 0.05", "SPC102", "minimum"),
        ("  gaps:", "  thresholds: {minPairs: 3}\n  gaps:", "SPC102", "thresholds"),
        ("  gaps:", "  teacher: {}\n  gaps:", "SPC102", "teacher"),
        ("path: data/demos.jsonl", "uri: s3://a/b.jsonl", "SPC101", "spec.data[0].path"),
        ("purpose: demonstrations", "purpose: chains", "SPC104", "spec.data[0].purpose"),
    ],
)
def test_mistakes_are_told_in_the_old_version_s_own_names(old: str, new: str, code: str, where: str) -> None:
    outcome = modern(OLD_SPEC.replace(old, new))
    assert outcome.value is None
    told = {found.code: found for found in outcome.diagnostics}
    assert set(told) >= {"SPC106", code}
    assert where in told[code].message


def test_the_old_language_is_frozen() -> None:
    """A field that v1 gains must not slip into v1alpha1 through a model that both share."""
    schemas = [model.model_json_schema(by_alias=True) for model in v1alpha1.DOCUMENTS.values()]
    names = sorted(
        f"{part['title']}.{name}"
        for whole in schemas
        for part in (whole, *whole["$defs"].values())
        for name in part.get("properties", {})
    )
    golden = Path(__file__).parent.parent / "golden" / "v1alpha1-fields.txt"
    assert "\n".join(names) + "\n" == golden.read_text(encoding="utf-8")


def test_a_profile_of_the_old_version_is_told_of_and_used(make_spec: MakeSpec) -> None:
    outcome = compile_spec(make_spec(profile=OLD_PROFILE), "specs/shop/spec.yaml")
    assert outcome.value is not None
    (found,) = (found for found in outcome.diagnostics if found.code == "SPC106")
    assert found.location.path == "specs/clusters/small.yaml"
    assert found.hint == "run `trainspec upgrade specs/clusters/small.yaml`"


def test_an_old_spec_compiles_and_is_told_of(make_spec: MakeSpec) -> None:
    outcome = compile_spec(make_spec(spec=OLD_SPEC, evidence={}), "specs/shop/spec.yaml")
    assert outcome.value is not None, outcome.diagnostics
    (found,) = (found for found in outcome.diagnostics if found.code == "SPC106")
    assert (found.location.line, found.severity, found.hint) == (2, "warning", "run `trainspec upgrade specs/shop`")


def test_a_later_message_still_points_into_the_old_text(make_spec: MakeSpec) -> None:
    text = OLD_SPEC.replace("{name: v2,", "{name: v2, prompt: prompts/none.md,")
    outcome = compile_spec(make_spec(spec=text, evidence={}), "specs/shop/spec.yaml")
    (found,) = (found for found in outcome.diagnostics if found.code == "CHK201")
    assert found.location.path == "specs/shop/spec.yaml"
    assert found.location.text[found.location.column - 1 : found.location.end_column - 1] == "prompts/none.md"


def test_an_unknown_version_names_those_that_work() -> None:
    found = validate(document_of(OLD_SPEC.replace("v1alpha1", "v3"))).diagnostics[0]
    assert found.code == "SPC105"
    assert found.hint == "use one of `trainspec.dev/v1`, `trainspec.dev/v1alpha1`"


def test_an_old_version_has_no_kinds_of_the_new_one() -> None:
    found = validate(document_of(OLD_SPEC.replace("TrainingSpec", "PromptRounds"))).diagnostics[0]
    assert (found.code, found.hint) == ("SPC105", "use `trainspec.dev/v1`")
