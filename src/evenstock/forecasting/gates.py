"""What a model of demand must show before it may decide anything: the gates, with the day they were agreed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt

from evenstock.forecasting import scores
from evenstock.forecasting.told import SHARE, Told, together
from evenstock.learning.clustered import share_and_error
from evenstock.learning.gates import Gate, Outcome, within
from evenstock.learning.paired_bootstrap import Ratio, loss_ratio

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds of the gates; change them only with a new day and a reason."""

    agreed_on: date
    levels: tuple[float, ...]
    """Shares of days at or under these quantiles must be their levels ..."""
    level_slack: float
    """... give or take this."""
    sum_days: tuple[int, ...]
    """Of totals over so many days the 95 % interval must hold a share ..."""
    sum_low: float
    """... not below this ..."""
    sum_high: float
    """... and not above this."""
    bias: float
    """Most by which all means together may lie off what was sold, either way."""
    wspl_worse: float
    """Most by which WSPL may exceed the champion's."""
    origins: int
    """Rolling origins that a comparison wants."""
    shadow_days: int
    """Days a challenger must have stood beside the champion unseen."""


BOUNDS: Final = Bounds(
    agreed_on=date(2026, 11, 21),
    levels=(0.5, 0.835, 0.975),
    level_slack=0.02,
    sum_days=(7, 14, 28),
    sum_low=0.93,
    sum_high=0.97,
    bias=0.05,
    wspl_worse=0.005,
    origins=3,
    shadow_days=14,
)


def gates(
    challenger: Sequence[Told], champion: Sequence[Told], *, bounds: Bounds = BOUNDS, seed: int = 0
) -> tuple[Gate, ...]:
    """Every gate of a backtest, judged over all origins together.

    Where data are too few to tell, a gate is unjudged (`learning.gates.within`), which does not pass: the champion, at
    first the fast forecast, goes on. Standard errors and the comparison take an item with all its nodes, days and origins
    as one, because they move together.

    Parameters
    ----------
    challenger, champion
        Outcomes at the same origins, series in the same order.
    """
    if [o.origin for o in challenger] != [o.origin for o in champion]:
        raise ValueError("challenger and champion must be told at the same origins")
    ours = together(challenger)
    item = np.unique(ours.keys["sku"].to_numpy(), return_inverse=True)[1].astype(np.int64)
    return (finite(challenger), *calibration_gates(ours, item, bounds), _against(ours, champion, item, bounds, seed))


def calibration_gates(said: Told, item: Codes, bounds: Bounds = BOUNDS) -> list[Gate]:
    """Shares below quantiles, coverage of sums and bias; `item` is the code of each series' item, shape ``(series,)``."""
    found = []
    days = said.seen.sum(axis=1).astype(np.float64)
    for level in bounds.levels:
        share = np.where(said.seen, scores.share_below(said.below, said.upto, level), 0.0).sum(axis=1)
        name = f"share of days at or under the {100 * level:g} % quantile"
        slack = bounds.level_slack
        figure, error = _share(share, days, item, level)
        found.append(within(name, figure, error, level - slack, level + slack))
    found += [sum_gate(said, item, d, bounds) for d in bounds.sum_days if d in said.sums]
    sold = np.where(said.seen, said.sold, 0).sum(axis=1, dtype=np.float64)
    mean = np.where(said.seen, said.mean, 0.0).sum(axis=1, dtype=np.float64)
    ratio, error = share_and_error(mean - sold, sold, item)
    return [*found, within("bias", ratio, error, -bounds.bias, bounds.bias, spoken="{:+.3f}")]


def sum_gate(said: Told, item: Codes, days: int, bounds: Bounds = BOUNDS) -> Gate:
    """Coverage of the 95 % interval of sums, each interval's last units split evenly so that coarse counts do not count."""
    total = said.sums[days]
    share, error = _share(np.where(total.whole, total.evenly, 0.0), total.whole.astype(np.float64), item, SHARE)
    return within(f"coverage of {days}-day sums", share, error, bounds.sum_low, bounds.sum_high)


def _share(part: Floats, whole: Floats, item: Codes, nominal: float) -> tuple[float, float]:
    """A share and its error, which is never less than chance alone gives under the truth: few that agree prove little."""
    share, error = share_and_error(part, whole, item)
    least = np.sqrt(nominal * (1.0 - nominal) / max(float(whole.sum()), 1.0))
    return share, float(np.maximum(error, least))


def finite(told: Sequence[Told]) -> Gate:
    """Nothing that was told is missing or not a number."""
    bad = sum(
        int(np.count_nonzero(~np.isfinite(values))) for said in told for values in (said.mean, said.loss, said.upto)
    )
    return within("figures that are not numbers", float(bad), 0.0, 0.0, 0.0, spoken="{:.0f}")


def _against(ours: Told, champion: Sequence[Told], item: Codes, bounds: Bounds, seed: int) -> Gate:
    theirs = together(champion)
    if ours.keys.select("sku", "node").rows() != theirs.keys.select("sku", "node").rows():
        raise ValueError("challenger and champion must tell of the same series")
    seen = ours.seen.any(axis=1) & (ours.weight > 0)
    losses = [_weighted(said)[seen] for said in (ours, theirs)]
    ratio = loss_ratio(losses[0], losses[1], item[seen], seed=seed)
    return not_worse(ratio, champion[0].version, len(champion), bounds)


def _weighted(said: Told) -> Floats:
    """Each series' part of WSPL, shape ``(series,)``."""
    days = said.seen.sum(axis=1)
    loss = np.where(said.seen, said.loss, 0.0).sum(axis=1, dtype=np.float64)
    part = np.divide(
        said.weight * loss, days * said.scale, out=np.zeros(days.size), where=(days > 0) & (said.weight > 0)
    )
    return np.asarray(part)


def not_worse(ratio: Ratio, champion: str, origins: int, bounds: Bounds = BOUNDS) -> Gate:
    """Passed where even the upper end of the interval is within bounds, failed where the lower end is not, else unjudged."""
    name, high = f"WSPL over that of {champion}", 1.0 + bounds.wspl_worse
    width = (ratio.high - ratio.low) / 4.0
    said = f"{name} is {ratio.ratio:.4f} ({ratio.low:.4f} to {ratio.high:.4f}) and must not exceed {high:.4f}"
    if origins < bounds.origins:
        outcome, said = Outcome.UNJUDGED, f"{said}; {origins} of {bounds.origins} origins are too few to judge"
    elif np.isnan(ratio.high):
        outcome, said = Outcome.UNJUDGED, f"{said}; {ratio.blocks} items are too few to judge"
    elif ratio.high <= high:
        outcome = Outcome.PASSED
    elif ratio.low > high:
        outcome = Outcome.FAILED
    else:
        outcome, said = Outcome.UNJUDGED, f"{said}: too little data to judge"
    return Gate(name, ratio.ratio, -np.inf, high, float(width), outcome, said)
