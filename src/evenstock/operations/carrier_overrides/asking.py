"""Whether a proposed carrier override may be adopted by whoever adopts it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

from evenstock.domain import RequestState, digest
from evenstock.operations.access.limits import BY_NAME
from evenstock.operations.approvals import NotApprovedError, approved_by
from evenstock.operations.approvals.entitled import require_entitled
from evenstock.operations.approvals.naming import name_of
from evenstock.operations.approvals.requiring import agreeing
from evenstock.operations.autonomy.actor import actor_of
from evenstock.operations.autonomy.in_force import rules_alone
from evenstock.operations.autonomy.intended.carrier_override import KINDS, carrier_override
from evenstock.operations.autonomy.requests import ask_people
from evenstock.operations.carrier_overrides.proposal import Proposal
from evenstock.operations.ports import ConflictError, Snapshots, Store, StoreError, Transaction

PREFIX = "carrier-override"


def may_adopt(
    store: Store, snapshots: Snapshots, proposal: Proposal, weeks: int, by: str, now: datetime
) -> Callable[[Transaction], None]:
    """What is to be done in the transaction that adopts it: where people must agree, `by` agrees, and it is told to the log.

    Raises
    ------
    StoreError
        If rules refuse it. NotApprovedError if others must agree, or more people: the request that says so stays.
    """
    rules = rules_alone(store, snapshots)
    worth = proposal.worth
    about, content = f"{PREFIX}:{proposal.id}", digest([proposal.id, weeks])

    def asked_by_hand(books: Transaction) -> None:
        approved_by(books, about, content, by, now, limits=BY_NAME)

    with store.transaction() as books:
        asking = rules.asking(books, now, KINDS, actor=actor_of(books, by))
        if asking is None:
            return asked_by_hand
        cost = None if worth is None else worth.freight_cents
        action = carrier_override(asking.actor, asking.policy, proposal.failing, cost, weeks, proposal.made_at, now)
        ruled = asking.rule([action], proposal.id)
        if ruled.refused is not None:
            raise StoreError(f"carrier override {proposal.id}: {ruled.refused.because}")
        request = None
        if ruled.asks is not None:
            request = ask_people(
                books, ruled, now, about=about, content_digest=content, proposer="schedule", nodes=action.nodes,
                cents=action.cents or 0, content=json.dumps({"weeks": weeks}),
            )  # fmt: skip
            agree = agreeing(books, request)
            if request.state is RequestState.OPEN:
                require_entitled(books, request, name_of(by), BY_NAME)
    if request is not None and agree + 1 < request.people:
        raise NotApprovedError(
            f"carrier override {proposal.id}: {request.people} people must agree, and {agree} have; each says so of {request.id}"
        )

    def within(books: Transaction) -> None:
        approval = approved_by(books, about, content, by, now, limits=BY_NAME)
        if ruled.asks is not None and approval is None:
            raise ConflictError(f"carrier override {proposal.id}: its approval was used before; ask again")
        ruled.say(books, about, approval.id if approval is not None else "")

    return within
