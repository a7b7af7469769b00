import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evenstock.freight.lanes import PALLET_G, lane_cents, pallet_shares, pallets


@given(st.integers(1, 999), st.integers(0, 50))
def test_full_pallets_are_counted_whole_in_spite_of_binary_fractions(per_pallet, full):
    share = pallet_shares([per_pallet], [0], [0])
    assert pallets([full * per_pallet], share) == full
    assert pallets([full * per_pallet + 1], share) == full + 1


def test_items_share_pallets():
    # Half a pallet of one and half of another are one, not two.
    assert pallets([20, 50], [1 / 40, 1 / 100]) == 1


def test_unknown_pallets_go_by_weight_or_volume_whichever_is_tighter():
    assert pallet_shares([0], [PALLET_G // 10], [0]).tolist() == [0.1]
    assert pallet_shares([0], [PALLET_G // 10], [720_000_000]).tolist() == [0.5]


def test_each_lane_pays_departure_pallets_and_units():
    # 90 units at 40 a pallet: 3 pallets. 100.00 + 3 x 50.00 + 90 x 0.05 = 254.50; the second lane 0 + 0 + 10 x 2.00.
    units = np.array([[90], [10], [0]])
    assert lane_cents(units, [1 / 40], [10_000, 0, 10_000], [5_000, 0, 5_000], [5, 200, 5]).tolist() == [
        25_450,
        2_000,
        0,
    ]
