"""What a shipment pays by a class tariff, in the order in which carriers rate it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenstock.domain import Cents, CostTerm
from evenstock.freight.ltl.contract import Contract, share_cents
from evenstock.freight.ltl.handling_units import HandlingUnits, billed_lb


@dataclass(frozen=True, slots=True)
class BaseCharge:
    """What the tariff itself asks."""

    cents: int
    at_least_lb: int
    """Break whose rates were taken."""
    deficit_lb: int
    """Pounds paid for beyond what is shipped, to reach that break."""


@dataclass(frozen=True, slots=True)
class LtlQuote:
    """What one shipment pays, term by term; the total is the sum of the terms."""

    service: str
    classes: tuple[tuple[str, int], ...]
    """Class rated and whole pounds of each, cheapest class first."""
    base: BaseCharge
    feet: int
    """Linear feet of trailer."""
    terms: tuple[CostTerm, ...]
    """`linehaul`, `fuel`, then each accessorial asked for, in that order."""
    stale: str = ""
    """One sentence where contract or fuel is out of date, else empty."""

    @property
    def cents(self) -> Cents:
        return Cents(sum(term.cents for term in self.terms))

    @property
    def weight_lb(self) -> int:
        return sum(pounds for _, pounds in self.classes)


def pounds_by_class(units: Iterable[HandlingUnits], fak_class: str = "") -> dict[str, int]:
    """Whole pounds of each class; with a class for all kinds of freight, all of them have that one.

    Examples
    --------
    Two pallets of 250 kg in 1.51 m³ are class 92.5 (10.3 pcf), one of 100 kg class 175 (4.1 pcf).

    >>> units = [HandlingUnits(2, 250_000, height_mm=1_219), HandlingUnits(1, 100_000, height_mm=1_219)]
    >>> pounds_by_class(units), pounds_by_class(units, "70")
    ({'92.5': 1103, '175': 221}, {'70': 1323})
    """
    grams: dict[str, int] = {}
    for unit in units:
        rated = fak_class or unit.class_rated
        grams[rated] = grams.get(rated, 0) + unit.count * unit.weight_g
    return {rated: billed_lb(grams[rated]) for rated in sorted(grams, key=float)}


def base_charge(pounds: NDArray[np.int64], cents_cwt: NDArray[np.int64], at_least_lb: NDArray[np.int64]) -> BaseCharge:
    """The least that the tariff allows: each line at its class's rate for the weight of the whole shipment.

    A shipment lighter than a break may be rated as if it weighed that much. The missing pounds, the deficit weight, are
    paid at the lowest rate of any class in the shipment. All heavier breaks are tried, not the next alone: only so does more
    of the same freight never cost less. Hundredths of a cent are summed and rounded half up, once.

    Parameters
    ----------
    pounds
        Whole pounds of each class, shape ``(class,)``.
    cents_cwt
        Cents a hundredweight, shape ``(class, break)``.
    at_least_lb
        Weight from which each break holds, from 0 on, shape ``(break,)``.

    References
    ----------
    National Motor Freight Classification, item 640 (mixed shipments), as carriers publish it in their rules tariffs: on
    each article the rate for the aggregate weight of the shipment; any deficit at the lowest rate applicable to any
    article in it.

    Examples
    --------
    450 lb at 100.00 a hundredweight are 450.00; as 500 lb at 80.00 they are 400.00.

    >>> breaks = np.array([0, 500])
    >>> base_charge(np.array([450]), np.array([[10_000, 8_000]]), breaks)
    BaseCharge(cents=40000, at_least_lb=500, deficit_lb=50)

    300 lb of a class at 80.00 and 150 lb of one at 120.00 as 500 lb: 240.00 + 180.00 + 50 lb at 80.00 = 460.00.

    >>> base_charge(np.array([300, 150]), np.array([[10_000, 8_000], [15_000, 12_000]]), breaks).cents
    46000
    """
    weight = int(pounds.sum())
    best: BaseCharge | None = None
    for b, least in enumerate(at_least_lb.tolist()):
        deficit = max(0, least - weight)
        hundredths = sum(int(lb) * int(rate) for lb, rate in zip(pounds, cents_cwt[:, b], strict=True))
        hundredths += deficit * int(cents_cwt[:, b].min())
        cents = (hundredths + 50) // 100
        # Of breaks at or below the weight the heaviest counts; beyond it the cheapest, the lightest of equals.
        if deficit == 0 or best is None or cents < best.cents:
            best = BaseCharge(cents, least, deficit)
    assert best is not None
    return best


def charge(
    contract: Contract, base: BaseCharge, feet: int, fuel_bp: int, accessorials: Mapping[str, int]
) -> tuple[CostTerm, ...]:
    """Linehaul, fuel, accessorials: discount, then the minimum and the feet, then fuel on that, and on nothing else.

    Examples
    --------
    Base 480.00, discount 65 %, minimum 90.00, fuel 27 %: 168.00 + 45.36, and a liftgate at 75.00 without fuel.

    >>> from datetime import date
    >>> terms = Contract("saia:ltl", date(2026, 1, 1), "base500", discount_bp=6_500, minimum_cents=9_000)
    >>> paid = charge(terms, BaseCharge(48_000, 500, 0), 4, 2_700, {"liftgate": 7_500})
    >>> [(term.name, term.cents) for term in paid]
    [('linehaul', 16800), ('fuel', 4536), ('liftgate', 7500)]
    """
    net = contract.net_cents(base.cents, feet)
    terms = [CostTerm("linehaul", Cents(net)), CostTerm("fuel", Cents(share_cents(net, fuel_bp)))]
    return (*terms, *(CostTerm(name, Cents(cents)) for name, cents in accessorials.items()))
