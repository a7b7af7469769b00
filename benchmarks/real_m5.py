"""Rebalancing ten real stores (Walmart M5): planned on d_1857 from history alone, scored on what really sold in 28 days.

Real: sales, prices, calendar. Assumed, because the data does not hold it, and stated when it runs:

* stock: each item's total is 28 days of its forecast; store shares are a seeded Dirichlet around the forecast's shares
  with `CONCENTRATION` for each store (1.5 would be badly out of balance, 20 mildly);
* margin 30 % of the shelf price, storing 20 % of cost a year, capital 12 % a year, handling 3 + 2 cents a unit;
* lanes: straight distances between the states (and within one), $45 a departure, $30 + $0.12 a km for a pallet of 600
  units, one day for each 700 km begun; units move singly;
* re-routing (second table): a unit short at a store is shipped from the nearest store of the state with stock for 60 cents.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from benchmarks.harness import clock, peak_rss_gb, report, shared_data
from benchmarks.m5 import FIRST_DAY, events, sales

from evenstock import forecasting
from evenstock.forecasting import Drivers
from evenstock.rebalancing import Lanes, Moves, Outcome, Problem, Rerouting, evaluate, solve
from evenstock.rebalancing.heuristics import equalise, twenty_percent
from evenstock.rebalancing.worth.spill import shortage_cents

ORIGIN, HORIZON, PATHS, SEED = 1857, 28, 100, 11
CONCENTRATION = 4.0
MARGIN, STORING_A_YEAR, SPILL_CENTS = 0.30, 0.20, 60
PALLET_UNITS = 600
WITHIN_KM = {"CA": 120, "TX": 250, "WI": 80}
BETWEEN_KM = {("CA", "TX"): 2000, ("CA", "WI"): 2800, ("TX", "WI"): 1500}


def kilometres(stores: list[str]) -> npt.NDArray[np.float64]:
    km = np.zeros((len(stores), len(stores)))
    for i, here in enumerate(stores):
        for j, there in enumerate(stores):
            a, b = sorted((here[:2], there[:2]))
            km[i, j] = 0 if i == j else WITHIN_KM[a] if a == b else BETWEEN_KM[a, b]
    return km


def lanes(stores: list[str]) -> Lanes:
    origin, destination = np.nonzero(~np.eye(len(stores), dtype=bool))
    km = kilometres(stores)[origin, destination]
    return Lanes(
        origin=origin,
        destination=destination,
        fixed_cents=np.full(len(km), 4500),
        pallet_cents=np.rint(3000 + 12 * km).astype(np.int64),
        unit_cents=np.zeros(len(km), np.int64),
        lead_days=np.ceil(km / 700).astype(np.int64),
        leaves=np.ones(len(km), bool),
    )


def price_cents(folder: Path, keys: pl.DataFrame) -> npt.NDArray[np.int64]:
    """Last shelf price known on the origin, in cents; 0 where the item was never sold in that store."""
    calendar = pl.read_csv(folder / "calendar.csv")
    week = calendar.filter(pl.col("d") == f"d_{ORIGIN}")["wm_yr_wk"][0]
    known = (
        pl.read_parquet(folder / "sell_prices.parquet")
        .filter(pl.col("wm_yr_wk") <= week)
        .sort("wm_yr_wk")
        .group_by("item_id", "store_id")
        .agg(pl.col("sell_price").last())
    )
    joined = keys.join(
        known, left_on=["sku", "node"], right_on=["item_id", "store_id"], how="left", maintain_order="left"
    )
    return np.rint(100 * joined["sell_price"].fill_null(0).to_numpy()).astype(np.int64)


def realised(folder: Path) -> npt.NDArray[np.int64]:
    """What really sold on the 28 days after the origin, ``(series, day)``: never seen by a plan."""
    columns = [f"d_{k}" for k in range(ORIGIN + 1, ORIGIN + HORIZON + 1)]
    return pl.read_parquet(folder / "sales.parquet", columns=columns).to_numpy().astype(np.int64)


def perturbed(mean: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Opening stock ``(item, store)``: 28 forecast days of the item in all, in shares around the forecast's."""
    rng = np.random.default_rng(SEED)
    stores = mean.shape[1]
    stock = np.zeros(mean.shape, np.int64)
    for k, row in enumerate(mean):
        if row.sum() > 0:
            share = rng.dirichlet(CONCENTRATION * stores * row / row.sum() + 1e-3)
            stock[k] = rng.multinomial(round(HORIZON * row.sum()), share)
    return stock


def build(folder: Path, most_items: int) -> tuple[Problem, npt.NDArray[np.int64], Rerouting]:
    history = sales(folder, ORIGIN)
    with clock() as fitting:
        forecast = forecasting.fit(history, horizon=HORIZON, drivers=Drivers(events=events(folder)))
    print(f"forecast of {history.n_series} series up to d_{ORIGIN}: {fitting.cpu_s:.1f} s CPU, {forecast.version}")
    assert forecast.as_of == FIRST_DAY + timedelta(days=ORIGIN)
    stores = history.keys["node"].unique().sort().to_list()
    skus = history.keys["sku"].unique().sort().to_list()
    place = {key: n for n, key in enumerate(zip(history.keys["sku"], history.keys["node"], strict=True))}
    rows = np.array([[place[sku, store] for store in stores] for sku in skus])
    price = price_cents(folder, history.keys)[rows]
    sold = price.min(axis=1) > 0
    rows, price, skus = (
        rows[sold][:most_items],
        price[sold][:most_items],
        [s for s, ok in zip(skus, sold, strict=True) if ok],
    )
    skus = skus[:most_items]
    paths = forecast.paths(PATHS, SEED, rows.ravel()).reshape(*rows.shape, PATHS, HORIZON).astype(np.uint16)
    margin = np.rint(MARGIN * price).astype(np.int64)
    cost = np.rint((1 - MARGIN) * price.mean(axis=1)).astype(np.int64)
    problem = Problem(
        skus=skus,
        nodes=stores,
        on_hand=perturbed(forecast.mu[rows].mean(axis=2)),
        paths=paths,
        shortage_cents=margin,
        unit_cost_cents=cost,
        lanes=lanes(stores),
        holding_millicents=np.rint(1000 * cost * STORING_A_YEAR / 365).astype(np.int64),
        capital_rate=0.12,
        handling_out_cents=np.full(len(stores), 3),
        handling_in_cents=np.full(len(stores), 2),
        case_units=np.ones(len(skus), np.int64),
        pallet_units=np.full(len(skus), PALLET_UNITS),
    )
    order = np.argsort(kilometres(stores), axis=1, kind="stable")[:, 1:]
    same = np.array([[stores[j][:2] == stores[i][:2] for j in row] for i, row in enumerate(order)])
    routes = Rerouting(margin, np.minimum(margin, SPILL_CENTS), np.where(same, order, -1))
    return problem, realised(folder)[rows][:, :, None, :], routes


def compare(
    problem: Problem, happened: npt.NDArray[np.int64], routes: Rerouting | None
) -> dict[str, tuple[Outcome, int, int, float]]:
    """Outcome on what really sold, lanes, pallets and planning CPU seconds, by plan.

    The clairvoyant is our own method with what really sold as its only path: near what could be had, not a strict bound.
    """
    told = replace(problem, paths=happened)
    if routes is not None:
        problem = replace(problem, shortage_cents=shortage_cents(problem, routes))
        told = replace(told, shortage_cents=shortage_cents(told, routes))
    plans = {
        "nothing": lambda: (Moves.none(), 0, 0),
        "rule20": lambda: _used(twenty_percent.solve(problem)),
        "equalise": lambda: _used(equalise.solve(problem)),
        "ours": lambda: _used(solve(problem)),
        "clairvoyant": lambda: _used(solve(told)),
    }
    found = {}
    for name, plan in plans.items():
        with clock() as planning:
            moves, used, pallets = plan()
        found[name] = (evaluate(problem, moves, demand=happened, rerouting=routes), used, pallets, planning.cpu_s)
    return found


def _used(solution) -> tuple[Moves, int, int]:
    return solution.moves, solution.lanes_used, int(solution.lane_pallets.sum())


def show(title: str, found: dict[str, tuple[Outcome, int, int, float]]) -> dict[str, float]:
    nothing = found["nothing"][0].total_cents
    print(f"\n{title}")
    print(
        f"{'plan':<12} {'lost units':>10} {'spilled':>8} {'lost $':>9} {'spill $':>8} {'moving $':>9} {'saving $':>9} {'lanes':>6} {'pallets':>8} {'CPU s':>6}"
    )
    saving = {}
    for name, (outcome, used, pallets, cpu_s) in found.items():
        moving = sum(outcome.transfer_cents.values())
        saving[name] = (nothing - outcome.total_cents) / 100
        print(
            f"{name:<12} {outcome.lost_units.sum():>10,.0f} {outcome.spilled_units.sum():>8,.0f} {outcome.shortage_cents / 100:>9,.0f} "
            f"{outcome.spill_cents / 100:>8,.0f} {moving / 100:>9,.0f} {saving[name]:>9,.0f} {used:>6} {pallets:>8} {cpu_s:>6.1f}"
        )
    return saving


def main() -> int:
    folder = shared_data("m5")
    if folder is None:
        return 0
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    problem, happened, routes = build(folder, most)
    print(__doc__)
    sold, forecast = happened.sum(), problem.paths.sum(dtype=np.int64) / PATHS
    print(
        f"{len(problem.skus)} items, {problem.on_hand.sum():,} units in stock, {forecast:,.0f} forecast, {sold:,} really sold"
    )
    stores = compare(problem, happened, None)
    saved = show("stores that cannot re-route: a shortage is lost margin", stores)
    routed = compare(problem, happened, routes)
    routed_saved = show(f"re-routable: the nearest store of the state serves for {SPILL_CENTS} cents", routed)
    figures: dict[str, float | int] = {"m5_items": len(problem.skus), "m5_rss_gb": peak_rss_gb()}
    for name, (outcome, *_) in stores.items():
        figures[f"m5_lost_units_{name}"] = float(outcome.lost_units.sum())
        figures[f"m5_saving_usd_{name}"] = saved[name]
        figures[f"m5_routed_saving_usd_{name}"] = routed_saved[name]
    report("real_m5", figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
