"""What is missing or stale, and how to fix it: books, tables, rates, counts, forecast, queue and rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from evenstock.inventory import EMPTY_AT
from evenstock.operations.believe_stock import current_beliefs
from evenstock.operations.carrier_overrides.keeping import standing as overrides
from evenstock.operations.carrier_overrides.proposal import State
from evenstock.operations.check_books import check_books
from evenstock.operations.company import Company, NothingImportedError
from evenstock.operations.gate import gate_in_force
from evenstock.operations.ports import Snapshots, Store
from evenstock.operations.queue import queue
from evenstock.operations.rates.refresh import due, sources
from evenstock.operations.rates.refusals import standing
from evenstock.operations.roll_out import roll_out_in_force
from evenstock.operations.transit_in_force import FRESH_DAYS, current_transit
from evenstock.policy.lint import Fault, lint
from evenstock.routing.prices.ladder import NONE, in_force

_OLD_COUNT = timedelta(days=30)
_OLD_DEMAND_DAYS = 3
GRACE = timedelta(hours=1)
"""How long a deadline may have passed before somebody is told that nothing ticks."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing that stands in the way, and what to do about it."""

    grave: bool
    """Whether decisions are wrong or impossible because of it; else they are merely less good."""
    what: str
    fix: str


def examine(store: Store, snapshots: Snapshots, now: datetime) -> list[Advice]:
    """Everything worth saying, gravest first."""
    advice = [
        Advice(grave=True, what=str(f), fix="stop routing, keep the database, report it: books must balance")
        for f in check_books(store, now)
    ]
    try:
        here = Company.load(store, snapshots)
    except NothingImportedError as nothing:
        return [*advice, Advice(grave=True, what="there is no network yet", fix=str(nothing))]
    advice += [
        *_tables(here),
        *_rates(here, now),
        *_rate_feeds(store, snapshots, now),
        *_carriers(store, snapshots, now),
        *_stock(here, now),
        *_beliefs(store, snapshots, here, now),
    ]
    advice += [
        *_forecast(store, here, now),
        *_transit(store, snapshots, here, now),
        *_routing(store, snapshots, here, now),
    ]
    return sorted(advice, key=lambda a: not a.grave)


def _tables(here: Company) -> list[Advice]:
    found = []
    if not here.network.lanes:
        found.append(
            Advice(
                grave=False, what="no lanes between nodes: nothing can be rebalanced", fix="import a table named lanes"
            )
        )
    if "demand" not in here.digests:
        found.append(
            Advice(grave=False, what="no demand history: nothing can be forecast", fix="import a table named demand")
        )
    if "transit" not in here.tables:
        found.append(
            Advice(
                grave=False,
                what="no transit times: lateness is not priced and promises are not checked",
                fix="import a table named transit",
            )
        )
    if "rules" not in here.tables:
        found.append(
            Advice(
                grave=False, what="no rules of your own: the lawful defaults apply", fix="import a table named rules"
            )
        )
    unplaced = [
        n.id
        for n in here.network.nodes.values()
        if here.network.rates and here.network.rates.zone(n.postal_code, n.postal_code) is None
    ]
    if unplaced:
        found.append(
            Advice(
                grave=True,
                what=f"no zone is known from {', '.join(unplaced)}: they cannot ship",
                fix="import zones, or places with their ZIP3",
            )
        )
    weightless = [i.sku for i in here.network.items.values() if i.weight_g == 0]
    if weightless:
        found.append(
            Advice(
                grave=False,
                what=f"{len(weightless)} items weigh nothing, such as {weightless[0]}: their freight is too low",
                fix="correct weight_g in items",
            )
        )
    return found


def _rates(here: Company, now: datetime) -> list[Advice]:
    if here.network.rates is None:
        return [Advice(grave=True, what="no rate cards: no order can be priced", fix="import rate_cards and rates")]
    fix = "import the new rate card; until then the old rate is used and every decision that uses it says so"
    odd = [
        Advice(grave=False, what=note, fix="correct the rate tables if this is not meant")
        for note in here.network.rates.notes
    ]
    return odd + [Advice(grave=False, what=sentence, fix=fix) for sentence in here.network.rates.stale(now.date())]


def _rate_feeds(store: Store, snapshots: Snapshots, now: datetime) -> list[Advice]:
    """Files that were refused, and sources that nobody fetched."""
    with store.reading() as books:
        refused = standing(books, snapshots)
    waiting = due(sources(store, snapshots), now)
    said = [Advice(grave=False, what=one.sentence, fix="mend the file and import it again") for one in refused]
    return said + [
        Advice(
            grave=False,
            what=f"{one.name}: new rates are there since {at:%Y-%m-%d %H:%M} UTC",
            fix="run `evenstock rates refresh`",
        )
        for one, at in waiting
    ]


def _carriers(store: Store, snapshots: Snapshots, now: datetime) -> list[Advice]:
    """Carriers that have begun to fail, and nobody said what to do."""
    asked = overrides(store, snapshots, now.date())
    open_ones = [one for one in asked if one.state is State.PROPOSED]
    if not open_ones:
        return []
    waiting = "1 carrier override waits" if len(open_ones) == 1 else f"{len(open_ones)} carrier overrides wait"
    what = f"{waiting} for an answer: {open_ones[0].proposal.sentence}"
    return [Advice(grave=False, what=what, fix="`evenstock carriers override`, then adopt or reject")]


def _stock(here: Company, now: datetime) -> list[Advice]:
    stock = here.table("stock")
    if stock is None:
        return [Advice(grave=True, what="no stock was imported", fix="import a table named stock")]
    old = (
        stock.filter(pl.col("observed_at") < now - _OLD_COUNT)
        .group_by("node")
        .agg(pl.len().alias("rows"), pl.min("observed_at").alias("oldest"))
        .sort("node")
    )
    return [
        Advice(
            grave=False,
            what=f"{node}: {rows:,} counts are older than {_OLD_COUNT.days} days, the oldest of {oldest:%Y-%m-%d}",
            fix=f"count at {node} and import the stock file, or give the rows a buffer",
        )
        for node, rows, oldest in old.iter_rows()
    ]


def _beliefs(store: Store, snapshots: Snapshots, here: Company, now: datetime) -> list[Advice]:
    if "stock" not in here.digests:
        return []
    said = current_beliefs(store, snapshots)
    if said is None or said.on < now.date() - timedelta(days=1):
        old = "nobody has doubted the records yet" if said is None else f"beliefs about stock are of {said.on}"
        fix = "run `evenstock stock beliefs` every morning: it holds back units that may not be there"
        return [Advice(grave=False, what=old, fix=fix)]
    empty = said.frame.filter(pl.col("p_phantom") >= EMPTY_AT).height
    if not empty:
        return []
    fix = "count them: `evenstock stock count-list`"
    return [
        Advice(grave=False, what=f"{empty:,} shelves are probably empty although the record says otherwise", fix=fix)
    ]


def _routing(store: Store, snapshots: Snapshots, here: Company, now: datetime) -> list[Advice]:
    """Prices, the gate, the queue, the rules and the stage of the roll-out."""
    found = []
    with store.reading() as books:
        rung = in_force(books.prices(sorted(here.network.items), now), now).rung if here.network.rates else ""
        waiting = queue(books)
        overdue = books.due_cases(now - GRACE, 1_000)
        stage, gate = roll_out_in_force(books, snapshots), gate_in_force(books, snapshots)
    if rung.startswith(NONE) and ("order_history" in here.digests or "orders" in here.digests):
        fix = "run `evenstock reprice` every evening, after the plan"
        found.append(
            Advice(grave=False, what="no price of a unit is fresh: each order goes where it is cheapest now", fix=fix)
        )
    if overdue:
        fix = "run `evenstock tick` every few minutes"
        found.append(
            Advice(grave=True, what=f"{len(overdue):,} deadlines have passed and nothing acted on them", fix=fix)
        )
    if waiting:
        first = waiting[0].case
        what = f"{len(waiting):,} orders wait for a person, the first until {first.due_at:%Y-%m-%d %H:%M} UTC: {first.because}"
        found.append(Advice(grave=first.due_at < now + timedelta(hours=1), what=what, fix="`evenstock queue`"))
    if not stage.live:
        found.append(
            Advice(grave=False, what="every decision is in shadow", fix="`evenstock rollout set` when you are sure")
        )
    if gate is not None and gate.threshold_millicents is None:
        found.append(
            Advice(
                grave=False, what="the gate lets no decision pass", fix="`evenstock gate` says why; calibrate it again"
            )
        )
    contradictions = [
        finding.sentence for finding in lint(here.network.policy, now.date()) if finding.fault is Fault.CONTRADICTORY
    ]
    found += [
        Advice(grave=True, what=said, fix="`evenstock rules lint`, then correct one of them") for said in contradictions
    ]
    return found


def _transit(store: Store, snapshots: Snapshots, here: Company, now: datetime) -> list[Advice]:
    if "deliveries" not in here.digests:
        return []
    with store.reading() as books:
        learned = current_transit(books, snapshots, now.date())
    if learned is not None:
        return []
    what = f"delivery times were not learned from scans in the last {FRESH_DAYS} days: imported ones are used"
    return [Advice(grave=False, what=what, fix="run `evenstock learn transit` every night")]


def _forecast(store: Store, here: Company, now: datetime) -> list[Advice]:
    demand = here.table("demand")
    if demand is None:
        return []
    last: date | None = demand.select(pl.max("date")).item()
    found = []
    behind = (now.date() - last).days if last else 0
    if behind > _OLD_DEMAND_DAYS:
        found.append(
            Advice(
                grave=False,
                what=f"demand ends on {last}, {behind} days ago: forecasts miss what happened since",
                fix="import newer demand",
            )
        )
    with store.reading() as books:
        if books.pointer("forecast") is None:
            found.append(
                Advice(grave=False, what="nothing was forecast yet", fix="run `evenstock forecast` (plan does it too)")
            )
    return found
