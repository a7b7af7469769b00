"""The worker's duty reads what is new, stops whom it shows, keeps what it learnt, and another worker goes on from there."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from tests.service.access_world import Time, World

from evenstock.domain import NodeId, Sku, StockObservation, Units
from evenstock.operations.actors.actor import ActorState, actor_named
from evenstock.operations.actors.watching import CURSORS, KIND, Watching
from evenstock.operations.audit.audited_store import AuditedStore
from evenstock.operations.audit.who import Through, Who, acting
from evenstock.service.worker.loop import duties
from evenstock.storage.memory import MemoryStore


def counted(store: AuditedStore, who: Who, number: int, units: int, at: datetime) -> None:
    said = StockObservation("count", Sku("MUG"), NodeId("TX-DC"), Units(units), at, number)
    with acting(who), store.transaction() as books:
        books.adjust_on_hand(said, "counted", at)


def test_what_one_worker_learnt_another_goes_on_from(tmp_path: Path) -> None:
    time = Time()
    store = AuditedStore(MemoryStore(time.clock))
    world = World(tmp_path, time, store, network=True)
    key = world.key("agent@TX-DC")
    who = Who(f"key:{key[:13]}", "agent", Through.AGENT)
    assert "actors" in duties()
    first, left, number = Watching(store, "one"), 1_000_000, 0
    for _ in range(4 * 24 * 6):
        time.pass_by(minutes=10)
        number, left = number + 1, left - 1 - number % 3
        counted(store, who, number, left, time.now)
    while first.step():
        pass
    with store.reading() as books:
        assert {entry.id for entry in books.entries(KIND)} >= {CURSORS, f"actor:{who.id}", "kind:agent"}
        assert actor_named(books, who.id).state is ActorState.ACTIVE
    second = Watching(store, "two")
    assert second.step() == 0, "one at a time"
    time.pass_by(minutes=6)
    assert second.step() >= 0
    assert second.watch is not None
    assert second.watch.actors[who.id].work["stock adjustments"].total > 100, "it knows what the first one learnt"
    while second.step():
        pass
    for _ in range(60):
        time.pass_by(minutes=1)
        number, left = number + 1, left + 50
        counted(store, who, number, left, time.now)
        second.step()
    with store.reading() as books:
        stopped = actor_named(books, who.id)
    assert stopped.state is ActorState.QUARANTINED
    assert stopped.quarantine is not None
    assert time.now - stopped.quarantine.at >= timedelta(0)
    assert stopped.quarantine.by == "evenstock"
