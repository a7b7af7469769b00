"""The fast forecast on all 30,490 real M5 series: what it costs, how good it is, and whether its sums are honest.

`python -m benchmarks.forecast` prints and keeps both. Cost is measured in a process of its own that reads the sales,
fits, and predicts nine quantiles of 28 days; nothing else runs in it. Quality is pooled over three origins. Choices were made on the
first two; the last is reported only.
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from benchmarks.harness import ROOT, clock, peak_rss_gb, report, shared_data
from benchmarks.m5 import FIRST_DAY, events, money, sales

from evenstock import forecasting
from evenstock.forecasting import DemandHistory, Drivers, scores, velocity

ORIGINS = (1801, 1829, 1857)
"""Last day known, as d_N."""
HORIZON = 28
N_PATHS = 200


def job(folder: Path) -> None:
    """What a night does, alone in its process; prints its cost as JSON."""
    # Compile first: its time is told apart, and is paid once per installation.
    tiny = DemandHistory.from_matrix(
        np.ones((2, 120), np.int16), pl.DataFrame({"sku": ["a", "b"], "node": "n"}), FIRST_DAY
    )
    with clock() as compiling:
        forecasting.fit(tiny).quantiles(scores.M5_LEVELS)
    with clock() as reading:
        history, drivers = sales(folder, ORIGINS[-1]), Drivers(events=events(folder))
    with clock() as fitting:
        forecast = forecasting.fit(history, horizon=HORIZON, drivers=drivers)
    with clock() as predicting:
        quantiles = forecast.quantiles(scores.M5_LEVELS)
    print(
        json.dumps(
            {
                "series": int(quantiles.shape[0]),
                "compile_cpu_s": compiling.cpu_s,
                "read_cpu_s": reading.cpu_s,
                "fit_cpu_s": fitting.cpu_s,
                "quantiles_cpu_s": predicting.cpu_s,
                "rss_gb": peak_rss_gb(),
            }
        )
    )


def quality(folder: Path) -> dict[str, float]:
    """WSPL against the empirical quantiles of the last 56 days, and coverage of 28-day sums counted over paths."""
    history, drivers = sales(folder, 1885), Drivers(events=events(folder))
    found: dict[str, list[float]] = {}
    for origin in ORIGINS:
        past = history.before(FIRST_DAY + timedelta(days=origin))
        sold = history.units[:, origin : origin + HORIZON].astype(np.int64)
        scale, weight = scores.naive_scale(past), money(folder, past)
        forecast = forecasting.fit(past, horizon=HORIZON, drivers=drivers)
        said = {"baseline": forecast.quantiles(scores.M5_LEVELS)} | {
            name: forecasting.days_ahead(past, horizon=HORIZON, model=name).quantiles(scores.M5_LEVELS)
            for name in ("empirical", "seasonal_naive")
        }
        loss = {name: scores.wspl(sold, q, scores.M5_LEVELS, scale, weight) for name, q in said.items()}
        row = {f"wspl_{name}": value for name, value in loss.items()}
        row |= {f"wspl_ratio_d{origin}": loss["baseline"] / loss["empirical"]}
        row["bias"] = scores.bias(sold, forecast.mu)
        row["below_975"] = float((sold <= said["baseline"][:, :, 7]).mean())
        row |= path_coverage(forecast, sold)
        for name, value in row.items():
            found.setdefault(name, []).append(value)
    pooled = {name: float(np.mean(values)) for name, values in found.items()}
    pooled["wspl_ratio"] = pooled["wspl_baseline"] / pooled["wspl_empirical"]
    return pooled


def path_coverage(forecast: forecasting.Forecast, sold: npt.NDArray[np.int64]) -> dict[str, float]:
    """Share of series whose sums lie within the 95 % interval of their own paths, with and without the shared factor."""
    inside = {(days, kind): np.zeros(sold.shape[0], bool) for days in (7, 14, 28) for kind in ("", "_independent")}
    cpu = 0.0
    for begin in range(0, sold.shape[0], 2000):
        rows = np.arange(begin, min(begin + 2000, sold.shape[0]))
        part = forecast.rows(rows)
        alone = forecasting.Forecast(
            part.keys, part.as_of, part.mu, part.alpha, np.zeros(rows.size), part.version, part.cut_off
        )
        for kind, asked in (("", part), ("_independent", alone)):
            with clock() as drawing:
                paths = asked.paths(N_PATHS, seed=2026)
            cpu += drawing.cpu_s if kind == "" else 0.0
            sums = np.cumsum(paths, axis=2, dtype=np.int64)
            for days in (7, 14, 28):
                low, high = np.quantile(sums[:, :, days - 1], [0.025, 0.975], axis=1, method="inverted_cdf")
                total = sold[rows, :days].sum(axis=1)
                inside[days, kind][rows] = (total >= low) & (total <= high)
    row = {f"sum{days}_cov95{kind}": float(ok.mean()) for (days, kind), ok in inside.items()}
    code = velocity.bucket(forecast.mu.mean(axis=1))
    for k, name in enumerate(velocity.NAMES):
        row[f"sum28_cov95, {name} a day"] = float(inside[28, ""][code == k].mean())
    return row | {"paths_cpu_s_per_1000": 1000 * cpu / sold.shape[0]}


def main() -> None:
    folder = shared_data("m5")
    if folder is None:
        return
    if "job" in sys.argv[1:]:
        job(folder)
        return
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.forecast", "job"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    cost = json.loads(done.stdout)
    cpu_s = cost["fit_cpu_s"] + cost["quantiles_cpu_s"]
    report(
        "spine",
        {"forecast_cpu_s": cpu_s, "forecast_rss_gb": cost["rss_gb"]},
        [
            (
                f"{cost['series']:,} series, 28 days, 9 quantiles: fit {cost['fit_cpu_s']:.2f} + quantiles "
                f"{cost['quantiles_cpu_s']:.2f} CPU-s; reading {cost['read_cpu_s']:.2f}, compiled code loaded in "
                f"{cost['compile_cpu_s']:.2f}; memory is the peak of the whole process"
            )
        ],
    )
    report("forecast_quality", quality(folder), [f"M5, all series, origins {ORIGINS}, mean over them; {N_PATHS} paths"])


if __name__ == "__main__":
    main()
