"""What sealing personal data costs the durable route, and how fast a person is forgotten.

The same orders are routed through audited stores of one database, with master keys and without, in turns of a few hundred, singly
and in batches of eight; counted is the CPU of this process and of PostgreSQL.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from benchmarks.governance_routes import shares, spent_on_routes
from benchmarks.harness import report
from benchmarks.reserve import database
from benchmarks.service_route import backends_s
from benchmarks.service_world import imported

from evenstock.domain import OrderId
from evenstock.operations.audit.audited_store import AuditedStore
from evenstock.operations.company import Company
from evenstock.operations.personal_data.books import personal_of
from evenstock.operations.ports import Store
from evenstock.storage import open_store
from evenstock.storage.personal_opening import seal_with
from evenstock.storage.snapshots import SnapshotFolder

FORGOTTEN = 50
"""Orders whose person is forgotten, to see how long it takes."""


def measured(rounds: int, count: int) -> tuple[dict[str, float], dict[str, Any], list[str]]:
    with database() as url, tempfile.TemporaryDirectory() as folder:
        plain, sealing, snapshots = open_store(url), open_store(url), SnapshotFolder(Path(folder) / "snapshots")
        imported(plain, snapshots)
        seal_with(sealing, Path(folder) / "master-keys")
        company = Company.load(plain, snapshots, datetime.now(UTC).date())
        stores: dict[str, Store] = {"without": AuditedStore(plain), "with": AuditedStore(sealing)}

        spent = spent_on_routes(stores, company, url, rounds, count)
        with sealing.reading() as books:
            run = books.connection.execute  # type: ignore[attr-defined]
            keys = run(sa.text("SELECT count(*), avg(pg_column_size(k.*)) FROM personal_key AS k")).one()
            sizes = (
                run(sa.text("SELECT avg(length(body)) FROM placed_order GROUP BY body LIKE 'sealed:%' ORDER BY 1"))
                .scalars()
                .all()
            )
            names = run(sa.text("SELECT id FROM placed_order WHERE body LIKE 'sealed:%' LIMIT :n"), {"n": FORGOTTEN})
            some_names = [OrderId(name) for name in names.scalars()]
        cpu, server = time.process_time(), backends_s(url)
        for name in some_names:
            with stores["with"].transaction() as books:
                personal_of(books).erase_personal(name, datetime.now(UTC))
        erasing = 1e3 * (time.process_time() - cpu + backends_s(url) - server) / len(some_names)
        for store in (plain, sealing):
            store.close()
    found, notes = shares(spent)
    notes.append(
        f"an order's row has {sizes[0]:.0f} signs plain and {sizes[-1]:.0f} sealed; its key's row {keys[1]:.0f} bytes"
    )
    notes.append(f"forgetting one order: {erasing:.1f} ms of CPU among {rounds * count * 4:,} orders")
    figures = {f"{way}_share": round(share, 4) for way, share in found.items()} | {"erase_ms": round(erasing, 2)}
    return found, figures, notes


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--orders", type=int, default=160)
    asked = parser.parse_args()
    _, figures, notes = measured(asked.rounds, asked.orders)
    report("governance_personal", figures, notes)
