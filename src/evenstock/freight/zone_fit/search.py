"""Looks for the point that each place's parcels are reckoned from: a few sites on the ground, many places at one site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenstock.freight.distance import EARTH_RADIUS_KM, KM_PER_MILE

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

EARTH_RADIUS_MILES: Final = EARTH_RADIUS_KM / KM_PER_MILE
STEPS_MILES: Final = (32.0, 16.0, 8.0, 4.0)
"""Width of the lattice searched around a point, from coarse to fine."""
REACH: Final = 4
"""Lattice points to each side: the coarsest reaches 128 miles."""
ROUNDS: Final = 3
"""Passes over all sites and places at each width."""
NEAREST: Final = 16
"""Sites of other places that a place may join."""
OWN_SITE: Final = 3.0
"""Wrong pairs that a point of one's own must save: places of one sorting centre share its point."""
PULL_A_MILE: Final = 0.002
"""Wrong pairs that a mile away from the middle must save."""


def on_sphere(points: Floats) -> Floats:
    """Unit vectors of degrees ``(..., 2)``, shape ``(..., 3)``.

    Examples
    --------
    >>> on_sphere(np.array([[0.0, 90.0], [90.0, 0.0]])).round(9).tolist()
    [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    phi, lam = np.radians(points[..., 0]), np.radians(points[..., 1])
    return np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=-1)


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs of each place, end to end: place ``k`` has those from ``start[k]`` to ``start[k + 1]``; every pair stands at both ends."""

    start: Ints
    other: Ints
    nearest: Floats
    """Cosine of the shortest way that its zone allows, exclusive: a way is right where its cosine is below this"""
    farthest: Floats
    """and at or above this, the cosine of the longest way."""

    @classmethod
    def of(cls, origin: Ints, destination: Ints, band: Ints, bands_miles: Sequence[float], places: int) -> Pairs:
        """From pairs of place numbers with the number of their band, from 0."""
        edges = np.cos(
            np.concatenate([[0.0], np.asarray(bands_miles), [np.pi * EARTH_RADIUS_MILES]]) / EARTH_RADIUS_MILES
        )
        edges[0], edges[-1] = 2.0, -2.0
        here, there = np.concatenate([origin, destination]), np.concatenate([destination, origin])
        both = np.concatenate([band, band])
        order = np.argsort(here, kind="stable")
        start = np.searchsorted(here[order], np.arange(places + 1))
        return cls(start.astype(np.int64), there[order], edges[both[order]], edges[both[order] + 1])

    def wrong(self, places: Ints, candidates: Floats, vectors: Floats) -> Ints:
        """Pairs in the wrong zone if these places all lay at each candidate, vectors ``(candidate, 3)``; ``(candidate,)``."""
        rows = np.concatenate([np.arange(self.start[k], self.start[k + 1]) for k in places.tolist()])
        other = self.other[rows]
        rows = rows[~np.isin(other, places)] if len(places) > 1 else rows[other != places[0]]
        cosine = candidates @ vectors[self.other[rows]].T
        right: Ints = ((cosine < self.nearest[rows]) & (cosine >= self.farthest[rows])).sum(axis=1)
        return len(rows) - right


@dataclass(slots=True, eq=False)
class Search:
    """Points of places as they are found, by coordinate descent; nothing is drawn but the order of visits."""

    pairs: Pairs
    middle: Floats
    """Where the map says each place is, nan where it does not know; shape ``(place, 2)``."""
    points: Floats
    """Degrees, shape ``(place, 2)``."""
    vectors: Floats
    """The same as unit vectors, shape ``(place, 3)``."""
    site: Ints
    """Number of each place's site: places of one site share a point."""

    @classmethod
    def begin(cls, pairs: Pairs, middle: Floats) -> Search:
        """Every known place in its middle; one that no map knows where the known place lies that explains its pairs best."""
        known = np.flatnonzero(~np.isnan(middle[:, 0]))
        points = middle.copy()
        points[np.isnan(middle[:, 0])] = middle[known[0]]
        vectors = on_sphere(points)
        search = cls(pairs, middle, points, vectors, np.arange(len(middle)))
        for k in np.flatnonzero(np.isnan(middle[:, 0])).tolist():
            best = known[pairs.wrong(np.array([k]), vectors[known], vectors).argmin()]
            search._join(np.array([k]), int(best))
        return search

    def run(self, rng: np.random.Generator) -> None:
        """Move sites and let places change theirs, from coarse to fine, until nothing changes or the rounds are over."""
        for width in STEPS_MILES:
            for _ in range(ROUNDS):
                moved = sum(
                    self._move(np.flatnonzero(self.site == s), width) for s in rng.permutation(np.unique(self.site))
                )
                moved += sum(self._choose(k, width) for k in rng.permutation(len(self.points)).tolist())
                if not moved:
                    break

    def _move(self, places: Ints, width: float) -> bool:
        """The whole site to the lattice point around it with the fewest wrong pairs."""
        around = lattice(self.points[places[0]], width)
        cost = self.pairs.wrong(places, on_sphere(around), self.vectors) + self._pull(places, around)
        best = int(cost.argmin())
        if cost[best] >= cost[len(cost) // 2]:
            return False
        self.points[places], self.vectors[places] = around[best], on_sphere(around[best])
        return True

    def _choose(self, k: int, width: float) -> bool:
        """One place to the site of another nearby, or to a point of its own."""
        place = np.array([k])
        cosine = self.vectors @ self.vectors[k]
        cosine[self.site == self.site[k]] = -2.0
        near = np.argpartition(-cosine, min(NEAREST, len(cosine) - 1))[:NEAREST]
        near = np.sort(near[cosine[near] > -2.0])
        around = lattice(self.points[k], width)
        home = self.middle[place] if not np.isnan(self.middle[k, 0]) else self.middle[:0]
        points = np.concatenate([around, home, self.points[near]])
        cost = self.pairs.wrong(place, on_sphere(points), self.vectors) + self._pull(place, points)
        stays, shared = len(around) // 2, int((self.site == self.site[k]).sum()) > 1
        cost[: len(around)] += OWN_SITE
        if shared or (len(home) and (self.points[k] == home).all()):
            cost[stays] -= OWN_SITE
        best = int(cost.argmin())
        if cost[best] >= cost[stays]:
            return False
        joins = best - len(around) - len(home)
        if joins >= 0:
            self._join(place, int(near[joins]))
        else:
            self.site[k] = int(self.site.max()) + 1 if shared else self.site[k]
            self.points[k], self.vectors[k] = points[best], on_sphere(points[best])
        return True

    def _join(self, place: Ints, other: int) -> None:
        self.site[place], self.points[place], self.vectors[place] = (
            self.site[other],
            self.points[other],
            self.vectors[other],
        )

    def _pull(self, places: Ints, points: Floats) -> Floats:
        """Wrong pairs that the way from the middles of these places weighs, shape ``(point,)``."""
        known = places[~np.isnan(self.middle[places, 0])]
        cosine = np.clip(on_sphere(points) @ on_sphere(self.middle[known]).T, -1.0, 1.0)
        pull: Floats = PULL_A_MILE * EARTH_RADIUS_MILES * np.arccos(cosine).sum(axis=1)
        return pull


def lattice(point: Floats, width_miles: float) -> Floats:
    """A square of points around one, in degrees; the point itself stands in the middle of the list.

    Examples
    --------
    >>> around = lattice(np.array([60.0, 10.0]), 4.0)
    >>> len(around), around[len(around) // 2].tolist()
    (81, [60.0, 10.0])
    """
    steps = np.arange(-REACH, REACH + 1) * np.degrees(width_miles / EARTH_RADIUS_MILES)
    north, east = np.meshgrid(steps, steps / max(np.cos(np.radians(point[0])), 0.05), indexing="ij")
    around: Floats = point + np.stack([north.ravel(), east.ravel()], axis=1)
    return around
