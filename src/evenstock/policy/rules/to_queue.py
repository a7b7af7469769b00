"""Orders about which a person decides: the best lawful plan is reserved and suggested, and executes at the deadline.

Parameters: `role` (who decides), `hours` (how long they have; left out, the company's usual time), and conditions on order
and item, at least one. Unlike `hold`, nothing is wrong with the order: if nobody answers, it ships.
"""

from __future__ import annotations

from typing import Final

from evenstock.policy.asking import Asking
from evenstock.policy.conditions import ITEM_WHEN, ORDER_WHEN, conditions_said
from evenstock.policy.network import Network
from evenstock.policy.parameters import Given, Parameter
from evenstock.policy.ruling import Ruling, Waiting

PARAMETERS: Final = (
    Parameter("role", "text", "who decides", required=True, phrase="for"),
    Parameter("hours", "count", "hours they have", phrase="within", unit="hours"),
    *ORDER_WHEN,
    *ITEM_WHEN,
)
ALWAYS_LAW: Final = True


def compile_rule(given: Given, network: Network) -> Ruling:
    if not any(given.has(parameter.name) for parameter in (*ORDER_WHEN, *ITEM_WHEN)):
        raise ValueError(f"rule {given.rule.id} (to_queue): say which orders; a person would decide about every one")
    waits = Waiting(hours=given.at_most("hours"))
    return Asking(given, network.items, waits, f"a person decides about orders with {conditions_said(given)}")
