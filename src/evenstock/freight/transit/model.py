"""The distribution of days from carrier hand-over to delivery, by service and lane, learned from scans."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt

from evenstock.distributions import day_table, durations
from evenstock.freight.distance import haversine_km
from evenstock.freight.transit.pace import clock, weekday_pace
from evenstock.freight.transit.scans import LONGEST_SCAN_DAYS, Scans
from evenstock.freight.zones import area

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
ZoneOf = Callable[[str, str], int | None]

LONGEST_DAYS: Final = 120
"""Last day of a table, as in `tables.Transit`; it holds what takes longer."""
SHIFT: Final = 0.25
"""Days added before the logarithm, so that the day of hand-over has one."""
LEVEL_HALF_LIFE_DAYS: Final = durations.LEVEL_HALF_LIFE_DAYS
FEWEST: Final = 5
"""Parcels that a group needs to have an effect of its own; below, its parents speak for it."""
FACTORS: Final = (
    "service",
    "service and zone",
    "origin, 1 character",
    "origin, 2 characters",
    "origin, 3 characters",
    "destination, 1 character",
    "destination, 2 characters",
    "destination, 3 characters",
    "1 to 1 character",
    "service and lane",
)
"""Groups that a parcel belongs to, by postal code; each is drawn to what the others say."""


@dataclass(frozen=True, slots=True, eq=False)
class TransitModel:
    """What scans say about days under way, as of a morning."""

    as_of: date
    durations: durations.DurationModel
    groups: tuple[Mapping[str, int], ...]
    """For each of `FACTORS`, the number of each group that has an effect."""
    services: Mapping[str, int]
    ends: Floats
    """Carrier's clock at the end of each day, see `pace.clock`; the last service stands for those never seen."""
    weekdays: Floats
    """Share of parcels handed over on each day of the week, shape ``(7,)``."""
    places: Mapping[str, tuple[float, float]]
    usual_log_km: float
    zone: ZoneOf | None

    def shares(
        self,
        service: Sequence[str],
        origin: Sequence[str],
        destination: Sequence[str],
        weekday: npt.ArrayLike | None = None,
    ) -> Floats:
        """Share of parcels delivered after 0, 1, … calendar days, shape ``(row, LONGEST_DAYS + 1)``; each row makes 1.

        Parameters
        ----------
        service, origin, destination
            Names and postal codes, one a row. What was never seen falls back to what it is part of.
        weekday
            Of the hand-over, Monday 0; None averages over the days on which parcels were handed over.
        """
        codes, covariates = self._rows(service, origin, destination)
        group = np.array([self.services.get(name, len(self.services)) for name in service], dtype=np.int64)
        if weekday is not None:
            return self._on(codes, covariates, group, np.broadcast_to(np.asarray(weekday), group.shape))
        mixed = np.zeros((group.size, LONGEST_DAYS + 1))
        for day in np.flatnonzero(self.weekdays):
            mixed += self.weekdays[day] * self._on(codes, covariates, group, np.full(group.size, day))
        return mixed

    def basis(self, service: str, origin: str, destination: str) -> tuple[str, ...]:
        """Which groups of `FACTORS` speak for a lane; empty where only the mean of all does."""
        found = _keys(service, origin, destination, self.zone)
        return tuple(
            name
            for name, key, known in zip(FACTORS, found, self.groups, strict=True)
            if key is not None and key in known
        )

    def _on(self, codes: Ints, covariates: Floats, group: Ints, weekday: Ints) -> Floats:
        ends = self.ends[group, weekday, 1 : LONGEST_DAYS + 2]
        return day_table.shares(self.durations.share_by(np.log(SHIFT + ends), codes, covariates, group))

    def _rows(self, service: Sequence[str], origin: Sequence[str], destination: Sequence[str]) -> tuple[Ints, Floats]:
        keys = [_keys(*row, self.zone) for row in zip(service, origin, destination, strict=True)]
        codes = np.array(
            [
                [-1 if k is None else known.get(k, -1) for k, known in zip(row, self.groups, strict=True)]
                for row in keys
            ],
            dtype=np.int64,
        ).reshape(-1, len(FACTORS))
        return codes, _covariates(origin, destination, self.places, self.usual_log_km)


def learn(
    scans: Scans,
    *,
    places: Mapping[str, tuple[float, float]] | None = None,
    zone: ZoneOf | None = None,
    level_half_life_days: float = LEVEL_HALF_LIFE_DAYS,
    residual_half_life_days: float | None = None,
) -> TransitModel:
    """Learn how long parcels take.

    The logarithm of the days on the carrier's clock is a sum of effects of service, zone, postal areas and distance; what
    it leaves is weighted by recency, so that a network that got faster is believed within two weeks.

    Parameters
    ----------
    places
        Latitude and longitude by postal area (first three characters); None leaves distance out.
    zone
        Zone between two postal codes, such as `RateBook.zone`.

    Raises
    ------
    ValueError
        If no parcel has arrived yet.
    """
    if not scans.delivered.any():
        raise ValueError(
            f"no parcel of {len(scans.parcel):,} had arrived before {scans.as_of}: keep the imported transit table"
        )
    services = {name: k for k, name in enumerate(sorted(set(scans.service)))}
    group = np.array([services[name] for name in scans.service], dtype=np.int64)
    weight = 0.5 ** (scans.age_days / level_half_life_days)
    pace = weekday_pace(scans.weekday, scans.days, scans.delivered, weight, group)
    # A service never seen works as the average one does.
    ends = clock(np.vstack([pace, pace.mean(axis=0)]), LONGEST_SCAN_DAYS)
    begin, end = ends[group, scans.weekday, scans.days], ends[group, scans.weekday, scans.days + 1]
    # A delivered parcel came in the middle of its day as far as anyone knows; the others have outlasted theirs.
    log_time = np.log(SHIFT + np.where(scans.delivered, (begin + end) / 2, end))
    groups, codes = _grouped(scans, zone)
    usual, covariates = _distances(scans, places or {})
    learned = durations.learn(
        log_time,
        scans.delivered,
        scans.age_days.astype(np.float64),
        codes,
        [len(known) for known in groups],
        covariates,
        group,
        level_half_life_days=level_half_life_days,
        residual_half_life_days=residual_half_life_days,
    )
    weekdays = np.bincount(scans.weekday, weight, 7) / weight.sum()
    return TransitModel(scans.as_of, learned, groups, services, ends, weekdays, dict(places or {}), usual, zone)


def _keys(service: str, origin: str, destination: str, zone: ZoneOf | None) -> tuple[str | None, ...]:
    """The group of a parcel in each of `FACTORS`; None where it is in none."""
    here, there = area(origin), area(destination)
    crossed = None if zone is None else zone(origin, destination)
    return (
        service,
        None if crossed is None else f"{service} {crossed}",
        here[:1],
        here[:2],
        here,
        there[:1],
        there[:2],
        there,
        f"{here[:1]} {there[:1]}",
        f"{service} {here} {there}",
    )


def _grouped(scans: Scans, zone: ZoneOf | None) -> tuple[tuple[Mapping[str, int], ...], Ints]:
    """Groups with enough parcels, numbered by name, and each parcel's number; -1 for the others."""
    remembered: dict[tuple[str, str, str], tuple[str | None, ...]] = {}
    rows = list(zip(scans.service, scans.origin, scans.destination, strict=True))
    for row in rows:
        if row not in remembered:
            remembered[row] = _keys(*row, zone)
    groups, codes = [], np.full((len(rows), len(FACTORS)), -1, dtype=np.int64)
    for j in range(len(FACTORS)):
        keys = [remembered[row][j] for row in rows]
        count: dict[str, int] = {}
        for key in keys:
            if key is not None:
                count[key] = count.get(key, 0) + 1
        known = {key: k for k, key in enumerate(sorted(key for key, n in count.items() if n >= FEWEST))}
        groups.append(known)
        codes[:, j] = [-1 if key is None else known.get(key, -1) for key in keys]
    return tuple(groups), codes


def _distances(scans: Scans, places: Mapping[str, tuple[float, float]]) -> tuple[float, Floats]:
    log_km = _log_km(scans.origin, scans.destination, places)
    known = np.isfinite(log_km)
    usual = float(log_km[known].mean()) if known.any() else 0.0
    return usual, _covariates(scans.origin, scans.destination, places, usual)


def _covariates(
    origin: Sequence[str], destination: Sequence[str], places: Mapping[str, tuple[float, float]], usual: float
) -> Floats:
    """One, log distance and its square, both around what is usual; an unknown distance is the usual one."""
    log_km = _log_km(origin, destination, places)
    apart = np.where(np.isfinite(log_km), log_km - usual, 0.0)
    return np.stack([np.ones_like(apart), apart, apart**2], axis=1)


def _log_km(origin: Sequence[str], destination: Sequence[str], places: Mapping[str, tuple[float, float]]) -> Floats:
    """Log of distance plus the 50 km that any parcel pays for pick-up and delivery; NaN where a place is unknown."""
    nowhere = (np.nan, np.nan)
    here = np.array([places.get(area(code), nowhere) for code in origin]).reshape(-1, 2)
    there = np.array([places.get(area(code), nowhere) for code in destination]).reshape(-1, 2)
    log_km: Floats = np.log(50.0 + haversine_km(here[:, 0], here[:, 1], there[:, 0], there[:, 1]))
    return log_km
