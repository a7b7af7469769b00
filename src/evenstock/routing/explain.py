"""Why an order ships as it does, in cents that add up again."""

from __future__ import annotations

from math import isnan
from typing import Final

import numpy as np

from evenstock.domain import Cents, CostTerm, Order, OrderPlan, OrderShipment, ShippedLine, Units
from evenstock.routing.choose import Choice
from evenstock.routing.price import Pricing
from evenstock.routing.priced import Whole
from evenstock.routing.terms import base_freight, fuel, rate_correction, surcharges
from evenstock.routing.terms_kernel import shipment_terms

NUMBERS: Final = ("no", "one", "two", "three", "four", "five", "six")
FREIGHT: Final = (base_freight.NAME, fuel.NAME, surcharges.NAME, rate_correction.NAME)
"""Terms that carriers charge."""
SHOWN: Final = 3
"""Differences named one by one; the rest is one sum."""

_Parts = tuple[dict[tuple[int, int], ShippedLine], dict[tuple[int, int], CostTerm]]
"""Shipped lines by line and units, and terms by term and cents, of the order at hand."""


def plans(pricing: Pricing, choice: Choice) -> tuple[OrderPlan, ...]:
    """The plans of a choice with every shipment's terms; terms that are zero are left out.

    Raises
    ------
    AssertionError
        If the terms of a plan do not add up to the cents it was chosen by: then search and terms disagree.
    """
    row, column = np.nonzero(choice.candidate >= 0)
    candidate, units = choice.candidate[row, column], choice.units[row, column]
    cents = terms_of(pricing, candidate, units)
    if pricing.priced.extra_shipment_cents:
        extra = np.array([charge.extra_cents for _, charge in pricing.charges], np.int64)
        cents[np.concatenate([[False], row[1:] == row[:-1]])] += extra  # each shipment after a plan's first
    total = np.zeros(len(choice), np.int64)
    np.add.at(total, row, cents.sum(axis=1))
    assert (total == choice.cents).all(), "a plan's terms do not add up to its cents"
    made: dict[tuple[int, tuple[int, ...], tuple[int, ...]], OrderShipment] = {}
    parts: _Parts = ({}, {})
    shipped: list[list[OrderShipment]] = [[] for _ in range(len(choice))]
    for plan, way, carried, by_term in zip(
        row.tolist(), candidate.tolist(), units.tolist(), cents.tolist(), strict=True
    ):
        key = (way, tuple(carried), tuple(by_term))
        if key not in made:  # alternatives share many of their shipments
            made[key] = _shipment(pricing, parts, *key)
        shipped[plan].append(made[key])
    return tuple(OrderPlan(tuple(shipments)) for shipments in shipped)


def _shipment(
    pricing: Pricing, parts: _Parts, way: int, carried: tuple[int, ...], cents: tuple[int, ...]
) -> OrderShipment:
    """A shipment of the lines and terms seen before, where they are the same: most are."""
    of, (lines, terms) = pricing.candidates, parts
    shipped, charged = [], []
    for place in enumerate(carried):
        if place[1]:
            if place not in lines:
                line = of.lines[place[0]]
                lines[place] = ShippedLine(line.id, line.sku, Units(place[1]))
            shipped.append(lines[place])
    for charge in enumerate(cents):
        if charge[1]:
            if charge not in terms:
                terms[charge] = CostTerm(pricing.charges[charge[0]][0], Cents(charge[1]))
            charged.append(terms[charge])
    return OrderShipment(of.ways[way], tuple(shipped), tuple(charged))


def terms_of(pricing: Pricing, candidate: Whole, units: Whole) -> Whole:
    """Cents by term of each shipment, shape ``(shipment, term)``, without what shipments after the first cost more."""
    p, charges = pricing.priced, [charge for _, charge in pricing.charges]

    def stacked(arrays: list[Whole | None], shape: tuple[int, ...]) -> Whole:
        out = np.zeros((len(arrays), *shape), np.int64)
        for t, array in enumerate(arrays):
            if array is not None:
                out[t] = array
        return out

    return shipment_terms(
        candidate,
        units,
        p.ladder,
        (p.weight_g // p.units, p.volume_mm3 // p.units, p.longest_mm),
        p.ladders.arrays,
        stacked([c.shipment_cents for c in charges], p.shipment_cents.shape),
        stacked([c.unit_cents for c in charges], p.unit_cents.shape),
        stacked([c.step_cents for c in charges], p.ladders.step_cents.shape),
        stacked([c.long_cents for c in charges], p.ladders.long_cents.shape),
    )


def sentence(pricing: Pricing, choice: Choice, shown: tuple[OrderPlan, ...], relaxed: tuple[str, ...]) -> str:
    """The choice, what the next best would have cost and why, in one sentence.

    The differences shown add up to that of the totals.
    """
    first = shown[0]
    said = f"{_nodes(first)}, {_parcels(first)}, {_money(first.cents)}"
    if len(shown) > 1:
        said += f"; next best {_nodes(shown[1])} {_money(shown[1].cents)}: {_against(pricing, choice, first, shown[1])}"
    paid = pricing.candidates.order.shipping_paid_cents
    if paid:
        margin = shipping_margin(first, pricing.candidates.order)
        said += f"; {_money(paid)} paid for shipping, freight {_money(paid - margin)}: margin {_signed(margin)}"
    if relaxed:
        said += f"; gave up {', '.join(relaxed)}"
    return said + ("." if choice.proven_least else "; not proven the least.")


def by_term(plan: OrderPlan) -> dict[str, int]:
    """Cents of a plan by name of term."""
    cents: dict[str, int] = {}
    for shipment in plan.shipments:
        for term in shipment.terms:
            cents[term.name] = cents.get(term.name, 0) + term.cents
    return cents


def shipping_margin(plan: OrderPlan, order: Order) -> int:
    """Cents the customer paid for shipping less what carriers charge for the plan: no term of the choice, but worth seeing.

    What the customer paid is the same whatever ships the order, so that it cannot tell one plan from another.
    """
    cents = by_term(plan)
    return order.shipping_paid_cents - sum(cents.get(name, 0) for name in FREIGHT)


def _against(pricing: Pricing, choice: Choice, first: OrderPlan, other: OrderPlan) -> str:
    """What the other plan costs more or less of each term, and when it would arrive."""
    ours, theirs = by_term(first), by_term(other)
    names = [name for name, _ in pricing.charges]
    more = [(theirs.get(name, 0) - ours.get(name, 0), name) for name in names]
    more = sorted((d for d in more if d[0]), key=lambda d: (-abs(d[0]), names.index(d[1])))
    shown = [f"{name} {_signed(cents)}" for cents, name in more[:SHOWN]]
    rest = sum(cents for cents, _ in more[SHOWN:])
    if rest:
        shown.append(f"other {_signed(rest)}")
    hours = _arrival_h(pricing, choice, 0) - _arrival_h(pricing, choice, 1)
    if not isnan(hours) and abs(round(hours)) >= 1:
        shown.append(_sooner(pricing, choice, round(hours)))
    return ", ".join(shown) or "a tie"


def _sooner(pricing: Pricing, choice: Choice, hours: int) -> str:
    if hours < 0:
        return f"later by {-hours} h"
    on_time = [pricing.candidates.on_time[c] for c, _ in choice.shipments(0)]
    kept = all(isnan(p) or p >= 0.9 for p in on_time)
    return f"sooner by {hours} h, not {'needed' if kept else 'worth it'}"


def _arrival_h(pricing: Pricing, choice: Choice, plan: int) -> float:
    """Mean hours until the last shipment of a plan arrives; nan where unknown."""
    return float(np.max([pricing.candidates.arrival_h[c] for c, _ in choice.shipments(plan)]))


def _nodes(plan: OrderPlan) -> str:
    return "+".join(plan.nodes)


def _parcels(plan: OrderPlan) -> str:
    count = len(plan.shipments)
    word = NUMBERS[count] if count < len(NUMBERS) else str(count)
    return f"{word} parcel{'' if count == 1 else 's'}"


def _money(cents: int) -> str:
    """Cents as whole money, exactly.

    >>> _money(940), _money(-5)
    ('9.40', '-0.05')
    """
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def _signed(cents: int) -> str:
    return f"{'+' if cents > 0 else ''}{_money(cents)}"
