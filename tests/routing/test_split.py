"""A line's quantity over several nodes: only for what no node has whole, and then as cheap as can be."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from tests.routing.orders import HOME_ZIP, ON, Case, random_book, random_case

from evenstock.routing.priced import Priced
from evenstock.routing.split import choose_split


def unit_case(rng: np.random.Generator, nodes: int, lines: int, most: int, kits: float = 0.0) -> Case:
    """An order of small quantities of which no node has all."""
    case = random_case(rng, random_book(rng, services=2), nodes=nodes, lines=lines, same_item=0.3, kits=kits)
    p = case.priced
    units = rng.integers(1, most, lines)
    first = {int(item): i for i, item in reversed(list(enumerate(p.item.tolist())))}
    order = np.array([first[int(item)] for item in p.item])
    atp = rng.integers(0, most, (nodes, lines))[:, order]
    each = rng.integers(50, 5_000, lines)[order], rng.integers(10**5, 10**7, lines)[order]
    worth = rng.integers(500, 5_000, lines)[order]
    together = np.stack([p.permitted[:, p.item == item].all(axis=1) for item in p.item], axis=1)
    return replace(
        case,
        priced=replace(
            p,
            units=units,
            atp=atp,
            permitted=together,
            weight_g=each[0] * units,
            volume_mm3=each[1] * units,
            value_cents=worth * units,
            unit_cents=p.unit_cents[:, order],
        ),
    )


def slow_split(case: Case) -> int | None:
    """The least over every home of each kit and every way to take the other units, one shipment a node, by the readable price."""
    p = case.priced
    items = sorted(set(p.item.tolist()))
    line = [int(np.flatnonzero(p.item == item)[0]) for item in items]
    kit = np.full(p.lines, -1) if p.kit is None else p.kit
    kits = sorted(set(kit[kit >= 0].tolist()))
    wanted = [int(p.units[(p.item == item) & (kit < 0)].sum()) for item in items]
    least: int | None = None
    for homes in itertools.product(range(p.nodes), repeat=len(kits)):
        whole = np.zeros((p.nodes, len(items)), np.int64)
        for number, home in zip(kits, homes, strict=True):
            whole[home] += [int(p.units[(p.item == item) & (kit == number)].sum()) for item in items]
        left = p.atp[:, line] - whole
        if (left < 0).any():
            continue
        ways = [
            [w for w in itertools.product(*(range(int(m) + 1) for m in left[:, i])) if sum(w) == n]
            for i, n in enumerate(wanted)
        ]
        for plan in itertools.product(*ways):
            cents = slow_plan(case, line, np.array(plan).T + whole)
            least = cents if least is None or (cents is not None and cents < least) else least
    return least


def slow_plan(case: Case, line: list[int], taken: np.ndarray) -> int | None:
    """What taking so many units from each node costs, ``(node, item)``; None where a limit forbids it."""
    p = case.priced
    used = np.flatnonzero(taken.sum(axis=1)).tolist()
    worth = [
        sum(int(p.value_cents[i] // p.units[i]) * int(n) for i, n in zip(line, taken[k], strict=True)) for k in used
    ]
    offers = [slow_shipment(case, k, line, taken[k].tolist()) for k in used]
    if len(used) > p.max_shipments or (len(used) > 1 and min(worth) < p.min_split_value_cents) or None in offers:
        return None
    return sum(o for o in offers if o is not None) + (len(used) - 1) * p.extra_shipment_cents


def slow_shipment(case: Case, node: int, line: list[int], taken: list[int]) -> int | None:
    p, least = case.priced, None
    some = [(i, n) for i, n in zip(line, taken, strict=True) if n]
    for c in np.flatnonzero(p.node == node).tolist():
        if not all(p.permitted[c, i] for i, _ in some):
            continue
        quote = case.book.quote(
            case.service[c],
            case.origin[node],
            HOME_ZIP + "01",
            sum(int(p.weight_g[i] // p.units[i]) * n for i, n in some),
            sum(int(p.volume_mm3[i] // p.units[i]) * n for i, n in some),
            max(int(p.longest_mm[i]) for i, _ in some),
            case.residential,
            ON,
        )
        assert quote is not None
        cents = int(quote.cents) + int(p.shipment_cents[c]) + sum(int(p.unit_cents[c, i]) * n for i, n in some)
        least = cents if least is None else min(least, cents)
    return least


def within_stock(p: Priced, plan: list[tuple[int, np.ndarray]]) -> None:
    taken = np.zeros((p.nodes, p.lines), np.int64)
    for candidate, units in plan:
        np.add.at(taken[p.node[candidate]], p.item, units)
    assert (taken[:, p.item] <= p.atp).all()
    assert sum(units for _, units in plan).tolist() == p.units.tolist()


@pytest.mark.parametrize("seed", range(6))
def test_the_cheapest_split_is_the_one_that_brute_force_finds(seed: int):
    rng = np.random.default_rng(seed)
    found = 0
    for _ in range(8):
        case = unit_case(rng, nodes=3, lines=int(rng.integers(1, 4)), most=5)
        least, got = slow_split(case), choose_split(case.priced)
        assert (int(got.cents[0]) if len(got) else None) == least
        assert got.proven_least
        for plan in range(len(got)):
            found += 1
            within_stock(case.priced, got.shipments(plan))
    assert found > 3


@pytest.mark.parametrize("seed", range(4))
def test_a_kit_is_whole_at_one_node_while_other_quantities_are_split(seed: int):
    rng = np.random.default_rng(seed)
    found = 0
    for _ in range(12):
        case = unit_case(rng, nodes=3, lines=int(rng.integers(2, 5)), most=4, kits=0.6)
        p, least, got = case.priced, slow_split(case), choose_split(case.priced)
        assert (int(got.cents[0]) if len(got) else None) == least
        assert p.kit is not None
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("evenstock.routing.split.MOST_SPLITS", 0)
            good = choose_split(p)
        if len(good):
            within_stock(p, good.shipments())
            assert least is not None
            assert good.cents[0] >= least
        for plan in range(len(got)):
            within_stock(p, got.shipments(plan))
            for line in np.flatnonzero(p.kit >= 0).tolist():
                found += 1
                shipped = [units[p.kit == p.kit[line]] for _, units in got.shipments(plan) if units[line]]
                assert [s.tolist() for s in shipped] == [p.units[p.kit == p.kit[line]].tolist()]
    assert found > 3


def test_a_kit_that_no_node_has_whole_does_not_ship():
    rng = np.random.default_rng(12)
    case = random_case(rng, random_book(rng), nodes=2, lines=2, same_item=0.0).priced
    apart = replace(
        case,
        units=np.array([2, 2]),
        atp=np.array([[2, 1], [1, 2]]),
        permitted=np.ones_like(case.permitted),
        min_split_value_cents=0,
    )

    assert len(choose_split(apart)) > 0
    assert len(choose_split(replace(apart, kit=np.array([0, 0])))) == 0
    # The first line alone as a kit leaves node 0 whole; the second may still be split.
    only_first = choose_split(replace(apart, kit=np.array([0, -1])))
    assert only_first.units[0, 0, 0] == 2


def test_beyond_the_count_of_splits_the_choice_is_good_and_not_claimed_to_be_the_least(monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(9)
    cases = [unit_case(rng, nodes=3, lines=3, most=5) for _ in range(12)]
    exact = [choose_split(case.priced) for case in cases]
    monkeypatch.setattr("evenstock.routing.split.MOST_SPLITS", 0)
    good = [choose_split(case.priced) for case in cases]

    for case, best, got in zip(cases, exact, good, strict=True):
        assert len(best) >= len(got)
        if len(got):
            assert not got.proven_least
            assert got.cents[0] >= best.cents[0]
            within_stock(case.priced, got.shipments())
    assert sum(int(g.cents[0]) for g in good if len(g)) <= 1.05 * sum(
        int(b.cents[0]) for b, g in zip(exact, good, strict=True) if len(g)
    )


def test_a_million_units_are_split_without_listing_every_way():
    rng = np.random.default_rng(10)
    case = unit_case(rng, nodes=3, lines=1, most=3).priced
    many = replace(
        case,
        units=np.array([1_000_000]),
        weight_g=np.array([10_000_000]),
        volume_mm3=np.array([0]),
        value_cents=np.array([1_000_000]),
        atp=np.full((3, 1), 400_000),
        permitted=np.ones_like(case.permitted),
        min_split_value_cents=0,
    )
    got = choose_split(many)

    within_stock(many, got.shipments())
    assert not got.proven_least


def test_more_than_three_nodes_give_what_they_have_where_three_have_too_little():
    rng = np.random.default_rng(11)
    case = random_case(rng, random_book(rng), nodes=5, lines=1, max_shipments=5).priced
    few = replace(
        case,
        units=np.array([5]),
        weight_g=np.array([500]),
        volume_mm3=np.array([0]),
        value_cents=np.array([500]),
        atp=np.ones((5, 1), np.int64),
        permitted=np.ones_like(case.permitted),
        min_split_value_cents=0,
    )

    assert len(choose_split(few).shipments()) == 5
    assert len(choose_split(replace(few, max_shipments=4))) == 0
