"""Import a real shop's 541,909 lines as an order stream, then replay 10,000 of its multi-line orders over four nodes.

Import: each row is accepted, or refused with a reason; the two add up to the file. Replay: the last 10,000 orders of two
or more lines, each routed at its moment by `operations.route_order` over the books in memory; its reservation is then
posted and shipped. Beside it the habit: each line from the nearest node that has it whole, else from the nearest ones.
Both get the same supply (see `online_retail_network`). Then the first thousand again with the opening stock alone, so
that it runs out: every order that is not served says why. Every chosen plan's cents are added up again, and reckoned
again from `freight.RateBook.quote`, which knows no kernel; the books must balance at the end.

    python -m benchmarks.real_online_retail
"""

from __future__ import annotations

import datetime as dt
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
from benchmarks.harness import clock, peak_rss_gb, report, shared_data
from benchmarks.online_retail_feed import ROWS, Feed, read_feed
from benchmarks.online_retail_network import Supply, nearest, network

from evenstock.connectors.files import read_folder, write_folder
from evenstock.domain import Account, Bucket, Cause, Movement, MovementId, Order, OrderPlan, Outcome, ReservationId
from evenstock.operations.check_books import check_books
from evenstock.operations.company import Company
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.import_network import import_network
from evenstock.operations.network import orders_from_frame
from evenstock.operations.reservations import post_reservation
from evenstock.operations.route_order import route_order
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

REPLAYED = 10_000
SCARCE = 1_000


@dataclass
class Run:
    """What became of the orders."""

    served: int = 0
    cents: int = 0
    shipments: int = 0
    split: int = 0
    cents_of: dict[str, int] = field(default_factory=dict)
    unserved: Counter = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    proven: int = 0
    relaxed: int = 0
    wrong_sums: int = 0
    wrong_reckonings: int = 0

    def count(self, order: Order, cents: int, shipments: int) -> None:
        self.served += 1
        self.cents += cents
        self.cents_of[order.id] = cents
        self.shipments += shipments
        self.split += shipments > 1

    def refuse(self, order: Order, reason: str, sentence: str) -> None:
        self.unserved[reason] += 1
        self.examples.setdefault(reason, f"{order.id}: {sentence[:160]}")


class Reckoner:
    """What shipments cost, by the readable quote: freight, handling, and each shipment after the first."""

    def __init__(self, company: Company) -> None:
        self.net = company.network

    def freight(self, order: Order, node: str, service: str, units: dict[str, int], on: dt.date) -> int | None:
        grams = sum(self.net.items[sku].weight_g * n for sku, n in units.items())
        origin = self.net.nodes[node].postal_code
        quote = self.net.rates.quote(
            service, origin, order.ship_to.postal_code, grams, 0, 0, order.ship_to.residential, on
        )
        return None if quote is None else quote.cents

    def handling(self, node: str, units: dict[str, int]) -> int:
        place = self.net.nodes[node]
        return place.pick_order_cents + place.pick_unit_cents * sum(units.values())

    def plan(self, order: Order, plan: OrderPlan) -> int:
        total = self.net.costs.extra_shipment_cents * (len(plan.shipments) - 1)
        for shipment in plan.shipments:
            units: Counter = Counter()
            for line in shipment.lines:
                units[line.sku] += line.units
            way = shipment.candidate
            total += self.freight(order, way.node, way.service, units, way.ship_on) + self.handling(way.node, units)
        return total

    def cheapest(self, order: Order, shipments: dict[str, Counter], on: dt.date) -> int:
        """The habit's shipments, each by its cheapest service."""
        total = self.net.costs.extra_shipment_cents * (len(shipments) - 1)
        for node, units in shipments.items():
            quotes = [self.freight(order, node, service, units, on) for service in self.net.rates.services]
            total += min(q for q in quotes if q is not None) + self.handling(node, units)
        return total


def import_whole_file(folder: Path) -> tuple[Feed, dict]:
    with clock() as timed:
        feed = read_feed(folder)
    assert feed.rows == ROWS == feed.accepted.height + feed.refused.height, "a row was lost"
    assert feed.refused["at"].n_unique() == feed.refused.height, "a row was refused twice"
    print(f"\n{feed.rows:,} rows: {feed.accepted.height:,} accepted, {feed.refused.height:,} refused")
    for reason, rows, example in feed.reasons().iter_rows():
        print(f"  {rows:>6,}  {reason:<58}  e.g. {example}")
    print(
        f"  accepted all the same: {feed.guests:,} rows without a customer number (routing needs a place, not a name);"
    )
    print(f"  {feed.joined:,} rows of invoices that ran over a minute, placed when their first line was")
    figures = {
        "rows": feed.rows,
        "accepted": feed.accepted.height,
        "refused": feed.refused.height,
        "accepted_without_customer": feed.guests,
        "import_cpu_s": timed.cpu_s,
    }
    return feed, figures | {f"refused_{_key(reason)}": rows for reason, rows, _ in feed.reasons().iter_rows()}


def _key(reason: str) -> str:
    word = reason.split(":", 1)
    name = (
        word[0] if word[0] not in {"units", "price_cents", "country", "order, line"} else f"{word[0]} {word[1].strip()}"
    )
    return "_".join("".join(c if c.isalnum() else " " for c in name).split())


def build(feed: Feed) -> tuple[list[Order], Supply, dict[str, pl.DataFrame]]:
    """The orders to replay, what the nodes get, and the network's tables."""
    lines = feed.accepted.drop("at")
    sizes = lines.group_by("order").agg(pl.len().alias("lines"), pl.col("placed_at").first())
    last = sizes.filter(pl.col("lines") >= 2).sort("placed_at", "order").tail(REPLAYED)
    first_day = last["placed_at"].min().date()
    monday = first_day - dt.timedelta(days=first_day.weekday())
    opens = dt.datetime(monday.year, monday.month, monday.day, tzinfo=dt.UTC)
    replayed = lines.join(last.select("order"), on="order", how="semi", maintain_order="left")
    history = lines.filter(pl.col("placed_at") < opens)
    supply = Supply(history, replayed, opens)
    return orders_from_frame(replayed), supply, network(lines) | {"stock": supply.opening()}


def replay(store: MemoryStore, company: Company, orders: list[Order], supply: Supply, *, receipts: bool = True) -> Run:
    run, reckoner = Run(), Reckoner(company)
    shipping, policy = company.shipping, company.network.policy
    week = -1
    for done, order in enumerate(orders):
        while receipts and week < supply.week_of(order.placed_at):
            week += 1
            with store.transaction() as books:
                books.post(supply.movements(week), order.placed_at)
        start, cpu = time.perf_counter(), time.thread_time()
        record = route_order(store, shipping, policy, RouteOrder(order, order.placed_at)).record
        run.seconds.append(time.perf_counter() - start)
        run.cpu.append(time.thread_time() - cpu)
        run.lines.append(len(order.lines))
        if record.outcome is Outcome.EXECUTED:
            plan = record.choice
            run.count(order, plan.cents, len(plan.shipments))
            run.proven += record.proven_least
            run.relaxed += bool(record.relaxed)
            run.wrong_sums += sum(t.cents for s in plan.shipments for t in s.terms) != plan.cents
            run.wrong_reckonings += reckoner.plan(order, plan) != plan.cents
            ship(store, order, f"{record.id}:reservation", plan)
        else:
            run.refuse(order, "short of stock" if "wanted" in record.sentence else "other", record.sentence)
        if done % 1000 == 999:
            print(f"  {done + 1:,} orders, {sum(run.cpu):.0f} s CPU in decisions", flush=True)
    return run


def ship(store: MemoryStore, order: Order, reservation: str, plan: OrderPlan) -> None:
    """The pick is released and the goods leave, so that the books hold what is still there."""
    post_reservation(store, ReservationId(reservation), order.placed_at)
    out: Counter = Counter()
    for shipment in plan.shipments:
        for line in shipment.lines:
            out[line.sku, shipment.candidate.node] += line.units
    with store.transaction() as books:
        books.post(
            [
                Movement(
                    MovementId(f"shipped:{order.id}:{sku}:{node}"),
                    units,
                    Account(sku, node, Bucket.ALLOCATED),
                    Account(sku, node, Bucket.OUTSIDE, cause=Cause.CUSTOMER),
                    order.placed_at,
                    f"order {order.id}",
                )
                for (sku, node), units in out.items()
            ],
            order.placed_at,
        )


def habit(company: Company, orders: list[Order], supply: Supply, opening: pl.DataFrame) -> Run:
    """Each line from the nearest node that has it whole; if none has, its units from the nearest nodes in turn."""
    run, reckoner = Run(), Reckoner(company)
    stock: Counter = Counter({(sku, node): n for sku, node, n in opening.select("sku", "node", "on_hand").iter_rows()})
    near = {order.ship_to.postal_code: nearest(order.ship_to.postal_code) for order in orders}
    week = -1
    for order in orders:
        while week < supply.week_of(order.placed_at):
            week += 1
            for sku, node, units in supply.receipts(week):
                stock[sku, node] += units
        taken: dict[str, Counter] = {}
        nodes = near[order.ship_to.postal_code]
        for line in order.lines:
            whole = [n for n in nodes if stock[line.sku, n] >= line.units][:1]
            left = line.units
            for node in whole or nodes:
                units = min(left, stock[line.sku, node])
                if units > 0:
                    stock[line.sku, node] -= units
                    taken.setdefault(node, Counter())[line.sku] += units
                    left -= units
            if left:
                for node, units_of in taken.items():
                    for sku, units in units_of.items():
                        stock[sku, node] += units
                run.refuse(order, "short of stock", f"{line.sku}: {left} of {line.units} are nowhere")
                break
        else:
            run.count(order, reckoner.cheapest(order, taken, order.placed_at.date()), len(taken))
    return run


def tell(figures: dict, orders: list[Order], ours: Run, theirs: Run, scarce: Run, broken: int, cpu_s: float) -> None:
    both = ours.cents_of.keys() & theirs.cents_of.keys()
    mine, other = (sum(run.cents_of[order] for order in both) for run in (ours, theirs))
    cpu = np.array(ours.cpu)
    lines = np.array(ours.lines)
    for name, run in (("ours", ours), ("nearest node", theirs), ("ours without receipts", scarce)):
        print(f"\n{name}: {run.served:,} served, {sum(run.unserved.values()):,} not")
        for reason, n in run.unserved.most_common():
            print(f"  {n:>6,}  {reason}: e.g. {run.examples[reason]}")
    small = lines <= 14
    figures = figures | {
        "orders": len(orders),
        "lines_mean": float(lines.mean()),
        "lines_most": int(lines.max()),
        "served": ours.served,
        "unserved": sum(ours.unserved.values()),
        "served_by_habit": theirs.served,
        "cost_per_order_pence": ours.cents / max(1, ours.served),
        "both_served": len(both),
        "cost_both_pence": mine / max(1, len(both)),
        "habit_cost_both_pence": other / max(1, len(both)),
        "saving_percent": 100 * (1 - mine / max(1, other)),
        "parcels_per_order": ours.shipments / max(1, ours.served),
        "habit_parcels_per_order": theirs.shipments / max(1, theirs.served),
        "split_percent": 100 * ours.split / max(1, ours.served),
        "habit_split_percent": 100 * theirs.split / max(1, theirs.served),
        "proven_least_percent": 100 * ours.proven / max(1, ours.served),
        "wishes_given_up": ours.relaxed,
        "decisions_per_cpu_s": len(cpu) / cpu.sum(),
        "decision_p50_cpu_ms": 1e3 * float(np.quantile(cpu, 0.5)),
        "decision_p99_cpu_ms": 1e3 * float(np.quantile(cpu, 0.99)),
        "decision_p50_cpu_ms_to_14_lines": 1e3 * float(np.quantile(cpu[small], 0.5)),
        "decision_p99_cpu_ms_to_14_lines": 1e3 * float(np.quantile(cpu[small], 0.99)),
        "decision_p50_wall_ms": 1e3 * float(np.quantile(ours.seconds, 0.5)),
        "decision_p99_wall_ms": 1e3 * float(np.quantile(ours.seconds, 0.99)),
        "decision_worst_cpu_ms": 1e3 * float(cpu.max()),
        "scarce_orders": SCARCE,
        "scarce_unserved": sum(scarce.unserved.values()),
        "sums_that_do_not_add_up": ours.wrong_sums,
        "costs_that_differ_from_quotes": ours.wrong_reckonings,
        "findings_in_the_books": broken,
        "replay_cpu_s": cpu_s,
        "peak_rss_gb": peak_rss_gb(),
    }
    report(
        "real_online_retail",
        figures,
        [
            f"slowest decision: {int(lines[cpu.argmax()])} lines; decisions include reserve, record and outbox, in memory",
            "orders are real; nodes, rates, weights and British areas are made up; supply is enough in total by construction",
            "the habit may send any number of parcels; ours asks for at most 3, a wish given up where an order needs more",
        ],
    )


def main() -> int:
    folder = shared_data("online_retail")
    if folder is None:
        return 0
    feed, figures = import_whole_file(folder)
    orders, supply, tables = build(feed)
    with tempfile.TemporaryDirectory() as place:
        write_folder(tables, Path(place) / "network")
        reading = read_folder(Path(place) / "network")
        assert not reading.problems, "\n".join(map(str, reading.problems))
        snapshots = SnapshotFolder(Path(place) / "snapshots")
        store, company = opened(reading.frames, snapshots, supply)
        print(
            f"\nreplaying {len(orders):,} orders from {orders[0].placed_at:%Y-%m-%d} to {orders[-1].placed_at:%Y-%m-%d}"
        )
        with clock() as warm:
            route_order(
                store, company.shipping, company.network.policy, RouteOrder(orders[0], supply.opens, shadow=True)
            )
        print(f"  compiled in {warm.cpu_s:.1f} s CPU")
        with clock() as timed:
            ours = replay(store, company, orders, supply)
        broken = check_books(store, orders[-1].placed_at)
        print("  the same supply by habit, then the first orders with the opening stock alone")
        theirs = habit(company, orders, supply, tables["stock"])
        scarce_store, company = opened(reading.frames, snapshots, supply)
        scarce = replay(scarce_store, company, orders[:SCARCE], supply, receipts=False)
        broken += check_books(scarce_store, orders[SCARCE].placed_at)
    for finding in broken[:5]:
        print(f"  {finding}")
    tell(figures, orders, ours, theirs, scarce, len(broken), timed.cpu_s)
    wrong = [run.wrong_sums + run.wrong_reckonings for run in (ours, scarce)]
    return int(bool(broken or any(wrong)))


def opened(frames: dict[str, pl.DataFrame], snapshots: SnapshotFolder, supply: Supply) -> tuple[MemoryStore, Company]:
    store = MemoryStore()
    import_network(store, snapshots, frames, supply.opens)
    return store, Company.load(store, snapshots)


if __name__ == "__main__":
    sys.exit(main())
