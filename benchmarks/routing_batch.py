"""How many orders are decided in a second at once, and how long a repricing takes, from orders to price rows."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from statistics import median

import numpy as np
import polars as pl
from benchmarks.harness import Clock, clock, report
from tests.routing import brand, orders

from evenstock.domain import NodeId, Sku, StockObservation, Units
from evenstock.freight.rates import RateBook
from evenstock.operations.company import Company
from evenstock.operations.network import Network
from evenstock.operations.reprice import Repriced, reprice
from evenstock.routing.batch import Batch, decide_many
from evenstock.routing.choose import choose
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

ORDERS, NODES, MOST_LINES, REPEATS = 3_000, 8, 5, 5
SKUS, SAMPLED, DAYS = 2_000, 5_000, 28


def main() -> None:
    packed, with_packing, notes = decisions()
    done, cpu, with_scenarios = repricing()
    repriced = (
        f"repricing: {len(done.contested)} contested SKUs x {NODES} nodes, {done.orders} sampled orders; from order rows:"
        f" candidates, rules, prices, packing, {done.sweeps} sweeps, {done.prices} rows written: {cpu.cpu_s:.2f} s CPU"
        f" ({cpu.wall_s:.2f} s by the wall clock); with 8 futures for confidence {with_scenarios.cpu_s:.2f} s CPU"
    )
    proved = f"bound {done.bound_cents / 100:,.2f} against {done.free_cents / 100:,.2f} with everything everywhere"
    notes += [repriced, proved, f"from packed orders, under new prices: {packed:,.0f} decisions a second"]
    report("routing", {"decisions_per_s": with_packing, "reprice_s": cpu.cpu_s}, notes)


def decisions() -> tuple[float, float, list[str]]:
    """Decisions a second from packed orders, and from priced arrays with packing; every one held to the exact search."""
    rng = np.random.default_rng(1)
    book = orders.random_book(rng, breaks=70)
    priced = [
        orders.random_case(rng, book, NODES, int(rng.integers(1, MOST_LINES + 1)), same_item=0.05).priced
        for _ in range(ORDERS)
    ]
    items = [rng.choice(SKUS, p.lines, replace=False)[np.unique(p.item, return_inverse=True)[1]] for p in priced]
    price = rng.integers(0, 300, (NODES, SKUS))
    decide_many(Batch.pack(priced[:20], items[:20]), np.zeros((NODES, SKUS), np.int64))
    packing, deciding = [], []
    for _ in range(REPEATS):
        with clock() as pack:
            batch = Batch.pack(priced, items)
        with clock() as decide:
            decide_many(batch, price)
        packing.append(pack.cpu_s)
        deciding.append(decide.cpu_s)
    plain = decide_many(batch)
    wrong = 0
    for o, p in enumerate(priced):
        alone = choose(p, 0)
        cost = int(alone.cents[0]) if len(alone) else None
        wrong += cost != (int(plain.cost[o]) if plain.served[o] else None)
    both = ORDERS / (median(packing) + median(deciding))
    said = (
        f"{ORDERS} orders of {NODES} nodes x 3 services x 1 to {MOST_LINES} lines, one core, CPU time: packing"
        f" {1e6 * median(packing) / ORDERS:.1f} us and deciding {1e6 * median(deciding) / ORDERS:.1f} us an order;"
        f" {wrong} differ from the exact search by a cent or more"
    )
    return ORDERS / median(deciding), both, [said]


def repricing() -> tuple[Repriced, Clock, Clock]:
    """A brand of eight nodes with stock for about what is expected, much of it in the wrong place."""
    rng = np.random.default_rng(2)
    shipping = brand.network(NODES)
    items = brand.items(SKUS)
    nodes = {node.id: node for node in shipping.nodes}
    rates = RateBook.from_frames(**brand.frames())
    rules = brand.compiled(brand.ShippingNetwork(nodes.values(), items, rates, shipping.costs, "sha256:test"))
    network = Network(nodes, items, (), shipping.costs, rules, rates)
    with tempfile.TemporaryDirectory() as folder:
        snapshots = SnapshotFolder(Path(folder))
        rows = order_rows(rng, list(items))
        company = Company(
            {"network": "sha256:test", "orders": snapshots.take({"orders": rows})}, {}, network, snapshots
        )
        wanted = dict(rows.group_by("sku").agg(pl.col("units").sum()).iter_rows())
        told = []
        for scenarios in (0, 0, 8):  # the first compiles, or loads what was compiled
            store = MemoryStore()
            stock_up(store, np.random.default_rng(3), wanted, list(nodes))
            with clock() as taken:
                done = reprice(
                    store, snapshots, company, now=brand.NOW, days=DAYS, scenarios=scenarios, most_orders=SAMPLED
                )
            told.append((done, taken))
    return told[1][0], told[1][1], told[2][1]


def order_rows(rng: np.random.Generator, skus: list[Sku]) -> pl.DataFrame:
    """Orders of the last four weeks, one to five lines each, in the columns of `tables.Orders`."""
    rows = []
    for n in range(SAMPLED):
        at = brand.NOW - timedelta(minutes=int(rng.integers(1, DAYS * 24 * 60)))
        zip3 = str(rng.choice(list(brand.PLACES)))
        promised = at.date() + timedelta(days=int(rng.integers(4, 9))) if rng.random() < 0.7 else None
        for line, k in enumerate(rng.choice(len(skus), int(rng.integers(1, 6)), replace=False).tolist()):
            units = int(rng.integers(1, 3))
            rows.append(
                (f"A-{n}", str(line), skus[k], units, 2_500, at, f"{zip3}01", "US", True, promised, "standard", "")
            )
    names = ["order", "line", "sku", "units", "price_cents", "placed_at", "postal_code", "country", "residential",
             "deliver_by", "order_class", "channel"]  # fmt: skip
    frame = pl.DataFrame(rows, schema=names, orient="row")
    return frame.with_columns(shipping_paid_cents=pl.lit(0, pl.Int64))


def stock_up(store: MemoryStore, rng: np.random.Generator, wanted: dict[Sku, int], nodes: list[NodeId]) -> None:
    """A fifth more than is wanted of each item, spread over the nodes at random."""
    with store.transaction() as books:
        for sku, units in sorted(wanted.items()):
            shares = rng.multinomial(round(1.2 * units), rng.dirichlet(np.ones(len(nodes))))
            for node, there in zip(nodes, shares.tolist(), strict=True):
                if there:
                    seen = StockObservation("count", Sku(sku), node, Units(there), brand.NOW - timedelta(hours=1), 1)
                    books.adjust_on_hand(seen, "opening", brand.NOW)


if __name__ == "__main__":
    main()
