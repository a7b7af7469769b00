"""Parcels as evidence about the services that carry them: what arrived when, and what is still out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from evenstock.freight.transit import Scans, ZoneOf
from evenstock.freight.zones import area

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NO_ZONE = -1


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Parcels as known on a morning, by number of their service, origin and destination."""

    as_of: date
    services: tuple[str, ...]
    """Names, sorted; `service` counts in them, as `origin` and `area` in the next two."""
    origins: tuple[str, ...]
    """Where parcels left: nodes, or postal codes where no node is named."""
    areas: tuple[str, ...]
    """Postal areas of destination, three characters."""
    service: Ints
    origin: Ints
    area: Ints
    zone: Ints
    """`NO_ZONE` where it is unknown."""
    handed_over: Ints
    """Day the carrier took it over, counted from 1970-01-01."""
    days: Ints
    """Calendar days to delivery; for one under way, whole days that were not enough."""
    delivered: Flags
    promised_days: Ints
    """Days from hand-over to the promised day; -1 where nothing is promised."""
    lost: Flags
    """Said to be lost, by carrier or customer."""
    damaged: Flags
    """Said to be damaged."""

    def __post_init__(self) -> None:
        lengths = {
            len(column)
            for column in (
                self.service, self.origin, self.area, self.zone, self.handed_over, self.days, self.delivered,
                self.promised_days, self.lost, self.damaged,
            )
        }  # fmt: skip
        if len(lengths) > 1:
            raise ValueError(f"evidence: columns have different numbers of parcels, {sorted(lengths)}")

    def __len__(self) -> int:
        return self.service.size

    @property
    def morning(self) -> int:
        """`as_of` counted from 1970-01-01."""
        return (self.as_of - date(1970, 1, 1)).days

    @property
    def weekday(self) -> Ints:
        """Of the hand-over, Monday 0."""
        return (self.handed_over + 3) % 7

    @property
    def carrier(self) -> tuple[str, ...]:
        """Carrier of each of `services`: what stands before the colon."""
        return tuple(carrier_of(name) for name in self.services)


def carrier_of(service: str) -> str:
    """What stands before the colon.

    Examples
    --------
    >>> carrier_of("ups:ground"), carrier_of("courier")
    ('ups', 'courier')
    """
    return service.partition(":")[0]


def evidence(
    scans: Scans,
    origin: Collection[str],
    *,
    zone: ZoneOf | None = None,
    lost: Collection[str] = (),
    damaged: Collection[str] = (),
) -> Evidence:
    """Scans as evidence.

    Parameters
    ----------
    origin
        Node of each parcel in the order of the scans, or its postal code where no node is known.
    zone
        Zone between two postal codes, such as `RateBook.zone`; None leaves zones out.
    lost, damaged
        Numbers of parcels that carrier or customer said so of.
    """
    areas = [area(code) for code in scans.destination]
    crossed: dict[tuple[str, str], int] = {}
    zones = []
    for here, there in zip(scans.origin, scans.destination, strict=True):
        key = (area(here), area(there))
        if key not in crossed:
            found = None if zone is None else zone(here, there)
            crossed[key] = NO_ZONE if found is None else found
        zones.append(crossed[key])
    services, service = _coded(scans.service)
    origins, start = _coded(tuple(origin))
    places, end = _coded(tuple(areas))
    return Evidence(
        scans.as_of, services, origins, places, service, start, end, np.array(zones, np.int64), scans.handed_over,
        scans.days, scans.delivered, scans.promised_days, _among(scans.parcel, lost), _among(scans.parcel, damaged),
    )  # fmt: skip


def _coded(names: Collection[str]) -> tuple[tuple[str, ...], Ints]:
    known, code = np.unique(np.array(list(names), dtype=np.str_), return_inverse=True)
    return tuple(known.tolist()), code.astype(np.int64)


def _among(parcels: tuple[str, ...], said: Collection[str]) -> Flags:
    named = frozenset(said)
    return np.fromiter((parcel in named for parcel in parcels), dtype=np.bool_, count=len(parcels))
