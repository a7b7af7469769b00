"""Durable orders over HTTP beside what PostgreSQL can do at all: pgbench's full route, interleaved, on the same two cores.

Two lines an order, ten nodes, 100,000 rows of stock, goods by Zipf 1.1, one request in a hundred sent twice; everything on:
keys, rules, prices, decision records, outbox, metrics, traces. The load generator (wrk) runs on the same cores. A run in which
the books do not check clean has no throughput. Latency is taken in open loop, 240 orders a second at their own times (k6), so
that waiting counts. The reference must itself reach the rate of pgbench's own TPC-B transaction in the same run.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from benchmarks.harness import report
from benchmarks.reserve import pgbench
from benchmarks.service_route import FULL_ROUTE, SETUP
from benchmarks.service_server import Postgres, Served, company, fresh, lines, tools, wrk
from benchmarks.service_world import orders

from evenstock.operations.check_books import check_books
from evenstock.storage import open_store

K6 = """
import http from 'k6/http';
import { SharedArray } from 'k6/data';
import exec from 'k6/execution';
const bodies = new SharedArray('bodies', () => open(__ENV.BODIES).trim().split('\\n'));
export const options = { discardResponseBodies: true, summaryTrendStats: ['med', 'p(99)', 'max', 'count'], scenarios: { open: {
  executor: 'constant-arrival-rate', rate: Number(__ENV.RATE), timeUnit: '1s', duration: __ENV.SECONDS + 's',
  preAllocatedVUs: 64, maxVUs: 400 } } };
export default function () {
  const reply = http.post(__ENV.URL, bodies[exec.scenario.iterationInTest % bodies.length],
    { headers: { 'Authorization': 'Bearer ' + __ENV.KEY, 'Content-Type': 'application/json' } });
  if (reply.status !== 200) console.error(reply.status);
}
"""


def twice(bodies: list[dict[str, object]]) -> list[dict[str, object]]:
    """One in a hundred comes again at once."""
    return [again for n, body in enumerate(bodies) for again in ([body, body] if n % 100 == 0 else [body])]


def open_loop(served: Served, rate: int, seconds: int, folder: Path) -> tuple[float, float, float]:
    """p50, p99 in ms of orders that arrive at their own times, and the share answered well."""
    place = shutil.which("k6", path=str(Path(sys.executable).parent)) or shutil.which("k6")
    if place is None:
        sys.exit("no k6: make bench installs it")
    bodies = lines(folder / "open.jsonl", orders(rate * seconds + rate, prefix=fresh("L"), seed=99))
    script, out = folder / "open.js", folder / "summary.json"
    script.write_text(K6)
    told = {"BODIES": str(bodies), "RATE": str(rate), "SECONDS": str(seconds), "URL": f"{served.url}/v1/route", "KEY": served.key}  # fmt: skip
    run = [place, "run", "--quiet", "--no-usage-report", "--summary-export", str(out), *(f"--env={k}={v}" for k, v in told.items()), str(script)]  # fmt: skip
    subprocess.run(run, check=True, capture_output=True)
    found = json.loads(out.read_text())["metrics"]
    spent, failed = found["http_req_duration"], found["http_req_failed"]
    return spent["med"], spent["p(99)"], 1.0 - failed.get("value", failed.get("rate", 0.0))


class Reference:
    """pgbench on the server that serves, in the database that serves: its own TPC-B, and the full route."""

    def __init__(self, server: Postgres, folder: Path, seconds: int) -> None:
        self.url, self.seconds, self.round = server.url(), seconds, 0
        self.binary = str(Path(tools()) / "pgbench")
        self.script = folder / "full_route.sql"
        self.script.write_text(FULL_ROUTE)
        subprocess.run([self.binary, "-i", "-q", "-s", "20", self.url], capture_output=True, check=True)
        with psycopg.connect(self.url, autocommit=True) as admin:
            admin.execute(SETUP.read_bytes())
            admin.execute("VACUUM ANALYZE")

    def _rest(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as admin:
            admin.execute("CHECKPOINT")

    def tpcb(self) -> float:
        self._rest()
        return pgbench(self.binary, self.url, self.seconds, "-b", "tpcb-like")

    def full_route(self) -> float:
        self._rest()
        self.round += 1
        return pgbench(self.binary, self.url, self.seconds, "-f", str(self.script), "-D", f"n={self.round}000000000")


def rounds(server: Postgres, served: Served, count: int, seconds: int, folder: Path) -> dict[str, float]:
    """Reference, ours, reference, ours, …: medians, and CPU of service and server for each order."""
    reference: list[float] = []
    ours: list[float] = []
    cpu: list[float] = []
    measured = Reference(server, folder, seconds)
    beside: list[float] = []
    for n in range(count):
        beside.append(measured.tpcb())
        reference.append(measured.full_route())
        bodies = lines(folder / "orders.jsonl", twice(orders(1_500 * seconds, prefix=fresh("R"), seed=n)))
        before = served.cpu_s() + server.cpu_s()
        load = wrk(f"{served.url}/v1/route", bodies, served.headers, seconds=seconds, connections=8)
        cpu.append(1e3 * (served.cpu_s() + server.cpu_s() - before) / max(1, load.good))
        ours.append(load.per_s)
        print(f"  reference {reference[-1]:,.0f} tps; ours {load.per_s:,.0f} orders/s, p50 {load.p50_ms:.1f}, p99 {load.p99_ms:.1f} ms, {cpu[-1]:.2f} ms CPU an order; {load.statuses}")  # fmt: skip
    reference.append(measured.full_route())
    tpcb = statistics.median(beside)
    if statistics.median(reference) < tpcb:
        print(f"  the reference ({statistics.median(reference):,.0f} tps) is below TPC-B ({tpcb:,.0f} tps): this run does not count")  # fmt: skip
    return {
        "ratio_to_pgbench": statistics.median(ours) / statistics.median(reference),
        "cpu_ms_per_order": statistics.median(cpu),
        "orders_per_s": statistics.median(ours),
        "reference_tps": statistics.median(reference),
        "tpcb_tps": tpcb,
    }


def hot(server: Postgres, served: Served, sellable: int, folder: Path) -> tuple[float, int]:
    """Orders a second sold of one item that lies at one node, and units sold beyond those there."""
    body = orders(1, prefix="x")[0]
    asked = [
        body | {"id": f"{prefix}-{n}", "lines": [{"id": "1", "sku": "S09999", "units": 1, "price_cents": 2_500}]}
        for prefix in [fresh("H")]
        for n in range(3 * sellable)
    ]
    bodies = lines(folder / "hot.jsonl", asked)
    load = wrk(f"{served.url}/v1/route", bodies, served.headers, seconds=max(4, sellable // 80), connections=16)
    store = open_store(server.url())
    with store.reading() as books:
        rows = [row for row in books.balances(["S09999"]) if row.available or row.reserved]  # type: ignore[list-item]
    store.close()
    sold = sum(row.reserved for row in rows)
    print(f"  hot: {sold:,} of {sellable:,} sold, {load.per_s:,.0f} answers/s; {load.statuses}")
    return load.per_s, sold - sellable if sold > sellable else 0


def main() -> int:
    read = argparse.ArgumentParser(description=__doc__)
    read.add_argument("--seconds", type=int, default=15)
    read.add_argument("--rounds", type=int, default=3)
    read.add_argument("--workers", type=int, default=2)
    read.add_argument("--long", type=int, default=0, help="seconds of one long run besides, such as 600")
    told = read.parse_args()
    sellable = 2_000
    with (
        tempfile.TemporaryDirectory() as name,
        company(workers=told.workers, hot={"S09999": sellable}) as (server, served),
    ):
        folder = Path(name)
        warm = lines(folder / "warm.jsonl", orders(2_000, prefix=fresh("W"), seed=5))
        wrk(f"{served.url}/v1/route", warm, served.headers, seconds=3, connections=8)
        figures = rounds(server, served, told.rounds, told.seconds, folder)
        if told.long:
            bodies = lines(folder / "long.jsonl", twice(orders(1_200 * told.long, prefix=fresh("T"), seed=77)))
            load = wrk(f"{served.url}/v1/route", bodies, served.headers, seconds=told.long, connections=8)
            figures["orders_per_s_long"] = load.per_s
        p50, p99, good = open_loop(served, 240, told.seconds, folder)
        per_s, oversold = hot(server, served, sellable, folder)
        figures |= {"p50_ms": p50, "p99_ms": p99, "answered_share": good, "hot_sku_per_s": per_s, "oversold": oversold}
        store = open_store(server.url())
        broken = [finding.sentence for finding in check_books(store, datetime.now(UTC)) if finding.broken]
        store.close()
    if broken or oversold:
        print("\n".join(broken[:20]))
        sys.exit("an invariant failed: this run has no throughput")
    report("service", figures, [f"{told.workers} processes of the service; wrk and k6 on the same cores"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
