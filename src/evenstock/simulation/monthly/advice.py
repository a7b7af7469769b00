"""What to do next, from a month's figures: each with the money it is about, the dearest first, and nothing that is not sure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import polars as pl

from evenstock.operations.outcomes.foretold import ForetoldAndCame, Says
from evenstock.operations.outcomes.recommendation import Became
from evenstock.simulation.monthly.regret import Regret
from evenstock.simulation.monthly.savings import Paid
from evenstock.simulation.replay.causes import FORECAST, HUMAN, OTHERWISE, RATES, RULES, SOLVER, STOCK

MOST: Final = 6
_DO: Final = {
    RULES: "Look at the wishes among the rules: `evenstock replay --rules` names the dearest",
    FORECAST: "Reprice more often, and look at the items that the forecast misses",
    STOCK: "Count the shelves that picks came up short at: `evenstock stock count-list`",
    RATES: "Take the invoices' corrections over: `evenstock rates audit`",
    HUMAN: "Read with the people concerned what they changed and why: the dearest orders stand below",
    SOLVER: "Raise the limit of the search, or have large orders proven",
    OTHERWISE: "Find out why orders shipped otherwise than decided: tries on purpose, lost races, data replaced since",
}


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to do."""

    sentence: str
    cents: int
    """A month, as far as it is known; 0 where it is not in money."""


def advice(frame: pl.DataFrame, foretold: ForetoldAndCame, regret: Regret | None, paid: Paid) -> tuple[Advice, ...]:
    """At most six."""
    found = [
        *_causes(regret), *_freight(foretold), *_promises(foretold), *_transfers(foretold), *_queue(frame),
        *_refused(frame), *_demand(foretold),
    ]  # fmt: skip
    if not paid.entered:
        found.append(
            Advice("Enter what servers and people cost: `evenstock report costs`, or nobody knows whether it pays", 0)
        )
    ranked = sorted(found, key=lambda one: -abs(one.cents))[:MOST]
    return tuple(ranked) or (Advice("Nothing calls for action: no figure is surely off", 0),)


def _causes(regret: Regret | None) -> Iterator[Advice]:
    if regret is None or regret.by_cause.regret_cents <= 0:
        return
    scale = regret.by_cause.orders / len(regret.by_cause.judged)
    for row in regret.by_cause.rows:
        share = row.cents / regret.by_cause.regret_cents
        if share >= 0.1 and row.an_order.low > 0:
            cents = round(row.cents * scale)
            yield Advice(
                f"{_DO[row.cause]}: {row.cause} cost {_money(cents)}, {100 * share:.0f} % of the regret", cents
            )


def _freight(foretold: ForetoldAndCame) -> Iterator[Advice]:
    for one in foretold.money:
        if one.what == "freight" and one.segment and one.says in (Says.MORE, Says.LESS):
            cents = round(one.actual - one.foretold)
            yield Advice(
                f"Refresh the rates of {one.segment}: invoices are {100 * (one.ratio - 1):+.1f} % off"
                f" (95 %: {100 * (one.low - 1):+.1f} to {100 * (one.high - 1):+.1f} %), {_money(cents)} on {one.n:,} shipments",
                cents,
            )


def _promises(foretold: ForetoldAndCame) -> Iterator[Advice]:
    off = [one for one in foretold.delivery.bins if one.says is Says.LESS]
    if off:
        late = sum(one.n * one.foretold - one.on_time for one in off)
        yield Advice(
            f"Learn transit times again (`evenstock learn transit`): {late:,.0f} more orders were late than foretold, in"
            f" {len(off)} of the classes of probability",
            0,
        )


def _transfers(foretold: ForetoldAndCame) -> Iterator[Advice]:
    for one in foretold.money:
        if one.what == "transfer benefit" and one.says is Says.LESS:
            cents = round(one.actual - one.foretold)
            yield Advice(
                f"Ask more of a transfer line before it is proposed: lines brought {_money(round(one.actual))} of"
                f" {_money(round(one.foretold))} foretold",
                cents,
            )


def _queue(frame: pl.DataFrame) -> Iterator[Advice]:
    for kind, part in frame.partition_by("kind", as_dict=True).items():
        late = part.filter(pl.col("became") == Became.EXPIRED.value)
        if late.height >= 5 and late.height / part.height >= 0.2:
            cents = int(late["cents"].sum())
            yield Advice(
                f"Nobody answered {late.height:,} of {part.height:,} recommendations of the kind {kind[0]} in time: staff the"
                " queue, or let more be done without asking",
                cents if kind[0] != "order plan" else 0,
            )


def _refused(frame: pl.DataFrame) -> Iterator[Advice]:
    said = frame.filter(pl.col("became").is_in([Became.REFUSED.value, Became.EDITED.value]) & (pl.col("reason") != ""))
    if said.height < 5:
        return
    top = (
        said.group_by("kind", "reason")
        .agg(n=pl.len(), cents=pl.col("cents").sum())
        .sort("n", "reason", descending=[True, False])
    )
    kind, reason, n, cents = top.row(0)
    if n >= 5:
        yield Advice(
            f"Put into the rules what people say again and again: {n:,} of the kind {kind} were changed or refused because"
            f" {reason!r} (`evenstock replay --mine` proposes the rule)",
            abs(int(cents)) if kind == "transfer line" else 0,
        )


def _demand(foretold: ForetoldAndCame) -> Iterator[Advice]:
    for one in foretold.demand:
        speed = one.segment and not one.segment.startswith("node ")
        if speed and one.says in (Says.MORE, Says.LESS) and abs(one.ratio - 1) >= 0.05:
            yield Advice(
                f"Train the forecast again for {one.segment} items: {100 * (one.ratio - 1):+.1f} % was sold of what was"
                " foretold",
                0,
            )


def _money(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) / 100:,.2f}"
