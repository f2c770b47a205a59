"""Wrong values of reward options are reported at their place in the spec."""

import pytest
from conftest import MakeSpec

from compiler.pipeline.phases import make_plan


@pytest.mark.parametrize(
    ("function", "code", "message", "place"),
    [
        (
            "use: regex, options: {pattern: '('}",
            "SPC104",
            "is not a regular expression: missing ), unterminated",
            "'('",
        ),
        ("use: regex, options: {pattern: 7}", "SPC103", "must be text, not `7`", "7"),
        ("use: exact_match, options: {after: 3}", "SPC103", "options.after` must be text, not `3`", "3"),
        ("use: length, options: {most: ten}", "SPC103", "must be a whole number, not `ten`", "ten"),
        ("use: length, options: {most: 0}", "SPC104", "must be a number of at least 1, not `0`", "0"),
        ("use: length, options: {most: 9, unit: words}", "SPC104", "must be `characters` or `tokens`", "words"),
        ("use: length", "CHK243", "has neither `least` nor `most`", "length"),
        ("use: length, options: {least: 9, most: 3}", "CHK243", "`most` 3 of reward `length` is below", "{least"),
        ("use: sql_execution, options: {databases: ./a/}", "SPC104", "is not a normalised path", "./a/"),
        ("use: sql_execution, options: {databases: ../a}", "CHK202", "`../a` leaves", "../a"),
        ("use: 'rules:score', options: {strict: true}", "CHK243", "`rules:score` takes no options", "options"),
    ],
)
def test_a_wrong_option_is_reported_at_its_place(
    make_spec: MakeSpec, function: str, code: str, message: str, place: str
) -> None:
    reward = f"  reward:\n    kind: programmatic\n    functions:\n      - {{{function}}}\n  data:\n"
    path = make_spec(("  data:\n", reward))
    (path.parent / "a").mkdir()
    (path.parent / "rules.py").write_text("def score(completions, **_): return []\n", encoding="utf-8")
    (found,) = [each for each in make_plan(path, "spec.yaml").diagnostics if each.severity == "error"]
    assert found.code == code
    assert message in found.message
    assert found.location.text[found.location.column - 1 :].startswith(place)
