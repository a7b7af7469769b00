"""What one shipment emits on its way."""

from __future__ import annotations

from dataclasses import dataclass

from evenstock.freight.carbon.factors import (
    AIR_EXTRA_KM,
    EMPTY_SHARE,
    FACTORS,
    ROAD,
    ROAD_DETOUR,
    TRUCKS,
    USUAL_LOAD,
    VAN_MG_A_MILE,
    Mode,
)


@dataclass(frozen=True, slots=True)
class Emissions:
    """Grams of CO2 equivalent of a shipment, each rounded once, and where the numbers come from."""

    mode: Mode
    weight_g: int
    km: float
    """Travelled, as reckoned with."""
    tank_to_wheel_g: int
    well_to_wheel_g: int
    source: str
    year: int

    @property
    def sentence(self) -> str:
        """For a report.

        Examples
        --------
        >>> emissions(Mode.RAIL, 20_000_000, 1_000).sentence
        '20,000 kg over 1,000 km by rail: 369.2 kg CO2e well to wheel (303.8 kg tank to wheel)'
        """
        return (
            f"{self.weight_g / 1_000:,.0f} kg over {self.km:,.0f} km by {self.mode}: {self.well_to_wheel_g / 1_000:,.1f} kg CO2e "
            f"well to wheel ({self.tank_to_wheel_g / 1_000:,.1f} kg tank to wheel)"
        )


def emissions(mode: Mode, weight_g: int, km: float, *, load: float | None = None, stop_miles: float = 0.0) -> Emissions:
    """Weight by distance by the mode's intensity.

    Parameters
    ----------
    weight_g : of the goods with their packaging.
    km : travelled; `travelled_km` makes one of a great circle.
    load : share of a truck's capacity by weight that was used, above 0 up to 1, where it is known; fuller trucks emit less a
        tonne. None stands for the fleet's usual load.
    stop_miles : miles that the delivery van drives for this stop beyond its trunk, tour length over stops; 0 leaves them out.

    Raises
    ------
    ValueError
        If weight, distance or stop are below zero, or a load is given that is no share or to a mode that is no truck.

    Examples
    --------
    Ten pallets of 500 kg, 800 km by truck: 5 t x 800 km = 4,000 tkm at 115.953 g are 463.8 kg from tank to wheel, and 3.90 / 3.21
    of it, 563.5 kg, from well to wheel. In a truck filled to nine tenths instead of six it is 0.759 of it.

    >>> found = emissions(Mode.LTL, 5_000_000, 800)
    >>> found.tank_to_wheel_g, found.well_to_wheel_g
    (463812, 563508)
    >>> emissions(Mode.FTL, 5_000_000, 800, load=0.9).tank_to_wheel_g
    352072
    """
    if min(weight_g, km, stop_miles) < 0:
        raise ValueError(f"{mode}: weight, distance and miles of a stop cannot be below zero")
    if load is not None and mode not in TRUCKS:
        raise ValueError(f"{mode}: the load of a vehicle is asked of {', '.join(sorted(TRUCKS))} alone; leave it out")
    factor, scale = FACTORS[mode], 1.0 if load is None else load_factor(load)
    van_mg = VAN_MG_A_MILE * stop_miles
    van_upstream = FACTORS[Mode.PARCEL].well_to_wheel_mg / FACTORS[Mode.PARCEL].tank_to_wheel_mg
    tonne_km = weight_g / 1e6 * km
    return Emissions(
        mode,
        weight_g,
        km,
        int((factor.tank_to_wheel_mg * tonne_km * scale + van_mg) / 1_000 + 0.5),
        int((factor.well_to_wheel_mg * tonne_km * scale + van_mg * van_upstream) / 1_000 + 0.5),
        factor.source,
        factor.year,
    )


def load_factor(load: float) -> float:
    """What a tonne in a truck of this load emits over one at the usual load.

    A truck burns a part whatever it carries, `EMPTY_SHARE` of its consumption when full, and the rest by weight.

    Raises
    ------
    ValueError
        If the load is not above 0 and at most 1.

    Examples
    --------
    (0.61 + 0.39 x 0.9) / 0.9 = 1.0678 against (0.61 + 0.39 x 0.6) / 0.6 = 1.4067.

    >>> round(load_factor(0.9), 3), load_factor(0.6), round(load_factor(0.1), 3)
    (0.759, 1.0, 4.614)
    """
    if not 0.0 < load <= 1.0:
        raise ValueError(f"a truck is filled above 0 and to 1 at most, not to {load:g}")
    return ((EMPTY_SHARE + (1 - EMPTY_SHARE) * load) / load) / (
        (EMPTY_SHARE + (1 - EMPTY_SHARE) * USUAL_LOAD) / USUAL_LOAD
    )


def travelled_km(mode: Mode, great_circle_km: float) -> float:
    """Way travelled between two places: roads wind by a fifth, flights circle; rails and ships are left at the great circle.

    Give a route's own length where it is known: by rail and sea it is much longer than the great circle.

    Examples
    --------
    >>> travelled_km(Mode.LTL, 1_000), travelled_km(Mode.AIR, 1_000), travelled_km(Mode.RAIL, 1_000)
    (1200.0, 1095.0, 1000.0)
    """
    if mode in ROAD:
        return great_circle_km * ROAD_DETOUR
    if mode in {Mode.AIR, Mode.PARCEL_AIR}:
        return float(great_circle_km + AIR_EXTRA_KM)
    return float(great_circle_km)
