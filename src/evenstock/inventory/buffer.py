"""How many units of a record are better not promised: a quantile of what may be missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import special

from evenstock.distributions import negative_binomial as nb

USUAL_DELAY_MINUTES: Final[Mapping[str, int]] = {
    "oms": 1,
    "wms": 5,
    "3pl": 30,
    "fba": 60,
    "erp": 60,
    "file": 1440,
    "count": 0,
}
"""How old a statement of each kind of source usually is when it arrives; a source may say otherwise."""
LEVEL: Final = 0.9
"""Share of promises up to the last unit that should find it there."""
EMPTY_AT: Final = 0.5
"""P(phantom) from which nothing is promised: the shelf is then more likely empty than not."""


def safety_buffer(
    beliefs: pl.DataFrame,
    available: npt.NDArray[np.int64],
    floor: npt.NDArray[np.int64],
    *,
    level: float = LEVEL,
    empty_at: float = EMPTY_AT,
) -> pl.DataFrame:
    """Whole units of each SKU-node not to be promised, with the reason.

    The buffer is the sum of two quantiles at `level`: units sold since the feed last spoke (the forecast's negative
    binomial over the feed's age, so that a late feed widens it) and units by which the record is too high (normal error
    of `beliefs`, which shrinks where counts agree with the record). It is at least what the feed says is missing, the
    whole of `available` where P(phantom) reaches `empty_at` (a phantom is all or nothing: no quantile of it lies
    between), never more than `available`, and never less than `floor`, the user's own buffer.

    Parameters
    ----------
    beliefs
        Made by `beliefs.believe`.
    available, floor
        Units free by the record, and the user's own buffer, shape ``(series,)``.
    level
        Between 0.5 and 1, both left out. Where a promise that fails costs `f` cents and a unit kept back `k` cents, the
        newsvendor's level is ``f / (f + k)``.

    Returns
    -------
    Columns
        sku, node, units and because.
    """
    if not 0.5 < level < 1.0:
        raise ValueError(
            f"a buffer's level lies between 0.5 and 1, not {level}: below, it would promise doubtful units"
        )
    if not 0.0 < empty_at <= 1.0:
        raise ValueError(f"empty_at is a probability above 0, not {empty_at}")
    if available.shape != floor.shape or available.shape != (beliefs.height,):
        raise ValueError(f"{beliefs.height} beliefs want as many units available and floors")
    column = {name: beliefs[name].to_numpy() for name in ("p_phantom", "unreported", "error_mean", "error_sd")}
    sold = unreported_quantile(column["unreported"], beliefs["dispersion"].to_numpy(), level)
    wrong = error_quantile(column["error_mean"], column["error_sd"], level)
    contradicted = _contradicted(beliefs)
    phantom = column["p_phantom"] >= empty_at
    wanted = np.where(phantom, available, np.maximum(sold + wrong, contradicted))
    units = np.maximum(np.minimum(wanted, available), floor)
    said = [
        _because(*row)
        for row in zip(units, floor, available, phantom, column["p_phantom"], sold, wrong, contradicted, strict=True)
    ]
    return beliefs.select("sku", "node").with_columns(
        units=pl.Series(units, dtype=pl.Int64), because=pl.Series(said, dtype=pl.String)
    )


def unreported_quantile(
    mean: npt.NDArray[np.float64], alpha: npt.NDArray[np.float64], level: float
) -> npt.NDArray[np.int64]:
    """Units sold since the feed spoke that are not exceeded with probability `level`.

    Examples
    --------
    A feed five minutes old at 4 a day holds nothing back; one a day old holds 7 of a Poisson with mean 4:

    >>> unreported_quantile(np.array([4 * 5 / 1440, 4.0]), np.array([0.0, 0.0]), 0.9).tolist()
    [0, 7]
    """
    return nb.quantile(level, mean, alpha)


def error_quantile(mean: npt.NDArray[np.float64], sd: npt.NDArray[np.float64], level: float) -> npt.NDArray[np.int64]:
    """Units by which the record is too high that are not exceeded with probability `level`; errors are whole units.

    Examples
    --------
    Just counted; one unit of doubt; four:

    >>> error_quantile(np.array([0.0, -0.2, -1.0]), np.array([0.0, 0.8, 3.0]), 0.9).tolist()
    [0, 1, 5]
    """
    border = -mean + float(special.ndtri(level)) * sd
    return np.maximum(np.ceil(border - 0.5), 0.0).astype(np.int64)


def _contradicted(beliefs: pl.DataFrame) -> npt.NDArray[np.int64]:
    """Units that the books have and the feed, when it last spoke, had not."""
    return (beliefs["record"] - beliefs["stated"]).fill_null(0).clip(lower_bound=0).to_numpy().astype(np.int64)


def _because(
    units: int, floor: int, available: int, phantom: bool, p_phantom: float, sold: int, wrong: int, contradicted: int
) -> str:
    if units == 0:
        return "nothing held back"
    if units == floor and floor >= min(sold + wrong, available) and not phantom:
        return f"{floor} held back by your own setting"
    if phantom:
        return f"all {units} held back: the shelf is empty with probability {p_phantom:.0%}"
    if contradicted > sold + wrong:
        return f"{units} held back: the feed says {contradicted} fewer than the books"
    parts = [f"{sold} perhaps sold since the feed spoke"] if sold else []
    parts += [f"{wrong} for errors of the record"] if wrong else []
    most = "all " if units == available < sold + wrong else ""
    return f"{most}{units} held back: " + " and ".join(parts)
