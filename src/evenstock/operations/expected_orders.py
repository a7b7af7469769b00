"""Which orders are expected until stock comes again: those of the last weeks, as often as the forecast says."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenstock.domain import NodeId, Order, Promise, Sku
from evenstock.forecasting import Forecast
from evenstock.freight.zones import area
from evenstock.operations.company import Company
from evenstock.operations.deciding import law_of, permitted_of
from evenstock.operations.home_regions import home_regions, item_groups
from evenstock.operations.network import orders_from_frame
from evenstock.policy import CompiledPolicy
from evenstock.routing.candidates import Slots, candidates, refusal
from evenstock.routing.choose import Choice
from evenstock.routing.decide import choose_whole
from evenstock.routing.knowledge import NOTHING
from evenstock.routing.network import ShippingNetwork
from evenstock.routing.price import by_lane, by_node_and_line, price
from evenstock.routing.priced import Priced, Whole

Real = NDArray[np.float64]

LOOK_BACK_DAYS: Final = 28
"""Whole weeks, so that every weekday counts alike."""
MOST_ORDERS: Final = 5_000
"""Sampled at random from more."""
MOST_TURNS: Final = 5
"""The forecast of several items of one order is met by turns."""
MOST_FACTOR: Final = 5.0
"""An order counts at most so many times more, or less, than it came."""
PLENTY: Final = 10**9


@dataclass(frozen=True, slots=True, eq=False)
class ExpectedOrders:
    """A weighted sample of the orders to come."""

    orders: tuple[Order, ...]
    """Each placed at its own hour of its own weekday within the days ahead, and promised as it was."""
    weight: Real
    """How often each is expected, shape ``(order,)``."""
    days: int
    notes: tuple[str, ...]


def expected_orders(
    company: Company,
    shipping: ShippingNetwork,
    now: datetime,
    *,
    days: int,
    forecast: Forecast | None = None,
    most: int = MOST_ORDERS,
    seed: int = 0,
) -> ExpectedOrders:
    """Orders of the last four weeks that were imported, as often as they are expected within `days` from `now`.

    With a forecast, orders count so often that the units of each item wanted in the region of each home node become its
    mean, as nearly as factors up to `MOST_FACTOR` allow. Without one, they come as they came.

    Raises
    ------
    ValueError
        If no orders were imported, none lies before `now`, or `days` is below one.
    """
    if days < 1:
        raise ValueError("prices look at least one day ahead")
    past, seen_days, notes = _past(company, now)
    orders = [order for order in past if not refusal(order, shipping)]
    if len(orders) < len(past):
        notes.append(f"{len(past) - len(orders)} past orders want items that the network no longer has: left out")
    if not orders:
        raise ValueError("no past orders of items in the network: import order_history or orders from before now")
    # Where fewer days are known than lie ahead, each order comes on several of them: a day has only so many places.
    copies = -(-days // seen_days)
    came = len(orders)
    if came * copies > most:
        kept = np.sort(np.random.default_rng(seed).choice(came, max(1, most // copies), replace=False))
        orders = [orders[k] for k in kept.tolist()]
        notes.append(f"{len(orders)} of {came} orders were sampled, with seed {seed}")
    weight = np.full(len(orders) * copies, came / len(orders) * days / (seen_days * copies))
    ahead = [_ahead(order, now, days, seen_days * copy) for copy in range(copies) for order in orders]
    if forecast is not None:
        weight = _as_forecast(company, shipping, ahead, weight, forecast, now, days)
    return ExpectedOrders(tuple(ahead), weight, days, tuple(notes))


def _past(company: Company, now: datetime) -> tuple[list[Order], int, list[str]]:
    """Orders of the last weeks, over how many days, and what is to be said of them."""
    frames = []
    for name in ("order_history", "orders"):
        frame = company.table(name)
        if frame is not None:
            if "cancelled" in frame.columns:
                frame = frame.with_columns(units=pl.col("units") - pl.col("cancelled")).filter(pl.col("units") > 0)
            frames.append(frame.filter(pl.col("placed_at") < now))
    known = [frame for frame in frames if frame.height]
    if not known:
        raise ValueError("no past orders: import a table named order_history (or orders) from before now")
    notes: list[str] = []
    last = max(frame["placed_at"].max() for frame in known)  # type: ignore[type-var]
    assert isinstance(last, datetime)
    end = now
    if now - last > timedelta(days=7):
        end = last + timedelta(seconds=1)
        notes.append(f"the last order known is of {last:%Y-%m-%d}: the weeks before it stand for those to come")
    first = end - timedelta(days=LOOK_BACK_DAYS)
    orders: dict[str, Order] = {}
    for frame in known:
        of_weeks = frame.filter((pl.col("placed_at") >= first) & (pl.col("placed_at") < end))
        for order in orders_from_frame(_as_orders(of_weeks)):
            orders.setdefault(order.id, order)
    found = sorted(orders.values(), key=lambda order: (order.placed_at, order.id))
    oldest = min(frame["placed_at"].min() for frame in known)  # type: ignore[type-var]
    assert isinstance(oldest, datetime)
    seen = max(1, min(LOOK_BACK_DAYS, -(-(end - oldest) // timedelta(days=1))))
    if seen < LOOK_BACK_DAYS:
        notes.append(f"orders of {seen} days are known, not of {LOOK_BACK_DAYS}")
    return found, seen, notes


def _as_orders(frame: pl.DataFrame) -> pl.DataFrame:
    """Lines of the past in the columns of `tables.Orders`."""
    said = {"kit": "", "tags": "", "service_level": ""}
    missing = [pl.lit(value).alias(name) for name, value in said.items() if name not in frame.columns]
    return frame.drop([name for name in ("cancelled", "served_by") if name in frame.columns]).with_columns(missing)


def _ahead(order: Order, now: datetime, days: int, later_days: int) -> Order:
    """The order as one to come: within `days` from now, on its weekday where these are whole weeks, or so much later."""
    at = now + (order.placed_at + timedelta(days=later_days) - now) % timedelta(days=days)
    promise = order.promise
    if promise is not None:
        later = at.date() - order.placed_at.date()
        promise = Promise(promise.deliver_by + later, promise.probability)
    return replace(order, placed_at=at, promise=promise)


def _as_forecast(
    company: Company,
    shipping: ShippingNetwork,
    orders: Sequence[Order],
    weight: Real,
    forecast: Forecast,
    now: datetime,
    days: int,
) -> Real:
    """Weights under which each item is wanted in the region of each node as often as forecast."""
    ahead = min(days, forecast.horizon)
    means = forecast.mu[:, :ahead].sum(axis=1) * days / ahead
    told = dict(zip(forecast.keys.select("sku", "node").iter_rows(), means.tolist(), strict=True))
    homes = _homes(company, shipping, orders, now)
    group = dict(item_groups(company.network).select("sku", "group").iter_rows())
    order_of, key_of, units, keys = [], [], [], dict[tuple[str, str], int]()
    for number, order in enumerate(orders):
        place = (order.ship_to.country, area(order.ship_to.postal_code), order.channel)
        for line in order.lines:
            key = (str(line.sku), homes.get((*place, group[line.sku]), ""))
            if key in told:
                order_of.append(number)
                key_of.append(keys.setdefault(key, len(keys)))
                units.append(float(line.units))
    if not keys:
        return weight
    wanted = np.array([told[key] for key in keys])
    o, k, u = np.array(order_of, np.int64), np.array(key_of, np.int64), np.array(units)
    share = u / np.maximum(np.bincount(o, weights=u, minlength=len(orders)), 1e-12)[o]
    factor = np.ones(len(orders))
    for _ in range(MOST_TURNS):
        came = np.bincount(k, weights=u * (weight * factor)[o], minlength=len(keys))
        off = np.log(np.maximum(wanted, 1e-9) / np.maximum(came, 1e-9))
        factor *= np.exp(np.bincount(o, weights=share * off[k], minlength=len(orders)))
        factor = np.clip(factor, 1.0 / MOST_FACTOR, MOST_FACTOR)
    return np.asarray(weight * factor)


def _homes(
    company: Company, shipping: ShippingNetwork, orders: Sequence[Order], now: datetime
) -> Mapping[tuple[str, str, str, str], str]:
    """Home node by country, area, channel and group of items."""
    rows = {
        (order.ship_to.country, area(order.ship_to.postal_code), order.channel): order.ship_to.postal_code
        for order in orders
    }
    names = ("country", "area", "channel", "postal_code")
    regions = pl.DataFrame(
        [(*place, code) for place, code in sorted(rows.items())], schema=dict.fromkeys(names, pl.String), orient="row"
    )
    found = home_regions(company.network, shipping, regions, now, company.tables.get("places"))
    return {
        (country, region, channel, group): node
        for country, region, channel, group, node in found.select(
            "country", "area", "channel", "group", "node"
        ).iter_rows()
    }


@dataclass(frozen=True, slots=True, eq=False)
class Routable:
    """Orders as routing sees them, before stock and prices, under the wishes that each can keep."""

    priced: tuple[Priced, ...]
    skus: tuple[tuple[Sku, ...], ...]
    """Of each order's lines."""
    ship_on: tuple[tuple[tuple[NodeId, str, int], ...], ...]
    """Node, service and ordinal of the ship day of each way."""
    order: Whole
    """Which of the orders asked about each is; those that no way reaches or law forbids are left out."""


def routable(
    orders: Sequence[Order],
    network: ShippingNetwork,
    policy: CompiledPolicy,
    taken: Slots = MappingProxyType({}),
    capped_services: Collection[str] = (),
) -> Routable:
    """Candidates → permit → price of each order, with stock everywhere and no price on it: what a decision starts from.

    Where places in a day are scarce, later days are offered too, as decisions do under prices of capacity.
    """
    capped = bool(capped_services) or any(node.orders_per_day is not None for node in network.nodes)
    priced, skus, ship_on, kept = [], [], [], []
    known = network.known or NOTHING
    doubt = known.phantom_millionths
    for number, order in enumerate(orders):
        found = candidates(
            order, network, order.placed_at, taken, ship_days=2 if capped else 1, capped_services=capped_services
        )
        if not found.ways:
            continue
        permitted = permitted_of(found, policy)
        shape = (len(network.nodes), len(found.lines))
        plain = price(
            found,
            network,
            np.full(shape, PLENTY, np.int64),
            np.zeros(shape, np.int64),
            phantom_millionths=by_node_and_line(found, network, doubt) if doubt else None,
            preference_cents=permitted.preference_cents,
            damage_millionths=by_lane(found, network, known.damage_millionths),
        ).priced
        under: list[Priced] = []

        def attempt(
            mask: NDArray[np.bool_],
            shipments: int,
            least_value: int,
            plain: Priced = plain,
            under: list[Priced] = under,
        ) -> Choice | None:
            tried = plain.under(mask, shipments, least_value)
            choice = choose_whole(tried, 0)
            if len(choice):
                under.append(tried)
            return choice if len(choice) else None

        if law_of(found, policy, permitted).settle(attempt) is None:
            continue
        priced.append(under[-1])  # the last that could be served keeps the most wishes
        skus.append(tuple(line.sku for line in found.lines))
        ship_on.append(tuple((way.node, str(way.service), way.ship_on.toordinal()) for way in found.ways))
        kept.append(number)
    return Routable(tuple(priced), tuple(skus), tuple(ship_on), np.array(kept, np.int64))
