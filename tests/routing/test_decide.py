"""Decisions about whole orders: candidates, prices, the guard and the reasons given."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from tests.routing.brand import NOW, SERVICES, network, nodes, order, random_order, random_stock

from evenstock.domain import Barred, NodeId, NodeKind, Order, Sku
from evenstock.routing.candidates import NO_CEILING, candidates
from evenstock.routing.choose import Choice
from evenstock.routing.decide import Attempt, Decision, Law, Settled, decide, no_rules
from evenstock.routing.network import ShippingNetwork
from evenstock.routing.price import Pricing, by_node_and_line, price

NETWORK = network()
Stock = dict[tuple[Sku, NodeId], int]


def pricing_of(of: Order, stock: Stock, worth: Stock | None = None, shipping: ShippingNetwork = NETWORK) -> Pricing:
    found = candidates(of, shipping, NOW, {})
    return price(
        found, shipping, by_node_and_line(found, shipping, stock), by_node_and_line(found, shipping, worth or {})
    )


def decided(of: Order, stock: Stock, worth: Stock | None = None, law: Law | None = None) -> Decision:
    pricing = pricing_of(of, stock, worth)
    return decide(pricing, law or no_rules(pricing.priced.permitted.shape), NETWORK)


def at(**units: int) -> Stock:
    """Stock of SKU-001 by node."""
    return {(Sku("SKU-001"), NodeId(node)): n for node, n in units.items()}


def quoted(of: Order, decision: Decision, shipping: ShippingNetwork = NETWORK) -> int:
    """What the chosen plan costs by the readable price of the rate book and plain arithmetic."""
    assert decision.plan is not None
    at_node = {node.id: node for node in shipping.nodes}
    total = (len(decision.plan.shipments) - 1) * shipping.costs.extra_shipment_cents
    for shipment in decision.plan.shipments:
        way, node = shipment.candidate, at_node[shipment.candidate.node]
        goods = [(shipping.items[line.sku], line.units) for line in shipment.lines]
        quote = shipping.book.quote(
            way.service,
            node.postal_code,
            of.ship_to.postal_code,
            sum(item.weight_g * n for item, n in goods),
            sum(item.volume_mm3 * n for item, n in goods),
            max(max(item.length_mm, item.width_mm, item.height_mm) for item, _ in goods),
            of.ship_to.residential,
            way.ship_on,
        )
        assert quote is not None
        late = 0.0
        if of.promise is not None:
            late = shipping.late(way.service, quote.zone, way.ship_on, of.promise.deliver_by)
        lateness = int(late * shipping.costs.late_order_cents + 0.5 + 1e-6)
        total += quote.cents + node.pick_order_cents + sum(node.pick_unit_cents * n for _, n in goods) + lateness
    return total


def test_the_terms_of_random_orders_add_up_to_the_readable_price():
    rng = np.random.default_rng(7)
    plans = 0
    for n in range(120):
        of = random_order(rng, lines=int(rng.integers(1, 6)), name=f"A-{n}")
        decision = decided(of, random_stock(rng, NETWORK, of))
        if decision.plan is None:
            continue
        plans += 1
        assert decision.plan.cents == quoted(of, decision)
        assert decision.plan.cents == sum(t.cents for s in decision.plan.shipments for t in s.terms)
        assert [p.cents for p in decision.alternatives] == sorted(p.cents for p in decision.alternatives)
        assert all(p.cents >= decision.plan.cents for p in decision.alternatives)
        assert len(decision.alternatives) <= 20
    assert plans > 100


def test_the_differences_shown_in_the_sentence_add_up_to_the_difference_of_the_totals():
    rng = np.random.default_rng(8)
    for n in range(40):
        of = random_order(rng, name=f"A-{n}")
        decision = decided(of, random_stock(rng, NETWORK, of))
        if decision.plan is None or not decision.alternatives:
            continue
        told = decision.sentence.split(": ", 1)[1].split(";")[0]
        parts = [part.rstrip(".").rsplit(" ", 1)[1] for part in told.split(", ") if part.rstrip(".")[-1].isdigit()]
        assert sum(round(float(p) * 100) for p in parts) == decision.alternatives[0].cents - decision.plan.cents


def test_the_sentence_names_node_parcels_cost_and_the_next_best():
    # One unit to Austin: Texas is zone 3 there, and picks for 2.40 and 0.55. The sentence is read by people: keep it so.
    decision = decided(order(("SKU-001", 1)), at(TX=1, PA=1))

    assert decision.plan is not None
    assert decision.sentence.startswith("TX, one parcel, ")
    assert "; next best PA " in decision.sentence
    assert "base freight +" in decision.sentence
    assert decision.sentence.endswith(".")


def test_a_price_on_a_scarce_unit_moves_the_order_to_the_node_that_can_spare_it():
    of = order(("SKU-001", 1))
    near = decided(of, at(TX=1, CA=9))
    gap = near.alternatives[0].cents - near.plan.cents  # type: ignore[union-attr]
    spared = decided(of, at(TX=1, CA=9), worth=at(TX=gap + 1, CA=0))

    assert near.plan is not None
    assert near.plan.nodes == ("TX",)
    assert spared.plan is not None
    assert spared.plan.nodes == ("CA",)
    assert "inventory price +" in spared.sentence


def test_an_order_known_after_the_cut_off_leaves_on_the_next_working_day_of_its_node():
    # Friday 15:00 in New Jersey and 12:00 in California: New Jersey ships on Monday, California still today.
    late = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
    days = {way.node: way.ship_on for way in candidates(order(("SKU-001", 1)), NETWORK, late, {}).ways}

    assert days["NJ"] == date(2026, 11, 23)
    assert days["CA"] == date(2026, 11, 20)


def test_a_full_day_sends_the_order_to_the_next_and_fourteen_full_days_leave_no_slot():
    capped = network(orders_per_day=5)
    friday, monday = date(2026, 11, 20), date(2026, 11, 23)
    full = {(NodeId("TX"), friday): 5, (NodeId("TX"), monday): 3}
    full |= {(NodeId("CA"), friday + timedelta(days=d)): 5 for d in range(30)}
    found = candidates(order(("SKU-001", 1)), capped, NOW, full)
    slots = {(way.node, way.ship_on): int(left) for way, left in zip(found.ways, found.slots_left, strict=True)}

    assert slots["TX", monday] == 2
    assert slots["CA", friday] == 0
    assert slots["NJ", friday] == 5
    assert set(candidates(order(("SKU-001", 1)), NETWORK, NOW, {}).slots_left.tolist()) == {NO_CEILING}


def test_nodes_that_cannot_ship_are_no_candidates_and_say_why():
    changed = {
        "CA": {"active": False},
        "GA": {"kind": NodeKind.FBA},
        "IL": {"postal_code": "99999"},
        "NJ": {"holidays": frozenset(NOW.date() + timedelta(days=d) for d in range(40))},
        "NV": {"services": frozenset({"mcf:standard"})},
        "PA": {"services": frozenset({"ups:ground"})},
    }
    odd = [replace(node, **changed.get(node.id, {})) for node in nodes()]
    shipping = ShippingNetwork(odd, NETWORK.items, NETWORK.book, NETWORK.costs, "sha256:odd")
    found = candidates(order(("SKU-001", 1)), shipping, NOW, {})
    why = {barred.node: (barred.rule, barred.because) for barred in found.barred}

    assert {way.node for way in found.ways} == {"PA", "TX", "WA"}
    assert {way.service for way in found.ways if way.node == "PA"} == {"ups:ground"}
    assert [why[NodeId(n)][0] for n in ("CA", "GA", "IL", "NJ", "NV")] == [
        "never ships",
        "never ships",
        "zone",
        "calendar",
        "pick-up",
    ]
    assert "Amazon's own pool" in why[NodeId("GA")][1]


def test_what_is_on_time_is_the_share_of_parcels_that_arrive_by_the_promise():
    # Two-day air to zone 3: 1 day 74 %, 2 days 15 %, 4 days 11 %. Out on Friday, due on Sunday: 89 %.
    found = candidates(order(("SKU-001", 1), promised_days=2), NETWORK, NOW, {})
    zone = NETWORK.book.zone("75201", "78701")
    chance = {(way.node, way.service): p for way, p in zip(found.ways, found.on_time, strict=True)}

    assert zone == 3
    assert chance["TX", "ups:two_day"] == pytest.approx(0.74 + 0.15)
    assert np.isnan(candidates(order(("SKU-001", 1)), NETWORK, NOW, {}).on_time).all()


def guard(*allowed: tuple[str, np.ndarray, int]) -> Law:
    """A law of wishes given up from the last on: (rule, mask of candidates, most shipments)."""
    law = np.ones_like(allowed[0][1])

    def settle(attempt: Attempt) -> Settled | None:
        for kept in range(len(allowed), -1, -1):
            mask = law.copy()
            for _, wish, _ in allowed[:kept]:
                mask &= wish
            found: Choice | None = attempt(mask, min([m for _, _, m in allowed[:kept]], default=99), 0)
            if found is not None:
                names = tuple(name for name, _, _ in allowed[kept:])
                return Settled(found, names, names)
        return None

    return Law(law, settle)


def test_a_paid_order_ships_although_a_wish_must_be_given_up_and_the_wish_is_named():
    of = order(("SKU-001", 1), ("SKU-002", 1))
    stock = at(TX=1) | {(Sku("SKU-002"), NodeId("PA")): 1}
    pricing = pricing_of(of, stock)
    everything = np.ones_like(pricing.priced.permitted)
    decision = decide(pricing, guard(("promise", everything, 99), ("one_parcel", everything, 1)), NETWORK)

    assert decision.plan is not None
    assert set(decision.plan.nodes) == {"TX", "PA"}
    assert decision.rules == ("one_parcel",)
    assert "gave up one_parcel" in decision.sentence


def test_quantity_is_split_only_where_no_node_has_the_whole_line():
    of = order(("SKU-001", 5))
    whole = decided(of, at(TX=3, PA=2, WA=5))
    split = decided(of, at(TX=3, PA=2, WA=1))

    assert whole.plan is not None
    assert whole.plan.nodes == ("WA",)  # although Texas is nearer and has three
    assert all(len(p.shipments) == 1 for p in (whole.plan, *whole.alternatives))
    assert split.plan is not None
    assert {s.candidate.node: s.lines[0].units for s in split.plan.shipments} == {"TX": 3, "PA": 2}
    assert split.proven_least


def test_a_wish_is_given_up_before_a_line_is_split():
    # Whole only in Washington, which the wish forbids; Texas and Pennsylvania would have to split the line.
    of = order(("SKU-001", 5))
    pricing = pricing_of(of, at(TX=3, PA=2, WA=5))
    not_washington = np.array([[way.node != "WA"] for way in pricing.candidates.ways])
    decision = decide(pricing, guard(("not_washington", not_washington, 3)), NETWORK)

    assert decision.plan is not None
    assert decision.plan.nodes == ("WA",)
    assert decision.rules == ("not_washington",)


def test_an_order_without_stock_says_what_is_short_and_by_how_much():
    decision = decided(order(("SKU-001", 5), ("SKU-002", 1)), at(TX=2, PA=1))

    assert decision.plan is None
    assert decision.sentence == (
        "SKU-001: wanted 5, the network has 3 (PA 1, TX 2); SKU-002: wanted 1, the network has 0."
    )


def test_an_order_that_law_forbids_names_the_rule_and_where_the_stock_is():
    of = order(("SKU-001", 2))
    pricing = pricing_of(of, at(TX=2, PA=1))
    lawful = np.array([[way.node != "TX"] for way in pricing.candidates.ways])
    barred = (Barred(NodeId("TX"), "", "hazmat", "TX does not hold hazmat"),)
    decision = decide(pricing, Law(lawful, lambda attempt: _tried(attempt(lawful, 3, 0)), barred), NETWORK)

    assert decision.plan is None
    assert decision.sentence == (
        "SKU-001: wanted 2, nodes that may ship it have 1; stock at TX is barred (hazmat: TX does not hold hazmat)."
    )
    assert barred[0] in decision.barred


def _tried(choice: Choice | None) -> Settled | None:
    return None if choice is None else Settled(choice)


def test_a_place_that_no_node_reaches_is_said_once():
    decision = decided(order(("SKU-001", 1), zip3="999"), at(TX=1))

    assert decision.plan is None
    assert decision.sentence.startswith("No node reaches 99901: no zone is known from")


def test_the_decision_does_not_depend_on_how_the_order_lists_its_lines():
    rng = np.random.default_rng(11)
    for n in range(15):
        of = random_order(rng, name=f"A-{n}")
        stock = random_stock(rng, NETWORK, of)
        other = replace(of, lines=tuple(reversed(of.lines)))
        assert decided(of, stock) == decided(other, stock)


def test_the_network_does_not_depend_on_how_its_nodes_are_listed():
    rng = np.random.default_rng(12)
    backwards = ShippingNetwork(reversed(nodes()), NETWORK.items, NETWORK.book, NETWORK.costs, "sha256:test")
    for n in range(10):
        of = random_order(rng, name=f"A-{n}")
        stock = random_stock(rng, NETWORK, of)
        pricing = pricing_of(of, stock, shipping=backwards)
        assert decide(pricing, no_rules(pricing.priced.permitted.shape), backwards) == decided(of, stock)


def test_an_order_beyond_the_exact_search_still_ships_whole_lines_and_says_whether_it_is_proven():
    rng = np.random.default_rng(13)
    of = random_order(rng, lines=22)
    everywhere = {(line.sku, node.id): 9 for line in of.lines for node in NETWORK.nodes}
    decision = decided(of, everywhere)

    assert decision.plan is not None
    assert decision.plan.cents == quoted(of, decision)
    assert sorted(line.line for s in decision.plan.shipments for line in s.lines) == sorted(
        line.id for line in of.lines
    )
    assert decision.proven_least or decision.sentence.endswith("; not proven the least.")


def test_services_stand_in_their_order_within_a_node():
    found = candidates(order(("SKU-001", 1)), NETWORK, NOW, {})

    assert [way.service for way in found.ways[:3]] == sorted(SERVICES)
    assert (np.diff(found.node) >= 0).all()
