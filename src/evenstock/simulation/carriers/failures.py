"""What becomes of each parcel: its usual days, incidents of a day, and carriers that fail on a lane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

USUALLY_LOST: Final = 0.004
INCIDENT: Final = 0.012
"""Chance that what a carrier takes over at a node for a region on a day is delayed."""
STORM: Final = 0.003
"""Chance that a storm begins over a region: two days' parcels of every carrier are delayed."""
ODD_LANE: Final = 0.06
"""Mean share of a lane's parcels that take a day more than those of its zone."""
DAYS: Final = 40
"""Columns of a table of days."""


class Pattern(StrEnum):
    """How the carrier fails; the detector knows none of these by name."""

    SLOWER = "two days slower"
    LOSING = "15 % lost"
    NO_WEEKENDS = "nothing at weekends"


@dataclass(frozen=True, slots=True)
class Failure:
    """A carrier that fails from an origin to places whose postal codes begin so."""

    services: tuple[str, ...]
    origin: str
    areas: tuple[str, ...]
    pattern: Pattern
    first: int
    """First day of hand-over, counted from 1970-01-01."""
    last: int


@dataclass(frozen=True, slots=True, eq=False)
class Sent:
    """Parcels handed over, by number of service, origin and area in the lists of `Ways`, with what chance has in store."""

    service: Ints
    origin: Ints
    area: Ints
    zone: Ints
    handed_over: Ints
    luck: Floats
    """Uniform: for its days, for being lost, for being hit by an incident, shape ``(parcel, 3)``."""


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """The country's services, docks and postal areas with their true transit times."""

    services: tuple[str, ...]
    origins: tuple[str, ...]
    areas: tuple[str, ...]
    chances: Floats
    """Cumulated probability of 0, 1, … days by service and zone, shape ``(service, zone, DAYS)``."""
    odd: Floats
    """Share of parcels that take a day more, shape ``(service, origin, area)``."""
    first: int
    """First day of `delay`."""
    delay: Ints
    """Days that an incident adds, shape ``(carrier, origin, region, day)``."""
    hit: Floats
    """Share of parcels that it hits, same shape."""

    @property
    def carrier(self) -> Ints:
        """Number of each service's carrier."""
        names = [name.partition(":")[0] for name in self.services]
        return np.array([sorted(set(names)).index(name) for name in names], np.int64)

    @property
    def region(self) -> Ints:
        """Number of each area's region: the first character."""
        return np.array([int(area[0]) for area in self.areas], np.int64)


def make_ways(
    services: Sequence[str],
    origins: Sequence[str],
    areas: Sequence[str],
    chances: Floats,
    *,
    first: int,
    days: int,
    rng: np.random.Generator,
) -> Ways:
    """Draw what is odd about lanes, and the incidents of `days` days from `first` on."""
    carriers = len({name.partition(":")[0] for name in services})
    shape = (carriers, len(origins), 10, days)
    odd = rng.beta(1.0, 1.0 / ODD_LANE - 1.0, (len(services), len(origins), len(areas)))
    struck = rng.random(shape) < INCIDENT
    storm = rng.random((10, days)) < STORM
    storm[:, 1:] |= storm[:, :-1]
    delay = np.where(struck | storm[None, None], rng.integers(1, 3, shape), 0)
    hit = np.where(rng.random(shape) < 0.5, 1.0, 0.5)
    return Ways(tuple(services), tuple(origins), tuple(areas), chances, odd, first, delay, hit)


def fate(ways: Ways, sent: Sent, failures: Sequence[Failure] = ()) -> tuple[Ints, Flags]:
    """Calendar days each parcel takes, and whether it is lost."""
    days = (sent.luck[:, 0, None] >= ways.chances[sent.service, sent.zone]).sum(axis=1)
    # One uniform serves for two events: what is left of it below a threshold is uniform again.
    lost = sent.luck[:, 1] < USUALLY_LOST
    days += (sent.luck[:, 1] > 1.0 - ways.odd[sent.service, sent.origin, sent.area]).astype(np.int64)
    at = (ways.carrier[sent.service], sent.origin, ways.region[sent.area], sent.handed_over - ways.first)
    days += np.where(sent.luck[:, 2] < ways.hit[at], ways.delay[at], 0)
    for failure in failures:
        of = met(ways, sent, failure)
        match failure.pattern:
            case Pattern.SLOWER:
                days = days + np.where(of, 2, 0)
            case Pattern.LOSING:
                lost = lost | (of & (sent.luck[:, 1] < 0.15))
            case Pattern.NO_WEEKENDS:
                arrives = (sent.handed_over + days + 3) % 7
                days = days + np.where(of & (arrives == 5), 2, np.where(of & (arrives == 6), 1, 0))
    return days.astype(np.int64), lost


def met(ways: Ways, sent: Sent, failure: Failure) -> Flags:
    """Parcels that a failure befalls."""
    services = np.array([name in failure.services for name in ways.services])
    areas = np.array([area.startswith(failure.areas) for area in ways.areas])
    origins = np.array([origin == failure.origin for origin in ways.origins])
    when = (sent.handed_over >= failure.first) & (sent.handed_over <= failure.last)
    befallen: Flags = services[sent.service] & areas[sent.area] & origins[sent.origin] & when
    return befallen
