"""The choice over the US Postal Service's own retail tables, against brute force by the readable price."""

import os
from pathlib import Path

import numpy as np
import pytest
from tests.routing.orders import brute_force, random_case, usps_book

from evenstock.routing.choose import choose

pytestmark = pytest.mark.real_data
NOTICE_123 = (
    Path(os.environ.get("EVENSTOCK_SHARED", Path(__file__).parents[2] / "../shared")) / "data/us/usps_notice123_2025_10"
)

if not NOTICE_123.exists():
    pytest.skip("the real US rates are not on this machine", allow_module_level=True)


def test_over_real_rates_the_cheapest_plan_of_every_node_subset_is_the_one_that_brute_force_finds():
    book, rng, plans = usps_book(NOTICE_123), np.random.default_rng(123), 0
    for _ in range(60):
        case = random_case(rng, book, int(rng.integers(1, 6)), int(rng.integers(1, 5)))
        best, got = brute_force(case), choose(case.priced, alternatives=1_000)
        by_nodes = {
            frozenset(int(case.priced.node[c]) for c, _ in got.shipments(p)): int(got.cents[p]) for p in range(len(got))
        }
        plans += len(got)
        assert by_nodes == best
    assert plans > 100
