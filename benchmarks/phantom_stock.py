"""How soon an empty shelf is found that the record calls full, how often in vain, and what a count list finds first.

`python -m benchmarks.phantom_stock` prints and keeps all. Demand is drawn from series fitted on real M5: sample paths
of the forecast made at d_1801, with the uncertain level of a path and the day factors of each store. From a random day
on the shelf is empty and nothing sells. The alarm's threshold is the package's own, "more likely empty than not";
what others would give is shown for another origin, the other half of the series and other paths. Real M5 days follow apart: there an alarm may be a true stock-out that nobody labelled.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from benchmarks.harness import clock, report, shared_data
from benchmarks.m5 import as_of, events, sales
from tests.inventory.shelves import Shelves, shelves

from evenstock import forecasting
from evenstock.forecasting import DemandHistory, Drivers, Forecast
from evenstock.inventory import (
    EMPTY_AT,
    Assumptions,
    CountCosts,
    Evidence,
    believe,
    learn_accuracy,
    phantom_probability,
)
from evenstock.inventory.count_list import error_cost, value_of_counting

CHOSEN_AT, REPORTED_AT, REAL_AT = 1745, 1801, 1801
"""Origins: last day known, as d_N. The real days that are judged are d_1830 to d_1857."""
WARM, JUDGED = 28, 28
"""Days on which nothing is wrong yet, and days on which alarms are counted."""
THRESHOLDS = (0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
FAULT_FROM = 14
"""A fault begins on one of the first 14 judged days, so that at least 15 empty days can be watched."""
LEAST_UNITS = 2.0
NEVER = 99
CLASSES = ((0.3, 0.8), (0.8, 2.0), (2.0, 5.0), (5.0, 12.0), (12.0, np.inf), (LEAST_UNITS, np.inf))
N_SHELVES = 10_000
WORLD_SEEDS = (2026, 2027, 2028)

Units = npt.NDArray[np.int64]


def evidence(units: Units, forecast: Forecast) -> Evidence:
    """Sales alone, of shelves counted 30 days before the window."""
    n, days = units.shape
    nothing, unknown = np.zeros(n), np.full(n, np.nan)
    none = np.zeros(n, np.int64)
    return Evidence(
        forecast.keys.select("sku", "node"), forecast.as_of, units, forecast.mu, forecast.alpha, forecast.path_variance, forecast.path_drift,
        np.ones((n, days), bool), np.zeros((n, days)), np.full((n, days), np.nan), none + 50, forecast.mu.mean(axis=1),
        nothing + WARM + JUDGED + 30, nothing, nothing + 365, unknown, unknown, none, none,
    )  # fmt: skip


def judged(units: Units, forecast: Forecast, seed: int) -> dict[str, npt.NDArray]:
    """P(empty) on the judged days as they were and with a fault from a random day on; and that day."""
    onset = WARM + np.random.default_rng(seed).integers(0, FAULT_FROM, units.shape[0])
    faulty = units.copy()
    faulty[np.arange(units.shape[1])[None, :] >= onset[:, None]] = 0
    hazard = np.full(units.shape[0], Assumptions().phantom_per_day)
    healthy, broken = (phantom_probability(evidence(u, forecast), hazard)[:, WARM:] for u in (units, faulty))
    return {"healthy": healthy, "broken": broken, "onset": onset - WARM, "rate": forecast.mu.mean(axis=1)}


def outcome(said: dict[str, npt.NDArray], threshold: float, rows: npt.NDArray[np.bool_]) -> tuple[float, float, float]:
    """Median days until a fault is found (1: at the end of its first day; NEVER where it was not), the share found within 14
    days, and the share of healthy shelves with an alarm in 28 days."""
    empty_days = np.arange(JUDGED)[None, :] - said["onset"][rows][:, None] + 1
    alarm = (said["broken"][rows] >= threshold) & (empty_days >= 1)
    first = alarm.argmax(axis=1)
    delay = np.where(alarm.any(axis=1), empty_days[np.arange(first.size), first], NEVER)
    false = (said["healthy"][rows] >= threshold).any(axis=1).mean()
    return float(np.median(delay)), float((delay <= 14).mean()), float(false)


def fitted(history: DemandHistory, drivers: Drivers, origin: int, rows: npt.NDArray[np.int64]) -> Forecast:
    past = history.before(as_of(origin))
    return forecasting.fit(past, horizon=WARM + JUDGED, drivers=drivers.known(past.as_of)).rows(rows)


def trade_off(history: DemandHistory, drivers: Drivers) -> list[str]:
    """What other thresholds would give, on even series of an earlier origin."""
    forecast = fitted(history, drivers, CHOSEN_AT, np.arange(0, history.n_series, 2))
    said = judged(forecast.paths(1, seed=11)[:, 0].astype(np.int64), forecast, seed=12)
    notes = []
    for threshold in THRESHOLDS:
        median, _, false = outcome(said, threshold, said["rate"] >= LEAST_UNITS)
        notes.append(f"d_{CHOSEN_AT}, even series, P >= {threshold}: {median:.0f} days, {false:.1%} in vain")
    return notes


def silence(said: dict[str, npt.NDArray], units: Units, forecast: Forecast, threshold: float) -> str:
    """What real alarms rest on: the days without a sale up to each, and what was expected on them."""
    rows = np.flatnonzero((said["rate"] >= LEAST_UNITS) & (said["healthy"] >= threshold).any(axis=1))
    day = WARM + (said["healthy"][rows] >= threshold).argmax(axis=1)
    run, expected = [], []
    for row, last in zip(rows, day, strict=True):
        sold = np.flatnonzero(units[row, : last + 1])
        begin = sold[-1] + 1 if sold.size else 0
        run.append(last + 1 - begin)
        expected.append(forecast.mu[row, begin : last + 1].sum())
    return (
        f"real M5, alarms 'in vain' at {LEAST_UNITS:g} and more a day rest on {np.median(run):.0f} days without a sale where "
        f"{np.median(expected):.0f} units were expected (medians of {rows.size:,}): "
        "M5 does not label its stock-outs, so this share is an upper bound"
    )


def by_class(title: str, said: dict[str, npt.NDArray], threshold: float) -> list[str]:
    notes = []
    for low, high in CLASSES:
        rows = (said["rate"] >= low) & (said["rate"] < high)
        median, soon, false = outcome(said, threshold, rows)
        found = f"{median:.0f} days" if median < NEVER else "not found by half"
        span = f"{low:g} and more" if np.isinf(high) else f"{low:g} to {high:g}"
        notes.append(
            f"{title}, {span} a day ({rows.sum():,} series): {found}, {soon:.0%} within 14, {false:.1%} in vain per 28 days"
        )
    return notes


def detection(folder: Path) -> tuple[dict[str, float], list[str]]:
    history, drivers = sales(folder, REAL_AT + WARM + JUDGED), Drivers(events=events(folder))
    notes = trade_off(history, drivers)
    forecast = fitted(history, drivers, REPORTED_AT, np.arange(1, history.n_series, 2))
    units = forecast.paths(1, seed=2026)[:, 0].astype(np.int64)
    with clock() as filtering:
        said = judged(units, forecast, seed=7)
    median, _, false = outcome(said, EMPTY_AT, said["rate"] >= LEAST_UNITS)
    notes.append(
        f"reported at d_{REPORTED_AT}, odd series, P >= {EMPTY_AT}; two passes over {units.shape[0]:,} series x {units.shape[1]} days: {filtering.cpu_s:.2f} CPU-s"
    )
    notes += by_class("simulated", said, EMPTY_AT)
    real = fitted(history, drivers, REAL_AT, np.arange(history.n_series))
    days = slice(REAL_AT, REAL_AT + WARM + JUDGED)
    units = history.units[:, days].astype(np.int64)
    lived = judged(units, real, seed=8)
    notes += by_class("real M5 d_1830..1857, stock-outs simulated", lived, EMPTY_AT)
    notes += by_class("the same, P >= 0.9", lived, 0.9)
    notes.append(silence(lived, units, real, EMPTY_AT))
    return {"phantom_median_delay_days": median, "phantom_false_alarm_share": false}, notes


def found_first(world: Shelves, share: float = 0.2) -> dict[str, float]:
    """Share of the error value that the first `share` of the counts finds, by the order in which shelves are counted."""
    said, costs = believe(world.evidence, learn_accuracy(world.counts)), CountCosts()
    money = world.missing_cents, world.unit_cost_cents
    value, _, _ = value_of_counting(said, *money, costs)
    error = error_cost(said, world.truth, *money, costs)
    orders = {
        "count list": -(value - costs.count_cents - costs.unit_cents * world.evidence.record),
        "P(empty)": -said["p_phantom"].to_numpy(),
        "ABC": -world.evidence.rate * world.unit_cost_cents,
        "random": np.random.default_rng(1).random(value.size),
        "hindsight": -error,
    }
    first = {name: np.argsort(key, kind="stable")[: int(share * value.size)] for name, key in orders.items()}
    return {name: float(error[rows].sum() / error.sum()) for name, rows in first.items()}


def count_lists() -> tuple[dict[str, float], list[str]]:
    notes, value = [], 0.0
    for noticed in (np.inf, 30.0, 12.0):
        shares = [found_first(shelves(seed, N_SHELVES, noticed_after_units=noticed)) for seed in WORLD_SEEDS]
        mean = {name: float(np.mean([s[name] for s in shares])) for name in shares[0]}
        value = mean["count list"] if np.isinf(noticed) else value
        until = "until counted" if np.isinf(noticed) else f"until 3 days and {noticed:g} units wanted in vain"
        notes.append(f"empty shelves last {until}: " + ", ".join(f"{name} {v:.3f}" for name, v in mean.items()))
    notes.append(
        f"error value: cents that acting on the record costs in 28 days; {N_SHELVES:,} SKU-nodes, seeds {WORLD_SEEDS}"
    )
    return {"countlist_value_first_20pct": value}, notes


def main() -> None:
    figures, notes = count_lists()
    folder = shared_data("m5")
    if folder is not None:
        found, told = detection(folder)
        figures, notes = found | figures, told + notes
    report("forecasting", figures, notes)


if __name__ == "__main__":
    main()
