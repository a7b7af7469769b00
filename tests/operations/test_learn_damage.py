"""What does not arrive whole is learned from parcels, and then stands in the price of an order."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from tests.operations.test_learn_transit import network

from evenstock.operations.company import Company
from evenstock.operations.import_network import import_network
from evenstock.operations.know_damage import damage_in_force
from evenstock.operations.learn_damage import LEAST_SETTLED, learn_damage
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

TODAY = date(2026, 6, 1)
NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)


def deliveries(parcels: int = 400, lost: int = 40, ended_days_ago: int = 1) -> pl.DataFrame:
    """Parcels of three months; every one that is not lost takes 3 days; near ones are never lost."""
    last = datetime(2026, 6, 1, 12, tzinfo=UTC) - timedelta(days=ended_days_ago + 3)
    shipped = [last - timedelta(days=80 * k / parcels) for k in range(parcels)]
    # Those that left long ago are the ones that can be known to be lost.
    gone = set(range(parcels - 1, parcels - 1 - 2 * lost, -2))
    return pl.DataFrame(
        {
            "parcel": [f"P{k}" for k in range(parcels)],
            "service": "a:ground",
            "origin": "TX",
            "origin_postal_code": "75201",
            "destination_postal_code": ["90001" if k % 2 else "75001" for k in range(parcels)],
            "shipped_at": shipped,
            "delivered_at": [None if k in gone else at + timedelta(days=3) for k, at in enumerate(shipped)],
        },
        schema_overrides={"delivered_at": pl.Datetime("us", "UTC")},
    )


@pytest.fixture
def learned(tmp_path):
    def learn(frame: pl.DataFrame):
        store, snapshots = MemoryStore(), SnapshotFolder(tmp_path / "snapshots")
        import_network(store, snapshots, network() | {"deliveries": frame}, NOW)
        found = learn_damage(store, snapshots, Company.load(store, snapshots), as_of=TODAY, now=NOW)
        with store.reading() as books:
            return found, damage_in_force(books, snapshots, TODAY)[0]

    return learn


def test_losses_are_counted_over_parcels_whose_fate_is_known_and_reach_decisions(learned) -> None:
    found, known = learned(deliveries())
    [row] = found.services.to_dicts()
    assert row["lost"] == 40
    assert row["settled"] < 400, "the youngest may still come"
    assert known["a:ground", "", ""] == pytest.approx(1e6 * 40 / row["settled"], rel=0.15)


def test_a_lane_that_loses_more_has_a_share_of_its_own(learned) -> None:
    _, known = learned(deliveries(parcels=1_000, lost=60))
    assert known["a:ground", "752", "900"] > 2 * known["a:ground", "752", "750"]


def test_a_lane_with_few_parcels_has_none_of_its_own(learned) -> None:
    found, known = learned(deliveries(parcels=LEAST_SETTLED, lost=5))
    assert found.shares.height == 1
    assert list(known) == [("a:ground", "", "")]


def test_where_scans_have_stopped_nothing_is_learned_from_silence(learned) -> None:
    with pytest.raises(ValueError, match="the last arrival known is of 2026-05-11: parcels since would look lost"):
        learned(deliveries(ended_days_ago=21))


def test_nothing_is_learned_where_nothing_was_lost(learned) -> None:
    _, known = learned(deliveries(lost=0))
    assert known["a:ground", "", ""] < 10_000
