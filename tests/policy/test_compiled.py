from dataclasses import replace
from datetime import date

import pytest

from evenstock import policy
from evenstock.domain import Policy, Sku
from evenstock.policy.autonomy.conditions import ACTION_WHEN
from evenstock.policy.conditions import WHEN


def refusal(world, *rules, **rest):
    with pytest.raises(ValueError) as caught:
        world.compiled(*rules, **rest)
    return str(caught.value)


@pytest.mark.parametrize(
    ("kind", "parameters", "says"),
    [
        ("forbids", {}, "rule r: there is no kind 'forbids'; use one of active, automatic, ceiling"),
        ("forbid", {"nodes": "NY"}, "rule r (forbid): nodes names NY, which does not exist; there is CA, FBA, NJ, TX"),
        ("forbid", {"nodes": "CAA"}, "did you mean CA?"),
        ("forbid", {"node": "CA"}, "rule r (forbid): node is no parameter of this kind; did you mean nodes?"),
        ("forbid", {"skus": "MUGG"}, "skus names MUGG, which does not exist; did you mean MUG?"),
        ("forbid", {"categories": "powder"}, "did you mean power?"),
        ("forbid", {"countries": "USA"}, "names USA; a country is two capitals, such as US"),
        ("forbid", {"nodes": " , "}, "is empty; give one or more names"),
        ("forbid", {}, "rule r (forbid): nothing is named; it would bar every order"),
        ("pool", {"pools": "owned"}, "pools names owned, which does not exist; did you mean own?"),
        ("max_shipments", {}, "rule r (max_shipments): shipments is missing; give most shipments of an order"),
        ("max_shipments", {"shipments": "three"}, "shipments is 'three'; give a whole number of at least 1"),
        ("max_shipments", {"shipments": "0"}, "give a whole number of at least 1"),
        ("max_shipments", {"shipments": "2.5"}, "give a whole number"),
        ("promise", {"min_probability": "90"}, "is '90'; give a share from 0 to 1"),
        ("promise", {"min_probability": "nan"}, "is 'nan'; give a share from 0 to 1"),
        ("review_above", {"role": "boss"}, "give order_value_cents or plan_cost_cents"),
        ("review_above", {"order_value_cents": "1"}, "role is missing; give who decides"),
        ("require", {"skus": "MUG"}, "name nodes or services that alone may ship"),
        ("dedicate", {"skus": "MUG"}, "name nodes or services that are kept"),
        ("dedicate", {"nodes": "CA"}, "say what they are kept for"),
        ("freeze_lane", {"skus": "MUG"}, "name origins or destinations"),
        (
            "forbid",
            {"service_levels": "overnight"},
            "names overnight, which does not exist; there is ground, next_day, two_day",
        ),
        ("forbid", {"min_value_cents": "-1"}, "is '-1'; give a whole number of at least 0"),
        ("forbid", {"min_units": "3", "max_units": "2"}, "min_units 3 is above max_units 2; no order is both"),
        ("forbid", {"min_lines": "3", "max_units": "2"}, "3 lines are at least 3 units, and max_units is 2"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused_in_words(world, kind, parameters, says):
    assert says in refusal(world, world.rule(kind, name="r", **parameters))


def test_every_problem_of_every_rule_comes_at_once(world):
    said = refusal(
        world, world.rule("forbid", name="a", nodes="NY", service="x"), world.rule("max_shipments", name="b")
    )
    assert [line.split(":")[0] for line in said.splitlines()[1:]] == [
        "rule a (forbid)",
        "rule a (forbid)",
        "rule b (max_shipments)",
    ]


def test_a_parameter_that_stands_twice_is_refused(world):
    rule = replace(world.rule("max_shipments"), parameters=(("shipments", "1"), ("shipments", "2")))
    assert "shipments stands twice" in refusal(world, rule)


def test_a_review_cannot_be_a_wish(world):
    rule = world.rule("review_above", hard=False, role="boss", plan_cost_cents=1)
    assert "always law; set hard to true" in refusal(world, rule)


def test_dates_in_the_wrong_order_are_refused(world):
    rule = replace(world.rule("active"), valid_from=date(2026, 2, 1), valid_to=date(2026, 1, 1))
    assert "ends on 2026-01-01, before it begins" in refusal(world, rule)


def test_services_are_checked_where_they_are_known(world):
    rule = world.rule("forbid", name="r", services="ups:grund")
    world.compiled(rule)
    assert "did you mean ups:ground?" in refusal(world, rule, services=["ups:ground", "ups:2day"])


def test_a_rule_holds_from_its_first_to_its_last_day(world):
    rule = replace(world.rule("forbid", nodes="CA"), valid_from=date(2026, 12, 1), valid_to=date(2026, 12, 24))
    ways = world.ways("CA:ups:ground")
    ready = world.compiled(rule)
    items = [world.ITEMS["MUG"]]

    def allowed(on):
        return bool(ready.permit(world.an_order(), items, ways, world.facts(ways, on=on)).mask.all())

    assert [allowed(date(2026, m, d)) for m, d in ((11, 30), (12, 1), (12, 24), (12, 25))] == [True, False, False, True]


def test_a_stranger_among_candidates_nodes_or_items_is_named(world):
    ready = world.compiled(*policy.default_policy().rules)
    ways = world.ways("NY:ups:ground")
    with pytest.raises(ValueError, match="does not know node NY"):
        ready.permit(world.an_order(), [world.ITEMS["MUG"]], ways, world.facts(ways))
    with pytest.raises(ValueError, match="does not know item PEN"):
        ready.transfer_bounds([("NJ", "CA")], ["NJ", "CA"], [Sku("PEN")], world.FRIDAY)
    with pytest.raises(ValueError, match="lanes lead to TX"):
        ready.transfer_bounds([("NJ", "TX")], ["NJ", "CA"], [Sku("MUG")], world.FRIDAY)


def test_arrays_that_do_not_match_are_refused(world):
    ready = world.compiled()
    ways = world.ways("NJ:ups:ground", "CA:ups:ground")
    with pytest.raises(ValueError, match="1 lines need as many items, not 0"):
        ready.permit(world.an_order(), [], ways, world.facts(ways))
    with pytest.raises(ValueError, match="each of the 2 candidates"):
        ready.permit(world.an_order(), [world.ITEMS["MUG"]], ways, world.facts(ways[:1]))


def test_every_kind_says_what_it_does_and_takes():
    kinds = {kind.name: kind for kind in policy.describe()}
    assert {"active", "certification", "pool", "ceiling", "promise", "forbid", "require"} <= kinds.keys()
    assert {"max_shipments", "min_split_value", "review_above", "freeze_lane", "source_floor_days"} <= kinds.keys()
    for kind in kinds.values():
        assert kind.about
        assert all(p.name in kind.about or p.name in _SHARED for p in kind.parameters), kind.name
        assert all(p.meaning for p in kind.parameters)


_SHARED = {parameter.name for parameter in (*WHEN, *ACTION_WHEN)}


def test_the_digest_is_the_policys_own(world):
    assert world.compiled(world.rule("active")).digest == Policy("test", (world.rule("active"),)).digest()
