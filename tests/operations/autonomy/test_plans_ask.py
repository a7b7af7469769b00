"""At night lines go alone inside the envelopes, wait for people outside, and are left out where they are refused."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.operations.autonomy.governed import acts, audited, rules_of
from tests.operations.test_edit_plan import edit_of

from evenstock.domain import ActorKind, CostTerm, PlanState, PurchaseLine, RequestState, Supply, Units
from evenstock.operations.approvals import NotApprovedError
from evenstock.operations.approvals.plan_content import about_plan
from evenstock.operations.autonomy.actor import Actor
from evenstock.operations.autonomy.asking_of_plans import named
from evenstock.operations.autonomy.intended.stock_plan import purchase_line, transfer_line
from evenstock.operations.company import Company
from evenstock.operations.edit_plan import edit_plan
from evenstock.operations.forecast_demand import forecast_demand
from evenstock.operations.import_network import import_network
from evenstock.operations.plan_transfers import plan_transfers
from evenstock.operations.ports import ConflictError
from evenstock.operations.tonight.happened import happenings
from evenstock.operations.transfers import approve_plan
from evenstock.simulation.world import make_world
from evenstock.storage.snapshots import SnapshotFolder

SCHEDULE = Actor(ActorKind.SCHEDULE)


@pytest.fixture(scope="module")
def world():
    return make_world(seed=2, nodes=3, skus=40, days=100, orders_per_day=60)


class Night:
    """One evening of the brand, planned under some rules."""

    def __init__(self, world, folder, *rules):
        self.store, self.snapshots, self.now = audited(), SnapshotFolder(folder), world.opens_at
        import_network(self.store, self.snapshots, world.frames, self.now)
        self.company = Company.load(self.store, self.snapshots)
        self.forecast = forecast_demand(self.store, self.snapshots, self.company, as_of=self.now.date(), now=self.now)
        self.happened = happenings(self.store, self.company)
        self.rules = rules_of(self.company.network, *rules)
        self.plan = self.planned(self.rules)

    def planned(self, rules, seed=1):
        return plan_transfers(
            self.store, self.company.network, self.forecast.forecast, inputs={"forecast snapshot": self.forecast.digest},
            now=self.now, seed=seed, happened=self.happened, snapshots=self.snapshots, rules=rules,
        ).plan  # fmt: skip

    def approve(self, plan=None, by="person:dana@example.com", rules=None):
        found = plan or self.plan
        return approve_plan(self.store, found.id, self.now.date(), by, self.now, rules=rules or self.rules)

    def kept(self, name):
        with self.store.reading() as books:
            return books.plan(name)

    def request(self, plan=None):
        with self.store.reading() as books:
            return books.live_request(about_plan(plan or self.plan))

    def transfers(self):
        with self.store.reading() as books:
            return books.transfers()


@pytest.fixture
def night(world, tmp_path):
    return lambda *rules: Night(world, tmp_path / str(len(rules)), *rules)


@pytest.fixture
def ungoverned(night):
    return night()


def middle(plan):
    """A cost that some lines exceed."""
    return sorted(line.cost_cents for line in plan.lines)[len(plan.lines) // 2]


def test_without_envelopes_the_plan_waits_as_it_always_did_and_nobody_is_asked(ungoverned):
    assert ungoverned.plan == ungoverned.planned(None)
    assert (ungoverned.plan.state, ungoverned.request(), acts(ungoverned.store)) == (PlanState.PROPOSED, None, [])
    assert ungoverned.approve()
    assert acts(ungoverned.store) == []


def test_a_whole_plan_inside_the_envelope_is_released_at_once(night):
    made = night("automatic transfer, buy, expedite")
    assert made.plan.state is PlanState.APPROVED
    assert {t.plan for t in made.transfers()} == {made.plan.id}
    transfers = [deed for deed in acts(made.store) if deed["kind"] == "transfer"]
    assert len(transfers) == len(made.plan.lines)
    first, line = transfers[0], made.plan.lines[0]
    assert first["nodes"] == sorted((line.origin, line.destination))
    assert (first["cents"], first["confidence_millionths"]) == (line.cost_cents, line.chance_ppm)
    again = made.planned(made.rules)
    assert again.net_cents <= made.plan.net_cents // 10, "what was released is seen; next to nothing is let go again"


def test_lines_inside_go_and_the_others_wait_in_a_plan_of_their_own(night, ungoverned):
    most = middle(ungoverned.plan)
    made = night(f"automatic transfer when value at most {most / 100:.2f}")
    alone = made.kept(f"{made.plan.id}-alone")
    assert {*alone.lines, *made.plan.lines} == {*ungoverned.plan.lines}
    assert max(line.cost_cents for line in alone.lines) <= most < min(line.cost_cents for line in made.plan.lines)
    assert (alone.state, made.plan.state) == (PlanState.APPROVED, PlanState.PROPOSED)
    assert {t.plan for t in made.transfers()} == {alone.id}
    assert len(acts(made.store)) == len(alone.lines)

    asked = made.request()
    assert (asked.role, asked.people, asked.proposer) == ("approver", 1, "schedule")
    assert f"at most {most / 100:.2f}" in asked.because
    made.approve()
    assert made.kept(made.plan.id).state is PlanState.APPROVED
    proposed = [deed for deed in acts(made.store) if deed["says"] == "propose"]
    assert {deed["approval"] for deed in proposed} == {asked.id}
    assert len(proposed) == len(made.plan.lines)


def test_a_refused_line_is_left_out_and_a_note_names_the_rule(night, ungoverned):
    items = ungoverned.company.network.items
    group = items[ungoverned.plan.lines[0].sku].category
    made = night(f'refuse transfer when category is {group} because "the shelves are rebuilt"')
    left = [line for line in ungoverned.plan.lines if items[line.sku].category == group]
    assert 0 < len(left) < len(ungoverned.plan.lines)
    assert set(made.plan.lines) == set(ungoverned.plan.lines) - set(left)
    assert f"left out: {named(left[0])}: r0: the shelves are rebuilt" in made.plan.notes
    assert made.approve()
    assert all(items[line.sku].category != group for t in made.transfers() for line in t.lines)


def test_an_edit_that_puts_a_prohibited_line_back_is_a_violation_with_its_article(night, ungoverned):
    line = ungoverned.plan.lines[0]
    law = rules_of(ungoverned.company.network, f'prohibit transfer under "Art. 134" when node is {line.origin}')
    edited = edit_plan(
        ungoverned.store, ungoverned.snapshots, ungoverned.plan.id, [edit_of(line, line.units)], by="dana", now=ungoverned.now,
        rules=law,
    )  # fmt: skip
    assert any("unlawful, Art. 134" in violation for violation in edited.violations)
    with pytest.raises(ConflictError, match=r"Art\. 134"):
        ungoverned.approve(edited, rules=law)
    assert ungoverned.transfers() == []


def test_a_plan_that_became_unlawful_is_not_approved_by_anybody(ungoverned):
    law = rules_of(ungoverned.company.network, 'prohibit transfer under "Art. 134" when origin country is US')
    with pytest.raises(ConflictError, match=r"unlawful, Art\. 134"):
        ungoverned.approve(rules=law)
    assert ungoverned.kept(ungoverned.plan.id).state is PlanState.PROPOSED


def test_where_two_people_must_agree_one_is_not_enough(night):
    made = night("propose transfer by 2 people for approver")
    assert made.request().people == 2
    with pytest.raises(NotApprovedError, match="0 of 2 people agreed"):
        made.approve()
    assert made.transfers() == []


def test_an_edit_voids_what_was_asked_and_its_editor_does_not_approve_it(night):
    made = night("propose transfer for approver")
    before = made.request()
    line = made.plan.lines[0]
    edited = edit_plan(
        made.store, made.snapshots, made.plan.id, [edit_of(line, 0)], by="person:dana@example.com", now=made.now,
        rules=made.rules,
    )  # fmt: skip
    with made.store.reading() as books:
        assert books.approval_request(before.id).state is RequestState.VOIDED
    with pytest.raises(ConflictError, match=r"was proposed by person:dana"):
        made.approve(edited)
    assert made.approve(edited, by="person:erik@example.com")


def test_a_faster_carriage_or_supplier_is_an_expedition_besides(ungoverned):
    network = ungoverned.company.network
    policy, line = ungoverned.rules.policy, ungoverned.plan.lines[0]
    (lane,) = [
        one
        for one in network.lanes
        if (one.origin, one.destination, one.mode) == (line.origin, line.destination, line.mode)
    ]
    slower = replace(lane, mode="rail", lead_days=lane.lead_days + 3)

    def kinds(actions):
        return [str(action.kind) for action in actions]

    assert kinds(transfer_line(SCHEDULE, policy, line, ungoverned.now, lanes=[lane])) == ["transfer"]
    assert kinds(transfer_line(SCHEDULE, policy, line, ungoverned.now, lanes=[lane, slower])) == [
        "transfer",
        "expedite",
    ]
    sea = Supply(line.sku, "ACME", line.destination, 500, 30, "sea")
    air = replace(sea, mode="air", lead_days=4)
    today = ungoverned.now.date()
    bought = PurchaseLine(
        line.sku, line.destination, "ACME by air", Units(9), 900, (CostTerm("goods", 4_500),), today, today + timedelta(days=4),
        None, "",
    )  # fmt: skip
    assert kinds(purchase_line(SCHEDULE, policy, bought, ungoverned.now, supplies=[sea, air])) == ["buy", "expedite"]
    assert kinds(
        purchase_line(SCHEDULE, policy, replace(bought, way="ACME by sea"), ungoverned.now, supplies=[sea, air])
    ) == ["buy"]


def test_prices_of_the_night_stay_where_the_envelope_is_too_narrow(night, ungoverned):
    made = night("automatic change_price when value at most 0")
    with made.store.reading() as books:
        skus = list(made.company.network.items)
        assert not any(price.cents for price in books.prices(skus, made.now + timedelta(hours=1)))
    with ungoverned.store.reading() as books:
        assert any(price.cents for price in books.prices(skus, made.now + timedelta(hours=1)))
