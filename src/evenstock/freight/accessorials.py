"""What carriers charge for a shipment beyond carrying it: liftgate, residential, limited access, appointment."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

import polars as pl

from evenstock import tables
from evenstock.freight.cells import checked

ChargesByDay = dict[date, dict[str, int]]
"""Cents of each accessorial, by the day from which the list counts."""


class Accessorials:
    """Every service's list on any day: the rows of a day are its whole list from then on."""

    def __init__(self, charges: Mapping[str, ChargesByDay] | None = None) -> None:
        self._charges = dict(charges or {})

    @classmethod
    def from_frame(cls, frame: pl.DataFrame | None, problems: list[str]) -> Accessorials:
        """Read a frame in the shape of `tables.Accessorials`; each cell that cannot be right becomes a problem."""
        found: dict[str, ChargesByDay] = {}
        if frame is not None:
            for values in checked(frame, tables.Accessorials, "accessorials", problems).iter_rows(named=True):
                of_day = found.setdefault(values["service"], {}).setdefault(values["valid_from"], {})
                of_day[values["accessorial"]] = values["cents"]
        return cls(found)

    def on(self, service: str, on: date) -> dict[str, int]:
        """Cents of each accessorial of a service on a day; empty before its first list.

        Examples
        --------
        >>> lists = Accessorials({"saia:ltl": {date(2026, 1, 1): {"liftgate": 7_500}, date(2026, 7, 1): {"liftgate": 8_000}}})
        >>> [lists.on("saia:ltl", day) for day in (date(2025, 12, 31), date(2026, 6, 30), date(2026, 7, 1))]
        [{}, {'liftgate': 7500}, {'liftgate': 8000}]
        """
        by_day = self._charges.get(service, {})
        begun = [day for day in by_day if day <= on]
        return by_day[max(begun)] if begun else {}

    def asked(self, service: str, on: date, names: Collection[str]) -> dict[str, int]:
        """Those asked for, in the order of the list.

        Raises
        ------
        ValueError
            If the service has no charge for one of them on the day: then nobody knows whether it offers it.
        """
        known = self.on(service, on)
        unknown = sorted(set(names) - set(known))
        if unknown:
            raise ValueError(f"{service} has no charge for {', '.join(unknown)} on {on}; add it to accessorials")
        return {name: cents for name, cents in known.items() if name in names}
