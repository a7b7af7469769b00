"""Orders that wait until somebody lets them go, such as those tagged for fraud: the stock is kept, nothing leaves.

Parameters: `role` (who lets them go), `hours` (how long that may take; left out, the company's usual time), `then` (what
happens if nobody answers: `wait`, which asks again and is the default, `cancel` or `execute`), and conditions on order and
item. Without a condition every order would wait, so at least one is given.
"""

from __future__ import annotations

from typing import Final

from evenstock.policy.asking import Asking
from evenstock.policy.conditions import ITEM_WHEN, ORDER_WHEN, conditions_said
from evenstock.policy.network import Network
from evenstock.policy.parameters import Given, Parameter
from evenstock.policy.ruling import Ruling, Waiting

PARAMETERS: Final = (
    Parameter("role", "text", "who lets them go", required=True, phrase="for"),
    Parameter("hours", "count", "hours that may take", phrase="within", unit="hours"),
    Parameter("then", "text", "what happens if nobody answers: wait, cancel or execute", default="wait"),
    *ORDER_WHEN,
    *ITEM_WHEN,
)
ALWAYS_LAW: Final = True
_ENDS: Final = ("wait", "cancel", "execute")


def compile_rule(given: Given, network: Network) -> Ruling:
    if not any(given.has(parameter.name) for parameter in (*ORDER_WHEN, *ITEM_WHEN)):
        raise ValueError(f"rule {given.rule.id} (hold): say which orders are held; it would hold every order")
    if given.text("then") not in _ENDS:
        raise ValueError(f"rule {given.rule.id} (hold): then is {given.text('then')!r}; give one of {', '.join(_ENDS)}")
    waits = Waiting(given.text("then"), given.at_most("hours"))
    return Asking(given, network.items, waits, f"orders with {conditions_said(given)} are held")
