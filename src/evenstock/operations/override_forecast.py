"""Planners' overrides: said, kept with reason and end, withdrawn, and judged when their days have passed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Final

import numpy as np
import polars as pl

from evenstock.domain import Event, digest, refuse_naive
from evenstock.forecasting import MAX_HORIZON, fit, prepare
from evenstock.forecasting.overrides import in_force, joined, overridden, refuse
from evenstock.forecasting.value_added import SCHEMA, value_added
from evenstock.operations.company import OVERRIDES, Company
from evenstock.operations.ports import ConflictError, Snapshots, Store, StoreError

_SAID: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "override": pl.String,
    "sku": pl.String,
    "node": pl.String,
    "category": pl.String,
    "first_day": pl.Date,
    "last_day": pl.Date,
    "kind": pl.String,
    "value": pl.Float64,
    "reason": pl.String,
    "author": pl.String,
    "made_at": pl.Datetime("us", "UTC"),
    "expires_on": pl.Date,
}
_WITHDRAWN: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "override": pl.String,
    "by": pl.String,
    "at": pl.Datetime("us", "UTC"),
    "because": pl.String,
}
_TRIES: Final = 5
_Change = Callable[[pl.DataFrame, pl.DataFrame], tuple[pl.DataFrame, pl.DataFrame] | None]
"""From overrides and withdrawals to those after; None where nothing changes."""


def override_forecast(
    store: Store,
    snapshots: Snapshots,
    company: Company,
    *,
    first_day: date,
    last_day: date,
    kind: str,
    value: float,
    reason: str,
    author: str,
    now: datetime,
    sku: str = "",
    node: str = "",
    category: str = "",
    expires_on: date | None = None,
) -> str:
    """Keep an override and return its number, a digest of what was said; the same words again change nothing.

    Raises
    ------
    ValueError
        If nobody could answer for it (see `forecasting.overrides.refuse`) or it names an item, node or category that
        the network does not have.
    """
    refuse_naive(now, "now")
    row: dict[str, object] = {
        "sku": sku, "node": node, "category": category, "first_day": first_day, "last_day": last_day,
        "kind": kind, "value": float(value), "reason": reason.strip(), "author": author.strip(),
        "expires_on": expires_on,
    }  # fmt: skip
    number = digest({name: str(part) for name, part in row.items()}).removeprefix("sha256:")[:12]
    row |= {"override": number, "made_at": now}
    refuse(row)
    _refuse_strangers(company, row)

    def add(said: pl.DataFrame, withdrawn: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame] | None:
        standing = set(said["override"]) - set(withdrawn["override"])
        if number in standing:
            return None
        # What was withdrawn and is said again counts again, under the moment it was said again.
        kept = said.filter(pl.col("override") != number)
        return pl.concat([kept, pl.DataFrame([row], schema=_SAID)]), withdrawn.filter(pl.col("override") != number)

    fact = {name: str(part) for name, part in row.items() if part not in ("", None)}
    _change(
        store,
        snapshots,
        add,
        Event(f"override:{number}:{now.isoformat()}", "ForecastOverridden", f"override:{number}", now, fact),
        now,
    )
    return number


def withdraw_override(
    store: Store, snapshots: Snapshots, override: str, *, by: str, because: str, now: datetime
) -> None:
    """Let an override count no longer, from the next forecast on; it stays on record. Raises StoreError if it is unknown."""
    refuse_naive(now, "now")
    if not by.strip() or not because.strip():
        raise ValueError(f"override {override}: say by whom it is withdrawn and why")

    def drop(said: pl.DataFrame, withdrawn: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame] | None:
        if override not in set(said["override"]):
            raise StoreError(f"there is no override {override}; list them first")
        if override in set(withdrawn["override"]):
            return None
        row = {"override": override, "by": by, "at": now, "because": because}
        return said, pl.concat([withdrawn, pl.DataFrame([row], schema=_WITHDRAWN)])

    fact = {"override": override, "by": by, "because": because}
    _change(
        store,
        snapshots,
        drop,
        Event(
            f"override:{override}:withdrawn:{now.isoformat()}", "OverrideWithdrawn", f"override:{override}", now, fact
        ),
        now,
    )


def overrides_of(store: Store, snapshots: Snapshots, company: Company) -> pl.DataFrame | None:
    """Overrides that stand: said here and not withdrawn, and those imported; None if there are none."""
    said, withdrawn = _read(store, snapshots)[:2]
    standing = said.filter(~pl.col("override").is_in(withdrawn["override"].to_list()))
    return joined(standing if standing.height else None, company.table("overrides"))


def overrides_said(store: Store, snapshots: Snapshots, company: Company) -> pl.DataFrame:
    """Every override ever said here or imported, withdrawn ones too; without rows if there are none."""
    said = joined(_read(store, snapshots)[0], company.table("overrides"))
    return pl.DataFrame(schema=_SAID) if said is None else said


def judge_overrides(store: Store, snapshots: Snapshots, company: Company, *, as_of: date) -> pl.DataFrame:
    """What each override was worth so far, against the fast forecast made on the morning it was said.

    Every override with a day before `as_of` is judged, withdrawn ones too, one row each in the columns of
    `forecasting.value_added.SCHEMA`. Overrides said on the same morning are laid over one forecast in their order.

    Raises
    ------
    ValueError
        If there is no demand to judge by.
    """
    demand = company.table("demand")
    if demand is None:
        raise ValueError("no demand history: import a table named demand before overrides can be judged")
    said = joined(_read(store, snapshots)[0], company.table("overrides"))
    known = prepare(demand, as_of, items=company.tables["items"])
    if said is None:
        return pl.DataFrame(schema=SCHEMA)
    categories = dict(company.tables["items"].select("sku", "category").iter_rows())
    found = [pl.DataFrame(schema=SCHEMA)]
    mornings = said.with_columns(pl.col("made_at").dt.date().alias("morning"))
    for (morning,), group in mornings.partition_by("morning", as_dict=True, maintain_order=True).items():
        if not known.first_day < morning < as_of:
            continue
        horizon = min(max((group["last_day"].max() - morning).days + 1, 1), MAX_HORIZON)
        forecast = fit(known.before(morning), horizon=horizon)
        in_time = group.filter([in_force(row, morning) for row in group.iter_rows(named=True)])
        steps = overridden(forecast, in_time, categories).steps
        begin = (morning - known.first_day).days
        passed = slice(begin, min(begin + horizon, known.n_days))
        seen = np.ones((known.n_series, passed.stop - passed.start), np.bool_)
        if known.hidden is not None:
            seen &= ~known.hidden[:, passed]
        found.append(value_added(forecast, steps, known.units[:, passed], seen))
    return pl.concat(found)


def _refuse_strangers(company: Company, row: dict[str, object]) -> None:
    items = company.tables["items"]
    known = {
        "sku": set(items["sku"]),
        "node": set(company.tables["nodes"]["node"]),
        "category": set(items["category"]),
    }
    for column, names in known.items():
        if row[column] and row[column] not in names:
            raise ValueError(f"the network has no {column} {row[column]!r}; the override would change nothing")


def _read(store: Store, snapshots: Snapshots) -> tuple[pl.DataFrame, pl.DataFrame, str | None]:
    with store.reading() as books:
        seen = books.pointer(OVERRIDES)
    if seen is None:
        return pl.DataFrame(schema=_SAID), pl.DataFrame(schema=_WITHDRAWN), None
    kept = snapshots.read(seen)
    return kept["overrides"], kept["withdrawn"], seen


def _change(store: Store, snapshots: Snapshots, change: _Change, fact: Event, now: datetime) -> None:
    """Write the next state of the list; of two planners at once, the later reads again what the first wrote."""
    for tried in range(_TRIES):
        said, withdrawn, seen = _read(store, snapshots)
        after = change(said, withdrawn)
        if after is None:
            return
        kept = snapshots.take({"overrides": after[0], "withdrawn": after[1]})
        try:
            with store.transaction() as t:
                t.repoint(OVERRIDES, seen, kept, now)
                t.publish([fact])
        except ConflictError:
            if tried == _TRIES - 1:
                raise
        else:
            return
