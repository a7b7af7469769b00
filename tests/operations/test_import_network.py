"""Importing takes snapshots and opens the books once; again it changes nothing; a later stock file is a count."""

import datetime as dt

import polars as pl
import pytest

from evenstock.operations.check_books import check_books
from evenstock.operations.import_network import import_network
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

NOW = dt.datetime(2026, 11, 20, 14, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(hours=1)
NODES = pl.DataFrame(
    {"node": ["TX", "NJ"], "kind": ["own", "3pl"], "postal_code": ["75201", "07030"], "timezone": "America/Chicago"}
)
ITEMS = pl.DataFrame({"sku": ["MUG", "CUP"], "weight_g": 350, "unit_cost_cents": 200, "price_cents": 999})


def stock(*rows: tuple[str, str, int], held: int = 0, buffer: int = 0, at: dt.datetime = NOW) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema={"sku": pl.String, "node": pl.String, "on_hand": pl.Int64}, orient="row")
    return frame.with_columns(
        lot=pl.lit(""), held=pl.lit(held, dtype=pl.Int64), buffer=pl.lit(buffer, dtype=pl.Int64),
        observed_at=pl.lit(at, dtype=pl.Datetime("us", "UTC")),
    )  # fmt: skip


FRAMES = {"nodes": NODES, "items": ITEMS, "stock": stock(("MUG", "TX", 5), ("MUG", "NJ", 7), held=2, buffer=1)}


@pytest.fixture
def world(tmp_path):
    store = MemoryStore()
    yield store, SnapshotFolder(tmp_path)
    store.close()


def books(store) -> dict[tuple[str, str], dict[str, int]]:
    with store.transaction() as t:
        return {(row["sku"], row["node"]): row for row in t.balance_frame().to_dicts()}


def facts(store) -> list[str]:
    with store.transaction() as t:
        return [event.kind for event in t.outbox(100)]


def test_the_first_import_opens_the_books_and_points_at_its_snapshots(world) -> None:
    store, snapshots = world

    done = import_network(store, snapshots, FRAMES, NOW)

    assert done.changed == ("network", "stock")
    # two rows, each with units free and units held
    assert done.opened == 4
    texas = books(store)["MUG", "TX"]
    assert (texas["available"], texas["held"], texas["buffer"]) == (3, 2, 1)
    with store.transaction() as t:
        assert t.pointer("network") == done.snapshots["network"]
    assert snapshots.read(done.snapshots["network"])["items"].height == 2
    assert facts(store) == ["NetworkImported"]
    assert check_books(store, NOW) == []


def test_the_same_tables_again_change_nothing(world) -> None:
    store, snapshots = world
    first = import_network(store, snapshots, FRAMES, NOW)
    before = books(store)

    again = import_network(store, snapshots, {k: v.reverse() for k, v in FRAMES.items()}, LATER)

    assert (again.changed, again.counted) == ((), None)
    assert again.snapshots == first.snapshots, "the order of rows means nothing"
    assert books(store) == before
    assert facts(store) == ["NetworkImported"]


def test_a_later_stock_file_is_a_count(world) -> None:
    store, snapshots = world
    import_network(store, snapshots, FRAMES, NOW)
    counted = FRAMES | {"stock": stock(("MUG", "TX", 4), ("MUG", "NJ", 9), ("CUP", "NJ", 3), buffer=2, at=LATER)}

    done = import_network(store, snapshots, counted, LATER)

    # Texas lost 1 of 5, New Jersey gained 2 on 7, and 3 cups were found
    assert done.changed == ("stock",)
    assert done.counted is not None
    assert (done.counted.gained, done.counted.lost) == (5, 1)
    after = books(store)
    assert [after[k]["available"] + after[k]["held"] for k in (("MUG", "TX"), ("MUG", "NJ"), ("CUP", "NJ"))] == [
        4,
        9,
        3,
    ]
    assert after["CUP", "NJ"]["buffer"] == 2
    assert import_network(store, snapshots, counted, LATER).changed == ()
    assert check_books(store, LATER) == []


def test_a_new_day_of_demand_leaves_the_network_as_it_is(world) -> None:
    store, snapshots = world
    import_network(store, snapshots, FRAMES, NOW)
    demand = pl.DataFrame({"date": [dt.date(2026, 11, 19)], "sku": ["MUG"], "node": ["TX"], "units": [3]})

    done = import_network(store, snapshots, {"nodes": NODES, "items": ITEMS, "demand": demand}, LATER)

    assert done.changed == ("demand",)
    assert done.kept == ("stock",)


def test_going_back_to_older_tables_points_back(world) -> None:
    store, snapshots = world
    old = import_network(store, snapshots, FRAMES, NOW)
    dearer = FRAMES | {"items": ITEMS.with_columns(price_cents=1099)}
    assert import_network(store, snapshots, dearer, LATER).changed == ("network",)

    back = import_network(store, snapshots, FRAMES, LATER + dt.timedelta(hours=1))

    assert back.changed == ("network",)
    assert back.snapshots == old.snapshots
    assert facts(store) == ["NetworkImported"] * 3


def test_a_node_with_stock_cannot_vanish(world) -> None:
    store, snapshots = world
    import_network(store, snapshots, FRAMES, NOW)
    fewer = FRAMES | {"nodes": NODES.head(1), "stock": stock(("MUG", "TX", 5), at=LATER)}

    with pytest.raises(ValueError, match=r"hold units of node NJ \(7 units\), .*set active to false"):
        import_network(store, snapshots, fewer, LATER)

    with store.transaction() as t:
        assert t.pointer("network") is not None
    assert import_network(store, snapshots, FRAMES, LATER).changed == ()


def test_a_rule_that_cannot_be_used_stops_the_import_before_anything_is_written(world) -> None:
    store, snapshots = world
    rules = pl.DataFrame({"rule": ["x"], "kind": ["no such kind"]})

    with pytest.raises(ValueError, match="no such kind"):
        import_network(store, snapshots, FRAMES | {"rules": rules}, NOW)

    assert books(store) == {}
    with store.transaction() as t:
        assert t.pointer("network") is None


def test_prices_of_a_file_are_in_force(world) -> None:
    store, snapshots = world
    at = pl.Series([NOW], dtype=pl.Datetime("us", "UTC"))
    prices = pl.DataFrame({"sku": ["MUG"], "node": ["TX"], "source": ["nightly"], "cents": [120]}).with_columns(
        valid_from=at
    )

    import_network(store, snapshots, FRAMES | {"prices": prices}, NOW)

    with store.transaction() as t:
        assert [price.cents for price in t.prices(["MUG"], LATER)] == [120]
