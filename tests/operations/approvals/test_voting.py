"""Who may decide what, how often, until when; and nothing is done that was not approved as it stands."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from tests.operations.approvals.town import CA, NJ, NOW, TX, Time, asked, plan, town

from evenstock.domain import NodeId, PlanState, RequestState, Says
from evenstock.operations.access.limits import BY_NAME, Limits, OverLimitError
from evenstock.operations.approvals import (
    Ask,
    NotApprovedError,
    Voted,
    open_request,
    require_approved,
    void_request,
    vote,
)
from evenstock.operations.approvals.carrying_out import Place, carry_out, subjects
from evenstock.operations.approvals.delegation import Delegation, delegate, delegations, end_delegation
from evenstock.operations.approvals.due import see_to_due
from evenstock.operations.approvals.entitled import NotEntitledError
from evenstock.operations.approvals.inbox import inbox
from evenstock.operations.approvals.plan_content import about_plan, plan_digest
from evenstock.operations.approvals.voting import Row, vote_many
from evenstock.operations.ports import ConflictError, Store, StoreError
from evenstock.operations.transfers import approve_plan, reject_plan
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

TODAY = NOW.date()
CONTENT = plan_digest(plan())


@pytest.fixture
def made() -> tuple[MemoryStore, Time]:
    return town()


def agree(store: Store, request: str, by: str, content: str = CONTENT, *, for_: str = "", no: bool = False) -> Voted:
    says = Says.REFUSE if no else Says.APPROVE
    return vote(store, request, by, says, "no" if no else "", content, NOW, on_behalf_of=for_)


def facts(store: Store) -> list[str]:
    with store.transaction() as books:
        return [fact.kind for fact in books.outbox(1_000) if fact.kind.startswith("Approval")]


def state(store: Store, request: str) -> RequestState:
    with store.reading() as books:
        found = books.approval_request(request)
    assert found is not None
    return found.state


def released(store: Store) -> bool:
    with store.reading() as books:
        found = books.plan(plan().id)
        assert found is not None
        assert (found.state is PlanState.APPROVED) == bool(books.transfers())
        return found.state is PlanState.APPROVED


# --- four eyes -------------------------------------------------------------------------------------------------------
def test_two_people_agree_then_the_plan_is_carried_out_once(made: tuple[MemoryStore, Time]) -> None:
    store, _ = made
    request = asked(store, plan(), people=2)
    assert agree(store, request, "person:bob").agree == 1
    with pytest.raises(NotApprovedError, match=r"waits for its approval: 1 of 2 people agreed"):
        approve_plan(store, plan().id, TODAY, "person:bob", NOW)
    assert not released(store)
    done = agree(store, request, "person:cai")
    assert (done.agree, done.request.state) == (2, RequestState.APPROVED)
    place = Place(store, SnapshotFolder.__new__(SnapshotFolder))
    assert carry_out(place, request, "person:cai", NOW) == "plan p1: 1 transfer released"
    assert released(store)
    assert state(store, request) is RequestState.EXECUTED
    assert carry_out(place, request, "person:cai", NOW) == "plan:p1 was carried out before"
    assert facts(store) == ["ApprovalRequested", "ApprovalGiven"]


def test_whoever_approves_the_plan_is_the_last_who_agrees(made: tuple[MemoryStore, Time]) -> None:
    store, _ = made
    request = asked(store, plan(), people=2)
    agree(store, request, "person:bob")
    approve_plan(store, plan().id, TODAY, "person:cai", NOW)
    assert released(store)
    with store.reading() as books:
        assert [one.person for one in books.votes(request)] == ["person:bob", "person:cai"]


@pytest.mark.parametrize("by", ["person:ana", "ana", " ANA "])
def test_nobody_approves_his_own_under_any_spelling(made: tuple[MemoryStore, Time], by: str) -> None:
    store, _ = made
    request = asked(store, plan())
    with pytest.raises(ConflictError, match="was proposed by person:ana"):
        agree(store, request, by)
    with pytest.raises(ConflictError, match="was proposed by person:ana"):
        approve_plan(store, plan().id, TODAY, by, NOW)
    assert not released(store)


def test_where_nobody_asked_for_an_approval_a_plan_is_approved_as_ever(made: tuple[MemoryStore, Time]) -> None:
    store, _ = made
    with store.transaction() as books:
        books.put_plan(plan())
    approve_plan(store, plan().id, TODAY, "person:ana", NOW)
    assert released(store)
    assert facts(store) == []


@pytest.mark.parametrize(
    ("by", "error", "told"),
    [
        ("person:dee", OverLimitError, r"worth 5,000.00; you may approve up to 1,000.00 at NJ"),
        ("person:eva", NotEntitledError, "does not decide at NJ"),
        ("person:fay", NotEntitledError, "is no approver"),
        ("person:hal", NotEntitledError, "administrator of accounts"),
        ("person:zoe", NotEntitledError, "has no account"),
        ("key:ek_1", NotEntitledError, "has no account"),
        ("person:gus", NotEntitledError, "is no approver"),
    ],
)
def test_only_the_role_asked_at_each_node_and_up_to_its_money_decides(
    made: tuple[MemoryStore, Time], by: str, error: type[Exception], told: str
) -> None:
    store, _ = made
    request = asked(store, plan(), cents=500_000)
    with pytest.raises((error, ValueError), match=rf"{told}|only people can"):
        agree(store, request, by)
    assert state(store, request) is RequestState.OPEN


def test_without_any_account_the_command_line_decides_by_name(memory: Store) -> None:
    request = asked(memory, plan(), people=2)
    agree(memory, request, "Bob")
    with pytest.raises(ConflictError, match="person:bob voted before"):
        vote(memory, request, "person:bob", Says.REFUSE, "on second thought", CONTENT, NOW)
    assert agree(memory, request, "Cai").request.state is RequestState.APPROVED


def test_a_vote_sent_again_counts_once(made: tuple[MemoryStore, Time]) -> None:
    store, _ = made
    request = asked(store, plan(), people=2)
    assert not agree(store, request, "person:bob").repeated
    again = agree(store, request, "person:bob")
    assert (again.repeated, again.agree, again.request.state) == (True, 1, RequestState.OPEN)


# --- what changes, voids ---------------------------------------------------------------------------------------------
def test_asked_again_about_the_same_it_is_the_same_request_and_about_another_a_new_one(
    made: tuple[MemoryStore, Time],
) -> None:
    store, _ = made
    first = asked(store, plan())
    agree(store, first, "person:bob")
    assert asked(store, plan()) == first
    second = asked(store, plan(units=7))
    assert second != first
    assert state(store, first) is RequestState.VOIDED
    more = asked(store, plan(units=7), people=2)
    assert state(store, second) is RequestState.VOIDED
    with pytest.raises(ConflictError, match="asks for another content"):
        agree(store, more, "person:bob", CONTENT)
    assert facts(store) == [
        "ApprovalRequested",
        "ApprovalGiven",
        "ApprovalVoided",
        *["ApprovalRequested", "ApprovalVoided"],
        "ApprovalRequested",
    ]


def test_an_approval_of_other_content_carries_nothing_out(made: tuple[MemoryStore, Time]) -> None:
    store, _ = made
    request = asked(store, plan())
    with store.transaction() as books:
        void_request(books, "plan:p1", NOW)
        ask = Ask("transfer", "plan:p1", "sha256:other", "person:ana", "approver", (NJ, TX))
        request = open_request(books, ask, NOW).id
    agree(store, request, "person:bob", "sha256:other")
    with pytest.raises(NotApprovedError, match="was changed since"):
        approve_plan(store, plan().id, TODAY, "person:cai", NOW)
    assert not released(store)


def test_what_was_refused_is_not_asked_again_before_it_changes(made: tuple[MemoryStore, Time]) -> None:
    store, _ = made
    request = asked(store, plan())
    with pytest.raises(ValueError, match="say why it is refused"):
        vote(store, request, "person:bob", Says.REFUSE, "  ", CONTENT, NOW)
    agree(store, request, "person:bob", no=True)
    with pytest.raises(NotApprovedError, match="plan:p1 was refused"):
        asked(store, plan())
    with pytest.raises(NotApprovedError, match="is refused"):
        approve_plan(store, plan().id, TODAY, "person:cai", NOW)
    assert not released(store)
    assert asked(store, plan(units=7)) != request


def test_a_rejected_plan_has_no_request(made: tuple[MemoryStore, Time]) -> None:
    store, _ = made
    request = asked(store, plan())
    reject_plan(store, plan().id, "person:bob", "not now", NOW)
    assert state(store, request) is RequestState.VOIDED
    with pytest.raises(ConflictError, match="is voided: nobody votes"):
        agree(store, request, "person:cai")


def test_nothing_is_approved_that_nobody_asked_for(made: tuple[MemoryStore, Time]) -> None:
    store, _ = made
    with store.transaction() as books, pytest.raises(NotApprovedError, match="nobody asked for one"):
        require_approved(books, "plan:p9", "sha256:1")


# --- time ------------------------------------------------------------------------------------------------------------
def test_after_the_deadline_another_role_may_decide_too_told_once(made: tuple[MemoryStore, Time]) -> None:
    store, time = made
    request = asked(store, plan())
    assert see_to_due(store, NOW) == 0
    time.pass_by(hours=24)
    assert (see_to_due(store, NOW), see_to_due(store, NOW)) == (1, 0)
    assert facts(store).count("ApprovalEscalated") == 1
    assert agree(store, request, "person:gus").request.state is RequestState.APPROVED


def test_after_its_time_it_expires_whatever_the_caller_thinks_the_time_is(made: tuple[MemoryStore, Time]) -> None:
    store, time = made
    request = asked(store, plan())
    agree(store, request, "person:bob")
    time.pass_by(days=3)
    with pytest.raises(NotApprovedError, match="expired"):
        approve_plan(store, plan().id, TODAY, "person:cai", NOW)
    assert not released(store)
    assert see_to_due(store, NOW) == 1
    assert state(store, request) is RequestState.EXPIRED
    with pytest.raises(NotApprovedError, match="is expired"):
        approve_plan(store, plan().id, TODAY, "person:cai", NOW)
    again = asked(store, plan())
    assert again != request
    agree(store, again, "person:bob")
    approve_plan(store, plan().id, TODAY, "person:cai", NOW)
    assert released(store)


# --- delegation ------------------------------------------------------------------------------------------------------
def lent(
    store: Store,
    giver: str,
    taker: str,
    *,
    nodes: tuple[NodeId, ...] = (),
    limit: int | None = None,
    first: date = TODAY,
    days: int = 5,
) -> Delegation:
    wanted = Delegation(
        f"person:{giver}", f"person:{taker}", first, first + timedelta(days=days), "on leave", nodes, limit
    )
    return delegate(store, wanted, NOW, BY_NAME)


def test_a_delegate_decides_for_the_giver_and_both_are_one_vote(made: tuple[MemoryStore, Time]) -> None:
    store, _ = made
    request = asked(store, plan(), people=2)
    with pytest.raises(NotEntitledError, match="person:bob has not delegated to person:fay"):
        agree(store, request, "person:fay", for_="bob")
    lent(store, "bob", "fay")
    done = agree(store, request, "person:fay", for_="bob")
    assert (done.vote.person, done.vote.voter, done.agree) == ("person:bob", "person:fay", 1)
    with pytest.raises(ConflictError, match="person:bob voted before"):
        agree(store, request, "person:bob")
    lent(store, "cai", "fay")
    with pytest.raises(ConflictError, match="person:fay voted before"):
        agree(store, request, "person:fay", for_="cai")
    assert agree(store, request, "person:cai").request.state is RequestState.APPROVED


def test_the_proposer_decides_for_nobody_and_nobody_for_him(made: tuple[MemoryStore, Time]) -> None:
    store, _ = made
    request = asked(store, plan())
    lent(store, "bob", "ana")
    lent(store, "ana", "fay")
    for by, giver in (("person:ana", "bob"), ("person:fay", "ana")):
        with pytest.raises(ConflictError, match="was proposed by person:ana"):
            agree(store, request, by, for_=giver)


def test_a_delegation_reaches_no_farther_than_its_days_nodes_and_money_nor_than_the_givers(
    made: tuple[MemoryStore, Time],
) -> None:
    store, time = made
    lent(store, "bob", "fay", nodes=(TX,), first=TODAY)
    request = asked(store, plan(), cents=5_000)
    with pytest.raises(NotEntitledError, match="does not reach"):
        agree(store, request, "person:fay", for_="bob")
    lent(store, "bob", "fay", limit=4_999)
    with pytest.raises(NotEntitledError, match="does not reach"):
        agree(store, request, "person:fay", for_="bob")
    later = lent(store, "cai", "fay", first=TODAY + timedelta(days=1), days=1)
    with pytest.raises(NotEntitledError, match="has not delegated"):
        agree(store, request, "person:fay", for_="cai")
    time.pass_by(days=1)
    assert agree(store, request, "person:fay", for_="cai").agree == 1
    end_delegation(store, later.id, "person:cai", NOW)
    dear = asked(store, plan("p2"), cents=200_000)
    lent(store, "dee", "fay")
    with pytest.raises(OverLimitError, match=r"up to 1,000.00"):
        agree(store, dear, "person:fay", plan_digest(plan("p2")), for_="dee")
    with store.reading() as books:
        assert {one.giver for one in delegations(books)} == {"person:bob", "person:dee"}
        assert len(delegations(books, everything=True)) == 4


@pytest.mark.parametrize(
    ("giver", "taker", "nodes", "limit", "told"),
    [
        ("dee", "fay", (CA,), None, "does not decide at CA"),
        ("dee", "fay", (), 100_001, r"decides about 1,000.00 at most"),
        ("bob", "hal", (), None, "manages accounts"),
        ("bob", "bob", (), None, "cannot delegate to himself"),
        ("bob", "zoe", (), None, "no account zoe"),
    ],
)
def test_what_cannot_be_delegated_is_refused(
    made: tuple[MemoryStore, Time], giver: str, taker: str, nodes: tuple[NodeId, ...], limit: int | None, told: str
) -> None:
    with pytest.raises((ValueError, StoreError), match=told):
        lent(made[0], giver, taker, nodes=nodes, limit=limit)


@pytest.mark.parametrize(("first", "days"), [(TODAY, 60), (TODAY, -1), (TODAY - timedelta(days=9), 3)])
def test_a_delegation_has_days_to_come_and_no_more_than_sixty(
    made: tuple[MemoryStore, Time], first: date, days: int
) -> None:
    with pytest.raises(ValueError, match=r"60 days at most|has no day|has passed"):
        lent(made[0], "bob", "fay", first=first, days=days)


def test_a_delegation_made_again_is_kept_once_and_may_be_made_anew_after_its_end(
    made: tuple[MemoryStore, Time],
) -> None:
    store, _ = made
    first = lent(store, "bob", "fay")
    assert lent(store, "bob", "fay") == first
    assert end_delegation(store, first.id, "fay", NOW).ended
    assert end_delegation(store, first.id, "bob", NOW).ended_by == "person:fay"
    assert not lent(store, "bob", "fay").ended


# --- many at once, and what waits for whom ---------------------------------------------------------------------------
def test_many_votes_have_an_outcome_each(made: tuple[MemoryStore, Time]) -> None:
    store, _ = made
    names = [asked(store, plan(f"p{k}"), cents=10_000 * k) for k in range(1, 6)]
    rows = [Row(name, Says.APPROVE, plan_digest(plan(f"p{k}"))) for k, name in enumerate(names, 1)]
    rows[1] = Row(names[1], Says.APPROVE, "sha256:other")
    rows[2] = Row("approval-none", Says.APPROVE, "sha256:other")
    rows[3] = Row(names[3], Says.REFUSE, plan_digest(plan("p4")))
    outcomes = vote_many(store, rows, "person:bob", NOW, then=lambda done: f"did {done.request.about}")
    assert [one.result for one in outcomes] == ["did plan:p1", "", "", "", "did plan:p5"]
    told = ("asks for another content", "there is no approval request", "say why")
    for one, because in zip(outcomes[1:4], told, strict=True):
        assert because in str(one.error)
    assert [state(store, name) for name in names] == [
        RequestState.APPROVED, RequestState.OPEN, RequestState.OPEN, RequestState.OPEN, RequestState.APPROVED,
    ]  # fmt: skip


def test_the_list_of_somebody_holds_what_he_may_decide_by_money_then_by_time(made: tuple[MemoryStore, Time]) -> None:
    store, time = made
    mine = asked(store, plan("mine"), proposer="person:bob", cents=90_000)
    dear = asked(store, plan("dear"), cents=200_000)
    time.pass_by(hours=1)
    late = asked(store, plan("late"), cents=80_000)
    west = asked(store, plan("west", origin=CA), cents=80_000)
    lent(store, "dee", "fay")

    def listed(by: str, limits: Limits = BY_NAME) -> list[tuple[str, str]]:
        with store.reading() as books:
            return [(one.request.id, one.on_behalf_of) for one in inbox(books, by, limits)]

    assert listed("person:bob") == [(dear, ""), *sorted([(late, ""), (west, "")])]
    assert listed("person:cai")[1] == (mine, "")
    assert listed("person:dee") == [(mine, ""), (late, "")]
    assert listed("person:fay") == [(mine, "person:dee"), (late, "person:dee")]
    assert listed("person:ana") == [(mine, "")]
    assert listed("person:eva") == []
    agree(store, late, "person:bob", plan_digest(plan("late")))
    assert late not in [name for name, _ in listed("person:dee")]


def test_each_thing_that_can_be_approved_is_a_file_of_its_own() -> None:
    assert "plan" in subjects()
    assert about_plan(plan()) == "plan:p1"
    store, _ = town()
    with store.transaction() as books:
        name = open_request(books, Ask("buy", "elephant:1", "sha256:1", "fay", "approver"), NOW).id
    place = Place(store, SnapshotFolder.__new__(SnapshotFolder))
    with pytest.raises(StoreError, match="nothing here carries out a elephant"):
        carry_out(place, name, "person:bob", NOW)
    with pytest.raises(StoreError, match="there is no approval request x"):
        carry_out(place, "x", "person:bob", NOW)
