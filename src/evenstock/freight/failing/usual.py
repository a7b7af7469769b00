"""How long parcels of a service usually take on a lane, and how many of them never come: what failing is held against.

Each level is drawn to the one above it as if that were `LEAN` parcels: lane, service and zone, service, all. A weekday of
hand-over changes the days of a lane as it does those of its service and zone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from evenstock.freight.failing.evidence import Evidence, Flags, Floats, Ints

LONGEST: Final = 30
"""Last day told apart; what takes longer counts on it."""
NEVER: Final = LONGEST + 1
"""Column of what never comes."""
SETTLED_DAYS: Final = 21
"""A parcel that is out longer than this is taken to be lost, and one handed over before it speaks of what is usual."""
REFERENCE_DAYS: Final = 150
"""How far back what is usual is learned."""
LEAN: Final = 30.0
FLOOR: Final = 2e-3
"""Share spread over all days: even a day on which nothing ever came is not beyond belief."""
USUALLY_LOST: Final = 0.003
USUALLY_DAMAGED: Final = 0.003
"""Shares believed before anything is known, worth `LEAN` parcels each."""


@dataclass(frozen=True, slots=True, eq=False)
class Usual:
    """Shares by day, learned from parcels of the past; the codes are those of the evidence it was learned from."""

    sizes: tuple[int, int, int]
    """Services, origins, areas."""
    by_service: Floats
    """Shape ``(service, NEVER + 1)``."""
    zones: Ints
    """Keys ``service * 1000 + zone`` that were seen, sorted."""
    by_zone: Floats
    tilt: Floats
    """How a weekday of hand-over changes them, shape ``(zone key, 7, NEVER + 1)``."""
    lanes: Ints
    """Keys of service, origin and area that were seen, sorted."""
    by_lane: Floats
    damaged: Floats
    """Share damaged, shape ``(service,)``."""
    parcels: int

    def table(self, service: Ints, origin: Ints, area: Ints, zone: Ints, weekday: Ints) -> Floats:
        """Share delivered after 0, 1, … `LONGEST` days, and never; shape ``(row, NEVER + 1)``, each row adds up to 1."""
        found = self.by_service[service].copy()
        at, seen = _place(self.zones, _zone_key(service, zone))
        found[seen] = self.by_zone[at[seen]]
        lane, known = _place(self.lanes, _lane_key(self.sizes, service, origin, area))
        found[known] = self.by_lane[lane[known]]
        found[seen] *= self.tilt[at[seen], weekday[seen]]
        return _proper(found)


def usual(evidence: Evidence, *, excluded: Flags | None = None, damage_known: bool = False) -> Usual:
    """Learn from parcels handed over between `REFERENCE_DAYS` and `SETTLED_DAYS` before the morning.

    Parameters
    ----------
    excluded
        Parcels left out, such as those of a failing that was found before, shape ``(parcel,)``.
    damage_known
        Whether damage is reported at all; if not, shares of damage are those believed beforehand.

    Raises
    ------
    ValueError
        If no parcel speaks of it.
    """
    age = evidence.morning - evidence.handed_over
    rows = (age > SETTLED_DAYS) & (age <= REFERENCE_DAYS)
    if excluded is not None:
        rows &= ~excluded
    row = np.flatnonzero(rows)
    if not row.size:
        raise ValueError(
            f"no parcel was handed over {SETTLED_DAYS + 1} to {REFERENCE_DAYS} days before {evidence.as_of}:"
            " nobody knows yet what is usual"
        )
    service, zone, weekday = evidence.service[row], evidence.zone[row], evidence.weekday[row]
    came = evidence.delivered[row] & ~evidence.lost[row]
    column = np.where(came, np.minimum(evidence.days[row], LONGEST), NEVER)
    sizes = (len(evidence.services), len(evidence.origins), len(evidence.areas))
    before = np.full(NEVER + 1, (1.0 - USUALLY_LOST) / (LONGEST + 1))
    before[NEVER] = USUALLY_LOST
    everything = _drawn(_counts(np.zeros_like(row), column, 1), before[None, :])
    by_service = _drawn(_counts(service, column, sizes[0]), np.repeat(everything, sizes[0], axis=0))
    zones, of_zone = np.unique(_zone_key(service, zone), return_inverse=True)
    by_zone = _drawn(_counts(of_zone, column, zones.size), by_service[zones // _ZONES])
    daily = _counts(of_zone * 7 + weekday, column, zones.size * 7)
    tilt = _drawn(daily, np.repeat(by_zone, 7, axis=0)).reshape(-1, 7, NEVER + 1) / by_zone[:, None, :]
    lanes, first, of_lane = np.unique(
        _lane_key(sizes, service, evidence.origin[row], evidence.area[row]), return_index=True, return_inverse=True
    )
    by_lane = _drawn(_counts(of_lane, column, lanes.size), by_zone[of_zone[first]])
    hurt = np.bincount(service, evidence.damaged[row], sizes[0]) if damage_known else np.zeros(sizes[0])
    seen = np.bincount(service, minlength=sizes[0]) if damage_known else np.zeros(sizes[0])
    damaged = (hurt + LEAN * USUALLY_DAMAGED) / (seen + LEAN)
    return Usual(sizes, by_service, zones, by_zone, tilt, lanes, by_lane, damaged, int(row.size))


_ZONES: Final = 1000


def _zone_key(service: Ints, zone: Ints) -> Ints:
    key: Ints = service * _ZONES + np.maximum(zone, -1) % _ZONES
    return key


def _lane_key(sizes: tuple[int, int, int], service: Ints, origin: Ints, area: Ints) -> Ints:
    return (service * sizes[1] + origin) * sizes[2] + area


def _place(known: Ints, asked: Ints) -> tuple[Ints, Flags]:
    at = np.minimum(np.searchsorted(known, asked), known.size - 1)
    return at, known[at] == asked


def _counts(group: Ints, column: Ints, groups: int) -> Floats:
    width = NEVER + 1
    counted: Floats = np.bincount(group * width + column, minlength=groups * width).reshape(groups, width).astype(float)
    return counted


def _drawn(counts: Floats, towards: Floats) -> Floats:
    """Posterior mean of a Dirichlet whose prior is `towards`, worth `LEAN` parcels."""
    drawn: Floats = (counts + LEAN * towards) / (counts.sum(axis=1, keepdims=True) + LEAN)
    return drawn


def _proper(share: Floats) -> Floats:
    share = share / share.sum(axis=1, keepdims=True)
    proper: Floats = (1.0 - FLOOR) * share + FLOOR / (NEVER + 1)
    return proper
