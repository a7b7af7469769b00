"""What the audit log costs the durable route, how fast an independent verifier reads it, and which tampering it finds.

The same orders are routed through the store as it is and through the audited one, in turns of a few hundred, singly and in batches of eight;
counted is the CPU of this process and of PostgreSQL. The figure is the larger of the two shares.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import re
import tempfile
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from benchmarks.governance_routes import shares, spent_on_routes
from benchmarks.harness import report
from benchmarks.reserve import database
from benchmarks.service_world import imported

from evenstock.operations.audit.audited_store import AuditedStore
from evenstock.operations.audit.checkpoint import seal
from evenstock.operations.audit.rows import NOTHING, STREAMS, AuditBooks, AuditRow, Head, audit_of, line_of, linked
from evenstock.operations.company import Company
from evenstock.operations.ports import Store
from evenstock.storage import open_store
from evenstock.storage.audit_evidence.pack import write_pack
from evenstock.storage.audit_evidence.verify import verify
from evenstock.storage.audit_folder import AuditFolder
from evenstock.storage.snapshots import SnapshotFolder


def overheads(rounds: int, count: int) -> tuple[dict[str, float], list[str], str]:
    """Share of CPU that the audit adds, by way of routing; and what a row about an order says."""
    with database() as url, tempfile.TemporaryDirectory() as folder:
        store, snapshots = open_store(url), SnapshotFolder(Path(folder) / "snapshots")
        imported(store, snapshots)
        company = Company.load(store, snapshots, datetime.now(UTC).date())
        stores: dict[str, Store] = {"without": store, "with": AuditedStore(store)}

        spent = spent_on_routes(stores, company, url, rounds, count)
        with store.reading() as books:
            log = audit_of(books)
            last = max(log.audit_heads(), key=lambda head: head.number)
            told = log.audit_rows(last.stream, last.number - 1, 1)
        store.close()
    found, notes = shares(spent)
    return found, notes, told[0].said


class Rows:
    """A log of so many rows in lists, which the tamperer has in his hands: what a store says of its own."""

    def __init__(self, count: int, said: str) -> None:
        self.streams: dict[int, list[AuditRow]] = {stream: [] for stream in range(STREAMS)}
        at = datetime(2026, 11, 20, 15, tzinfo=UTC)
        # Every row names an order, a decision and a digest of its own: rows that are all the same are read faster.
        decision, content = re.findall(r"route-([0-9a-f]{24})", said)[0], re.findall(r"sha256:([0-9a-f]{64})", said)[0]
        for number in range(count):
            other = hashlib.sha256(b"%d" % number).hexdigest()
            own = said.replace(decision, other[:24]).replace(content, other)
            self.append(number % STREAMS, at + timedelta(milliseconds=number), own)

    def append(self, stream: int, at: datetime, said: str) -> None:
        rows = self.streams[stream]
        number, before = len(rows) + 1, rows[-1].link if rows else NOTHING
        rows.append(AuditRow(stream, number, at, "", said, linked(before, line_of(stream, number, at, said))))

    def chain_anew(self, stream: int) -> None:
        rows, self.streams[stream] = self.streams[stream], []
        for row in rows:
            self.append(stream, row.at, row.said)

    # --- as a store says it ---
    def reading(self) -> AbstractContextManager[Any]:
        return nullcontext(self)

    def audit_heads(self) -> list[Head]:
        return [Head(n, len(rows), rows[-1].link if rows else NOTHING) for n, rows in self.streams.items()]

    def audit_rows(self, stream: int, after: int, limit: int) -> list[AuditRow]:
        rows = self.streams[stream]
        first = next((k for k in range(min(after, len(rows)), -1, -1) if k == 0 or rows[k - 1].number <= after), 0)
        return rows[first : first + limit]

    def audit_links(self, stream: int, after: int, limit: int) -> list[bytes]:
        return [row.link for row in self.audit_rows(stream, after, limit)]


def edit(log: Rows) -> None:
    rows = log.streams[3]
    rows[20] = replace(rows[20], said=rows[20].said.replace("decide", "refuse"))


def delete(log: Rows) -> None:
    del log.streams[3][20]


def swap(log: Rows) -> None:
    rows = log.streams[3]
    rows[20], rows[30] = replace(rows[30], number=21), replace(rows[20], number=31)


def truncate(log: Rows) -> None:
    del log.streams[3][20:]


def rewrite(log: Rows) -> None:
    edit(log)
    log.chain_anew(3)


TAMPERING = (edit, delete, swap, truncate, rewrite)
ONLY_OUTSIDE = (truncate, rewrite)


def pack_of(log: Rows, folder: AuditFolder) -> io.BytesIO:
    file = io.BytesIO()
    write_pack(file, cast("AuditBooks", log), folder)
    file.seek(0)
    return file


def verified(count: int, said: str, repeats: int) -> tuple[float, str]:
    """Rows a second of one processor, by the verifier that the pack brings along; the best of some runs."""
    with tempfile.TemporaryDirectory() as place:
        folder = AuditFolder(Path(place) / "checkpoints", Path(place) / "key")
        log = Rows(count, said)
        assert seal(cast("Store", log), folder) is not None
        pack, taken = pack_of(log, folder), []
        for _ in range(repeats):
            pack.seek(0)
            began = time.process_time()
            wrong, _ = verify(pack, folder.key.public)
            taken.append(time.process_time() - began)
            assert not wrong, wrong[0]
    rate = count / min(taken)
    return rate, f"verifier: {count:,} rows of {len(said)} bytes and their tree, {rate:,.0f} rows/s of CPU, one process"


def tampers(said: str) -> tuple[int, str]:
    """How many of the five are found; the control: the last two are not without a checkpoint outside, and nothing is where nothing was done."""
    found = []
    with tempfile.TemporaryDirectory() as place:
        folder = AuditFolder(Path(place) / "checkpoints", Path(place) / "key")
        none = AuditFolder(Path(place) / "none", Path(place) / "key")
        log = Rows(1_000, said)
        seal(cast("Store", log), folder)
        assert not verify(pack_of(log, folder), folder.key.public)[0]
        for tampering in TAMPERING:
            log = Rows(1_000, said)
            tampering(log)
            if verify(pack_of(log, folder), folder.key.public)[0]:
                found.append(tampering.__name__)
            alone = not verify(pack_of(log, none), folder.key.public)[0]
            assert alone == (tampering in ONLY_OUTSIDE), f"the control fails: {tampering.__name__}"
    return len(
        found
    ), f"tampering found: {', '.join(found)}; {' and '.join(t.__name__ for t in ONLY_OUTSIDE)} by the checkpoint alone"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--orders", type=int, default=200)
    parser.add_argument("--rows", type=int, default=400_000)
    options = parser.parse_args()
    found, notes, said = overheads(options.rounds, options.orders)
    rate, speed = verified(options.rows, said, 5)
    caught, how = tampers(said)
    figures = {"audit_overhead": max(found.values()), "audit_rows_per_s": rate, "tampers_found_of_5": caught}
    report("governance", figures, [*notes, speed, how])


if __name__ == "__main__":
    main()
