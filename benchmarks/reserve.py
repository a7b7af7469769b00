"""Durable reservations a second on PostgreSQL, beside pgbench running the same statements in the same database.

Four clients each; ours are four processes, each calling `store.transaction()` and `reserve` for a two-line order as routing
does. The reference is pgbench with the same statements, prepared. They take turns, reference, ours, reference, ours, and the
medians are compared. The figure counts only where the reference itself reaches the rate of pgbench's own TPC-B transaction.
"""

from __future__ import annotations

import argparse
import glob
import multiprocessing
import os
import re
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from benchmarks.harness import report

from evenstock.domain import (
    Account,
    Bucket,
    Cause,
    Movement,
    MovementId,
    NodeId,
    OrderId,
    Reservation,
    ReservationId,
    ReservationLine,
    Sku,
    Units,
)
from evenstock.operations.check_books import check_books
from evenstock.storage import open_store

SERVER = os.environ.get("EVENSTOCK_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
CLIENTS = 4
SKUS = 2_000
NODES = ("CA", "PA", "TX")
NOW = datetime(2026, 11, 20, 14, tzinfo=UTC)

SAME_STATEMENTS = """\
\\set n :n + 1
\\set name (:client_id + 1) * 1000000000000 + :n
\\set one random(10000, 10999)
\\set two random(11000, 11999)
BEGIN;
SELECT reserve_stock(:name::text, :name::text, '2026-11-20T14:00:00Z', '2026-11-20T15:00:00Z', \
ARRAY[:one, :two]::text[], '{PA,TX}', '{"",""}', '{1,2}', '{}', '{}', '{}', '{}');
COMMIT;
"""


@contextmanager
def database() -> Iterator[str]:
    """Address of a fresh database, dropped afterwards."""
    name = f"evenstock_bench_{secrets.token_hex(4)}"
    with psycopg.connect(SERVER, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
        try:
            yield SERVER.rpartition("/")[0] + f"/{name}"
        finally:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def fill(url: str) -> None:
    store = open_store(url)
    movements = []
    for sku in (Sku(str(10_000 + k)) for k in range(SKUS)):
        for node in map(NodeId, NODES):
            world, shelf = Account(sku, node, Bucket.OUTSIDE, cause=Cause.OPENING), Account(sku, node, Bucket.AVAILABLE)
            movements.append(Movement(MovementId(f"o:{sku}:{node}"), Units(10**6), world, shelf, NOW, "opening"))
    with store.transaction() as t:
        t.post(movements, NOW)
    store.close()


def pgbench(binary: str, url: str, seconds: int, *options: str) -> float:
    """Transactions a second that pgbench prints."""
    call = [binary, "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2", "-T", str(seconds), *options, url]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    if done.returncode or found is None:
        sys.exit(f"pgbench failed: {done.stderr.strip() or done.stdout.strip()}")
    if "failed transactions: 0 " not in done.stdout:
        print(f"  pgbench says: {done.stdout}")
    return float(found[1])


def client(url: str, number: int, rounds: int, seconds: float, gate: Any, done: Any) -> None:
    """One of our clients: two-line orders as fast as it can, for so many seconds in each round."""
    store = open_store(url)
    made = 0

    def buy() -> None:
        nonlocal made
        made += 1
        one, two = Sku(str(10_000 + made * 7919 % 1_000)), Sku(str(11_000 + made * 104_729 % 1_000))
        lines = (ReservationLine(one, NodeId("PA"), Units(1)), ReservationLine(two, NodeId("TX"), Units(2)))
        name = f"c{number}-{made}"
        wanted = Reservation(ReservationId(name), OrderId(name), lines, NOW, NOW + timedelta(hours=1))
        with store.transaction() as t:
            if t.reserve(wanted) is not None:
                raise AssertionError("the shelves hold enough for every order")

    for _ in range(50):
        buy()
    for _ in range(rounds):
        gate.wait()
        before, start, cpu = made, time.perf_counter(), time.process_time()
        while time.perf_counter() - start < seconds:
            buy()
        spent = time.perf_counter() - start
        done.put(((made - before) / spent, (time.process_time() - cpu) / (made - before)))
    store.close()


def measure(binary: str, url: str, rounds: int, seconds: int) -> tuple[list[float], list[float], list[float], float]:
    """References, ours, TPC-B (transactions a second each, by round), and our CPU seconds a reservation in the client."""
    context = multiprocessing.get_context("spawn")
    gate, done = context.Barrier(CLIENTS + 1), context.Queue()
    clients = [
        context.Process(target=client, args=(url, k, rounds, float(seconds), gate, done), daemon=True)
        for k in range(CLIENTS)
    ]
    for each in clients:
        each.start()
    time.sleep(6)  # they import and warm up before anything is timed
    references, ours, tpcb, cpu = [], [], [], []
    with tempfile.TemporaryDirectory() as folder, psycopg.connect(url, autocommit=True) as admin:
        script = Path(folder) / "reserve.sql"
        script.write_text(SAME_STATEMENTS)
        for number in range(rounds):
            admin.execute("CHECKPOINT")
            tpcb.append(pgbench(binary, url, seconds, "-b", "tpcb-like"))
            admin.execute("CHECKPOINT")
            references.append(pgbench(binary, url, seconds, "-f", str(script), "-D", f"n={number}000000000"))
            admin.execute("CHECKPOINT")
            gate.wait()
            said = [done.get(timeout=seconds + 60) for _ in clients]
            ours.append(sum(rate for rate, _ in said))
            cpu.append(statistics.mean(each for _, each in said))
            print(
                f"  round {number + 1}: TPC-B {tpcb[-1]:,.0f}, same statements {references[-1]:,.0f}, ours {ours[-1]:,.0f} /s"
            )
    for each in clients:
        each.join(timeout=30)
    return references, ours, tpcb, statistics.median(cpu)


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
    with database() as url:
        fill(url)
        subprocess.run([binary, "-i", "-q", "-s", "20", url], capture_output=True, check=True)
        references, ours, tpcb, cpu = measure(binary, url, options.rounds, options.seconds)
        store = open_store(url)
        start = time.perf_counter()
        broken = [finding for finding in check_books(store, NOW) if finding.broken]
        checked_s = time.perf_counter() - start
        store.close()
    reference, tpcb_rate = statistics.median(references), statistics.median(tpcb)
    spread = {
        name: ", ".join(f"{x:,.0f}" for x in sorted(rates))
        for name, rates in zip("rot", (references, ours, tpcb), strict=True)
    }
    notes = [
        f"ours, {CLIENTS} processes: {statistics.median(ours):,.0f}/s (of {spread['o']}), {cpu * 1e3:.2f} ms CPU each in the client",
        f"pgbench, same statements, {CLIENTS} clients, prepared: {reference:,.0f}/s (of {spread['r']})",
        f"pgbench TPC-B, scale 20, {CLIENTS} clients, prepared: {tpcb_rate:,.0f}/s (of {spread['t']})",
        f"books checked in {checked_s:.1f} s: {'whole' if not broken else broken[0].sentence}",
    ]
    if broken:
        sys.exit("\n".join([*notes, "the books are broken: a run in which an invariant fails has no throughput"]))
    if reference < tpcb_rate:
        print("\n".join(f"  {note}" for note in notes))
        sys.exit("void: the reference did not reach the TPC-B rate in this run; run it again on a quieter machine")
    report("spine", {"reserve_over_pgbench": statistics.median(ours) / reference}, notes)


if __name__ == "__main__":
    main()
