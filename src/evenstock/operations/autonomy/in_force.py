"""The rules and stages in force, for an operation that has nothing else of the company at hand."""

from __future__ import annotations

from datetime import date

from evenstock.operations.autonomy.governance import Governance
from evenstock.operations.autonomy.keeping import stages_in_force
from evenstock.operations.autonomy.stages import EVERYWHERE
from evenstock.operations.company import Company, NothingImportedError
from evenstock.operations.ports import Snapshots, Store
from evenstock.operations.rulebook import compile_with, network_frames, policy_in_force


def rules_alone(store: Store, snapshots: Snapshots) -> Governance:
    """Rules and stages without anything else of the company: no feed's age is known. Raises StoreError if there is no network."""
    frames = network_frames(store, snapshots)
    with store.reading() as books:
        policy = compile_with(policy_in_force(books, snapshots, frames), frames)
        staged = stages_in_force(books, snapshots)
    policy.staged = staged if staged != EVERYWHERE else None
    return Governance(policy)


def governance_in_force(store: Store, snapshots: Snapshots, on: date) -> Governance | None:
    """None where no network was imported: then there are no rules either."""
    try:
        return Governance.of(Company.load(store, snapshots, on))
    except NothingImportedError:
        return None
