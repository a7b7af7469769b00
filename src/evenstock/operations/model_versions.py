"""Model versions, champions and challengers as they are kept: written once, found by pointer, never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from evenstock.domain import Event
from evenstock.learning import ChampionRecord, Deed, Gate, ModelVersion, gates
from evenstock.operations.ports import ConflictError, Snapshots, Store, StoreError, Transaction


@dataclass(frozen=True)
class KeptVersion:
    """A version with what it learned and how it did in its backtest."""

    version: ModelVersion
    gates: tuple[Gate, ...]
    frames: Mapping[str, pl.DataFrame]
    """What its subject keeps with it, such as parameters and scores."""
    digest: str
    """The snapshot of all this."""


@dataclass(frozen=True)
class Champion:
    """Who serves, on whose word."""

    record: ChampionRecord
    digest: str
    """The snapshot of the record."""
    kept: KeptVersion | None
    """None where the fallback serves since a roll-back, or where the version cannot be read."""
    trouble: str = ""
    """Why it cannot be read: a champion that is lost can still be followed by another, or rolled back."""


def keep_version(
    store: Store,
    snapshots: Snapshots,
    version: ModelVersion,
    *,
    gates_seen: Sequence[Gate],
    frames: Mapping[str, pl.DataFrame],
    now: datetime,
) -> KeptVersion:
    """Keep it once: a version of the same id that is already kept is returned as it is."""
    name = f"version:{version.id}"
    with store.transaction() as books:
        known = books.pointer(name)
    if known is None:
        digest = snapshots.take({"version": version.to_frame(), "gates": gates.to_frame(gates_seen), **frames})
        try:
            with store.transaction() as books:
                books.repoint(name, None, digest, now)
        except ConflictError:
            # Somebody trained the same at the same time: theirs came first.
            with store.transaction() as books:
                known = books.pointer(name)
    return read_version(snapshots, known or digest)


def read_version(snapshots: Snapshots, digest: str) -> KeptVersion:
    """Raises StoreError if the snapshot is missing or damaged, ValueError if it is no version's."""
    frames = snapshots.read(digest)
    if not {"version", "gates"} <= frames.keys():
        raise ValueError(f"snapshot {digest} keeps {', '.join(sorted(frames))}: that is no model version")
    version, judged = ModelVersion.from_frame(frames.pop("version")), gates.from_frame(frames.pop("gates"))
    return KeptVersion(version, judged, frames, digest)


def challenger_of(store: Store, snapshots: Snapshots, subject: str) -> KeptVersion | None:
    """The version that stands beside the champion; None where there is none, or where it has been promoted."""
    with store.transaction() as books:
        digest, champion = books.pointer(f"challenger:{subject}"), books.pointer(f"champion:{subject}")
    if digest is None or (champion is not None and _record(snapshots, champion).kept == digest):
        return None
    return read_version(snapshots, digest)


def champion_of(store: Store, snapshots: Snapshots, subject: str) -> Champion | None:
    """Who serves; None where nobody was ever promoted."""
    with store.transaction() as books:
        digest = books.pointer(f"champion:{subject}")
    if digest is None:
        return None
    record = _record(snapshots, digest)
    if not record.kept:
        return Champion(record, digest, None)
    try:
        return Champion(record, digest, read_version(snapshots, record.kept))
    except (StoreError, ValueError) as error:
        return Champion(record, digest, None, str(error))


def champion_records(store: Store, snapshots: Snapshots, subject: str) -> list[ChampionRecord]:
    """The whole chain, oldest first."""
    with store.transaction() as books:
        digest = books.pointer(f"champion:{subject}")
    chain = []
    while digest:
        chain.append(_record(snapshots, digest))
        digest = chain[-1].previous
    return chain[::-1]


def read_record(snapshots: Snapshots, digest: str) -> tuple[ChampionRecord, tuple[Gate, ...]]:
    """A champion's record with the gates that were seen when it was made."""
    frames = snapshots.read(digest)
    return ChampionRecord.from_frame(frames["record"]), gates.from_frame(frames["gates"])


def crown(store: Store, snapshots: Snapshots, record: ChampionRecord, gates_seen: Sequence[Gate]) -> str:
    """Let the record count from now on, and tell others (`ModelPromoted`, `ModelRolledBack`); returns its snapshot.

    Raises
    ------
    ConflictError
        If another record was made since `record.previous` was read: of two promotions at once, one is refused.
    """
    digest = snapshots.take({"record": record.to_frame(), "gates": gates.to_frame(gates_seen)})
    with store.transaction() as books:
        books.repoint(f"champion:{record.subject}", record.previous or None, digest, record.at)
        books.publish([_event(record, digest)])
    return digest


def challenge(books: Transaction, subject: str, digest: str, now: datetime) -> None:
    """Let this version stand beside the champion."""
    seen = books.pointer(f"challenger:{subject}")
    if seen != digest:
        books.repoint(f"challenger:{subject}", seen, digest, now)


def _event(record: ChampionRecord, digest: str) -> Event:
    kind = "ModelPromoted" if record.deed is Deed.PROMOTED else "ModelRolledBack"
    body = {"version": record.version, "by": record.by, "because": record.because, "overridden": record.overridden}
    return Event(f"{digest}:{record.deed.value}", kind, f"model:{record.subject}", record.at, body)


def _record(snapshots: Snapshots, digest: str) -> ChampionRecord:
    return read_record(snapshots, digest)[0]
