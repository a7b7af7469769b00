"""Whatever compiles can be linted: every kind with every parameter, and every finding names rules that are there."""

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from evenstock import policy
from evenstock.domain import Policy, Rule
from evenstock.policy.lint import Sample, lint

KINDS = policy.describe()
NAMES = {
    "nodes": ["CA", "NJ", "TX", "FBA"],
    "services": ["ups:air", "ups:ground"],
    "skus": ["MUG", "LIPO", "FISH", "SOFA"],
    "categories": ["kitchen", "power", "food", "home"],
    "pools": ["own", "3pl", "amazon"],
    "countries": ["US", "CA"],
    "levels": ["ground", "two_day", "next_day"],
    "actions": ["route", "transfer", "buy"],
    "actors": ["person", "agent"],
    "roles": ["planner", "agent"],
    "texts": ["US", "vip", "9", "90", "hazmat", "r0"],
}


def value(parameter):
    if parameter.name == "then":
        return st.sampled_from(["wait", "cancel", "execute"])
    if parameter.name == "bonded":
        return st.sampled_from(["yes", "no"])
    if parameter.name == "article":
        return st.just("Act 1, Art. 2")
    if parameter.type in NAMES:
        return st.sets(st.sampled_from(NAMES[parameter.type]), min_size=1, max_size=3).map(
            lambda s: ",".join(sorted(s))
        )
    if parameter.type == "share":
        return st.sampled_from(["0", "0.9", "1"])
    return st.sampled_from(["1", "2", "5", "5000"]) if parameter.type != "text" else st.just("desk")


@st.composite
def rules(draw, place):
    kind = draw(st.sampled_from(KINDS))
    given_ = [p for p in kind.parameters if p.required or draw(st.integers(0, 4)) == 0]
    hard = kind.always_law or (not kind.never_law and draw(st.booleans()))
    return Rule(f"r{place}", kind.name, tuple((p.name, draw(value(p))) for p in given_), hard=hard)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
@given(data=st.data())
def test_every_policy_that_compiles_is_linted(world, data):
    kept = []
    for place in range(data.draw(st.integers(1, 6))):
        rule = data.draw(rules(place))
        try:
            # With those before it: two regions of one name do not go together.
            world.compiled(*kept, rule, services=("ups:air", "ups:ground"))
        except ValueError:
            continue
        kept.append(rule)
    assume(kept)
    ready = policy.compile(Policy("any", tuple(kept)), world.NODES, world.ITEMS, ("ups:air", "ups:ground"))
    ways = world.ways("CA:ups:ground", "NJ:ups:air")
    order = world.an_order("MUG", "LIPO")
    facts = world.facts(ways, transit=[2, -1])
    sample = [Sample(order, [world.ITEMS[line.sku] for line in order.lines], ways, facts)] * 100
    ids = {rule.id for rule in kept}
    for finding in lint(ready, world.FRIDAY, sample):
        assert finding.rules
        assert set(finding.rules) <= ids
        assert finding.sentence
        assert finding.advice
    permitted = ready.permit(order, sample[0].items, ways, facts)
    assert permitted.preference_cents.shape == (2,)
    assert np.all(permitted.preference_cents >= 0)
