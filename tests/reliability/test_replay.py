"""Whatever was decided is decided again from what was kept of it, byte for byte, wherever and by whatever process."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reliability.replay_here import ENVIRONMENTS, elsewhere, made_locales
from tests.reliability.replayed_world import EXAMPLE, NODES, OPENS, kinds, live

from evenstock.connectors.files import read_folder
from evenstock.domain import Cents, LineId, Order, OrderId, OrderLine, Promise, ServiceLevel, ShipTo, Sku, Units
from evenstock.operations.audit.audited_store import AuditedStore
from evenstock.operations.company import Company
from evenstock.operations.deciding import RouteOrder, request_digest
from evenstock.operations.import_network import import_network
from evenstock.operations.ports import Store
from evenstock.operations.replaying import replay_one as module
from evenstock.operations.replaying.keep_replay import keep_replay, last_replay
from evenstock.operations.replaying.replay_many import drawn, parts_of, replay_many, replaying
from evenstock.operations.replaying.replay_one import Asked, Replayer, replay_one
from evenstock.operations.route_order import route_order
from evenstock.simulation.replay_in_processes import in_processes
from evenstock.storage import open_store
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

ORDERS = 140
EVERY_KIND = (
    "executed", "awaits_approval", "unserved", "shadow", "substitute", "others were faster", "together", "tried", "accepted",
    "deadline", "overridden", "silent feed", "closed",
)  # fmt: skip


@dataclass(frozen=True)
class World:
    url: str
    store: Store
    snapshots: SnapshotFolder
    folder: Path
    kinds: Counter[str]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    place = tmp_path_factory.mktemp("replayed")
    url, folder = f"sqlite:///{place / 'books.db'}", place / "snapshots"
    store, snapshots = AuditedStore(open_store(url)), SnapshotFolder(folder)
    found = live(store, snapshots, ORDERS)
    yield World(url, store, snapshots, folder, found)
    store.close()


def test_the_world_holds_decisions_of_every_kind(world: World) -> None:
    assert [kind for kind in EVERY_KIND if not world.kinds[kind]] == []
    assert kinds(world.store) == world.kinds


def test_every_kind_of_decision_comes_out_the_same(world: World) -> None:
    found = replay_many(parts_of(world.store), replaying(world.snapshots))

    assert (found.named, found.unequal, found.missing) == ([], 0, Counter())
    assert found.replayed == found.equal > 2 * ORDERS


def test_processes_of_other_seeds_locales_zones_and_cores_find_every_byte_equal(world: World, tmp_path: Path) -> None:
    more = made_locales(tmp_path)
    asked = [elsewhere(world.url, world.folder, one, more) for one in ENVIRONMENTS]
    told = [json.loads(process.communicate(timeout=300)[0]) for process in asked]

    for one in told:
        assert (one["unequal"], one["missing"], one["replayed"]) == ([], {}, told[0]["equal"]), one
    # That they were other circumstances: else all of this shows nothing.
    assert len({one["hash"] for one in told}) == len(ENVIRONMENTS)
    assert {one["offset"] for one in told} == {"+0000", "+0530", "+1300", "-0230"}
    if more:
        assert {one["number"] for one in told} >= {"1.234,5", "1234.5"}


def test_several_processes_find_what_one_finds(world: World) -> None:
    few = list(parts_of(world.store))[-2:]
    found = replay_many(few, replaying(world.snapshots), in_processes(2, world.folder))

    assert (found.unequal, found.missing) == (0, Counter())
    assert found.equal == sum(len(part.asked) for part in few)
    assert found.last == few[-1].last


def test_a_change_of_what_was_kept_is_found_and_its_field_named(world: World) -> None:
    asked = next(
        one
        for part in parts_of(world.store)
        for one in part.asked
        if one.inputs is not None and json.loads(one.inputs)["way"] == "route" and json.loads(one.record)["choice"]
    )
    replayer = Replayer(world.snapshots)
    with world.store.reading() as books:
        then = module.origin_kept(books, asked.origin)
    assert then is not None
    replayer.know({asked.origin: then})
    assert replayer.replay(asked).equal

    said = json.loads(asked.inputs or b"")
    for row in said["looks"][0]["stock"]:
        row[3] += 1
    found = replayer.replay(replace(asked, inputs=json.dumps(said).encode()))
    assert (found.comparable, found.equal) == (True, False)
    assert found.difference.startswith("id: ")
    assert found.difference in found.sentence

    record = json.loads(asked.record) | {"sentence": "Nobody knows why."}
    other = replayer.replay(replace(asked, record=json.dumps(record, sort_keys=True, separators=(",", ":")).encode()))
    assert other.difference.startswith('sentence: "Nobody knows why." then, ')


def test_what_is_missing_is_said_and_nothing_is_claimed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = next(one for part in parts_of(world.store) for one in part.asked if one.inputs is not None)
    replayer = Replayer(world.snapshots)

    assert "versions of the company that it names are not kept" in replayer.replay(asked).missing
    assert "its inputs were not kept" in replayer.replay(Asked(asked.record, None, None)).missing
    assert "no kept inputs" in replayer.replay(replace(asked, inputs=b"{}")).missing
    monkeypatch.setattr(module, "CODE", "9.9.9")
    assert "this is 9.9.9: replay it with that version" in replayer.replay(asked).missing


def test_a_sample_draws_each_decision_at_most_once_and_tells_what_came_of_it(world: World) -> None:
    first = keep_replay(world.store, world.snapshots, 2_000, "monday")
    with world.store.reading() as books:
        told = last_replay(books)
    assert told is not None
    assert (told.replayed, told.unequal, told.missing, told.after) == (first.replayed, 0, 0, first.last)
    assert 0 < first.replayed < sum(len(part.asked) for part in parts_of(world.store)) / 2

    again = keep_replay(world.store, world.snapshots, 10_000, "tuesday")
    assert again.replayed == 0, "nothing was recorded since"
    assert drawn("a", 10_000, "")
    assert not any(drawn(str(n), 1, "x") for n in range(50))
    with pytest.raises(ValueError, match="a sample is 1 to 10,000"):
        next(parts_of(world.store, share_bp=0))


def test_only_what_was_decided_from_a_day_on(world: World) -> None:
    late = OPENS + timedelta(hours=6)
    parts = [one for part in parts_of(world.store, since=late) for one in part.asked]

    assert parts
    assert all(module.header_of(one.record).decided_at >= late for one in parts)


# --- orders as hypothesis draws them -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def brand(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, SnapshotFolder, Company]:
    store, snapshots = MemoryStore(), SnapshotFolder(tmp_path_factory.mktemp("brand"))
    import_network(store, snapshots, read_folder(EXAMPLE).frames, OPENS)
    return store, snapshots, Company.load(store, snapshots, OPENS.date())


SKUS = sorted(read_folder(EXAMPLE).frames["items"]["sku"])
CODES = sorted(set(read_folder(EXAMPLE).frames["orders"]["postal_code"]))[:12]


@st.composite
def orders(draw: st.DrawFn) -> Order:
    skus = draw(st.lists(st.sampled_from([*SKUS, "NO-SUCH-İTEM"]), min_size=1, max_size=4))
    units = st.sampled_from([1, 2, 7, 500, 10**9])
    lines = tuple(
        OrderLine(LineId(f"L{k}"), Sku(sku), Units(draw(units)), Cents(100 * k)) for k, sku in enumerate(skus)
    )
    days = draw(st.integers(0, 9))
    order = Order(
        OrderId("drawn"),
        lines,
        ShipTo(draw(st.sampled_from([*CODES, "00000"])), "US", draw(st.booleans())),
        OPENS - timedelta(minutes=days),
        Promise((OPENS + timedelta(days=days)).date(), draw(st.floats(0.01, 1.0))) if days else None,
        draw(st.sampled_from(["standard", "vip", "straße"])),
        "shop",
        draw(st.frozensets(st.sampled_from(["gift", "ı", "fragile"]))),
        draw(st.sampled_from(ServiceLevel)),
    )
    return replace(order, id=OrderId(request_digest(order)))


@settings(max_examples=40, deadline=None)
@given(orders(), st.booleans(), st.booleans(), st.sets(st.sampled_from(NODES), max_size=2))
def test_any_order_is_decided_again_byte_for_byte(
    brand: tuple[Store, SnapshotFolder, Company], order: Order, shadow: bool, prove: bool, without: set[str]
) -> None:
    store, snapshots, company = brand
    wish = RouteOrder(
        order, OPENS, shadow=shadow, prove=prove, without_nodes=frozenset(without), because="a test" if without else ""
    )  # fmt: skip
    record = route_order(store, company.shipping, company.network.policy, wish).record

    with store.reading() as books:
        found = replay_one(books, snapshots, record.canonical())
    assert found.equal, found
