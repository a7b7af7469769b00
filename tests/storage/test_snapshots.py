"""A snapshot is named by what is in it, appears whole, and cannot change unnoticed."""

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenstock.operations.ports import StoreError
from evenstock.storage.snapshots import SnapshotFolder, snapshot_digest, table_digest

STOCK = pl.DataFrame(
    {
        "sku": ["007", "MUG", "TÉ"],
        "units": [0, 3, 5],
        "share": [0.25, None, -1.5],
        "day": [date(2026, 11, 20), None, date(1999, 1, 1)],
        "at": [datetime(2026, 11, 20, 14, tzinfo=UTC)] * 3,
        "active": [True, False, None],
        "kind": pl.Series(["own", "3pl", "own"], dtype=pl.Enum(["own", "3pl"])),
    }
)


def test_what_is_read_is_what_was_taken(tmp_path: Path) -> None:
    snapshots = SnapshotFolder(tmp_path / "snapshots")

    digest = snapshots.take({"stock": STOCK, "empty": STOCK.clear()})
    read = snapshots.read(digest)

    assert set(read) == {"stock", "empty"}
    assert read["stock"].equals(STOCK)
    assert read["stock"].schema == STOCK.schema


def test_the_same_rows_are_stored_once(tmp_path: Path) -> None:
    snapshots = SnapshotFolder(tmp_path)

    assert snapshots.take({"stock": STOCK}) == snapshots.take({"stock": STOCK.reverse()})
    assert len(list(tmp_path.iterdir())) == 1, "and nothing half-written is left behind"


def test_the_digest_of_a_small_table_never_changes() -> None:
    """Pinned: a new version of this package, polars or Parquet must still find yesterday's snapshots."""
    assert table_digest(pl.DataFrame({"sku": ["TEA", "MUG"], "units": [5, 3]})) == (
        "6d4bda684290d8c7e3bc74324fd8ae53d8d5bf45ca628f09f28bf2d181569800"
    )


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(6)), st.integers(1, 5))
def test_neither_row_order_nor_chunks_count(order: list[int], cut: int) -> None:
    frame = pl.DataFrame({"sku": ["A", "A", "B", None, "C", ""], "units": [1, 1, 2, 3, None, 0]})
    chunked = pl.concat([frame[order[:cut]], frame[order[cut:]]], rechunk=False)

    assert table_digest(chunked) == table_digest(frame)


@pytest.mark.parametrize(
    "other",
    [
        STOCK.with_columns(units=pl.Series([0, 3, 6])),
        STOCK.with_columns(pl.col("units").cast(pl.Int32)),
        STOCK.rename({"units": "unit"}),
        STOCK.select(*reversed(STOCK.columns)),
        STOCK.with_columns(sku=pl.Series(["7", "MUG", "TÉ"])),
        STOCK.with_columns(active=pl.Series([True, None, False])),
        pl.concat([STOCK, STOCK[:1]]),
        STOCK.with_columns(pl.col("at").dt.replace_time_zone(None)),
    ],
    ids=["value", "type", "name", "column order", "leading zeros", "null moved", "row twice", "time zone"],
)
def test_any_other_content_has_another_digest(other: pl.DataFrame) -> None:
    assert snapshot_digest({"stock": other}) != snapshot_digest({"stock": STOCK})


def test_text_that_joins_alike_is_told_apart() -> None:
    one = pl.DataFrame({"a": ["ab", "c"], "b": ["", ""]})
    two = pl.DataFrame({"a": ["a", "bc"], "b": ["", ""]})

    assert table_digest(one) != table_digest(two)


def test_minus_zero_is_zero_and_every_nan_is_one() -> None:
    assert table_digest(pl.DataFrame({"x": [-0.0]})) == table_digest(pl.DataFrame({"x": [0.0]}))
    assert table_digest(pl.DataFrame({"x": [float("nan")]})) == table_digest(pl.DataFrame({"x": [-float("nan")]}))


def test_a_changed_file_is_found_when_read(tmp_path: Path) -> None:
    snapshots = SnapshotFolder(tmp_path)
    digest = snapshots.take({"stock": STOCK})
    file = next(tmp_path.rglob("*.parquet"))
    STOCK.with_columns(units=pl.Series([0, 3, 500])).write_parquet(file)

    with pytest.raises(StoreError, match="was changed after it was taken"):
        snapshots.read(digest)


def test_a_torn_file_is_found_when_read(tmp_path: Path) -> None:
    snapshots = SnapshotFolder(tmp_path)
    digest = snapshots.take({"stock": STOCK})
    file = next(tmp_path.rglob("*.parquet"))
    file.write_bytes(file.read_bytes()[:-20])

    with pytest.raises(StoreError, match="cannot be read"):
        snapshots.read(digest)


@pytest.mark.parametrize("digest", ["sha256:" + "0" * 64, "sha256:../../etc", "latest"])
def test_a_digest_that_is_not_there_is_refused(tmp_path: Path, digest: str) -> None:
    with pytest.raises(StoreError, match="snapshot"):
        SnapshotFolder(tmp_path).read(digest)


def test_a_column_without_canonical_bytes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="column parts: a snapshot cannot hold List"):
        SnapshotFolder(tmp_path).take({"kit": pl.DataFrame({"parts": [[1, 2]]})})
