"""Lines about autonomy that never decide are found, named and told what to do about."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.policy.autonomy.drawn import actions, policies
from tests.policy.autonomy.shop import DAY, ITEMS, NODES, shop

from evenstock import policy
from evenstock.domain import Policy
from evenstock.policy.lint import Fault, lint

EU = "rule eu: region EU of DE, FR\n"


def found(said):
    return [(f.fault, f.rules) for f in lint(shop(said), DAY)]


@pytest.mark.parametrize(
    ("said", "fault", "law"),
    [
        ("rule b: automatic buy when value at most 500\nrule a: automatic buy when value at most 100", Fault.SHADOWED, False),
        ("rule b: automatic buy, route\nrule a: automatic buy when node is TX\nrule c: refuse buy when node is NJ", None, False),
        ("rule b: refuse buy when units above 5\nrule a: refuse buy when units above 9 and value above 1", Fault.SHADOWED, False),
        ("rule b: refuse buy when units above 9\nrule a: refuse buy when units above 5", None, False),
        ("rule b: propose buy for desk\nrule a: automatic buy when value at most 1", Fault.NEVER_AUTOMATIC, False),
        ("rule b: propose buy for desk\nrule a: automatic buy when node is TX", Fault.NEVER_AUTOMATIC, False),
        ("rule b: propose buy for desk soft\nrule a: automatic buy when node is TX", None, False),
        ("rule b: propose buy for desk when actor is agent\nrule a: automatic buy when node is TX", None, False),
        ("rule b: propose buy for desk when actor is agent\nrule a: automatic buy when actor is agent and node is TX", Fault.NEVER_AUTOMATIC, False),
        ("rule b: refuse buy when region is US\nrule a: automatic buy when node is TX", Fault.NEVER_AUTOMATIC, False),
        ("rule b: refuse buy when region is DE\nrule a: automatic buy when node is TX", None, False),
        ('rule b: prohibit buy under "Act 1" when node is TX\nrule a: automatic buy when node is TX and value at most 5', Fault.NEVER_AUTOMATIC, False),
        ('rule b: prohibit buy under "Act 1" when node is TX\nrule a: refuse buy when node is TX', Fault.SHADOWED, False),
        ('rule b: prohibit buy under "Act 1"\nrule a: prohibit buy under "Act 2" when node is TX', Fault.SHADOWED, False),
        ("rule b: automatic buy\nrule a: refuse buy when value above 5", Fault.CONTRADICTORY, True),
        ("rule b: automatic buy\nrule a: propose buy for desk soft", Fault.CONTRADICTORY, False),
        ("rule b: automatic buy when value at most 9\nrule a: refuse buy when value above 5", None, False),
        ("rule b: propose buy for desk when value above 5\nrule a: refuse buy when value above 9", None, False),
        ("rule a: propose buy for desk when value above 9\nrule b: refuse buy when value above 5", Fault.SHADOWED, False),
        ("rule b: refuse buy\nrule a: propose buy for desk when node is TX", Fault.SHADOWED, False),
        ("rule b: propose buy for desk\nrule a: refuse buy when node is TX", None, False),
        ("rule b: refuse buy from 2026-12-01\nrule a: automatic buy when node is TX", None, False),
        ("rule b: automatic buy when bonded is no\nrule a: automatic buy when bonded is no and value at most 5", Fault.SHADOWED, False),
        ("rule z: automatic buy when value at most 5\nrule b: propose buy for desk\nrule a: automatic buy when node is TX", None, False),
        ("rule z: propose buy for desk when value above 9\nrule b: automatic buy\nrule a: refuse buy when units above 5", None, False),
        ("rule a: propose buy for desk when actor is agent\nrule z: automatic buy when value at most 5\nrule b: refuse buy", None, False),
        ("rule b: automatic buy when bonded is no\nrule a: refuse buy when bonded is no", None, False),
    ],
)  # fmt: skip
def test_pairs_of_lines(said, fault, law):
    findings = lint(shop(said), DAY)
    assert [(f.fault, f.rules, f.law) for f in findings] == ([(fault, ("a", "b"), law)] if fault else [])


def test_an_envelope_that_law_empties_says_what_would_free_it():
    (finding,) = lint(shop("rule b: propose buy for desk\nrule a: automatic buy when node is TX"), DAY)
    assert finding.sentence == (
        "nothing is ever automatic by a: b stands against it, law at company has a person decide about all of it"
    )
    assert finding.advice == "drop a, or give b conditions, or write `soft` in b"


def test_a_node_outside_the_region_it_is_named_with_can_never_be_met():
    assert found(f"{EU}rule a: automatic buy when region is EU and node is TX") == [(Fault.UNREACHABLE, ("a",))]
    assert found(f"{EU}rule a: automatic buy when region is EU and node is TX, BER") == []


def test_a_line_that_has_ended_is_told():
    assert found("rule a: automatic buy until 2026-11-01") == [(Fault.UNREACHABLE, ("a",))]


@settings(max_examples=60, deadline=None)
@given(policies(), st.lists(actions(), min_size=5, max_size=30))
def test_a_line_that_lint_calls_needless_can_be_dropped(drawn, several):
    """No verdict changes; of an envelope in which nothing is automatic, none becomes automatic or stops being so."""
    ready = policy.compile(drawn, NODES, ITEMS)
    for finding in lint(ready, DAY):
        left = Policy(drawn.name, tuple(rule for rule in drawn.rules if rule.id != finding.rules[0]))
        without = policy.compile(left, NODES, ITEMS)
        for action in several:
            one, other = ready.verdict(action, DAY), without.verdict(action, DAY)
            if finding.fault is Fault.SHADOWED:
                assert type(one.verdict) is type(other.verdict)
            elif finding.fault is Fault.NEVER_AUTOMATIC:
                assert one.line is None or not (one.automatic and one.line.rule.id == finding.rules[0])
            elif action.nodes or finding.fault is Fault.CONTRADICTORY:
                assert one.line is None or one.line.rule.id != finding.rules[0]
