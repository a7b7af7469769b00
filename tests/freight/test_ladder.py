import numpy as np
import pytest

from evenstock.freight.ladder import Ladder, Surcharge


def ladder(ends=(500, 1000), base=(300, 400), fuel=(30, 40), divisor=0):
    return Ladder("ups:ground", 4, np.array(ends), np.array(base), np.array(fuel), divisor)


def test_dimensional_weight_counts_when_it_is_the_larger_and_rounds_up():
    # 300 x 200 x 100 mm = 6,000,000 mm3; / 5022 = 1194.74 g, so 1195 g.
    assert ladder(divisor=5022).billable_g(900, 6_000_000) == 1195
    assert ladder(divisor=5022).billable_g(1195, 6_000_000) == 1195
    assert ladder(divisor=5022).billable_g(1196, 6_000_000) == 1196
    # 5022 mm3 are exactly one gram; one cubic millimetre more begins the second.
    assert ladder(divisor=5022).billable_g(0, 5022) == 1
    assert ladder(divisor=5022).billable_g(0, 5023) == 2


def test_without_a_divisor_volume_costs_nothing():
    assert ladder().billable_g(900, 10**12) == 900


@pytest.mark.parametrize(
    ("ends", "base", "fuel", "says"),
    [
        ((), (), (), "one base and one fuel"),
        ((500, 500), (1, 1), (0, 0), "grow"),
        ((0, 500), (1, 1), (0, 0), "grow from above zero"),
        ((500, 1000), (1,), (0, 0), "one base and one fuel"),
    ],
)
def test_a_broken_ladder_cannot_be_made(ends, base, fuel, says):
    with pytest.raises(ValueError, match=says):
        ladder(tuple(map(int, ends)), base, fuel)


def test_a_divisor_below_zero_is_refused():
    with pytest.raises(ValueError, match="divisor"):
        ladder(divisor=-1)


def test_a_threshold_is_exclusive():
    heavy = Surcharge("heavy", "weight_over", 22_680, 2_550)
    assert not heavy.due(22_680, 0, False)
    assert heavy.due(22_681, 0, False)
    long = Surcharge("long", "longest_over", 1_219, 1_700)
    assert not long.due(1, 1_219, True)
    assert long.due(1, 1_220, True)
    assert Surcharge("home", "residential", 0, 595).due(1, 1, True)
    assert not Surcharge("home", "residential", 0, 595).due(1, 1, False)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("x", "sometimes", 0, 1), "applies is one of"),
        (("x", "always", 0, -1), "below zero"),
        (("x", "weight_over", 0, 1), "apply always"),
    ],
)
def test_a_surcharge_without_meaning_is_refused(words, says):
    with pytest.raises(ValueError, match=says):
        Surcharge(*words)
