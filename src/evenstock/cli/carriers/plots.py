"""Pictures of carriers: the week by lane, what services advertise, and whether lateness came as foretold."""

from __future__ import annotations

import polars as pl

from evenstock.cli.plots import DIM, INK, OURS, drawing


def reliability(table: pl.DataFrame, title: str) -> str:
    """Share late against probability foretold, from `transit.calibration`; on the diagonal the forecast is honest."""
    with drawing(4.6, 3.4) as (axes, done):
        most = max(0.05, *table["foretold"], *table["to"])
        axes.plot([0, most], [0, most], color=DIM, linewidth=0.8, label="honest")
        reach = [(table["happened"] - table["from"]).clip(0.0), (table["to"] - table["happened"]).clip(0.0)]
        axes.errorbar(
            table["foretold"],
            table["happened"],
            reach,
            fmt="o",
            color=OURS,
            markersize=4,
            linewidth=1,
            label="happened, 95 %",
        )
        for x, y, n in table.select("foretold", "happened", "parcels").iter_rows():
            axes.annotate(f"{n:,}", (x, y), xytext=(5, -9), textcoords="offset points", fontsize=7, color=INK)
        axes.set_xlabel("probability of being late, foretold")
        axes.set_ylabel("share that came late")
        axes.set_title(title)
        axes.legend(loc="upper left", fontsize=8)
    return done[0]
