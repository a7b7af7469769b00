"""Every service's price between some places at some weights, reckoned once: what a network looks at as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from evenstock.freight.bulk import HANDY, Bulk
from evenstock.freight.parcel_kernel import TERMS
from evenstock.freight.rates import RateBook

Whole = NDArray[np.int64]
NO_RATE: Final = -1
NAMES: Final = ("base_cents", "fuel_cents", "surcharge_cents", "correction_cents")
MOST_CENTS: Final = 2**31 - 1


@dataclass(frozen=True, slots=True, eq=False)
class PriceSnapshot:
    """Prices by origin, destination, service and weight, in the orders given; services by name."""

    origins: tuple[str, ...]
    destinations: tuple[str, ...]
    services: tuple[str, ...]
    weight_g: Whole
    terms: NDArray[np.int32]
    """Base, fuel, surcharges and corrections in cents, shape ``(origin, destination, service, weight, term)``; `NO_RATE` in
    all of them where a service does not go."""
    zone: Whole
    """Shape ``(origin, destination)``; -1 where unknown."""
    stale: tuple[str, ...]
    """What is out of date about some of these rates, in sentences."""

    @property
    def priced(self) -> NDArray[np.bool_]:
        """Whether a service goes there, shape ``(origin, destination, service)``."""
        return np.asarray(self.terms[..., 0, 0] != NO_RATE)

    @property
    def cents(self) -> Whole:
        """Whole charge, shape ``(origin, destination, service, weight)``; `NO_RATE` where a service does not go."""
        total = self.terms.sum(axis=-1, dtype=np.int64)
        return np.where(self.priced[..., None], total, NO_RATE)

    def frame(self) -> pl.DataFrame:
        """One row for each price: origin, destination, service, zone, weight_g, cents by term, and cents in all."""
        shape = self.terms.shape[:-1]
        kept = np.broadcast_to(self.priced[..., None], shape).ravel()

        def names(values: Sequence[str], axis: int) -> pl.Series:
            number = np.broadcast_to(_along(np.arange(len(values), dtype=np.uint32), axis, 4), shape).ravel()[kept]
            return pl.Series(values, dtype=pl.Enum(list(dict.fromkeys(values)))).gather(number)

        numbers = {
            "zone": np.broadcast_to(self.zone[:, :, None, None], shape),
            "weight_g": np.broadcast_to(self.weight_g, shape),
        }
        columns = {name: pl.Series(value.ravel()[kept]) for name, value in numbers.items()}
        columns |= {name: pl.Series(self.terms[..., t].ravel()[kept].astype(np.int64)) for t, name in enumerate(NAMES)}
        who = {"origin": self.origins, "destination": self.destinations, "service": self.services}
        frame = pl.DataFrame({name: names(values, axis) for axis, (name, values) in enumerate(who.items())} | columns)
        return frame.with_columns(cents=pl.sum_horizontal(NAMES))


def snapshot(
    book: RateBook,
    origins: Sequence[str],
    destinations: Sequence[str],
    weight_g: ArrayLike,
    on: date,
    *,
    residential: bool = True,
    volume_mm3: ArrayLike = 0,
    goods: Bulk = HANDY,
) -> PriceSnapshot:
    """Price one parcel of each weight from each origin to each destination by each service on a day.

    Equal to `RateBook.quote` to the cent. What is the same for many pairs (zone, lists of delivery areas) is reckoned once.

    Parameters
    ----------
    origins, destinations
        Postal codes. A ZIP3 is in a list of delivery areas only if the list holds all of it.
    weight_g, volume_mm3
        Of the parcels, shape ``(weight,)``; one volume stands for all.
    goods
        Measures of the largest unit, the same for all parcels.

    Raises
    ------
    ValueError
        If there is no weight, or a weight or volume is below zero.
    OverflowError
        If one term of one parcel is more than 21 million.
    """
    weights = np.atleast_1d(np.asarray(weight_g, np.int64))
    volumes = np.array(np.broadcast_to(np.asarray(volume_mm3, np.int64), weights.shape))
    if not weights.size or min(weights.min(), volumes.min()) < 0:
        raise ValueError("a snapshot has parcels of at least one weight; no weight and no volume is below zero")
    zone, lists = _zones(book, origins, destinations), [book.areas(code) for code in destinations]
    _, area = _numbered(lists)
    kinds, which = np.unique(zone * len(lists) + area, return_inverse=True)
    table = np.full((len(kinds), len(book.services), len(weights), TERMS), NO_RATE, np.int32)
    for row, kind in enumerate(kinds.tolist()):
        if kind < 0:
            continue
        some = np.flatnonzero(area == kind % len(lists))[0]
        table[row] = _kind(
            book, kind // len(lists), on, (weights, volumes), goods, lists[some], residential=residential
        )
    return PriceSnapshot(
        tuple(origins),
        tuple(destinations),
        book.services,
        weights,
        table[which.reshape(zone.shape)],
        zone,
        book.stale(on),
    )


def _kind(
    book: RateBook,
    zone: int,
    on: date,
    parcels: tuple[Whole, Whole],
    goods: Bulk,
    areas: frozenset[str],
    *,
    residential: bool,
) -> NDArray[np.int32]:
    """Terms of every service into a zone at one kind of address, shape ``(service, weight, term)``."""
    weights, volumes = parcels
    found = np.full((len(book.services), len(weights), TERMS), NO_RATE, np.int32)
    offers = book.offers(zone, on, residential=residential, areas=areas)
    if offers.packed is None:
        return found
    count = len(offers.services)
    code = np.full(count * len(weights), book.marks.code(goods), np.int64)
    terms = offers.packed.terms(
        np.repeat(np.arange(count), len(weights)), np.tile(weights, count), np.tile(volumes, count), code
    )
    if np.abs(terms).max() > MOST_CENTS:
        raise OverflowError(
            f"a parcel into zone {zone} costs more than {MOST_CENTS} cents; look for a rate in other units"
        )
    at = [book.services.index(service) for service in offers.services]
    found[at] = terms.reshape(count, len(weights), TERMS)
    return found


def _zones(book: RateBook, origins: Sequence[str], destinations: Sequence[str]) -> Whole:
    """Zone of each pair, -1 where unknown, shape ``(origin, destination)``."""
    zones = [[-1 if (zone := book.zone(a, b)) is None else zone for b in destinations] for a in origins]
    return np.array(zones, np.int64).reshape(len(origins), len(destinations))


def _numbered(lists: Sequence[frozenset[str]]) -> tuple[dict[frozenset[str], int], Whole]:
    """A number for each different set of lists, and the number of each destination."""
    numbers: dict[frozenset[str], int] = {}
    return numbers, np.array([numbers.setdefault(one, len(numbers)) for one in lists], np.int64)


def _along(values: NDArray[np.uint32], axis: int, dimensions: int) -> NDArray[np.uint32]:
    """Values along one axis of an array of so many."""
    return values.reshape([-1 if k == axis else 1 for k in range(dimensions)])
