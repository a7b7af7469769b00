"""How far two places are apart over the ground."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

EARTH_RADIUS_KM: Final = 6371.0088
"""Mean radius R1 of the WGS 84 ellipsoid (IUGG); a sphere is wrong by at most 0.56 %."""
KM_PER_MILE: Final = 1.609344


def haversine_km(
    latitude: ArrayLike, longitude: ArrayLike, to_latitude: ArrayLike, to_longitude: ArrayLike
) -> NDArray[np.float64]:
    """Great-circle distance in km on the mean sphere; degrees in, arrays broadcast.

    References
    ----------
    Sinnott (1984), Virtues of the haversine, Sky and Telescope 68, 159.

    Examples
    --------
    Nashville to Los Angeles airports, the usual check (2886.44 km with a radius of 6371.0 km, 2887.26 with 6372.8):

    >>> round(float(haversine_km(36.12, -86.67, 33.94, -118.40)), 1)
    2886.4
    """
    phi, to_phi = np.radians(latitude), np.radians(to_latitude)
    half_phi = (to_phi - phi) / 2
    half_lambda = (np.radians(to_longitude) - np.radians(longitude)) / 2
    chord = np.sin(half_phi) ** 2 + np.cos(phi) * np.cos(to_phi) * np.sin(half_lambda) ** 2
    km: NDArray[np.float64] = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(chord, 1.0)))
    return km


def haversine_miles(
    latitude: ArrayLike, longitude: ArrayLike, to_latitude: ArrayLike, to_longitude: ArrayLike
) -> NDArray[np.float64]:
    """The same in statute miles, which US zones are defined in."""
    return haversine_km(latitude, longitude, to_latitude, to_longitude) / KM_PER_MILE
