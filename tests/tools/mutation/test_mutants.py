"""Breaking the table of rules breaks the decision table. All kinds of mutants: `make mutate`."""

import pytest
from tools.mutation.mutants import Mutant, mutants, unbroken

FAST = [each for each in mutants() if each.kind in ("rule removed", "fires never", "effect dropped")]


def test_the_rules_as_they_are_hold() -> None:
    assert unbroken() == []


@pytest.mark.parametrize("mutant", FAST, ids=lambda mutant: f"{mutant.kind}: {mutant.name}")
def test_a_mutant_is_noticed(mutant: Mutant) -> None:
    assert mutant.killed()
