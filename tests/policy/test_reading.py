from datetime import date

import polars as pl
import pytest

from evenstock import policy
from evenstock.domain import Rule


def test_a_table_becomes_a_policy_in_its_order():
    frame = pl.DataFrame(
        {
            "rule": ["no air", "three"],
            "kind": ["forbid", "max_shipments"],
            "parameters": ["services=ups:air ; categories=power,paint", "shipments=3"],
            "hard": [True, False],
            "valid_from": [None, date(2026, 1, 1)],
            "because": ["lithium", ""],
        }
    )
    assert policy.from_frame(frame, "house").rules == (
        Rule("no air", "forbid", (("services", "ups:air"), ("categories", "power,paint")), because="lithium"),
        Rule("three", "max_shipments", (("shipments", "3"),), hard=False, valid_from=date(2026, 1, 1)),
    )


def test_columns_with_a_default_may_be_left_out():
    assert policy.from_frame(pl.DataFrame({"rule": ["a"], "kind": ["active"]})).rules == (Rule("a", "active"),)


def test_what_is_not_written_as_name_and_value_is_refused():
    frame = pl.DataFrame({"rule": ["a", "b"], "kind": ["x", "y"], "parameters": ["nodes CA", "=3"]})
    with pytest.raises(ValueError) as caught:
        policy.from_frame(frame)
    assert str(caught.value).splitlines() == [
        "rule a: 'nodes CA' is no parameter; write name=value, several separated by ;",
        "rule b: '=3' is no parameter; write name=value, several separated by ;",
    ]


def test_a_missing_column_is_named():
    with pytest.raises(ValueError, match="column kind is missing"):
        policy.from_frame(pl.DataFrame({"rule": ["a"]}))


def test_rules_with_one_name_are_refused():
    with pytest.raises(ValueError, match="stand twice"):
        policy.from_frame(pl.DataFrame({"rule": ["a", "a"], "kind": ["active", "pool"]}))


def test_the_default_policy_compiles_against_any_network(world):
    ready = policy.compile(policy.default_policy(), world.NODES, {})
    assert [(rule.id, rule.hard) for rule in ready.policy.rules] == [
        ("active", True),
        ("certification", True),
        ("pool", True),
        ("ceiling", True),
        ("promise", False),
        ("max_shipments", False),
    ]


def test_who_answers_for_a_rule_is_kept():
    frame = pl.DataFrame({"rule": ["a"], "kind": ["active"], "owner": ["ops@brand"]})
    assert policy.from_frame(frame).rules == (Rule("a", "active", owner="ops@brand"),)
