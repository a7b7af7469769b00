"""How good both tiers are on all 30,490 real M5 series, and what they cost, beside the yardsticks and AutoETS.

`python -m benchmarks.forecast_accuracy` runs each tier at each origin in a process of its own, which reads the sales, trains,
predicts 28 days and their nine quantiles; its CPU is that of all but reading and of loading compiled code. Scores are
pooled over three origins: means of WSPL (level 12) and of 12-level WRMSSE, each over the same mean of a yardstick.
Choices were made on d_1689 to d_1829; the last origin, d_1857, is only reported.

AutoETS runs with its own normal intervals on 1,000 series drawn with `SEED`, on their last 730 days, at every origin.

`--origins 1801,1829` and `--series 3000` run a part, whose figures are printed and not kept.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from benchmarks import m5
from benchmarks.harness import ROOT, clock, peak_rss_gb, report, shared_data

from evenstock import forecasting
from evenstock.forecasting import DemandHistory, Drivers, demand_class, scores, velocity
from evenstock.forecasting.season import EVENT_DAYS
from evenstock.forecasting.spikes import cap_spikes
from evenstock.forecasting.wrmsse import M5_LEVELS, wrmsse

ORIGINS = (1801, 1829, 1857)
"""Last day known, as d_N."""
HORIZON = 28
SEED = 7
SAMPLE = 1000
DAYS_OF_AUTO_ETS = 730
TIERS = {"tier0": "baseline", "tier1": "boosted"}
YARDSTICKS = ("empirical", "seasonal_naive")
AT_MOST = 1 / 50
"""Share of AutoETS's CPU a series that the tier held against it may cost."""
Floats = npt.NDArray[np.float64]


@dataclass
class Said:
    """What a forecaster said at one origin, and its cost."""

    mu: Floats
    quantiles: npt.NDArray[np.int32]
    cpu_s: float
    rss_gb: float = 0.0
    version: str = ""
    own: npt.NDArray[np.int32] | None = None
    """The forecaster's own, before days were widened for the sake of their sums."""


def history_and_drivers(folder: Path, series: int | None) -> tuple[DemandHistory, Drivers]:
    """All series, or as many drawn at random: enough items to learn from, the same each time."""
    history = m5.sales(folder, m5.LAST_DAY)
    if series is not None and series < history.n_series:
        history = history.rows(np.sort(np.random.default_rng(SEED).choice(history.n_series, series, replace=False)))
    return history, m5.drivers(folder)


def job(folder: Path, model: str, origin: int, series: int | None, out: Path) -> None:
    """A training and a night of one tier, alone in its process."""
    # Compiled code is loaded first: it is paid once per process, whatever the number of series.
    few = DemandHistory.from_matrix(
        np.ones((2, 120), np.int16), pl.DataFrame({"sku": ["a", "b"], "node": "n"}), m5.FIRST_DAY
    )
    forecasting.fit(few, model=model).quantiles(scores.M5_LEVELS)
    history, drivers = history_and_drivers(folder, series)
    past = history.before(m5.as_of(origin))
    with clock() as training:
        trained = forecasting.train(past, model=model, drivers=drivers)
    with clock() as predicting:
        forecast = forecasting.predict(trained, past, horizon=HORIZON, drivers=drivers)
        quantiles = forecast.quantiles(scores.M5_LEVELS)
    own = forecasting.days_ahead(
        cap_spikes(past.last(EVENT_DAYS)), horizon=HORIZON, model=model, drivers=drivers, learned=trained.learned
    )
    np.savez(out, mu=forecast.mu, quantiles=quantiles, own=own.quantiles(scores.M5_LEVELS))
    print(
        json.dumps(
            {
                "train_cpu_s": training.cpu_s,
                "predict_cpu_s": predicting.cpu_s,
                "rss_gb": peak_rss_gb(),
                "version": forecast.version,
            }
        )
    )


def run(model: str, origin: int, series: int | None) -> Said:
    """`job` in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "said.npz"
        command = [sys.executable, "-m", "benchmarks.forecast_accuracy", "--job", model, str(out)]
        command += ["--origins", str(origin)] + (["--series", str(series)] if series else [])
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{model} at d_{origin} failed:\n{done.stderr}")
        cost = json.loads(done.stdout.strip().splitlines()[-1])
        kept = np.load(out)
        print(
            f"  d_{origin} {model}: train {cost['train_cpu_s']:.1f} + predict {cost['predict_cpu_s']:.1f} CPU-s, "
            f"{cost['rss_gb']:.2f} GB, {cost['version']}",
            flush=True,
        )
        return Said(
            kept["mu"],
            kept["quantiles"],
            cost["train_cpu_s"] + cost["predict_cpu_s"],
            cost["rss_gb"],
            cost["version"],
            kept["own"],
        )


def beside(past: DemandHistory, model: str, rows: npt.NDArray[np.int64] | None = None) -> Said:
    """A forecaster of the family with its own quantiles, in this process; of some series if `rows` are named."""
    asked = past if rows is None else past.last(DAYS_OF_AUTO_ETS).rows(rows)
    with clock() as taking:
        said = forecasting.days_ahead(cap_spikes(asked), horizon=HORIZON, model=model)
        quantiles = said.quantiles(scores.M5_LEVELS)
    return Said(said.mu, quantiles, taking.cpu_s, version=said.version)


@dataclass
class Origin:
    """What was sold after one origin, and how errors are weighed."""

    day: int
    past: DemandHistory
    sold: npt.NDArray[np.int64]
    scale: Floats
    weight: Floats
    keys: pl.DataFrame

    def wspl(
        self, quantiles: npt.NDArray[np.int32], rows: npt.NDArray[np.bool_ | np.int64] | slice = slice(None)
    ) -> float:
        """Of the series in `rows`, which `quantiles` already hold alone if they are places."""
        own = quantiles if quantiles.shape[0] != self.sold.shape[0] else quantiles[rows]
        return scores.wspl(self.sold[rows], own, scores.M5_LEVELS, self.scale[rows], self.weight[rows])

    def wrmsse(self, mu: Floats) -> float:
        return wrmsse(self.sold, mu, self.past, self.weight, M5_LEVELS, keys=self.keys)


def look(folder: Path, history: DemandHistory, day: int) -> Origin:
    past = history.before(m5.as_of(day))
    sold = history.units[:, day : day + HORIZON].astype(np.int64)
    return Origin(day, past, sold, scores.naive_scale(past), m5.money(folder, past), m5.keys(past))


def segments(origin: Origin, said: dict[str, Said]) -> pl.DataFrame:
    """WSPL of each tier over the empirical quantiles' by class of demand and by velocity."""
    units = origin.past.units[:, -364:]
    kind = np.asarray(demand_class.NAMES)[demand_class.demand_class(origin.past)]
    speed = np.asarray(velocity.NAMES)[velocity.bucket(units.mean(axis=1))]
    rows = []
    for dimension, value in (("class", kind), ("units a day", speed)):
        for name in np.unique(value):
            on = value == name
            yardstick = origin.wspl(said["empirical"].quantiles, on)
            rows.append(
                {"origin": origin.day, "dimension": dimension, "value": name, "series": int(on.sum())}
                | {tier: origin.wspl(said[tier].quantiles, on) / yardstick for tier in TIERS}
            )
    return pl.DataFrame(rows)


def pooled(found: list[dict[str, float]], above: str, below: str) -> float:
    return float(np.mean([f[above] for f in found]) / np.mean([f[below] for f in found]))


def against_auto_ets(origin: Origin, said: dict[str, Said]) -> dict[str, float]:
    """WSPL and CPU a series of AutoETS on a random sample, and of the tiers on the same series."""
    n = origin.past.n_series
    rows = np.sort(np.random.default_rng(SEED).choice(n, min(SAMPLE, n), replace=False))
    peer = beside(origin.past, "auto_ets", rows)
    print(f"  d_{origin.day} auto_ets on {rows.size} series: {peer.cpu_s:.1f} CPU-s", flush=True)
    sampled = {tier: origin.wspl(said[tier].quantiles[rows], rows) for tier in (*TIERS, "empirical")}
    row = {f"sample_wspl_{name}": value for name, value in sampled.items()}
    row |= {f"cpu_a_series_{tier}": said[tier].cpu_s / n for tier in TIERS}
    peer_wspl = origin.wspl(peer.quantiles, rows)
    return row | {"sample_wspl_auto_ets": peer_wspl, "cpu_a_series_auto_ets": peer.cpu_s / rows.size}


def at(origin: Origin, series: int | None) -> tuple[dict[str, float], pl.DataFrame]:
    """Every figure of one origin."""
    said = {tier: run(model, origin.day, series) for tier, model in TIERS.items()}
    said |= {name: beside(origin.past, name) for name in YARDSTICKS}
    row: dict[str, float] = {}
    for name, of in said.items():
        row[f"wspl_{name}"], row[f"wrmsse_{name}"] = origin.wspl(of.quantiles), origin.wrmsse(of.mu)
        row[f"bias_{name}"] = scores.bias(origin.sold, of.mu)
        row[f"below_975_{name}"] = float((origin.sold <= of.quantiles[:, :, 7]).mean())
        if of.own is not None:
            row[f"wspl_{name}_own"] = origin.wspl(of.own)
        row[f"cpu_s_{name}"], row[f"rss_gb_{name}"] = of.cpu_s, of.rss_gb
    return row | against_auto_ets(origin, said), segments(origin, said)


def show(origins: list[int], found: list[dict[str, float]], parts: pl.DataFrame) -> list[str]:
    """Notes: what the figures are made of, origin by origin, and by segment."""
    notes = []
    for day, row in zip(origins, found, strict=True):
        notes += [
            f"d_{day} {tier}: WSPL {row[f'wspl_{tier}']:.4f}, over empirical "
            f"{row[f'wspl_{tier}'] / row['wspl_empirical']:.4f} ({row[f'wspl_{tier}_own'] / row['wspl_empirical']:.4f} before "
            f"sums are made right); WRMSSE {row[f'wrmsse_{tier}']:.4f}, over seasonal naive "
            f"{row[f'wrmsse_{tier}'] / row['wrmsse_seasonal_naive']:.4f}; bias {row[f'bias_{tier}']:+.3f}; "
            f"P(y <= q.975) {row[f'below_975_{tier}']:.3f}; {row[f'cpu_s_{tier}']:.1f} CPU-s, {row[f'rss_gb_{tier}']:.2f} GB"
            for tier in TIERS
        ]
        notes.append(
            f"d_{day} sample: WSPL AutoETS {row['sample_wspl_auto_ets']:.4f}, "
            + ", ".join(f"{t} {row[f'sample_wspl_{t}']:.4f}" for t in (*TIERS, "empirical"))
        )
    mean = parts.group_by("dimension", "value", maintain_order=True).agg(
        pl.col("series").sum(), *(pl.col(tier).mean() for tier in TIERS)
    )
    notes += [
        f"{row['dimension']} {row['value']} ({row['series']} series and origins): "
        + ", ".join(f"{tier} {row[tier]:.3f}" for tier in TIERS)
        for row in mean.iter_rows(named=True)
    ]
    return notes


def figures(found: list[dict[str, float]]) -> tuple[dict[str, float], str]:
    cost = {tier: pooled(found, f"cpu_a_series_{tier}", "cpu_a_series_auto_ets") for tier in TIERS}
    gain = {tier: pooled(found, f"sample_wspl_{tier}", "sample_wspl_auto_ets") for tier in TIERS}
    cheap = [tier for tier in TIERS if cost[tier] <= AT_MOST] or ["tier0"]
    best = min(cheap, key=gain.__getitem__)
    both = "; ".join(f"{tier} {gain[tier]:.4f} of its WSPL at 1/{1 / cost[tier]:,.0f} of its CPU" for tier in TIERS)
    return (
        {
            "tier0_wspl_ratio": pooled(found, "wspl_tier0", "wspl_empirical"),
            "tier0_wspl_ratio_days_alone": pooled(found, "wspl_tier0_own", "wspl_empirical"),
            "tier1_wspl_ratio_days_alone": pooled(found, "wspl_tier1_own", "wspl_empirical"),
            "tier0_wrmsse_ratio": pooled(found, "wrmsse_tier0", "wrmsse_seasonal_naive"),
            "tier0_cpu_s": max(row["cpu_s_tier0"] for row in found),
            "tier1_wspl_ratio": pooled(found, "wspl_tier1", "wspl_empirical"),
            "tier1_wrmsse_ratio": pooled(found, "wrmsse_tier1", "wrmsse_seasonal_naive"),
            "tier1_cpu_s": max(row["cpu_s_tier1"] for row in found),
            "wspl_over_autoets": gain[best],
            "cpu_over_autoets": cost[best],
        },
        f"against AutoETS stands {best}: {both}",
    )


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--origins", default=",".join(map(str, ORIGINS)), help="last days known, as N of d_N")
    asked.add_argument("--series", type=int, help="this many series drawn at random instead of all")
    asked.add_argument("--job", nargs=2, metavar=("MODEL", "FILE"), help=argparse.SUPPRESS)
    told = asked.parse_args()
    folder = shared_data("m5")
    if folder is None:
        return
    origins = [int(day) for day in told.origins.split(",")]
    if told.job:
        job(folder, told.job[0], origins[0], told.series, Path(told.job[1]))
        return
    history, _ = history_and_drivers(folder, told.series)
    done = [at(look(folder, history, day), told.series) for day in origins]
    found, parts = [row for row, _ in done], pl.concat([part for _, part in done])
    said, against = figures(found)
    notes = [f"M5, {history.n_series:,} series, origins {origins}", against, *show(origins, found, parts)]
    if tuple(origins) == ORIGINS and told.series is None:
        report("forecasting", said, notes)
        return
    print("\na part only, not kept")
    for key, value in said.items():
        print(f"  {key:<20} {value:.4f}")
    print("\n".join(f"  {note}" for note in notes))


if __name__ == "__main__":
    main()
