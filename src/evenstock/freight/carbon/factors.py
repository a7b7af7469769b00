"""How much each mode emits for a tonne moved a kilometre, with the source and year of every number.

All are defaults for where a carrier says nothing better. They count CO2, CH4 and N2O with the warming potentials 28 and 265 of
IPCC AR5 (2013). *Tank to wheel* is what the vehicle burns, *well to wheel* adds what making its fuel emits: ISO 14083:2023 and
the GLEC Framework v3 (2023) report the latter and ask that the two be told apart. The numbers of EN 16258, of the UK Government
and of IFEU are quoted second hand: hold them against the originals before a report that others will audit.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

METHANE: Final = 28
"""Warming potential over 100 years, IPCC AR5."""
NITROUS_OXIDE: Final = 265
TONNE_KM_A_SHORT_TON_MILE: Final = 0.90718474 * 1.609344
"""1.45997."""


class Mode(StrEnum):
    """How goods travel."""

    PARCEL = "parcel"
    """By road in a carrier's network."""
    PARCEL_AIR = "parcel air"
    LTL = "ltl"
    FTL = "ftl"
    RAIL = "rail"
    BARGE = "barge"
    """On rivers and along coasts."""
    SEA = "sea"
    """In a container overseas."""
    AIR = "air"


@dataclass(frozen=True, slots=True)
class Fuel:
    """What burning a kilogram of a fuel emits, kg CO2e, EN 16258:2012, annex A, without bio shares."""

    tank_to_wheel: float
    well_to_wheel: float

    @property
    def upstream(self) -> float:
        """Well to wheel over tank to wheel."""
        return self.well_to_wheel / self.tank_to_wheel


DIESEL: Final = Fuel(3.21, 3.90)
JET: Final = Fuel(3.18, 3.88)
HEAVY_OIL: Final = Fuel(3.15, 3.41)


@dataclass(frozen=True, slots=True)
class Factor:
    """Intensity of one mode at its fleet's usual load, empty running included."""

    mode: Mode
    tank_to_wheel_mg: int
    """Milligrams of CO2 equivalent a tonne-kilometre."""
    well_to_wheel_mg: int
    source: str
    year: int

    @property
    def grams(self) -> int:
        """Tank to wheel in whole grams a tonne-kilometre: what routing charges for."""
        return (self.tank_to_wheel_mg + 500) // 1_000


def a_tonne_km(co2_kg: float, ch4_g: float, n2o_g: float) -> float:
    """Milligrams of CO2 equivalent a tonne-km from a table a short ton-mile.

    Examples
    --------
    A truck of the EPA's table: (168 + 0.0015 x 28 + 0.0047 x 265) g / 1.45997 = 115.95 g.

    >>> round(a_tonne_km(0.168, 0.0015, 0.0047))
    115953
    """
    grams = co2_kg * 1_000 + ch4_g * METHANE + n2o_g * NITROUS_OXIDE
    return grams * 1_000 / TONNE_KM_A_SHORT_TON_MILE


_EPA: Final = "US EPA, Emission Factors for Greenhouse Gas Inventories, table 8, scope 3 upstream transport"
_UPSTREAM: Final = "; well to wheel with {} of EN 16258:2012"
_UK: Final = "UK Government GHG Conversion Factors for Company Reporting, freighting goods, container ship, average"


def _factor(mode: Mode, mg: float, fuel: Fuel, name: str, source: str) -> Factor:
    return Factor(mode, round(mg), round(mg * fuel.upstream), source + _UPSTREAM.format(name), 2024)


_TRUCK: Final = a_tonne_km(0.168, 0.0015, 0.0047)
_AIRCRAFT: Final = a_tonne_km(0.905, 0.0, 0.0279)

FACTORS: Final = {
    factor.mode: factor
    for factor in (
        # The EPA gives one factor for medium and heavy trucks; it is taken for every road mode.
        _factor(Mode.PARCEL, _TRUCK, DIESEL, "diesel", f"{_EPA}, medium- and heavy-duty truck"),
        _factor(Mode.PARCEL_AIR, _AIRCRAFT, JET, "jet kerosene", f"{_EPA}, aircraft"),
        _factor(Mode.LTL, _TRUCK, DIESEL, "diesel", f"{_EPA}, medium- and heavy-duty truck"),
        _factor(Mode.FTL, _TRUCK, DIESEL, "diesel", f"{_EPA}, medium- and heavy-duty truck"),
        _factor(Mode.RAIL, a_tonne_km(0.022, 0.0017, 0.0005), DIESEL, "diesel", f"{_EPA}, rail"),
        _factor(Mode.BARGE, a_tonne_km(0.082, 0.0326, 0.0021), DIESEL, "diesel", f"{_EPA}, waterborne craft"),
        _factor(Mode.SEA, 16_100.0, HEAVY_OIL, "heavy fuel oil", _UK),
        _factor(Mode.AIR, _AIRCRAFT, JET, "jet kerosene", f"{_EPA}, aircraft"),
    )
}

ROAD: Final = frozenset({Mode.PARCEL, Mode.LTL, Mode.FTL})
TRUCKS: Final = frozenset({Mode.LTL, Mode.FTL})
"""Modes whose load a shipper may know."""

EMPTY_SHARE: Final = 0.61
"""Fuel of an empty 40-tonne truck over that of a full one, 22.6 and 37.1 l on 100 km: IFEU, EcoTransIT World methodology (2011)."""
USUAL_LOAD: Final = 0.60
"""Load of the capacity by weight that a truck's factor is taken to stand for: GLEC Framework v3 (2023), average goods."""
ROAD_DETOUR: Final = 1.20
"""Road over great circle in the United States: Ballou, Rahman and Sakagami (2002), Transportation Research A 36, 843-848."""
AIR_EXTRA_KM: Final = 95
"""Added to the great circle of a flight for climbing and waiting: EN 16258:2012; kept by ISO 14083:2023."""
VAN_MG_A_MILE: Final = round((0.955 * 1_000 + 0.026 * METHANE + 0.023 * NITROUS_OXIDE) * 1_000)
"""A delivery van's mile: light-duty truck of the same table of the EPA, a vehicle-mile."""
