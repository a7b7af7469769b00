"""The promise at order time: days that can be kept with a stated probability, and what each costs; nothing is reserved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import numpy as np

from evenstock.domain import (
    Cents,
    Inputs,
    NodeId,
    Order,
    OrderId,
    OrderPlan,
    Promise,
    Refuse,
    ServiceId,
    Sku,
    StockBalance,
    TransferState,
    Units,
    rfc3339,
)
from evenstock.operations.deciding import Question, RouteOrder, candidates_of, decide_order
from evenstock.operations.ports import Store, Transaction
from evenstock.operations.route_order import question_of
from evenstock.policy import CompiledPolicy
from evenstock.routing.candidates import Candidates, refusal
from evenstock.routing.commitment import whole_by
from evenstock.routing.decide import Decision
from evenstock.routing.explain import by_term
from evenstock.routing.network import ShippingNetwork
from evenstock.routing.term import MILLION
from evenstock.routing.terms import lateness

LONGEST_DAYS: Final = 60
"""No day further ahead is promised."""
MOST_SHIPMENTS: Final = 3
"""Up to so many shipments each may be asked for its share of the whole's probability."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """Units that will be there to sell on a day: a transfer under way, or a receipt that is due."""

    sku: Sku
    node: NodeId
    units: Units
    sellable_on: date


@dataclass(frozen=True, slots=True)
class Option:
    """One day that can be told to the customer, and the plan that would keep it."""

    name: str
    """`fastest`, `cheapest`, both, or empty for one in between."""
    deliver_by: date
    probability_millionths: int
    """That the whole order is there by then, rounded down; shipments are taken as independent."""
    plan: OrderPlan
    sentence: str
    gave_up: tuple[str, ...] = ()
    """Wishes of the policy that it needs given up."""
    waits_until: date | None = None
    """Where stock on its way is needed: the day from which it can ship."""

    @property
    def cents(self) -> Cents:
        return self.plan.cents

    @property
    def nodes(self) -> tuple[NodeId, ...]:
        return self.plan.nodes

    @property
    def services(self) -> tuple[ServiceId, ...]:
        return tuple(shipment.candidate.service for shipment in self.plan.shipments)

    @property
    def promise(self) -> Promise:
        """To be set on the order: it then binds every later decision about it."""
        return Promise(self.deliver_by, self.probability_millionths / MILLION)


@dataclass(frozen=True, slots=True)
class Quote:
    """What can be promised of an order."""

    order: OrderId
    asked_at: datetime
    probability_millionths: int
    """The least that was asked for."""
    options: tuple[Option, ...]
    """Fastest first; each later one is cheaper before what lateness is expected to cost."""
    sentence: str
    inputs: Inputs | None = None
    """None where the order could not be asked about at all."""

    @property
    def fastest(self) -> Option | None:
        return self.options[0] if self.options else None

    @property
    def cheapest(self) -> Option | None:
        return self.options[-1] if self.options else None


def promise_order(
    store: Store,
    network: ShippingNetwork,
    policy: CompiledPolicy,
    order: Order,
    now: datetime,
    *,
    probability: float = 0.9,
    inbound: Sequence[Inbound] = (),
) -> Quote:
    """The earliest days by which a lawful plan brings the whole order with at least `probability`, and their plans.

    For each day the plan is the one that routing would choose now for an order promised so, from stock that can be
    promised now, by cut-offs, working days and pick-up days; days on which no money is saved are left out. P(whole by D)
    is the product over shipments. Of plans in several shipments those looked at are routing's own alternatives and the
    least of those in which every shipment keeps its equal share. Only where stock in hand serves no plan, `inbound` is
    waited for. The order's own promise is not looked at; its service level and class are.

    Raises
    ------
    ValueError
        If `probability` does not lie above 0 and up to 1.
    """
    if not 0.0 < probability <= 1.0:
        raise ValueError(f"a promise is kept with a probability above 0 and up to 1, not {probability}")
    asked = replace(order, promise=None)
    least = round(probability * MILLION)
    said = refusal(asked, network)
    if said:
        return Quote(order.id, now, least, (), f"Nothing can be promised: {said}.")
    with store.reading() as books:
        question = question_of(books, network, policy, RouteOrder(asked, now, shadow=True), "")
    found, why = _options(question, least)
    if not found:
        found = _waiting(question, least, inbound)
    sentence = " ".join(option.sentence for option in found) or f"Nothing can be promised: {why}"
    return Quote(order.id, now, least, found, sentence, question.inputs)


def transfers_due(books: Transaction, lead_days: Mapping[tuple[NodeId, NodeId], int], on: date) -> list[Inbound]:
    """Units under way between nodes, by the day they should be sellable; those overdue by `on` are not counted upon.

    `lead_days` are those of each lane, by origin and destination; a transfer on an unknown lane is left out.
    """
    due: list[Inbound] = []
    for transfer in (*books.transfers(TransferState.DISPATCHED), *books.transfers(TransferState.RECEIVED)):
        days = lead_days.get((transfer.origin, transfer.destination))
        if days is None or (there := transfer.ship_by + timedelta(days=days)) < on:
            continue
        due += [
            Inbound(line.sku, transfer.destination, line.outstanding, there)
            for line in transfer.lines
            if line.outstanding
        ]
    return due


def promised(order: Order, option: Option) -> Order:
    """The order as it is placed once the customer took the option."""
    return replace(order, promise=option.promise)


def document(quote: Quote) -> dict[str, Any]:
    """A quote as JSON: money in cents, probabilities in millionths."""
    return {
        "asked_at": rfc3339(quote.asked_at),
        "probability_millionths": quote.probability_millionths,
        "options": [_option_document(option) for option in quote.options],
        "sentence": quote.sentence,
    }


def _option_document(option: Option) -> dict[str, Any]:
    return {
        "name": option.name,
        "deliver_by": option.deliver_by,
        "probability_millionths": option.probability_millionths,
        "nodes": list(option.nodes),
        "services": list(option.services),
        "cents": option.cents,
        "waits_until": option.waits_until,
        "gave_up": list(option.gave_up),
        "sentence": option.sentence,
    }


def _options(question: Question, least: int, waits_until: date | None = None) -> tuple[tuple[Option, ...], str]:
    """Days worth telling with their plans, earliest first; and why there is none."""
    free = candidates_of(question)
    decision = decide_order(free, question.network, question.policy, question.read)
    if decision.plan is None:
        return (), decision.sentence
    if decision.takes_protected:
        return (), "what is left in stock is protected for other classes of customers."
    lowest = _before_lateness(decision.plan)
    kept: list[tuple[date, OrderPlan, int, tuple[str, ...]]] = []
    for wishes_kept in (True, False):
        for day in (free.on + timedelta(days=d) for d in range(LONGEST_DAYS + 1)):
            found = _candidates(question, Promise(day, least / MILLION))
            plan = _by(question, found, least, wishes_kept=wishes_kept)
            if plan is not None and not (kept and _before_lateness(plan[0]) >= _before_lateness(kept[-1][1])):
                kept.append((day, *plan))
            cheap = kept and _before_lateness(kept[-1][1]) <= lowest
            if cheap or (np.isnan(found.on_time) | (found.on_time >= 1.0)).all():
                break  # a later day saves nothing more
        if kept:
            break
    cheapest = kept[-1][1].cents if kept else 0
    options = tuple(
        Option(
            _name(n, len(kept)),
            day,
            chance,
            plan,
            _said(day, chance, plan, plan.cents - cheapest, waits_until),
            gave_up,
            waits_until,
        )
        for n, (day, plan, chance, gave_up) in enumerate(kept)
    )
    return options, "" if kept else _why_none(decision, least)


def _candidates(question: Question, promise: Promise) -> Candidates:
    """Every way to ship the order were it promised so."""
    order = replace(question.command.order, promise=promise)
    return candidates_of(replace(question, command=replace(question.command, order=order)))


def _by(
    question: Question, found: Candidates, least: int, *, wishes_kept: bool
) -> tuple[OrderPlan, int, tuple[str, ...]] | None:
    """The least-cost plan that keeps the promise with at least the probability, its probability and wishes given up."""
    for shipments in range(1, MOST_SHIPMENTS + 1):
        # So many shipments of each at least this much make the whole; a hair, for roots are rounded.
        likely = found.on_time >= (least / MILLION) ** (1.0 / shipments) - 1e-9
        if not likely.any():
            return None
        decision = decide_order(found.only(likely), question.network, question.policy, question.read)
        if decision.plan is None or decision.takes_protected or (wishes_kept and decision.rules):
            return None  # with fewer candidates it is no better
        for plan in (decision.plan, *decision.alternatives):
            chance = whole_by(found.order, plan, question.network)
            refused = isinstance(question.policy.review(found.order, plan, decision.rules, found.on), Refuse)
            if chance is not None and chance >= least and not refused:
                return plan, chance, decision.rules
    return None


def _waiting(question: Question, least: int, inbound: Sequence[Inbound]) -> tuple[Option, ...]:
    """Options once stock that is on its way has come: the first day on which it serves the order."""
    command = question.command
    wanted = {line.sku for line in command.order.lines}
    due = [row for row in inbound if row.sku in wanted]
    for there in sorted({row.sellable_on for row in due}):
        morning = max(command.now, datetime.combine(there, time(), UTC))
        more = _balances(row for row in due if row.sellable_on <= there)
        read = replace(question.read, balances=[*question.read.balances, *more])
        later = replace(question, command=replace(command, now=morning), read=read)
        options, _ = _options(later, least, there)
        if options:
            return options
    return ()


def _balances(due: Iterable[Inbound]) -> Iterator[StockBalance]:
    return (StockBalance(row.sku, row.node, available=row.units) for row in due)


def _before_lateness(plan: OrderPlan) -> int:
    """Cents that are spent whatever the day told: an earlier promise of the same plan is only likelier to be broken."""
    return plan.cents - by_term(plan).get(lateness.NAME, 0)


def _name(number: int, count: int) -> str:
    if count == 1:
        return "fastest and cheapest"
    return "fastest" if number == 0 else "cheapest" if number == count - 1 else ""


def _said(day: date, chance: int, plan: OrderPlan, more: int, waits_until: date | None) -> str:
    ways = " and ".join(f"{s.candidate.node} by {s.candidate.service}" for s in plan.shipments)
    told = f"By {day} with {_percent(chance)}: {ways}, leaving {max(s.candidate.ship_on for s in plan.shipments)}"
    told += f", {plan.cents / 100:.2f}" + (f" ({more / 100:+.2f} against the cheapest)" if more else "")
    return told + (f"; waits for stock due on {waits_until}." if waits_until else ".")


def _why_none(decision: Decision, least: int) -> str:
    assert decision.plan is not None
    services = ", ".join(sorted({s.candidate.service for s in decision.plan.shipments}))
    return (
        f"no plan brings the whole order within {LONGEST_DAYS} days with {_percent(least)}; it could ship by {services},"
        " look at the transit times known of it, or ask for a lower probability."
    )


def _percent(millionths: int) -> str:
    """Rounded down, so that what is told is never more than what is believed.

    >>> _percent(899_999), _percent(900_000)
    ('89.9 %', '90 %')
    """
    return f"{millionths // 1_000 / 10:g} %"
