"""Facts on their way to subscribers, without a place that a rule keeps where it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evenstock.domain import Event, OrderId
from evenstock.operations.personal_data.books import ORDER
from evenstock.operations.personal_data.naming import nameless
from evenstock.operations.personal_data.rules import rule_for
from evenstock.operations.ports import Transaction


def as_may_leave(books: Transaction, events: Sequence[Event]) -> list[Event]:
    """The same facts; where the order's country has a rule about staying, the sentence no longer says where it goes."""
    return [_leaving(books, event) for event in events]


def _leaving(books: Transaction, event: Event) -> Event:
    sentence = event.body.get("sentence")
    if not isinstance(sentence, str) or nameless(sentence) == sentence or not event.aggregate.startswith(ORDER):
        return event
    order = books.order(OrderId(event.aggregate.removeprefix(ORDER)))
    rule = rule_for(books, order.ship_to.country) if order is not None else None
    if rule is None or not rule.only_in:
        return event
    return replace(event, body={**event.body, "sentence": nameless(sentence)})
