"""An order that nothing could serve is tried again: stock or rules may have changed; in the end a person is asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from evenstock.domain import Case, DecisionRecord, Order, Outcome
from evenstock.operations.deciding import RouteOrder, route_key
from evenstock.operations.exceptions.answer import order_of
from evenstock.operations.open_cases import (
    ANEW,
    ASK_AFTER,
    FIRST_RETRY,
    LONGEST_RETRY,
    OPERATIONS,
    OUT_OF_USE,
    RETRY,
    dollars,
    ways,
)
from evenstock.operations.queue import out_of_use
from evenstock.operations.reroute import Reroute, reroute
from evenstock.operations.route_order import route_order
from evenstock.operations.run_due import Workplace
from evenstock.operations.standing import standing

NAME: Final = RETRY


def act(at: Workplace, case: Case, now: datetime) -> Case:
    with at.store.reading() as books:
        there = standing(books, order_of(case))
        nodes, services = out_of_use(books, order_of(case), now)
        routed = books.recall(route_key(order_of(case))) is not None
    if there is None:
        return case.closed(now, "system", "no such order is kept: nothing to route")
    if not there.to_place:
        return case.closed(now, "system", "nothing is left to place: it was released or cancelled meanwhile")
    if there.soft and not case.fact(ANEW):
        return case.closed(now, "system", "its stock was set aside meanwhile")
    out = OUT_OF_USE if nodes or services else ""
    # An order of which something was placed or cancelled before is decided again for the rest alone.
    if routed or there.cancelled:
        wish = Reroute(there.order.id, now, out or case.because, nodes, services)
        record = reroute(at.store, at.network, at.policy, wish, decide=at.decide).record
    else:
        command = RouteOrder(there.order, now, without_nodes=nodes, without_services=services, because=out)
        record = route_order(at.store, at.network, at.policy, command, decide=at.decide).record
    return _after(case, record, there.order, now)


def _after(case: Case, record: DecisionRecord, order: Order, now: datetime) -> Case:
    if record.choice is not None and record.outcome is not Outcome.UNSERVED:
        asks = ", and a person reviews it" if record.outcome is Outcome.AWAITS_APPROVAL else ""
        return case.closed(now, "system", f"ships {ways(record.choice)} for {dollars(record.choice.cents)}{asks}")
    tries = int(case.fact("tries", "0")) + 1
    facts = dict(case.facts) | {"tries": str(tries), "decision": str(record.id)}
    later = replace(
        case,
        because=record.sentence,
        due_at=now + min(LONGEST_RETRY, FIRST_RETRY * 2 ** min(tries - 1, 10)),
        facts=tuple(facts.items()),
        step=case.step + 1,
    )
    if now - case.opened_at < ASK_AFTER:
        return later
    waited = (now - case.opened_at).days
    suggestion = (
        f"after {waited} days: find stock, offer something else, or cancel and refund {dollars(order.value_cents)}"
    )
    return replace(later, role=OPERATIONS, suggestion=suggestion)
