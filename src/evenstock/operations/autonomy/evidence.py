"""What a change would have done to recorded orders: found before it comes into force, kept by the digest of the change.

How it is found is none of this layer's business: a simulation hands its result in. Whoever approves the change sees it, and
where the company asks for it nothing comes into force without one of that very change against what is in force.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from math import isnan
from typing import Any, Final

import polars as pl

from evenstock.domain import digest, rfc3339
from evenstock.operations.autonomy.halting import scope_told
from evenstock.operations.autonomy.live_routing import ALL_BP
from evenstock.operations.autonomy.stages import Stages
from evenstock.operations.ports import ConflictError, Snapshots, Store, StoreError, Transaction

ASKED_DAYS: Final = 30
"""Days of orders that a change is tried on."""
_POINTER: Final = "simulated:"
_TRIES: Final = 5


class NotSimulatedError(StoreError):
    """The company asks for a simulation of this change, and there is none."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One side of a simulation: what is in force, or the change."""

    served: int
    unserved: int
    split: int
    """Orders that ship in more than one shipment."""
    asked: int
    """Orders that a person would decide."""
    shadow: int
    """Orders that would be decided in shadow."""
    cents: int
    """Of the orders that both sides serve."""


@dataclass(frozen=True, slots=True)
class Dearer:
    """An order that the change makes dearer."""

    order: str
    cents: int
    """More than now."""
    now: str
    """How it ships now, in words."""
    then: str


@dataclass(frozen=True, slots=True)
class Simulated:
    """A change tried on recorded orders, each beside itself under what is in force."""

    of: str
    """Digest of what would come into force."""
    against: str
    """Digest of what was in force."""
    kind: str
    """`rules`, `stages` or `costs`."""
    first: date
    last: date
    days: int
    """Days of the window on which an order was recorded."""
    orders: int
    left_out: int
    """Orders that nobody could decide about, whatever the rules."""
    now: Tried
    then: Tried
    low_cents: float
    """The change's cost an order, 95 % from here; nan where nothing can be said."""
    high_cents: float
    worst: tuple[Dearer, ...]
    """At most 20, dearest first; orders that would not be served any more stand before all others."""
    notes: tuple[str, ...]
    made_at: datetime
    by: str
    kept: str = ""
    """Snapshot it is kept in."""

    @property
    def difference_cents(self) -> int:
        return self.then.cents - self.now.cents

    @property
    def enough(self) -> bool:
        """Whether orders of every day asked for were there."""
        return self.days >= ASKED_DAYS

    @property
    def sentence(self) -> str:
        """The result in one sentence."""
        both = self.then.cents - self.now.cents
        money = f"{'-' if both < 0 else '+'}{abs(both) // 100}.{abs(both) % 100:02d}"
        said = (
            f"{self.orders} orders of {self.days} days: {money}, "
            f"{self.then.unserved - self.now.unserved:+d} not served, {self.then.split - self.now.split:+d} split, "
            f"{self.then.asked - self.now.asked:+d} asked of people"
        )
        return said if self.enough else f"{said}; only {self.days} days of {ASKED_DAYS} have orders"


def stages_digest(stages: Stages) -> str:
    """Digest of what a version of the stages says, whoever set it and whenever."""
    lines = [
        [
            line.stage,
            scope_told(line.scope),
            line.share_bp,
            line.otherwise if line.share_bp < ALL_BP else line.stage,
            line.valid_from,
            line.valid_to,
        ]
        for line in stages.lines
    ]
    routing = stages.routing
    return digest([lines, routing.live, sorted(routing.order_classes), sorted(routing.nodes), routing.share_bp])


def keep_simulated(store: Store, snapshots: Snapshots, found: Simulated) -> Simulated:
    """Keep a result under the digest of what was tried; a later one takes its place, and this one is kept as well."""
    kept = snapshots.take(_frames(found))
    for tried in range(_TRIES):
        with store.reading() as books:
            seen = books.pointer(_POINTER + found.of)
        try:
            with store.transaction() as books:
                books.repoint(_POINTER + found.of, seen, kept, found.made_at)
            break
        except ConflictError:
            if tried == _TRIES - 1:
                raise
    return read_simulated(snapshots, kept)


def simulated(books: Transaction, snapshots: Snapshots, of: str) -> Simulated | None:
    """The latest simulation of this very change; None where there is none."""
    kept = books.pointer(_POINTER + of)
    return None if kept is None else read_simulated(snapshots, kept)


def require_simulated(found: Simulated | None, *, of: str, against: str, how: str) -> None:
    """Refuse a change that was not tried against what is in force.

    Parameters
    ----------
    how
        What to do, such as the command that tries it.

    Raises
    ------
    NotSimulatedError
        If there is no simulation of it, or what is in force has changed since.
    """
    if found is None:
        raise NotSimulatedError(
            f"no simulation of {of[:19]} is kept, and this company asks for one; {how}, or force it and say why"
        )
    if found.against != against:
        raise NotSimulatedError(
            f"{of[:19]} was tried against {found.against[:19]}, and {against[:19]} is in force by now; {how} again"
        )


def simulated_told(found: Simulated) -> dict[str, Any]:
    """A simulation as a document."""
    said = asdict(found) | {"first": found.first.isoformat(), "last": found.last.isoformat()}
    for name in ("low_cents", "high_cents"):
        said[name] = None if isnan(said[name]) else said[name]
    said["made_at"] = rfc3339(found.made_at)
    said["worst"] = [asdict(one) for one in found.worst]
    said["notes"] = list(found.notes)
    return said | {"difference_cents": found.difference_cents, "enough": found.enough, "sentence": found.sentence}


_SIDE: Final = ("served", "unserved", "split", "asked", "shadow", "cents")


def _frames(found: Simulated) -> dict[str, pl.DataFrame]:
    row = {
        "of": found.of, "against": found.against, "kind": found.kind, "first": found.first, "last": found.last,
        "days": found.days, "orders": found.orders, "left_out": found.left_out, "low_cents": found.low_cents,
        "high_cents": found.high_cents, "made_at": rfc3339(found.made_at), "by": found.by,
        "notes": "\n".join(found.notes),
    }  # fmt: skip
    sides = [
        {"side": side, **{name: getattr(tried, name) for name in _SIDE}}
        for side, tried in (("now", found.now), ("then", found.then))
    ]
    schema = {"order": pl.String, "cents": pl.Int64, "now": pl.String, "then": pl.String}
    worst = pl.DataFrame([(one.order, one.cents, one.now, one.then) for one in found.worst], schema, orient="row")
    return {"simulated": pl.DataFrame([row]), "sides": pl.DataFrame(sides), "worst": worst}


def read_simulated(snapshots: Snapshots, kept: str) -> Simulated:
    """Raises StoreError if the snapshot is missing, damaged or no simulation."""
    frames = snapshots.read(kept)
    if "simulated" not in frames:
        raise StoreError(f"snapshot {kept} keeps {', '.join(sorted(frames))}: that is no simulation of a change")
    row = frames["simulated"].row(0, named=True)
    sides = {side.pop("side"): Tried(**side) for side in frames["sides"].iter_rows(named=True)}
    worst = tuple(Dearer(*one) for one in frames["worst"].iter_rows())
    return Simulated(
        row["of"], row["against"], row["kind"], row["first"], row["last"], row["days"], row["orders"], row["left_out"],
        sides["now"], sides["then"], row["low_cents"], row["high_cents"], worst,
        tuple(filter(None, row["notes"].split("\n"))), datetime.fromisoformat(row["made_at"]), row["by"], kept,
    )  # fmt: skip
