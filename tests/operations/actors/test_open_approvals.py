"""What somebody proposed, or agreed to, is not carried out while he is quarantined."""

from __future__ import annotations

import pytest
from tests.operations.approvals.town import NOW, asked, plan, town

from evenstock.domain import RequestState, Says
from evenstock.operations.actors.quarantine import Because, quarantine, release
from evenstock.operations.actors.standing import Aspect
from evenstock.operations.approvals import NotApprovedError, require_approved, vote
from evenstock.operations.approvals.plan_content import about_plan, plan_digest


@pytest.mark.parametrize("who", ["ana", "bob"])
def test_an_approval_stands_still_while_its_proposer_or_a_voter_is_quarantined(who: str) -> None:
    store, _ = town()
    made = plan()
    request = asked(store, made)
    vote(store, request, "person:bob", Says.APPROVE, "", plan_digest(made), NOW)
    quarantine(store, f"person:{who}", Because(Aspect.RATE, "made 412 adjustments in ten minutes"))
    with store.transaction() as books, pytest.raises(NotApprovedError, match=f"person:{who} is quarantined"):
        require_approved(books, about_plan(made), plan_digest(made))
    release(store, f"person:{who}", "person:hal", "looked at")
    with store.transaction() as books:
        assert require_approved(books, about_plan(made), plan_digest(made)).state is RequestState.EXECUTED


def test_others_approvals_go_on() -> None:
    store, _ = town()
    made = plan()
    request = asked(store, made)
    vote(store, request, "person:bob", Says.APPROVE, "", plan_digest(made), NOW)
    quarantine(store, "person:cai", Because(Aspect.RATE, "x"))
    with store.transaction() as books:
        assert require_approved(books, about_plan(made), plan_digest(made)).state is RequestState.EXECUTED
