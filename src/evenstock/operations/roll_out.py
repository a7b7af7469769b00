"""Where our decisions act and where they only watch: live by order class, node and share, one step back at any time.

It is the part of the stages (`operations.autonomy`) that speaks of routing, kept in the same versions: changing it leaves
the stages of everything else as they are, and one step back leads to the version before of all of them.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from evenstock.domain import NodeId
from evenstock.operations.autonomy.keeping import POINTER, before, keep_version, version_in_force
from evenstock.operations.autonomy.live_routing import ALL_BP, RollOut, lot
from evenstock.operations.autonomy.set_stage import change_stages
from evenstock.operations.ports import Snapshots, Store, Transaction

__all__ = ["ALL_BP", "POINTER", "RollOut", "lot", "roll_back", "roll_out_in_force", "set_roll_out"]


def roll_out_in_force(books: Transaction, snapshots: Snapshots) -> RollOut:
    """The stage in force; live for every order where none was ever set."""
    version = version_in_force(books, snapshots)
    return RollOut() if version is None else version.stages.routing


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
    force: bool = False,
) -> RollOut:
    """Begin a new stage of routing.

    Raises
    ------
    ValueError
        If the share lies outside 0 to 10,000, or nobody says who and why.
    NotSimulatedError
        If the company asks for a simulation of a wider stage, and there is none of this one; `force` goes on without.
    ConflictError
        If somebody else changed the stage in the meantime.
    """
    routing = RollOut(live, order_classes, nodes, share_bp)
    version = change_stages(
        store, snapshots, lambda stages: replace(stages, routing=routing), by=by, because=because, now=now, force=force
    )
    return version.stages.routing


def roll_back(store: Store, snapshots: Snapshots, *, by: str, because: str, now: datetime) -> RollOut:
    """Go back to the stages before these, in one step; without any before, to shadow.

    Raises
    ------
    StoreError
        If no stage was ever set.
    """
    version, seen = before(store, snapshots, by=by, because=because, now=now)
    return keep_version(store, snapshots, version, seen, now).stages.routing
