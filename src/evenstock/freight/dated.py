"""What a rate card comes to on a day: fuel, exchange, peaks and corrections in force."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from evenstock.freight.card import Card, fuel_cents
from evenstock.freight.correction import Correction
from evenstock.freight.currency import Exchange
from evenstock.freight.ladder import Ladder
from evenstock.freight.surcharge import Surcharge


@dataclass(frozen=True, slots=True, eq=False)
class Dated:
    """A card with everything that depends on the day; days on which nothing differs share one.

    Charges of the card are brought into our currency first, each rounded half up, and then reckoned with.
    """

    card: Card
    fuel_bp: int
    exchange: Exchange
    surcharges: tuple[Surcharge, ...]
    """Those of the card that hold, in its currency."""
    corrections: tuple[Correction, ...]
    """Those in force, at most one for a charge, in its currency."""

    def ladder(self, zone: int, stale: str = "") -> Ladder | None:
        """The price steps of a zone; None where the service does not go."""
        steps = self.card.steps(zone)
        if not steps:
            return None
        ours = self.exchange.cents
        base = [ours(cents) for _, cents in steps]
        return Ladder(
            self.card.service,
            zone,
            np.array([end for end, _ in steps], dtype=np.int64),
            np.array(base, dtype=np.int64),
            np.array([fuel_cents(cents, self.fuel_bp) for cents in base], dtype=np.int64),
            self.card.dim_divisor_mm3_per_g,
            tuple(replace(s, cents=ours(s.cents)) for s in self.surcharges) if self.exchange.day else self.surcharges,
            stale,
            dim_above_mm3=self.card.dim_above_mm3,
            fuel_bp=self.fuel_bp,
            corrections=tuple(replace(c, cents=ours(c.cents)) for c in self.corrections),
        )
