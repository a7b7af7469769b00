"""Each platform's rule picks the centres that its documentation says, and pays for them."""

import numpy as np
import pytest
from tests.simulation.fulfilment.shop import came, shop, small

from evenstock.simulation.fulfilment.kinds import Kinds
from evenstock.simulation.fulfilment.policies import FIELD
from evenstock.simulation.fulfilment.walks import nearest
from evenstock.simulation.fulfilment.world import cheapest_now

ALL_THREE = [(0, 1, 2)]
# From city 0 the nearest first: B, C, A. Most people live in city 1, so the merchant's list is C (6·1 + 50·…), A, B.
DOLLARS = [[3.0, 3.0], [1.0, 5.0], [2.0, 0.5]]
RATE = [[0.1, 0.9]]

# Stock of the three items at A, B and C.
SPREAD = [[1, 9, 0], [4, 0, 0], [0, 2, 3]]
WHOLE_AT_A = [[1, 9, 1], [4, 0, 0], [0, 2, 3]]


@pytest.mark.parametrize(
    ("policy", "spread", "whole_at_a"),
    [
        ("nearest", 20 + 1 + 2 + 2, 20 + 1 + 2 + 2),  # item 0 from B, items 1 and 2 from C
        ("ranked list", 20 + 3 + 2 + 2, 10 + 3 + 3 + 3),  # nobody has all: down C, A, B; A has all: whole from A
        ("coverage, nearest", 20 + 3 + 2 + 2, 10 + 3 + 3 + 3),  # C and A have two, C is nearer: 1 and 2 from C; then A
        ("Magento priority", 20 + 3 + 2 + 2, 20 + 3 + 2 + 2),  # down C, A, B: 0 from A, 1 and 2 from C
        ("Magento distance", 20 + 1 + 2 + 2, 20 + 1 + 2 + 2),  # as nearest
        ("Saleor sorting order", 20 + 3 + 2 + 2, 20 + 3 + 2 + 2),  # as Magento's priority
        ("Saleor highest stock", 30 + 1 + 3 + 2, 30 + 1 + 3 + 2),  # 4 at B, 9 at A, 3 at C
        ("Medusa first", 20 + 3 + 3 + 2, 10 + 3 + 3 + 3),  # A was created first, and has 0 and 1, or all
        ("cheapest now", 20 + 1 + 2 + 2, 10 + 3 + 3 + 3),  # two parcels from B and C at 25; one from A at 19
    ],
)
def test_a_policy_pays_for_the_centres_it_documents(policy: str, spread: float, whole_at_a: float) -> None:
    for stock, dollars in ((SPREAD, spread), (WHOLE_AT_A, whole_at_a)):
        kinds = Kinds.of(shop(ALL_THREE, stock, DOLLARS, RATE, periods=1))

        outcome = FIELD[policy](kinds, kinds.arrivals(came((1, 0))))

        assert outcome.dollars == dollars
        assert (outcome.orders, outcome.units, outcome.lost_units) == (1, 3, 0)


def test_the_nearest_centre_is_asked_as_long_as_it_has_stock() -> None:
    kinds = Kinds.of(shop([(0,)], [[1], [1]], [[1.0], [2.0]], [[1.0]], periods=3))

    outcome = nearest(kinds, kinds.arrivals(came((1, 0), (1, 0), (1, 0))))

    assert outcome.dollars == (10 + 1) + (10 + 2) + 30
    assert (outcome.parcels, outcome.lost_units, outcome.split_orders) == (2, 1, 0)


def test_what_no_centre_has_is_lost_and_the_rest_of_the_order_ships() -> None:
    kinds = Kinds.of(shop(ALL_THREE, [[1, 0, 1], [0, 0, 1]], [[3.0, 1.0], [1.0, 1.0]], RATE, periods=1))

    for name, policy in FIELD.items():
        outcome = policy(kinds, kinds.arrivals(came((1, 0))))

        assert outcome.unfilled_share == 1 / 3, name
        assert outcome.dollars in {10 + 3 + 3 + 30, 20 + 3 + 1 + 30}, name


def test_a_period_without_an_order_costs_nothing() -> None:
    kinds, arrivals = small(seed=3)

    assert cheapest_now(kinds, np.full(5, -1)).millicents == 0
    assert cheapest_now(kinds, np.concatenate([[-1], arrivals, [-1]])) == cheapest_now(kinds, arrivals)


def test_every_policy_leaves_the_same_units_unfilled() -> None:
    kinds, arrivals = small(seed=4, periods=200)

    shares = {name: policy(kinds, arrivals).unfilled_share for name, policy in FIELD.items()}

    assert min(shares.values()) > 0
    assert len(set(shares.values())) == 1
