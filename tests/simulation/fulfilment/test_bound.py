"""No policy costs less than the bound, nor does the best routing that knows every order beforehand."""

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp
from tests.simulation.fulfilment.shop import came, shop, small

from evenstock.routing.prices.ascent import ascend
from evenstock.simulation.fulfilment.bound import clairvoyant, guarded
from evenstock.simulation.fulfilment.kinds import Kinds
from evenstock.simulation.fulfilment.look_ahead import LookAhead
from evenstock.simulation.fulfilment.policies import FIELD
from evenstock.simulation.fulfilment.program import lagrangian, tighten


def best_in_hindsight(kinds: Kinds, arrivals: np.ndarray) -> float:
    """The exact clairvoyant optimum: parcels, units and lost units of every single order, whole numbers, by HiGHS."""
    centres, items = kinds.instance.stock.shape
    rows, columns, values, lower, upper, cost = [], [], [], [], [], []
    stock_rows = centres * items
    lower += [-np.inf] * stock_rows
    upper += kinds.instance.stock.ravel().tolist()

    def row(low: float, high: float) -> int:
        lower.append(low)
        upper.append(high)
        return len(lower) - 1

    def column(price: float, where: list[tuple[int, float]]) -> None:
        for at, value in where:
            rows.append(at)
            columns.append(len(cost))
            values.append(value)
        cost.append(price)

    for kind in arrivals[arrivals >= 0].tolist():
        goods = kinds.batch.item[kinds.batch.first_line[kind] : kinds.batch.first_line[kind + 1]].tolist()
        ships = [[row(-np.inf, 0.0) for _ in goods] for _ in range(centres)]
        for k in range(centres):
            column(kinds.parcel, [(at, -1.0) for at in ships[k]])
        for line, item in enumerate(goods):
            served = row(1.0, 1.0)
            column(kinds.lost, [(served, 1.0)])
            for k in range(centres):
                column(kinds.unit[k, kinds.city[kind]], [(served, 1.0), (ships[k][line], 1.0), (k * items + item, 1.0)])
    matrix = sparse.csr_array((values, (rows, columns)), shape=(len(lower), len(cost)))
    found = milp(
        np.array(cost) / kinds.parcel,
        constraints=LinearConstraint(matrix, np.array(lower), np.array(upper)),
        bounds=Bounds(0.0, 1.0),
        integrality=np.ones(len(cost)),
        options={"mip_rel_gap": 0.0},
    )
    assert found.success
    return float(found.fun) * kinds.parcel


def test_of_two_orders_the_bound_is_the_routing_that_keeps_the_pen() -> None:
    """A has a pen at $1 and the pad, B a pen at $2: the pair from A, 12, the pen from B, 12."""
    kinds = Kinds.of(shop([(0,), (0, 1)], [[1, 1], [1, 0]], [[1.0], [2.0]], [[0.5], [0.5]], periods=2))

    found = clairvoyant(kinds, kinds.arrivals(came((1, 0), (2, 0))))

    assert found.value == pytest.approx(24 * 100_000)
    assert found.program == pytest.approx(found.value)


def test_the_bound_may_choose_whom_to_lose_and_the_guarded_one_may_not() -> None:
    """One pen for two orders, first at $10 + 1, then at $10 + 9: the guard serves the first who comes."""
    kinds = Kinds.of(shop([(0,)], [[1]], [[1.0, 9.0]], [[0.5, 0.5]], periods=2))
    arrivals = kinds.arrivals(came((1, 1), (1, 0)))

    assert clairvoyant(kinds, arrivals).value == pytest.approx((30 + 11) * 100_000)
    assert guarded(kinds, arrivals).value == pytest.approx((19 + 30) * 100_000)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_bound_is_below_the_best_routing_in_hindsight_and_every_policy(seed: int) -> None:
    kinds, arrivals = small(seed, periods=40)
    bound, kept = clairvoyant(kinds, arrivals), guarded(kinds, arrivals)
    best = best_in_hindsight(kinds, arrivals)

    assert bound.value <= best * (1 + 1e-9)
    assert best <= 1.03 * bound.value, "and not far below: whole orders cost more than their shares"
    assert bound.value <= kept.value * (1 + 1e-9)
    ours = LookAhead(repricings=8, futures=4, sweeps=10).run
    for name, policy in {**FIELD, "ours": ours}.items():
        cost = policy(kinds, arrivals).millicents
        assert cost >= best * (1 - 1e-9), name
        assert cost >= kept.value * (1 - 1e-9), name


def test_no_prices_give_a_higher_bound_than_the_program_over_plans() -> None:
    kinds, arrivals = small(seed=6, periods=300)
    weight = np.bincount(arrivals[arrivals >= 0], minlength=len(kinds.batch)).astype(np.float64)
    lost = np.full(kinds.batch.item.size, float(kinds.lost))
    stock = kinds.instance.stock

    climbed = ascend(kinds.batch, weight, stock, lost=lost, sweeps=200)
    found = tighten(kinds.batch, weight, stock, [climbed.price], lost=lost)

    assert found.value == pytest.approx(found.program, rel=1e-6)
    assert climbed.bound <= found.value * (1 + 1e-9)
    assert climbed.bound == pytest.approx(found.value, rel=0.01)
    assert lagrangian(kinds.batch, weight, stock, found.price, lost)[0] == pytest.approx(found.value)


def test_a_bound_from_no_prices_at_all_reaches_the_same() -> None:
    kinds, arrivals = small(seed=7, periods=300)
    weight = np.bincount(arrivals[arrivals >= 0], minlength=len(kinds.batch)).astype(np.float64)
    lost = np.full(kinds.batch.item.size, float(kinds.lost))

    found = tighten(kinds.batch, weight, kinds.instance.stock, [np.zeros(kinds.instance.stock.shape)], lost=lost)

    assert found.value == pytest.approx(clairvoyant(kinds, arrivals).value, rel=1e-6)
