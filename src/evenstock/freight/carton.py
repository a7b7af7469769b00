"""What one carton pays, charge by charge: the readable reckoning that every faster one must equal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from evenstock.freight.bulk import Bulk
from evenstock.freight.correction import BASE, FUEL
from evenstock.freight.ladder import Ladder
from evenstock.freight.surcharge import NOWHERE, Surcharge, share_cents


@dataclass(frozen=True, slots=True)
class Charged:
    """One charge of a carton; each amount is rounded once, charge by charge, so that amounts may be added up in any order."""

    name: str
    cents: int
    fuel_cents: int
    """Fuel on it."""
    correction_cents: int
    """What its own correction adds."""
    fuel_correction_cents: int
    """What the correction of fuel adds."""

    @property
    def paid(self) -> int:
        """What the card says: of charges that exclude one another the dearest by this is due."""
        return self.cents + self.fuel_cents


def charged(
    ladder: Ladder, carton_g: int, goods: Bulk, *, residential: bool, areas: frozenset[str] = NOWHERE
) -> list[Charged]:
    """Base, then every surcharge that is due to a carton of this billable weight, in the card's order.

    Raises
    ------
    ValueError
        If the carton is heavier than the ladder's heaviest.
    """
    if carton_g > ladder.heaviest_g:
        raise ValueError(f"{ladder.service}: {carton_g} g is more than one carton of {ladder.heaviest_g} g")
    step = int(np.searchsorted(ladder.max_weight_g, carton_g, side="left"))
    base, fuel = int(ladder.base_cents[step]), int(ladder.fuel_cents[step])
    about_base, about_fuel = ladder.correction(BASE), ladder.correction(FUEL)
    found = [
        Charged(BASE, base, fuel, about_base.of(base) if about_base else 0, about_fuel.of(fuel) if about_fuel else 0)
    ]
    due = (s for s in ladder.surcharges if s.due(carton_g, 0, residential, goods=goods, areas=areas))
    return found + _without_cheaper([(s, _on(ladder, s, base)) for s in due])


def _on(ladder: Ladder, surcharge: Surcharge, base: int) -> Charged:
    """A surcharge on a carton of this base charge."""
    cents = surcharge.cents + share_cents(base, surcharge.share_bp)
    fuel = share_cents(cents, ladder.fuel_bp) if surcharge.fuel_applies else 0
    about, about_fuel = ladder.correction(surcharge.name), ladder.correction(FUEL)
    return Charged(
        surcharge.name,
        cents,
        fuel,
        about.of(cents) if about else 0,
        # Its fixed part stands once a carton, with the base.
        share_cents(fuel, about_fuel.share_bp) if about_fuel else 0,
    )


def _without_cheaper(due: Iterable[tuple[Surcharge, Charged]]) -> list[Charged]:
    """Without those that a dearer charge of the same word excludes; of equal ones the first stays."""
    due = list(due)
    dearest: dict[str, Charged] = {}
    for surcharge, amount in due:
        best = dearest.get(surcharge.dearest_of)
        if surcharge.dearest_of and (best is None or amount.paid > best.paid):
            dearest[surcharge.dearest_of] = amount
    return [amount for surcharge, amount in due if not surcharge.dearest_of or dearest[surcharge.dearest_of] is amount]
