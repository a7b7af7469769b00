"""Computes what one more unit, and one more place in a day, is worth to the orders expected, and writes the price rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenstock.domain import ROUTING_SCOPES, CapacityPrice, Cents, Event, NodeId, Price, Sku, StockBalance, digest
from evenstock.forecasting import Forecast
from evenstock.operations.autonomy.asking_of_prices import lawful_prices
from evenstock.operations.autonomy.governance import Governance
from evenstock.operations.company import Company
from evenstock.operations.expected_orders import MOST_ORDERS, ExpectedOrders, Routable, expected_orders, routable
from evenstock.operations.foretold_use import FORETOLD, ForetoldUse, pace_of
from evenstock.operations.knowledge import SCENARIOS
from evenstock.operations.ports import Snapshots, Store, Transaction
from evenstock.routing.batch import Batch, Chosen, decide_many
from evenstock.routing.found_before import WITHIN_DAYS
from evenstock.routing.network import ShippingNetwork
from evenstock.routing.priced import Whole
from evenstock.routing.prices.ascent import SWEEPS, Ascent, Capacity, ascend
from evenstock.routing.prices.ladder import MIRROR, NIGHTLY, REPRICING, repriced_at
from evenstock.routing.prices.mirror import running_prices
from evenstock.routing.prices.scenarios import scenario_prices
from evenstock.routing.subset_kernel import INFEASIBLE

Real = NDArray[np.float64]

DAYS: Final = 7
FUTURES: Final = 8
SURE: Final = 2.0
"""Standard deviations of what is wanted by which a node's stock must cover it for its item to be uncontested."""


@dataclass(frozen=True, slots=True)
class Repriced:
    """What was computed and written."""

    contested: tuple[Sku, ...]
    """Items that run short at some node before the days are over."""
    freed: int
    """Items priced before and contested no longer: the nightly price holds again, or none."""
    items: int
    """Items in the expected orders."""
    orders: int
    """Orders sampled and routed."""
    expected: int
    """Orders they stand for."""
    left_out: int
    """Orders that no way reaches or law forbids."""
    bound_cents: int
    """The expected orders cannot be shipped for less within the stock there is, each line whole; a lost line counts as its
    margin and goodwill beyond the cost of its order."""
    free_cents: int
    """What they would cost if every node had everything."""
    sweeps: int
    prices: int
    """Rows written."""
    capacity_prices: int
    scenarios: str
    """Snapshot; empty where none was drawn."""
    notes: tuple[str, ...]


def reprice(
    store: Store,
    snapshots: Snapshots,
    company: Company,
    *,
    now: datetime,
    forecast: Forecast | None = None,
    days: int = DAYS,
    scenarios: int = FUTURES,
    sweeps: int = SWEEPS,
    most_orders: int = MOST_ORDERS,
    seed: int = 0,
    service_ceilings: Mapping[str, int] | None = None,
    forecast_free: bool = False,
) -> Repriced:
    """Price the contested items and the full days, and publish the rows in one transaction.

    Parameters
    ----------
    forecast
        Current demand forecast, by item and home node; without it orders come as they came in the last weeks.
    days
        Until stock comes again.
    scenarios
        Futures whose prices are kept for the confidence of decisions; 0 keeps none.
    service_ceilings
        Most shipments a day that a carrier's service takes over from all nodes; by default what the rate cards say.
    forecast_free
        Prices by mirror descent through the last weeks' orders, under the source `mirror descent`: the rung to fall back
        on where nothing is known of what comes.

    Raises
    ------
    ValueError
        If there are no past orders, or the network has no rate cards.
    """
    shipping = company.shipping
    expected = expected_orders(
        company,
        shipping,
        now,
        days=days,
        forecast=None if forecast_free else forecast,
        most=most_orders,
        seed=seed,
    )
    if service_ceilings is None:
        service_ceilings = shipping.book.ceilings(now.date())
    days_ahead = [now.date() + timedelta(days=d) for d in range(-1, days + 2 * WITHIN_DAYS)]
    with store.reading() as books:
        # Of every item: one that nobody is expected to order is contested no longer.
        before = books.prices(sorted(company.network.items), now)
        full = [row for row in books.capacity_prices(days_ahead, now) if row.cents and row.scope in ROUTING_SCOPES]
        taken = books.slots_taken(days_ahead)
    ways = routable(expected.orders, shipping, company.network.policy, taken, frozenset(service_ceilings))
    names = sorted({sku for skus in ways.skus for sku in skus})
    with store.reading() as books:
        balances = books.balances(names)
    market = _market(expected, ways, shipping, names, balances, taken, service_ceilings)
    if forecast_free:
        return _without_forecast(store, expected, market, now, Governance.of(company))
    wanted = decide_many(market.batch, np.zeros(market.stock.shape))
    contested = _contested(market, wanted.way)
    found = _prices(market, wanted.cost, contested, before, sweeps)
    kept = _scenarios(snapshots, market, found, contested, now, (scenarios, seed))
    told = _foretold(expected, ways, market, wanted, found.ascent, contested, now).keep(snapshots)
    rules = Governance.of(company)
    return _written(store, expected, market, (wanted, contested, found.ascent, before, full, (kept, told)), now, rules)


def _written(
    store: Store,
    expected: ExpectedOrders,
    market: _Market,
    computed: tuple[Chosen, NDArray[np.bool_], Ascent, list[Price], list[CapacityPrice], tuple[str, str]],
    now: datetime,
    rules: Governance,
) -> Repriced:
    """Put the rows into the books, and tell; those outside the envelopes stay as they are."""
    wanted, contested, ascent, before, full, (kept, told) = computed
    skus = tuple(market.names[n] for n in np.flatnonzero(contested))
    rows = _rows(ascent.price, contested, market, now, REPRICING)
    slots = _capacity_rows(market, ascent.ceiling_price, full, now)
    with store.transaction() as books:
        freed = _freed(books, before, set(skus), now)
        lawful = lawful_prices(books, rules, now, [*rows, *freed], slots, before=before, places_before=full)
        done = Repriced(
            contested=skus,
            freed=len({row.sku for row in freed}),
            items=len(market.names),
            orders=len(market.batch),
            expected=round(float(expected.weight.sum())),
            left_out=len(expected.orders) - len(market.batch),
            bound_cents=int(np.floor(ascent.bound)),
            free_cents=round(float(market.weight @ np.where(wanted.served, wanted.cost, 0.0))),
            sweeps=ascent.sweeps,
            prices=len(lawful.prices),
            capacity_prices=len(lawful.places),
            scenarios=kept,
            notes=(*expected.notes, *lawful.notes),
        )
        books.put_prices(lawful.prices)
        books.put_capacity_prices(lawful.places)
        if kept:
            books.point(SCENARIOS, kept, now)
        books.point(FORETOLD, told, now)
        books.publish([_computed(done, now)])
    return done


@dataclass(frozen=True, slots=True, eq=False)
class _Market:
    """Expected orders against the stock there is."""

    batch: Batch
    names: list[Sku]
    """Of the items, by number."""
    nodes: tuple[NodeId, ...]
    weight: Real
    stock: Whole
    """Units that may be promised, shape ``(node, item)``."""
    margin: Real
    """Margin and goodwill of each line, in cents."""
    capacity: Capacity | None
    ceilings: tuple[tuple[str, str, date], ...]
    """Scope, name and day of each ceiling."""


@dataclass(frozen=True, slots=True, eq=False)
class _Prices:
    ascent: Ascent
    lost: Real


def _market(
    expected: ExpectedOrders,
    ways: Routable,
    shipping: ShippingNetwork,
    names: list[Sku],
    balances: list[StockBalance],
    taken: Mapping[tuple[NodeId, date], int],
    service_ceilings: Mapping[str, int],
) -> _Market:
    number = {sku: n for n, sku in enumerate(names)}
    place = {node.id: k for k, node in enumerate(shipping.nodes)}
    stock = np.zeros((len(place), len(names)), np.int64)
    for balance in balances:
        if balance.node in place:
            stock[place[balance.node], number[balance.sku]] += balance.atp
    most = {node.id: node.orders_per_day for node in shipping.nodes if node.orders_per_day is not None}
    ceilings: dict[tuple[str, str, int], int] = {}
    counted = np.full((2, sum(len(of) for of in ways.ship_on)), -1, np.int64)
    for way, (node, service, day) in enumerate(one for of in ways.ship_on for one in of):
        if node in most:
            counted[0, way] = ceilings.setdefault(("node", node, day), len(ceilings))
        if service in service_ceilings:
            counted[1, way] = ceilings.setdefault(("service", service, day), len(ceilings))
    left = [
        float(
            max(
                0,
                (most[NodeId(name)] if scope == "node" else service_ceilings[name])
                - taken.get((NodeId(name), date.fromordinal(day)), 0),
            )
        )
        for scope, name, day in ceilings
    ]
    items = [np.array([number[sku] for sku in skus], np.int64) for skus in ways.skus]
    batch = Batch.pack(ways.priced, items, by_way=bool(ceilings))
    each = np.array([shipping.costs.lost_unit_cents(shipping.items[sku]) for sku in names], np.float64)
    return _Market(
        batch,
        names,
        tuple(node.id for node in shipping.nodes),
        expected.weight[ways.order],
        stock,
        each[batch.item] * batch.units if names else np.zeros(0),
        Capacity(counted, np.array(left)) if ceilings else None,
        tuple((scope, name, date.fromordinal(day)) for scope, name, day in ceilings),
    )


def _contested(market: _Market, way: Whole) -> NDArray[np.bool_]:
    """Items that may run short at some node if every order took what is cheapest for it, shape ``(item,)``."""
    batch = market.batch
    order = np.repeat(np.arange(len(batch)), np.diff(batch.first_line))
    node = batch.node[batch.first_way[order] + np.maximum(way, 0)]
    served = way >= 0
    shape, at = market.stock.shape, (node[served], batch.item[served])
    units = batch.units[served].astype(np.float64)
    mean, variance = np.zeros(shape), np.zeros(shape)
    np.add.at(mean, at, market.weight[order][served] * units)
    np.add.at(variance, at, market.weight[order][served] * units**2)
    short: NDArray[np.bool_] = market.stock < mean + SURE * np.sqrt(variance)
    return np.asarray((short & (mean > 0)).any(axis=0))


def _prices(
    market: _Market,
    cost: Real,
    contested: NDArray[np.bool_],
    before: list[Price],
    sweeps: int,
) -> _Prices:
    """Prices from those in force, where there are any."""
    lines = np.diff(market.batch.first_line)
    # No line is lost to save its freight: a paid order ships while some node can ship it.
    lost = market.margin + np.repeat(np.where(cost < INFEASIBLE, cost, 0.0), lines)
    number = {sku: n for n, sku in enumerate(market.names)}
    place = {node: k for k, node in enumerate(market.nodes)}
    start = np.zeros(market.stock.shape)
    for row in before:
        if row.node in place and row.sku in number:
            start[place[row.node], number[row.sku]] = row.cents
    warm = start if any(repriced_at(row) for row in before) else None
    found = ascend(
        market.batch,
        market.weight,
        market.stock,
        lost=lost,
        start=warm,
        sweeps=sweeps,
        contested=contested,
        capacity=market.capacity,
    )
    return _Prices(found, lost)


def _scenarios(
    snapshots: Snapshots,
    market: _Market,
    found: _Prices,
    contested: NDArray[np.bool_],
    now: datetime,
    drawn: tuple[int, int],
) -> str:
    """Keep the prices of drawn futures; the snapshot's digest, or nothing where there is nothing to draw."""
    count, seed = drawn
    priced = np.flatnonzero(contested)
    if count < 1 or not priced.size:
        return ""
    futures = scenario_prices(
        market.batch,
        market.weight,
        market.stock,
        count,
        seed,
        lost=found.lost,
        start=found.ascent.price,
        contested=contested,
        capacity=market.capacity,
        seen=np.ones(len(market.batch)),
    )
    scenario, node, item = np.meshgrid(np.arange(count), np.arange(len(market.nodes)), priced, indexing="ij")
    frame = pl.DataFrame(
        {
            "sku": np.array(market.names)[item.ravel()].tolist(),
            "node": np.array(market.nodes)[node.ravel()].tolist(),
            "scenario": scenario.ravel(),
            "cents": np.rint(futures[:, :, priced]).astype(np.int64).ravel(),
        }
    )
    about = pl.DataFrame({"made_at": [now], "seed": [seed], "orders": [len(market.batch)]})
    return snapshots.take({"scenarios": frame, "about": about})


def _foretold(
    expected: ExpectedOrders,
    ways: Routable,
    market: _Market,
    wanted: Chosen,
    ascent: Ascent,
    contested: NDArray[np.bool_],
    now: datetime,
) -> ForetoldUse:
    """What the orders are expected to take of contested items, and at which pace."""
    batch, served = market.batch, wanted.served
    lines = np.diff(batch.first_line)
    order = np.repeat(np.arange(len(batch)), lines)
    units = np.bincount(order, weights=batch.units, minlength=len(batch))
    of_contested = np.bincount(order, weights=batch.units * contested[batch.item], minlength=len(batch))
    shipped = float(market.weight[served] @ units[served])
    freight = float(market.weight @ np.where(served, wanted.cost, 0.0))
    node, item = np.meshgrid(np.arange(len(market.nodes)), np.flatnonzero(contested), indexing="ij")
    at = (node.ravel(), item.ravel())
    return ForetoldUse(
        now,
        tuple(market.names[n] for n in at[1].tolist()),
        tuple(market.nodes[k] for k in at[0].tolist()),
        ascent.price[at],
        ascent.use[at],
        market.stock[at],
        pace_of(
            [expected.orders[n].placed_at for n in ways.order.tolist()],
            market.weight * of_contested,
            now,
            expected.days,
        ),
        freight / shipped if shipped else 0.0,
    )


def _rows(price: Real, contested: NDArray[np.bool_], market: _Market, now: datetime, source: str) -> list[Price]:
    cents = np.rint(price).astype(np.int64)
    return [
        Price(market.names[n], node, now, source, Cents(int(cents[k, n])))
        for n in np.flatnonzero(contested).tolist()
        for k, node in enumerate(market.nodes)
    ]


def _freed(books: Transaction, before: list[Price], contested: set[Sku], now: datetime) -> list[Price]:
    """Rows for items priced by a repricing before and contested no longer: the last nightly price again, or nothing."""
    ours = [row for row in before if repriced_at(row) or row.source == MIRROR]
    stale = [row for row in ours if row.sku not in contested and row.cents]
    if not stale:
        return []
    newest = books.plans(limit=1)
    nightly: dict[tuple[Sku, NodeId], Cents] = {}
    if newest:
        skus = sorted({row.sku for row in stale})
        nightly = {
            (row.sku, row.node): row.cents for row in books.prices(skus, newest[0].made_at) if row.source == NIGHTLY
        }
    return [Price(row.sku, row.node, now, REPRICING, nightly.get((row.sku, row.node), Cents(0))) for row in stale]


def _capacity_rows(market: _Market, price: Real, full: list[CapacityPrice], now: datetime) -> list[CapacityPrice]:
    """Prices of the days that are full, and nothing for those that were and are no longer."""
    cents = {ceiling: round(value) for ceiling, value in zip(market.ceilings, price.tolist(), strict=True)}
    rows = {ceiling: value for ceiling, value in cents.items() if value > 0}
    freed = {(row.scope, row.name, row.day): 0 for row in full}
    return [
        CapacityPrice(scope, name, day, now, REPRICING, Cents(value))
        for (scope, name, day), value in sorted((freed | rows).items())
    ]


def _without_forecast(
    store: Store,
    expected: ExpectedOrders,
    market: _Market,
    now: datetime,
    rules: Governance,
) -> Repriced:
    """Running prices after the last weeks' orders, oldest first."""
    to_come = max(1, round(float(market.weight.sum())))
    price = running_prices(market.batch, np.arange(len(market.batch)), market.stock, to_come=to_come)
    priced: NDArray[np.bool_] = np.asarray((price >= 1.0).any(axis=0))
    rows = _rows(price, priced, market, now, MIRROR)
    done = Repriced(
        contested=tuple(market.names[n] for n in np.flatnonzero(priced)),
        freed=0,
        items=len(market.names),
        orders=len(market.batch),
        expected=to_come,
        left_out=len(expected.orders) - len(market.batch),
        bound_cents=0,
        free_cents=0,
        sweeps=1,
        prices=len(rows),
        capacity_prices=0,
        scenarios="",
        notes=(*expected.notes, "prices by mirror descent: no forecast was used, and nothing is proved"),
    )
    with store.transaction() as books:
        lawful = lawful_prices(books, rules, now, rows)
        done = replace(done, prices=len(lawful.prices), notes=(*done.notes, *lawful.notes))
        books.put_prices(lawful.prices)
        books.publish([_computed(done, now)])
    return done


def _computed(done: Repriced, now: datetime) -> Event:
    body = {
        "contested": len(done.contested),
        "freed": done.freed,
        "items": done.items,
        "orders": done.orders,
        "expected": done.expected,
        "bound_cents": done.bound_cents,
        "sweeps": done.sweeps,
        "prices": done.prices,
        "capacity_prices": done.capacity_prices,
        "scenarios": done.scenarios,
    }
    name = digest([now, body]).removeprefix("sha256:")[:20]
    return Event(f"prices-{name}:computed", "PricesComputed", "prices", now, body)
