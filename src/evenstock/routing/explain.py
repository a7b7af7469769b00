"""Why an order ships as it does, in cents that add up again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import isnan, nan
from typing import Final

import numpy as np

from evenstock.domain import Cents, CostTerm, Order, OrderLine, OrderPlan, OrderShipment, ShippedLine, Units
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


@lru_cache(maxsize=16_384)
def _term(name: str, cents: int) -> CostTerm:
    """Orders have most of their terms in common."""
    return CostTerm(name, Cents(cents))


def plans(pricing: Pricing, choice: Choice) -> tuple[OrderPlan, ...]:
    """The plans of a choice with every shipment's terms; terms that are zero are left out.

    Raises
    ------
    AssertionError
        If the terms of a plan do not add up to the cents it was chosen by: then search and terms disagree.
    """
    extra = 1 if pricing.priced.extra_shipment_cents else 0
    met: dict[tuple[int, ...], int] = {}  # alternatives share many of their shipments
    of_plan: list[list[int]] = []
    for ways, carried in zip(choice.candidate.tolist(), choice.units.tolist(), strict=True):
        which, later = [], 0
        for way, units in zip(ways, carried, strict=True):
            if way >= 0:
                which.append(met.setdefault((way, later, *units), len(met)))
                later = extra  # a plan's shipments after its first cost more
        of_plan.append(which)
    shipments, cents = _shipments(pricing, list(met))
    totals = [sum([cents[n] for n in which]) for which in of_plan]
    assert totals == choice.cents.tolist(), "a plan's terms do not add up to its cents"
    return tuple([OrderPlan(tuple([shipments[n] for n in which])) for which in of_plan])


def _shipments(pricing: Pricing, keys: Sequence[tuple[int, ...]]) -> tuple[list[OrderShipment], list[int]]:
    """Shipments and their cents by candidate, whether one goes before it that makes it cost more, and units by line."""
    ways, lines, names = pricing.candidates.ways, pricing.candidates.lines, [name for name, _ in pricing.charges]
    table = np.array(keys, np.int64).reshape(len(keys), 2 + len(lines))
    cents = terms_of(pricing, table[:, 0].copy(), table[:, 2:].copy())
    later = table[:, 1:2]
    if later.any():
        cents += later * np.array([charge.extra_cents for _, charge in pricing.charges], np.int64)
    carried: dict[tuple[int, ...], tuple[ShippedLine, ...]] = {}
    made: dict[tuple[int, int], ShippedLine] = {}
    shipments = []
    for key, by_term in zip(keys, cents.tolist(), strict=True):
        units = key[2:]
        goods = carried.get(units)
        if goods is None:
            goods = carried[units] = _carried(lines, units, made)
        terms = [_term(names[n], amount) for n, amount in enumerate(by_term) if amount]
        shipments.append(OrderShipment(ways[key[0]], goods, tuple(terms)))
    return shipments, cents.sum(axis=1).tolist()


def _carried(
    of: Sequence[OrderLine], units: Sequence[int], made: dict[tuple[int, int], ShippedLine]
) -> tuple[ShippedLine, ...]:
    """The lines of a shipment; `made` has those of the order's other shipments, by line and units."""
    for place in enumerate(units):
        if place[1] and place not in made:
            made[place] = ShippedLine(of[place[0]].id, of[place[0]].sku, Units(place[1]))
    return tuple([made[place] for place in enumerate(units) if place[1]])


def terms_of(pricing: Pricing, candidate: Whole, units: Whole) -> Whole:
    """Cents by term of each shipment, shape ``(shipment, term)``, without what shipments after the first cost more."""
    p = pricing.priced
    return shipment_terms(
        candidate,
        units,
        p.ladder,
        (p.weight_g // p.units, p.volume_mm3 // p.units, p.longest_mm),
        p.ladders.arrays,
        pricing.shipment_cents,
        pricing.unit_cents,
        pricing.cartons.step_cents,
        pricing.cartons.long_cents,
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
    every = pricing.candidates.arrival_h[choice.candidate[plan][choice.candidate[plan] >= 0]].tolist()
    return nan if any(map(isnan, every)) else max(every)


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
