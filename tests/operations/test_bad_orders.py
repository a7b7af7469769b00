"""Whatever comes, a decision is a value with a reason: nothing is raised at the caller, and no order is lost."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.operations.test_route_order import ONE, POLICY, put
from tests.routing.brand import NOW, compiled, items, network, nodes, order

from evenstock.domain import (
    CaseState,
    Costs,
    LineId,
    OrderLine,
    Outcome,
    Policy,
    Refuse,
    Rule,
    ShipTo,
    Sku,
    Units,
)
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.route_order import route_order
from evenstock.policy import compile as compile_policy
from evenstock.policy.text import PolicyTextError, parse
from evenstock.routing.candidates import MOST_UNITS
from evenstock.routing.network import ShippingNetwork
from evenstock.storage.memory import MemoryStore

NETWORK = network()


def routed(store, of, shipping=NETWORK, policy=POLICY):
    return route_order(store, shipping, policy, RouteOrder(of, NOW)).record


def kept(store, record) -> None:
    """The order is in the books, with a case that says when it is looked at again."""
    with store.reading() as books:
        assert books.order(record.order) is not None
        (case,) = books.cases(CaseState.OPEN)
    assert case.about == f"order:{record.order}"
    assert record.sentence in case.because
    assert NOW < case.due_at <= NOW + timedelta(days=2)


@pytest.fixture
def store():
    opened = MemoryStore()
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("of", "because"),
    [
        (order((Sku("NOBODY"), 1)), "NOBODY: no such item in this network; import it, or correct the order"),
        (order((ONE, MOST_UNITS + 1)), f"the most a line may want is {MOST_UNITS}"),
        (replace(order((ONE, 1)), ship_to=ShipTo("")), "no zone is known"),
        (replace(order((ONE, 1)), ship_to=ShipTo("99999999", "XX")), "no zone is known"),
        (order((ONE, 500)), "wanted 500, the network has 5"),
    ],
)
def test_an_order_that_cannot_be_served_says_why_and_is_kept(store, of, because):
    put(store, {(ONE, "TX"): 5})

    record = routed(store, of)

    assert record.outcome is Outcome.UNSERVED
    assert isinstance(record.verdict, Refuse)
    assert because in record.sentence
    kept(store, record)


def test_a_network_without_nodes_refuses_in_words(store):
    empty = ShippingNetwork([], items(), NETWORK.book, Costs(), "sha256:empty")
    policy = compile_policy(Policy("none", ()), {}, items())

    record = routed(store, order((ONE, 1)), empty, policy)

    assert record.outcome is Outcome.UNSERVED
    assert "No node reaches 78701" in record.sentence
    kept(store, record)


def test_when_every_node_is_closed_the_order_waits(store):
    put(store, {(ONE, "TX"): 5})
    closed = ShippingNetwork(nodes(8, active=False), items(), NETWORK.book, Costs(), "sha256:closed")

    record = routed(store, order((ONE, 1)), closed, compiled(closed))

    assert record.outcome is Outcome.UNSERVED
    assert "TX does not ship at present" in record.sentence
    kept(store, record)


def test_a_line_that_wants_nothing_is_refused_where_it_is_written():
    with pytest.raises(ValueError, match="a line wants at least one unit"):
        OrderLine(LineId("1"), ONE, Units(0))


def test_a_rule_that_forbids_everything_is_named(store):
    put(store, {(ONE, "TX"): 5})
    shut = compiled(NETWORK, Policy("shut", (Rule("nobody", "forbid", (("nodes", "TX"),)),)))

    record = routed(store, order((ONE, 1)), NETWORK, shut)

    assert record.outcome is Outcome.UNSERVED
    assert "nobody: " in record.sentence
    kept(store, record)


def test_a_rule_that_names_a_missing_node_is_refused_with_what_was_meant():
    with pytest.raises(ValueError, match="names TXX, which does not exist; did you mean TX"):
        compiled(NETWORK, Policy("typo", (Rule("west", "require", (("nodes", "TXX"),)),)))


def test_a_malformed_rule_is_refused_with_its_place():
    with pytest.raises(PolicyTextError) as told:
        parse("rule west: requires nodes CA")
    (problem,) = told.value.problems
    assert (problem.line, "require" in str(problem)) == (1, True)
