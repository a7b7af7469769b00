"""What was saved against what would have been done without the system, and whether it paid for its running."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, isnan, nan, sqrt
from typing import Final

import numpy as np

from evenstock.learning.paired_bootstrap import loss_ratio
from evenstock.operations.outcomes.running import Running
from evenstock.operations.outcomes.told import Told
from evenstock.simulation.monthly.regret import NEAREST, OURS, Regret

SEED: Final = 5


@dataclass(frozen=True, slots=True)
class Saving:
    """A paired difference: above zero, what was done cost less than the baseline."""

    what: str
    baseline: str
    cents: int
    low: float
    """95 %; nan where too few to tell."""
    high: float
    n: int
    """Pairs measured."""
    of: int
    """That the figure stands for: where it is more than `n`, the mean of an even sample is scaled up."""
    counts: bool
    """Whether it is part of the total; others are told beside it."""
    definition: str


@dataclass(frozen=True, slots=True)
class Paid:
    """Savings against cost of running."""

    savings: tuple[Saving, ...]
    saved_cents: int
    """Of those that count; they add up to it."""
    saved_low: float
    saved_high: float
    running_cents: int
    net_cents: int
    """Saved less running."""
    net_low: float
    net_high: float
    entered: bool
    """Whether somebody said what running costs; else defaults were taken."""
    break_even: str
    """In one sentence."""

    @property
    def sure(self) -> bool:
        return not isnan(self.net_low)


def paid(told: Told, regret: Regret | None, running: Running) -> Paid:
    """Add up what can be measured, each against its own baseline, and hold it against what the system costs to run."""
    found = [saving for saving in (_routing(regret), _prices(regret), _transfers(told)) if saving is not None]
    counted = [one for one in found if one.counts]
    saved = sum(one.cents for one in counted)
    low, high = _ends(counted, saved)
    cost = running.cents
    orders = regret.by_cause.orders if regret is not None else 0
    return Paid(
        tuple(found), saved, low, high, cost, saved - cost, low - cost, high - cost, bool(running.entered.since),
        _break_even(saved, low, running, orders),
    )  # fmt: skip


def _ends(counted: list[Saving], saved: int) -> tuple[float, float]:
    """Of the sum, its parts taken as independent; nan where a part that is a sample is too few to tell.

    A part that was measured in full and has no interval of its own, such as ten transfers, counts as it is.
    """
    drawn = [one for one in counted if not isnan(one.low)]
    if not drawn or any(isnan(one.low) and one.n < one.of for one in counted):
        return nan, nan
    below = sqrt(sum((one.cents - one.low) ** 2 for one in drawn))
    above = sqrt(sum((one.high - one.cents) ** 2 for one in drawn))
    return saved - below, saved + above


def _routing(regret: Regret | None) -> Saving | None:
    return _against(
        regret, NEAREST, "routing", counts=True,
        definition="what the orders would have cost from the nearest node that has all of one, else the nearest in turn,"
        " with the stock of their moment, less what was done; in cents paid, at the rates charged, and what their units were"
        " worth in hindsight",
    )  # fmt: skip


def _prices(regret: Regret | None) -> Saving | None:
    return _against(
        regret, OURS, "prices and people", counts=False,
        definition="the same against the program alone, without prices of units and without what people changed: below zero these"
        " cost more than they brought; part of the saving of routing, told beside it",
    )  # fmt: skip


def _against(regret: Regret | None, baseline: str, what: str, *, counts: bool, definition: str) -> Saving | None:
    if regret is None or baseline not in regret.by_cause.baselines:
        return None
    row = regret.by_cause.saved(baseline)
    n = len([one for one in regret.by_cause.judged if one.baseline_cents])
    if not n:
        return None
    orders = regret.by_cause.orders
    return Saving(
        what, baseline, round(row.an_order.ratio * orders), row.an_order.low * orders, row.an_order.high * orders, n,
        orders, counts, definition,
    )  # fmt: skip


def _transfers(told: Told) -> Saving | None:
    """Judged lines of plans made in the period: the same days lived without the move."""
    lines = [
        line
        for plan in told.plans
        if told.period.holds(plan.made_at) and plan.id in told.plan_outcomes
        for line in told.plan_outcomes[plan.id].lines
        if told.within(str(line.destination))
    ]
    if not lines:
        return None
    gains = np.array([line.realised_cents for line in lines], np.float64)
    item = np.unique([str(line.sku) for line in lines], return_inverse=True)[1].astype(np.int64)
    said = loss_ratio(gains, np.ones(len(gains)), item, seed=SEED)
    n = len(lines)
    return Saving(
        "transfers", "nothing moved", int(gains.sum()), said.low * n, said.high * n, n, n, True,
        "net gain of the transfer lines that arrived and were judged, after their cost, on the demand that came",
    )  # fmt: skip


def _break_even(saved: int, low: float, running: Running, orders: int) -> str:
    cost = running.cents
    if not orders and not saved:
        return "Nothing was saved that can be measured, so nothing can be said of break-even."
    if isnan(low):
        return f"The sample is too small to tell whether it pays: {_money(saved)} saved as far as seen, {_money(cost)} to run."
    if not running.entered.since:
        return (
            f"{_money(saved)} saved; whether that pays nobody can say until the cost of running is entered"
            f" (answers of people alone, at a guess, cost {_money(cost)})."
        )
    if cost == 0:
        return f"{_money(saved)} saved, and running costs nothing as entered."
    if saved <= 0:
        return f"It did not pay: {_money(saved)} saved against {_money(cost)} to run."
    if saved <= cost:
        more = f"; at this saving an order it pays from {ceil(cost / saved * orders):,} orders" if orders else ""
        return f"It saved {_money(saved)} and cost {_money(cost)} to run: it did not pay{more}."
    sure = "surely" if low > cost else "probably, not surely,"
    share = f": from {ceil(cost / saved * orders):,} of its {orders:,} orders on" if orders else ""
    return f"It {sure} pays {saved / cost:,.1f} times what it costs to run{share}."


def _money(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) / 100:,.2f}"
