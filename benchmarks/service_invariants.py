"""How long the check of the whole books takes with a million reservations open, read only, on PostgreSQL.

100,000 rows of stock (10,000 items at 10 nodes), a million pending reservations of one line each, hence 1.1 million movements,
loaded by SQL and proven whole; then one unit is made to vanish in a balance, and the check must name it.
"""

from __future__ import annotations

import argparse
import statistics
import time
from datetime import UTC, datetime

import psycopg
from benchmarks.harness import report
from benchmarks.reserve import database

from evenstock.operations.check_books import check_books
from evenstock.storage import open_store

NOW = datetime(2026, 11, 20, 14, tzinfo=UTC)
LOAD = """
INSERT INTO movement (id, sku, lot, units, source_node, source_bucket, source_cause, destination_node, destination_bucket,
    destination_cause, occurred_at, recorded_at, because)
SELECT 'open:' || s || ':' || n, 'S' || lpad(s::text, 5, '0'), '', 1000, 'N' || n, 'outside', 'opening', 'N' || n, 'available',
    '', '2026-11-20T14:00Z', '2026-11-20T14:00Z', 'opening'
FROM generate_series(0, 9999) AS s, generate_series(0, 9) AS n;

CREATE TEMP TABLE promised AS
SELECT 'r' || lpad(k::text, 8, '0') AS id, 'S' || lpad(floor(10000 * power(random(), 3))::text, 5, '0') AS sku,
    'N' || (k % 10) AS node, 1 + k % 2 AS units
FROM generate_series(1, {reservations}) AS k;

INSERT INTO reservation SELECT id, 'o' || id, '2026-11-20T14:00Z', '2026-11-23T14:00Z', 'pending' FROM promised;
INSERT INTO reservation_line SELECT id, sku, node, '', units FROM promised;
INSERT INTO movement (id, sku, lot, units, source_node, source_bucket, source_cause, destination_node, destination_bucket,
    destination_cause, occurred_at, recorded_at, because)
SELECT id || ':reserved:1', sku, '', units, node, 'available', '', node, 'reserved', '', '2026-11-20T14:00Z',
    '2026-11-20T14:00Z', id
FROM promised;
INSERT INTO stock_balance (sku, node, lot, available, reserved)
SELECT sku, node, '', 1000000 - sum(units), sum(units) FROM (
    SELECT sku, node, units FROM promised
    UNION ALL
    SELECT 'S' || lpad(s::text, 5, '0'), 'N' || n, 0 FROM generate_series(0, 9999) AS s, generate_series(0, 9) AS n
) AS every GROUP BY sku, node;
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reservations", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with database() as url:
        open_store(url).close()
        with psycopg.connect(url, autocommit=True) as admin:
            for statement in LOAD.replace("1000,", "1000000,").split(";\n"):
                if statement.strip():
                    admin.execute(statement.format(reservations=options.reservations).encode())
            admin.execute("VACUUM ANALYZE")
        store, taken = open_store(url), []
        for _ in range(options.rounds):
            began = time.perf_counter()
            found = check_books(store, NOW)
            taken.append(time.perf_counter() - began)
            if found:
                raise SystemExit(f"the loaded books are broken: {found[0].sentence}")
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute(
                "UPDATE stock_balance SET reserved = reserved - 1 WHERE sku = 'S00007' AND node = 'N3' AND reserved > 0"
            )
        rules = sorted(finding.rule for finding in check_books(store, NOW))
        if rules != ["conservation", "projection", "reserved"]:
            raise SystemExit(f"a unit vanished from a balance and the check found only {rules}")
        store.close()
    seconds = sorted(taken)
    report(
        "service",
        {"invariants_1m_s": statistics.median(seconds) * 1_000_000 / options.reservations},
        [
            (
                f"{options.reservations:,} pending reservations, 100,000 balances: {', '.join(f'{s:.2f}' for s in seconds)} s; "
                "a unit that vanished is found by conservation, projection and reserved"
            )
        ],
    )


if __name__ == "__main__":
    main()
