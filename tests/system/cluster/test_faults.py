"""A plan survives each fault: no stage runs twice, and no result is lost."""

import pytest
from system.cluster.faults import FAULTS, Fault, survive
from system.cluster.shop import Shop, is_complete


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_plan_survives(shop: Shop, fault: Fault) -> None:
    survived = survive(shop, fault)
    assert (survived.twice, survived.lost) == (0, 0), survived.output
    assert is_complete(survived.output)
    assert survived.injected >= bool(fault.rules) + bool(fault.act), "the fault was never injected"
