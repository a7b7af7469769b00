"""What the carbon of a unit's way to the customer costs: weight by great-circle distance by the intensity of its mode.

The company says what a tonne is worth; where it says nothing, or a place is unknown, nothing is charged. A service flies
where its name says so. Each unit's cost is rounded half up to a whole cent: on the road that is a cent or none for most
parcels, so that the term mostly tells air from road, and far from near for heavy goods.

References
----------
US EPA, Emission Factors for Greenhouse Gas Inventories (2024), table 8: a medium or heavy truck 0.168 kg CO2, 0.0015 g CH4
and 0.0047 g N2O a short ton-mile, an aircraft 0.905 kg, 0 and 0.0279 g; with the warming potentials 28 and 265 of IPCC AR5
and 1.45997 tonne-km a short ton-mile that is 116 and 625 g CO2e a tonne-km, from tank to wheel. ISO 14083 allows great-circle
distance.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

import numpy as np

from evenstock.routing.term import Charge, Offer

NAME = "carbon"
ROAD: Final = 116
"""Grams of CO2 equivalent a tonne-km."""
AIR: Final = 625
_FLIES: Final = re.compile(
    r"(?:^|[^a-z0-9])(?:air|express|overnight|(?:next|one|two|second|1|2|2nd)[ _-]?day)(?:$|[^a-z0-9])"
)


def term(offer: Offer) -> Charge:
    price = offer.costs.carbon_cents_per_tonne
    if not price or offer.km is None:
        return Charge()
    intensity = np.array([grams_a_tonne_km(way.service) for way in offer.candidates.ways], np.int64)
    weight_g = np.array([item.weight_g for item in offer.candidates.items], np.int64)
    # Whole kilometres and milligrams: the same cents on every machine.
    mg = (intensity * np.rint(np.nan_to_num(offer.km)).astype(np.int64))[:, None] * weight_g // 1_000
    return Charge(unit_cents=(mg * price + 500_000_000) // 1_000_000_000)


@cache
def grams_a_tonne_km(service: str) -> int:
    """Of a service, by its name.

    Examples
    --------
    >>> [grams_a_tonne_km(s) for s in ("ups:ground", "ups:two_day", "fedex:priority_overnight", "fairway:economy")]
    [116, 625, 625, 116]
    """
    return AIR if _FLIES.search(service.rpartition(":")[2].lower()) else ROAD
