"""What terms charge a carton is added up once for many orders, and limits leave the rest of an order alone."""

from dataclasses import fields, replace

import numpy as np
import pytest
from tests.routing.brand import NOW, network, order, random_order, random_stock

from evenstock.routing import explain
from evenstock.routing.candidates import candidates
from evenstock.routing.decide import decide, no_rules
from evenstock.routing.price import Pricing, by_node_and_line, price
from evenstock.routing.priced import Priced

NETWORK = network()


def pricing_of(seed: int, lines: int = 3) -> Pricing:
    rng = np.random.default_rng(seed)
    one = random_order(rng, lines)
    found = candidates(one, NETWORK, NOW, {})
    there = by_node_and_line(found, NETWORK, random_stock(rng, NETWORK, one))
    return price(found, NETWORK, there, rng.integers(0, 900, there.shape))


def test_the_cartons_charges_are_those_of_the_terms_one_by_one_and_together() -> None:
    pricing = pricing_of(1)
    for row, (_, charge) in enumerate(pricing.charges):
        of_carton = (charge.step_cents, charge.long_cents)
        for found, said in zip((pricing.cartons.step_cents, pricing.cartons.long_cents), of_carton, strict=True):
            assert found[row].tolist() == ([0] * found.shape[1] if said is None else said.tolist())
        for found, said in zip((pricing.shipment_cents, pricing.unit_cents), (charge.shipment_cents, charge.unit_cents), strict=True):  # fmt: skip
            assert found[row].tolist() == (np.zeros_like(found[row]) if said is None else said).tolist()
    assert pricing.priced.ladders.step_cents.tolist() == pricing.cartons.step_cents.sum(axis=0).tolist()
    assert pricing.priced.ladders.long_cents.tolist() == pricing.cartons.long_cents.sum(axis=0).tolist()
    assert pricing.priced.shipment_cents.tolist() == pricing.shipment_cents.sum(axis=0).tolist()
    assert pricing.priced.unit_cents.tolist() == pricing.unit_cents.sum(axis=0).tolist()


def test_orders_with_the_same_terms_share_the_cartons_and_a_term_of_its_own_array_is_never_remembered() -> None:
    for zip3 in ("100", "941"):  # every ladder that they need is known
        candidates(order(("SKU-001", 1), zip3=zip3), NETWORK, NOW, {})
    steps = NETWORK.steps
    step, long = [steps.base_cents, None], [None, steps.long_cents]
    first = steps.together(step, long)
    assert steps.together(list(step), list(long)) is first

    known = len(steps._known)
    for more in (7, 9, 11):  # arrays that come and go may have each other's identity
        other = steps.together([steps.base_cents, steps.base_cents * 0 + more], [None, None])
        assert (other.ladders.step_cents == steps.base_cents + more).all()
        assert (other.step_cents[1] == more).all()
        assert not other.ladders.long_cents.any()
    assert len(steps._known) == known


def test_no_term_at_all_charges_nothing() -> None:
    nothing = NETWORK.steps.together([], [])
    assert not nothing.ladders.step_cents.any()
    assert nothing.step_cents.shape == (0, NETWORK.steps.max_weight_g.size)


def test_other_limits_change_nothing_else_of_an_order() -> None:
    priced = pricing_of(2).priced
    mask = np.random.default_rng(0).random(priced.permitted.shape) < 0.5
    under = priced.under(mask, 2, 1_500)

    assert (under.permitted == (priced.permitted & mask)).all()
    assert (under.max_shipments, under.min_split_value_cents) == (2, 1_500)
    changed = {"permitted", "max_shipments", "min_split_value_cents"}
    for name in {f.name for f in fields(Priced)} - changed:
        assert getattr(under, name) is getattr(priced, name)
    assert priced.max_shipments == 3


def test_limits_that_make_no_sense_are_refused() -> None:
    priced = pricing_of(3).priced
    with pytest.raises(ValueError, match="ships at least once"):
        priced.under(priced.permitted, 0, 0)
    with pytest.raises(ValueError, match="every array by candidate"):
        priced.under(np.ones((2, *priced.permitted.shape), np.bool_), 1, 0)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("units", [1, 0, 1], "at least one unit"), ("weight_g", [1, -1, 1], "zero or more"),
        ("shipment_cents", -1, "zero or more"), ("unit_cents", -1, "zero or more"), ("atp", -1, "zero or more"),
    ],
)  # fmt: skip
def test_amounts_below_zero_are_refused(name: str, value: object, said: str) -> None:
    priced = pricing_of(4).priced
    wrong = getattr(priced, name).copy()
    wrong[...] = value
    with pytest.raises(ValueError, match=said):
        replace(priced, **{name: wrong})


def test_candidates_out_of_the_nodes_order_are_refused() -> None:
    priced = pricing_of(5).priced
    for wrong in (priced.node[::-1].copy(), priced.node + priced.nodes, priced.node - 1):
        with pytest.raises(ValueError, match="node order"):
            replace(priced, node=wrong)


@pytest.mark.parametrize("seed", range(20))
def test_plans_share_their_shipments_and_each_is_what_it_is_alone(seed: int) -> None:
    """Held against shipments made one by one from the terms' own cents."""
    pricing = pricing_of(seed, 4)
    decision = decide(pricing, no_rules(pricing.priced.permitted.shape), NETWORK)
    if decision.choice is None or decision.plan is None:
        return
    choice, shown = decision.choice, (decision.plan, *decision.alternatives)
    extra = {name: charge.extra_cents for name, charge in pricing.charges}
    for plan, told in enumerate(shown):
        assert told.cents == choice.cents[plan]
        for n, (shipment, (way, units)) in enumerate(zip(told.shipments, choice.shipments(plan), strict=True)):
            cents = explain.terms_of(pricing, np.array([way]), units[None])[0].tolist()
            terms = [(name, c + (extra[name] if n else 0)) for (name, _), c in zip(pricing.charges, cents, strict=True)]
            assert [(t.name, t.cents) for t in shipment.terms] == [term for term in terms if term[1]]
            assert shipment.candidate == pricing.candidates.ways[way]
            carried = [(line.id, int(q)) for line, q in zip(pricing.candidates.lines, units, strict=True) if q]
            assert [(line.line, line.units) for line in shipment.lines] == carried
    with pytest.raises(AssertionError, match="do not add up"):
        explain.plans(pricing, replace(choice, cents=choice.cents + 1))
