"""A version of the rules: its content is the snapshot it is kept in, its proposer whoever proposed it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from evenstock.domain import ApprovalRequest, Refuse, Role
from evenstock.operations.approvals.asking import Ask
from evenstock.operations.approvals.carrying_out import Place
from evenstock.operations.autonomy.evidence import simulated
from evenstock.operations.ports import StoreError
from evenstock.operations.rulebook import activate_rules, version_of

PREFIX: Final = "rules"


def ask(place: Place, name: str) -> Ask:
    """With the simulation of these rules, where one was made."""
    version = version_of(place.store, place.snapshots, name)
    with place.store.reading() as books:
        tried = simulated(books, place.snapshots, version.policy.digest())
    evidence = (("policy", version.policy.digest()), *((("simulation", tried.kept),) if tried is not None else ()))
    return Ask(
        "change_rules", f"{PREFIX}:{version.id}", version.kept, version.by, Role.APPROVER.value, evidence=evidence
    )


def carry_out(place: Place, request: ApprovalRequest, by: str, now: datetime) -> str:
    """Put it in force. Raises StoreError where the rules cannot be used, or contradict themselves."""
    name = request.about.removeprefix(f"{PREFIX}:")
    done = activate_rules(place.store, place.snapshots, name, by=by, because=f"approved in {request.id}", now=now)
    if done.activation is None:
        verdict = done.checked.verdict
        raise StoreError(f"rules {name}: {verdict.because if isinstance(verdict, Refuse) else 'they cannot be used'}")
    return f"rules {name} are in force"
