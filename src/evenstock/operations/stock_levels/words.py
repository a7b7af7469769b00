"""What a level and an order say for themselves, in one sentence each."""

from __future__ import annotations

from datetime import date
from typing import Final

from evenstock.operations.stock_levels.ways import Way

NO_FORECAST: Final = "no forecast: import its demand, or give it a launch date, then forecast again"
NO_WAY: Final = "nothing tells how it is refilled: add it to the table supplies, or a lane from a node that has it"


def suggestion(units: int, by: date | None, way: Way) -> str:
    """What to do, empty where nothing is.

    Examples
    --------
    >>> import numpy as np
    >>> suggestion(120, date(2026, 11, 23), Way("Meridian by truck", np.ones(1)))
    'order 120 by 2026-11-23 from Meridian by truck'
    >>> suggestion(24, date(2026, 11, 23), Way("TX by ltl", np.ones(1), origin="TX"))
    'move 24 by 2026-11-23 from TX by ltl'
    """
    if not units or by is None:
        return ""
    if way.origin:
        return f"move {units:,} by {by} from {way.name}"
    return f"order {units:,} by {by} from {way.name or 'its supplier'}"


def asked(cycle_service: float, fill_rate: float) -> str:
    """The service asked, in words.

    Examples
    --------
    >>> asked(0.98, 0), asked(0, 0.95), asked(0.9, 0.95)
    ('98 % of cycles without a stock-out', '95 % of units at once', '90 % of cycles without a stock-out and 95 % of units at once')
    """
    said = []
    if cycle_service:
        said.append(f"{100 * cycle_service:.4g} % of cycles without a stock-out")
    if fill_rate:
        said.append(f"{100 * fill_rate:.4g} % of units at once")
    return " and ".join(said)


def because(
    *, position: int, at: int, mean: float, level: int, days: float, service: str, way: Way, tight: bool, full: bool
) -> str:
    """Why the order point is where it is.

    Parameters
    ----------
    mean
        Units wanted until the refill after next.
    days
        On average until then.
    tight, full
        Whether the node cannot take more than it may hold, and whether it is full.
    """
    state = "at or below" if position <= at else "above"
    said = (
        f"{position:,} here and coming, {state} {at:,}: {mean:,.1f} wanted in the {days:.0f} days to the refill after next, "
        f"{level:,} give {service}; {way.basis}"
    )
    if full:
        return said + "; the node accepts no more"
    return said + ("; cut to what the node accepts" if tight else "")


def ended(on: date) -> str:
    return f"no longer sold from {on}, before another refill could be: run down what is there"
