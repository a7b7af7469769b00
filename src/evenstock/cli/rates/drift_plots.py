"""Drifts by week, as one SVG."""

from __future__ import annotations

import numpy as np
import polars as pl

from evenstock.cli.plots import DIM, HABIT, INK, OURS, drawing

_SHOWN = 5
_COLOURS = (OURS, HABIT, "#b5523b", "#5a8f5a", "#8d6fb0")


def by_week(drifts: pl.DataFrame, weeks: pl.DataFrame) -> str:
    """Billed (or quoted live) beyond our quotes by week of shipping, in percent, a line for each of the dearest drifts; a mark where it began."""
    from matplotlib.dates import DateFormatter

    with drawing(7.2, 3.4) as (axes, done):
        axes.axhline(0, color=DIM, linewidth=0.8)
        for row, colour in zip(drifts.head(_SHOWN).iter_rows(named=True), _COLOURS, strict=False):
            own = weeks.filter(pl.col("drift") == row["drift"]).sort("week")
            at = np.array(own["week"].to_list())
            share = 100 * own["share"].to_numpy()
            axes.plot(at, share, color=colour, linewidth=1.4, marker="o", markersize=2.5, label=row["sentence"])
            axes.axvspan(row["since_earliest"], row["since_latest"], color=colour, alpha=0.15, linewidth=0)
            axes.axvline(row["since"], color=colour, linewidth=0.8, linestyle=":")
        axes.xaxis.set_major_formatter(DateFormatter("%d %b"))  # type: ignore[no-untyped-call]
        axes.set_ylabel("billed beyond quoted, %")
        axes.set_title("What invoices and live quotes say of our quotes, by week of shipping", color=INK)
        if drifts.height:
            axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), fontsize=8)
        else:
            axes.text(0.5, 0.5, "nothing drifts", transform=axes.transAxes, ha="center", color=DIM)
    return done[0]
