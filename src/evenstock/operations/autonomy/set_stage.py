"""Sets how far software may go in a scope: a new version of the stages, in force from the next decision on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

from evenstock.domain import refuse_naive
from evenstock.operations.autonomy.evidence import require_simulated, simulated, stages_digest
from evenstock.operations.autonomy.keeping import StagesVersion, keep_version, successor, take, version_in_force
from evenstock.operations.autonomy.stages import Scope, StageLine, Stages
from evenstock.operations.autonomy.widening import wider
from evenstock.operations.ports import Snapshots, Store, StoreError, Transaction
from evenstock.policy import CompiledPolicy

Change = Callable[[Stages], Stages]
TRY: Final = "try it with `evenstock autonomy simulate`"


def set_stage(
    store: Store,
    snapshots: Snapshots,
    line: StageLine,
    *,
    by: str,
    because: str,
    now: datetime,
    policy: CompiledPolicy | None = None,
    force: bool = False,
) -> StagesVersion:
    """Put a line in force; one of the same scope that begins on the same day is replaced, one that began before holds till then.

    Parameters
    ----------
    policy
        Names of nodes, regions and categories are held against it; without one they are taken as given.
    force
        Without the simulation that the company asks for of a wider stage; it stays on record.

    Raises
    ------
    ValueError
        If nobody says who and why, or a name is none of the network's.
    NotSimulatedError
        If the company asks for a simulation of this very change, and there is none.
    ConflictError
        If somebody else changed the stages in the meantime.
    """
    said = replace(line, by=by.strip(), because=because.strip(), at=now)
    if policy is not None:
        refuse_strange(line.scope, policy)

    def changed(stages: Stages) -> Stages:
        return with_line(stages, said)

    return change_stages(store, snapshots, changed, by=by, because=because, now=now, force=force)


def end_stage(
    store: Store, snapshots: Snapshots, scope: Scope, *, by: str, because: str, now: datetime, force: bool = False
) -> StagesVersion:
    """Take every line of a scope away: what is less specific decides there again.

    Raises
    ------
    StoreError
        If no line has this scope; else as `set_stage`.
    """

    def changed(stages: Stages) -> Stages:
        kept = tuple(line for line in stages.lines if line.scope != scope)
        if len(kept) == len(stages.lines):
            there = "; ".join(str(line.scope) for line in stages.lines) or "none"
            raise StoreError(f"no stage was set for {scope}; set: {there}")
        return replace(stages, lines=kept)

    return change_stages(store, snapshots, changed, by=by, because=because, now=now, force=force)


def ask_for_evidence(
    store: Store, snapshots: Snapshots, *, asks: bool, by: str, because: str, now: datetime
) -> StagesVersion:
    """From now on a wider stage, and other rules, come into force only with a simulation of that change; or no longer."""
    return change_stages(
        store, snapshots, lambda stages: replace(stages, asks_evidence=asks), by=by, because=because, now=now,
        force=True,
    )  # fmt: skip


def change_stages(
    store: Store,
    snapshots: Snapshots,
    changed: Change,
    *,
    by: str,
    because: str,
    now: datetime,
    force: bool = False,
) -> StagesVersion:
    """Put what `changed` makes of the stages in force into force."""
    version, seen = _prepared(store, snapshots, changed, by=by, because=because, now=now, force=force)
    return keep_version(store, snapshots, version, seen, now)


def propose_stage(
    store: Store,
    snapshots: Snapshots,
    line: StageLine,
    *,
    by: str,
    because: str,
    now: datetime,
    policy: CompiledPolicy | None = None,
) -> str:
    """Keep the stages with this line as a version that is not in force, for people to agree to; returns its snapshot.

    It comes into force when a request about `stages:SNAPSHOT` is approved and carried out, unless others came into force in
    the meantime.

    Raises
    ------
    ValueError, NotSimulatedError
        As `set_stage`: what could not come into force need not be asked about.
    """
    if policy is not None:
        refuse_strange(line.scope, policy)
    said = replace(line, by=by.strip(), because=because.strip(), at=now)

    def changed(stages: Stages) -> Stages:
        return with_line(stages, said)

    version, _ = _prepared(store, snapshots, changed, by=by, because=because, now=now, force=False)
    return take(snapshots, version)


def _prepared(
    store: Store, snapshots: Snapshots, changed: Change, *, by: str, because: str, now: datetime, force: bool
) -> tuple[StagesVersion, str | None]:
    """The version that would follow, with the simulation it rests on, and the pointer seen."""
    refuse_naive(now, "now")
    if not by.strip() or not because.strip():
        raise ValueError("a roll-out says who decided it and why")
    with store.reading() as books:
        current = version_in_force(books, snapshots)
        stages = current.stages if current is not None else Stages()
        wanted = changed(stages)
        missing = "" if not wider(stages, wanted) else _evidence(books, snapshots, stages, wanted, force=force)
    version = successor(
        current, wanted, by=by.strip(), because=because.strip(), now=now, evidence=missing,
        forced=force and stages.asks_evidence and not missing and wider(stages, wanted),
    )  # fmt: skip
    return version, current.kept if current is not None else None


def with_line(stages: Stages, line: StageLine) -> Stages:
    """The stages with a line in the place of the one of its scope that begins on the same day."""
    kept = [there for there in stages.lines if (there.scope, there.valid_from) != (line.scope, line.valid_from)]
    return replace(stages, lines=(*kept, line))


def _evidence(books: Transaction, snapshots: Snapshots, stages: Stages, wanted: Stages, *, force: bool) -> str:
    """Digest of the simulation of this change; empty where there is none and none is needed."""
    found = simulated(books, snapshots, stages_digest(wanted))
    if stages.asks_evidence and not force:
        require_simulated(found, of=stages_digest(wanted), against=stages_digest(stages), how=TRY)
    return found.kept if found is not None else ""


def refuse_strange(scope: Scope, policy: CompiledPolicy) -> None:
    """Raise ValueError for a node, region or category of a scope that the network and its policy do not have."""
    network = policy.network
    named = {region.name for part in policy.parts if (region := part.ruling.region()) is not None}
    there: tuple[tuple[str, Iterable[str], set[str]], ...] = (
        ("node", scope.nodes, {str(node.id) for node in network.nodes}),
        ("region", scope.regions, named | {node.country for node in network.nodes}),
        ("category", scope.categories, {item.category for item in network.items.values()}),
    )
    for word, names, known in there:
        strange = sorted(set(map(str, names)) - known)
        if strange:
            raise ValueError(f"{strange[0]} is no {word} of this network; there is {', '.join(sorted(known)[:20])}")
