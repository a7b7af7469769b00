"""Decides again about what an exception left unplaced, and says what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from evenstock.domain import (
    Case,
    CaseId,
    CaseState,
    DecisionRecord,
    NodeId,
    OrderPlan,
    Outcome,
    Refuse,
    Reservation,
    Sku,
)
from evenstock.operations.deciding import Decide
from evenstock.operations.decisions import behind
from evenstock.operations.exceptions.answer import Handled, Report, Taken, answered, order_of
from evenstock.operations.exceptions.questions import HOLDS, nodes_down, nodes_short, open_about, services_down
from evenstock.operations.ports import ConflictError, Store, Transaction
from evenstock.operations.reroute import Reroute, reroute
from evenstock.operations.run_due import Workplace, act_now
from evenstock.operations.standing import Standing, standing
from evenstock.policy import CompiledPolicy
from evenstock.routing.network import ShippingNetwork

REROUTE: Final = "reroute"
ANEW: Final = "anew"
"""Fact of a case whose order is decided again even where all of it is set aside."""
ACCEPT: Final = "accept_plan"
DESK: Final = "order desk"
AGAIN: Final = timedelta(hours=4)
"""How long a person has for an order that no lawful plan serves, before it is tried again."""
RACED: Final = timedelta(minutes=5)
"""When it is tried again after others were faster each time."""
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Out:
    """What an order may not use now."""

    nodes: frozenset[NodeId]
    services: frozenset[str]


def follow_now(
    store: Store, network: ShippingNetwork, policy: CompiledPolicy, cases: Iterable[CaseId], now: datetime
) -> None:
    """Decide again for those of these cases that wait for it and are due; one that fails is tried again by `run_due`."""
    at = Workplace(store, network, policy)
    for name in cases:
        with store.reading() as books:
            case = books.case(name)
        if case is None or case.state is not CaseState.OPEN or case.at_deadline != REROUTE or case.due_at > now:
            continue
        act_now(at, name, now)


def followed(
    store: Store, network: ShippingNetwork, policy: CompiledPolicy, report: Report, once: tuple[Taken | Refuse, bool]
) -> Handled | Refuse:
    """Follow the cases of a report that was taken in (`take_once`), then say how things stand."""
    told, _ = once
    if isinstance(told, Taken):
        follow_now(store, network, policy, told.cases, report.now)
    return answered(store, report, once)


def follow(
    store: Store,
    network: ShippingNetwork,
    policy: CompiledPolicy,
    case: Case,
    now: datetime,
    *,
    decide: Decide | None = None,
) -> Case:
    """The case after a new decision about its order: closed, or open with what a person should look at, and until when.

    Asked twice, the second decision finds nothing left to place and closes the case. Of the case's facts, `without_services`
    names services not to use, and `only_if_saves_cents` the saving below which everything stays.
    """
    order = order_of(case)
    with store.reading() as books:
        found = standing(books, order)
        others = [other for other in open_about(books, order) if other.id != case.id]
        out = out_of_use(books, case, now)
        plans = [plan for piece in (found.soft if found else ()) if (plan := plan_of(books, piece)) is not None]
    if found is None or not found.to_place:
        return case.closed(now, "system", "nothing is left to place")
    held = next((other for other in others if other.kind in HOLDS), None)
    if held is not None:
        return replace(case, due_at=max(held.due_at, now + timedelta(minutes=1)), step=case.step + 1)
    saving = case.fact("only_if_saves_cents")
    if not saving and not case.fact(ANEW) and _stands(found, out, plans):
        return case.closed(now, "system", "every unit is set aside at a node that can ship it")
    wish = Reroute(order, now, case.because, out.nodes, out.services, int(saving) if saving else None)
    try:
        routed = reroute(store, network, policy, wish, decide=decide)
    except ConflictError as raced:
        return replace(case, because=str(raced), due_at=now + RACED, step=case.step + 1)
    record = routed.record
    if record.outcome is Outcome.UNSERVED:
        return _unserved(case, record, found, now)
    if routed.repeated and saving:
        return case.closed(now, "system", f"stays as it is: no other way saves {saving} cents")
    if record.relaxed:
        return _promise_at_risk(case, record, now)
    if record.outcome is Outcome.AWAITS_APPROVAL:
        return case.closed(now, "system", f"a person reviews the new plan: {record.sentence}")
    return case.closed(now, "system", f"routed again: {record.sentence}")


def plan_of(books: Transaction, reservation: Reservation) -> OrderPlan | None:
    """The plan by which a reservation was made; None where it was not made by a decision."""
    made = behind(books, reservation.id)
    return made.choice if made is not None else None


def out_of_use(books: Transaction, case: Case, now: datetime) -> Out:
    """Nodes that are down or could not pick this order, and services that fail or that the case excludes."""
    excluded = {name for name in case.fact("without_services").split(";") if name}
    nodes = nodes_down(books, now) | nodes_short(books, order_of(case))
    return Out(nodes, services_down(books, now) | excluded)


def _stands(found: Standing, out: Out, plans: Sequence[OrderPlan]) -> bool:
    """All that is to be placed is set aside, none of it at a node or for a service that is out."""
    if any(shipment.candidate.service in out.services for plan in plans for shipment in plan.shipments):
        return False
    soft: Counter[Sku] = Counter()
    for reservation in found.soft:
        for line in reservation.lines:
            if line.node in out.nodes:
                return False
            soft[found.in_place_of.get(line.sku, line.sku)] += line.units
    wanted: Counter[Sku] = Counter()
    for wish in found.to_place:
        wanted[wish.sku] += wish.units
    return soft == wanted


def _unserved(case: Case, record: DecisionRecord, found: Standing, now: datetime) -> Case:
    worth = sum(line.units * line.price_cents for line in found.to_place)
    left = ", ".join(f"{line.units} × {line.sku}" for line in found.to_place)
    return replace(
        case,
        because=f"no lawful plan serves {left}: {record.sentence}",
        suggestion=f"wait for stock until it is tried again, or cancel these units and refund {_dollars(worth)}",
        role=DESK,
        due_at=now + AGAIN,
        step=case.step + 1,
    )


def _promise_at_risk(case: Case, record: DecisionRecord, now: datetime) -> Case:
    """The order ships all the same; a person sees at which price, and what else there was."""
    options = [_option(plan) for plan in record.alternatives[:_SHOWN]]
    rest = f"; instead: {', '.join(options)}" if options else "; there is no other plan"
    return replace(
        case,
        because=f"routed again, and gave up {'; '.join(record.relaxed)}",
        suggestion=f"keep {_option(record.choice) if record.choice else 'nothing'}{rest}, or cancel",
        at_deadline=ACCEPT,
        role=DESK,
        due_at=now + AGAIN,
        step=case.step + 1,
    )


def _option(plan: OrderPlan) -> str:
    ways = " + ".join(f"{s.candidate.node} by {s.candidate.service}" for s in plan.shipments)
    return f"{ways} for {_dollars(plan.cents)}"


def _dollars(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"
