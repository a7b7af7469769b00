"""Which rule decides where several speak of the same way to ship a line: the first listed."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

WAYS = ("CA:ups:ground", "NJ:ups:ground")


def allowed(world, *rules, skus=("MUG",)):
    return world.ask(list(rules), world.ways(*WAYS), world.an_order(*skus)).mask.tolist()


def test_of_permit_and_forbid_the_first_decides(world):
    permit = world.rule("permit", nodes="CA")
    forbid = world.rule("forbid", nodes="CA,NJ")
    # CA is permitted before anything is forbidden; NJ nobody permitted.
    assert allowed(world, permit, forbid) == [[True], [False]]
    assert allowed(world, forbid, permit) == [[False], [False]]


@pytest.mark.parametrize("kind", ["forbid", "require", "dedicate"])
@pytest.mark.parametrize("hard", [True, False])
def test_a_permit_exempts_from_law_and_wish_alike(world, kind, hard):
    named = {"forbid": {"nodes": "CA"}, "require": {"nodes": "NJ"}, "dedicate": {"nodes": "CA", "channels": "b2b"}}
    rule = world.rule(kind, hard=hard, **named[kind])
    assert allowed(world, rule) == [[False], [True]]
    assert allowed(world, world.rule("permit", nodes="CA"), rule) == [[True], [True]]


def test_a_permit_of_some_items_leaves_the_other_lines_barred(world):
    rules = world.rule("permit", categories="power"), world.rule("forbid", nodes="CA")
    ways, order = world.ways(*WAYS), world.an_order("MUG", "LIPO")
    found = world.ask(list(rules), ways, order)
    assert found.mask.tolist() == [[False, True], [True, True]]
    assert [(b.node, b.because) for b in found.barred] == [("CA", "CA may not carry any order")]


@pytest.mark.parametrize(
    ("kind", "named", "skus"),
    [
        ("active", {}, ("MUG",)),
        ("certification", {}, ("LIPO",)),
        ("hazmat", {"services": "ups:ground"}, ("LIPO",)),
        ("perishable", {}, ("FISH",)),
        ("oversize", {"weight_g": 40_000, "services": "freight:ltl"}, ("SOFA",)),
    ],
)
def test_no_permit_exempts_from_what_the_goods_demand(world, kind, named, skus):
    ways, order = world.ways("TX:ups:ground", "CA:ups:ground"), world.an_order(*skus)
    rule = world.rule(kind, **named)
    with_permit = world.ask([world.rule("permit", nodes="CA,TX"), rule], ways, order)
    assert not with_permit.mask.all()
    assert with_permit.mask.tolist() == world.ask(rule, ways, order).mask.tolist()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    drawn=st.lists(
        st.tuples(
            st.sampled_from(["permit", "forbid", "require"]),
            st.sets(st.sampled_from(["CA", "NJ", "TX"]), min_size=1),
            st.sampled_from([None, "MUG", "LIPO"]),
        ),
        max_size=6,
    )
)
def test_each_way_of_each_line_is_decided_by_the_first_rule_that_speaks_of_it(world, drawn):
    rules = [
        world.rule(kind, name=f"r{k}", nodes=",".join(sorted(nodes)), **({"skus": sku} if sku else {}))
        for k, (kind, nodes, sku) in enumerate(drawn)
    ]
    names, skus = ["CA", "NJ", "TX"], ["MUG", "LIPO"]
    found = world.ask(rules, world.ways(*(f"{n}:ups:ground" for n in names)), world.an_order(*skus))

    def decided(node, sku):
        for kind, nodes, only in drawn:
            if only not in (None, sku):
                continue
            if kind == "permit" and node in nodes:
                return True
            if (kind == "forbid" and node in nodes) or (kind == "require" and node not in nodes):
                return False
        return True

    assert found.mask.tolist() == [[decided(n, s) for s in skus] for n in names]
    barred = {b.node for b in found.barred}
    assert barred == {n for n, row in zip(names, found.mask, strict=True) if not np.all(row)}
