"""The forecast as a watch reads it: days may scatter as widely as they were seen to, so that no wild day is taken for a shift.

A forecast's `alpha` is measured around a mean that follows demand closely, and is then shared between the days and the level
of the path so that days ahead keep it as a whole. Whoever follows a path learns its level, and finds the days around it to
scatter by nearly all of `alpha`: on retail sales about twice what the forecast leaves them. And members of a total have days
in common (weather, a feed, a payday) that no member's forecast knows.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.forecasting.fitting import days_ahead
from evenstock.forecasting.forecast import Forecast
from evenstock.forecasting.history import DemandHistory
from evenstock.forecasting.sensing.groups import Groups, node_groups, sku_groups
from evenstock.forecasting.sensing.seen import Seen
from evenstock.forecasting.sensing.update import updated

Floats = npt.NDArray[np.float64]

SCATTER_DAYS: Final = 182
"""Days behind a forecast on which the scatter of totals is measured."""
LEAST_DAYS: Final = 56
HIDDEN_SHARE: Final = 0.1
"""A day of a total counts as hidden where series of more than this share of its expected units were."""


def watched(forecast: Forecast) -> Forecast:
    """The same means and levels, with days that scatter by the whole of `alpha` beside the level.

    Alarms calibrated on its paths are, on those of the forecast itself, fewer than said.

    Examples
    --------
    >>> one = pl.DataFrame({"sku": ["MUG"], "node": ["TX"]})
    >>> a, v = np.array([0.3]), np.array([0.2])
    >>> said = Forecast(one, date(2026, 3, 2), np.ones((1, 28)), a, v, "x", date(2026, 3, 1))
    >>> watched(said).alpha.round(2).tolist()  # 0.3 of the days, times 1.2, and 0.2 of the level
    [0.56]
    """
    v = forecast.path_variance
    return replace(forecast, alpha=forecast.alpha * (1.0 + v) + v)


def followed(forecast: Forecast, seen: Seen, *, first: date) -> Forecast:
    """`updated`, with the days seen weighed by how widely days really scatter; the days told keep their own `alpha`.

    On retail sales this is nearer and no less sure than `updated` alone, which is best where the forecast's words are exact.
    """
    found = updated(watched(forecast), seen, first=first)
    return replace(found, alpha=np.maximum(forecast.alpha, found.path_variance))


def watched_totals(forecast: Forecast, history: DemandHistory | None, *, by: str) -> Groups:
    """Totals of a watched forecast, their days scattering at least as widely as they did before it.

    Parameters
    ----------
    history
        Of the forecast's series before its first day; None, or fewer than 56 days, where nothing can be measured.
    by
        sku or node.
    """
    groups = sku_groups(watched(forecast)) if by == "sku" else node_groups(watched(forecast))
    if history is None or history.n_days < LEAST_DAYS:
        return groups
    past = _total_history(groups, forecast, history.last(SCATTER_DAYS), by)
    scatter = days_ahead(past, model="baseline", horizon=1).alpha
    v = groups.forecast.path_variance
    alpha = np.maximum(groups.forecast.alpha, scatter * (1.0 + v) + v)
    return replace(groups, forecast=replace(groups.forecast, alpha=alpha))


def _total_history(groups: Groups, forecast: Forecast, history: DemandHistory, by: str) -> DemandHistory:
    """Daily totals, one row for each of the groups in their order."""
    keys = groups.forecast.keys
    place = dict(zip(keys[by], range(keys.height), strict=True))
    at = history.keys[by].replace_strict(place, default=-1, return_dtype=pl.Int64).to_numpy()
    known = np.flatnonzero(at >= 0)
    units = np.zeros((keys.height, history.n_days), np.int64)
    np.add.at(units, at[known], history.units[known])
    hidden = None
    if history.hidden is not None:
        weight = (
            history.keys.select("sku", "node")
            .join(forecast.keys.select("sku", "node").with_columns(w=pl.Series(forecast.mu.mean(axis=1))), how="left",
                  on=["sku", "node"], maintain_order="left")["w"].fill_null(0.0).to_numpy()
        )  # fmt: skip
        lost = np.zeros(units.shape)
        np.add.at(lost, at[known], weight[known, None] * history.hidden[known])
        hidden = lost > HIDDEN_SHARE * np.bincount(at[known], weight[known], keys.height)[:, None]
    return DemandHistory.from_matrix(units, keys, history.first_day, hidden=hidden)
