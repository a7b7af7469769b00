"""Parcels of the made-up brand as its carriers scanned them, drawn from transit times that are known here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.freight.distance import haversine_miles
from evenstock.freight.zones import distance_zone
from evenstock.simulation.places import METROS
from evenstock.simulation.sites import Site

DAYS: Final = 90
"""Days of shipping of which scans are kept."""
SLOWER: Final = "northline:ground"
"""The service that got slower,"""
SLOWER_DAYS: Final = 28
"""for so many days by now,"""
SLOWER_SHARE: Final = 0.5
"""and this share of its parcels takes a day more since."""
PROMISED: Final = 0.9
"""Carriers promise the first day by which so many parcels should arrive, by the table of transit times."""

DELIVERIES: Final[Mapping[str, pl.DataType | type[pl.DataType]]] = {
    "parcel": pl.String,
    "service": pl.String,
    "origin": pl.String,
    "origin_postal_code": pl.String,
    "destination_postal_code": pl.String,
    "shipped_at": pl.Datetime("us", "UTC"),
    "delivered_at": pl.Datetime("us", "UTC"),
    "promised_on": pl.Date,
}
Floats = npt.NDArray[np.float64]


def true_transit(transit: pl.DataFrame) -> pl.DataFrame:
    """`tables.Transit` as it is by now: the table the brand has, but for the service that got slower.

    Examples
    --------
    >>> known = pl.DataFrame({"service": [SLOWER] * 2, "zone": [2, 2], "days": [1, 2], "probability": [0.8, 0.2]})
    >>> true_transit(known)["probability"].round(9).to_list()
    [0.4, 0.5, 0.1]
    """
    late = transit.filter(pl.col("service") == SLOWER)
    moved = late.with_columns(pl.col("days") + 1, pl.col("probability") * SLOWER_SHARE)
    stayed = late.with_columns(pl.col("probability") * (1.0 - SLOWER_SHARE))
    now = pl.concat([stayed, moved]).group_by("service", "zone", "days").agg(pl.col("probability").sum())
    return pl.concat([transit.filter(pl.col("service") != SLOWER), now]).sort("service", "zone", "days")


def deliveries_frame(
    sites: tuple[Site, ...], transit: pl.DataFrame, opens_at: datetime, count: int, rng: np.random.Generator
) -> pl.DataFrame:
    """`tables.Deliveries`: about `count` parcels of the last `DAYS` days; those not delivered by `opens_at` are under way.

    A parcel leaves on a working day of its node an hour or two after the cut-off, to a place by its people and its
    nearness, by a service that goes there, and takes whole calendar days by `transit`, since lately by `true_transit`;
    dates of the two scans are the same in UTC as at both ends. Nothing but service and zone matters.
    """
    as_of = opens_at.date()
    site, place = _lanes(sites, count, rng)
    zone = _zones(sites)[site, place]
    ago = rng.integers(1, DAYS + 1, count)
    then, now = _times(transit), _times(true_transit(transit))
    chance, spell, minute = rng.random(count), rng.uniform(1.0, 2.5, count), rng.integers(15 * 60, 23 * 60, count)
    which, suffix = rng.random(count), rng.integers(1, 100, (2, count))
    rows = []
    for k in range(count):
        node, to = sites[int(site[k])], METROS[int(place[k])]
        offered = [s for s in node.services if (s, int(zone[k])) in then]
        if not offered:
            continue
        service = offered[int(which[k] * len(offered))]
        ship_on = _working_day(node, as_of - timedelta(days=int(ago[k])))
        if ship_on >= as_of:
            continue
        lately = (as_of - ship_on).days <= SLOWER_DAYS
        days, cumulated = (now if lately else then)[service, int(zone[k])]
        took = int(days[min(int(np.searchsorted(cumulated, chance[k], side="right")), days.size - 1)])
        arrived = datetime.combine(ship_on + timedelta(days=took), time(), opens_at.tzinfo)
        arrived += timedelta(minutes=int(minute[k]))
        told_days, told = then[service, int(zone[k])]
        promised = int(told_days[int(np.searchsorted(told, PROMISED - 1e-9, side="left"))])
        rows.append(
            (
                service,
                node.node,
                node.postal_code,
                f"{to.zip3}{int(suffix[0, k]):02}",
                _after_cutoff(node, ship_on, float(spell[k]), opens_at),
                arrived if arrived < opens_at else None,
                ship_on + timedelta(days=promised),
            )
        )
    columns = {name: kind for name, kind in DELIVERIES.items() if name != "parcel"}
    return (
        pl.DataFrame(rows, schema=columns, orient="row")
        .sort("shipped_at", "origin", "service", "destination_postal_code", maintain_order=True)
        .with_columns(parcel=pl.lit("1Z") + pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(7))
        .select(list(DELIVERIES))
    )


def _zones(sites: tuple[Site, ...]) -> npt.NDArray[np.int64]:
    """Zone from each node to each place between the middles of their postal areas, shape ``(node, place)``."""
    areas = {m.zip3: m for m in METROS}
    docks = [areas.get(s.postal_code[:3], s) for s in sites]
    return distance_zone(
        haversine_miles(
            np.array([[d.latitude] for d in docks]),
            np.array([[d.longitude] for d in docks]),
            np.array([m.latitude for m in METROS]),
            np.array([m.longitude for m in METROS]),
        )
    )


def _lanes(
    sites: tuple[Site, ...], count: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Node and place of each parcel: places by people, and from each node the nearer the more."""
    people = np.array([m.people for m in METROS], dtype=np.float64)
    weight = people / _zones(sites)
    pair = rng.choice(weight.size, count, p=(weight / weight.sum()).ravel())
    return pair // len(METROS), pair % len(METROS)


def _times(transit: pl.DataFrame) -> dict[tuple[str, int], tuple[npt.NDArray[np.int64], Floats]]:
    """Days and cumulated probabilities of each service and zone."""
    found = {}
    for (service, zone), part in transit.sort("days").group_by("service", "zone", maintain_order=True):
        found[str(service), int(zone)] = part["days"].to_numpy(), part["probability"].cum_sum().to_numpy()
    return found


def _working_day(site: Site, day: date) -> date:
    while str(day.isoweekday()) not in site.working_days:
        day += timedelta(days=1)
    return day


def _after_cutoff(site: Site, day: date, hours: float, opens_at: datetime) -> datetime:
    hour, minute = (int(part) for part in site.cutoff.split(":"))
    local = datetime.combine(day, time(hour, minute), ZoneInfo(site.timezone)) + timedelta(minutes=round(60 * hours))
    return local.astimezone(opens_at.tzinfo)
