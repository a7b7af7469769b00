"""What the fast forecast of all 30,490 real M5 series costs; how good it is stands in `forecast_accuracy` and `forecast_paths`.

Cost is measured in a process of its own that reads the sales, fits, and predicts nine quantiles of 28 days; nothing else
runs in it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
from benchmarks.harness import ROOT, clock, peak_rss_gb, report, shared_data
from benchmarks.m5 import FIRST_DAY, events, sales

from evenstock import forecasting
from evenstock.forecasting import DemandHistory, Drivers, scores

LAST_DAY_KNOWN = 1857
"""As N of d_N."""
HORIZON = 28


def job(folder: Path) -> None:
    """What a night does, alone in its process; prints its cost as JSON."""
    # Compile first: its time is told apart, and is paid once per installation.
    tiny = DemandHistory.from_matrix(
        np.ones((2, 120), np.int16), pl.DataFrame({"sku": ["a", "b"], "node": "n"}), FIRST_DAY
    )
    with clock() as compiling:
        forecasting.fit(tiny).quantiles(scores.M5_LEVELS)
    with clock() as reading:
        history, drivers = sales(folder, LAST_DAY_KNOWN), Drivers(events=events(folder))
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


if __name__ == "__main__":
    main()
