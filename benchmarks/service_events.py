"""Events of others taken in durably and applied: single signed webhooks, and batches; the load generator runs on the same cores."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
from benchmarks.harness import report
from benchmarks.service_server import Postgres, Served, company, lines, wrk

from evenstock.operations.ports import Handling
from evenstock.service.configuration import Configuration
from evenstock.service.worker.duties import received
from evenstock.service.worker.workplace import Workplace
from evenstock.settings import Settings

SECRET = secrets.token_bytes(32)
NODES = ("TX-DC", "PA-3PL", "CA-3PL")
SECONDS = 10
SHELVES = 10_000


def event(name: str, n: int) -> dict[str, Any]:
    """A 3PL's word about one shelf."""
    return {
        "specversion": "1.0",
        "id": name,
        "source": "wms",
        "type": "stock.observed",
        "time": datetime.now(UTC).isoformat(),
        "subject": f"S{n % 10_000:05}@{NODES[n % 3]}",
        "data": {"sku": f"S{n % 10_000:05}", "node": NODES[n % 3], "units": 100_000 + n % 7, "version": n + 1, "observed_at": datetime.now(UTC).isoformat()},
    }  # fmt: skip


def signed(name: str, body: bytes) -> bytes:
    """A line for the load generator: headers of Standard Webhooks, and the body."""
    at = str(int(time.time()))
    mac = hmac.new(SECRET, f"{name}.{at}.".encode() + body, hashlib.sha256).digest()
    head = f"webhook-id={name}|webhook-timestamp={at}|webhook-signature=v1,{base64.b64encode(mac).decode().replace('=', '%3D')}"
    return head.replace("%3D", "=").encode() + b"\t" + body


def stored(server: Postgres) -> int:
    with psycopg.connect(server.url()) as books:
        row = books.execute("SELECT count(*) FROM received_event").fetchone()
    assert row is not None
    return int(row[0])


def make_sources(served: Served) -> None:
    """As an administrator would: one that signs as Standard Webhooks say, and one that comes with a key."""
    headers = {"Authorization": f"Bearer {served.issue_key('admin')}"}
    secret = "whsec_" + base64.b64encode(SECRET).decode()
    for body in ({"id": "wms", "scheme": "standard_webhooks", "secret": secret}, {"id": "feed"}):
        httpx.post(f"{served.url}/v1/sources", json=body, headers=headers, timeout=30).raise_for_status()


def webhooks(server: Postgres, served: Served, folder: Path) -> tuple[float, float]:
    """Verified, deduplicated and stored a second; ack p99 in ms. One in fifty comes twice."""
    run = secrets.token_hex(3)
    made = []
    for n in range(30_000):
        name = f"{run}-{n - 1 if n % 50 == 49 else n}"
        made.append(signed(name, json.dumps(event(name, n)).encode()))
    bodies = lines(folder / "webhooks", made)
    before = stored(server)
    load = wrk(f"{served.url}/v1/ingest/wms/events", bodies, {"Content-Type": "application/cloudevents+json"}, seconds=SECONDS, connections=16)  # fmt: skip
    there = stored(server) - before
    print(
        f"  webhooks: {load.per_s:,.0f}/s, p50 {load.p50_ms:.1f}, p99 {load.p99_ms:.1f} ms; {there:,} stored; {load.statuses}"
    )
    if there > load.good or there < 0.95 * load.good * 49 / 50:
        sys.exit(f"{load.good} acknowledged, {there} stored: something was lost or half stored")
    return load.per_s, load.p99_ms


def batches(server: Postgres, served: Served) -> float:
    """Events a second in batches of a thousand, one caller."""
    run, size, before = secrets.token_hex(3), 1_000, stored(server)
    made = [json.dumps([event(f"{run}-{b}-{n}", b * size + n) for n in range(size)]).encode() for b in range(60)]
    headers = {"Authorization": f"Bearer {served.key}", "Content-Type": "application/cloudevents-batch+json"}
    began = time.perf_counter()
    with httpx.Client(timeout=60) as client:
        for body in made:
            client.post(f"{served.url}/v1/ingest/feed/events", content=body, headers=headers).raise_for_status()
    took = time.perf_counter() - began
    there = stored(server) - before
    if there != len(made) * size:
        sys.exit(f"{len(made) * size} sent and acknowledged, {there} stored")
    return there / took


def applying(server: Postgres, served: Served) -> tuple[float, float]:
    """Levels of a feed applied a second by one worker, and CPU ms of worker and database for each; the worse of two feeds.

    Each is 10,000 shelves: first as the books have them not, then each with other units.
    """
    at = Workplace.open(Settings(served.home, server.url()), Configuration())
    found = []
    for feed in range(2):
        send(served, [event(f"feed-{feed}-{n}", feed * SHELVES + n) for n in range(SHELVES)])
        began, cpu = time.perf_counter(), time.process_time() + server.cpu_s()
        tried = 0
        while more := received.do(at):
            tried += more
        took, cpu = time.perf_counter() - began, time.process_time() + server.cpu_s() - cpu
        with at.store.reading() as books:
            left = len(books.received(Handling.WAITING)) + len(books.received(Handling.DEAD))
        if tried != SHELVES or left:
            sys.exit(f"{SHELVES} levels sent, {tried} tried, {left} not applied")
        found.append((tried / took, 1_000 * cpu / tried))
        print(f"  applied: {found[-1][0]:,.0f} levels/s, {found[-1][1]:.3f} CPU ms each")
    at.store.close()
    return min(per_s for per_s, _ in found), max(ms for _, ms in found)


def send(served: Served, events: list[dict[str, Any]]) -> None:
    headers = {"Authorization": f"Bearer {served.key}", "Content-Type": "application/cloudevents-batch+json"}
    with httpx.Client(timeout=60) as client:
        for start in range(0, len(events), 1_000):
            body = json.dumps(events[start : start + 1_000]).encode()
            client.post(f"{served.url}/v1/ingest/feed/events", content=body, headers=headers).raise_for_status()


def main() -> int:
    with tempfile.TemporaryDirectory() as folder, company() as (server, served):
        make_sources(served)
        applied_per_s, applied_ms = applying(server, served)
        per_s, p99 = webhooks(server, served, Path(folder))
        in_batches = max(batches(server, served) for _ in range(3))
    found = {"webhooks_per_s": per_s, "webhook_p99_ms": p99, "events_per_s": in_batches}
    report("service", found | {"levels_applied_per_s": applied_per_s, "level_applied_cpu_ms": applied_ms})
    return 0


if __name__ == "__main__":
    sys.exit(main())
