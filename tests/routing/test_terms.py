"""Each cost term by its arithmetic, and what every member of the family must keep."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from tests.routing.brand import NOW, network, nodes, order

from evenstock.domain import Cents, Costs, NodeId, Sku
from evenstock.registry import members
from evenstock.routing.candidates import candidates
from evenstock.routing.network import ShippingNetwork
from evenstock.routing.price import FAMILY, by_node_and_line
from evenstock.routing.term import Charge, Offer
from evenstock.routing.terms import handling, inventory_price, lateness, second_parcel, surcharges

NETWORK = network(2)  # CA and GA
SKU = Sku("SKU-001")


def offer(promised_days: int | None = None, worth: dict[tuple[Sku, NodeId], int] | None = None) -> Offer:
    found = candidates(order((SKU, 2), ("SKU-002", 1), promised_days=promised_days), NETWORK, NOW, {})
    return Offer(found, NETWORK.nodes, NETWORK.steps, NETWORK.costs, by_node_and_line(found, NETWORK, worth or {}))


def test_handling_is_paid_once_a_shipment_and_for_each_unit():
    charge = handling.term(offer())

    # CA picks an order for 1.80 and a unit for 0.25, GA for 1.90 and 0.30; three services each, two lines.
    assert charge.shipment_cents is not None
    assert charge.unit_cents is not None
    assert charge.shipment_cents.tolist() == [180] * 3 + [190] * 3
    assert charge.unit_cents.tolist() == [[25, 25]] * 3 + [[30, 30]] * 3


def test_lateness_is_the_probability_times_the_cost_of_a_late_order():
    said = replace(offer(promised_days=5).candidates, on_time=np.array([1.0, 0.9, 0.4995, 0.0, np.nan, 0.9995]))
    charge = lateness.term(replace(offer(), candidates=said))

    # A late order costs 9.00: 0, 10 %, 50.05 % (4.5045), always, unknown, and 0.05 % (0.45 of a cent).
    assert charge.shipment_cents is not None
    assert charge.shipment_cents.tolist() == [0, 90, 450, 900, 0, 0]


def test_half_a_cent_of_lateness_rounds_up_however_it_was_summed():
    some = offer()
    costs = replace(some.costs, late_order_cents=Cents(5))
    halves = [0.9, 1.0 - 0.1, 0.3 + 0.6, 0.9, 0.9, 0.9]  # 0.3 + 0.6 is a hair below 0.9: half a cent all the same
    charge = lateness.term(replace(some, costs=costs, candidates=replace(some.candidates, on_time=np.array(halves))))

    assert charge.shipment_cents is not None
    assert charge.shipment_cents.tolist() == [1] * 6


def test_nothing_promised_is_never_late():
    charge = lateness.term(offer(promised_days=None))

    assert charge.shipment_cents is not None
    assert not charge.shipment_cents.any()


def test_the_price_of_a_unit_is_that_of_its_node():
    charge = inventory_price.term(offer(worth={(SKU, NodeId("GA")): 70}))

    assert charge.unit_cents is not None
    assert charge.unit_cents.tolist() == [[0, 0]] * 3 + [[70, 0]] * 3


def test_only_shipments_after_the_first_pay_for_the_second_parcel():
    charge = second_parcel.term(offer())

    assert charge.extra_cents == 75
    assert charge.shipment_cents is charge.unit_cents is charge.step_cents is charge.long_cents is None


def test_surcharges_for_long_goods_are_apart_from_those_every_carton_pays():
    some = offer()
    charge = surcharges.term(some)

    # Homes pay 3.10 a carton, and 24.50 more above 22 kg; goods above 40 cm pay 16.50 in any carton.
    assert charge.step_cents is not None
    assert charge.long_cents is not None
    assert set(charge.step_cents.tolist()) == {310, 310 + 2_450}
    heavy = some.steps.max_weight_g > 22_000
    assert (charge.step_cents[heavy] == 2_760).all()
    assert set(charge.long_cents.tolist()) == {1_650}


@pytest.mark.parametrize("name", sorted(members(FAMILY)))
def test_every_term_has_a_name_and_gives_whole_cents_of_zero_or_more(name: str):
    member = members(FAMILY)[name]
    some = offer(promised_days=3, worth={(SKU, NodeId("CA")): 5})
    charge = member.term(some)
    count = len(some.candidates.ways)
    shapes = {
        "shipment_cents": (count,),
        "unit_cents": (count, 2),
        "step_cents": some.steps.max_weight_g.shape,
        "long_cents": some.steps.long_above.shape,
    }

    assert member.NAME
    assert isinstance(charge, Charge)
    assert charge.extra_cents >= 0
    for field, shape in shapes.items():
        cents = getattr(charge, field)
        if cents is not None:
            assert cents.dtype == np.int64
            assert cents.shape == shape
            assert (cents >= 0).all()


def test_names_of_terms_are_told_apart():
    names = [member.NAME for member in members(FAMILY).values()]
    assert len(set(names)) == len(names)


def test_a_rate_card_is_laid_out_once_however_many_days_ask_for_it():
    shipping = ShippingNetwork(nodes(), NETWORK.items, NETWORK.book, Costs(), "sha256:test")
    for day in range(20):
        found = candidates(order((SKU, 1)), shipping, NOW.replace(day=1 + day), {})
        assert len(found.ways) == 24
    zones = {shipping.book.zone(node.postal_code, "78701") for node in shipping.nodes}
    assert len(shipping.steps.divisor) == 3 * len(zones)


def test_threads_that_ask_at_once_get_the_same_ladders():
    shipping = ShippingNetwork(nodes(), NETWORK.items, NETWORK.book, Costs(), "sha256:test")
    keys = [
        (s, zone, NOW.date(), home) for s in NETWORK.book.services for zone in range(1, 9) for home in (True, False)
    ]

    def numbers(turn: int) -> dict[tuple[object, ...], int]:
        mine = keys[turn:] + keys[:turn]
        return {key: shipping.ladder(*key[:3], residential=key[3]) for key in mine}

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(numbers, range(0, 48, 3)))

    assert all(answer == answers[0] for answer in answers)
    assert sorted(answers[0].values()) == list(range(48))
    assert len(shipping.steps.divisor) == 48
