"""Who should be served from where: postal areas that share their home node for every kind of goods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from evenstock.freight.distance import haversine_miles
from evenstock.freight.zones import distance_zone
from evenstock.simulation.places import METROS
from evenstock.simulation.sites import Site

KINDS: Final = ("", "hazmat", "cold")
"""Certifications that goods may need."""
MARKETPLACE_SHARE: Final = 0.12
"""Of demand comes through marketplaces, which Amazon's node should serve where the network has one."""


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """Customers for whom every kind of goods has the same home."""

    marketplace: bool
    home: tuple[int, ...]
    """Index of the node that should serve each of `KINDS`."""
    places: npt.NDArray[np.int64]
    """Indices into METROS."""
    weight: npt.NDArray[np.float64]
    """Share of the market's people in each place, adding up to 1."""
    share: float
    """Of the country's demand."""


def markets(sites: tuple[Site, ...]) -> tuple[Market, ...]:
    """Markets of a network: the home of a place is the lawful node in the lowest zone, then the nearest."""
    people = np.array([m.people for m in METROS], dtype=np.float64)
    people /= people.sum()
    near = _nearness(sites)
    amazon = next((k for k, s in enumerate(sites) if s.kind == "mcf"), None)
    channels = [(False, 1.0)] if amazon is None else [(False, 1.0 - MARKETPLACE_SHARE), (True, MARKETPLACE_SHARE)]
    found = []
    for marketplace, share in channels:
        homes: dict[tuple[int, ...], list[int]] = {}
        for place in range(len(METROS)):
            home = tuple(_home(sites, near[:, place], kind, amazon if marketplace else None) for kind in KINDS)
            homes.setdefault(home, []).append(place)
        for home, places in sorted(homes.items()):
            here = people[places]
            found.append(Market(marketplace, home, np.array(places), here / here.sum(), float(here.sum() * share)))
    return tuple(found)


def _nearness(sites: tuple[Site, ...]) -> npt.NDArray[np.float64]:
    """Zone, and within a zone miles, as one number; shape ``(node, place)``."""
    areas = {m.zip3: m for m in METROS}
    docks = [areas.get(s.postal_code[:3], s) for s in sites]
    miles = haversine_miles(
        np.array([[d.latitude] for d in docks]),
        np.array([[d.longitude] for d in docks]),
        np.array([m.latitude for m in METROS]),
        np.array([m.longitude for m in METROS]),
    )
    return distance_zone(miles) * 10_000.0 + miles


def _home(sites: tuple[Site, ...], near: npt.NDArray[np.float64], kind: str, amazon: int | None) -> int:
    lawful = [k for k, s in enumerate(sites) if not kind or kind in s.certifications]
    if amazon is not None and amazon in lawful:
        return amazon
    return min((k for k in lawful if sites[k].kind != "mcf"), key=lambda k: near[k])
