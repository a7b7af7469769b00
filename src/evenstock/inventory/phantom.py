"""How likely it is that a shelf is empty although the record says otherwise."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from evenstock.inventory.assumptions import Assumptions
from evenstock.inventory.evidence import Evidence
from evenstock.inventory.levels import level_points
from evenstock.inventory.phantom_kernel import walk

Floats = npt.NDArray[np.float64]
_MOST_MEAN = 1e9


def prior_phantom(age_days: npt.ArrayLike, hazard: npt.ArrayLike, assumptions: Assumptions) -> Floats:
    """P(empty) by age alone: the two-state Markov chain with rates `hazard` and back, started full at the last count.

    Examples
    --------
    Hazard 0.002 and 0.01 back: a sixth in the long run, 7.6 % after 51 days without a count.

    >>> prior_phantom([0.0, 51.0, 1e9], 0.002, Assumptions()).round(3).tolist()
    [0.0, 0.076, 0.167]
    """
    age, h = np.asarray(age_days, np.float64), np.asarray(hazard, np.float64)
    both = h + assumptions.restored_per_day
    return np.asarray(h / both * -np.expm1(-both * age))


def level_process(
    path_variance: Floats, path_drift: Floats, days: int, assumptions: Assumptions
) -> tuple[Floats, Floats]:
    """Variance of the level and its chance a day to be drawn anew, that stand for a level drifting from week to week.

    A path's level has the variance ``V = (1 + v) (1 + w)**k - 1`` in week k. Here it has that of the middle
    week throughout, and is drawn anew with a chance ``s`` a day; a new draw changes it by ``2 V`` in mean square, so
    ``7 s 2 V = w`` gives each week the change that drift gives it. Shifts that no drift foretells come on top.
    """
    variance = (1.0 + path_variance) * (1.0 + path_drift) ** (days / 14.0) - 1.0
    anew = np.divide(path_drift, 14.0 * variance, out=np.zeros_like(variance), where=variance > 0)
    return variance, np.minimum(anew + assumptions.level_shift_per_day, 0.5)


def phantom_probability(evidence: Evidence, hazard: Floats, assumptions: Assumptions | None = None) -> Floats:
    """P(shelf empty) at the end of each day, shape ``(series, day)``: a hidden Markov model filtered forward.

    Hidden are whether the shelf is stocked and the level of demand (`levels.level_points`); each day (1) the shelf may
    become empty, be filled unseen, or demand take another level, (2) sales on a looked-at day are a negative binomial
    around level x mean where stocked, and zero where empty, (3) short picks and cancels speak by their likelihood ratio,
    and (4) a count or receipt says outright. Zero sales therefore count by what the forecast expected and by how sure
    it was: the idea of the Bayesian inventory record (DeHoratius, Mersereau and Schrage, 2008), with the level
    uncertain and the count reduced to *something* or *nothing*.

    Parameters
    ----------
    hazard
        Of becoming empty a day, shape ``(series,)``, within (0, 1); see `accuracy.RecordAccuracy`.
    """
    told = assumptions or Assumptions()
    if hazard.shape != evidence.record.shape or not ((hazard > 0) & (hazard < 1)).all():
        raise ValueError("one hazard a SKU-node, between 0 and 1")
    if evidence.mean.size and evidence.mean.max() > _MOST_MEAN:
        raise ValueError(f"a daily mean above {_MOST_MEAN:,.0f} units: look for a spike in this history")
    variance, shift = level_process(evidence.path_variance, evidence.path_drift, evidence.days, told)
    points, weights = level_points(variance)
    # What a day varies by, once the level is known, so that a day keeps its own variance.
    spread = np.maximum(evidence.alpha - variance, 0.0) / (1.0 + variance)
    before = np.maximum(evidence.age_days() - evidence.days, 0.0)
    out = np.empty(evidence.sold.shape)
    walk(
        np.ascontiguousarray(evidence.sold, np.int64),
        np.ascontiguousarray(evidence.mean),
        np.ascontiguousarray(spread),
        np.ascontiguousarray(evidence.looked),
        np.ascontiguousarray(evidence.pick_log_ratio),
        np.ascontiguousarray(evidence.restored),
        points,
        weights,
        prior_phantom(before, hazard, told),
        np.ascontiguousarray(hazard),
        shift,
        told.restored_per_day,
        told.sale_while_empty,
        out,
    )
    return out


def pick_log_ratio(short_picks: npt.ArrayLike, assumptions: Assumptions | None = None) -> Floats:
    """Log-likelihood ratio, empty against stocked, of this many picks that came back short.

    Whatever the pick still found is gone with it; so a pick that found 2 of 3 speaks of an empty shelf like one that
    found none.

    Examples
    --------
    >>> pick_log_ratio([0, 1]).round(2).tolist()
    [0.0, 5.25]
    """
    told = assumptions or Assumptions()
    ratio = told.short_pick_when_empty / told.short_pick_when_stocked
    return np.asarray(np.asarray(short_picks, np.float64) * np.log(ratio))


def cancel_log_ratio(cancelled: npt.ArrayLike, usual_share: float, assumptions: Assumptions | None = None) -> Floats:
    """The same for cancelled order lines, which customers cancel for reasons of their own: `usual_share` of all lines.

    Nothing is proved where cancelling is as usual as on an empty shelf: the ratio is never below 1.
    """
    told = assumptions or Assumptions()
    ratio = max(told.cancel_when_empty / max(usual_share, told.short_pick_when_stocked), 1.0)
    return np.asarray(np.asarray(cancelled, np.float64) * np.log(ratio))
