"""Rebalancing ten real stores (Walmart M5) for 28 days, a night every few days, on what really sold.

Each planning night sees the sales so far and a forecast fitted to them; transfers leave, arrive days later, and are paid as
they are sent. No deliveries come from outside in these 28 days. Real: sales, prices, calendar. Assumed, as in
`benchmarks.real_m5`, whose pieces these are: opening stock (28 forecast days of each item, in shares around the forecast's),
margin 30 % of the shelf price, storing 20 % of cost a year, capital 12 % a year, handling, lanes, pallets of 600 units.
Stores cannot re-route: a unit short is a lost sale. `python -m benchmarks.rebalancing_m5 [items] [nights between plans]`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from benchmarks.harness import clock, peak_rss_gb, report, shared_data
from benchmarks.m5 import as_of, events, sales
from benchmarks.real_m5 import HORIZON, MARGIN, PALLET_UNITS, SEED, STORING_A_YEAR, lanes, perturbed

from evenstock import forecasting
from evenstock.forecasting import DemandHistory, Drivers
from evenstock.rebalancing import Problem
from evenstock.rebalancing.arrays import Demand
from evenstock.simulation.rolling import planners
from evenstock.simulation.rolling.night import Forecaster, Past, Planner
from evenstock.simulation.rolling.play import Course, play
from evenstock.simulation.rolling.world import World

TUNED_ON, UNSEEN = 1857, 1773
"""Last day known when the 28 days begin; nothing was tuned on the second."""
PATHS = 40
EVERY_NIGHTS = 7


def shelf_cents(folder: Path, keys: pl.DataFrame, origin: int) -> npt.NDArray[np.int64]:
    """Last shelf price known on the origin, in cents, by series; 0 where the item was never sold in that store."""
    week = pl.read_csv(folder / "calendar.csv").filter(pl.col("d") == f"d_{origin}")["wm_yr_wk"][0]
    known = pl.read_parquet(folder / "sell_prices.parquet").filter(pl.col("wm_yr_wk") <= week).sort("wm_yr_wk")
    last = known.group_by("item_id", "store_id").agg(pl.col("sell_price").last())
    joined = keys.join(
        last, left_on=["sku", "node"], right_on=["item_id", "store_id"], how="left", maintain_order="left"
    )
    return np.rint(100 * joined["sell_price"].fill_null(0).to_numpy()).astype(np.int64)


def build(folder: Path, origin: int, most_items: int) -> tuple[World, Forecaster]:
    """The 28 days after `origin`, and a forecaster that learns from the sales before each night alone."""
    everything = sales(folder, origin + HORIZON)
    past = everything.before(as_of(origin))
    stores, skus = (past.keys[name].unique().sort().to_list() for name in ("node", "sku"))
    place = {key: n for n, key in enumerate(zip(past.keys["sku"], past.keys["node"], strict=True))}
    rows = np.array([[place[sku, store] for store in stores] for sku in skus])
    price = shelf_cents(folder, past.keys, origin)[rows]
    sold = np.flatnonzero(price.min(axis=1) > 0)[:most_items]
    rows, price = rows[sold], price[sold]
    drivers = Drivers(events=events(folder))
    with clock() as fitting:
        trained = forecasting.train(past, drivers=drivers)
    print(f"d_{origin}: trained on {past.n_series} series in {fitting.cpu_s:.1f} s CPU, {trained.version}")
    forecast = _forecaster(everything, trained, drivers, origin, rows)
    first = forecasting.predict(trained, past, horizon=HORIZON, drivers=drivers)
    cost = np.rint((1 - MARGIN) * price.mean(axis=1)).astype(np.int64)
    opening = Problem(
        skus=[skus[k] for k in sold],
        nodes=stores,
        on_hand=perturbed(first.mu[rows].mean(axis=2)),
        paths=np.zeros((*rows.shape, 1, 1), np.uint16),
        shortage_cents=np.rint(MARGIN * price).astype(np.int64),
        unit_cost_cents=cost,
        lanes=lanes(stores),
        holding_millicents=np.rint(1000 * cost * STORING_A_YEAR / 365).astype(np.int64),
        capital_rate=0.12,
        handling_out_cents=np.full(len(stores), 3),
        handling_in_cents=np.full(len(stores), 2),
        case_units=np.ones(len(sold), np.int64),
        pallet_units=np.full(len(sold), PALLET_UNITS),
    )
    real = everything.units[:, origin : origin + HORIZON].astype(np.int64)[rows]
    leaves = np.ones((len(opening.lanes), HORIZON), np.bool_)
    return World(opening=opening, demand=real, departs=leaves), forecast


def _forecaster(
    everything: DemandHistory,
    trained: forecasting.Trained,
    drivers: Drivers,
    origin: int,
    rows: npt.NDArray[np.int64],
) -> Forecaster:
    def forecast(past: Past) -> Demand:
        seen = everything.before(as_of(origin + past.night))
        said = forecasting.predict(trained, seen, horizon=past.days, drivers=drivers)
        return (
            said.paths(PATHS, SEED + past.night, rows.ravel()).reshape(*rows.shape, PATHS, past.days).astype(np.uint16)
        )

    return forecast


def arms(world: World, seconds: dict[str, float]) -> dict[str, Planner]:
    named: dict[str, Planner] = {
        "nothing": planners.nothing,
        "rule20": planners.rule20,
        "equalise": planners.equal_cover,
        "ship_now": planners.ship_now,
        "ours": planners.ship_or_wait(departures=(0, 1, 2)),
        "clairvoyant": planners.clairvoyant(world.demand),
    }
    return {name: _timed(planner, name, seconds) for name, planner in named.items()}


def _timed(planner: Planner, name: str, seconds: dict[str, float]) -> Planner:
    def plan(night):
        with clock() as planning:
            moves = planner(night)
        seconds[name] = seconds.get(name, 0.0) + planning.cpu_s
        return moves

    return plan


def show(title: str, courses: dict[str, Course], seconds: dict[str, float]) -> None:
    nothing = courses["nothing"].total_cents
    print(f"\n{title}")
    print(
        f"{'plan':<12} {'lost units':>10} {'lost $':>9} {'moving $':>9} {'total $':>9} {'saving $':>9} {'share':>7} "
        f"{'units sent':>10} {'sent back':>9} {'CPU s':>6}  units by night"
    )
    for name, course in courses.items():
        saving = nothing - course.total_cents
        print(
            f"{name:<12} {course.lost_units.sum():>10,} {course.shortage_cents / 100:>9,.0f} "
            f"{course.moving_cents / 100:>9,.0f} {course.total_cents / 100:>9,.0f} {saving / 100:>9,.0f} "
            f"{saving / nothing:>7.1%} {course.sent.units.sum():>10,} {course.moved_back_units(28):>9,} "
            f"{seconds.get(name, 0):>6.1f}  {[int(u) for u in course.units_by_night if u]}"
        )


def figures(prefix: str, courses: dict[str, Course]) -> dict[str, float | int]:
    nothing = courses["nothing"].total_cents
    saved = {name: (nothing - course.total_cents) / 100 for name, course in courses.items()}
    found: dict[str, float | int] = {
        f"{prefix}_saving_vs_nothing": 100 * saved["ours"] / nothing,
        # In dollars: planned again and again the rule costs more than it saves, and a ratio to a loss says nothing.
        f"{prefix}_saving_vs_rule20": saved["ours"] - saved["rule20"],
        f"{prefix}_rule20_over_ours": saved["rule20"] / saved["ours"],
    }
    for name, course in courses.items():
        found[f"{prefix}_rolling_saving_usd_{name}"] = saved[name]
        found[f"{prefix}_rolling_lost_units_{name}"] = int(course.lost_units.sum())
        found[f"{prefix}_rolling_sent_back_{name}"] = course.moved_back_units(28)
    return found


def one(folder: Path, origin: int, most_items: int, every_nights: int) -> dict[str, Course]:
    seconds: dict[str, float] = {}
    world, forecaster = build(folder, origin, most_items)
    told: Callable[[Past], Demand] = _timed(forecaster, "forecast", seconds)
    with clock() as playing:
        courses = play(world, told, arms(world, seconds), look_ahead_days=HORIZON, every_nights=every_nights)
    show(
        f"28 days after d_{origin}: {len(world.opening.skus)} items, {world.opening.on_hand.sum():,} units in stock, "
        f"{world.demand.sum():,} really sold, a plan every {every_nights} nights; forecasts {seconds['forecast']:.1f} s CPU, "
        f"all {playing.cpu_s:.0f} s",
        courses,
        seconds,
    )
    return courses


def main() -> int:
    folder = shared_data("m5")
    if folder is None:
        return 0
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    every = int(sys.argv[2]) if len(sys.argv) > 2 else EVERY_NIGHTS
    print(__doc__)
    tuned, unseen = (one(folder, origin, most, every) for origin in (TUNED_ON, UNSEEN))
    if most < 3049:
        print("fewer items than there are: nothing is kept")
        return 0
    found = figures("m5", tuned) | figures(f"m5_{UNSEEN}", unseen)
    report("rebalancing", found | {"m5_every_nights": every, "m5_rolling_rss_gb": peak_rss_gb()})
    return 0


if __name__ == "__main__":
    sys.exit(main())
