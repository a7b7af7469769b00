"""Killed at every statement of every deed through the audited store: the deed and its rows are there, or neither is.

The same strikes as without the audit; besides, the rows must say exactly what the books say: as many times as a deed is there, so
many rows tell of it, and what is left chains from the first row to the head.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from tests.reliability.deeds import DEEDS, Deed, fill, state
from tests.reliability.test_crash_points import OFTEN, Cut, tried

from evenstock.operations.audit.audited_store import AuditedStore
from evenstock.operations.audit.rows import NOTHING, audit_of, linked
from evenstock.operations.ports import Store
from evenstock.storage import open_store
from evenstock.storage.memory import MemoryStore

CASES = [
    pytest.param(kind, how, deed, id=f"{how}-{deed.name}")
    for kind, how in (
        ("sqlite", "the power fails"),
        ("postgres", "the connection is cut"),
        ("postgres", "the server's process ends"),
    )
    for deed in DEEDS
    if how == "the power fails" or deed.name in OFTEN | {"route together", "receive a transfer"}
]


def log_of(store: Store) -> list[tuple[str, str]]:
    """What each row says of which thing, but for times and for what depends on them; the chains are checked on the way."""
    told = []
    with store.reading() as books:
        log = audit_of(books)
        for head in log.audit_heads():
            link = NOTHING
            rows = log.audit_rows(head.stream, 0, 100_000)
            for number, row in enumerate(rows, 1):
                link = linked(link, row.line)
                assert (row.number, row.link) == (number, link)
                told.append((row.about, ",".join(deed["did"] for deed in json.loads(row.said)["deeds"])))
            assert (head.number, head.link) == (len(rows), link)
    return sorted(told)


@pytest.mark.parametrize(("kind", "how", "deed"), CASES)
def test_a_deed_struck_at_any_point_is_there_with_its_rows_or_neither_is(
    kind: str, how: str, deed: Deed, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'books.db'}" if kind == "sqlite" else request.getfixturevalue("postgres_url")
    inner, memory = open_store(url), MemoryStore()
    store, twin = AuditedStore(inner), AuditedStore(memory)
    fill(store)
    fill(twin)
    cut, struck, appending = Cut(inner, how, url), 0, 0
    request.addfinalizer(cut.close)

    for number in range(1, 200):
        key = f"{deed.name.replace(' ', '-')}-{number}"
        for each in (store, twin):
            deed.prepare(each, key)
        before, logged = state(twin), log_of(twin)
        with cut.at(number):
            tried(deed, store, key)
        told, whole, after = deed.do(twin, key), state(twin), state(store)
        rows, rows_whole = log_of(store), log_of(twin)
        if not cut.struck:
            break
        struck += 1
        # A deed of several transactions may be struck between them; a deed of one is there or not, and so are its rows.
        if rows == logged:
            assert after == before, f"{deed.name}: struck at {cut.struck}, {number}: done, and no row says so"
        if after == whole and len(rows_whole) - len(logged) == 1:
            assert rows == rows_whole, f"{deed.name}: struck at {cut.struck}, {number}: done, and its rows differ"
        if after == before and len(rows_whole) - len(logged) == 1:
            assert rows == logged, f"{deed.name}: struck at {cut.struck}, {number}: not done, and a row says it was"
        appending += cut.struck in ("the commit", "the answer to a statement")
        assert deed.do(store, key) == told
        # A count that comes again is counted, and changes nothing but the log.
        again = Counter(log_of(store)) - Counter(rows_whole)
        assert {did for _, did in again} <= {"change_stock"}
        assert not Counter(rows_whole) - Counter(log_of(store))
        if again:
            deed.do(twin, key)
    assert struck >= 3
    assert appending >= 1
    inner.close()
