"""The weights of decisions, the company's costs, as versions: laid over the imported table, one step back at any time.

Each version is a snapshot that never changes and says every amount that differs from the imported table; one pointer says
which is in force. A table imported later keeps standing under it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Final

import polars as pl

from evenstock.domain import Costs, Event, digest, refuse_naive, rfc3339
from evenstock.operations.autonomy.evidence import require_simulated, simulated
from evenstock.operations.autonomy.keeping import stages_in_force
from evenstock.operations.network import costs_from_frame
from evenstock.operations.ports import Snapshots, Store, StoreError, Transaction
from evenstock.operations.rates.in_force import over, typed

POINTER: Final = "cost versions"
NAMES: Final = tuple(field.name for field in fields(Costs))
TRY: Final = "try it with `evenstock autonomy simulate --cost NAME=AMOUNT`"
_AMOUNTS: Final[dict[str, pl.DataType | type[pl.DataType]]] = {"cost": pl.String, "amount": pl.Int64}


@dataclass(frozen=True, slots=True)
class CostVersion:
    """Amounts laid over the imported ones, from when, by whom and why."""

    amounts: Mapping[str, int]
    by: str
    because: str
    at: datetime
    kept: str = ""
    previous: str = ""
    """Snapshot to which a roll-back returns; empty for the imported table."""
    follows: str = ""
    """Snapshot of the version before this one."""
    forced: bool = False
    """Whether it was set without the simulation that the company asks for."""
    evidence: str = ""
    """Snapshot of the simulation it rests on."""


def costs_in_force(books: Transaction, snapshots: Snapshots) -> CostVersion | None:
    """The version in force; None where the imported table holds by itself."""
    kept = books.pointer(POINTER)
    return None if kept is None else read_costs(snapshots, kept)


def with_costs(frames: Mapping[str, pl.DataFrame], version: CostVersion | None) -> dict[str, pl.DataFrame]:
    """The network's tables with the version's amounts over its costs."""
    found = dict(frames)
    if version is None or not version.amounts:
        return found
    ours = pl.DataFrame(sorted(version.amounts.items()), schema=_AMOUNTS, orient="row")
    theirs = frames.get("costs")
    found["costs"] = typed("costs", ours) if theirs is None else over("costs", theirs, ours)
    return found


def amounts_digest(version: CostVersion) -> str:
    """Digest of what a version lays over the imported table, whoever set it: rolled back to, it is the same again."""
    return digest(["amounts", sorted(version.amounts.items())])


def costs_digest(costs: Costs) -> str:
    """Digest of every amount that counts."""
    return digest(["costs", asdict(costs)])


def changed_costs(frames: Mapping[str, pl.DataFrame], version: CostVersion | None, changes: Mapping[str, int]) -> Costs:
    """The costs in force with these changes.

    Raises
    ------
    ValueError
        If there is no such cost, or an amount is none that it can be.
    """
    strange = sorted(set(changes) - set(NAMES))
    if strange:
        raise ValueError(f"there is no cost {strange[0]!r}; there is {', '.join(NAMES)}")
    return Costs(**{**asdict(costs_of(frames, version)), **changes})


def costs_of(frames: Mapping[str, pl.DataFrame], version: CostVersion | None) -> Costs:
    """Costs of the network's imported tables with a version's over them."""
    table = with_costs(frames, version).get("costs")
    return Costs() if table is None else costs_from_frame(table)


def set_costs(
    store: Store,
    snapshots: Snapshots,
    changes: Mapping[str, int],
    *,
    by: str,
    because: str,
    now: datetime,
    force: bool = False,
) -> CostVersion:
    """Lay amounts over the imported ones from now on; amounts set before and not named stay.

    Raises
    ------
    ValueError
        If nobody says who and why, there is no such cost, or an amount is none that it can be.
    StoreError
        If there is no network.
    NotSimulatedError
        If the company asks for a simulation of this very change, and there is none; `force` goes on without.
    ConflictError
        If somebody else changed the costs in the meantime.
    """
    refuse_naive(now, "now")
    if not by.strip() or not because.strip():
        raise ValueError("costs change by somebody and for a reason: say who and why")
    if not changes:
        raise ValueError("name at least one cost and its amount")
    with store.reading() as books:
        current, network = costs_in_force(books, snapshots), books.pointer("network")
        if network is None:
            raise StoreError("no network yet: import it first; its table costs lies under what is set here")
        frames = snapshots.read(network)
        wanted, now_in_force = changed_costs(frames, current, changes), costs_of(frames, current)
        asked = stages_in_force(books, snapshots).asks_evidence
        found = simulated(books, snapshots, costs_digest(wanted))
    if asked and not force:
        require_simulated(found, of=costs_digest(wanted), against=costs_digest(now_in_force), how=TRY)
    seen = current.kept if current is not None else ""
    amounts = {**(current.amounts if current is not None else {}), **changes}
    version = CostVersion(
        amounts, by.strip(), because.strip(), now, "", seen, seen, forced=asked and force and found is None,
        evidence=found.kept if found is not None else "",
    )  # fmt: skip
    return keep_costs(store, snapshots, version)


def roll_back_costs(store: Store, snapshots: Snapshots, *, by: str, because: str, now: datetime) -> CostVersion:
    """Return to the costs before these, in one step; in the end to the imported table.

    Raises
    ------
    StoreError
        If the imported table holds already.
    """
    with store.reading() as books:
        current = costs_in_force(books, snapshots)
    if current is None or not (current.amounts or current.previous):
        raise StoreError("no costs were set here to roll back: the imported table holds already")
    return keep_costs(store, snapshots, back_to(current, current.previous, snapshots, by=by, because=because, now=now))


def back_to(
    current: CostVersion, kept: str, snapshots: Snapshots, *, by: str, because: str, now: datetime
) -> CostVersion:
    """The version that takes costs back to what a snapshot says, or to the imported table; not yet kept."""
    before = read_costs(snapshots, kept) if kept else None
    amounts = before.amounts if before is not None else {}
    return CostVersion(
        amounts, by, f"rolled back: {because}", now, "", before.previous if before is not None else "", current.kept
    )


def cost_history(store: Store, snapshots: Snapshots) -> list[CostVersion]:
    """Every version that ever came into force, oldest first."""
    with store.reading() as books:
        at = books.pointer(POINTER)
    chain = []
    while at:
        chain.append(read_costs(snapshots, at))
        at = chain[-1].follows
    return chain[::-1]


def keep_costs(store: Store, snapshots: Snapshots, version: CostVersion) -> CostVersion:
    """Put a version in force, if the one it follows is in force still. Raises ConflictError where it is not."""
    said = {name: [getattr(version, name)] for name in ("by", "because", "previous", "follows", "forced", "evidence")}
    kept = snapshots.take(
        {
            "cost_version": pl.DataFrame({**said, "at": [rfc3339(version.at)]}),
            "amounts": pl.DataFrame(sorted(version.amounts.items()), schema=_AMOUNTS, orient="row"),
        }
    )
    body = {"amounts": dict(sorted(version.amounts.items())), "by": version.by, "because": version.because}
    with store.transaction() as books:
        books.repoint(POINTER, version.follows or None, kept, version.at)
        name = f"costs:{rfc3339(version.at)}:{kept[7:19]}"
        books.publish([Event(name, "CostsChanged", "costs", version.at, {**body, "snapshot": kept})])
    return replace(version, kept=kept)


def read_costs(snapshots: Snapshots, kept: str) -> CostVersion:
    """Raises StoreError if the snapshot is missing or damaged."""
    frames = snapshots.read(kept)
    row = frames["cost_version"].row(0, named=True)
    at = datetime.fromisoformat(row.pop("at"))
    return CostVersion(amounts=dict(frames["amounts"].iter_rows()), at=at, kept=kept, **row)
