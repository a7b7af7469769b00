"""What the carbon of a unit's way to the customer costs: weight by great-circle distance by the intensity of its mode.

The company says what a tonne is worth; where it says nothing, or a place is unknown, nothing is charged. A service flies
where its card or its name says so. Each unit's cost is rounded half up to a whole cent: on the road that is a cent or none for most
parcels, so that the term mostly tells air from road, and far from near for heavy goods. Charged is what is burnt on the way,
tank to wheel in whole grams a tonne-kilometre; reports tell well to wheel, too (`evenstock.freight.carbon`, which names sources).
"""

from __future__ import annotations

from functools import cache

import numpy as np

from evenstock.freight.carbon import FACTORS, service_mode
from evenstock.routing.term import Charge, Offer

NAME = "carbon"


def term(offer: Offer) -> Charge:
    price = offer.costs.carbon_cents_per_tonne
    if not price or offer.km is None:
        return Charge()
    ways = offer.candidates.ways
    intensity = np.array([grams_a_tonne_km(way.service, offer.modes.get(way.service, "")) for way in ways], np.int64)
    weight_g = np.array([item.weight_g for item in offer.candidates.items], np.int64)
    # Whole kilometres and milligrams: the same cents on every machine.
    mg = (intensity * np.rint(np.nan_to_num(offer.km)).astype(np.int64))[:, None] * weight_g // 1_000
    return Charge(unit_cents=(mg * price + 500_000_000) // 1_000_000_000)


@cache
def grams_a_tonne_km(service: str, mode: str = "") -> int:
    """Of a service, by the mode its card states, else by its name.

    Examples
    --------
    >>> [grams_a_tonne_km(s) for s in ("ups:ground", "ups:two_day", "fedex:priority_overnight", "fairway:economy")]
    [116, 625, 625, 116]
    >>> grams_a_tonne_km("ups:two_day", "parcel")
    116
    """
    return FACTORS[service_mode(service, {service: mode} if mode else None)].grams
