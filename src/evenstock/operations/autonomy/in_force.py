"""The rules and stages in force, for an operation that has nothing else of the company at hand."""

from __future__ import annotations

from datetime import date

from evenstock.operations.autonomy.governance import Governance
from evenstock.operations.company import Company, NothingImportedError
from evenstock.operations.ports import Snapshots, Store


def governance_in_force(store: Store, snapshots: Snapshots, on: date) -> Governance | None:
    """None where no network was imported: then there are no rules either."""
    try:
        return Governance.of(Company.load(store, snapshots, on))
    except NothingImportedError:
        return None
