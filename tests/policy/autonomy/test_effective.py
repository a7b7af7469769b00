"""What counts at a place, in the order in which it decides, with where each line comes from."""

from datetime import date

from tests.policy.autonomy.shop import DAY, shop

from evenstock.domain import ActionKind
from evenstock.policy.autonomy import Place


def shown(place, kind=None, ready=None):
    return (ready or shop()).effective(place, DAY, kind)


def test_lines_of_a_node_stand_before_those_of_the_company_and_the_law_of_the_trade_before_all():
    found = shown(Place("TX", "web", "kitchen"), ActionKind.TRANSFER)
    assert [line.rule for line in found] == ["embargo", "texas-moves", "dear", "careful-agents", "blind", "small-moves"]
    assert [line.scope for line in found] == ["every scope", "node TX", "company", "company", "company", "company"]


def test_each_line_says_what_it_overrides_and_which_law_binds_it():
    found = {line.rule: line for line in shown(Place("TX", "web", "power"), ActionKind.TRANSFER)}
    assert found["texas-moves"].overrides == ("small-moves",)
    assert found["texas-moves"].bound_by == ("dear", "careful-agents", "blind")
    assert found["batteries"].overrides == ("texas-moves", "small-moves")
    assert found["batteries"].bound_by == ("dear", "careful-agents", "blind")
    assert found["small-moves"].overrides == found["small-moves"].bound_by == ()
    assert found["embargo"].bound_by == ()


def test_each_line_comes_with_its_policy_its_owner_and_its_first_day():
    ready = shop("policy brand\nrule r: automatic buy from 2026-11-01 owner ops@brand\nrule s: automatic route")
    r, s = shown(Place("TX"), ready=ready)
    assert (r.policy, r.digest, r.owner, r.since) == ("brand", ready.digest, "ops@brand", date(2026, 11, 1))
    assert (s.owner, s.since) == ("", None)


def test_a_region_shows_its_own_lines_and_those_of_a_node_in_it_are_not_its():
    assert {line.rule for line in shown(Place(region="EU"))} >= {"new-there", "bond", "small-moves"}
    assert "texas-moves" not in {line.rule for line in shown(Place(region="US"))}
    assert "new-there" in {line.rule for line in shown(Place(node="BER"))}
    assert "new-there" not in {line.rule for line in shown(Place(node="TX"))}


def test_the_company_shows_what_is_placed_nowhere():
    assert {line.scope for line in shown(Place())} == {"company", "every scope"}


def test_what_is_not_in_force_is_not_shown():
    ready = shop("rule r: automatic buy until 2026-11-19\nrule s: automatic buy")
    assert [line.rule for line in shown(Place(), ready=ready)] == ["s"]


def test_asking_again_gives_the_same_lines():
    ready = shop()
    place = Place("TX", "web", "power")
    assert ready.effective(place, DAY) is ready.effective(Place("TX", "web", "power"), DAY)
