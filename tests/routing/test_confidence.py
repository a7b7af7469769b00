"""Regret over an ensemble of prices: by hand, against the search run anew, and at the edges."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from tests.routing import brand, orders

from evenstock.domain import (
    Candidate,
    Cents,
    CostTerm,
    LineId,
    NodeId,
    OrderLine,
    OrderPlan,
    OrderShipment,
    ServiceId,
    ShippedLine,
    Sku,
    Units,
)
from evenstock.registry import members
from evenstock.routing.batch import Batch, decide_many
from evenstock.routing.candidates import candidates
from evenstock.routing.choose import Choice, choose
from evenstock.routing.confidence import (
    DRIFT,
    FREIGHT,
    LATENESS,
    MOST_LINES,
    PHANTOM,
    Scenarios,
    confidence,
    price_regret,
    regret_of,
    units_worth,
)
from evenstock.routing.decide import Law, Settled, decide, no_rules
from evenstock.routing.overridden import Overridden
from evenstock.routing.price import FAMILY, by_node_and_line, price
from evenstock.routing.priced import Ladders, Priced

ON = date(2026, 11, 20)


def order(worth: list[list[int]], shipment_cents: list[int], atp: list[list[int]] | None = None) -> Priced:
    """An order of one unit a line over nodes of one candidate each, with nothing to pay but shipments and prices."""
    value = np.array(worth)
    nodes, lines = value.shape
    return Priced(
        node=np.arange(nodes),
        ladder=np.zeros(nodes, np.int64),
        permitted=np.ones((nodes, lines), np.bool_),
        atp=np.array(atp) if atp else np.ones((nodes, lines), np.int64),
        item=np.arange(lines),
        units=np.ones(lines, np.int64),
        weight_g=np.full(lines, 100),
        volume_mm3=np.full(lines, 1_000),
        longest_mm=np.full(lines, 10),
        value_cents=np.full(lines, 1_000),
        shipment_cents=np.array(shipment_cents),
        unit_cents=value,
        ladders=Ladders(*(np.array(a) for a in ([0, 1], [10_000], [0], [0], [0, 0], [], []))),
    )


def test_regret_is_what_the_choice_costs_beyond_the_least_on_average() -> None:
    """One line, two nodes: 500 + 0 against 520 + 0. If the first unit is worth 50 or 0 later, half the time it costs 30 too much."""
    priced = order([[0], [0]], [500, 520])
    found = choose(priced)
    assert found.shipments()[0][0] == 0
    scenarios = np.array([[[50], [0]], [[0], [0]]])
    assert price_regret(priced, found, np.zeros((2, 1), np.int64), scenarios) == 30_000 // 2
    assert price_regret(priced, found, np.zeros((2, 1), np.int64), scenarios[1:]) == 0


def test_a_plan_of_the_same_nodes_cut_otherwise_counts() -> None:
    """Two lines from two nodes, nobody has both: which node ships which line is what the scenario turns around."""
    worth = np.array([[0, 90, 0], [90, 0, 0]])
    priced = order(worth.tolist(), [500, 500], [[1, 1, 1], [1, 1, 0]])
    # Three lines: A holds all, B lacks the third. All from A is 590, A and B together 1,000.
    found = choose(priced)
    turned = np.array([[[0, 800, 0], [900, 0, 0]], [[0, 0, 0], [0, 0, 0]]])
    # Under the first list all from A costs 1,300, with the second line from B 1,000: 300 of regret, half of the time.
    assert price_regret(priced, found, worth, turned) == 300_000 // 2


def instance(rng: np.random.Generator, book, nodes: int, lines: int, same_item: float = 0.2):
    """A random order whose charges hold random prices, and scenarios around them."""
    case = orders.random_case(rng, book, nodes, lines, same_item=same_item).priced
    first = np.array([int(np.flatnonzero(case.item == i)[0]) for i in case.item])
    worth = rng.integers(0, 150, (nodes, lines))[:, first]
    scenarios = np.maximum(0, worth + rng.integers(-80, 80, (5, nodes, lines))[:, :, first])
    return replace(case, unit_cents=case.unit_cents + worth[case.node]), worth, scenarios


def again(priced: Priced, worth: np.ndarray, prices: np.ndarray) -> Priced:
    return replace(priced, unit_cents=priced.unit_cents + (prices - worth)[priced.node])


def test_the_regret_is_that_of_the_search_run_anew_under_each_scenario() -> None:
    rng = np.random.default_rng(3)
    checked = 0
    for n in range(120):
        book = orders.random_book(rng, services=2)
        priced, worth, scenarios = instance(rng, book, int(rng.integers(1, 6)), int(rng.integers(1, 6)))
        found = choose(priced)
        if not len(found):
            continue
        regret = 0
        for prices in scenarios:
            here = again(priced, worth, prices)
            chosen = found.cents[0] + sum(
                int((prices - worth)[priced.node[c]] @ units) for c, units in found.shipments()
            )
            regret += int(chosen - choose(here, 0).cents[0])
        assert price_regret(priced, found, worth, scenarios) == (2_000 * regret + 5) // 10, n
        checked += 1
    assert checked > 60


def test_a_large_order_is_held_against_its_alternatives_and_never_below_zero() -> None:
    rng = np.random.default_rng(4)
    for _ in range(5):
        priced, worth, scenarios = instance(rng, orders.random_book(rng), 5, MOST_LINES + 2, same_item=0.0)
        priced = replace(priced, atp=np.full_like(priced.atp, 9), permitted=np.ones_like(priced.permitted))
        found = choose(priced)
        by_hand = 0
        for prices in scenarios:
            costs = [
                int(found.cents[p])
                + sum(int((prices - worth)[priced.node[c]] @ units) for c, units in found.shipments(p))
                for p in range(len(found))
            ]
            by_hand += costs[0] - min(costs)
            assert choose(again(priced, worth, prices), 0).cents[0] <= min(costs)
        assert price_regret(priced, found, worth, scenarios) == (2_000 * by_hand + 5) // 10


def test_lines_split_by_quantity_are_held_against_what_was_shown() -> None:
    """Two units, one at each node: the only plan there is has no regret, whatever prices may come."""
    priced = replace(order([[0], [0]], [500, 520]), units=np.array([2]))
    split = Choice(np.array([1_020]), np.array([[0, 1]]), np.array([[[1], [1]]]))
    assert price_regret(priced, split, np.zeros((2, 1), np.int64), np.full((3, 2, 1), 400)) == 0


def plan(node: str, **terms: int) -> OrderPlan:
    goods = (ShippedLine(LineId("1"), Sku("MUG"), Units(1)),)
    paid = tuple(CostTerm(name.replace("_", " "), Cents(cents)) for name, cents in terms.items())
    return OrderPlan((OrderShipment(Candidate(NodeId(node), ServiceId(f"ups:{node}"), ON), goods, paid),))


def of(*plans: OrderPlan, **more):
    """Confidence in the first of these plans where prices are known."""
    count = len(plans)
    priced = order([[0]] * count, [0] * count)
    choice = Choice(np.array([p.cents for p in plans]), np.arange(count)[:, None], np.ones((count, 1, 1), np.int64))
    priced = replace(priced, shipment_cents=choice.cents)
    worth = np.zeros((count, 1), np.int64)
    return confidence(priced, choice, plans, worth, worth[None], **more)


def test_a_risk_counts_as_far_as_the_choice_would_turn_if_its_rate_were_wrong() -> None:
    """Late for 60 against 10, 20 cents cheaper in all: were it 90 against 15, the other would be 5 cheaper; at 30 against 5 not."""
    fast, slow = plan("A", base_freight=900, lateness=60), plan("B", base_freight=970, lateness=10)
    assert of(fast, slow).parts == (("prices", 0), ("lateness", 5_000 // 2))
    assert of(fast, slow).regret_millicents == 2_500
    # Both as risky: no rate of risk would turn the choice.
    assert of(plan("A", base_freight=900, lateness=60), plan("B", base_freight=920, lateness=60)).parts == (
        ("prices", 0),
    )
    # The other way round: the dearer freight buys less risk, and at half the risk it was not worth it.
    careful, risky = plan("A", base_freight=970, phantom_stock=10), plan("B", base_freight=930, phantom_stock=60)
    # 980 against 990; at half of the risk 975 against 960.
    assert of(careful, risky).parts == (("prices", 0), ("phantom stock", 15_000 // 2))


def test_a_stale_card_counts_where_fresh_ones_could_turn_the_choice() -> None:
    old, fresh = plan("A", base_freight=900, fuel=100), plan("B", base_freight=1_030)

    def stale(ways):
        return [f"{service}: out of date" for service, _ in ways if service == "ups:A"]

    # 1,000 may be 1,059: 29 more than 1,030, half of the time.
    assert DRIFT == 59
    assert of(old, fresh, stale=stale).parts == (("prices", 0), ("stale rates", 29_000 // 2))
    assert of(old, fresh).parts == (("prices", 0),)
    assert of(old, fresh, stale=lambda ways: [*ways]).parts == (("prices", 0),)  # both old: neither gains


def test_what_a_person_put_in_place_of_usual_days_makes_no_rate_doubtful() -> None:
    dear, cheap = plan("A", base_freight=900, fuel=100), plan("B", base_freight=1_030)
    both = [Overridden("usual days of ups:A: carrier override 1 prices others"), "ups:A: out of date"]
    stale = {name: lambda ways, said=said: said if ways[0][0] == "ups:A" else [] for name, said in
             {"override": both[:1], "both": both}.items()}  # fmt: skip
    assert of(dear, cheap, stale=stale["override"]).parts == (("prices", 0),)
    assert of(dear, cheap, stale=stale["both"]).parts == (("prices", 0), ("stale rates", 29_000 // 2))


def test_flags_are_added_and_the_threshold_says_whether_it_is_enough() -> None:
    sure = of(plan("A", base_freight=900), flags=[("address", 4_000), ("hold", 1_000)], threshold_millicents=5_000)
    assert (sure.regret_millicents, sure.parts, sure.enough) == (5_000, (("prices", 0), ("flags", 5_000)), True)
    assert not of(plan("A", base_freight=900), flags=[("hold", 1)], threshold_millicents=0).enough
    with pytest.raises(ValueError, match="zero or more"):
        of(plan("A", base_freight=900), flags=[("hold", -1)])


def test_an_item_without_scenarios_is_worth_what_the_decision_took_it_to_be() -> None:
    lines = [OrderLine(LineId(str(i)), Sku(sku), Units(1), Cents(100)) for i, sku in enumerate(("MUG", "CUP"))]
    known = Scenarios(np.array([[[5], [6]], [[7], [8]]]), {Sku("CUP"): 0})
    assert known.of(lines, np.array([[1, 2], [3, 4]])).tolist() == [[[1, 5], [3, 6]], [[1, 7], [3, 8]]]
    for cents, column in ((np.zeros((0, 2, 1)), {}), (-np.ones((1, 2, 1)), {}), (np.ones((1, 2, 1)), {Sku("A"): 1})):
        with pytest.raises(ValueError):
            Scenarios(cents, column)
    with pytest.raises(ValueError, match="network of 3"):
        known.of(lines, np.zeros((3, 2), np.int64))


def test_realised_regret_is_the_plan_less_the_best_under_what_is_known_afterwards() -> None:
    rng = np.random.default_rng(5)
    book = orders.random_book(rng)
    batch_orders = [orders.random_case(rng, book, 4, int(rng.integers(1, 5)), same_item=0.0).priced for _ in range(40)]
    items = [rng.choice(8, one.lines, replace=False) for one in batch_orders]
    batch = Batch.pack(batch_orders, items)
    then, later = rng.integers(0, 200, (4, 8)), rng.integers(0, 200, (4, 8))
    done = decide_many(batch, then)
    paid = np.where(done.served, done.cost - units_worth(batch, done.way, then), 0)

    assert not regret_of(batch, paid, done.way, then).any()  # under its own prices every choice is the best
    found = regret_of(batch, paid, done.way, later)
    for o, (one, item) in enumerate(zip(batch_orders, items, strict=True)):
        plans = choose(replace(one, unit_cents=one.unit_cents + then[:, item][one.node]), 0)
        best = choose(replace(one, unit_cents=one.unit_cents + later[:, item][one.node]), 0)
        if not len(plans):
            assert found[o] == 0
            continue
        more = sum(int((later - then)[one.node[c], item] @ units) for c, units in plans.shipments())
        assert found[o] == 1_000 * (plans.cents[0] + more - best.cents[0])
    assert found.any()


def test_the_terms_it_reads_are_terms_of_the_family() -> None:
    names = {module.NAME for module in members(FAMILY).values()}
    assert names >= FREIGHT | {LATENESS, PHANTOM}


def test_a_decision_for_a_brand_is_held_against_lawful_plans_alone() -> None:
    """What law bars is no reason for regret: without the dearest node's rival there is nothing better under any price."""
    rng = np.random.default_rng(6)
    network = brand.network(5)
    doubtful = barred = 0
    for n in range(30):
        of = brand.random_order(rng, 3, f"A-{n}")
        stock = brand.random_stock(rng, network, of)
        found = candidates(of, network, brand.NOW, {})
        worth = by_node_and_line(found, network, {key: int(rng.integers(80)) for key in stock})
        pricing = price(found, network, by_node_and_line(found, network, stock), worth)
        scenarios = np.maximum(0, worth + rng.integers(-400, 400, (6, *worth.shape)))
        free = decide(pricing, no_rules(pricing.priced.permitted.shape), network)
        if free.plan is None:
            continue
        said = [_said(free, worth, scenarios)]
        assert said[0].regret_millicents == sum(part for _, part in said[0].parts)
        # Only the nodes of the choice may ship: what other nodes would have cost counts no more.
        nodes = {network.nodes[k].id for k in range(5)} & set(free.plan.nodes)
        own = np.isin(pricing.priced.node, [k for k in range(5) if network.nodes[k].id in nodes])
        mask = own[:, None] & pricing.priced.permitted
        law = Law(mask, lambda attempt, mask=mask: _only(attempt, mask))
        bound = decide(pricing, law, network)
        assert bound.plan.cents == free.plan.cents
        said.append(_said(bound, worth, scenarios))
        prices = [dict(one.parts)["prices"] for one in said]
        assert prices[1] <= prices[0]
        if len(nodes) == 1:
            assert prices[1] == 0
        doubtful += prices[0] > 0
        barred += prices[1] < prices[0]
    assert doubtful > 10
    assert barred > 10


def _only(attempt, mask):
    found = attempt(mask, 3, 0)
    return None if found is None else Settled(found)


def _said(decision, worth, scenarios):
    return confidence(decision.priced, decision.choice, (decision.plan, *decision.alternatives), worth, scenarios)
