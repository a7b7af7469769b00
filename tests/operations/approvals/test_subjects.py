"""Each kind of thing that can be approved: asked about by hand, done by its own operation, and not without the people asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.operations.approvals.town import NOW, plan, town
from tests.operations.stocked import ITEMS, NODES

from evenstock.domain import PlanState, RequestState, Says
from evenstock.operations.approvals import NotApprovedError, vote
from evenstock.operations.approvals.carrying_out import Place, carry_out, request_approval, subjects
from evenstock.operations.autonomy.keeping import StagesVersion, take, version_in_force
from evenstock.operations.autonomy.live_routing import RollOut
from evenstock.operations.autonomy.stages import Stages
from evenstock.operations.import_network import import_network
from evenstock.operations.ports import ConflictError, StoreError
from evenstock.operations.roll_out import set_roll_out
from evenstock.operations.rulebook import activate_rules, propose_rules, rules_in_force
from evenstock.operations.transfers import approve_plan
from evenstock.storage.snapshots import SnapshotFolder

RULES = "rule ask: propose transfer by 2 people for approver when value above 5000"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    store, _ = town()
    snapshots = SnapshotFolder(tmp_path / "snapshots")
    import_network(store, snapshots, {"nodes": NODES, "items": ITEMS}, NOW)
    return Place(store, snapshots)


def agree(place: Place, request: str, *people: str) -> None:
    for name in people:
        with place.store.reading() as books:
            found = books.approval_request(request)
        assert found is not None
        vote(place.store, request, f"person:{name}", Says.APPROVE, "", found.digest, NOW)


def test_people_asked_about_a_plan_by_hand_must_agree(place: Place) -> None:
    with place.store.transaction() as books:
        books.put_plan(plan())
    asked = request_approval(place, "plan:p1", because="new lane", people=2, now=NOW)
    assert (asked.proposer, asked.cents, asked.units, asked.nodes) == ("person:ana", 500, 6, ("NJ", "TX"))
    fewer = request_approval(place, "plan:p1", because="in a hurry", people=1, now=NOW)
    assert (fewer.id, fewer.people) == (asked.id, 2)
    with pytest.raises(NotApprovedError):
        approve_plan(place.store, plan().id, NOW.date(), "person:bob", NOW)
    agree(place, asked.id, "bob", "cai")
    carry_out(place, asked.id, "person:cai", NOW)
    with place.store.reading() as books:
        kept = books.plan(plan().id)
    assert kept is not None
    assert kept.state is PlanState.APPROVED
    with pytest.raises(ConflictError, match="is approved: nobody is asked"):
        request_approval(place, "plan:p1", because="again", now=NOW)


def test_people_asked_about_rules_by_hand_must_agree(place: Place) -> None:
    version = propose_rules(place.store, place.snapshots, RULES, by="person:gus", because="four eyes", now=NOW)
    asked = request_approval(place, f"rules:{version.id}", because="they bind everybody", people=2, now=NOW)
    assert (asked.digest, asked.proposer, asked.nodes) == (version.kept, "person:gus", ())
    with pytest.raises(NotApprovedError):
        activate_rules(place.store, place.snapshots, version.id, by="person:bob", now=NOW)
    agree(place, asked.id, "bob", "cai")
    assert carry_out(place, asked.id, "person:cai", NOW) == f"rules {version.id} are in force"
    with place.store.reading() as books:
        found, request = rules_in_force(books, place.snapshots), books.approval_request(asked.id)
    assert found is not None
    assert found.id == version.id
    assert request is not None
    assert request.state is RequestState.EXECUTED


def test_a_change_of_the_stages_comes_into_force_when_approved_and_not_after_another(place: Place) -> None:
    def proposed(share_bp: int, follows: str) -> str:
        stages = Stages(routing=RollOut(share_bp=share_bp))
        return take(place.snapshots, StagesVersion(stages, "person:gus", "a pilot", NOW, "", follows, follows))

    kept = proposed(1_000, "")
    asked = request_approval(place, f"stages:{kept}", because="a pilot", now=NOW)
    with pytest.raises(NotApprovedError):
        carry_out(place, asked.id, "person:bob", NOW)
    agree(place, asked.id, "bob")
    assert "10 % of orders" in carry_out(place, asked.id, "person:bob", NOW)
    with place.store.reading() as books:
        now = version_in_force(books, place.snapshots)
    assert now is not None
    assert now.stages.routing.share_bp == 1_000
    late = request_approval(place, f"stages:{proposed(5_000, now.kept)}", because="more", now=NOW)
    agree(place, late.id, "bob")
    set_roll_out(place.store, place.snapshots, live=True, by="gus", because="other", now=NOW, share_bp=2_000)
    with pytest.raises(ConflictError):
        carry_out(place, late.id, "person:bob", NOW)
    with place.store.reading() as books:
        request = books.approval_request(late.id)
    assert request is not None
    assert request.state is RequestState.APPROVED


@pytest.mark.parametrize(
    ("about", "told"),
    [
        ("plan:none", "there is no plan none"),
        ("rules:none", "no versions of the rules"),
        ("stages:sha256:none", "sha256:none"),
        ("carrier-override:none", "none"),
        ("rate-correction:none", "no invoices were held"),
        ("adjustment:1", "nobody is asked about it by hand"),
        ("elephant:1", "nothing here carries out a elephant"),
    ],
)
def test_of_what_is_not_there_nothing_is_asked(place: Place, about: str, told: str) -> None:
    with pytest.raises((StoreError, ValueError), match=told):
        request_approval(place, about, because="why not", now=NOW)


def test_who_asks_says_why_and_asks_one_person_at_least(place: Place) -> None:
    with place.store.transaction() as books:
        books.put_plan(plan())
    for because, people in (("", 1), ("why", 0)):
        with pytest.raises(ValueError, match=r"say why|cannot agree"):
            request_approval(place, "plan:p1", because=because, people=people, now=NOW)


def test_there_is_a_file_for_each_kind() -> None:
    assert {"plan", "rules", "stages", "carrier-override", "rate-correction", "adjustment"} <= set(subjects())
