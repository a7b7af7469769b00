"""What to count first: where knowing the truth today is worth most, in cents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.distributions import negative_binomial as nb

Floats = npt.NDArray[np.float64]

_DAYS_A_YEAR: Final = 365.0
_POINTS, _WEIGHTS = np.polynomial.hermite_e.hermegauss(9)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


@dataclass(frozen=True, slots=True)
class CountCosts:
    """What a count costs, and how long an error would live without one."""

    count_cents: int = 150
    """Walking to a shelf and counting it: some four minutes of work."""
    unit_cents: float = 1.0
    """For each unit by the record."""
    found_anyway_days: int = 28
    """Days until the next full or cyclic count would find the error."""
    capital_bp_per_year: int = 1000
    """Cost of capital that lies in goods nobody knows of."""

    def __post_init__(self) -> None:
        if self.count_cents < 0 or self.unit_cents < 0 or self.capital_bp_per_year < 0 or self.found_anyway_days < 1:
            raise ValueError("costs of counting are not below zero, and an error lives at least a day")


def count_list(
    beliefs: pl.DataFrame,
    missing_cents: npt.NDArray[np.float64],
    unit_cost_cents: npt.NDArray[np.float64],
    costs: CountCosts | None = None,
    *,
    per_node: int | None = None,
) -> pl.DataFrame:
    """SKU-nodes worth counting, best first within each node, with what the count is worth and why.

    Value of information (Raiffa and Schlaifer, 1961): what acting on the record is expected to cost beyond acting on the
    truth, until the error would be found anyway. With demand D over those days, record R and true count N, a record too
    high loses the units that would have been sold were the goods there, ``E min(D, R) - E min(D, N)``, because a record
    above zero is promised and not replenished (Kang and Gershwin, 2005); one too low hides units that could have been
    sold, and binds their capital. Since ``E min(D, x) = E D - E (D - x)+``, both are a difference of the loss function
    ``S``, averaged over the belief:

        value = c * E |S(N) - S(R)| + k * E (N - R)+ ,   net = value - cost of the count

    Parameters
    ----------
    beliefs
        Made by `beliefs.believe`.
    missing_cents
        [:math:`c`] What one unit that is wanted and not there costs: lost margin and goodwill, or the dearer way to ship
        it from elsewhere, whichever is less; shape ``(series,)``.
    unit_cost_cents
        What one unit cost; with capital and days it gives [:math:`k`].
    per_node
        Most counts at each node; None for all that are worth their cost.

    Returns
    -------
    Columns
        node, rank (within the node, from 1), sku, record, value_cents, cost_cents, net_cents, p_phantom and because;
        sorted by node and rank. Only lines whose value exceeds their cost.
    """
    told = costs or CountCosts()
    if per_node is not None and per_node < 1:
        raise ValueError(f"a node that counts at all counts at least 1 a day, not {per_node}")
    value, from_phantom, hidden = value_of_counting(beliefs, missing_cents, unit_cost_cents, told)
    cost = told.count_cents + told.unit_cents * beliefs["record"].to_numpy()
    listed = (
        beliefs.select("sku", "node", "record", "p_phantom", "because")
        .with_columns(value=value, cost=cost, net=value - cost, phantom=from_phantom, hidden=hidden)
        .filter(pl.col("net") > 0)
        .sort(["net", "sku", "node"], descending=[True, False, False])
        .with_columns(rank=pl.int_range(1, pl.len() + 1).over("node"))
    )
    if per_node is not None:
        listed = listed.filter(pl.col("rank") <= per_node)
    reasons = [
        _because(row["value"], row["phantom"], row["hidden"], row["because"]) for row in listed.iter_rows(named=True)
    ]
    return (
        listed.with_columns(because=pl.Series(reasons, dtype=pl.String))
        .select(
            "node",
            "rank",
            "sku",
            "record",
            *(pl.col(name).round().cast(pl.Int64).alias(f"{name}_cents") for name in ("value", "cost", "net")),
            "p_phantom",
            "because",
        )
        .sort("node", "rank")
    )


def value_of_counting(
    beliefs: pl.DataFrame, missing_cents: Floats, unit_cost_cents: Floats, costs: CountCosts
) -> tuple[Floats, Floats, Floats]:
    """Expected cents that a count saves, and of these the parts for an empty shelf and for hidden units; ``(series,)``."""
    record = beliefs["record"].to_numpy().astype(np.float64)
    p_phantom = beliefs["p_phantom"].to_numpy()
    if not missing_cents.shape == unit_cost_cents.shape == record.shape:
        raise ValueError(f"{record.size} beliefs want as many costs of a missing unit and of a unit")
    if not (np.isfinite(missing_cents).all() and np.isfinite(unit_cost_cents).all()):
        raise ValueError("the cost of a missing unit and of a unit must be finite")
    demand, alpha = _demand(beliefs, costs.found_anyway_days)
    short_by_record = nb.expected_shortage(record, demand, alpha)
    empty = p_phantom * missing_cents * (demand - short_by_record)
    error_mean, error_sd = beliefs["error_mean"].to_numpy(), beliefs["error_sd"].to_numpy()
    wrong, hidden = np.zeros(record.size), np.zeros(record.size)
    bound = unit_cost_cents * costs.capital_bp_per_year / 10_000 * costs.found_anyway_days / _DAYS_A_YEAR
    for point, weight in zip(_POINTS, _WEIGHTS, strict=True):
        truth = np.maximum(np.rint(record + error_mean + point * error_sd), 0.0)
        change = np.abs(nb.expected_shortage(truth, demand, alpha) - short_by_record) * missing_cents
        surplus = np.maximum(truth - record, 0.0) * bound
        wrong += weight * (change + surplus)
        hidden += weight * (np.where(truth > record, change, 0.0) + surplus)
    # Where the record is nothing there is no phantom, and goods that turned up would be the only news.
    return empty + (1.0 - p_phantom) * wrong, empty, (1.0 - p_phantom) * hidden


def error_cost(
    beliefs: pl.DataFrame,
    truth: npt.NDArray[np.int64],
    missing_cents: Floats,
    unit_cost_cents: Floats,
    costs: CountCosts,
) -> Floats:
    """Cents that acting on the record will cost where the true count is `truth`: what a count there would have saved.

    Examples
    --------
    One sold a day, 28 days, 100 cents a missing unit; the shelf that should hold far more than that is empty:

    >>> one = pl.DataFrame({"record": [1000], "velocity": [1.0], "dispersion": [0.0]})
    >>> error_cost(one, np.array([0]), np.array([100.0]), np.array([0.0]), CountCosts()).round(6).tolist()
    [2800.0]
    """
    record = beliefs["record"].to_numpy().astype(np.float64)
    demand, alpha = _demand(beliefs, costs.found_anyway_days)
    change = np.abs(nb.expected_shortage(truth, demand, alpha) - nb.expected_shortage(record, demand, alpha))
    bound = unit_cost_cents * costs.capital_bp_per_year / 10_000 * costs.found_anyway_days / _DAYS_A_YEAR
    return change * missing_cents + np.maximum(truth - record, 0.0) * bound


def _demand(beliefs: pl.DataFrame, days: int) -> tuple[Floats, Floats]:
    """Mean and dispersion of demand until the error would be found anyway: independent days, ``alpha / days``."""
    return beliefs["velocity"].to_numpy() * days, beliefs["dispersion"].to_numpy() / days


def _because(value: float, phantom: float, hidden: float, belief: str) -> str:
    """The greatest part of the value first, then what the belief rests on."""
    parts = (
        (phantom, "sales lost if the shelf is empty"),
        (value - phantom - hidden, "sales lost if the record is too high"),
        (hidden, "goods that nobody knows of"),
    )
    greatest, words = max(parts, key=lambda part: part[0])
    return f"worth {value:,.0f} cents, {greatest:,.0f} of them for {words}: {belief}"
