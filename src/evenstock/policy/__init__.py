"""Who may decide what, within which limits: a table of rules that permit, bound or review.

A rule's parameters are `name=value` pairs separated by `;`, lists inside a value separated by `,`. Rules in force on the
day of the decision apply. `describe()` lists every kind.
"""

from evenstock.policy.compiled import CompiledPolicy, Kind, describe
from evenstock.policy.compiled import compile_policy as compile  # noqa: A004
from evenstock.policy.permit import Permitted, Relaxation, Wish
from evenstock.policy.reading import default_policy, from_frame
from evenstock.policy.review import Ask
from evenstock.policy.ruling import NO_CEILING, NO_LIMIT, CandidateFacts, OrderBounds
from evenstock.policy.transfers import TransferBounds

__all__ = [
    "NO_CEILING",
    "NO_LIMIT",
    "Ask",
    "CandidateFacts",
    "CompiledPolicy",
    "Kind",
    "OrderBounds",
    "Permitted",
    "Relaxation",
    "TransferBounds",
    "Wish",
    "compile",
    "default_policy",
    "describe",
    "from_frame",
]
