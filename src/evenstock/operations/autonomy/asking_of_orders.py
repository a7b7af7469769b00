"""Asks whether an order may ship as planned, in the question it was decided in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from evenstock.domain import ActionKind, Confidence, DecisionRecord, NeedsApproval, OrderPlan, Refuse, Verdict
from evenstock.operations.autonomy.actor import Actor, actor_at_hand, actor_now
from evenstock.operations.autonomy.asking import Ruled, asks_roles, governed, rule_on
from evenstock.operations.autonomy.halting import halts_in_force, under_halts
from evenstock.operations.autonomy.intended.order_plan import KINDS, order_plan
from evenstock.operations.deciding import Question
from evenstock.operations.ports import Transaction
from evenstock.policy import CompiledPolicy
from evenstock.routing.candidates import Candidates
from evenstock.routing.knowledge import Knowledge


def ask_to_ship(
    books: Transaction,
    question: Question,
    found: Candidates,
    plan: OrderPlan,
    sure: Confidence | None = None,
    *,
    also: tuple[ActionKind, ...] = (),
    actor: Actor | None = None,
) -> Ruled:
    """What envelopes and stages say of this plan; `sure` is its confidence, where it was reckoned of this very plan."""
    if not governed(question.policy, found.on, (*KINDS, *also)):
        return Ruled((), None, found.on)
    who = actor or actor_now(books, question.command.order.id, roles=asks_roles(question.policy, found.on))
    return _ruled(question, found, plan, sure, also, who)


def ask_at_hand(question: Question, found: Candidates, plan: OrderPlan, sure: Confidence | None) -> Ruled | None:
    """The same without the books; None where they must be asked who acts."""
    if not governed(question.policy, found.on, KINDS):
        return Ruled((), None, found.on)
    who = actor_at_hand(question.command.order.id, roles=asks_roles(question.policy, found.on))
    return None if who is None else _ruled(question, found, plan, sure, (), who)


def _ruled(
    question: Question,
    found: Candidates,
    plan: OrderPlan,
    sure: Confidence | None,
    also: tuple[ActionKind, ...],
    who: Actor,
) -> Ruled:
    network, order = question.network, question.ordered
    actions = order_plan(
        who,
        question.policy,
        network.items,
        order,
        plan,
        question.command.now,
        sure=sure,
        known=network.known,
        also=also,
    )
    return rule_on(question.policy, actions, found.on, order.id)


def ask_again(
    books: Transaction,
    policy: CompiledPolicy | None,
    known: Knowledge | None,
    record: DecisionRecord,
    now: datetime,
    actor: Actor | None = None,
) -> Ruled:
    """The same about a plan that was decided before, as things stand now: rules and data may have changed since."""
    on, placed = now.astimezone(UTC).date(), books.order(record.order)
    policy = None if policy is None else under_halts(policy, halts_in_force(books))
    if policy is None or record.choice is None or placed is None or not governed(policy, on, KINDS):
        return Ruled((), None, on)
    who = actor or actor_now(books, record.order, roles=asks_roles(policy, on))
    plan, items = record.choice, policy.network.items
    actions = order_plan(who, policy, items, placed, plan, now, sure=record.confidence, known=known)
    return rule_on(policy, actions, on, record.order)


def with_envelope(verdict: Verdict, ruled: Ruled) -> Verdict:
    """What review says of a plan, with what envelopes say besides: whoever is asked first decides, and hears every reason."""
    asks = ruled.asks
    if asks is None or isinstance(verdict, Refuse):
        return verdict
    if isinstance(verdict, NeedsApproval):
        return NeedsApproval(verdict.role, f"{verdict.because}; {asks.because}")
    return asks


def without_refused(found: Candidates, question: Question, refused: Sequence[Ruled]) -> Candidates | None:
    """The ways that leave out nodes which are refused by themselves, where any is left; None where leaving out helps nothing."""
    nodes = {
        node
        for ruled in refused
        for one in ruled.judged
        if isinstance(one.verdict, Refuse)
        for node in one.action.nodes
        if len(one.action.nodes) == 1
        or rule_on(question.policy, [replace(one.action, nodes=(node,))], ruled.on, question.command.order.id).refused
    }
    mask = np.array([way.node not in nodes for way in found.ways], np.bool_)
    return found.only(mask) if mask.any() and not mask.all() else None
