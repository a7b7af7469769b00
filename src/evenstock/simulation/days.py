"""Lives through days: real operations over books in memory, the same customers for every way of deciding."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import polars as pl

from evenstock.domain import Order, Outcome, PlanId, ReservationState, TransferOrder, TransferState
from evenstock.forecasting import Forecast
from evenstock.operations.deciding import Books, Decide, RouteOrder, decide_order
from evenstock.operations.network import Network, orders_from_frame
from evenstock.operations.open_balances import open_balances
from evenstock.operations.plan_transfers import PATHS, plan_transfers
from evenstock.operations.ports import Store
from evenstock.operations.route_order import route_order
from evenstock.operations.ship_order import ship_order
from evenstock.operations.tonight.calendar import next_departure
from evenstock.operations.tonight.question import Happenings
from evenstock.operations.transfers import ReceivedLine, approve_plan, dispatch_transfer, receive_transfer
from evenstock.policy import CompiledPolicy
from evenstock.routing.candidates import Candidates
from evenstock.routing.decide import Decision
from evenstock.routing.explain import by_term
from evenstock.routing.network import ShippingNetwork
from evenstock.simulation.replay.chunks import OPPORTUNITY


def without_prices(found: Candidates, network: ShippingNetwork, policy: CompiledPolicy, read: Books) -> Decision:
    """Cheapest now: the production decision, blind to what a unit may be worth tomorrow."""
    return decide_order(found, network, policy, replace(read, prices=()))


@dataclass(frozen=True)
class Arm:
    """A way of deciding, to be compared with others."""

    name: str
    decide: Decide = decide_order
    method: str | None = None
    """How transfers are planned on the first morning; None for no transfers."""


@dataclass
class Day:
    """What one day brought, in cents that are really paid and units."""

    day: date
    orders: int = 0
    unserved_orders: int = 0
    unserved_units: int = 0
    shipments: int = 0
    terms: dict[str, int] = field(default_factory=dict)
    """Cents by cost term of the orders shipped."""
    lost_cents: int = 0
    """Margin and goodwill of what no node could serve."""
    transfer_cents: int = 0

    @property
    def paid_cents(self) -> int:
        return sum(cents for name, cents in self.terms.items() if name not in OPPORTUNITY)

    @property
    def total_cents(self) -> int:
        """Everything the day cost: shipping and handling, lateness, lost sales, transfers."""
        return self.paid_cents + self.lost_cents + self.transfer_cents


@dataclass(frozen=True)
class Lived:
    """The days of one arm."""

    arm: Arm
    days: tuple[Day, ...]
    plan: PlanId | None
    """The transfer plan of the first morning."""

    @property
    def total_cents(self) -> int:
        return sum(day.total_cents for day in self.days)

    def cumulative_cents(self) -> list[int]:
        sums, so_far = [], 0
        for day in self.days:
            so_far += day.total_cents
            sums.append(so_far)
        return sums

    def term_cents(self) -> dict[str, int]:
        """Cents by term over all days, those that are really paid."""
        found: dict[str, int] = {}
        for day in self.days:
            for name, cents in day.terms.items():
                if name not in OPPORTUNITY:
                    found[name] = found.get(name, 0) + cents
        return found


@dataclass(frozen=True)
class Setting:
    """What all arms share: the network, the first morning, and the customers to come."""

    network: Network
    shipping: ShippingNetwork
    tables: Mapping[str, pl.DataFrame]
    forecast: Forecast
    opens_at: datetime
    customers: Callable[[date], pl.DataFrame]
    """Orders of a day, the same for every arm."""
    seed: int = 0
    n_paths: int = PATHS


def live(setting: Setting, arm: Arm, days: int, store: Store, tick: Callable[[], None] = lambda: None) -> Lived:
    """Live `days` days from the first morning on, in empty books.

    Each day receives the transfers that are due, routes the day's orders one by one as they are placed, and ships them in
    the evening. Transfers are planned and dispatched once, on the first morning, so that arms differ in one thing.

    Parameters
    ----------
    tick : called after each day, to show progress.
    """
    setting = replace(setting, shipping=heard_always(setting.shipping))
    open_balances(store, setting.tables["stock"], f"sha256:simulation:{arm.name}", setting.opens_at)
    cost_cents, under_way, plan = _transfers(setting, arm, store)
    lived = []
    for number in range(days):
        morning = setting.opens_at + timedelta(days=number)
        _receive(store, under_way, morning)
        day = Day(morning.date(), transfer_cents=cost_cents if number == 0 else 0)
        orders = orders_from_frame(setting.customers(morning.date()))
        for order in orders:
            _one(setting, arm, store, order, day)
        _ship(store, orders, morning + timedelta(hours=23))
        lived.append(day)
        tick()
    return Lived(arm, tuple(lived), plan)


def heard_always(shipping: ShippingNetwork) -> ShippingNetwork:
    """The same network without the ages of its feeds.

    Silence holds back what may have been sold without the books knowing. In lived days every sale, receipt and transfer goes
    through the books, and no feed ever speaks: they would hold back, day by day more, what nobody can have sold.
    """
    if shipping.known is None or not shipping.known.feeds:
        return shipping
    made = copy(shipping)
    made.known = replace(shipping.known, feeds={})
    return made


def _transfers(setting: Setting, arm: Arm, store: Store) -> tuple[int, list[tuple[date, TransferOrder]], PlanId | None]:
    """Plan, approve and dispatch; the cents they cost, and each transfer with the day it arrives."""
    if arm.method is None:
        return 0, [], None
    planned = plan_transfers(
        store,
        setting.network,
        setting.forecast,
        inputs={},
        now=setting.opens_at,
        seed=setting.seed,
        n_paths=setting.n_paths,
        method=arm.method,
        happened=Happenings(orders=setting.tables.get("orders"), places=setting.tables.get("places")),
    )
    plan = planned.plan
    today = setting.opens_at.date()
    arrival = {
        (lane.origin, lane.destination): next_departure(lane, today) + timedelta(days=lane.lead_days)
        for lane in reversed(setting.network.lanes)
    }
    under_way = []
    for transfer in approve_plan(store, plan.id, today, "simulation", setting.opens_at):
        sent = dispatch_transfer(store, transfer.id, setting.opens_at).transfer
        under_way.append((arrival[transfer.origin, transfer.destination], sent))
    return plan.cost_cents, under_way, plan.id


def _receive(store: Store, under_way: Sequence[tuple[date, TransferOrder]], morning: datetime) -> None:
    for arrives, transfer in under_way:
        if arrives == morning.date() and transfer.state is TransferState.DISPATCHED:
            lines = [ReceivedLine(line.sku, line.dispatched) for line in transfer.lines if line.dispatched]
            if lines:
                receive_transfer(store, transfer.id, f"{transfer.id}:dock", lines, morning)


def _one(setting: Setting, arm: Arm, store: Store, order: Order, day: Day) -> None:
    routed = route_order(
        store, setting.shipping, setting.network.policy, RouteOrder(order, order.placed_at), decide=arm.decide
    )
    record = routed.record
    day.orders += 1
    if record.outcome is Outcome.UNSERVED or record.choice is None:
        day.unserved_orders += 1
        for line in order.lines:
            day.unserved_units += line.units
            day.lost_cents += line.units * setting.network.costs.lost_unit_cents(setting.network.items[line.sku])
        return
    day.shipments += len(record.choice.shipments)
    for name, cents in by_term(record.choice).items():
        day.terms[name] = day.terms.get(name, 0) + cents


def _ship(store: Store, orders: Sequence[Order], evening: datetime) -> None:
    for order in orders:
        with store.transaction() as books:
            held = [r.id for r in books.reservations_of(order.id) if r.state is ReservationState.PENDING]
        for reservation in held:
            ship_order(store, reservation, evening)
