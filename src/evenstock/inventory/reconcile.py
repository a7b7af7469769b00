"""Where two systems disagree about stock: how often, by how much, and what it probably is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import special

from evenstock.inventory.velocity import NAMES, velocity_class

Floats = npt.NDArray[np.float64]

_DRAWS: Final = 1000
_CELLS_AT_ONCE: Final = 4_000_000
_SURE: Final = 0.95
_PHANTOM: Final = 0.5

COLUMNS: Final = ("sku", "node", "source", "ours", "theirs", "unit_cost_cents", "velocity", "dispersion",
                  "apart_days", "unposted", "p_phantom")  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Reconciliation:
    """One statement of the week: totals by node and source, by velocity class, and line by line."""

    totals: pl.DataFrame
    """node, source, lines (stated by both), agree, share with share_low and share_high, net_units and gross_units, net_cents
    and gross_cents each with _low and _high (95 %), only_ours and only_theirs (lines one side lacks)."""
    classes: pl.DataFrame
    """node, source, velocity, lines, agree, share, share_low, share_high, gross_cents."""
    lines: pl.DataFrame
    """Lines that differ, dearest first: sku, node, source, ours, theirs, units, cents, cause, because."""
    text: str
    """What a person reads first."""


def wilson(agree: npt.ArrayLike, lines: npt.ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """Interval for a share: Wilson's (1927), which stays within 0 and 1 and holds for few lines; 0 to 1 for none.

    Examples
    --------
    >>> low, high = wilson([10, 0], [10, 0])
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.722, 0.0], [1.0, 1.0])
    """
    k, n = np.asarray(agree, np.float64), np.asarray(lines, np.float64)
    z = float(special.ndtri(0.5 + level / 2.0))
    some = np.maximum(n, 1.0)
    share = k / some
    centre = share + z * z / (2.0 * some)
    half = z * np.sqrt(share * (1.0 - share) / some + z * z / (4.0 * some * some))
    grown = 1.0 + z * z / some
    low, high = (centre - half) / grown, (centre + half) / grown
    return np.where(n > 0, np.clip(low, 0.0, 1.0), 0.0), np.where(n > 0, np.clip(high, 0.0, 1.0), 1.0)


def bootstrap_sums(values: Floats, *, seed: int, level: float = 0.95) -> tuple[Floats, Floats]:
    """Percentile interval of the sum of each column over resampled rows (Efron, 1979); shape ``(column,)`` each.

    It says how far the total would differ had other lines been held or looked at, so it is as wide as a few
    large lines make it.
    """
    n = values.shape[0]
    if n == 0:
        return np.zeros(values.shape[1]), np.zeros(values.shape[1])
    rng = np.random.default_rng(seed)
    sums = np.empty((_DRAWS, values.shape[1]))
    # Rows that agree add nothing: how often each of the others comes in is multinomial, the rest is one more cell.
    counted = values[(values != 0).any(axis=1)]
    chance = np.append(np.full(len(counted), 1.0 / n), 1.0 - len(counted) / n)
    step = max(1, _CELLS_AT_ONCE // chance.size)
    for begin in range(0, _DRAWS, step):
        end = min(begin + step, _DRAWS)
        sums[begin:end] = rng.multinomial(n, chance, end - begin)[:, :-1] @ counted
    low, high = np.quantile(sums, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


def reconcile(pairs: pl.DataFrame, *, seed: int = 0) -> Reconciliation:
    """Hold our books against what other systems stated.

    Parameters
    ----------
    pairs
        One row a SKU, node and source: sku, node, source, ours and theirs (units on hand; null where that side has no
        line), unit_cost_cents, velocity (units a day expected), dispersion (of a day), apart_days (days between the
        two statements), unposted (units of shipments or receipts that one side may not have booked: allocated, in
        transit) and p_phantom (null where nothing is believed).

    Raises
    ------
    ValueError
        If a column is missing, or a SKU-node stands twice for one source.
    """
    missing = [name for name in COLUMNS if name not in pairs.columns]
    if missing:
        raise ValueError(f"pairs to reconcile lack {', '.join(missing)}")
    if pairs.select("sku", "node", "source").is_duplicated().any():
        raise ValueError("a SKU-node stands twice for one source; add its lots up first")
    told = pairs.with_columns(units=pl.col("ours") - pl.col("theirs")).with_columns(
        cents=pl.col("units") * pl.col("unit_cost_cents"),
        velocity_class=pl.Series(velocity_class(pairs["velocity"].fill_null(0.0).to_numpy())),
    )
    keys = ["node", "source"]
    both = told.drop_nulls("units").sort(*keys, "sku")
    totals = _totals(told, both, keys, seed)
    classes = _shares(both.group_by(*keys, "velocity_class"), [*keys, "velocity_class"]).with_columns(
        velocity=pl.col("velocity_class").replace_strict(dict(enumerate(NAMES)), return_dtype=pl.String)
    )
    lines = _causes(told.filter(pl.col("units").is_null() | (pl.col("units") != 0)))
    classes = classes.select(*keys, "velocity", "lines", "agree", "share", "share_low", "share_high", "gross_cents")
    return Reconciliation(totals, classes, lines, _text(totals, lines))


def _shares(groups: pl.dataframe.group_by.GroupBy, keys: list[str]) -> pl.DataFrame:
    found = groups.agg(
        lines=pl.len().cast(pl.Int64),
        agree=(pl.col("units") == 0).sum().cast(pl.Int64),
        net_units=pl.col("units").sum(),
        gross_units=pl.col("units").abs().sum(),
        net_cents=pl.col("cents").sum(),
        gross_cents=pl.col("cents").abs().sum(),
    ).sort(keys)
    low, high = wilson(found["agree"].to_numpy(), found["lines"].to_numpy())
    return found.with_columns(share=pl.col("agree") / pl.col("lines"), share_low=low, share_high=high)


def _totals(told: pl.DataFrame, both: pl.DataFrame, keys: list[str], seed: int) -> pl.DataFrame:
    shares = _shares(both.group_by(keys), keys)
    measures = ("net_units", "gross_units", "net_cents", "gross_cents")
    rows = []
    for (node, source), part in both.group_by(keys, maintain_order=True):
        units, cents = (part[name].to_numpy().astype(np.float64) for name in ("units", "cents"))
        low, high = bootstrap_sums(np.column_stack([units, np.abs(units), cents, np.abs(cents)]), seed=seed)
        ends = {f"{name}_low": float(v) for name, v in zip(measures, low, strict=True)}
        ends |= {f"{name}_high": float(v) for name, v in zip(measures, high, strict=True)}
        rows.append({"node": node, "source": source} | ends)
    bounds = [f"{m}_{end}" for end in ("low", "high") for m in measures]
    intervals = pl.DataFrame(rows, schema=dict.fromkeys(keys, pl.String()) | dict.fromkeys(bounds, pl.Float64()))
    lacking = told.group_by(keys).agg(
        only_ours=pl.col("theirs").is_null().sum().cast(pl.Int64),
        only_theirs=pl.col("ours").is_null().sum().cast(pl.Int64),
    )
    return (
        lacking.join(shares, on=keys, how="left")
        .join(intervals, on=keys, how="left")
        .with_columns(pl.col("lines", "agree", *measures).fill_null(0))
        .sort(keys)
        .select(
            *keys, "lines", "agree", "share", "share_low", "share_high",
            *(f"{m}{end}" for m in measures for end in ("", "_low", "_high")), "only_ours", "only_theirs",
        )
    )  # fmt: skip


def _causes(lines: pl.DataFrame) -> pl.DataFrame:
    """Why each line probably differs: the first cause that fits, in the order in which they are cheap to check."""
    said = [_cause(row) for row in lines.iter_rows(named=True)]
    return (
        lines.with_columns(
            cause=pl.Series([cause for cause, _ in said], dtype=pl.String),
            because=pl.Series([words for _, words in said], dtype=pl.String),
        )
        .with_columns(
            worth=pl.coalesce(pl.col("cents"), pl.coalesce("ours", "theirs") * pl.col("unit_cost_cents")).abs()
        )
        .sort(["worth", "node", "source", "sku"], descending=[True, False, False, False])
        .select("sku", "node", "source", "ours", "theirs", "units", "cents", "cause", "because")
    )


def _cause(row: dict[str, object]) -> tuple[str, str]:
    ours, theirs, source = row["ours"], row["theirs"], row["source"]
    if ours is None:
        return "not in our books", f"{source} has {theirs}; add the item at the node, or ask them to drop the line"
    if theirs is None:
        return "not in their system", f"the books have {ours}; ask {source} for the line, or count it"
    assert isinstance(ours, int)
    assert isinstance(theirs, int)
    gap = ours - theirs
    apart, velocity, dispersion = (_number(row[name]) for name in ("apart_days", "velocity", "dispersion"))
    unposted, p_phantom = int(_number(row["unposted"])), _number(row["p_phantom"])
    if p_phantom >= _PHANTOM:
        return "phantom", f"the shelf is empty with probability {p_phantom:.0%}: count it"
    if unposted and abs(gap) == unposted:
        return "unposted shipment", f"exactly the {unposted} units allocated or under way: one side has not booked them"
    expected = velocity * apart
    if expected > 0 and abs(gap) <= _likely_sales(expected, dispersion / max(apart, 1.0)):
        return "age of the statement", (
            f"the statements lie {apart * 24:.0f} h apart, in which {expected:.1f} are expected to sell"
        )
    return "unexplained", f"{abs(gap)} {'more' if gap > 0 else 'fewer'} in the books than {source} says: count it"


def _likely_sales(mean: float, dispersion: float) -> float:
    """Units sold that are not exceeded with probability 0.95, by the normal approximation of the negative binomial."""
    return mean + float(special.ndtri(_SURE)) * float(np.sqrt(mean + dispersion * mean * mean))


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _text(totals: pl.DataFrame, lines: pl.DataFrame) -> str:
    if totals.is_empty():
        return "Nothing to reconcile: no other system has stated any stock."
    said = []
    for row in totals.iter_rows(named=True):
        lacking = [
            f"{row[name]:,} {'lines' if row[name] != 1 else 'line'} only in {where}"
            for name, where in (("only_ours", "our books"), ("only_theirs", row["source"]))
            if row[name]
        ]
        if row["lines"]:
            said.append(
                f"{row['node']} against {row['source']}: {row['agree']:,} of {row['lines']:,} lines agree "
                f"({row['share']:.1%}, 95 % interval {row['share_low']:.1%} to {row['share_high']:.1%}); our books hold "
                f"net {row['net_units']:+,} units, worth {row['net_cents'] / 100:+,.2f} "
                f"({row['net_cents_low'] / 100:+,.2f} to {row['net_cents_high'] / 100:+,.2f}); "
                f"{row['gross_units']:,} units differ one way or the other" + "".join(f"; {x}" for x in lacking) + "."
            )
        else:
            said.append(
                f"{row['node']} against {row['source']}: no line is stated by both; " + "; ".join(lacking) + "."
            )
    causes = lines.group_by("cause").len().sort(["len", "cause"], descending=[True, False])
    if causes.height:
        said.append(
            "Probable causes: " + ", ".join(f"{cause} {number:,}" for cause, number in causes.iter_rows()) + "."
        )
    return "\n".join(said)
