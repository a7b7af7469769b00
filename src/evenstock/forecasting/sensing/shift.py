"""A true shift of demand told from noise: series, items and nodes whose days the forecast does not allow."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.forecasting.forecast import Forecast
from evenstock.forecasting.sensing.detector import Null, change_likelihood, evidence, null_of
from evenstock.forecasting.sensing.false_alarms import PERIOD_DAYS, Thresholds
from evenstock.forecasting.sensing.seen import Seen

Floats = npt.NDArray[np.float64]

ALERTS: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "scope": pl.String,
    "sku": pl.String,
    "node": pl.String,
    "direction": pl.String,
    "since": pl.Date,
    "until": pl.Date,
    "raised_on": pl.Date,
    "ratio": pl.Float64,
    "ratio_low": pl.Float64,
    "ratio_high": pl.Float64,
    "evidence": pl.Float64,
    "threshold": pl.Float64,
    "expected": pl.Float64,
    "seen": pl.Int64,
    "because": pl.String,
}
"""One row a shift: scope (series, item or node), up or down, most likely first day, last day on which the evidence stood, the
day it first sufficed, how many times as much as before with a 90 % interval, the statistic and what it had to reach, units
expected and seen from `since` to `until`, and one sentence."""
_RATIOS: Final = np.exp(np.linspace(-np.log(50.0), np.log(50.0), 79))
"""Multiples between which a shift's size is estimated; even in logarithms, so that up and down are alike."""
_INTERVAL: Final = (0.05, 0.5, 0.95)


def shifts(forecast: Forecast, seen: Seen, thresholds: Thresholds, *, scope: str) -> pl.DataFrame:
    """Series whose demand has truly shifted, in the columns of `ALERTS`, the surest first.

    A series alarms on the first day on which its evidence (see `detector`) reaches the threshold of its speed. Only the
    days for which the thresholds were calibrated are looked at. Hidden days say nothing. A whole path may lie high or low
    by the forecast's own path variance; only what goes beyond that, or changes on the way, counts.

    Parameters
    ----------
    scope
        What the forecast's series are: series, item or node.
    """
    days = min(seen.days, thresholds.days)
    expected, units = seen.expected(forecast)[:, :days], seen.units[:, :days]
    if days == 0 or forecast.keys.height == 0:
        return pl.DataFrame(schema=ALERTS)
    null = null_of(forecast)
    more, less = evidence(null, expected, units)
    level = thresholds.of(forecast)
    over = (more + less) >= level[:, None]
    rows = np.flatnonzero(over.any(axis=1))
    found = [
        _alert(forecast, null, int(row), expected[row], units[row], more[row] - less[row], over[row])
        | {"evidence": float((more + less)[row][over[row]][-1]), "threshold": float(level[row]), "scope": scope}
        for row in rows
    ]
    for alert in found:
        alert["because"] = _because(alert, thresholds.false_alarms)
    return pl.DataFrame(found, schema=ALERTS).sort("evidence", "sku", "node", descending=[True, False, False])


def _alert(
    forecast: Forecast,
    null: Null,
    row: int,
    expected: Floats,
    units: Floats,
    lean: Floats,
    over: npt.NDArray[np.bool_],
) -> dict[str, object]:
    last = int(np.flatnonzero(over)[-1])
    up = bool(lean[last] >= 0)
    since, ratio = _estimated(null, row, expected[: last + 1], units[: last + 1], up=up)
    sku, node = forecast.keys.row(row)[:2]
    days = [forecast.as_of + timedelta(days=d) for d in (since, last, int(over.argmax()))]
    counted = expected[since : last + 1] > 0
    return {
        "sku": sku,
        "node": node,
        "direction": "up" if up else "down",
        "since": days[0],
        "until": days[1],
        "raised_on": days[2],
        "ratio": float(ratio[1]),
        "ratio_low": float(ratio[0]),
        "ratio_high": float(ratio[2]),
        "expected": float(expected[since : last + 1].sum()),
        "seen": int(units[since : last + 1][counted].sum()),
    }


def _estimated(null: Null, row: int, expected: Floats, units: Floats, *, up: bool) -> tuple[int, Floats]:
    """Most likely first day, and quantiles of the ratio over all first days; every day and ratio equally likely beforehand."""
    ratios = _RATIOS[_RATIOS > 1.0001] if up else _RATIOS[_RATIOS < 0.9999]
    weight = change_likelihood(null, row, expected, units, ratios) * (expected > 0)[:, None]
    weight /= weight.sum()
    upto = np.cumsum(weight.sum(axis=0))
    at = np.interp(_INTERVAL, upto, np.log(ratios))
    return int(weight.sum(axis=1).argmax()), np.exp(at)


def _because(alert: dict[str, object], false_alarms: float) -> str:
    what = {"series": "{sku} at {node}", "item": "{sku} over all nodes", "node": "all of {node}"}[str(alert["scope"])]
    ratio, low, high = (float(str(alert[name])) for name in ("ratio", "ratio_low", "ratio_high"))
    return (
        what.format(**alert)
        + f" has sold {_times(ratio, low, high)} times what it did before {alert['since']}: {alert['seen']} units from then to "
        + f"{alert['until']}, where {float(str(alert['expected'])):,.1f} were expected; of 1,000 such that have not shifted, "
        + f"{false_alarms:g} would look so within {PERIOD_DAYS} days"
    )


def _times(ratio: float, low: float, high: float) -> str:
    """The ratio and its interval, with as many digits as tell them apart."""
    digits = 1 if ratio >= 1 else 2
    return f"{ratio:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"
