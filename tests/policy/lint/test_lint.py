"""What lint tells about a policy, each fault with the smallest policy that has it, and none where there is none."""

from dataclasses import replace
from datetime import date

import pytest

from evenstock import policy
from evenstock.domain import OrderId
from evenstock.operations.network import Network
from evenstock.policy import text
from evenstock.policy.lint import Fault, Sample, lint
from evenstock.simulation.world import make_world

SERVICES = ("ups:air", "ups:ground")


def found(world, said, *, sample=(), on=None, **rest):
    """Fault, rules of every finding about a policy written as text."""
    ready = policy.compile(text.parse(said), world.NODES, world.ITEMS, SERVICES)
    return lint(ready, on or world.FRIDAY, sample, **rest)


def told(world, said, **rest):
    return [(f.fault.value, f.rules) for f in found(world, said, **rest)]


def past(world, count, *skus, ways=("CA:ups:ground", "NJ:ups:ground"), **rest):
    """As many past orders with these items and ways."""
    order = world.an_order(*skus, **rest)
    candidates = world.ways(*ways)
    items = [world.ITEMS[line.sku] for line in order.lines]
    return [
        Sample(replace(order, id=OrderId(f"O{k}")), items, candidates, world.facts(candidates)) for k in range(count)
    ]


def test_the_default_policy_is_sound(world):
    ready = policy.compile(policy.default_policy(), world.NODES, world.ITEMS, SERVICES)
    assert lint(ready, world.FRIDAY) == ()
    assert lint(ready, world.FRIDAY, past(world, 120, "MUG", "LIPO")) == ()


@pytest.mark.parametrize("nodes", [3, 4, 6])
def test_the_rules_of_the_made_up_brand_are_sound(nodes):
    made = make_world(seed=3, nodes=nodes, skus=120, days=14, orders_per_day=20)
    network = Network.from_frames(made.frames)
    assert lint(network.policy, made.as_of) == ()


def test_what_one_law_demands_and_another_bars_is_a_contradiction(world):
    (finding,) = found(
        world,
        "rule west: require nodes CA when channel is web or shop and value at least 20\n"
        "rule shut: forbid nodes CA when postal starts with 9",
    )
    assert (finding.fault, finding.rules, finding.law) == (Fault.CONTRADICTORY, ("west", "shut"), True)
    assert finding.sentence == (
        "west and shut leave no node for some order:"
        " west (require) bars ways from FBA, NJ, TX; shut (forbid) bars ways from CA"
    )
    # The example meets both conditions: a channel of the first, its least value, and a postal code of the second.
    assert "to 90000 US" in finding.evidence
    assert "channel shop" in finding.evidence
    assert "worth 25.00" in finding.evidence
    assert finding.advice


def test_laws_of_other_orders_other_days_or_other_items_do_not_contradict(world):
    for apart in (
        ("when class is vip", "when class is gift"),
        ("when postal starts with 90", "when postal starts with 91"),
        ("when value at most 50", "when value at least 50.01"),
        ("until 2026-11-30", "from 2026-12-01"),
        ("when item is MUG", "when category is power"),
        ("when units at most 2", "when lines at least 3"),
    ):
        assert told(world, f"rule a: require nodes NJ {apart[0]}\nrule b: forbid nodes NJ {apart[1]}") == [], apart


def test_a_law_that_begins_later_contradicts_on_its_days(world):
    (finding,) = found(world, "rule a: require nodes NJ\nrule b: forbid nodes NJ from 2027-01-05")
    assert finding.fault is Fault.CONTRADICTORY
    assert "on 2027-01-05" in finding.evidence


def test_three_laws_may_contradict_where_no_two_do(world):
    said = "rule a: require nodes CA, NJ\nrule b: forbid nodes CA\nrule c: forbid nodes NJ when class is vip"
    assert told(world, said) == [("contradictory", ("a", "b", "c"))]


def test_a_permit_before_them_settles_it(world):
    said = "rule a: require nodes CA\nrule b: forbid nodes CA when class is vip"
    assert told(world, said) == [("contradictory", ("a", "b"))]
    assert told(world, f"rule first: permit nodes NJ when class is vip\n{said}") == []


def test_items_that_fall_between_rules_are_a_gap(world):
    # Only NJ is certified for LIPO, and the marketplace ships from CA alone.
    said = "rule cert: certification\nrule market: require nodes CA when channel is market"
    (finding,) = found(world, said)
    assert (finding.fault, finding.rules, finding.law) == (Fault.GAP, ("cert", "market"), False)
    assert "no node may ship LIPO" in finding.sentence
    assert "channel market" in finding.evidence


def test_goods_that_nobody_is_certified_for_are_a_gap(world):
    nodes = {name: replace(node, certifications=frozenset()) for name, node in world.NODES.items()}
    ready = policy.compile(text.parse("rule cert: certification"), nodes, world.ITEMS, SERVICES)
    assert [(f.fault, f.rules) for f in lint(ready, world.FRIDAY)] == [(Fault.GAP, ("cert",))]


def test_a_forbid_that_names_no_node_is_meant_so(world):
    assert told(world, "rule no-export: forbid when country is CA") == []


def test_a_wish_that_law_never_lets_be_kept(world):
    said = "rule law: forbid nodes NJ\nrule wish: require nodes NJ soft"
    (finding,) = found(world, said)
    assert (finding.fault, finding.rules, finding.law) == (Fault.CONTRADICTORY, ("wish", "law"), False)
    # Where the law speaks of some orders only, the wish can be kept for the others.
    assert told(world, said.replace("nodes NJ\n", "nodes NJ when class is vip\n")) == []


def test_a_preference_for_what_is_barred(world):
    assert told(world, "rule p: prefer nodes NJ worth 1\nrule law: forbid nodes NJ") == [
        ("contradictory", ("p", "law"))
    ]
    assert told(world, "rule p: prefer nodes NJ, CA worth 1\nrule law: forbid nodes NJ") == []


@pytest.mark.parametrize(
    ("said", "because"),
    [
        ("rule old: forbid nodes CA until 2026-11-19", "it ended on 2026-11-19"),
        ("rule none: forbid nodes CA when item is MUG and category is power", "none of its items is in"),
        ("rule words: hazmat cold not by ups:air", "no item requires cold"),
        ("rule big: oversize heavier than 41000 g only by ups:ground", "no item is as large"),
        ("rule watch: review_relaxed boss of wish\nrule wish: max_shipments 2", "it watches wish, which is no wish"),
        ("rule late: permit nodes CA", "no rule after it could bar what it permits"),
        ("rule p: permit nodes CA when class is a\nrule f: forbid nodes CA when class is b", "no rule after it"),
    ],
)
def test_rules_that_can_never_apply(world, said, because):
    (finding,) = found(world, said)
    assert finding.fault is Fault.UNREACHABLE
    assert because in finding.sentence


def test_a_service_that_the_named_node_does_not_have(world):
    nodes = world.NODES | {"CA": replace(world.NODES["CA"], services=frozenset({"ups:ground"}))}
    ready = policy.compile(text.parse("rule air: forbid nodes CA services ups:air"), nodes, world.ITEMS, SERVICES)
    (finding,) = lint(ready, world.FRIDAY)
    assert (finding.fault, finding.rules) == (Fault.UNREACHABLE, ("air",))


@pytest.mark.parametrize(
    ("said", "rules"),
    [
        ("rule a: forbid nodes CA, NJ\nrule b: forbid nodes CA when class is vip", ("b", "a")),
        ("rule b: forbid nodes CA when class is vip\nrule a: forbid nodes CA, NJ", ("b", "a")),
        ("rule a: forbid nodes CA\nrule b: forbid nodes CA", ("b", "a")),
        ("rule a: forbid nodes CA soft\nrule b: forbid nodes CA soft", ("b", "a")),
        ("rule a: require nodes NJ\nrule b: forbid services ups:air nodes CA", ("b", "a")),
        ("rule a: forbid nodes CA when postal starts with 9\nrule b: forbid nodes CA when postal starts with 90 and value at least 5", ("b", "a")),
        ("rule a: pool own\nrule b: forbid nodes CA", ("b", "a")),
        ("rule a: certification\nrule b: forbid nodes CA when item is LIPO", ("b", "a")),
        ("rule a: max_shipments 2\nrule b: max_shipments 3 soft", ("b", "a")),
        ("rule a: min_split_value 20\nrule b: min_split_value 10 when class is vip", ("b", "a")),
        ("rule a: forbid nodes CA\nrule p: permit nodes CA when class is vip\nrule c: limit nodes CA units 3", ("p", "a")),
        ("rule p: permit nodes CA\nrule b: forbid nodes CA when class is vip", ("b", "p")),
    ],
)  # fmt: skip
def test_rules_that_another_makes_needless(world, said, rules):
    assert ("shadowed", rules) in told(world, said)


@pytest.mark.parametrize(
    "said",
    [
        # A wish may be given up, and the other then still holds.
        "rule a: forbid nodes CA, NJ soft\nrule b: forbid nodes CA soft",
        "rule a: forbid nodes CA, NJ soft\nrule b: forbid nodes CA when class is vip",
        # Each says something of its own.
        "rule a: forbid nodes CA when class is vip\nrule b: forbid nodes CA when class is gift or vip and value at least 90",
        "rule a: forbid nodes CA until 2026-12-31\nrule b: forbid nodes CA when class is vip",
        "rule a: forbid nodes CA when postal starts with 90\nrule b: forbid nodes CA when postal starts with 91",
        # A closed node may open again.
        "rule a: active\nrule b: forbid nodes TX",
        # The permit between them exempts from the second alone.
        "rule b: forbid nodes CA services ups:air\nrule p: permit nodes CA services ups:air\nrule a: forbid nodes CA",
        "rule a: max_shipments 3 soft\nrule b: max_shipments 2 when class is vip soft",
        "rule a: max_shipments 2 soft\nrule b: max_shipments 3",
    ],
)
def test_rules_that_only_look_needless(world, said):
    assert [f for f in told(world, said) if f[1] != ("p", "b")] == []


def test_on_a_sample_a_rule_that_never_mattered_is_told(world):
    said = "rule vip: forbid nodes CA when class is vip\nrule w: prefer nodes NJ worth 1\nrule safe: certification"
    (finding,) = found(world, said, sample=past(world, 100, "MUG"))
    assert (finding.fault, finding.rules, finding.orders) == (Fault.NEVER_BINDING, ("vip",), 100)
    # Ninety-nine are too few to say so.
    assert told(world, said, sample=past(world, 99, "MUG")) == []
    assert told(world, said, sample=past(world, 100, "MUG", order_class="vip")) == []


def test_on_a_sample_a_rule_that_another_always_covered_is_told(world):
    said = "rule web: forbid nodes CA when channel is web\nrule vip: forbid nodes CA when class is vip"
    both = past(world, 100, "MUG", channel="web", order_class="vip")
    assert told(world, said, sample=both) == [("shadowed", ("vip", "web"))]
    assert told(world, said, sample=[*both, *past(world, 1, "MUG", order_class="vip")]) == []


def test_orders_of_the_sample_without_a_lawful_way_are_a_gap(world):
    said = "rule cert: certification"
    sample = [*past(world, 3, "MUG", "LIPO", ways=("CA:ups:ground",)), *past(world, 2, "LIPO", ways=("NJ:ups:ground",))]
    (finding,) = found(world, said, sample=sample)
    assert (finding.fault, finding.rules, finding.orders) == (Fault.GAP, ("cert",), 3)
    assert finding.evidence == "order O0: LIPO to 10001"


def test_the_gravest_stands_first(world):
    said = (
        "rule old: forbid nodes CA until 2020-01-01\nrule a: require nodes CA\n"
        "rule b: forbid nodes CA\nrule c: forbid nodes CA when class is vip"
    )
    assert [f.fault.value for f in found(world, said, on=date(2026, 11, 20))] == [
        "contradictory",
        "shadowed",
        "unreachable",
    ]
