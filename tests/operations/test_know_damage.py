"""What is known of lost and damaged parcels reaches the price of a decision, and no longer than it is fresh."""

from datetime import timedelta

import polars as pl
import pytest
from tests.operations.stocked import NOW, TODAY

from evenstock.operations.know_damage import DAMAGE, damage_in_force, keep_damage
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder


def shares(*rows):
    return pl.DataFrame(list(rows), schema=DAMAGE, orient="row")


def test_shares_kept_today_are_known_until_they_are_sixty_days_old(tmp_path):
    store, snapshots = MemoryStore(), SnapshotFolder(tmp_path)
    kept = keep_damage(
        store,
        snapshots,
        shares(("ups:ground", "", "", 4_000), ("ups:ground", "752", "100", 0)),
        on=TODAY,
        now=NOW,
    )

    with store.reading() as books:
        known, name = damage_in_force(books, snapshots, TODAY + timedelta(days=60))
        stale = damage_in_force(books, snapshots, TODAY + timedelta(days=61))
        before = damage_in_force(books, snapshots, TODAY - timedelta(days=1))

    # A lane known to lose none keeps its zero: without it the service's share would count.
    assert (dict(known), name) == ({("ups:ground", "", ""): 4_000, ("ups:ground", "752", "100"): 0}, kept)
    assert [dict(stale[0]), stale[1], dict(before[0])] == [{}, "", {}]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("", "", "", 10), "service is empty"),
        (("ups:ground", "", "", -1), "millionths is -1"),
        (("ups:ground", "752", "100", 1_000_001), r"ups:ground 752 to 100\): millionths is 1000001"),
    ],
)
def test_a_share_that_cannot_be_is_refused_by_its_row(tmp_path, row, said):
    with pytest.raises(ValueError, match=said):
        keep_damage(MemoryStore(), SnapshotFolder(tmp_path), shares(row), on=TODAY, now=NOW)


def test_a_lane_said_twice_is_refused(tmp_path):
    twice = shares(("ups:ground", "752", "100", 10), ("ups:ground", "752", "100", 20))
    with pytest.raises(ValueError, match="ups:ground 752 to 100 stands more than once"):
        keep_damage(MemoryStore(), SnapshotFolder(tmp_path), twice, on=TODAY, now=NOW)
