"""The cheapest way to ship an order, held to a slow reckoning over the readable price of the rate book."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.routing.orders import Case, brute_force, partitions, random_book, random_case

from evenstock.freight.ladder import Ladder, Surcharge
from evenstock.routing.choose import Choice, choose, least
from evenstock.routing.parcels import ParcelSteps
from evenstock.routing.priced import Priced


def steps(*pairs: tuple[int, int]) -> Ladder:
    """A ladder from (upper end in g, cents) pairs, without fuel."""
    ends, cents = zip(*pairs, strict=True)
    return Ladder("c:ground", 1, np.array(ends), np.array(cents), np.zeros(len(ends), np.int64), 0)


def priced(ladders: list[Ladder], weight_g: list[int], atp: list[list[int]], **changes: object) -> Priced:
    """One service a node, one unit a line, nothing else to pay."""
    nodes, lines = len(ladders), len(weight_g)
    nothing = np.zeros(lines, np.int64)
    base = Priced(
        node=np.arange(nodes),
        ladder=np.arange(nodes),
        permitted=np.ones((nodes, lines), np.bool_),
        atp=np.array(atp),
        item=np.arange(lines),
        units=np.ones(lines, np.int64),
        weight_g=np.array(weight_g),
        volume_mm3=nothing,
        longest_mm=nothing,
        value_cents=nothing,
        shipment_cents=np.zeros(nodes, np.int64),
        unit_cents=np.zeros((nodes, lines), np.int64),
        ladders=ParcelSteps.pack([(ladder, False) for ladder in ladders]).whole,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def nodes_of(case: Priced, choice: Choice, plan: int = 0) -> list[int]:
    return [int(case.node[c]) for c, _ in choice.shipments(plan)]


def test_a_split_order_pays_two_base_charges():
    near, far = steps((1_000, 500), (2_000, 540)), steps((1_000, 700), (2_000, 760))
    # Line 0 is only at the near node, line 1 only at the far one: 500 + 700 and the second parcel's 75.
    split = choose(priced([near, far], [800, 800], [[1, 0], [0, 1]], extra_shipment_cents=75))
    # The far node has both: one parcel of 1,600 g at 760 beats 500 + 700 + 75.
    together = choose(priced([near, far], [800, 800], [[1, 0], [1, 1]], extra_shipment_cents=75))

    assert split.cents.tolist() == [500 + 700 + 75]
    assert together.cents.tolist() == [760, 500 + 700 + 75]


def test_a_line_goes_to_a_dearer_node_because_its_parcel_mate_is_there():
    # Alone, line 1 (400 g) is cheapest from node 0: 450 against 600. Line 0 (900 g) is only at node 1 and pays 650 there.
    # Beside line 0 it makes 1,300 g, still below the break at 1,500 g: 650 for both. From node 0 it would add 450.
    cheap, dear = steps((500, 450), (2_000, 900)), steps((500, 600), (1_500, 650), (3_000, 1_100))
    alone = priced([cheap, dear], [400], [[1], [1]])
    both = priced([cheap, dear], [900, 400], [[0, 1], [1, 1]])

    assert nodes_of(alone, choose(alone)) == [0]
    assert choose(both).cents.tolist() == [650, 650 + 450]
    assert nodes_of(both, choose(both)) == [1]


def test_beyond_the_break_the_same_line_travels_apart():
    # 300 g more and the two are 1,600 g, above the break: 1,100 together, 650 + 450 apart and then one shipment less wins.
    cheap, dear = steps((500, 450), (2_000, 900)), steps((500, 600), (1_500, 650), (3_000, 1_100))
    even = priced([cheap, dear], [1_200, 400], [[0, 1], [1, 1]])
    dearer = priced([cheap, steps((500, 600), (1_500, 650), (3_000, 1_101))], [1_200, 400], [[0, 1], [1, 1]])

    assert nodes_of(even, choose(even)) == [1]
    assert nodes_of(dearer, choose(dearer)) == [0, 1]


def test_of_equal_plans_the_fewest_shipments_then_the_first_node_then_the_first_service_stands():
    same = steps((1_000, 500))
    tied = priced([same, same, same], [100], [[1], [1], [1]])
    by_service = replace(tied, node=np.array([0, 0, 1]), atp=np.array([[1], [1]]))

    assert [nodes_of(tied, choose(tied), p) for p in range(3)] == [[0], [1], [2]]
    assert [c for c, _ in choose(by_service).shipments()] == [0]


def test_goods_above_the_heaviest_parcel_pay_for_each_carton():
    # 25 kg at most 10 kg a carton: two full ones at 900 and the last 5 kg at 600.
    heavy = priced([steps((5_000, 600), (10_000, 900))], [25_000], [[1]])

    assert choose(heavy).cents.tolist() == [900 + 900 + 600]


@pytest.mark.parametrize(("grams", "cents"), [(1_000, 500), (1_001, 540), (2_000, 540), (2_001, 540 + 500), (0, 500)])
def test_a_break_belongs_to_the_step_below_it(grams: int, cents: int):
    # Up to 1,000 g pay 500, up to 2,000 g 540; one gram more starts a second carton.
    assert choose(priced([steps((1_000, 500), (2_000, 540))], [grams], [[1]])).cents.tolist() == [cents]


@pytest.mark.parametrize(("mm3", "cents"), [(5_000_000, 500), (5_000_001, 540)])
def test_volume_bills_as_weight_rounded_up_to_a_gram(mm3: int, cents: int):
    # 5,000 mm3 a gram: 5,000,000 mm3 bill as 1,000 g, one more as 1,001 g.
    ladder = replace(steps((1_000, 500), (2_000, 540)), dim_divisor_mm3_per_g=5_000)
    assert choose(priced([ladder], [10], [[1]], volume_mm3=np.array([mm3]))).cents.tolist() == [cents]


def test_each_carton_of_long_goods_pays_for_their_length():
    # 2,500 g at most 2,000 g a carton: 540 + 500, and 100 twice because one item is above 900 mm; not at 900 mm.
    long = replace(
        steps((1_000, 500), (2_000, 540)), surcharges=(Surcharge("additional_handling", "longest_over", 900, 100),)
    )
    assert choose(priced([long], [2_500], [[1]], longest_mm=np.array([901]))).cents.tolist() == [540 + 500 + 2 * 100]
    assert choose(priced([long], [2_500], [[1]], longest_mm=np.array([900]))).cents.tolist() == [540 + 500]


def test_lines_of_one_item_share_its_stock():
    near, far = steps((1_000, 500)), steps((1_000, 700))
    # Two lines of the same item, one unit each; the near node has one unit only.
    twice = priced([near, far], [100, 100], [[1, 1], [2, 2]], item=np.zeros(2, np.int64))

    assert choose(twice).cents.tolist() == [700, 500 + 700]


def test_one_node_sends_two_shipments_where_no_one_service_may_carry_both_lines():
    ladder = steps((1_000, 500))
    apart = replace(
        priced([ladder, ladder], [100, 100], [[1, 1], [1, 1]], permitted=np.eye(2, dtype=np.bool_)),
        node=np.zeros(2, np.int64),
        atp=np.ones((1, 2), np.int64),
    )

    assert choose(apart).cents.tolist() == [1_000]
    assert [c for c, _ in choose(apart).shipments()] == [0, 1]


def test_nothing_lawful_is_an_empty_choice():
    ladder = steps((1_000, 500))

    assert len(choose(priced([ladder], [100], [[0]]))) == 0
    assert len(choose(priced([ladder], [100], [[1]], permitted=np.zeros((1, 1), np.bool_)))) == 0
    assert len(choose(priced([ladder, ladder], [9, 9], [[1, 0], [0, 1]], max_shipments=1))) == 0
    assert len(choose(priced([ladder, ladder], [9, 9], [[1, 0], [0, 1]], min_split_value_cents=1))) == 0


def agrees(case: Case) -> None:
    best = brute_force(case)
    got = choose(case.priced, alternatives=1_000)
    by_nodes = {frozenset(nodes_of(case.priced, got, p)): int(got.cents[p]) for p in range(len(got))}

    assert by_nodes == best
    assert least(case.priced).cents.tolist() == sorted(best.values())[:1]
    assert got.cents.tolist() == sorted(best.values())
    assert got.proven_least


@pytest.mark.parametrize("seed", range(8))
def test_the_cheapest_plan_of_every_node_subset_is_the_one_that_brute_force_finds(seed: int):
    rng = np.random.default_rng(seed)
    for _ in range(5):
        book = random_book(rng, services=int(rng.integers(1, 4)))
        for _ in range(8):
            agrees(
                random_case(
                    rng, book, int(rng.integers(1, 6)), int(rng.integers(1, 6)), max_shipments=int(rng.integers(1, 5))
                )
            )


@pytest.mark.parametrize("seed", range(4))
def test_beyond_the_work_for_every_subset_the_choice_is_still_the_least(seed: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("evenstock.routing.choose.WORK", 0)
    rng = np.random.default_rng(seed)
    book, given_up = random_book(rng), 0
    for _ in range(15):
        case = random_case(rng, book, nodes=4, lines=4, scarce=0.6, max_shipments=4)
        best = brute_force(case)
        got = choose(case.priced)
        assert_re_adds(case, got)
        assert got.cents[:1].tolist() == sorted(best.values())[:1]
        assert got.proven_least
        given_up += not got.exact_alternatives
    assert given_up > 5


def test_a_search_given_up_does_not_claim_the_least(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("evenstock.routing.choose.MOST_WORK", 0)
    rng = np.random.default_rng(3)
    case = random_case(rng, random_book(rng), nodes=4, lines=4, scarce=0.0, same_item=0.0)
    got = choose(case.priced)

    assert not got.proven_least
    assert_re_adds(case, got)


def ranked(p: Priced) -> list[tuple[int, int, list[int], list[int]]]:
    """The best plan of each set of nodes by the whole order of ties: cents, shipments, nodes, sets from the last one.

    For orders that pay by the unit alone and have stock everywhere.
    """
    best: dict[frozenset[int], tuple[int, int, list[int], list[int]]] = {}
    line_cents = np.where(p.permitted, p.unit_cents * p.units, 1 << 40)
    for blocks in partitions(list(range(p.lines)), p.max_shipments):
        for where in itertools.product(range(p.nodes), repeat=len(blocks)):
            order = sorted(zip(where, blocks, strict=True), key=lambda one: (one[0], min(one[1])))
            cents = sum(int(line_cents[p.node == k][:, block].sum(axis=1).min()) for k, block in order)
            if cents < 1 << 40:
                sets = [sum(1 << i for i in block) for _, block in order]
                key = (cents, len(blocks), sorted(set(where)), sets[::-1])
                best[frozenset(where)] = min(best.get(frozenset(where), key), key)
    return sorted(best.values())


@pytest.mark.parametrize("seed", range(3))
def test_ties_are_settled_in_one_order_whatever_the_search_meets_first(seed: int):
    # A unit costs nothing or five dollars and nothing else is paid, so that many plans cost the same.
    rng = np.random.default_rng(seed)
    for _ in range(10):
        p = random_case(rng, random_book(rng, services=2), nodes=4, lines=4, scarce=0.0, same_item=0.0).priced
        p = replace(
            p,
            unit_cents=p.unit_cents // 60 * 500,
            shipment_cents=np.zeros_like(p.shipment_cents),
            extra_shipment_cents=0,
            min_split_value_cents=0,
            ladders=replace(
                p.ladders,
                step_cents=np.zeros_like(p.ladders.step_cents),
                long_cents=np.zeros_like(p.ladders.long_cents),
            ),
        )
        got = choose(p, 1_000)
        found = []
        for plan in range(len(got)):
            shipments = got.shipments(plan)
            sets = [sum(1 << i for i in np.flatnonzero(units).tolist()) for _, units in shipments]
            found.append((int(got.cents[plan]), len(shipments), sorted(set(nodes_of(p, got, plan))), sets[::-1]))
        assert found == ranked(p)
        assert len({cents for cents, *_ in found}) < len(found)
        few = choose(p, 4)
        assert few.cents.tolist() == got.cents[:5].tolist()
        assert few.candidate.tolist() == got.candidate[:5].tolist()


@pytest.mark.parametrize("seed", range(4))
def test_lines_of_a_kit_travel_in_one_shipment(seed: int):
    rng = np.random.default_rng(seed)
    kept_together = 0
    for _ in range(20):
        case = random_case(rng, random_book(rng), nodes=4, lines=5, scarce=0.4, same_item=0.3, kits=0.5)
        agrees(case)
        p, got = case.priced, choose(case.priced)
        assert p.kit is not None
        for plan in range(len(got)):
            for _, units in got.shipments(plan):
                for number in set(p.kit[p.kit >= 0].tolist()):
                    assert len(set((units[p.kit == number] > 0).tolist())) == 1
                    kept_together += 1
    assert kept_together > 100


def test_a_kit_ships_whole_from_the_dearer_node_that_has_all_of_it():
    near, far = steps((1_000, 500), (2_000, 540)), steps((1_000, 700), (2_000, 760))
    # Near has line 0 alone: 500 + 700 apart. As a kit both leave the far node: 760; without it there, nothing may ship.
    kit = priced([near, far], [800, 800], [[1, 0], [1, 1]], kit=np.array([0, 0]))

    assert choose(kit).cents.tolist() == [760]
    assert len(choose(replace(kit, atp=np.array([[1, 0], [0, 1]])))) == 0
    assert choose(replace(kit, atp=np.array([[1, 0], [0, 1]]), kit=np.array([0, -1]))).cents.tolist() == [1_200]


def test_a_kit_of_many_lines_is_one_piece_for_the_reach_of_the_search():
    one = steps((40_000, 500))
    order = priced([one], [100] * 20, [[1] * 20])

    with pytest.raises(ValueError, match="20 lines are beyond the exact search"):
        choose(order)
    assert choose(replace(order, kit=np.array([0] * 8 + [-1] * 12))).cents.tolist() == [500]


def assert_re_adds(case: Case, got: Choice) -> None:
    """Each plan covers the order and no node gives more than it has; the cents are those of its shipments."""
    p = case.priced
    for plan in range(len(got)):
        shipments = got.shipments(plan)
        taken = np.zeros((p.nodes, p.lines), np.int64)
        for candidate, units in shipments:
            assert p.permitted[candidate, units > 0].all()
            np.add.at(taken[p.node[candidate]], p.item, units)
        assert sum(units for _, units in shipments).tolist() == p.units.tolist()
        assert (taken[:, p.item] <= p.atp).all()


def reordered(case: Priced, nodes: np.ndarray, lines: np.ndarray) -> Priced:
    """The same order with nodes and lines listed otherwise."""
    place = np.argsort(nodes)
    rows = np.argsort(place[case.node], kind="stable")
    return replace(
        case,
        node=place[case.node][rows],
        ladder=case.ladder[rows],
        permitted=case.permitted[rows][:, lines],
        atp=case.atp[nodes][:, lines],
        item=case.item[lines],
        units=case.units[lines],
        weight_g=case.weight_g[lines],
        volume_mm3=case.volume_mm3[lines],
        longest_mm=case.longest_mm[lines],
        value_cents=case.value_cents[lines],
        shipment_cents=case.shipment_cents[rows],
        unit_cents=case.unit_cents[rows][:, lines],
    )


BOOK = random_book(np.random.default_rng(5))
seeds = st.integers(0, 10_000)


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_the_cost_does_not_depend_on_how_nodes_and_lines_are_listed(seed: int):
    rng = np.random.default_rng(seed)
    case = random_case(rng, BOOK, nodes=4, lines=4).priced
    nodes = rng.permutation(4)
    other = reordered(case, nodes, rng.permutation(4))
    one, two = choose(case, 1_000), choose(other, 1_000)
    named = [
        {(int(c), frozenset(where[n] for n in nodes_of(p, got, k))) for k, c in enumerate(got.cents)}
        for p, got, where in ((case, one, np.arange(4)), (other, two, nodes))
    ]

    assert one.cents.tolist() == two.cents.tolist()
    assert named[0] == named[1]


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_another_node_never_makes_an_order_dearer(seed: int):
    case = random_case(np.random.default_rng(seed), BOOK, nodes=5, lines=4).priced
    fewer = case.node < 4
    without = replace(
        case,
        node=case.node[fewer],
        ladder=case.ladder[fewer],
        permitted=case.permitted[fewer],
        atp=case.atp[:4],
        shipment_cents=case.shipment_cents[fewer],
        unit_cents=case.unit_cents[fewer],
    )
    before, after = choose(without), choose(case)

    assert not len(before) or after.cents[0] <= before.cents[0]


@settings(max_examples=40, deadline=None)
@given(seeds, st.integers(1, 800))
def test_a_unit_that_becomes_worth_more_at_a_node_is_never_taken_there_more(seed: int, cents: int):
    case = random_case(np.random.default_rng(seed), BOOK, nodes=4, lines=4, same_item=0.0).priced
    worth_more = case.unit_cents.copy()
    worth_more[case.node == 0, 0] += cents

    def taken(p: Priced) -> int:
        return sum(int(units[0]) for c, units in choose(p).shipments() if p.node[c] == 0) if len(choose(p)) else 0

    assert taken(replace(case, unit_cents=worth_more)) <= taken(case)


def test_shapes_that_do_not_agree_are_refused_in_words():
    case = priced([steps((1_000, 500))], [100], [[1]])

    with pytest.raises(ValueError, match="every array by line"):
        replace(case, weight_g=np.array([1, 2]))
    with pytest.raises(ValueError, match="kit number"):
        replace(case, kit=np.array([-2]))
    with pytest.raises(ValueError, match="every array by candidate"):
        replace(case, shipment_cents=np.array([1, 2]))
    with pytest.raises(ValueError, match="zero or more"):
        replace(case, unit_cents=np.array([[-1]]))
    with pytest.raises(ValueError, match="node order"):
        replace(case, node=np.array([1]))
    with pytest.raises(ValueError, match="at least one unit"):
        replace(case, units=np.array([0]))
