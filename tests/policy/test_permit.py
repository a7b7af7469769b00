import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evenstock import policy
from evenstock.policy.permit import says_of
from evenstock.policy.ruling import Ruling
from evenstock.registry import members


def test_law_and_wishes_stand_apart(world):
    order = world.an_order(promise=world.promised())
    ways = world.ways("CA:ups:ground", "NJ:ups:ground", "TX:ups:ground")
    found = world.ask(policy.default_policy().rules, ways, order, on_time=[0.5, 0.99, 0.99])
    assert found.hard[:, 0].tolist() == [True, True, False]
    assert found.mask[:, 0].tolist() == [False, True, False]
    assert [wish.rule for wish in found.soft] == ["promise"]
    assert [b.rule for b in found.barred_hard] == ["active"]
    assert [b.rule for b in found.barred] == ["active", "promise"]


def test_a_whole_node_is_named_once_and_part_of_it_by_service(world):
    ways = world.ways("CA:ups:ground", "CA:ups:2day", "NJ:ups:ground")
    whole = world.ask(world.rule("forbid", nodes="CA"), ways)
    part = world.ask(world.rule("forbid", nodes="CA", services="ups:2day"), ways)
    assert [(b.node, b.service) for b in whole.barred] == [("CA", "")]
    assert [(b.node, b.service) for b in part.barred] == [("CA", "ups:2day")]


def test_the_rules_own_reason_is_repeated(world):
    rule = world.rule("forbid", nodes="CA")
    because = type(rule)(rule.id, rule.kind, rule.parameters, because="moving house")
    found = world.ask(because, world.ways("CA:ups:ground"))
    assert found.barred[0].because == "CA may not carry any order (moving house)"


def test_where_nothing_is_barred_everything_is_allowed(world):
    found = world.ask(policy.default_policy().rules, world.ways("NJ:ups:ground"))
    assert found.mask.all()
    assert found.barred == ()
    assert found.soft == ()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_each_pair_is_allowed_exactly_where_no_rule_bars_it(world, data):
    drawn = data.draw(
        st.lists(
            st.tuples(
                st.sets(st.sampled_from(["CA", "NJ", "TX"]), min_size=1),
                st.sampled_from([None, "MUG", "LIPO"]),
                st.booleans(),
            ),
            max_size=5,
        )
    )
    rules = [
        world.rule("forbid", hard=hard, name=f"r{k}", nodes=",".join(sorted(nodes)), **({"skus": sku} if sku else {}))
        for k, (nodes, sku, hard) in enumerate(drawn)
    ]
    names, skus = ["CA", "NJ", "TX"], ["MUG", "LIPO"]
    found = world.ask(rules, world.ways(*(f"{n}:ups:ground" for n in names)), world.an_order(*skus))

    def free(only_law):
        return [
            [
                not any(n in nodes and sku in (None, s) for nodes, sku, hard in drawn if hard or not only_law)
                for s in skus
            ]
            for n in names
        ]

    assert found.hard.tolist() == free(only_law=True)
    assert found.mask.tolist() == free(only_law=False)
    assert np.array_equal(found.keeping(0), found.hard)


def test_every_kind_is_asked_what_it_may_answer_and_nothing_else():
    """What is not asked would have been nothing: a kind that answers overrides the answer."""
    for name, module in members("evenstock.policy.rules").items():
        rulings = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, Ruling)]
        for kind in rulings:
            for answer in ("charges", "exempts", "bars"):
                own = any(answer in vars(base) for base in kind.__mro__ if base not in (Ruling, object))
                assert (answer in says_of(kind)) == own, f"{name}: {answer}"
