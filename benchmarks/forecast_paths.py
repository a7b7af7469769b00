"""Are sums over days and over an item's stores as sure as they say? Real M5, all 30,490 series, counted over 200 paths.

`python -m benchmarks.forecast_paths` pools three origins; what is measured at an origin was learned before it. Choices
were made on origins up to d_1829. An interval is the one between the 0.025 and 0.975 quantiles of the paths (smallest
whole units not exceeded), both ends in it. `python -m benchmarks.forecast_paths boosted` does the same for that model.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from benchmarks.harness import clock, report, shared_data
from benchmarks.m5 import as_of, events, sales

from evenstock import forecasting
from evenstock.forecasting import DemandHistory, Drivers, Forecast, velocity
from evenstock.forecasting.scenarios import TAIL, reduce

ORIGINS = (1801, 1829, 1857)
"""Last day known, as d_N."""
HORIZON = 28
N_PATHS = 200
N_SCENARIOS = 32
DAYS = (7, 14, 28)
SEED = 2026
_SERIES_AT_ONCE = 2000

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def inside(paths: Ints, sold: Ints) -> Flags:
    """Whether what was sold lies in the 95 % interval of its paths; paths are ``(row, path)``."""
    low, high = np.quantile(paths, [0.025, 0.975], axis=1, method="inverted_cdf")
    return np.asarray((sold >= low) & (sold <= high))


def by_bucket(name: str, flags: Flags, mean: npt.NDArray[np.float64]) -> dict[str, float]:
    """Share of all rows, and of the rows of each velocity bucket."""
    code = velocity.bucket(mean)
    parts = {f"{name}, {bucket} a day": flags[code == k] for k, bucket in enumerate(velocity.NAMES)}
    return {name: float(flags.mean())} | {key: float(part.mean()) for key, part in parts.items() if part.size}


def coverage(forecast: Forecast, sold: Ints) -> dict[str, float]:
    """Coverage of sums of series over days, and of items over their stores; with days or nodes independent beside it."""
    _, item = np.unique(forecast.keys["sku"].to_numpy(), return_inverse=True)
    nothing = np.zeros(forecast.mu.shape[0])
    kinds = {
        "": forecast,
        "_days_independent": replace(forecast, path_variance=nothing, path_drift=nothing),
        "_nodes_independent": replace(forecast, shared=nothing),
    }
    row: dict[str, float] = {}
    mean = forecast.mu.mean(axis=1)
    nodes = np.bincount(item)
    item_mean = np.bincount(item, mean) / nodes
    item_sold = np.bincount(item, sold.sum(axis=1)).astype(np.int64)
    cpu_s = 0.0
    for kind, asked in kinds.items():
        flags = {days: np.zeros(sold.shape[0], bool) for days in DAYS}
        totals = np.zeros((nodes.size, N_PATHS), np.int64)
        for begin in range(0, sold.shape[0], _SERIES_AT_ONCE):
            rows = np.arange(begin, min(begin + _SERIES_AT_ONCE, sold.shape[0]))
            with clock() as drawing:
                paths = asked.paths(N_PATHS, SEED, rows)
            cpu_s += drawing.cpu_s if not kind else 0.0
            sums = np.cumsum(paths, axis=2, dtype=np.int64)
            np.add.at(totals, item[rows], sums[:, :, -1])
            for days in DAYS:
                flags[days][rows] = inside(sums[:, :, days - 1], sold[rows, :days].sum(axis=1))
        of_items = inside(totals, item_sold)
        if not kind:
            for days in DAYS:
                row |= by_bucket(f"sum{days}_cov95", flags[days], mean)
            row |= by_bucket("sku_total28_cov95", of_items, item_mean)
        elif kind == "_days_independent":
            row |= {f"sum{days}_cov95{kind}": float(flags[days].mean()) for days in DAYS}
        else:
            row[f"sku_total28_cov95{kind}"] = float(of_items.mean())
    return row | {"paths_cpu_s_per_1000": 1000 * cpu_s / sold.shape[0]}


def reduction(forecast: Forecast, items: int = 300) -> dict[str, float]:
    """What is lost when 200 paths of an item's stores become 32 scenarios: shortage at the 80 % quantile, against the first 32."""
    names = forecast.keys["sku"].to_numpy()
    chosen = np.random.default_rng(1).choice(np.unique(names), items, replace=False)
    off, first, whole, mean, tail = 0.0, 0.0, 0.0, 0.0, 0
    with clock() as spent:
        kept = [reduce(forecast.paths(N_PATHS, SEED, np.flatnonzero(names == name)), N_SCENARIOS) for name in chosen]
    for name, few in zip(chosen, kept, strict=True):
        totals = forecast.paths(N_PATHS, SEED, np.flatnonzero(names == name)).sum(axis=2)
        fewer = few.paths.sum(axis=2)
        stock = np.quantile(totals, 0.8, axis=1, method="inverted_cdf")[:, None]
        truth = np.maximum(totals - stock, 0).mean(axis=1)
        whole += truth.sum()
        off += np.abs((np.maximum(fewer - stock, 0) * few.weights).sum(axis=1) - truth).sum()
        first += np.abs(np.maximum(totals[:, :N_SCENARIOS] - stock, 0).mean(axis=1) - truth).sum()
        mean = max(mean, float(np.abs((fewer * few.weights).sum(axis=1) - totals.mean(axis=1)).max()))
        order = np.argsort(fewer.sum(axis=0), kind="stable")
        reached = np.searchsorted(np.cumsum(few.weights[order]), TAIL - 1e-9)
        tail += fewer.sum(axis=0)[order][reached] == np.quantile(totals.sum(axis=0), TAIL, method="inverted_cdf")
    return {
        "reduced_shortage_error": off / whole,
        "first_paths_shortage_error": first / whole,
        "reduced_mean_error_units": mean,
        "reduced_tail_kept_share": tail / items,
        "reduced_cpu_ms_per_item": 1000 * spent.cpu_s / items,
    }


def measured(folder: Path, origins: tuple[int, ...], model: str) -> dict[str, float]:
    """Figures pooled over the origins, as many series at each."""
    history, drivers = sales(folder, 1885), Drivers(events=events(folder))
    found: dict[str, list[float]] = {}
    for origin in origins:
        past: DemandHistory = history.before(as_of(origin))
        sold = history.units[:, origin : origin + HORIZON].astype(np.int64)
        trained = forecasting.train(past, model=model, drivers=drivers)
        forecast = forecasting.predict(trained, past, horizon=HORIZON, drivers=drivers)
        row = coverage(forecast, sold) | reduction(forecast)
        row[f"sum28_cov95_d{origin}"], row[f"sku_total28_cov95_d{origin}"] = (
            row["sum28_cov95"],
            row["sku_total28_cov95"],
        )
        for name, value in row.items():
            found.setdefault(name, []).append(value)
    return {name: float(np.mean(values)) for name, values in found.items()}


def main() -> None:
    folder = shared_data("m5")
    if folder is None:
        return
    model = sys.argv[1] if len(sys.argv) > 1 else "baseline"
    figures = measured(folder, ORIGINS, model)
    if model != "baseline":
        figures = {f"{model}_{name}": value for name, value in figures.items()}
    report(
        "forecasting",
        figures,
        [
            f"M5, all series, {model}, origins {ORIGINS}, {N_PATHS} paths; intervals and means over days as in the module"
        ],
    )


if __name__ == "__main__":
    main()
