"""A company whose people may decide different things, and plans of transfers that wait for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from evenstock.domain import CostTerm, NodeId, PlanId, Sku, TransferLine, TransferPlan, Units
from evenstock.operations.access.add_person import AddPerson, add_person
from evenstock.operations.access.grants import grant_of
from evenstock.operations.approvals import Ask, open_request
from evenstock.operations.approvals.plan_content import about_plan, plan_digest, plan_nodes
from evenstock.operations.ports import Store
from evenstock.storage.memory import MemoryStore

NOW = datetime(2026, 11, 20, 14, tzinfo=UTC)
TX, NJ, CA = NodeId("TX"), NodeId("NJ"), NodeId("CA")
PEOPLE = {
    "ana": ("planner", "approver"),
    "bob": ("approver",),
    "cai": ("approver",),
    "dee": ("approver@NJ+TX<=100000",),
    "eva": ("approver@CA",),
    "fay": ("planner",),
    "gus": ("policy_admin",),
    "hal": ("admin", "approver"),
}
"""ana proposes; bob and cai decide anywhere; dee up to 1,000 at two nodes; eva elsewhere; hal manages accounts."""


class Time:
    """A store's clock that a test turns."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **span: float) -> None:
        self.now += timedelta(**span)


def people(store: Store) -> None:
    for name, grants in PEOPLE.items():
        add_person(store, AddPerson(name, name, tuple(map(grant_of, grants)), "", "test"))


def town() -> tuple[MemoryStore, Time]:
    time = Time()
    store = MemoryStore(time)
    people(store)
    return store, time


def plan(
    name: str = "p1", *, units: int = 6, cents: int = 500, origin: NodeId = TX, destination: NodeId = NJ
) -> TransferPlan:
    line = TransferLine(
        Sku("MUG"), origin, destination, Units(units), 9_000, (CostTerm("freight", cents),), 40, 20, 2, 12, "runs out"
    )
    return TransferPlan(PlanId(name), NOW, (), 7, (line,), edited_by="person:ana")


def asked(
    store: Store,
    made: TransferPlan,
    *,
    people: int = 1,
    role: str = "approver",
    proposer: str = "person:ana",
    cents: int | None = None,
) -> str:
    """Keep a plan and ask for its approval; the request's id."""
    with store.transaction() as books:
        if books.plan(made.id) is None:
            books.put_plan(made)
        ask = Ask(
            "transfer", about_plan(made), plan_digest(made), proposer, role, plan_nodes(made),
            made.cost_cents if cents is None else cents, people=people, because="worth more than 1.00",
        )  # fmt: skip
        return open_request(books, ask, NOW).id
