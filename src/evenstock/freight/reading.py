"""Reads zones, places and transit times, and refuses what cannot be right: each complaint names the cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenstock import tables
from evenstock.freight.rows import refuse, rows, whole
from evenstock.freight.zones import area

_SHARE_TOLERANCE: Final = 1e-6


def chart(zones: pl.DataFrame | None) -> dict[tuple[str, str], int]:
    """Zone by origin and destination area."""
    if zones is None:
        return {}
    problems: list[str] = []
    found: dict[tuple[str, str], int] = {}
    for row, values in rows(zones, tables.Zones, "zones", problems):
        pair = area(values["origin_zip3"]), area(values["destination_zip3"])
        zone = whole(values["zone"], f"zones row {row}, {pair[0]} to {pair[1]}: zone", 0, problems)
        if found.setdefault(pair, zone) != zone:
            problems.append(f"zones row {row}: {pair[0]} to {pair[1]} is both zone {found[pair]} and {zone}; keep one")
    refuse(problems)
    return found


def centroids(places: pl.DataFrame | None) -> dict[str, tuple[float, float]]:
    """Latitude and longitude by area, in degrees."""
    if places is None:
        return {}
    problems: list[str] = []
    found = {}
    for row, values in rows(places, tables.Places, "places", problems):
        point = float(values["latitude"]), float(values["longitude"])
        if not (abs(point[0]) <= 90 and abs(point[1]) <= 180):
            problems.append(f"places row {row}, {values['zip3']}: {point} is nowhere on earth; give degrees")
        found[area(values["zip3"])] = point
    refuse(problems)
    return found


def shares(transit: pl.DataFrame | None) -> dict[tuple[str, int], NDArray[np.float64]]:
    """Share of parcels by whole calendar days, by service and zone; read-only arrays."""
    if transit is None:
        return {}
    problems: list[str] = []
    days: dict[tuple[str, int], dict[int, float]] = {}
    for row, values in rows(transit, tables.Transit, "transit", problems):
        share = float(values["probability"])
        if not 0.0 <= share <= 1.0:
            problems.append(
                f"transit row {row}, {values['service']} zone {values['zone']}: {share} is no share of parcels"
            )
        days.setdefault((values["service"], int(values["zone"])), {})[int(values["days"])] = share
    found = {
        (service, zone): _share(by_day, f"transit: shares of {service} zone {zone}", problems)
        for (service, zone), by_day in days.items()
    }
    refuse(problems)
    return found


ANY_DAY: Final = -1
"""Stands for the weekday of hand-over where a table is a mean over all."""


def learned_shares(tables_by: pl.DataFrame | None, *names: str) -> dict[tuple[Any, ...], NDArray[np.float64]]:
    """Tables as learned from scans, by these columns and the weekday of hand-over (ANY_DAY without one); read-only arrays.

    Examples
    --------
    >>> frame = pl.DataFrame({"service": "c:s", "zone": 2, "weekday": 4, "days": [3, 4], "probability": [0.5, 0.5]})
    >>> learned_shares(frame, "service", "zone")
    {('c:s', 2, 4): array([0. , 0. , 0. , 0.5, 0.5])}
    """
    if tables_by is None or tables_by.is_empty():
        return {}
    if "weekday" not in tables_by.columns:
        tables_by = tables_by.with_columns(weekday=pl.lit(ANY_DAY))
    keys = [*names, "weekday"]
    problems: list[str] = []
    found = {}
    grouped = tables_by.group_by(keys, maintain_order=True).agg("days", "probability")
    for *key, days, probability in grouped.select(*keys, "days", "probability").iter_rows():
        where = f"transit: shares of {' '.join(map(str, key))}"
        found[tuple(key)] = _share(dict(zip(days, probability, strict=True)), where, problems)
    refuse(problems)
    return found


def _share(by_day: Mapping[int, float], where: str, problems: list[str]) -> NDArray[np.float64]:
    """Share of each day from 0 on; a sum that is not 1 is a problem."""
    share = np.zeros(max(by_day) + 1)
    for day, of_day in by_day.items():
        share[day] = of_day
    if not abs(share.sum() - 1.0) <= _SHARE_TOLERANCE:
        problems.append(f"{where} add up to {share.sum():.6f}; they must make 1")
    share.flags.writeable = False
    return share
