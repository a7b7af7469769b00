"""One parcel priced on every service at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenstock.freight.ladder import Ladder
from evenstock.freight.layout import laid_out
from evenstock.freight.marks import Marks
from evenstock.freight.tariff import Packed

Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Quotes:
    """What every service that goes there charges for the same goods."""

    zone: int | None
    """None where it is unknown; then there are no services."""
    services: tuple[str, ...]
    """By name."""
    terms: Whole
    """Base, fuel, surcharges and corrections, cents, shape ``(service, 4)``."""
    stale: tuple[str, ...]
    """Of each service, one sentence where its rate is out of date, else empty."""

    @property
    def cents(self) -> Whole:
        """Whole charge of each service."""
        total: Whole = self.terms.sum(axis=1)
        return total


@dataclass(frozen=True, slots=True, eq=False)
class Offers:
    """The ladders of every service into a zone on a day, at one kind of address."""

    services: tuple[str, ...]
    packed: Packed | None
    """None where no service goes there."""
    stale: tuple[str, ...]

    @classmethod
    def of(cls, ladders: Sequence[Ladder], marks: Marks, *, residential: bool, areas: frozenset[str]) -> Offers:
        layouts = [laid_out(ladder, marks, residential=residential, areas=areas) for ladder in ladders]
        return cls(
            tuple(ladder.service for ladder in ladders),
            Packed.of(ladders, layouts) if ladders else None,
            tuple(ladder.stale for ladder in ladders),
        )

    def price(self, zone: int, weight_g: int, volume_mm3: int, goods: int) -> Quotes:
        """One parcel; `goods` as `Marks` number them."""
        if self.packed is None:
            return Quotes(zone, (), np.zeros((0, 4), np.int64), ())
        return Quotes(zone, self.services, self.packed.of_each(weight_g, volume_mm3, goods), self.stale)


NO_QUOTES = Quotes(None, (), np.zeros((0, 4), np.int64), ())
