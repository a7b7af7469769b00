"""Invariant I10: whatever anybody tries in whatever order, no plan is carried out that was not approved as it stands.

People, delegates, programs and a hand in the database propose, edit, vote, vote again, wait, escalate and execute at random.
A model that shares nothing with the code judges each release by itself: enough different people, none of whom proposed it, each
with the role at every node up to its money on that day, all on this very content, in time, and once.

The control takes one guard away at a time, and the same fuzz finds each.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from tests.operations.approvals.town import NOW, asked, people, plan, town

from evenstock.domain import Cents, NodeId, PlanId, PlanState, RequestState, Says, TransferPlan, Units
from evenstock.operations.access.limits import BY_NAME
from evenstock.operations.approvals import requiring, void_request, vote, voting
from evenstock.operations.approvals.carrying_out import Place, carry_out
from evenstock.operations.approvals.delegation import Delegation, delegate
from evenstock.operations.approvals.due import see_to_due
from evenstock.operations.approvals.plan_content import plan_digest
from evenstock.operations.autonomy import approving_plans
from evenstock.operations.ports import ConflictError, Store, StoreError
from evenstock.operations.transfers import approve_plan
from evenstock.storage import approval_rules
from evenstock.storage.snapshots import SnapshotFolder

NAMES = ("ana", "bob", "cai", "dee", "eva", "fay", "gus", "hal")
ROLES = {
    "ana": {"approver"}, "bob": {"approver"}, "cai": {"approver"}, "dee": {"approver"}, "eva": {"approver"}, "fay": set(),
    "gus": {"policy_admin"}, "hal": set(),
}  # fmt: skip
PLACES = {"dee": {"NJ", "TX"}, "eva": {"CA"}}
MOST = {"dee": 100_000}
# Those who may are drawn more often than those who may not, and what is lawful more often than what is not: else hardly
# anything would ever be approved, and nothing put to the test.
someone = st.sampled_from(("bob", "cai", "bob", "cai", *NAMES))
seldom = st.sampled_from((*[False] * 4, True))
another = st.sampled_from((*[None] * 40, *NAMES))
which = st.integers(0, 5)


@dataclass
class Asked:
    """A request as the model knows it."""

    name: str
    proposer: str
    people: int
    cents: int
    nodes: set[str]
    content: str
    until: datetime
    due: datetime
    votes: list[tuple[str, str, bool]] = field(default_factory=list)
    """Right of, said by, lawful."""
    refused: bool = False


class Fuzz(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.store, self.time = town()
        self.place = Place(self.store, SnapshotFolder.__new__(SnapshotFolder))
        self.plans: list[TransferPlan] = []
        self.contents: dict[str, str] = {}
        self.asked: list[Asked] = []
        self.lent: list[tuple[str, str, date, date, int | None]] = []
        self.released: set[str] = set()
        self.superseded: set[str] = set()

    # --- what people do ------------------------------------------------------------------------------------------
    @rule(by=someone, people_=st.sampled_from((1, 1, 2, 2, 3)), cents=st.sampled_from([50_000, 500_000]), west=seldom)
    def propose(self, by: str, people_: int, cents: int, west: bool) -> None:
        if len(self.plans) < 6:
            origin = NodeId("CA" if west else "TX")
            self._ask(plan(f"p{len(self.plans)}", origin=origin, cents=cents), by, people_)

    def _ask(self, made: TransferPlan, by: str, people_: int) -> None:
        self.plans.append(made)
        self.contents[made.id] = plan_digest(made)
        name = asked(self.store, made, people=people_, proposer=f"person:{by}")
        nodes = {str(line.origin) for line in made.lines} | {str(line.destination) for line in made.lines}
        now = self.time.now
        until, due = now + timedelta(days=3), now + timedelta(days=1)
        self.asked.append(Asked(name, by, people_, made.cost_cents, nodes, self.contents[made.id], until, due))

    @precondition(lambda self: self.asked)
    @rule(n=which, by=someone, really=seldom)
    def edit(self, n: int, by: str, really: bool) -> None:
        """As `edit_plan` does: another plan takes its place, and what was agreed about the old one is void."""
        old = self.plans[n % len(self.plans)]
        if not really or len(self.plans) >= 7 or old.id in self.released | self.superseded:
            return
        line = replace(old.lines[0], units=Units(old.lines[0].units + 1))
        new = replace(
            old, id=PlanId(f"p{len(self.plans)}"), lines=(line,), edited_from=old.id, edited_by=f"person:{by}"
        )
        with self.store.transaction() as books:
            books.move_plan(old.id, PlanState.PROPOSED, PlanState.SUPERSEDED)
            requiring_void(books, f"plan:{old.id}")
        self.superseded.add(old.id)
        self._ask(new, by, self._request(old).people)

    def _pick(self, n: int) -> Asked:
        """Mostly one about which something can still be decided."""
        with self.store.reading() as books:
            live = {one.id for one in books.approval_requests([RequestState.OPEN, RequestState.APPROVED])}
        among = [one for one in self.asked if one.name in live] if n < 5 else []
        return (among or self.asked)[n % len(among or self.asked)]

    def _request(self, one: TransferPlan) -> Asked:
        return self.asked[[p.id for p in self.plans].index(one.id)]

    @precondition(lambda self: self.asked)
    @rule(n=which, cents=st.integers(1, 9), really=seldom)
    def change_the_row(self, n: int, cents: int, really: bool) -> None:
        """A hand in the database: another content under the same id."""
        one = self.plans[n % len(self.plans)]
        if not really or one.id in self.released:
            return
        kept = self.store._books.plans[one.id]
        cost = replace(kept.lines[0].costs[0], cents=Cents(kept.lines[0].costs[0].cents + cents))
        changed = replace(kept, lines=(replace(kept.lines[0], costs=(cost,)),))
        self.store._books.plans[one.id] = changed
        self.contents[one.id] = plan_digest_of(changed)

    @precondition(lambda self: self.asked)
    @rule(n=which, by=someone, for_=another, no=seldom, stale=seldom)
    def say(self, n: int, by: str, for_: str | None, no: bool, stale: bool) -> None:
        one = self._pick(n)
        says = Says.REFUSE if no else Says.APPROVE
        content = "sha256:seen before" if stale else one.content
        try:
            done = vote(
                self.store, one.name, f"person:{by}", says, "no" if no else "", content, self._wrong_clock(n),
                on_behalf_of=for_ or "",
            )  # fmt: skip
        except (StoreError, ValueError):
            return
        if not done.repeated:
            lawful = self._lawful(one, by, for_ or by) and content == one.content
            one.votes.append((for_ or by, by, lawful))
            one.refused = one.refused or no

    @precondition(lambda self: self.asked)
    @rule(n=which)
    def agree_as_is_lawful(self, n: int) -> None:
        for by in ("bob", "cai"):
            self.say(n, by, None, no=False, stale=False)

    @precondition(lambda self: self.asked and self.lent)
    @rule(n=which, k=which)
    def say_for_another(self, n: int, k: int) -> None:
        giver, taker, *_ = self.lent[k % len(self.lent)]
        self.say(n, taker, giver, no=False, stale=False)

    @precondition(lambda self: len(self.lent) < 6)
    @rule(giver=someone, taker=someone, days=st.integers(0, 2), most=st.sampled_from([None, 60_000]))
    def lend(self, giver: str, taker: str, days: int, most: int | None) -> None:
        today = self.time.now.date()
        try:
            wanted = Delegation(
                f"person:{giver}", f"person:{taker}", today, today + timedelta(days=days), "away", (), most
            )
            delegate(self.store, wanted, NOW, BY_NAME)
        except (StoreError, ValueError):
            return
        self.lent.append((giver, taker, today, today + timedelta(days=days), most))

    @precondition(lambda self: self.asked)
    @rule(n=which, taker=someone)
    def gather_rights(self, n: int, taker: str) -> None:
        """One person with the rights of many would be many."""
        for giver in ("bob", "cai"):
            if (giver, taker) not in [one[:2] for one in self.lent]:
                self.lend(giver, taker, 1, None)
            self.say(n, taker, giver, no=False, stale=False)

    @precondition(lambda self: self.asked)
    @rule(n=which, by=st.sampled_from(("bob", "cai", "ana")))
    def agree_after_a_refusal(self, n: int, by: str) -> None:
        self.say(n, by, None, no=True, stale=False)
        self.agree_as_is_lawful(n)

    # --- what tries to be done -----------------------------------------------------------------------------------
    @precondition(lambda self: self.asked)
    @rule(n=which, by=someone)
    def execute(self, n: int, by: str) -> None:
        self._try(lambda: carry_out(self.place, self._pick(n).name, f"person:{by}", self._wrong_clock(n)))

    @precondition(lambda self: self.asked)
    @rule(n=which, by=st.sampled_from([*NAMES, "key:ek_1", "schedule"]))
    def approve(self, n: int, by: str) -> None:
        """By the way of a single person: his word counts as his vote."""
        request = self._pick(n)
        one = self.plans[self.asked.index(request)]
        before = len(self._votes(request))
        self._try(lambda: approve_plan(self.store, one.id, NOW.date(), by, self._wrong_clock(n)))
        if len(self._votes(request)) > before:
            request.votes.append((by, by, self._lawful(request, by, by)))

    @precondition(lambda self: self.asked)
    @rule(n=which, to=st.sampled_from(RequestState))
    def push(self, n: int, to: RequestState) -> None:
        """A program that would take a request straight to another state."""
        if to in (RequestState.VOIDED, RequestState.EXECUTED):
            return  # the first is lawful at any time, and the second is what `execute` does

        name = self._pick(n).name

        def deed() -> None:
            with self.store.transaction() as books:
                books.close_request(name, to)

        self._try(deed)

    def _try(self, deed: Callable[[], object]) -> None:
        try:
            deed()
        except (StoreError, ValueError):
            return

    # --- time ------------------------------------------------------------------------------------------------------
    @rule(hours=st.sampled_from([1, 1, 1, 2, 12, 30, 80]))
    def wait(self, hours: int) -> None:
        self.time.pass_by(hours=hours)
        see_to_due(self.store, NOW)

    @rule(hours=st.sampled_from([1, 1, 1, 80]))
    def wait_while_no_worker_runs(self, hours: int) -> None:
        self.time.pass_by(hours=hours)

    def _wrong_clock(self, n: int) -> datetime:
        """What the caller thinks the time is: hours or days off."""
        return self.time.now + timedelta(hours=(-80, -3, 0, 3, 80, 1)[n % 6])

    # --- the model -------------------------------------------------------------------------------------------------
    def _lawful(self, one: Asked, by: str, right: str) -> bool:
        now = self.time.now
        roles = {"approver"} | ({"policy_admin"} if now >= one.due else set())
        reach = bool(ROLES.get(right, set()) & roles) and one.nodes <= PLACES.get(right, one.nodes)
        reach = reach and one.cents <= MOST.get(right, one.cents) and now < one.until
        if by != right:
            reach = reach and any(
                (giver, taker) == (right, by) and first <= now.date() <= last and one.cents <= (most or one.cents)
                for giver, taker, first, last, most in self.lent
            )
        return reach and one.proposer not in (by, right)

    def _votes(self, one: Asked) -> list[Any]:
        with self.store.reading() as books:
            return books.votes(one.name)

    @invariant()
    def nothing_is_released_that_was_not_approved(self) -> None:
        with self.store.reading() as books:
            now_released = {p.id for p in books.plans(100) if p.state is PlanState.APPROVED} - self.released
            facts = [fact.id for fact in books.outbox(10_000) if fact.kind == "TransferPlanApproved"]
        assert len(facts) == len(set(facts)), "carried out twice"
        for name in sorted(now_released):
            self.released.add(name)
            one = self.asked[[p.id for p in self.plans].index(name)]
            assert self.time.now < one.until, f"{name}: carried out after its time"
            assert self.contents[name] == one.content, f"{name}: not what was approved"
            assert name not in self.superseded, f"{name}: edited since"
            assert not one.refused, f"{name}: somebody refused"
            assert all(lawful for _, _, lawful in one.votes), f"{name}: {one.votes} are not all lawful"
            rights, voters = {right for right, _, _ in one.votes}, {voter for _, voter, _ in one.votes}
            assert len(rights) >= one.people, f"{name}: {rights} are not {one.people}"
            assert len(voters) >= one.people, f"{name}: {voters} are not {one.people}"


plan_digest_of = plan_digest
requiring_void = lambda books, about: void_request(books, about, NOW)  # noqa: E731

QUICK = settings(
    max_examples=120, stateful_step_count=40, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


def test_nothing_is_carried_out_that_was_not_approved_as_it_stands() -> None:
    done: list[int] = []

    class Counted(Fuzz):
        def teardown(self) -> None:
            done.append(len(self.released))

    run_state_machine_as_test(Counted, settings=QUICK)
    print(f"  {len(done)} lives, {sum(done)} plans carried out, 0 unlawfully")
    assert sum(done) >= 30, "hardly anything was approved: nothing was put to the test"


# --- the control: each guard taken away is found -----------------------------------------------------------------------
Patch = Callable[[pytest.MonkeyPatch], None]
_can_vote, _can_close = approval_rules.can_vote, approval_rules.can_close


def _self_approval(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        approval_rules, "can_vote", lambda r, v, vote, now: _can_vote(replace(r, proposer="nobody"), v, vote, now)
    )


def _two_votes_of_one(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(approval_rules, "can_vote", lambda r, _, vote, now: _can_vote(r, [], vote, now))


def _votes_on_what_was_seen_before(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        approval_rules, "can_vote", lambda r, v, vote, now: _can_vote(r, v, replace(vote, digest=r.digest), now)
    )
    patch.setattr(voting, "agreeing", lambda books, r: len(books.votes(r.id)))
    patch.setattr(approval_rules, "enough", lambda r, v: len(v) >= r.people)


def _no_expiry(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(approval_rules, "can_close", lambda r, v, to, _: _can_close(r, v, to, r.opened_at))


def _anybody(patch: pytest.MonkeyPatch) -> None:
    for module in (voting, requiring):
        patch.setattr(module, "require_entitled", lambda *_, **__: None)


def _one_is_enough(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(approval_rules, "enough", lambda _, v: bool(v))
    patch.setattr(voting, "agreeing", lambda _, r: r.people)


def _any_content(patch: pytest.MonkeyPatch) -> None:
    known: dict[str, str] = {}
    patch.setattr(approving_plans, "plan_digest", lambda p: known.setdefault(p.id, plan_digest_of(_first(p))))


def _first(one: TransferPlan) -> TransferPlan:
    """The plan as it was proposed, whatever stands in the row by now."""
    line = one.lines[0]
    cents = 500_000 if line.costs[0].cents >= 500_000 else 50_000
    return replace(one, lines=(replace(line, costs=(replace(line.costs[0], cents=Cents(cents)),)),))


def _a_refusal_counts_for_nothing(patch: pytest.MonkeyPatch) -> None:
    real = voting.close
    patch.setattr(
        voting,
        "close",
        lambda b, r, to, now: b.approval_request(r) if to is RequestState.REFUSED else real(b, r, to, now),
    )
    patch.setattr(approval_rules, "enough", lambda r, v: sum(x.says is Says.APPROVE for x in v) >= r.people)


GUARDS: dict[str, Patch] = {
    "whoever proposed it votes": _self_approval,
    "one person has more than one vote": _two_votes_of_one,
    "a vote on other content counts": _votes_on_what_was_seen_before,
    "an approval never expires": _no_expiry,
    "anybody decides about anything": _anybody,
    "one vote is enough": _one_is_enough,
    "another content than the approved one is carried out": _any_content,
    "a refusal counts for nothing": _a_refusal_counts_for_nothing,
}


@pytest.mark.parametrize("missing", GUARDS)
def test_without_one_guard_the_fuzz_finds_it(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    GUARDS[missing](monkeypatch)
    found = settings(QUICK, max_examples=1_000, phases=[Phase.generate], report_multiple_bugs=False)
    with pytest.raises(AssertionError, match=r"p\d: "):
        run_state_machine_as_test(Fuzz, settings=found)


# --- many at once ------------------------------------------------------------------------------------------------------
@contextmanager
def together(count: int) -> Iterator[tuple[ThreadPoolExecutor, threading.Barrier]]:
    with ThreadPoolExecutor(count) as pool:
        yield pool, threading.Barrier(count)


def test_eight_at_once_execute_once_and_never_before_two_agreed(postgres: Store) -> None:
    """Votes of two people, and six that would execute: in whatever order they come, one execution, after both."""
    people(postgres)
    place = Place(postgres, SnapshotFolder.__new__(SnapshotFolder))
    for turn in range(12):
        made = plan(f"p{turn}")
        request = asked(postgres, made, people=2)
        done: list[str] = []

        def attempt(
            who: str,
            barrier: threading.Barrier,
            made: TransferPlan = made,
            request: str = request,
            done: list[str] = done,
        ) -> None:
            barrier.wait()
            for _ in range(4):
                try:
                    if who in ("bob", "cai"):
                        vote(postgres, request, f"person:{who}", Says.APPROVE, "", plan_digest(made), NOW)
                    elif who == "executes":
                        said = carry_out(place, request, "person:bob", NOW)
                        done.append(said)
                    else:
                        approve_plan(postgres, made.id, NOW.date(), "person:ana", NOW)
                except ConflictError:
                    continue

        with together(8) as (pool, barrier):
            list(
                pool.map(
                    lambda who, b=barrier: attempt(who, b),
                    ["bob", "cai", "bob", "executes", "executes", "ana", "ana", "ana"],
                )
            )
        with postgres.reading() as books:
            found = books.approval_request(request)
            votes = [one.person for one in books.votes(request)]
            kept = books.plan(made.id)
        assert sorted(votes) == ["person:bob", "person:cai"]
        assert found is not None
        assert kept is not None
        assert (found.state is RequestState.EXECUTED) == (kept.state is PlanState.APPROVED)
        carry_out(place, request, "person:bob", NOW)
        with postgres.transaction() as books:
            facts = [fact.id for fact in books.outbox(10_000) if fact.id == f"{made.id}:approved"]
            books.delivered([fact.id for fact in books.outbox(10_000)], NOW)
        assert len(facts) == 1
