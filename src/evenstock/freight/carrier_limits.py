"""How much a carrier takes over a day, whatever the service, and on which days it comes at all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import polars as pl

from evenstock import tables
from evenstock.freight.cells import ROW, checked
from evenstock.freight.rows import refuse

EVERY_DAY = frozenset(range(7))


def carrier_of(service: str) -> str:
    """The carrier of a service.

    Examples
    --------
    >>> carrier_of("ups:ground")
    'ups'
    """
    return service.partition(":")[0]


def places_of_carrier(service: str) -> str:
    """Under which name the books count the places in a carrier's day: no node and no service is called so.

    Examples
    --------
    >>> places_of_carrier("ups:ground")
    'ups (all services)'
    """
    return f"{carrier_of(service)} (all services)"


@dataclass(frozen=True, slots=True)
class CarrierLimit:
    """What a carrier takes over from `valid_from` on."""

    carrier: str
    valid_from: date
    shipments_per_day: int | None = None
    """Most shipments a day of all its services from all nodes; None where unlimited."""
    pickup_days: frozenset[int] = EVERY_DAY
    """Weekdays on which it comes, Monday 0 to Sunday 6; a service may come on fewer."""
    pickup_holidays: frozenset[date] = frozenset()

    def picks_up(self, on: date) -> bool:
        """Whether the carrier comes on this day."""
        return on.weekday() in self.pickup_days and on not in self.pickup_holidays


class CarrierLimits:
    """Every carrier's limit on any day."""

    def __init__(self, limits: Iterable[CarrierLimit] = ()) -> None:
        self._limits: dict[str, list[CarrierLimit]] = {}
        for limit in sorted(limits, key=lambda limit: limit.valid_from):
            self._limits.setdefault(limit.carrier, []).append(limit)
        self.capped: frozenset[str] = frozenset(
            carrier for carrier, of in self._limits.items() if any(limit.shipments_per_day is not None for limit in of)
        )
        """Carriers that have a ceiling on some day."""

    @classmethod
    def from_frame(cls, carrier_limits: pl.DataFrame | None) -> CarrierLimits:
        """Read a frame in the shape of `tables.CarrierLimits`; without one nothing is limited.

        Raises
        ------
        ValueError
            With every cell that cannot be right.
        """
        if carrier_limits is None:
            return cls()
        problems: list[str] = []
        found = []
        for values in checked(carrier_limits, tables.CarrierLimits, "carrier_limits", problems).iter_rows(named=True):
            where = f"carrier_limits row {values.pop(ROW)}, {values['carrier']} from {values['valid_from']}"
            days = frozenset(int(digit) - 1 for digit in values.pop("pickup_days"))
            closed = set()
            for holiday in filter(None, (part.strip() for part in values.pop("pickup_holidays").split(";"))):
                try:
                    closed.add(date.fromisoformat(holiday))
                except ValueError:
                    problems.append(
                        f"{where}: pickup_holidays has {holiday!r}; write days as 2026-11-26, separated by ;"
                    )
            if ":" in values["carrier"]:
                problems.append(f"{where}: that is a service; write the carrier alone, {carrier_of(values['carrier'])}")
            found.append(CarrierLimit(**values, pickup_days=days, pickup_holidays=frozenset(closed)))
        refuse(problems)
        return cls(found)

    def of(self, service: str, on: date) -> CarrierLimit | None:
        """The latest limit of the service's carrier begun by the day; None where it has none."""
        begun = [limit for limit in self._limits.get(carrier_of(service), []) if limit.valid_from <= on]
        return begun[-1] if begun else None

    def ceiling(self, service: str, on: date) -> int | None:
        """Most shipments of all services of this service's carrier on a day; None where unlimited."""
        limit = self.of(service, on)
        return limit.shipments_per_day if limit else None

    def picks_up(self, service: str, on: date) -> bool:
        """Whether the carrier of a service comes on a day."""
        limit = self.of(service, on)
        return limit is None or limit.picks_up(on)
