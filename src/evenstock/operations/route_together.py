"""Routes many orders in one transaction of two questions to the store: what a busy service does with orders that wait at once.

Each order is decided as it would be by itself right after those before it, on stock and places less what they take; only what
it writes waits for the others. What is not plain (a person must decide, a substitute, a try, a protected item, a repetition
under another wish) is left for `route_order` alone, and so is everything where anything cannot be kept together. So a batch
changes when orders are committed, never what becomes of one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from evenstock.domain import (
    Allow,
    DecisionRecord,
    NodeId,
    Outcome,
    Refuse,
    Reservation,
    Sku,
    StockBalance,
    Units,
)
from evenstock.operations.autonomy.actor import actor_at_hand
from evenstock.operations.autonomy.asking import asks_roles
from evenstock.operations.autonomy.asking_of_orders import ask_at_hand
from evenstock.operations.autonomy.halting import halts_of, under_halts
from evenstock.operations.deciding import (
    Question,
    RouteOrder,
    ask,
    candidates_of,
    decide_order,
    record_of,
    request_digest,
    route_key,
)
from evenstock.operations.decisions import decision_from
from evenstock.operations.open_cases import open_unserved
from evenstock.operations.places import places_of
from evenstock.operations.ports import Answer, ConflictError, Look, Remembered, Slot, Store, Transaction
from evenstock.operations.replaying.company_then import keep_origin, origin_of
from evenstock.operations.replaying.kept_inputs import Read
from evenstock.operations.replaying.noting import actors_matter, said_inputs, without_told
from evenstock.operations.roll_out import RollOut
from evenstock.operations.route_order import (
    Routed,
    asked,
    books_of,
    layer_of,
    past_closures,
    reservation_of,
    routed_event,
)
from evenstock.operations.substitution import Substitutes
from evenstock.policy import CompiledPolicy
from evenstock.routing.candidates import refusal, slot_days
from evenstock.routing.network import ShippingNetwork


@dataclass(frozen=True, slots=True)
class Wish:
    """An order to be routed with others, and the key under which its caller's own answer is kept."""

    command: RouteOrder
    key: str = ""
    """Empty where no further answer is kept."""
    request: str = ""
    """Digest of what was asked under the key."""
    reply: Callable[[DecisionRecord], bytes] = DecisionRecord.canonical
    """What is kept under the key."""


def route_together(
    store: Store,
    network: ShippingNetwork,
    policy: CompiledPolicy,
    wishes: Sequence[Wish],
    *,
    stage: RollOut | None = None,
    substitutes: Substitutes | None = None,
) -> list[Routed | None]:
    """What became of each wish; None where `route_order` must be asked about it alone, and then it left no trace here.

    Raises
    ------
    StoreError
        If the store fails; whether anything was kept is then known only by asking about each order again.
    """
    asked_now = _asked_now(network, wishes, stage)
    if not asked_now:
        return [None] * len(wishes)
    now = max(wish.command.now for wish in asked_now)
    keep_origin(store, network, now)
    keys = [key for wish in asked_now for key in (_key(wish), wish.key) if key]
    skus = sorted({line.sku for wish in asked_now for line in wish.command.order.lines})
    told: dict[int, Routed] = {}
    with store.singly() as books:
        known, look = books.recall_and_look(keys, skus, slot_days(now) if network.capped else (), now)
        halts = halts_of(look.halts)
        policy = under_halts(policy, halts)
        shelf = _Shelf(look)
        answers: dict[int, Answer] = {}
        unserved: dict[int, _Unserved] = {}
        for wish in asked_now:
            found = _known(wish, known)
            if found is not None:
                told[id(wish)] = found
            elif not {_key(wish), wish.key} & known.keys():
                answer = _answer(wish, network, policy, shelf, stage, substitutes or {})
                if isinstance(answer, Answer):
                    answers[id(wish)] = answer
                    shelf.take(answer)
                elif answer is not None:
                    unserved[id(wish)] = answer
        known_halts = [halt.id for halt in halts]
        kept = not answers or books.keep_together(list(answers.values()), now, halts=known_halts)
    if kept:
        told |= {name: Routed(answer.decision) for name, answer in answers.items()}
        told |= _keep_unserved(store, [(w, unserved[id(w)]) for w in asked_now if id(w) in unserved], now)
    return [told.get(id(wish)) for wish in wishes]


def _asked_now(network: ShippingNetwork, wishes: Sequence[Wish], stage: RollOut | None) -> list[Wish]:
    """Wishes that may go together: each order and each key once, and nothing that needs more than a plain answer."""
    if network.costs.explores or (stage is not None and not stage.live):
        return []
    seen: set[str] = set()
    found = []
    for wish in wishes:
        command = wish.command
        names = {_key(wish), wish.key} - {""}
        plain = not command.shadow and not command.prove and not names & seen
        if plain and (stage is None or stage.takes(command.order)) and not refusal(command.order, network):
            seen |= names
            found.append(wish)
    return found


def _key(wish: Wish) -> str:
    return route_key(wish.command.order.id)


def _known(wish: Wish, known: Mapping[str, Remembered]) -> Routed | None:
    """The answer given before to the same wish; None where there is none, or where a key says more than this can tell."""
    before = known.get(_key(wish))
    if before is None or wish.key or before.request != request_digest(wish.command.order):
        return None
    return Routed(decision_from(before.response), repeated=True)


@dataclass(frozen=True, slots=True)
class _Unserved:
    """The record that nothing serves an order, and what is remembered with it."""

    record: DecisionRecord
    also: Sequence[Remembered]


def _keep_unserved(store: Store, found: Sequence[tuple[Wish, _Unserved]], now: datetime) -> dict[int, Routed]:
    """Those of the orders that nothing serves of which that is now written down."""
    if not found:
        return {}
    with store.transaction() as books:
        # Whoever is at the same orders waits here, before either holds anything, and in the order of the keys.
        keys = sorted({key for wish, _ in found for key in (_key(wish), wish.key) if key})
        known = {key for key in keys if books.recall(key) is not None}
        found = [(wish, said) for wish, said in found if not {_key(wish), wish.key} & known]
        return {id(wish): Routed(said.record) for wish, said in found if _keep_one_unserved(books, wish, said, now)}


def _keep_one_unserved(books: Transaction, wish: Wish, said: _Unserved, now: datetime) -> bool:
    """Write down that nothing serves the order now; False, without a trace, where something of it is there already."""
    try:
        with books.whole():
            books.answer(
                said.record,
                now,
                order=wish.command.order,
                facts=[routed_event(said.record)],
                request=request_digest(wish.command.order),
            )
            open_unserved(books, said.record)
            for one in said.also:
                books.remember(one.key, one.request, one.response, now)
    except ConflictError:
        return False
    return True


def _also(
    wish: Wish, record: DecisionRecord, question: Question, look: Look, stage: RollOut | None
) -> list[Remembered]:
    """The caller's own answer, and what it was made from."""
    said = [Remembered(wish.key, wish.request, wish.reply(record))] if wish.key else []
    if origin_of(question.network) is not None:
        on, order = question.command.now.date(), question.command.order
        asked_who = actors_matter(question.policy, on)
        actor = actor_at_hand(order.id, roles=asks_roles(question.policy, on)) if asked_who else None
        # What needs a substitute is not answered here.
        more = without_told(stage=stage is None, substitutes=True)
        said.append(said_inputs(record, "route", question, Read([look]), actor, more=more))
    return said


def _answer(
    wish: Wish,
    network: ShippingNetwork,
    policy: CompiledPolicy,
    shelf: _Shelf,
    stage: RollOut | None,
    substitutes: Substitutes,
) -> Answer | _Unserved | None:
    """The order's answer and what it sets aside, or the record that nothing serves it; None where it is not plain."""
    order = wish.command.order
    look = shelf.of({line.sku for line in order.lines})
    if look.quotas:
        return None
    request = request_digest(order)
    question = ask(
        network, policy, past_closures(look, wish.command), books_of(look, network, wish.command.now), request
    )
    found = candidates_of(question)
    decision = decide_order(found, network, policy, question.read)
    plan = decision.plan
    if plan is None:
        if any(line.sku in substitutes for line in order.lines):
            return None
        no = record_of(question, found, decision, Outcome.UNSERVED, Refuse(decision.sentence), decision.sentence)
        return _Unserved(no, _also(wish, no, question, look, stage))
    if stage is not None and not stage.lets(plan):
        return None
    verdict = asked(policy.review(order, plan, decision.rules, found.on), decision)
    if not isinstance(verdict, Allow):
        return None
    ruled = ask_at_hand(question, found, plan, decision.confidence)
    if ruled is None or not ruled.automatic:
        return None
    record = record_of(
        question, found, decision, Outcome.EXECUTED, verdict, decision.sentence, layer_of(decision, verdict)
    )
    return Answer(
        order,
        record,
        reservation_of(question, plan),
        places_of(network, plan),
        [routed_event(record)],
        _key(wish),
        request,
        _also(wish, record, question, look, stage),
        ruled.acts(),
    )


class _Shelf:
    """What the books say, less what orders before took."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._slots: dict[tuple[NodeId, date], int] = dict(look.slots_taken)
        self._balances: dict[Sku, list[StockBalance]] = {}
        for balance in look.balances:
            self._balances.setdefault(balance.sku, []).append(balance)

    def of(self, skus: set[Sku]) -> Look:
        """As a look for these items alone would say it."""
        return replace(
            self._look,
            balances=[balance for sku in sorted(skus) for balance in self._balances.get(sku, ())],
            prices=[price for price in self._look.prices if price.sku in skus],
            quotas=[quota for quota in self._look.quotas if quota.sku in skus],
            slots_taken=dict(self._slots),
        )

    def take(self, answer: Answer) -> None:
        self._reserve(answer.reservation)
        self._fill(answer.slots)

    def _reserve(self, reservation: Reservation) -> None:
        for line in reservation.lines:
            rows = self._balances[line.sku]
            at = next(k for k, row in enumerate(rows) if (row.node, row.lot) == (line.node, line.lot))
            row = rows[at]
            left, more = row.available - line.units, row.reserved + line.units
            rows[at] = replace(row, available=Units(left), reserved=Units(more))

    def _fill(self, slots: Sequence[Slot]) -> None:
        for slot in slots:
            place = (slot.node, slot.day)
            self._slots[place] = self._slots.get(place, 0) + 1
