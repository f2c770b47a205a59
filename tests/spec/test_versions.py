"""Versions of the spec language: one works, and any other is rejected by name."""

from conftest import PROFILE, SPEC, document_of

from compiler.spec.schema.validate import validate


def test_an_unknown_version_names_the_one_that_works() -> None:
    for text in (SPEC, PROFILE):
        (found,) = validate(document_of(text.replace("trainspec.dev/v1", "trainspec.dev/v3"))).diagnostics
        assert (found.code, found.message) == ("SPC105", "`trainspec.dev/v3` is not a known `apiVersion`")
        assert found.hint == "use `trainspec.dev/v1`"


def test_a_missing_version_names_the_one_that_works() -> None:
    (found,) = validate(document_of(SPEC.replace("apiVersion: trainspec.dev/v1\n", ""))).diagnostics
    assert (found.code, found.hint) == ("SPC101", "add `apiVersion`: `trainspec.dev/v1`")
