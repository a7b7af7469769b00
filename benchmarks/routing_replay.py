"""Fifty days of a made-up brand decided again: one policy with given prices, plus the certified bound."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
from benchmarks.harness import clock, peak_rss_gb, report

from evenstock.domain import NodeId, Order, Sku
from evenstock.operations.network import Network, orders_from_frame
from evenstock.routing.network import ShippingNetwork
from evenstock.simulation.replay.ledger import in_hindsight
from evenstock.simulation.replay.lives import Arm, Repricing
from evenstock.simulation.replay.past import Past
from evenstock.simulation.replay.replay import Replayed, replay
from evenstock.simulation.world import World, future_orders, make_world

ORDERS = 30_000
NODES, SKUS, A_DAY = 6, 1_000, 600
WEEK = 7


def main() -> None:
    world = make_world(11, nodes=NODES, skus=SKUS, days=120, orders_per_day=A_DAY)
    network = Network.from_frames(world.frames)
    shipping = network.shipping("sha256:benchmark")
    before = _replay(_past(world, 1, 4_000), network, shipping, [Arm("compiles")])
    assert before.certificate is not None
    prices = in_hindsight(before.certificate, shipping)  # of another draw of customers: given, not peeked at
    past = _past(world, 0, ORDERS)
    with clock() as taken:
        said = _replay(past, network, shipping, [Arm("evenstock", lambda _: prices)])
    with clock() as more:
        both = _replay(past, network, shipping, [Arm("rolling", repricing=Repricing()), Arm("cheapest now")])
    report(
        "routing",
        {"replay_30k_s": taken.cpu_s},
        [
            f"{len(past.orders):,} orders of {past.days} days, {NODES} nodes, {SKUS:,} items, peak {peak_rss_gb():.2f} GB",
            _line(said, "evenstock"),
            f"{100 * said.whole_share:.1f} % of the orders needed the whole machinery",
            f"with prices found along the way and cheapest-now beside it: CPU {more.cpu_s:.1f} s",
            _line(both, "rolling"),
            _line(both, "cheapest now"),
        ],
    )


def _replay(past: Past, network: Network, shipping: ShippingNetwork, arms: list[Arm]) -> Replayed:
    return replay(past, shipping, network.policy, arms)


def _past(world: World, draw: int, count: int) -> Past:
    """Customers of so many orders, from stock that is filled up again every week."""
    orders: list[Order] = []
    day = world.as_of
    while len(orders) < count:
        orders += orders_from_frame(future_orders(world, day, draw=draw))
        day += timedelta(days=1)
    kept = tuple(sorted(orders, key=lambda order: (order.placed_at, order.id))[:count])
    stock = world.frames["stock"].group_by("sku", "node").agg(pl.sum("on_hand")).sort("sku", "node")
    opening = {(Sku(sku), NodeId(node)): units for sku, node, units in stock.iter_rows()}
    wanted: dict[Sku, int] = {}
    for order in kept:
        for line in order.lines:
            wanted[line.sku] = wanted.get(line.sku, 0) + line.units
    last: date = kept[-1].placed_at.date()
    weeks = max(1, ((last - world.as_of).days + 1) // WEEK)
    total: dict[Sku, int] = {}
    for (sku, _), units in opening.items():
        total[sku] = total.get(sku, 0) + units
    # What sells comes again: each node gets its share of the opening stock of what is sold in a week.
    weekly = tuple(
        ((sku, node), -(-wanted.get(sku, 0) * units // (weeks * total[sku])))
        for (sku, node), units in opening.items()
        if units and wanted.get(sku)
    )
    inflow = {world.as_of + timedelta(days=WEEK * week): weekly for week in range(1, weeks + 1)}
    return Past(world.as_of, last, kept, {}, {}, opening, inflow)


def _line(said: Replayed, arm: str) -> str:
    score = next(one for one in said.scores if one.arm == arm)
    return (
        f"{arm}: {score.cents / 100 / score.orders:.2f} an order, {score.parcels / score.orders:.3f} parcels,"
        f" {score.unserved_orders} not served, {100 * said.gap(arm):.2f} % from perfect"
    )


if __name__ == "__main__":
    main()
