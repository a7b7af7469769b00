"""What a decision was made from, kept beside its record in the transaction that writes it down.

A record names its inputs by their digests. What the company was is found by those of its snapshots; what the books said at that
moment is found nowhere later, for shelves, buffers, prices and places go on changing. So an answer keeps what it read, as rows
of text and whole numbers. Nothing is kept where decisions are not a company's, such as in a simulation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Any, Final

from evenstock.domain import (
    ActorKind,
    CapacityPrice,
    Cents,
    DecisionId,
    LineId,
    NodeId,
    Order,
    OrderId,
    OrderLine,
    Price,
    Promise,
    Quota,
    Role,
    ServiceLevel,
    ShipTo,
    Sku,
    StockBalance,
    Units,
    canonical_json,
    rfc3339,
)
from evenstock.operations.access.principal import Grant
from evenstock.operations.autonomy.actor import Actor
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.ports import Entry, Look, Short
from evenstock.routing.knowledge import Feed

_KEY: Final = "inputs:"
_BALANCE: Final = attrgetter(
    "sku", "node", "lot", "available", "reserved", "allocated", "held", "in_transit", "shortfall", "buffer"
)
_QUOTA: Final = attrgetter("sku", "node", "order_class", "units", "taken")


def inputs_key(decision: DecisionId) -> str:
    """Under which a decision's inputs are remembered."""
    return f"{_KEY}{decision}"


@dataclass(slots=True, eq=False)
class Read:
    """What one answer read from the books and what became of its reservations, in order."""

    looks: list[Look] = field(default_factory=list)
    reserved: list[Short | None] = field(default_factory=list)
    """What each try to reserve came to; None where it was reserved."""
    tries_cents: list[int | None] = field(default_factory=list)
    spent: list[bool] = field(default_factory=list)
    """Whether each try's money was there."""


@dataclass(frozen=True, slots=True, eq=False)
class KeptInputs:
    """All that an answer followed from, beside the company's versions."""

    way: str
    """How it was asked: `route`, `reroute` or `override`."""
    origin: str
    """Digest of the company's versions (`company_then.Origin`)."""
    command: RouteOrder
    """As it was asked, past what was out of use; the order's lines are those that were to be placed."""
    read: Read
    feeds: Mapping[NodeId, Feed] = field(default_factory=dict)
    """When each judged node had been heard of."""
    actor: Actor | None = None
    """Who acted; None where nobody asked."""
    order_kept: bool = True
    """Whether the order is in the books under its id; else it is told here."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """What one way alone needs, as JSON says it."""

    def told(self) -> bytes:
        command = self.command
        said: dict[str, Any] = {"way": self.way, "origin": self.origin, "order": command.order.id}
        said["looks"] = [_look_told(look) for look in self.read.looks]
        if any(short is not None for short in self.read.reserved):
            said["reserved"] = [None if s is None else [s.sku, s.node, s.wanted, s.because] for s in self.read.reserved]
        if self.read.tries_cents:
            said["tries_cents"], said["spent"] = self.read.tries_cents, self.read.spent
        if self.feeds:
            said["feeds"] = [[node, rfc3339(one.heard_at), one.pace // _US] for node, one in self.feeds.items()]
        if self.actor is not None:
            said["actor"] = [self.actor.kind.value, [_grant_told(grant) for grant in self.actor.grants]]
        if not self.order_kept:
            said["placed"] = _order_told(command.order)
        for name in ("shadow", "prove", "because"):
            if value := getattr(command, name):
                said[name] = value
        if command.without_nodes or command.without_services:
            said["without"] = [sorted(command.without_nodes), sorted(command.without_services)]
        if self.more:
            said["more"] = self.more
        return canonical_json(said)


_US: Final = timedelta(microseconds=1)


def inputs_from(text: bytes, order: Order | None, now: datetime) -> KeptInputs:
    """What was kept, read back.

    Parameters
    ----------
    order
        As the books keep it; None where they do not.
    now
        The decision's moment.

    Raises
    ------
    ValueError
        If these bytes are no kept inputs, or the order is neither there nor in them.
    """
    try:
        said = json.loads(text)
        placed = _order_from(said["placed"]) if "placed" in said else order
        if placed is None:
            raise ValueError(f"order {said['order']} is not in the books")
        without = said.get("without", [[], []])
        command = RouteOrder(
            placed,
            now,
            shadow=said.get("shadow", False),
            without_nodes=frozenset(map(NodeId, without[0])),
            without_services=frozenset(without[1]),
            because=said.get("because", ""),
            prove=said.get("prove", False),
        )
        reserved = [
            None if short is None else Short(Sku(short[0]), NodeId(short[1]), Units(short[2]), short[3])
            for short in said.get("reserved", ())
        ]
        read = Read(
            [_look_from(look) for look in said["looks"]],
            reserved,
            said.get("tries_cents", []),
            said.get("spent", []),
        )
        feeds = {NodeId(node): Feed(datetime.fromisoformat(at), pace * _US) for node, at, pace in said.get("feeds", ())}
        actor = said.get("actor")
        whose = None if actor is None else Actor(ActorKind(actor[0]), tuple(_grant_from(one) for one in actor[1]))
        return KeptInputs(
            said["way"], said["origin"], command, read, feeds, whose, "placed" not in said, said.get("more", {})
        )
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"these bytes are no kept inputs: {error!r}") from error


# --- what the books said ---------------------------------------------------------------------------------------------


def _look_told(look: Look) -> dict[str, Any]:
    moments: dict[datetime, str] = {}
    said: dict[str, Any] = {"stock": [list(_BALANCE(row)) for row in look.balances]}
    if look.prices:
        said["prices"] = [[p.sku, p.node, _at(p.valid_from, moments), p.source, p.cents] for p in look.prices]
    if look.quotas:
        said["quotas"] = [list(_QUOTA(row)) for row in look.quotas]
    if look.slots_taken:
        said["slots"] = [[node, day.isoformat(), taken] for (node, day), taken in look.slots_taken.items()]
    if look.capacity_prices:
        said["places"] = [
            [p.scope, p.name, p.day.isoformat(), _at(p.valid_from, moments), p.source, p.cents]
            for p in look.capacity_prices
        ]
    if look.halts:
        said["halts"] = [[halt.kind, halt.id, dict(halt.body), halt.step, halt.state] for halt in look.halts]
    return said


def _look_from(said: Mapping[str, Any]) -> Look:
    """Closures are not in it: what they left out stands in the command."""
    stock = [StockBalance(Sku(row[0]), NodeId(row[1]), row[2], *map(Units, row[3:])) for row in said["stock"]]
    prices = [
        Price(Sku(sku), NodeId(node), datetime.fromisoformat(at), source, Cents(cents))
        for sku, node, at, source, cents in said.get("prices", ())
    ]
    quotas = [
        Quota(Sku(sku), NodeId(node), of, Units(units), Units(taken))
        for sku, node, of, units, taken in said.get("quotas", ())
    ]
    slots = {(NodeId(node), date.fromisoformat(day)): taken for node, day, taken in said.get("slots", ())}
    places = [
        CapacityPrice(scope, name, date.fromisoformat(day), datetime.fromisoformat(at), source, Cents(cents))
        for scope, name, day, at, source, cents in said.get("places", ())
    ]
    halts = [Entry(kind, name, body, step, state) for kind, name, body, step, state in said.get("halts", ())]
    return Look(stock, prices, quotas, slots, places, (), halts)


def _at(moment: datetime, told: dict[datetime, str]) -> str:
    """Most prices of a list begin at one moment."""
    found = told.get(moment)
    if found is None:
        found = told[moment] = rfc3339(moment)
    return found


# --- who asked, and for what -----------------------------------------------------------------------------------------


def _grant_told(grant: Grant) -> list[Any]:
    return [grant.role.value, sorted(grant.nodes), sorted(grant.regions), grant.limit_cents]


def _grant_from(said: Sequence[Any]) -> Grant:
    return Grant(Role(said[0]), frozenset(map(NodeId, said[1])), frozenset(said[2]), said[3])


def _order_told(order: Order) -> dict[str, Any]:
    promise, to = order.promise, order.ship_to
    return {
        "id": order.id,
        "lines": lines_told(order.lines),
        "ship_to": [to.postal_code, to.country, to.residential],
        "placed_at": rfc3339(order.placed_at),
        # As Python spells it, which reads back as the same float.
        "promise": [promise.deliver_by.isoformat(), repr(promise.probability)] if promise else None,
        "also": [
            order.order_class, order.channel, sorted(order.tags), order.service_level.value, order.shipping_paid_cents,
        ],
    }  # fmt: skip


def _order_from(said: Mapping[str, Any]) -> Order:
    promise, also = said["promise"], said["also"]
    return Order(
        OrderId(said["id"]),
        lines_from(said["lines"]),
        ShipTo(*said["ship_to"]),
        datetime.fromisoformat(said["placed_at"]),
        Promise(date.fromisoformat(promise[0]), float(promise[1])) if promise else None,
        also[0],
        also[1],
        frozenset(also[2]),
        ServiceLevel(also[3]),
        Cents(also[4]),
    )


def lines_told(lines: Sequence[OrderLine]) -> list[list[Any]]:
    return [[line.id, line.sku, line.units, line.price_cents, line.kit] for line in lines]


def lines_from(said: Sequence[Sequence[Any]]) -> tuple[OrderLine, ...]:
    return tuple(
        OrderLine(LineId(name), Sku(sku), Units(units), Cents(cents), kit) for name, sku, units, cents, kit in said
    )
