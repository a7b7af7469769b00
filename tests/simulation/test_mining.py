"""A habit nobody wrote down is found with its support, its exceptions and its price; chance is not."""

import numpy as np
from tests.routing import brand
from tests.simulation.replay.test_ledger import network
from tests.simulation.replay.test_replay import CA, GA, IL, ONE, order, past, shipped
from tests.simulation.replay.test_rule_prices import SHIPPING

from evenstock.domain import NodeId
from evenstock.policy.text import parse, write
from evenstock.simulation.mining import Chosen, chosen_in_history, mine, price_patterns
from evenstock.simulation.replay.lives import Arm

EVERYWHERE = frozenset({CA, GA, IL})
CITIES = list(brand.PLACES)


def choices(count: int, seed: int = 3, *, habit: float = 1.0) -> list[Chosen]:
    """Orders to anywhere; those to Florida (331) leave from Illinois with this probability, others from the nearest."""
    rng = np.random.default_rng(seed)
    found = []
    for n in range(count):
        city = CITIES[int(rng.integers(len(CITIES)))]
        bought = order(f"A-{n:04d}", (ONE, 1), to=f"{city}01", day=n * 20 // count)
        usual = GA if city in {"331", "402", "100", "021"} else CA if city in {"941", "852", "802"} else IL
        node = IL if city == "331" and rng.random() < habit else usual
        found.append(Chosen(bought, node, usual, EVERYWHERE))
    return found


def test_a_habit_that_the_system_would_not_follow_is_proposed_as_a_readable_wish() -> None:
    (found,) = mine(choices(600), brand.items())

    assert found.node == IL
    assert dict(found.rule.parameters) == {"nodes": "IL", "postal_prefixes": "3"}  # the widest condition that holds
    assert (found.rule.kind, found.rule.hard) == ("require", False)
    assert found.followed == found.support >= 30
    assert found.surprising == found.support  # the system would send every one of them from Georgia
    assert found.later_followed == found.later_support > 0
    text = write(network(found.rule).policy.policy)
    assert "postal starts with 3" in text
    assert parse(text).rules[0].kind == "require"


def test_exceptions_are_counted_and_named() -> None:
    (found,) = mine(choices(2_000, habit=0.95), brand.items())

    assert 0 < found.support - found.followed < 0.1 * found.support
    assert found.exceptions
    assert found.low >= 0.9


def test_what_the_system_would_do_anyway_is_no_news() -> None:
    assert mine(choices(600, habit=0.0), brand.items()) == ()


def test_a_coin_is_not_a_rule() -> None:
    rng = np.random.default_rng(9)
    for _ in range(20):
        tossed = [
            Chosen(c.order, [CA, GA, IL][int(rng.integers(3))], c.would, EVERYWHERE) for c in choices(300, habit=0.0)
        ]
        assert mine(tossed, brand.items()) == ()


def test_orders_that_only_one_node_could_ship_teach_nothing() -> None:
    alone = [Chosen(c.order, c.node, c.would, frozenset({c.node})) for c in choices(600)]
    assert mine(alone, brand.items()) == ()
    assert mine([], brand.items()) == ()


def test_a_shipped_history_is_mined_and_the_rule_is_priced_on_it() -> None:
    rows = choices(600)
    bought = [row.order for row in rows]
    done = {row.order.id: (shipped(row.node, ("1", 1)),) for row in rows}
    stock = {(ONE, node): 10_000 for node in (CA, GA, IL)}
    lived = past(bought, stock, done=done)
    here = network()
    arm = Arm("ours")

    chosen = chosen_in_history(lived, here, SHIPPING, arm)
    assert len(chosen) == 600
    assert all(one.could == EVERYWHERE for one in chosen)
    patterns = mine(chosen, SHIPPING.items)
    found = {p.node: p for p in patterns if ("postal_prefixes", "3") in p.rule.parameters}
    assert found.keys() == {IL}

    (proposal,) = price_patterns([found[NodeId("IL")]], lived, here, SHIPPING, arm, sample=600)
    florida = sum(one.order.ship_to.postal_code.startswith("3") for one in chosen)
    assert proposal.price.bound == florida
    assert proposal.price.cents > 0  # Georgia is nearer
    assert proposal.price.rule == found[NodeId("IL")].rule.id


def test_a_pattern_needs_enough_orders() -> None:
    few = [c for c in choices(600) if c.order.ship_to.postal_code.startswith("331")][:12]
    rest = [c for c in choices(600) if not c.order.ship_to.postal_code.startswith("331")]

    assert mine([*few, *rest], brand.items()) == ()


def test_where_people_chose_nothing_else_the_systems_choices_are_the_contrast() -> None:
    overrides = [c for c in choices(600) if c.order.ship_to.postal_code.startswith("331")]
    found = mine(overrides, brand.items(), held_out=0.0)

    assert {one.node for one in found} == {IL}
    agreed = [Chosen(c.order, c.would or GA, c.would, EVERYWHERE) for c in overrides]
    assert mine(agreed, brand.items(), held_out=0.0) == ()
