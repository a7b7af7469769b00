"""DECISION 1, the other way: where goods that a customer sends back should go."""

from evenstock.routing.returns.asked import MOST_LINES, CustomerReturn, PaidBy, ReturnedLine, ReturnTerms
from evenstock.routing.returns.decide import ReturnDecision, ReturnPlan, decide_return
from evenstock.routing.returns.parcel import ReturnParcel

__all__ = [
    "MOST_LINES",
    "CustomerReturn",
    "PaidBy",
    "ReturnDecision",
    "ReturnParcel",
    "ReturnPlan",
    "ReturnTerms",
    "ReturnedLine",
    "decide_return",
]
