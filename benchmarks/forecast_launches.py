"""Real M5 launches forecast on the morning of their first day, against the mean of their department's earlier launches.

`python -m benchmarks.forecast_launches`. A launch is the first sale of an item in a store: shelf prices begin in the very
week of the first sale, so they tell no earlier day. What was known is the store's price, the same item in other stores and
every launch whose four weeks were over. Every choice was made on launches of d_800 to d_1172; those of d_1200 to d_1857 are
only reported. The target counts the first day, on which a launch by this definition always sells: so does the forecast, by the
mean of a day of which it is known that it sells.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from benchmarks import m5
from benchmarks.harness import clock, report, shared_data

from evenstock.distributions import negative_binomial as nb
from evenstock.distributions import quantile_grid
from evenstock.forecasting import DemandHistory, fit, scores
from evenstock.forecasting.cold_start import with_launches
from evenstock.forecasting.launch_model import fit_launches, total_dispersion
from evenstock.forecasting.launches import LAUNCH_DAYS, Launches, observe

FIRST, LAST = 1200, 1857
HALF_LIVES = {"a_year": 365.0, "two_months": 60.0}
"""Ages, in days, at which a launch counts half in stronger department means."""
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def wape(sold: Floats, said: Floats) -> float:
    return float(np.abs(sold - said).sum() / sold.sum())


def department_means(launches: Launches, totals: Floats, which: Mask, *, half_life: float = 1e9) -> Floats:
    """Mean 28-day total of the department's launches that were over on the morning of each launch of `which`."""
    found = []
    for k in np.flatnonzero(which):
        done = (launches.day + LAUNCH_DAYS <= launches.day[k]) & (launches.category == launches.category[k])
        found.append(np.average(totals[done], weights=0.5 ** ((launches.day[k] - launches.day[done]) / half_life)))
    return np.array(found)


def day_zero(history: DemandHistory, launches: Launches) -> dict[str, float]:
    """The 28-day total said on the first morning; the model is fitted again every four weeks."""
    first = history.units[launches.row, launches.day].astype(np.float64)
    totals = launches.units + first
    n = int(launches.category.max()) + 1
    rate, variance, dispersion = (np.ones(len(launches)) for _ in range(3))
    with clock() as fitting:
        for origin in range(FIRST, LAST + 1, LAUNCH_DAYS):
            on = (launches.day >= origin) & (launches.day < origin + LAUNCH_DAYS)
            model = fit_launches(launches, n, origin, fallback=np.ones(n + 1))
            part = launches.part(on)
            rate[on], variance[on] = model.rates(part.category, part.volume, part.siblings, part.log_price)
            dispersion[on] = model.dispersion
    on = (launches.day >= FIRST) & (launches.day <= LAST)
    sells = 1.0 - nb.pmf(0, rate, dispersion)
    said = (LAUNCH_DAYS - 1) * rate + rate / sells
    of_total = total_dispersion(variance, dispersion, LAUNCH_DAYS)
    middle = nb.quantile(0.5, said[on], of_total[on]).astype(np.float64)
    mean = department_means(launches, totals, on)
    stronger = {name: department_means(launches, totals, on, half_life=life) for name, life in HALF_LIVES.items()}
    sold, said, rest = totals[on], said[on], launches.units[on]
    low, high = (nb.quantile(u, (LAUNCH_DAYS - 1) * rate[on], of_total[on]) for u in (0.025, 0.975))
    siblings = launches.siblings.long_days[on] > 0
    daily = history.units[launches.row[on, None], launches.day[on, None] + np.arange(1, LAUNCH_DAYS)].astype(np.int64)
    pinball = {}
    for name, level, alpha in (
        ("ours", rate[on], dispersion[on] + variance[on] * (1.0 + dispersion[on])),
        ("department", mean / LAUNCH_DAYS, dispersion[on] + 2.0 * (1.0 + dispersion[on])),
    ):
        quantiles = quantile_grid(np.repeat(level[:, None], LAUNCH_DAYS - 1, axis=1), alpha, scores.M5_LEVELS)
        pinball[name] = float(scores.pinball(daily, quantiles, scores.M5_LEVELS).mean())
    own = {k: totals[on & (launches.category == k)].mean() for k in range(n)}
    stronger["hindsight"] = np.array([own[k] for k in launches.category[on]])
    ratios = {f"coldstart_wape_ratio, mean by {name}": wape(sold, said) / wape(sold, m) for name, m in stronger.items()}
    return ratios | {
        "coldstart_launches": int(on.sum()),
        "coldstart_wape": wape(sold, said),
        "coldstart_wape_department": wape(sold, mean),
        "coldstart_wape_ratio": wape(sold, said) / wape(sold, mean),
        "coldstart_wape_ratio_median": wape(sold, middle) / wape(sold, mean),
        "coldstart_wape_ratio_siblings": wape(sold[siblings], said[siblings]) / wape(sold[siblings], mean[siblings]),
        "coldstart_wape_ratio_no_siblings": wape(sold[~siblings], said[~siblings])
        / wape(sold[~siblings], mean[~siblings]),
        "coldstart_bias": float(said.sum() / sold.sum() - 1.0),
        "coldstart_sum_cov95": float(((rest >= low) & (rest <= high)).mean()),
        "coldstart_pinball": pinball["ours"],
        "coldstart_pinball_department": pinball["department"],
        "coldstart_fit_cpu_s": fitting.cpu_s,
    }


def while_young(folder: Path, history: DemandHistory) -> dict[str, float]:
    """Series of one to four weeks at origins eight weeks apart: the next 28 days, with and without launches' help."""
    prices = m5.prices(folder)
    ages = {"1 to 3": (1, 4), "4 to 7": (4, 8), "8 to 14": (8, 15), "15 to 20": (15, 21)}
    sums = {name: np.zeros(6) for name in ages}
    for origin in range(FIRST + LAUNCH_DAYS, LAST + 1, 2 * LAUNCH_DAYS):
        past = history.before(m5.as_of(origin))
        usual = fit(past)
        helped = with_launches(usual, past, prices=prices)
        age = origin - past.start
        for name, (youngest, oldest) in ages.items():
            rows = np.flatnonzero((age >= youngest) & (age < oldest))
            sold = history.units[rows, origin : origin + LAUNCH_DAYS].astype(np.int64)
            row = [float(sold.size), float(sold.sum())]
            for forecast in (usual, helped):
                part = forecast.rows(rows)
                row.append(float(np.abs(part.mu.sum(axis=1) - sold.sum(axis=1)).sum()))
            for forecast in (usual, helped):
                quantiles = forecast.rows(rows).quantiles(scores.M5_LEVELS)
                row.append(float(scores.pinball(sold, quantiles, scores.M5_LEVELS).sum()))
            sums[name] += row
    found = {}
    for name, (cells, units, usual_error, error, usual_loss, loss) in sums.items():
        found[f"young_wape, {name} days"] = error / units
        found[f"young_wape_usual, {name} days"] = usual_error / units
        found[f"young_pinball_ratio, {name} days"] = loss / usual_loss
        found[f"young_series, {name} days"] = cells / LAUNCH_DAYS
    return found


def main() -> None:
    folder = shared_data("m5")
    if folder is None:
        return
    history = m5.sales(folder, m5.LAST_DAY)
    with clock() as reading:
        launches = observe(history, prices=m5.prices(folder), most=history.n_series)
    figures = day_zero(history, launches) | while_young(folder, history)
    report(
        "forecasting",
        figures,
        [
            f"{len(launches):,} launches described in {reading.cpu_s:.1f} CPU-s; those of d_{FIRST} to d_{LAST} reported",
            (
                "`mean by a_year` and `two_months` hold against department means whose launches count half at that age, `hindsight` "
                "against the mean of the very launches that are forecast"
            ),
            "WAPE of the 28-day total on day 0, of means; `median` is the ratio for our median, which WAPE rewards",
        ],
    )


if __name__ == "__main__":
    main()
