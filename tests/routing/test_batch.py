"""Many orders at once: the same decisions as one by one, under prices, scarce stock and lines left out."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from tests.routing.orders import random_book, random_case

from evenstock.routing.batch import ANY_STOCK, MOST_LINES, NO_WAY_PRICE, Batch, decide_many
from evenstock.routing.batch_kernel import cheapest, cheapest_or_lost
from evenstock.routing.choose import Choice, choose
from evenstock.routing.priced import Priced
from evenstock.routing.subset_kernel import INFEASIBLE

EACH_CENT, EVERY_FIVE_DOLLARS = 1, 500


def orders(seed: int, count: int, coarse: int = EACH_CENT, same_item: float = 0.2) -> list[Priced]:
    """Random orders over five nodes; money rounded down to multiples of `coarse`, so that many plans cost the same."""
    rng = np.random.default_rng(seed)
    books = [random_book(rng, services=int(rng.integers(1, 4))) for _ in range(8)]
    found = []
    for n in range(count):
        p = random_case(
            rng,
            books[n % len(books)],
            5,
            int(rng.integers(1, 6)),
            max_shipments=int(rng.integers(1, 5)),
            same_item=same_item,
        ).priced
        found.append(rounded(p, coarse))
    return found


def rounded(p: Priced, coarse: int) -> Priced:
    def down(cents: np.ndarray) -> np.ndarray:
        return cents // coarse * coarse

    return replace(
        p,
        unit_cents=down(p.unit_cents),
        shipment_cents=down(p.shipment_cents),
        extra_shipment_cents=p.extra_shipment_cents // coarse * coarse,
        ladders=replace(p.ladders, step_cents=down(p.ladders.step_cents), long_cents=down(p.ladders.long_cents)),
    )


def pack(priced: list[Priced], by_way: bool = False) -> Batch:
    return Batch.pack(priced, [p.item for p in priced], by_way=by_way)


def cost_of(choice: Choice) -> int:
    return int(choice.cents[0]) if len(choice) else INFEASIBLE


def ways_of(p: Priced, choice: Choice) -> list[int]:
    way = np.full(p.lines, -1)
    for candidate, units in choice.shipments() if len(choice) else ():
        way[units > 0] = candidate
    return way.tolist()


def ships_once_from_each(p: Priced, choice: Choice) -> bool:
    nodes = [int(p.node[c]) for c, _ in choice.shipments()] if len(choice) else []
    return len(nodes) == len(set(nodes))


@pytest.mark.parametrize("coarse", [EACH_CENT, EVERY_FIVE_DOLLARS])
@pytest.mark.parametrize("by_way", [False, True])
def test_many_orders_are_decided_as_each_alone_ties_included(coarse, by_way):
    priced = orders(1, 150, coarse)
    batch = pack(priced, by_way)
    chosen = decide_many(batch, way_price=np.zeros(batch.node.size, np.int64) if by_way else None)

    for o, p in enumerate(priced):
        alone = choose(p, 0)
        assert chosen.cost[o] == cost_of(alone)
        if ships_once_from_each(p, alone):
            assert chosen.way[batch.first_line[o] : batch.first_line[o + 1]].tolist() == ways_of(p, alone)
    assert 0.5 < chosen.served.mean() < 1.0


def test_prices_of_units_and_of_ways_are_paid_as_if_they_were_handling():
    rng = np.random.default_rng(2)
    priced = orders(2, 100)
    batch = pack(priced, by_way=True)
    price = rng.integers(0, 900, (5, batch.items))
    way_price = rng.integers(0, 400, batch.node.size)
    chosen = decide_many(batch, price, way_price)
    plain = decide_many(batch, price)

    for o, p in enumerate(priced):
        dear = replace(p, unit_cents=p.unit_cents + price[:, p.item][p.node])
        own = way_price[batch.first_way[o] : batch.first_way[o + 1]]
        assert plain.cost[o] == cost_of(choose(dear, 0))
        assert chosen.cost[o] == cost_of(choose(replace(dear, shipment_cents=p.shipment_cents + own), 0))


def test_tables_lie_in_memory_in_one_way_however_many_orders_there_are():
    # Another layout would be another type for the compiled loops, and compile all of them again.
    for batch in (pack([]), pack(orders(3, 1)), pack(orders(3, 9)), pack(orders(3, 9), by_way=True)):
        assert all(array.flags.c_contiguous for array in batch.arrays)


def test_prices_may_be_fractions():
    priced = orders(3, 60, same_item=0.0)
    batch = pack(priced)
    quarters = np.random.default_rng(3).integers(0, 4_000, (5, batch.items))
    in_cents = decide_many(batch, quarters / 4.0)
    # Four times everything, in quarters of a cent.
    fine = decide_many(
        pack([rounded(replace(p, unit_cents=4 * p.unit_cents, shipment_cents=4 * p.shipment_cents,
                              extra_shipment_cents=4 * p.extra_shipment_cents,
                              ladders=replace(p.ladders, step_cents=4 * p.ladders.step_cents,
                                              long_cents=4 * p.ladders.long_cents)), 1) for p in priced]),
        quarters,
    )  # fmt: skip

    served = fine.served
    assert (in_cents.served == served).all()
    assert (4 * in_cents.cost[served] == fine.cost[served]).all()


def test_stock_given_now_limits_a_plan_packed_before():
    priced = orders(4, 100)
    batch = pack(priced)
    stock = np.random.default_rng(4).integers(0, 7, (5, batch.items))
    chosen = decide_many(batch, stock=stock)

    for o, p in enumerate(priced):
        assert chosen.cost[o] == cost_of(choose(replace(p, atp=np.minimum(p.atp, stock[:, p.item])), 0))


def test_what_is_left_of_an_order_is_decided_without_the_rest():
    priced = [p for p in orders(5, 80, same_item=0.0) if p.lines >= 3]
    batch = pack(priced)
    price, way = np.zeros((5, batch.items), np.int64), np.zeros(9, np.int64)
    for o, p in enumerate(priced):
        # Lines 0 and 2 of each: without line 1 no set holds it.
        keep = [0, 2]
        alone = Priced(
            p.node, p.ladder, p.permitted[:, keep], p.atp[:, keep], p.item[keep], p.units[keep], p.weight_g[keep],
            p.volume_mm3[keep], p.longest_mm[keep], p.value_cents[keep], p.shipment_cents, p.unit_cents[:, keep],
            p.ladders, p.extra_shipment_cents, p.max_shipments, p.min_split_value_cents,
        )  # fmt: skip
        assert cheapest(batch.arrays, o, 0b101, price, NO_WAY_PRICE, ANY_STOCK, way) == cost_of(choose(alone, 0))
        assert way[1] == -1
        assert (way[keep] >= 0).all() == (cost_of(choose(alone, 0)) < INFEASIBLE)


def test_lines_are_left_out_where_that_is_cheaper_than_to_ship_them():
    priced = orders(6, 60, same_item=0.0)
    batch = pack(priced)
    price, way, rng = np.zeros((5, batch.items), np.int64), np.zeros(9, np.int64), np.random.default_rng(6)
    left_out = 0
    for o, p in enumerate(priced):
        lost = rng.integers(200, 3_000, p.lines)
        got = cheapest_or_lost(batch.arrays, o, lost, price, NO_WAY_PRICE, ANY_STOCK, way)
        served = [s for n in range(p.lines + 1) for s in combinations(range(p.lines), n)]
        each = [
            int(cheapest(batch.arrays, o, sum(1 << i for i in s), price, NO_WAY_PRICE, ANY_STOCK, way.copy()))
            + int(lost.sum() - lost[list(s)].sum())
            for s in served
        ]
        assert got == min(each)
        shipped = sum(1 << i for i in range(p.lines) if way[i] >= 0)
        assert each[[sum(1 << i for i in s) for s in served].index(shipped)] == got
        left_out += int((way[: p.lines] < 0).sum())
    assert left_out > 10


def test_what_is_taken_is_counted_by_node_and_item():
    priced = orders(7, 50)
    batch = pack(priced)
    chosen = decide_many(batch)
    wanted = sum(int(p.units.sum()) for o, p in enumerate(priced) if chosen.served[o])

    assert chosen.use.sum() == wanted


def test_orders_of_many_lines_are_decided_too():
    rng = np.random.default_rng(8)
    book = random_book(rng)
    small = random_case(rng, book, 4, 3, scarce=0.0).priced
    large = random_case(rng, book, 4, MOST_LINES + 2, scarce=0.0, same_item=0.0).priced
    huge = random_case(rng, book, 4, 16, scarce=0.0, same_item=0.0).priced
    all_may = [replace(p, permitted=np.ones_like(p.permitted), min_split_value_cents=0) for p in (small, large, huge)]
    batch = pack(all_may)
    price = rng.integers(0, 300, (4, 16))
    chosen = decide_many(batch, price)
    dear = replace(all_may[1], unit_cents=all_may[1].unit_cents + price[:, all_may[1].item][all_may[1].node])

    assert batch.slow.tolist() == [1, 2]
    assert chosen.served.all()
    assert chosen.cost[1] == cost_of(choose(dear, 0))
    assert chosen.use.sum() == sum(int(p.units.sum()) for p in all_may)


def test_lines_of_a_kit_leave_together_or_not_at_all():
    rng = np.random.default_rng(10)
    priced = []
    for p in orders(10, 120, same_item=0.0):
        kit = np.where(rng.random(p.lines) < 0.6, 7, -1)
        priced.append(replace(p, kit=kit))
    batch = pack(priced)
    chosen = decide_many(batch)
    torn = decide_many(pack([replace(p, kit=None) for p in priced]))

    for o, p in enumerate(priced):
        assert chosen.cost[o] == cost_of(choose(p, 0))
        way = chosen.way[batch.first_line[o] : batch.first_line[o + 1]]
        assert len(set(way[p.kit == 7].tolist())) <= 1
    assert (chosen.cost > torn.cost).any()


def test_nonsense_is_refused_in_words():
    priced = orders(9, 3)
    batch = pack(priced)

    with pytest.raises(ValueError, match="as many arrays of items"):
        Batch.pack(priced, [priced[0].item])
    with pytest.raises(ValueError, match="do not cover 5 nodes"):
        decide_many(batch, np.zeros((2, batch.items), np.int64))
    with pytest.raises(ValueError, match="pack it by_way"):
        decide_many(batch, way_price=np.zeros(batch.node.size, np.int64))
    with pytest.raises(ValueError, match=r"stock .* and prices .* differ"):
        decide_many(batch, stock=np.zeros((5, 99), np.int64))


def test_no_orders_are_no_decisions():
    nothing = decide_many(Batch.pack([], []))

    assert (nothing.cost.size, nothing.way.size, nothing.use.size) == (0, 0, 0)
