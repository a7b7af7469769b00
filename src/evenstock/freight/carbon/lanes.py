"""What many shipments emit, lane by lane, in one call."""

from __future__ import annotations

from typing import Final

import polars as pl

from evenstock.freight.carbon.factors import (
    AIR_EXTRA_KM,
    EMPTY_SHARE,
    FACTORS,
    ROAD,
    ROAD_DETOUR,
    TRUCKS,
    USUAL_LOAD,
    Mode,
)

NEEDED: Final = ("mode", "weight_g", "km")


def lane_emissions(shipments: pl.DataFrame, *, great_circle: bool = False) -> pl.DataFrame:
    """The same rows with columns travelled_km, tank_to_wheel_g, well_to_wheel_g, source and year; as `emissions` reckons each.

    Parameters
    ----------
    shipments : columns mode (a `Mode`), weight_g, km, and if known load (share of a truck's capacity, null where unknown).
    great_circle : whether km are great circles, to be stretched to the way travelled as `travelled_km` does.

    Raises
    ------
    ValueError
        If a column is missing, or a cell cannot be right: its row, counted from 1, and what to do are named.

    Examples
    --------
    >>> lanes = pl.DataFrame({"lane": ["TX > PA", "LA > TX"], "mode": ["ltl", "rail"], "weight_g": [5_000_000, 20_000_000],
    ...                       "km": [800.0, 1_000.0]})
    >>> lane_emissions(lanes)["well_to_wheel_g"].to_list()
    [563508, 369160]
    """
    lacking = [name for name in NEEDED if name not in shipments.columns]
    if lacking:
        raise ValueError(f"shipments: column {', '.join(lacking)} is missing; give {', '.join(NEEDED)}")
    rows = shipments if "load" in shipments.columns else shipments.with_columns(load=pl.lit(None, pl.Float64))
    _refuse(rows)
    mode = pl.col("mode").cast(pl.String)
    road, air = mode.is_in(sorted(ROAD)), mode.is_in([Mode.AIR, Mode.PARCEL_AIR])
    stretched = (
        pl.when(road).then(pl.col("km") * ROAD_DETOUR).when(air).then(pl.col("km") + AIR_EXTRA_KM).otherwise("km")
    )
    usual = (EMPTY_SHARE + (1 - EMPTY_SHARE) * USUAL_LOAD) / USUAL_LOAD
    scale = ((EMPTY_SHARE + (1 - EMPTY_SHARE) * pl.col("load")) / pl.col("load") / usual).fill_null(1.0)
    tonne_km = pl.col("weight_g") / 1e6 * pl.col("travelled_km")

    def by_mode(name: str, kind: pl.DataType) -> pl.Expr:
        values = {str(factor.mode): getattr(factor, name) for factor in FACTORS.values()}
        return mode.replace_strict(values, return_dtype=kind)

    def grams(name: str) -> pl.Expr:
        return (by_mode(name, pl.Int64()) * tonne_km * scale / 1_000 + 0.5).floor().cast(pl.Int64)

    return (
        rows.with_columns(travelled_km=stretched if great_circle else pl.col("km"))
        .with_columns(
            tank_to_wheel_g=grams("tank_to_wheel_mg"),
            well_to_wheel_g=grams("well_to_wheel_mg"),
            source=by_mode("source", pl.String()),
            year=by_mode("year", pl.Int64()),
        )
        .select(*shipments.columns, "travelled_km", "tank_to_wheel_g", "well_to_wheel_g", "source", "year")
    )


def _refuse(rows: pl.DataFrame) -> None:
    mode, load = pl.col("mode").cast(pl.String), pl.col("load")
    checks = {
        "mode": (mode.is_in([str(m) for m in Mode]), f"is none of {', '.join(Mode)}"),
        "weight_g": (pl.col("weight_g") >= 0, "is no weight; give grams from 0 up"),
        "km": (pl.col("km").is_finite() & (pl.col("km") >= 0), "is no distance; give kilometres from 0 up"),
        "load": (
            load.is_null() | ((load > 0) & (load <= 1) & mode.is_in(sorted(TRUCKS))),
            f"is no load of {' or '.join(sorted(TRUCKS))}; give a share above 0 to 1, or leave it empty",
        ),
    }
    for column, (right, because) in checks.items():
        wrong = rows.with_row_index("row", 1).filter(~right.fill_null(value=False))
        if wrong.height:
            row, value = wrong.select("row", column).row(0)
            more = f" (and {wrong.height - 1} more)" if wrong.height > 1 else ""
            raise ValueError(f"shipments row {row}: {column} {value!r} {because}{more}")
