"""Killed at every statement of a batch of events: each event is applied with its mark or not at all, and again it counts once."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tests.operations.inbound.feed import event, level
from tests.reliability.deeds import LATER, NETWORK, NOW, ONE, POLICY, TWO, Deed, fill
from tests.reliability.test_crash_points import Cut, strike_everywhere

from evenstock.operations.check_books import check_books
from evenstock.operations.inbound.applying import Inbound
from evenstock.operations.inbound.drain import drain
from evenstock.operations.ports import Received, Store
from evenstock.storage import open_store
from evenstock.storage.memory import MemoryStore

_versions = count(1)
_versions_of: dict[str, int] = {}
PLACES = [(sku, node) for sku in (ONE, TWO) for node in ("CA", "GA")]


def _batch(key: str) -> list[Received]:
    """Levels of four shelves, what came in at one of them from another system, and one statement that cannot be read."""
    version = _versions_of.setdefault(key, next(_versions))
    levels = [
        level(f"{key}-{sku}-{node}", sku, 300 + version % 7 + place, version, node)
        for place, (sku, node) in enumerate(PLACES)
    ]
    return [
        *levels,
        event("stock.adjusted", f"{key}-in", source="erp", sku=ONE, node="CA", units=5),
        event("stock.observed", f"{key}-bad", source="erp", sku=TWO, node="CA", units="many"),
    ]


def _receive(store: Store, key: str) -> None:
    with store.transaction() as books:
        books.receive(_batch(key), NOW)


def _drain(store: Store, key: str) -> object:
    drain(Inbound(store, NETWORK, POLICY), NOW)
    with store.reading() as books:
        found = [books.received_event(one.source, one.id) for one in _batch(key)]
        return [(one.id, one.handling, one.tries, one.because) for one in found if one is not None]


DRAIN = Deed("apply a batch", _drain, _receive)


@pytest.mark.parametrize(
    ("kind", "how", "bulk"),
    [
        pytest.param("sqlite", "the power fails", True, id="the power fails"),
        pytest.param("postgres", "the connection is cut", True, id="the connection is cut"),
        pytest.param("postgres", "the connection is cut", False, id="the connection is cut, one by one"),
        pytest.param("postgres", "the server's process ends", True, id="the server's process ends"),
    ],
)
def test_a_batch_struck_at_any_point_is_there_whole_or_not_at_all_and_counts_once(
    kind: str, how: str, bulk: bool, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'books.db'}" if kind == "sqlite" else request.getfixturevalue("postgres_url")
    store, twin = open_store(url), MemoryStore()
    fill(store)
    fill(twin)
    if not bulk:
        monkeypatch.setattr("evenstock.operations.inbound.drain.planning_of", lambda _: None)

    cut = Cut(store, how, url)
    request.addfinalizer(cut.close)
    points = strike_everywhere(store, twin, cut, DRAIN)

    assert points["a statement"] >= 10
    assert points["the commit"] >= 1
    assert points["the answer to the commit"] >= 1
    assert check_books(store, LATER) == check_books(twin, LATER)
    store.close()


def test_the_batch_is_applied_at_once(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: what is struck above is the path of many."""
    store = open_store(postgres_url)
    fill(store)
    _receive(store, "one")
    seen: list[int] = []
    real: Any = type(store).kind.change_stock  # type: ignore[attr-defined]

    def noted(self: Any, steps: Any, at: Any) -> Any:
        seen.append(len(steps))
        return real(self, steps, at)

    monkeypatch.setattr(type(store).kind, "change_stock", noted)  # type: ignore[attr-defined]
    _drain(store, "one")
    assert seen == [5], "four levels and what came in; the sixth cannot be read"
    store.close()
