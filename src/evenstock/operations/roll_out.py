"""Where our decisions act and where they only watch: live by order class, node and share, one step back at any time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from evenstock.domain import Event, NodeId, Order, OrderPlan, rfc3339
from evenstock.operations.ports import Snapshots, Store, StoreError, Transaction

POINTER: Final = "roll-out"
ALL_BP: Final = 10_000


@dataclass(frozen=True, slots=True)
class RollOut:
    """Which decisions act. An order outside it is decided in shadow: recorded, compared, nothing reserved."""

    live: bool = True
    """False: every decision is a shadow."""
    order_classes: frozenset[str] = frozenset()
    """Classes whose orders act; none named means all."""
    nodes: frozenset[NodeId] = frozenset()
    """A plan acts if it ships from these alone; none named means all."""
    share_bp: int = ALL_BP
    """Share of orders that act, in hundredths of a percent; which ones follows from their ids and nothing else."""
    by: str = ""
    because: str = ""
    since: datetime | None = None
    previous: str = ""
    """Snapshot of the stage before; empty for the first."""
    digest: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.share_bp <= ALL_BP:
            raise ValueError(f"a roll-out's share is 0 to {ALL_BP} hundredths of a percent, not {self.share_bp}")

    def takes(self, order: Order) -> bool:
        """Whether an order of this class and id acts."""
        return (
            self.live
            and (not self.order_classes or order.order_class in self.order_classes)
            and lot(order.id) < self.share_bp
        )

    def lets(self, plan: OrderPlan) -> bool:
        """Whether a plan from these nodes acts."""
        return not self.nodes or self.nodes.issuperset(plan.nodes)

    def __str__(self) -> str:
        if not self.live:
            return "shadow: decisions are recorded, nothing is reserved"
        parts = []
        if self.order_classes:
            parts.append(f"classes {', '.join(sorted(self.order_classes))}")
        if self.nodes:
            parts.append(f"plans from {', '.join(sorted(self.nodes))} alone")
        if self.share_bp < ALL_BP:
            parts.append(f"{self.share_bp / 100:g} % of orders")
        return f"live for {'; '.join(parts)}" if parts else "live for every order"


def lot(order: str) -> int:
    """A number from 0 to 9,999 that an order draws by its id, the same on every machine.

    Raising the share keeps those that acted before.

    Examples
    --------
    >>> lot("A-1001"), lot("A-1002")
    (7671, 1024)
    """
    return int.from_bytes(hashlib.sha256(f"roll-out:{order}".encode()).digest()[:8], "big") % ALL_BP


def roll_out_in_force(books: Transaction, snapshots: Snapshots) -> RollOut:
    """The stage in force; live for every order where none was ever set."""
    digest = books.pointer(POINTER)
    return RollOut() if digest is None else _read(snapshots, digest)


def set_roll_out(
    store: Store,
    snapshots: Snapshots,
    *,
    live: bool,
    by: str,
    because: str,
    now: datetime,
    order_classes: frozenset[str] = frozenset(),
    nodes: frozenset[NodeId] = frozenset(),
    share_bp: int = ALL_BP,
) -> RollOut:
    """Begin a new stage.

    Raises
    ------
    ValueError
        If the share lies outside 0 to 10,000, or nobody says who and why.
    ConflictError
        If somebody else changed the stage in the meantime.
    """
    if not by or not because:
        raise ValueError("a roll-out says who decided it and why")
    with store.transaction() as books:
        seen = books.pointer(POINTER)
    stage = RollOut(live, order_classes, nodes, share_bp, by, because, now, seen or "")
    return _keep(store, snapshots, stage, seen, now)


def roll_back(store: Store, snapshots: Snapshots, *, by: str, because: str, now: datetime) -> RollOut:
    """Go back to the stage before this one, in one step; without one before, to shadow.

    Raises
    ------
    StoreError
        If no stage was ever set.
    """
    with store.transaction() as books:
        seen = books.pointer(POINTER)
    if seen is None:
        raise StoreError("no roll-out was ever set: every decision is live; set one with `evenstock rollout set`")
    current = _read(snapshots, seen)
    before = _read(snapshots, current.previous) if current.previous else RollOut(live=False)
    stage = RollOut(
        before.live, before.order_classes, before.nodes, before.share_bp, by, f"rolled back: {because}", now,
        before.previous,
    )  # fmt: skip
    return _keep(store, snapshots, stage, seen, now)


def _keep(store: Store, snapshots: Snapshots, stage: RollOut, seen: str | None, now: datetime) -> RollOut:
    digest = snapshots.take({"roll_out": _frame(stage)})
    with store.transaction() as books:
        books.repoint(POINTER, seen, digest, now)
        body = {"stage": str(stage), "by": stage.by, "because": stage.because, "snapshot": digest}
        books.publish([Event(f"roll-out:{rfc3339(now)}:{digest[7:19]}", "RollOutChanged", "roll-out", now, body)])
    return _read(snapshots, digest)


def _frame(stage: RollOut) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "live": [stage.live],
            "order_classes": ["\n".join(sorted(stage.order_classes))],
            "nodes": ["\n".join(sorted(stage.nodes))],
            "share_bp": [stage.share_bp],
            "by": [stage.by],
            "because": [stage.because],
            "since": [rfc3339(stage.since) if stage.since else ""],
            "previous": [stage.previous],
        }
    )


def _read(snapshots: Snapshots, digest: str) -> RollOut:
    row = snapshots.read(digest)["roll_out"].row(0, named=True)
    return RollOut(
        row["live"],
        frozenset(filter(None, row["order_classes"].split("\n"))),
        frozenset(NodeId(n) for n in row["nodes"].split("\n") if n),
        row["share_bp"],
        row["by"],
        row["because"],
        datetime.fromisoformat(row["since"]) if row["since"] else None,
        row["previous"],
        digest,
    )
