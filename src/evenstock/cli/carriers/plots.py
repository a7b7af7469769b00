"""Pictures of carriers: the week by lane, what services advertise, and whether lateness came as foretold."""

from __future__ import annotations

import numpy as np
import polars as pl

from evenstock.cli.carriers.words import place
from evenstock.cli.plots import DIM, HABIT, INK, OURS, drawing
from evenstock.freight.scorecard import LEAST_DUE

MOST_ROWS = 30


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


def weeks_by_lane(weekly: pl.DataFrame, title: str) -> str:
    """On-time share by row and week of shipping, rows with most late parcels first; the number is parcels due."""
    named = weekly.with_columns(pl.Series("row", [place(row) for row in weekly.iter_rows(named=True)], dtype=pl.String))
    late = (
        named.group_by("row").agg(pl.col("late").sum(), pl.col("promise_due").sum()).filter(pl.col("promise_due") > 0)
    )
    shown = late.sort("late", "row", descending=[True, False]).head(MOST_ROWS)["row"].to_list()
    weeks = sorted(weekly["week"].unique())
    share, due = np.full((len(shown), len(weeks)), np.nan), np.zeros((len(shown), len(weeks)), np.int64)
    at = {name: k for k, name in enumerate(shown)}
    column = {week: k for k, week in enumerate(weeks)}
    for name, week, mean, n in named.select("row", "week", "on_time", "promise_due").iter_rows():
        if name in at and n:
            share[at[name], column[week]], due[at[name], column[week]] = mean, n
    with drawing(2.6 + 0.5 * max(8, len(weeks)), 0.9 + 0.27 * max(3, len(shown))) as (axes, done):
        # Colours tell good from bad weeks; below half on time all are as dark.
        floor = max(0.5, min(0.8, float(np.nanmin(share)))) if np.isfinite(share).any() else 0.5
        alpha = np.where(due >= LEAST_DUE, 1.0, 0.45)
        drawn = axes.imshow(
            share,
            cmap="OrRd_r",
            vmin=floor,
            vmax=1.0,
            aspect="auto",
            alpha=alpha,
            interpolation="nearest",
        )
        for (y, x), n in np.ndenumerate(due):
            if n:
                dark = n >= LEAST_DUE and share[y, x] < floor + 0.45 * (1.0 - floor)
                axes.text(x, y, f"{n}", ha="center", va="center", fontsize=7, color="white" if dark else INK)
        axes.set_xticks(range(len(weeks)), [f"{week:%d %b}" for week in weeks], rotation=45, ha="right", fontsize=8)
        axes.set_yticks(range(len(shown)), shown, fontsize=8)
        axes.set_title(title)
        axes.tick_params(length=0)
        bar = axes.figure.colorbar(drawn, ax=axes, fraction=0.03, pad=0.02, extend="min")
        bar.ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
        if bar.solids is not None:
            bar.solids.set_alpha(1.0)
        bar.outline.set_visible(False)
    return done[0]


def money_a_week(worse: pl.DataFrame, title: str) -> str:
    """Dollars a week of each thing that got worse, the dearest on top, with its interval."""
    with drawing(6.2, 0.9 + 0.3 * max(2, worse.height)) as (axes, done):
        y = np.arange(worse.height)
        cents, low, high = (
            worse[name].to_numpy() / 100 for name in ("cents_week", "cents_week_low", "cents_week_high")
        )
        axes.barh(y, cents, 0.55, color=OURS)
        axes.errorbar(
            cents, y, xerr=[(cents - low).clip(0), (high - cents).clip(0)], fmt="none", ecolor=INK, linewidth=1
        )
        axes.set_yticks(y, [f"{place(row)}: {row['measure']}" for row in worse.iter_rows(named=True)], fontsize=8)
        axes.invert_yaxis()
        axes.set_xlabel("dollars a week")
        axes.set_title(title)
    return done[0]


def on_time(card: pl.DataFrame, title: str) -> str:
    """On-time share by row with its interval; rows with too few parcels are grey."""
    known = card.drop_nulls("on_time")
    with drawing(6.2, 0.9 + 0.27 * max(3, known.height)) as (axes, done):
        for y, row in enumerate(known.iter_rows(named=True)):
            colour = OURS if row["enough"] else DIM
            axes.plot([100 * row["on_time_low"], 100 * row["on_time_high"]], [y, y], color=colour, linewidth=2)
            axes.plot(100 * row["on_time"], y, "o", color=colour, markersize=5)
        axes.set_yticks(range(known.height), [place(row) for row in known.iter_rows(named=True)], fontsize=8)
        axes.invert_yaxis()
        axes.set_xlabel("percent on time")
        axes.set_title(title)
    return done[0]


def advertised(said: pl.DataFrame, title: str) -> str:
    """Days advertised against the median and the day by which nine in ten are there, by service and zone; the worst on top."""
    worst = said.sort("as_advertised", "service", "zone", nulls_last=True)
    rows = list(worst.head(MOST_ROWS).iter_rows(named=True))
    with drawing(6.2, 0.9 + 0.24 * max(4, len(rows))) as (axes, done):
        for y, row in enumerate(rows):
            if row["median_days"] is not None:
                last = row["days_kept"] if row["days_kept"] is not None else row["median_days"]
                axes.plot([row["median_days"], last], [y, y], color=OURS, linewidth=2, zorder=1)
                axes.plot(row["median_days"], y, "o", color=OURS, markersize=5, label="median" if y == 0 else "")
            if row["days_kept"] is not None:
                axes.plot(
                    row["days_kept"],
                    y,
                    "|",
                    color=OURS,
                    markersize=11,
                    markeredgewidth=2,
                    label="90 % after" if y == 0 else "",
                )
            axes.plot(row["advertised_days"], y, "D", color=HABIT, markersize=5, label="advertised" if y == 0 else "")
        names = [f"{r['service']}" + (f" zone {r['zone']}" if r["zone"] is not None else "") for r in rows]
        axes.set_yticks(range(len(rows)), names, fontsize=8)
        axes.invert_yaxis()
        axes.set_xlim(left=0)
        axes.set_xlabel("days from hand-over")
        axes.set_title(title)
        axes.legend(fontsize=8, loc="best")
    return done[0]
