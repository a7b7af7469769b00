"""Which services fail on which lanes, with a stated number of false alarms over the whole brand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from evenstock.freight.failing.evidence import NO_ZONE, Evidence, Flags, Floats, Ints, carrier_of
from evenstock.freight.failing.patterns import PATTERNS
from evenstock.freight.failing.statistic import (
    WINDOW_DAYS,
    Lately,
    damage_seen,
    lately,
    ratios,
    rows_of,
    since,
    strength,
)
from evenstock.freight.failing.usual import Usual, usual

QUARTER_DAYS: Final = 91
FALSE_A_QUARTER: Final = 2.0
"""False proposals a quarter that a brand puts up with, all lanes together."""
SLACK: Final = 12.0
"""How many times the bound of `detect` may be overdrawn: on failure-free simulated quarters (benchmarks/freight_override.py)
it leaves that much unused, since a cohort's worst incident is granted to whoever did not fail."""
WIDER: Final = 3_000.0
"""A failing reaches as far as the parcels beyond it speak for it by this much: more than two bad days of theirs do."""
EVEN: Final = 0.5
"""Part of a budget that is shared evenly; the rest goes by parcels, for more is lost where more is shipped."""
STILL_DAYS: Final = 14
STILL: Final = 60.0
"""What the parcels of the last fortnight alone must say for it, more than one bad day does: what was mended is not told."""
FEWEST: Final = 4
"""Parcels since its beginning without which no failing is told."""
NAMES: Final = {"service": 0.6, "carrier": 0.4}
EXTENTS: Final = {"area": 0.5, "region": 0.3, "zone": 0.12, "anywhere": 0.08}
"""From narrow to wide: three characters of the destination, one, its zone, all that a node ships; with the part of the
false alarms that each kind may make, as `NAMES`."""
PROBATION: Final = 0.2
"""Part of them that belongs to those on probation, where there are any."""


@dataclass(frozen=True, slots=True)
class Failing:
    """A service (or all services of a carrier) that fails from an origin to some destinations."""

    name: str
    """carrier:service, or the carrier alone."""
    services: tuple[str, ...]
    origin: str
    extent: str
    """Of `EXTENTS`."""
    areas: tuple[str, ...]
    """Beginnings of postal codes it reaches: one area or region, or the areas of a zone or node."""
    since: date
    """Hand-over from which it most likely fails."""
    earliest: date
    latest: date
    """Days of beginning that are not less than a tenth as likely as the likeliest."""
    pattern: str
    """What it does, in the words of the likeliest pattern."""
    weights: tuple[float, ...]
    """How likely each of `PATTERNS` is, given that it fails."""
    log_odds: float
    """Log of the evidence, see `statistic.strength`."""
    log_needed: float
    """Log of what was needed to tell it."""
    parcels: int
    """Handed over since, without those of `earliest` alone."""
    delivered: int
    outstanding: int
    """Still under way, or lost."""

    @property
    def key(self) -> tuple[str, str, str, tuple[str, ...]]:
        """What it is about, whenever it was seen."""
        return self.name, self.origin, self.extent, self.areas if len(self.areas) == 1 else (self.extent,)


def detect(
    evidence: Evidence,
    *,
    known: Sequence[Failing] = (),
    watched: Sequence[Failing] = (),
    false_a_quarter: float = FALSE_A_QUARTER,
    normal: Usual | None = None,
) -> tuple[Failing, ...]:
    """What fails as of the morning of the evidence, strongest first.

    Every service, and every carrier with all its services, is watched from each origin to each area, region and zone and
    anywhere. Each of these kinds has its part of the false alarms, and within it a cell has one by `EVEN` and its parcels.
    Were every cell told at its bound, the expected number of false alarms in a quarter of evenings would be at most
    `false_a_quarter` where usual shares are known and days are incidents as assumed. That bound is far from reached, so
    that it is overdrawn by `SLACK`, and what is then seen in simulated quarters is still below `false_a_quarter`.

    Parameters
    ----------
    known
        Failings told before: nothing is told of their parcels, and those since their beginning are left out of what is usual.
    watched
        Failings on probation, such as those whose override has just ended: they alone share `PROBATION`, so that one
        that goes on is seen within days.
    normal
        What is usual, where it was learned before; else it is learned from the evidence.

    Raises
    ------
    ValueError
        If nothing says what is usual, see `usual`, or `false_a_quarter` is not above zero.
    """
    if false_a_quarter <= 0:
        raise ValueError(f"false alarms a quarter are above zero, not {false_a_quarter}")
    damage = damage_seen(evidence)
    old = np.zeros(len(evidence), np.bool_)
    for before in known:
        old |= reached(evidence, before) & (evidence.handed_over >= _number(before.since))
    normal = normal or usual(evidence, excluded=old, damage_known=damage)
    found = lately(evidence, normal, damage_known=damage)
    if not found.row.size:
        return ()
    told: list[Failing] = []
    taken = np.zeros(len(evidence), np.bool_)
    for before in known:
        taken |= reached(evidence, before)
    budget = np.log(QUARTER_DAYS / (SLACK * false_a_quarter)) - (np.log1p(-PROBATION) if watched else 0.0)
    told += _again(evidence, found, watched, budget + np.log1p(-PROBATION), taken)
    for extent, of_extent in EXTENTS.items():
        for name, of_name in NAMES.items():
            told += _cells_told(evidence, found, (name, extent), budget - np.log(of_extent * of_name), taken)
    return tuple(sorted(told, key=lambda one: (one.log_needed - one.log_odds, one.key)))


def _cells_told(
    evidence: Evidence,
    found: Lately,
    kind: tuple[str, str],
    budget: float,
    taken: Flags,
) -> list[Failing]:
    """What cells of one kind tell, strongest first; their parcels are marked in `taken`."""
    cell, labels = _cells(evidence, *kind)
    open_to = np.where(taken[found.row], -1, cell[found.row])
    log_strength = strength(ratios(found, open_to, len(labels)))
    needed = budget - np.log(_part(cell, len(labels)))
    told: list[Failing] = []
    for c in np.argsort(needed - log_strength, kind="stable").tolist():
        if log_strength[c] < needed[c]:
            break
        if not _everywhere(evidence, found, open_to == c, float(needed[c]), kind[1]):
            continue
        alarm = _widest(evidence, found, labels[c], kind, taken)
        if alarm is None or (alarm[0] & ~taken)[found.row].sum() < FEWEST:
            continue
        mask, label, wider = alarm
        failing = _failing(evidence, found, mask & ~taken, label, wider, float(needed[c]))
        if failing is not None:
            told.append(failing)
            taken |= mask
    return told


def reached(evidence: Evidence, failing: Failing) -> Flags:
    """Parcels that a failing is about, whenever they were handed over, shape ``(parcel,)``."""
    services = np.isin(np.array(evidence.services), failing.services)
    areas = np.array([place.startswith(failing.areas) for place in evidence.areas], dtype=np.bool_)
    origins = np.array([origin == failing.origin for origin in evidence.origins], dtype=np.bool_)
    mask: Flags = services[evidence.service] & areas[evidence.area] & origins[evidence.origin]
    return mask


_Label = tuple[str, str, str]
"""Service or carrier, origin, and destination in the words of its extent."""


def _cells(evidence: Evidence, name: str, extent: str) -> tuple[Ints, list[_Label]]:
    """Cell of every parcel, -1 where it is in none, and what each cell is."""
    names = list(evidence.services) if name == "service" else [carrier_of(one) for one in evidence.services]
    known = sorted(set(names))
    who = np.array([known.index(one) for one in names], np.int64)[evidence.service]
    match extent:
        case "area":
            places, where = list(evidence.areas), evidence.area
        case "region":
            places = sorted({place[:1] for place in evidence.areas})
            where = np.array([places.index(place[:1]) for place in evidence.areas], np.int64)[evidence.area]
        case "zone":
            zones, where = np.unique(evidence.zone, return_inverse=True)
            places, where = [str(zone) for zone in zones.tolist()], where.astype(np.int64)
        case _:
            places, where = [""], np.zeros(len(evidence), np.int64)
    key = (who * len(evidence.origins) + evidence.origin) * len(places) + where
    cells, cell = np.unique(key, return_inverse=True)
    labels = [
        (known[k // len(places) // len(evidence.origins)], evidence.origins[k // len(places) % len(evidence.origins)],
         places[k % len(places)])
        for k in cells.tolist()
    ]  # fmt: skip
    unknown = extent == "zone"
    out: Ints = np.where(unknown & (evidence.zone == NO_ZONE), -1, cell).astype(np.int64)
    if name == "carrier":
        # A carrier of one service is that service.
        single = {c for c in known if names.count(c) == 1}
        out = np.where(np.array([label[0] in single for label in labels])[cell], -1, out)
    return out, labels


def _part(cell: Ints, cells: int) -> Floats:
    """Part of a kind's budget that each cell gets; they add up to 1."""
    parcels = np.bincount(cell[cell >= 0], minlength=cells).astype(float)
    there = parcels > 0
    even = np.where(there, 1.0 / max(int(there.sum()), 1), 0.0)
    part: Floats = np.maximum(EVEN * even + (1.0 - EVEN) * parcels / max(parcels.sum(), 1.0), 1e-12)
    return part


def _again(evidence: Evidence, found: Lately, watched: Sequence[Failing], budget: float, taken: Flags) -> list[Failing]:
    """Which failings on probation go on; their parcels are marked in `taken`."""
    told = []
    for before in watched:
        mask = reached(evidence, before) & ~taken
        if not mask[found.row].any():
            continue
        needed = float(budget - np.log(PROBATION / len(watched)))
        if strength(ratios(found, rows_of(found, mask), 1))[0] < needed:
            continue
        label = before.name, before.origin, before.areas[0]
        failing = _failing(evidence, found, mask, label, ("", before.extent), needed)
        if failing is not None:
            told.append(failing)
            taken |= mask
    return told


def _everywhere(evidence: Evidence, found: Lately, here: Flags, needed: float, extent: str) -> bool:
    """Whether a cell would be told without the part of it that speaks loudest: else that part alone fails.

    The part is an area of a region, and a region of what is wider: a storm lies over a region. `here` are the cell's
    parcels among those found.
    """
    if extent == "area":
        return True
    letters = 3 if extent == "region" else 1
    names = np.array([place[:letters] for place in evidence.areas])
    areas, of = np.unique(names[evidence.area[found.row]], return_inverse=True)
    loudest = strength(ratios(found, np.where(here, of, -1), areas.size)).argmax()
    rest = np.where(here & (of != loudest), 0, -1)
    return bool((rest == 0).any()) and bool(strength(ratios(found, rest, 1))[0] >= needed)


def _widest(
    evidence: Evidence, found: Lately, label: _Label, kind: tuple[str, str], taken: Flags
) -> tuple[Flags, _Label, tuple[str, str]] | None:
    """The widest cell around one that failed whose other parcels speak for a failing too."""
    mask, at = _mask(evidence, label, kind), (label, kind)
    for extent in list(EXTENTS)[list(EXTENTS).index(kind[1]) :]:
        for name in list(NAMES)[list(NAMES).index(kind[0]) :]:
            if (name, extent) == kind:
                continue
            wider = _around(evidence, mask, label, (name, extent))
            if wider is None:
                continue
            beyond = _mask(evidence, wider, (name, extent)) & ~mask & ~taken
            if not beyond[found.row].any():
                continue
            if strength(ratios(found, rows_of(found, beyond), 1))[0] >= np.log(WIDER):
                mask, at = mask | _mask(evidence, wider, (name, extent)), (wider, (name, extent))
                label, kind = at
    return (mask, *at) if mask[found.row].any() else None


def _mask(evidence: Evidence, label: _Label, kind: tuple[str, str]) -> Flags:
    who, origin, place = label
    names = evidence.services if kind[0] == "service" else evidence.carrier
    services = np.array([one == who for one in names], dtype=np.bool_)[evidence.service]
    match kind[1]:
        case "area" | "region":
            where = np.array([area.startswith(place) for area in evidence.areas], dtype=np.bool_)[evidence.area]
        case "zone":
            where = evidence.zone == int(place)
        case _:
            where = np.ones(len(evidence), np.bool_)
    origins = np.array([one == origin for one in evidence.origins], dtype=np.bool_)[evidence.origin]
    mask: Flags = services & where & origins
    return mask


def _around(evidence: Evidence, mask: Flags, label: _Label, kind: tuple[str, str]) -> _Label | None:
    """The cell of another kind that holds one; None where there is none, or it is no wider."""
    who, origin, place = label
    if kind[0] == "carrier":
        who = carrier_of(who)
        if evidence.carrier.count(who) == 1:
            return None
    match kind[1]:
        case "area":
            where = place
        case "region":
            where = place[:1]
        case "zone":
            zones = np.unique(evidence.zone[mask])
            if zones.size != 1 or zones[0] == NO_ZONE:
                return None
            where = str(int(zones[0]))
        case _:
            where = ""
    return who, origin, where


def _failing(
    evidence: Evidence, found: Lately, mask: Flags, label: _Label, kind: tuple[str, str], needed: float
) -> Failing | None:
    """What is to be told of a cell that failed."""
    ratio = ratios(found, rows_of(found, mask), 1)[:, 0]
    begun = since(ratio)
    still = np.logaddexp.reduce(begun[:, -STILL_DAYS:], axis=0).max() - np.log(len(begun))
    if still < np.log(STILL):
        return None
    weights = np.exp(np.logaddexp.reduce(begun, axis=1) - np.logaddexp.reduce(begun, axis=(0, 1)))
    by_day = np.logaddexp.reduce(begun, axis=0)
    shipped = np.bincount(found.day[mask[found.row]], minlength=WINDOW_DAYS) > 0
    by_day = np.where(shipped, by_day, -np.inf)
    likely = np.flatnonzero(by_day >= by_day.max() - np.log(10.0))
    first = evidence.as_of - timedelta(days=WINDOW_DAYS)
    best = int(by_day.argmax())
    rows = found.row[mask[found.row] & (found.day >= best)]
    if rows.size < FEWEST:
        return None
    services = tuple(sorted({evidence.services[k] for k in np.unique(evidence.service[mask]).tolist()}))
    areas = sorted({evidence.areas[k] for k in np.unique(evidence.area[mask]).tolist()})
    if kind[1] == "region":
        areas = [label[2]]
    came = evidence.delivered[rows] & ~evidence.lost[rows]
    return Failing(
        label[0], services, label[1], kind[1], tuple(areas), first + timedelta(days=best),
        first + timedelta(days=int(likely[0])), first + timedelta(days=int(likely[-1])),
        PATTERNS[int(weights.argmax())].name, tuple(weights.tolist()), float(strength(ratio[:, None])[0]), needed,
        int(rows.size), int(came.sum()), int((~came).sum()),
    )  # fmt: skip


def _number(day: date) -> int:
    return (day - date(1970, 1, 1)).days
