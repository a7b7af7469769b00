"""A plan that people agree to, by the program's own ways, is lawful in the log; its page names who let it happen."""

import pytest
from tests.operations.autonomy.governed import put_in_force
from tests.operations.autonomy.test_plans_ask import Night

from evenstock.domain import Says
from evenstock.operations.approvals import vote
from evenstock.operations.audit.page import page_about
from evenstock.operations.audit.who import Who, acting
from evenstock.operations.autonomy.governance import Governance
from evenstock.operations.company import Company
from evenstock.simulation.world import make_world
from evenstock.storage.audit_evidence.evaluating import evaluate_books


class Governed(Night):
    """A night under rules that are in force."""

    def planned(self, rules, seed=1):
        put_in_force(self.store, self.snapshots, self.now, "propose transfer by 2 people for approver when units above 1",
                     "automatic transfer, buy, expedite")  # fmt: skip
        self.company = Company.load(self.store, self.snapshots)
        self.rules = Governance.of(self.company)
        return super().planned(self.rules, seed)

    def vote(self, who, by=None):
        asked = self.request()
        name = f"person:{who}@example.com"
        with acting(Who(name, "person")):
            return vote(self.store, asked.id, by or name, Says.APPROVE, "", asked.digest, self.now)


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    return Governed(make_world(seed=2, nodes=3, skus=40, days=100, orders_per_day=60), tmp_path_factory.mktemp("night"))


def test_a_plan_of_which_some_lines_go_alone_and_two_people_approve_the_others_is_lawful(night):
    night.vote("ben")
    night.vote("cleo")
    with acting(Who("person:dana@example.com", "person")):
        assert night.approve(by="person:dana@example.com")
    report = evaluate_books(night.store)
    assert report["violations"] == []
    assert report["checked"]["approved by votes"] >= 1
    assert report["checked"]["that are propose"] == report["checked"]["approved by votes"]

    with night.store.reading() as books:
        page = page_about(books, night.plan.id)
    assert page is not None
    (asked,) = page.approvals
    assert (asked["state"], asked["people"], asked["proposer"]) == ("executed", 2, "schedule")
    assert [one["by"] for one in asked["votes"]] == ["person:ben@example.com", "person:cleo@example.com"]
    assert {one["approval"] for one in page.executed} == {asked["request"]}
    assert page.based_on["rules"]["put_in_force_by"] == "system"
    assert len(page.based_on["rules"]["version"]) == 12
    assert set(page.based_on["models"]) >= {"forecast"}
    assert "because" not in asked, "no word that somebody wrote"
