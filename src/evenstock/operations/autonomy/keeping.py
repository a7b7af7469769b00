"""Stages as versions: each is a snapshot that never changes, one pointer says which is in force, one step leads back.

A version holds the lines about every kind of action and routing's roll-out together, so that no second switch can say
otherwise. What was kept before there were lines is read as a version without any.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

import polars as pl

from evenstock.domain import ActionKind, Event, NodeId, rfc3339
from evenstock.operations.autonomy.halting import halts_in_force
from evenstock.operations.autonomy.live_routing import RollOut
from evenstock.operations.autonomy.stages import Scope, Stage, StageLine, Stages
from evenstock.operations.ports import Snapshots, Store, StoreError, Transaction

POINTER: Final = "roll-out"
_LINES: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "stage": pl.String,
    "kinds": pl.String,
    "regions": pl.String,
    "channels": pl.String,
    "nodes": pl.String,
    "categories": pl.String,
    "share_bp": pl.Int64,
    "otherwise": pl.String,
    "valid_from": pl.Date,
    "valid_to": pl.Date,
    "pilot": pl.String,
    "by": pl.String,
    "because": pl.String,
    "at": pl.String,
}


@dataclass(frozen=True, slots=True)
class StagesVersion:
    """One version of the stages, and the deed that put it in force."""

    stages: Stages
    by: str
    because: str
    at: datetime | None
    kept: str
    """Its snapshot; empty where nobody ever set a stage."""
    previous: str
    """Snapshot to which a roll-back returns."""
    follows: str
    """Snapshot of the version that was in force before."""
    forced: bool = False
    """Whether a person set it without the simulation that the company asks for."""
    evidence: str = ""
    """Digest of the simulation it rests on."""


def stages_in_force(books: Transaction, snapshots: Snapshots) -> Stages:
    """Stages and halts in force; automatic everywhere where none was ever set."""
    kept = books.pointer(POINTER)
    stages = Stages() if kept is None else read_version(snapshots, kept).stages
    return stages.halted_by(halts_in_force(books))


def version_in_force(books: Transaction, snapshots: Snapshots) -> StagesVersion | None:
    """The version in force; None where nobody ever set a stage."""
    kept = books.pointer(POINTER)
    return None if kept is None else read_version(snapshots, kept)


def stage_history(store: Store, snapshots: Snapshots) -> list[StagesVersion]:
    """Every version that ever came into force, oldest first."""
    with store.reading() as books:
        at = books.pointer(POINTER)
    chain = []
    while at:
        chain.append(read_version(snapshots, at))
        at = chain[-1].follows
    return chain[::-1]


def keep_version(
    store: Store, snapshots: Snapshots, version: StagesVersion, seen: str | None, now: datetime
) -> StagesVersion:
    """Put a version in force, if `seen` is what is in force still.

    Raises
    ------
    ConflictError
        If somebody else changed the stages in the meantime.
    """
    kept = snapshots.take(_frames(version))
    with store.transaction() as books:
        point(books, version, seen, kept, now)
    return read_version(snapshots, kept)


def point(books: Transaction, version: StagesVersion, seen: str | None, kept: str, now: datetime) -> None:
    """The same, of a version that is kept already, in a transaction of the caller's."""
    books.repoint(POINTER, seen, kept, now)
    body: dict[str, Any] = {"stage": str(version.stages.routing), "by": version.by, "because": version.because}
    if version.stages.lines:
        body["lines"] = [str(line) for line in version.stages.lines]
    body["snapshot"] = kept
    books.publish([Event(f"roll-out:{rfc3339(now)}:{kept[7:19]}", "RollOutChanged", "roll-out", now, body)])


def before(store: Store, snapshots: Snapshots, *, by: str, because: str, now: datetime) -> tuple[StagesVersion, str]:
    """The version to which one step back leads, not yet kept, and the pointer seen; without one before, shadow.

    Raises
    ------
    StoreError
        If no stage was ever set.
    """
    with store.reading() as books:
        seen = books.pointer(POINTER)
    if seen is None:
        raise StoreError("no roll-out was ever set: every decision is live; set one with `evenstock rollout set`")
    current = read_version(snapshots, seen)
    then = read_version(snapshots, current.previous) if current.previous else None
    stages = then.stages if then is not None else Stages(routing=RollOut(live=False))
    back = StagesVersion(
        stages, by, f"rolled back: {because}", now, "", then.previous if then is not None else "", seen,
        evidence=then.evidence if then is not None else "",
    )  # fmt: skip
    return back, seen


def take(snapshots: Snapshots, version: StagesVersion) -> str:
    """Keep a version without putting it in force; returns its snapshot."""
    return snapshots.take(_frames(version))


def read_version(snapshots: Snapshots, kept: str) -> StagesVersion:
    """Raises StoreError if the snapshot is missing or damaged."""
    frames = snapshots.read(kept)
    row = frames["roll_out"].row(0, named=True)
    at = datetime.fromisoformat(row["since"]) if row["since"] else None
    routing = RollOut(
        row["live"],
        frozenset(filter(None, row["order_classes"].split("\n"))),
        frozenset(NodeId(n) for n in row["nodes"].split("\n") if n),
        row["share_bp"],
        row["by"],
        row["because"],
        at,
        row["previous"],
        kept,
    )
    lines = tuple(_line(line) for line in frames["stages"].iter_rows(named=True)) if "stages" in frames else ()
    deed = frames["deed"].row(0, named=True) if "deed" in frames else {}
    stages = Stages(lines, (), routing, bool(deed.get("asks_evidence", False)))
    return StagesVersion(
        stages, row["by"], row["because"], at, kept, row["previous"], deed.get("follows", row["previous"]),
        bool(deed.get("forced", False)), deed.get("evidence", ""),
    )  # fmt: skip


def _frames(version: StagesVersion) -> dict[str, pl.DataFrame]:
    routing, stages = version.stages.routing, version.stages
    deed = {
        "follows": [version.follows],
        "asks_evidence": [stages.asks_evidence],
        "forced": [version.forced],
        "evidence": [version.evidence],
    }
    return {
        "roll_out": pl.DataFrame(
            {
                "live": [routing.live],
                "order_classes": ["\n".join(sorted(routing.order_classes))],
                "nodes": ["\n".join(sorted(routing.nodes))],
                "share_bp": [routing.share_bp],
                "by": [version.by],
                "because": [version.because],
                "since": [rfc3339(version.at) if version.at else ""],
                "previous": [version.previous],
            }
        ),
        "stages": pl.DataFrame([_row(line) for line in stages.lines], schema=_LINES, orient="row"),
        "deed": pl.DataFrame(deed),
    }


def _row(line: StageLine) -> tuple[Any, ...]:
    scope = line.scope
    return (
        line.stage.value, _joined(kind.value for kind in scope.kinds), _joined(scope.regions), _joined(scope.channels),
        _joined(scope.nodes), _joined(scope.categories), line.share_bp, line.otherwise.value,
        None if line.valid_from == date.min else line.valid_from, None if line.valid_to == date.max else line.valid_to,
        line.pilot, line.by, line.because, rfc3339(line.at) if line.at else "",
    )  # fmt: skip


def _line(row: Mapping[str, Any]) -> StageLine:
    scope = Scope(
        frozenset(map(ActionKind, _parts(row["kinds"]))), frozenset(_parts(row["regions"])),
        frozenset(_parts(row["channels"])), frozenset(map(NodeId, _parts(row["nodes"]))),
        frozenset(_parts(row["categories"])),
    )  # fmt: skip
    return StageLine(
        Stage(row["stage"]), scope, row["share_bp"], Stage(row["otherwise"]), row["valid_from"] or date.min,
        row["valid_to"] or date.max, row["pilot"], row["by"], row["because"],
        datetime.fromisoformat(row["at"]) if row["at"] else None,
    )  # fmt: skip


def _joined(names: Any) -> str:
    return "\n".join(sorted(names))


def _parts(text: str) -> list[str]:
    return [name for name in text.split("\n") if name]


def successor(
    current: StagesVersion | None, stages: Stages, *, by: str, because: str, now: datetime, **said: Any
) -> StagesVersion:
    """A version with these stages after the one in force; not yet kept."""
    seen = current.kept if current is not None else ""
    bare = replace(stages, halts=(), routing=replace(stages.routing, by="", because="", since=None, previous=""))
    return StagesVersion(bare, by, because, now, "", seen, seen, **said)
