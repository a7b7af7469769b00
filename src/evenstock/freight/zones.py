"""Which zone a parcel crosses: from a chart, else from the distance between postal areas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evenstock.freight.distance import haversine_km, haversine_miles

US_BAND_MILES: Final = (50.0, 150.0, 300.0, 600.0, 1000.0, 1400.0, 1800.0)
"""Upper ends, inclusive, of zones 1 to 7; zone 8 lies beyond (USPS Domestic Mail Manual 608.9, UPS and FedEx alike).

USPS gives the freely associated Pacific states zone 9 and reckons from sorting centres, not from the middle of an area:
between plain ZIP3 centroids 84.7 % of its 2021 chart comes out equal and 99.9 % within one zone. A carrier's own chart
is always better, and `evenstock.freight.zone_fit` learns its points from part of one.
"""


def distance_zone(
    miles: ArrayLike, bands_miles: Sequence[float] = US_BAND_MILES, first_zone: int = 1
) -> NDArray[np.int64]:
    """Zones of these distances: by default the US ones, 1 to 8.

    Examples
    --------
    >>> distance_zone([0, 50, 50.1, 600, 601, 2500]).tolist()
    [1, 1, 2, 4, 5, 8]

    UPS ground knows no zone 1: its zone 2 ends at 150 miles.

    >>> distance_zone([0, 150, 151], US_BAND_MILES[1:], first_zone=2).tolist()
    [2, 2, 3]
    """
    found = np.searchsorted(np.asarray(bands_miles), np.asarray(miles, dtype=np.float64), side="left")
    return found.astype(np.int64) + first_zone


def area(postal_code: str) -> str:
    """First three characters of a postal code in capitals: ZIP3 in the US, forward sortation area in Canada."""
    return postal_code.strip()[:3].upper()


class ZoneMap:
    """Zones between postal areas; what is asked once is remembered."""

    def __init__(
        self,
        chart: Mapping[tuple[str, str], int] | None = None,
        places: Mapping[str, tuple[float, float]] | None = None,
        *,
        bands: Sequence[float] = US_BAND_MILES,
        first_zone: int = 1,
        beyond: Mapping[str, int] | None = None,
        middles: Mapping[str, tuple[float, float]] | None = None,
    ) -> None:
        """By chart, else by the distance of `places` in bands of miles; into `beyond` its zone whatever the distance.

        `middles` are where kilometres are reckoned from, if not from `places`: fitted points serve zones alone.
        """
        self._zones: dict[tuple[str, str], int | None] = dict(chart or {})
        self._places = dict(places or {})
        self._middles = self._places if middles is None else dict(middles)
        self._bands, self._first, self._beyond = tuple(bands), first_zone, dict(beyond or {})

    def zone(self, origin_postal: str, destination_postal: str) -> int | None:
        """By the chart where it has the pair, else by distance; None where a place is unknown."""
        pair = area(origin_postal), area(destination_postal)
        if pair not in self._zones:
            self._zones[pair] = self._by_distance(*pair)
        return self._zones[pair]

    def km(self, origin_postal: str, destination_postal: str) -> float | None:
        """Great-circle distance between the middles of two postal areas; None where a place is unknown."""
        here, there = self._middles.get(area(origin_postal)), self._middles.get(area(destination_postal))
        return None if here is None or there is None else float(haversine_km(*here, *there))

    def _by_distance(self, origin: str, destination: str) -> int | None:
        if destination in self._beyond:
            return self._beyond[destination]
        here, there = self._places.get(origin), self._places.get(destination)
        if here is None or there is None:
            return None
        return int(distance_zone(haversine_miles(*here, *there), self._bands, self._first))
