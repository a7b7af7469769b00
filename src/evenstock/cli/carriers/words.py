"""How figures of carriers are written: shares with their interval, and what is too little to say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evenstock.operations.carrier_overrides.proposal import Proposal, Standing

TOO_FEW = "too few to say"


def share(row: Mapping[str, Any], name: str) -> str:
    """A share with the ends of its interval.

    Examples
    --------
    >>> share({"on_time": 0.912, "on_time_low": 0.88, "on_time_high": 0.94}, "on_time")
    '91.2 % (88.0 to 94.0)'
    >>> share({"loss": 0.0004, "loss_low": 0.0001, "loss_high": 0.0012}, "loss")
    '0.04 % (0.01 to 0.12)'
    """
    if row[name] is None:
        return "–"
    if row[f"{name}_high"] < 0.01:
        return f"{100 * row[name]:.2f} % ({100 * row[f'{name}_low']:.2f} to {100 * row[f'{name}_high']:.2f})"
    return f"{100 * row[name]:.1f} % ({100 * row[f'{name}_low']:.1f} to {100 * row[f'{name}_high']:.1f})"


def cost(row: Mapping[str, Any]) -> str:
    """Dollars a parcel with the ends of their interval."""
    if row["cents"] is None or not row["invoiced"]:
        return "–"
    return f"${row['cents'] / 100:.2f} ({row['cents_low'] / 100:.2f} to {row['cents_high'] / 100:.2f})"


def score(row: Mapping[str, Any]) -> str:
    if row["score"] is None or not row["scored"]:
        return "–"
    return f"{row['score']:.2f} ({row['score_low']:.2f} to {row['score_high']:.2f})"


def place(row: Mapping[str, Any]) -> str:
    """What a row is about, from the columns it has.

    Examples
    --------
    >>> place({"carrier": "ups", "service": "ups:ground", "zone": 4, "origin": "TX", "destination": "606"})
    'ups:ground, TX to 606'
    >>> place({"carrier": "ups", "service": "ups:ground", "zone": 4, "origin": "TX"})
    'ups:ground, TX into zone 4'
    """
    what = str(row.get("service") or row["carrier"])
    origin, destination = row.get("origin"), row.get("destination")
    if origin is None:
        return what
    if destination is not None:
        return f"{what}, {origin} to {destination}"
    return f"{what}, {origin}" + (f" into zone {row['zone']}" if row.get("zone") is not None else "")


def changed(row: Mapping[str, Any]) -> str:
    """One thing that got worse, in a sentence with its evidence and its money.

    Examples
    --------
    >>> late = {"measure": "late", "service": "ups:ground", "zone": 4, "origin": "TX", "bad": 36, "cases": 51,
    ...         "expected": 0.146, "by_chance": 2e-16, "cents_week": 17_905.0, "cents_week_low": 13_931.0,
    ...         "cents_week_high": 21_716.0}
    >>> changed(late)
    'ups:ground, TX into zone 4: 36 of 51 late where 14.6 % were usual (by chance: under 1 in 1,000,000); $179 a week (139 to 217)'
    """
    low, high = row["cents_week_low"] / 100, row["cents_week_high"] / 100
    money = f"${row['cents_week'] / 100:,.0f} a week ({low:,.0f} to {high:,.0f})"
    if row["measure"] == "cost":
        what = f"${row['now'] / 100:.2f} a parcel like for like where ${row['expected'] / 100:.2f} was usual, {row['cases']:,} invoiced"
    else:
        what = f"{row['bad']:,} of {row['cases']:,} {row['measure']} where {100 * row['expected']:.1f} % were usual"
    return f"{place(row)}: {what} (by chance: {chance(row['by_chance'])}); {money}"


def chance(share: float) -> str:
    """A small probability as people say it.

    Examples
    --------
    >>> chance(0.0004), chance(0.03), chance(1e-12)
    ('1 in 2,500', '1 in 33', 'under 1 in 1,000,000')
    """
    return "under 1 in 1,000,000" if share < 1e-6 else f"1 in {round(1 / share):,}"


def advertised(row: Mapping[str, Any]) -> str:
    """A service that does not keep what it advertises.

    Examples
    --------
    >>> advertised({"service": "ups:ground", "zone": 4, "advertised_days": 3.0, "as_advertised": 0.71,
    ...             "as_advertised_low": 0.66, "as_advertised_high": 0.76, "days_kept": 5})
    'ups:ground zone 4 advertises 3 days and keeps them for 71.0 % (66.0 to 76.0); 90 % are there after 5'
    """
    zone = f" zone {row['zone']}" if row["zone"] is not None else ""
    after = f"90 % are there after {row['days_kept']}" if row["days_kept"] is not None else "90 % are not yet there"
    return (
        f"{row['service']}{zone} advertises {row['advertised_days']:.0f} days and keeps them for "
        f"{share(row, 'as_advertised')}; {after}"
    )


def worth(proposal: Proposal) -> str:
    """What an override is worth a week, and how it comes about."""
    of = proposal.worth
    if of is None:
        return "worth unknown: import the orders of the last weeks to know"
    return (
        f"worth {of.cents / 100:,.2f} a week on {of.orders_a_week:.0f} orders ({of.late_now:.0%} late now,"
        f" {of.late_then:.0%} with it)"
    ).replace("%", " %")


def left(days: int) -> str:
    """Days until a last day.

    Examples
    --------
    >>> left(0), left(1), left(9)
    ('today is its last day', 'one day left', '9 days left')
    """
    return {0: "today is its last day", 1: "one day left"}.get(days, f"{days} days left")


def to_adopt(one: Standing) -> str:
    """The command that puts a proposal in force."""
    return f"evenstock carriers override adopt {one.proposal.id} --by NAME"


def to_reject(one: Standing) -> str:
    return f"evenstock carriers override reject {one.proposal.id} --by NAME --because WHY"


def to_end(one: Standing) -> str:
    """The command that takes an override out of force before its last day."""
    return f"evenstock carriers override end {one.proposal.id} --by NAME --because WHY"
