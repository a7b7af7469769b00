"""Immutable tables named by the hash of their canonical rows and schema, kept as Parquet in a folder."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import polars as pl

from evenstock.operations.ports import StoreError

_PREFIX: Final = "sha256:"
_ROWS_AT_ONCE: Final = 100_000


class SnapshotFolder:
    """Snapshots under one folder: each a folder named by its digest, with a Parquet file a table."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def take(self, frames: Mapping[str, pl.DataFrame]) -> str:
        """Write the tables; the same rows give the same digest, in whatever order, and are stored once.

        A snapshot appears whole or not at all: it is written beside and renamed into place.
        """
        if not frames:
            raise StoreError("a snapshot holds at least one table")
        for name in frames:
            if not name.isidentifier():
                raise StoreError(f"snapshot table {name!r}: a table's name is letters, digits and underscores")
        digest = snapshot_digest(frames)
        place = self._place(digest)
        if place.is_dir():
            return digest
        self._path.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".writing-", dir=self._path))
        try:
            for name, frame in frames.items():
                _write(frame, draft / f"{name}.parquet")
            _flush_folder(draft)
            draft.rename(place)
            _flush_folder(self._path)
        except OSError:
            # Another process may have put the same snapshot there first: the same digest is the same content.
            if not place.is_dir():
                raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return digest

    def read(self, digest: str) -> dict[str, pl.DataFrame]:
        """The tables; raises StoreError if the snapshot is missing, or its rows no longer match the digest."""
        place = self._place(digest)
        if not place.is_dir():
            raise StoreError(
                f"snapshot {digest} is not in {self._path}; import the network again or restore the folder"
            )
        try:
            frames = {file.stem: pl.read_parquet(file, glob=False) for file in sorted(place.glob("*.parquet"))}
        except (pl.exceptions.PolarsError, OSError) as error:
            raise StoreError(
                f"snapshot {digest} in {place} cannot be read ({error}); restore it from a copy"
            ) from error
        if not frames or snapshot_digest(frames) != digest:
            raise StoreError(f"snapshot {digest} in {place} was changed after it was taken; restore it from a copy")
        return frames

    def holding(self, table: str) -> list[str]:
        """Digests of all snapshots that hold a table of this name."""
        return sorted(f"{_PREFIX}{file.parent.name}" for file in self._path.glob(f"[0-9a-f]*/{table}.parquet"))

    def drop(self, digest: str) -> None:
        """Remove a snapshot for ever, as erasing what it holds of a person asks; nothing where it is gone.

        It is renamed first: whoever reads it finds it whole or not at all.
        """
        place = self._place(digest)
        if place.is_dir():
            going = self._path / f".writing-going-{place.name}"
            place.rename(going)
            shutil.rmtree(going)

    def _place(self, digest: str) -> Path:
        name = digest.removeprefix(_PREFIX)
        if not digest.startswith(_PREFIX) or len(name) != 64 or not set(name) <= set("0123456789abcdef"):
            raise StoreError(f"{digest!r} is no snapshot's digest: sha256: and 64 hexadecimal digits")
        return self._path / name


def _write(frame: pl.DataFrame, path: Path) -> None:
    frame.write_parquet(path, compression="zstd", statistics=True)
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _flush_folder(path: Path) -> None:
    """A rename is durable once its folder is."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def snapshot_digest(frames: Mapping[str, pl.DataFrame]) -> str:
    """SHA-256 over each table's name, schema and rows, tables in name order.

    Rows are sorted and written out column by column in bytes that this file defines (not Parquet's, not polars'), so
    that the digest depends on neither row order, chunks, nor the version of either.

    Examples
    --------
    >>> one = pl.DataFrame({"sku": ["MUG", "TEA"], "units": [3, 5]})
    >>> snapshot_digest({"stock": one}) == snapshot_digest({"stock": one.reverse()})
    True
    """
    total = hashlib.sha256(b"evenstock snapshot 1\n")
    for name in sorted(frames):
        total.update(json.dumps([name, table_digest(frames[name])]).encode() + b"\n")
    return _PREFIX + total.hexdigest()


def table_digest(frame: pl.DataFrame) -> str:
    """SHA-256 (hexadecimal) of one table's columns (name and type, in order) and its rows as a multiset."""
    columns = [_canonical(frame[name]) for name in frame.columns]
    schema = [[series.name, kind] for series, kind in columns]
    total = hashlib.sha256(json.dumps([schema, frame.height], ensure_ascii=False).encode())
    plain = pl.DataFrame([series for series, _ in columns])
    if plain.width and plain.height:
        # All columns, so that rows that tie are equal rows; bytes of text, not a locale, decide.
        plain = plain.sort(plain.columns, nulls_last=False)
    for series in plain.iter_columns():
        for start in range(0, series.len(), _ROWS_AT_ONCE):
            total.update(_bytes(series.slice(start, _ROWS_AT_ONCE)))
    return total.hexdigest()


def _canonical(series: pl.Series) -> tuple[pl.Series, str]:
    """The column as text, whole numbers or 64-bit floats, and the name its type has in the digest."""
    dtype = series.dtype
    match dtype:
        case pl.String():
            return series, "text"
        case pl.Categorical() | pl.Enum():
            return series.cast(pl.String), "text"
        case pl.Boolean():
            return series.cast(pl.Int64), "boolean"
        case pl.Date():
            return series.cast(pl.Int64), "date"
        case pl.Datetime(time_unit=unit, time_zone=zone):
            return series.cast(pl.Int64), f"moment[{unit},{zone or 'local'}]"
        case pl.Duration(time_unit=unit):
            return series.cast(pl.Int64), f"duration[{unit}]"
        case pl.Float64() | pl.Float32():
            # -0.0 equals 0.0 and must hash alike; every not-a-number is one.
            same = (
                pl.when(series == 0)
                .then(pl.lit(0.0))
                .when(series.is_nan())
                .then(pl.lit(float("nan")))
                .otherwise(series)
            )
            return pl.select(same.cast(pl.Float64).alias(series.name)).to_series(), str(dtype).lower()
        case _ if dtype.is_integer() and dtype != pl.UInt64:
            return series.cast(pl.Int64), str(dtype).lower()
    raise StoreError(f"column {series.name}: a snapshot cannot hold {dtype}; use text, whole numbers, floats or dates")


def _bytes(series: pl.Series) -> bytes:
    """A mark for each row (1 where there is a value), then the values: 8 bytes little-endian, or length and UTF-8."""
    marks = series.is_not_null().cast(pl.UInt8).to_numpy().tobytes()
    values = series.drop_nulls()
    if values.dtype == pl.String:
        texts = [text.encode() for text in values.to_list()]
        return marks + struct.pack(f"<{len(texts)}Q", *map(len, texts)) + b"".join(texts)
    kind = "<f8" if values.dtype == pl.Float64 else "<i8"
    return marks + values.to_numpy().astype(kind).tobytes()
