"""The bound on the chance that the next badcase is of a new kind: `make triage-bound` tries it on more applications."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.triage_bound.simulate import APPLICATIONS, simulate

from compiler.run.triage.unseen import ENOUGH, UnseenKinds

KINDS = st.lists(st.sampled_from("abcdef"), max_size=20)


def test_without_badcases_nothing_is_known() -> None:
    assert (UnseenKinds().estimate, UnseenKinds().bound) == (1, 1)


def test_one_kind_is_enough_after_about_eighty_badcases() -> None:
    first = next(count for count in range(200) if UnseenKinds("a" * count).is_below(ENOUGH))
    assert 59 < first < 85  # 59 in a row are the least that any bound needs


@given(KINDS)
def test_more_badcases_never_raise_the_bound(kinds: list[str]) -> None:
    bounds = [UnseenKinds(kinds[:count]).bound for count in range(len(kinds) + 1)]
    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(bounds))


@given(KINDS, st.floats(0.01, 0.99))
def test_it_is_below_a_chance_exactly_if_the_bound_is(kinds: list[str], chance: float) -> None:
    unseen = UnseenKinds(kinds)
    assert unseen.is_below(chance) == (unseen.bound <= chance + 1e-7) or abs(unseen.bound - chance) < 1e-6


@given(KINDS)
def test_the_estimate_is_the_share_of_kinds_seen_once(kinds: list[str]) -> None:
    once = sum(kinds.count(each) == 1 for each in set(kinds))
    assert UnseenKinds(kinds).estimate == (once / len(kinds) if kinds else 1)


@pytest.mark.slow
def test_the_bound_holds_at_every_look_in_simulated_applications() -> None:
    found = [each for name in APPLICATIONS for each in simulate(name, 60)]
    assert sum(each.failed for each in found) <= 0.06 * len(found)
    assert sum(each.stopped_wrongly for each in found) <= 0.02 * len(found)
