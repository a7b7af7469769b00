"""A small month that a made brand lived: routed, reviewed, delivered, invoiced, picked short, moved and judged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from evenstock.domain import (
    CaseId,
    DecisionRecord,
    Order,
    Outcome,
    ReservationId,
    ReservationState,
    TransferPlan,
    Units,
)
from evenstock.operations.company import Company
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.decisions import RESERVATION
from evenstock.operations.edit_plan import Edit, edit_plan
from evenstock.operations.forecast_demand import forecast_demand
from evenstock.operations.gate import OUTCOMES, log_outcomes
from evenstock.operations.import_network import import_network
from evenstock.operations.judge_plan import judge_plan
from evenstock.operations.live_scores import DAYS, SUMS
from evenstock.operations.network import orders_from_frame
from evenstock.operations.open_cases import open_review
from evenstock.operations.outcomes.period import Period, month
from evenstock.operations.override_forecast import override_forecast
from evenstock.operations.plan_transfers import plan_transfers
from evenstock.operations.ports import Snapshots, Store
from evenstock.operations.queue import accept, execute, override
from evenstock.operations.route_order import route_order
from evenstock.operations.ship_order import ship_order
from evenstock.operations.tonight.happened import happenings
from evenstock.operations.transfers import ReceivedLine, approve_plan, dispatch_transfer, receive_transfer, reject_plan
from evenstock.simulation.world import World, future_demand, future_orders, make_world
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

FREIGHT = ("base freight", "fuel", "surcharges")
OCTOBER = month("2026-10")
DEARER = 1.08
"""What one service invoices above its card."""
LATER = 0.15
"""Share of orders that arrive a day after the promise, beyond those foretold."""


@dataclass(frozen=True)
class Lived:
    store: Store
    snapshots: Snapshots
    world: World
    records: list[DecisionRecord]
    plan: TransferPlan
    period: Period = OCTOBER

    @property
    def company(self) -> Company:
        return Company.load(self.store, self.snapshots)


def lived_month(folder: Path, *, orders_per_day: int = 40, skus: int = 80, days: int = 31, store: Any = None) -> Lived:
    """October 2026; the same arguments give the same books."""
    world = make_world(seed=3, nodes=3, skus=skus, days=100, orders_per_day=orders_per_day, as_of=OCTOBER.first)
    opened, snapshots = store or MemoryStore(), SnapshotFolder(folder / "snapshots")
    import_network(opened, snapshots, world.frames, world.opens_at)
    company = Company.load(opened, snapshots)
    plan, arrivals = _moved(opened, snapshots, company, world)
    shipping, policy, rng = company.shipping, company.network.policy, np.random.default_rng(6)
    records: list[DecisionRecord] = []
    for day in range(days):
        morning = world.opens_at + timedelta(days=day)
        for transfer, on in arrivals:
            if on == morning.date():
                lines = [ReceivedLine(line.sku, line.units) for line in transfer.lines]
                receive_transfer(opened, transfer.id, f"{transfer.id}:dock", lines, morning)
        orders = orders_from_frame(future_orders(world, morning.date()))
        for order in orders:
            record = route_order(opened, shipping, policy, RouteOrder(order, order.placed_at)).record
            asked = record.outcome is Outcome.EXECUTED and rng.random() < 0.08
            records.append(_asked(opened, shipping, policy, record, len(records)) if asked else record)
        _ship(opened, orders, morning + timedelta(hours=23))
    happened = _tables(world, records, days, rng)
    import_network(opened, snapshots, world.frames | happened, world.opens_at + timedelta(days=days))
    _scored(opened, snapshots, records, rng, days)
    now = world.opens_at + timedelta(days=days)
    override_forecast(
        opened, snapshots, Company.load(opened, snapshots), first_day=date(2026, 10, 20), last_day=date(2026, 10, 24),
        kind="multiply", value=1.5, reason="fair in Dallas", author="dana", now=world.opens_at + timedelta(days=9),
        sku=str(world.frames["items"]["sku"][0]),
    )  # fmt: skip
    judge_plan(opened, snapshots, happened["demand"], plan.id, now=now)
    return Lived(opened, snapshots, world, records, plan)


def _moved(store: Store, snapshots: Snapshots, company: Company, world: World) -> tuple[TransferPlan, list[Any]]:
    """A plan with one line changed and one taken out by hand, approved and sent; and another set aside."""
    said = forecast_demand(store, snapshots, company, as_of=world.as_of, now=world.opens_at)

    def planned(at: datetime, seed: int) -> TransferPlan:
        return plan_transfers(
            store, company.network, said.forecast, inputs={"forecast snapshot": said.digest}, now=at, seed=seed,
            happened=happenings(store, company), snapshots=snapshots,
        ).plan  # fmt: skip

    first = planned(world.opens_at, 1)
    lines = [
        Edit(line.sku, line.origin, line.destination, Units(units), line.mode)
        for line, units in zip(first.lines[:2], (0, first.lines[1].units // 2), strict=True)
    ]
    last = edit_plan(store, snapshots, first.id, lines, by="dana", now=world.opens_at + timedelta(minutes=30))
    sent = []
    leads = {(e.origin, e.destination, e.mode): e.eta_p50 for e in last.lines}
    for transfer in approve_plan(store, last.id, world.as_of, "lee", world.opens_at + timedelta(minutes=90)):
        dispatch_transfer(store, transfer.id, world.opens_at + timedelta(hours=3))
        sent.append((transfer, leads[transfer.origin, transfer.destination, transfer.mode] + timedelta(days=1)))
    second = planned(world.opens_at + timedelta(hours=4), 2)
    if second.lines:
        reject_plan(store, second.id, "lee", "the dock is full until Thursday", world.opens_at + timedelta(hours=6))
    return last, sent


def _asked(store: Store, shipping: Any, policy: Any, record: DecisionRecord, number: int) -> DecisionRecord:
    """A person is asked: one accepts, one ships it otherwise, and one forgets."""
    at = record.decided_at
    with store.transaction() as books:
        case = open_review(
            books,
            record,
            ReservationId(f"{record.id}{RESERVATION}"),
            "the rule of large orders",
            role="operations lead",
        )
    if number % 3 == 0:
        said: Any = accept(store, case.id, "ana", at + timedelta(minutes=12), "looks right")
    elif number % 3 == 1 and record.alternatives:
        said = override(
            store, shipping, policy, CaseId(case.id), "dana", "the customer asked for Texas", at + timedelta(minutes=40),
            alternative=1,
        )  # fmt: skip
    else:
        with store.transaction() as books:
            found = books.case(case.id)
            assert found is not None
            said = execute(books, found, "deadline", case.due_at)
    made: DecisionRecord | None = getattr(said, "record", None)
    return made or record


def _ship(store: Store, orders: list[Order], evening: datetime) -> None:
    for order in orders:
        with store.reading() as books:
            held = [one.id for one in books.reservations_of(order.id) if one.state is ReservationState.PENDING]
        for reservation in held:
            ship_order(store, reservation, evening)


def _tables(
    world: World, records: list[DecisionRecord], days: int, rng: np.random.Generator
) -> dict[str, pl.DataFrame]:
    shipments, picks, dear = [], [], ""
    for record in records:
        if record.choice is None:
            continue
        late = rng.random() < LATER
        for n, shipment in enumerate(record.choice.shipments):
            way = shipment.candidate
            dear = dear or way.service
            cents = sum(term.cents for term in shipment.terms if term.name in FREIGHT)
            by = record.commitment.deliver_by if record.commitment else way.ship_on + timedelta(days=4)
            shipments.append(
                (f"S-{record.order}-{n}", record.order, way.node, way.service, way.ship_on, by + timedelta(days=1 if late else -1),
                 1, round(cents * DEARER) if way.service == dear else cents, False)
            )  # fmt: skip
            if rng.random() < 0.02:
                line = shipment.lines[0]
                at = datetime.combine(way.ship_on, time(16), UTC)
                picks.append((f"P-{record.order}-{n}", line.sku, way.node, at, int(line.units), 0))
    names = ("shipment", "order", "node", "service", "shipped_on", "delivered_on", "parcels", "cents", "reship")
    short = ("pick", "sku", "node", "picked_at", "wanted", "found")
    past = world.frames["demand"]
    came = future_demand(world, days).select(past.columns)
    return {
        "shipments": pl.DataFrame(shipments, schema=names, orient="row"),
        "short_picks": pl.DataFrame(
            picks, schema=dict(zip(short, (pl.String, pl.String, pl.String, pl.Datetime("us", "UTC"), pl.Int64, pl.Int64), strict=True)),
            orient="row",
        ),
        "demand": pl.concat([past, came]),
    }  # fmt: skip


def _scored(
    store: Store, snapshots: Snapshots, records: list[DecisionRecord], rng: np.random.Generator, days: int
) -> None:
    """Forecasts that said a tenth too little of what sells slowly; regret a little below what was expected."""
    rows = []
    for n in range(days):
        for node in ("TX-DC", "PA-3PL", "CA-3PL"):
            for speed, factor in (("fast", 1.0), ("slow", 1.1)):
                mean = float(rng.uniform(20, 40))
                rows.append(
                    {"date": OCTOBER.first + timedelta(days=n), "role": "served", "node": node, "velocity": speed, "series": 10,
                     "sold": round(mean * factor + rng.normal(0, 1.0), 3), "mean": mean, "forecast": "", "model": "", "version": "",
                     "pit": 5.0, "above": 0.25, "loss": 1.0, "fallback_loss": 1.2}
                )  # fmt: skip
    sums = [
        {"date": OCTOBER.first + timedelta(days=n), "days": 7, "role": "served", "forecast": "", "model": "", "version": "",
         "series": 30, "coverage": 0.94, "error": 1.0, "fallback": 1.2}
        for n in range(7, days)
    ]  # fmt: skip
    kept = snapshots.take({"days": pl.DataFrame(rows, schema=DAYS), "sums": pl.DataFrame(sums, schema=SUMS)})
    with store.transaction() as books:
        books.point("watch:demand", kept, datetime(2026, 11, 1, tzinfo=UTC))
    seen = [
        (str(record.id), record.decided_at.date(), 900, int(rng.integers(0, 1_700)))
        for record in records
        if record.choice is not None
    ]
    log_outcomes(store, snapshots, pl.DataFrame(seen, schema=OUTCOMES, orient="row"), datetime(2026, 11, 1, tzinfo=UTC))


__all__ = ["OCTOBER", "Lived", "lived_month"]
