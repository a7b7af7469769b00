"""A rehearsal uses what deciding uses, whatever the network, and changes nothing."""

from tests.routing.brand import NOW, compiled, network

from evenstock.domain import Policy, Rule
from evenstock.operations.rehearse import rehearse


def test_orders_are_decided_near_the_first_nodes() -> None:
    shipping = network(3)
    assert rehearse(shipping, compiled(shipping), NOW) == 4


def test_rules_that_forbid_everything_stop_no_rehearsal() -> None:
    shipping = network(3)
    nodes = ",".join(str(node.id) for node in shipping.nodes)
    nothing = Policy("nothing", (Rule("none", "forbid", (("nodes", nodes),)),))
    assert rehearse(shipping, compiled(shipping, nothing), NOW) == 4


def test_a_network_without_items_has_nothing_to_rehearse() -> None:
    shipping = network(3)
    shipping.items = {}
    assert rehearse(shipping, compiled(network(3)), NOW) == 0
