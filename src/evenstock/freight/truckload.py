"""What whole trucks cost, by the mile, and from how many pallets on they are cheaper than a share of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from evenstock import tables
from evenstock.domain import Cents, CostTerm
from evenstock.freight.accessorials import Accessorials
from evenstock.freight.cells import ROW, checked
from evenstock.freight.distance import haversine_miles
from evenstock.freight.rows import refuse
from evenstock.freight.zones import area

CIRCUITY: Final = 1.20
"""Road miles for a mile as the crow flies, in the United States.

Ballou, Rahardja and Sakai (2002), Selected country circuity factors for travel distance estimation, Transportation Research
Part A 36, 843-848.
"""
EXPECTED_DAYS: Final = 400
"""A yearly rate older than this probably has a successor nobody imported."""
Point = tuple[float, float]
"""Latitude and longitude in degrees."""


@dataclass(frozen=True, slots=True)
class TruckloadRate:
    """The terms of one service from `valid_from` on."""

    service: str
    valid_from: date
    mile_cents: int
    minimum_cents: int = 0
    """Least charge of a truck, before fuel and stops."""
    stop_cents: int = 0
    """For each stop after the first."""
    pallets: int = 26
    """Pallets that fill a truck."""
    max_weight_g: int = 19_504_000
    """Most it carries: 43,000 lb by default."""
    fuel_mile_cents: int = 0

    def trucks(self, pallets: int, weight_g: int) -> int:
        """Trucks for so many pallets of so much weight together, by floor and by weight.

        Examples
        --------
        >>> rate = TruckloadRate("jbhunt:ftl", date(2026, 1, 1), 225)
        >>> rate.trucks(26, 10_000_000), rate.trucks(27, 10_000_000), rate.trucks(26, 20_000_000)
        (1, 2, 2)
        """
        return max(-(-pallets // self.pallets), -(-weight_g // self.max_weight_g), 1)

    def cents(
        self, miles: int, trucks: int = 1, stops: int = 1, accessorials: Mapping[str, int] | None = None
    ) -> tuple[CostTerm, ...]:
        """Linehaul, fuel, stops and accessorials of trucks that run so many road miles to so many stops.

        Examples
        --------
        500 miles at 2.25 are 1,125.00, above the minimum of 900.00; fuel 0.45 a mile 225.00; a second stop 75.00.

        >>> rate = TruckloadRate("jbhunt:ftl", date(2026, 1, 1), 225, 90_000, 7_500, fuel_mile_cents=45)
        >>> [(term.name, term.cents) for term in rate.cents(500, stops=2)]
        [('linehaul', 112500), ('fuel', 22500), ('stops', 7500)]
        """
        if miles < 0 or trucks < 1 or stops < 1:
            raise ValueError(f"{miles} miles, {trucks} trucks, {stops} stops: at least one truck goes to one stop")
        linehaul = trucks * max(miles * self.mile_cents, self.minimum_cents)
        terms = [CostTerm("linehaul", Cents(linehaul)), CostTerm("fuel", Cents(trucks * miles * self.fuel_mile_cents))]
        if stops > 1:
            terms.append(CostTerm("stops", Cents(trucks * (stops - 1) * self.stop_cents)))
        return (*terms, *(CostTerm(name, Cents(trucks * cents)) for name, cents in (accessorials or {}).items()))

    def stale(self, on: date) -> str:
        """One sentence if the rate is probably out of date on this day, else empty."""
        age = (on - self.valid_from).days
        return f"{self.service}: its rate is {age} days old; ask for this year's" if age > EXPECTED_DAYS else ""


class TruckloadBook:
    """Every service's rate on any day."""

    def __init__(self, rates: Sequence[TruckloadRate], accessorials: Accessorials | None = None) -> None:
        self.accessorials = accessorials or Accessorials()
        """Of each truck."""
        self._rates: dict[str, list[TruckloadRate]] = {}
        for rate in sorted(rates, key=lambda rate: rate.valid_from):
            self._rates.setdefault(rate.service, []).append(rate)
        self.services: tuple[str, ...] = tuple(sorted(self._rates))

    @classmethod
    def from_frames(cls, *, truckload_rates: pl.DataFrame, accessorials: pl.DataFrame | None = None) -> TruckloadBook:
        """Read frames in the shape of `evenstock.tables`.

        Raises
        ------
        ValueError
            With every cell that cannot be right; a truck that costs nothing a mile, or a thousand dollars, is a slip.
        """
        problems: list[str] = []
        rates = []
        for values in checked(truckload_rates, tables.TruckloadRates, "truckload_rates", problems).iter_rows(
            named=True
        ):
            row = values.pop(ROW)
            if not 0 < values["mile_cents"] < 100_000:
                problems.append(
                    f"truckload_rates row {row}, {values['service']} from {values['valid_from']}: mile_cents is "
                    f"{values['mile_cents']}; a mile costs from 1 to 99999 cents"
                )
            rates.append(TruckloadRate(**values))
        charges = Accessorials.from_frame(accessorials, problems)
        refuse(problems)
        return cls(rates, charges)

    def rate(self, service: str, on: date) -> TruckloadRate | None:
        """The latest rate begun by the day; None before the first."""
        begun = [rate for rate in self._rates.get(service, []) if rate.valid_from <= on]
        return begun[-1] if begun else None


def road_miles(here: Point, there: Point) -> int:
    """Whole road miles between two points, from the great circle and the usual detour of roads.

    Examples
    --------
    Dallas to Chicago is 805 miles as the crow flies, hence about 966 by road.

    >>> road_miles((32.78, -96.80), (41.88, -87.63))
    966
    """
    return round(CIRCUITY * float(haversine_miles(*here, *there)))


def point_of(postal_code: str, places: Mapping[str, Point], own: Point | None = None) -> Point | None:
    """Where a place is: its own coordinates where known, else the middle of its postal area."""
    return own if own is not None else places.get(area(postal_code))


def break_even(by_share: Sequence[int], by_truck: Sequence[int]) -> int | None:
    """Pallets from which on whole trucks never cost more than shares of one; None where they always do.

    Parameters
    ----------
    by_share, by_truck
        Cents for 1, 2, … pallets, the same number of both.

    Examples
    --------
    A pallet costs 200.00 in a shared truck, a truck 1,050.00: from six pallets on (1,200.00) the truck is cheaper.

    >>> break_even([20_000 * n for n in range(1, 11)], [105_000] * 10)
    6
    """
    found = None
    for n in range(len(by_share), 0, -1):
        if by_truck[n - 1] > by_share[n - 1]:
            break
        found = n
    return found
