"""What one durable route costs: CPU of this process and of PostgreSQL, and its rate beside pgbench's own full route.

In process, without HTTP: `route_order` on 10 nodes, 100,000 rows of stock, orders of two lines by Zipf, one thread and four.
The reference is one function that writes what such a route must write at the least (`service_full_route.sql`), prepared, by as
many clients. TPC-B, reference, ours take turns; medians are compared, and the figure counts only where the reference reached
the rate of pgbench's own TPC-B in this run and the books are whole afterwards.
"""

from __future__ import annotations

import argparse
import glob
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from benchmarks.harness import report
from benchmarks.reserve import database, pgbench
from benchmarks.service_world import imported, orders

from evenstock.domain import Cents, LineId, Order, OrderId, OrderLine, Outcome, ShipTo, Sku, Units
from evenstock.operations.check_books import check_books
from evenstock.operations.company import Company
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.ports import Store
from evenstock.operations.route_order import route_order
from evenstock.policy import CompiledPolicy
from evenstock.routing.network import ShippingNetwork
from evenstock.storage import open_store
from evenstock.storage.snapshots import SnapshotFolder

THREADS = 4
SETUP = Path(__file__).with_name("service_full_route.sql")
FULL_ROUTE = """\
\\set n :n + 1
\\set name (:client_id + 1) * 1000000000000 + :n
\\set a random_zipfian(1, 10000, 1.1) - 1
\\set b random(0, 9999)
\\set ha random(0, 9)
\\set hb random(0, 9)
\\set c random(0, 63)
SELECT full_route.route(:name::text, least(:a, :b)::integer, :ha, greatest(:a, :b)::integer, :hb, :c);
"""


@dataclass(frozen=True)
class Rate:
    """One measurement of ours."""

    orders_s: float
    python_ms: float
    postgres_ms: float


def backends_s(url: str) -> float:
    """CPU seconds that the server's processes of this database have used, by /proc; they run on this machine."""
    with psycopg.connect(url, autocommit=True) as admin:
        asked = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        pids = [row[0] for row in admin.execute(asked)]
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


class Ours:
    """Orders routed as the service routes them, by threads of this process."""

    def __init__(self, url: str, store: Store, shipping: ShippingNetwork, policy: CompiledPolicy) -> None:
        self.url, self.store, self.shipping, self.policy = url, store, shipping, policy
        self.rounds = 0

    def some(self, count: int) -> list[Order]:
        self.rounds += 1
        return [_order(body) for body in orders(count, prefix=f"r{self.rounds}", seed=self.rounds)]

    def route(self, wanted: list[Order]) -> int:
        now, done = datetime.now(UTC), 0
        for order in wanted:
            routed = route_order(self.store, self.shipping, self.policy, RouteOrder(order, now))
            done += routed.record.outcome is Outcome.EXECUTED
        return done

    def measure(self, threads: int, seconds: float) -> Rate:
        """Orders a second; each thread works through its share until the time is over."""
        shares = [self.some(int(600 * seconds)) for _ in range(threads)]
        until, made = time.perf_counter() + seconds, [0] * threads

        def work(number: int) -> None:
            for order in shares[number]:
                if time.perf_counter() > until:
                    break
                made[number] += self.route([order])

        cpu, server, began = time.process_time(), backends_s(self.url), time.perf_counter()
        running = [threading.Thread(target=work, args=(k,)) for k in range(threads)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        spent, count = time.perf_counter() - began, sum(made)
        return Rate(
            count / spent,
            1e3 * (time.process_time() - cpu) / count,
            1e3 * (backends_s(self.url) - server) / count,
        )


def _order(body: dict[str, object]) -> Order:
    lines = body["lines"]
    assert isinstance(lines, list)
    to = body["ship_to"]
    assert isinstance(to, dict)
    return Order(
        OrderId(str(body["id"])),
        tuple(OrderLine(LineId(x["id"]), Sku(x["sku"]), Units(x["units"]), Cents(x["price_cents"])) for x in lines),
        ShipTo(to["postal_code"]),
        datetime.fromisoformat(str(body["placed_at"])),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=6)
    options = parser.parse_args()
    binary = shutil.which("pgbench") or max(glob.glob("/usr/lib/postgresql/*/bin/pgbench"), default="")  # noqa: PTH207
    if not binary:
        sys.exit(
            "pgbench is not here; install PostgreSQL's server package (Debian and Ubuntu: apt-get install postgresql)"
        )
    with database() as url, tempfile.TemporaryDirectory() as folder:
        store, snapshots = open_store(url), SnapshotFolder(Path(folder) / "snapshots")
        imported(store, snapshots)
        company = Company.load(store, snapshots, datetime.now(UTC).date())
        ours = Ours(url, store, company.shipping, company.network.policy)
        subprocess.run([binary, "-i", "-q", "-s", "20", url], capture_output=True, check=True)
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute(SETUP.read_bytes())
            admin.execute("VACUUM ANALYZE")
        script = Path(folder) / "route.sql"
        script.write_text(FULL_ROUTE)
        ours.route(ours.some(300))
        tpcb, full, four, one = [], [], [], []
        for number in range(options.rounds):
            _rest(url)
            tpcb.append(pgbench(binary, url, options.seconds, "-b", "tpcb-like"))
            _rest(url)
            full.append(pgbench(binary, url, options.seconds, "-f", str(script), "-D", f"n={number}000000000"))
            _rest(url)
            four.append(ours.measure(THREADS, options.seconds))
            one.append(ours.measure(1, options.seconds))
            print(
                f"  round {number + 1}: TPC-B {tpcb[-1]:,.0f}, full route {full[-1]:,.0f}, ours {four[-1].orders_s:,.0f} "
                f"by {THREADS} threads, {one[-1].orders_s:,.0f} by one ({one[-1].python_ms:.2f} + "
                f"{one[-1].postgres_ms:.2f} ms CPU)",
                flush=True,
            )
        broken = [finding for finding in check_books(store, datetime.now(UTC)) if finding.broken]
        store.close()
    if broken:
        sys.exit(f"the books are broken: a run in which an invariant fails has no throughput; {broken[0].sentence}")
    middle = statistics.median
    python_ms, postgres_ms = middle(r.python_ms for r in one), middle(r.postgres_ms for r in one)
    ratio = middle(r.orders_s for r in four) / middle(full)
    notes = [
        f"pgbench TPC-B, scale 20, 4 clients: {middle(tpcb):,.0f}/s; full route, 4 clients: {middle(full):,.0f}/s",
        (
            f"ours: {middle(r.orders_s for r in four):,.0f} orders/s by {THREADS} threads ({ratio:.3f} of the full route), "
            f"{middle(r.orders_s for r in one):,.0f} by one"
        ),
        (
            f"CPU of an order: {python_ms:.2f} ms here, {postgres_ms:.2f} ms in PostgreSQL; by {THREADS} threads "
            f"{middle(r.python_ms for r in four):.2f} and {middle(r.postgres_ms for r in four):.2f} ms; books whole"
        ),
    ]
    if middle(full) < middle(tpcb):
        print("\n".join(f"  {note}" for note in notes))
        sys.exit("void: the reference did not reach the TPC-B rate in this run; run it again on a quieter machine")
    report("service", {"route_over_pgbench": ratio, "route_cpu_ms": python_ms + postgres_ms}, notes)


def _rest(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("CHECKPOINT")


if __name__ == "__main__":
    main()
