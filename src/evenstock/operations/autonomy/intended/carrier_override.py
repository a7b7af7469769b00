"""Setting aside the default carrier of a lane for some weeks."""

from __future__ import annotations

from datetime import datetime
from math import exp
from typing import Final

from evenstock.domain import CERTAIN, ActionKind, Cents, IntendedAction, NodeId
from evenstock.freight.failing import Failing
from evenstock.operations.autonomy.actor import Actor
from evenstock.operations.autonomy.intended.facts import country_of
from evenstock.policy import CompiledPolicy

KINDS: Final = (ActionKind.OVERRIDE_CARRIER,)
_ODDS: Final = 700.0
"""Log of odds beyond which a probability is certain to the millionth, and its power would be none."""


def carrier_override(
    actor: Actor,
    policy: CompiledPolicy,
    failing: Failing,
    freight_cents: int | None,
    weeks: int,
    seen_at: datetime,
    now: datetime,
) -> IntendedAction:
    """Money is what the other carriers cost more over its weeks; None where nobody reckoned it.

    It concerns orders of every channel and product group. How sure we are is the probability that the service fails, beyond
    what was needed to tell of it: as many times as likely as not as the evidence exceeds that.

    Parameters
    ----------
    freight_cents
        Freight and handling more (or, below zero, less) a week.
    """
    nodes = (NodeId(failing.origin),)
    cents = None if freight_cents is None else Cents(max(0, freight_cents) * weeks)
    return IntendedAction(
        ActionKind.OVERRIDE_CARRIER, actor.kind, actor.roles(nodes, policy), nodes, None, (), cents, None,
        _sure(failing), max(0, int((now - seen_at).total_seconds())), country_of(policy, nodes[0]), None,
    )  # fmt: skip


def _sure(failing: Failing) -> int:
    beyond = min(_ODDS, max(-_ODDS, failing.log_odds - failing.log_needed))
    return round(CERTAIN / (1.0 + exp(-beyond)))
