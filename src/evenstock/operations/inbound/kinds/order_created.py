"""`order.created`: a paid order is routed as it comes, its stock set aside, its decision recorded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from evenstock.domain import Cents, LineId, Order, OrderId, OrderLine, Promise, ServiceLevel, ShipTo
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.inbound.applying import Inbound, Told, one_word
from evenstock.operations.inbound.fields import MOST_CENTS, Fields
from evenstock.operations.inbound.shapes import (
    CENTS,
    DAY,
    FLAG,
    LOT,
    MOMENT,
    NAME,
    SOME_UNITS,
    each,
    names,
    one_of,
    record,
    whole,
)
from evenstock.operations.one_transaction import JoinedStore
from evenstock.operations.ports import Transaction
from evenstock.operations.route_order import route_order

TYPE: Final = "order.created"
TOGETHER: Final = False
DATA: Final = record(
    {
        "id": NAME,
        "lines": each(record({"id": NAME, "sku": NAME, "units": SOME_UNITS}, {"price_cents": CENTS, "kit": LOT})),
        "ship_to": record(
            {"postal_code": NAME}, {"country": {"type": "string", "pattern": "^[A-Z]{2}$"}, "residential": FLAG}
        ),
    },
    {
        "placed_at": MOMENT,
        "promise": record({"deliver_by": DAY}, {"percent": whole(0, 100)}),
        "order_class": NAME,
        "channel": NAME,
        "tags": names(50),
        "service_level": one_of(ServiceLevel),
        "shipping_paid_cents": CENTS,
    },
)


def subject(data: Mapping[str, Any]) -> str:
    return f"order:{one_word(data, 'id')}"


def order_of(told: Told) -> Order:
    data = told.data
    place = data.inner("ship_to")
    country = place.name("country", "US")
    if not (len(country) == 2 and country.isascii() and country.isupper()):
        raise place.wrong("country", "two capital letters (ISO 3166-1) are needed, such as US")
    promise = None
    if data.has("promise"):
        said = data.inner("promise")
        promise = Promise(said.day("deliver_by"), said.whole("percent", 0, 100, 100) / 100)
    try:
        return Order(
            id=OrderId(data.name("id")),
            lines=tuple(map(_line, data.each("lines"))),
            ship_to=ShipTo(place.name("postal_code"), country, place.flag("residential", default=True)),
            placed_at=data.moment("placed_at", told.received.occurred_at),
            promise=promise,
            order_class=data.name("order_class", "standard"),
            channel=data.name("channel", told.received.source),
            tags=frozenset(data.names("tags")),
            service_level=ServiceLevel(data.one_of("service_level", tuple(ServiceLevel), "")),
            shipping_paid_cents=Cents(data.whole("shipping_paid_cents", 0, MOST_CENTS, 0)),
        )
    except ValueError as error:
        if hasattr(error, "pointer"):
            raise
        raise data.wrong("lines", str(error)) from None


def _line(line: Fields) -> OrderLine:
    price = Cents(line.whole("price_cents", 0, MOST_CENTS, 0))
    return OrderLine(LineId(line.name("id")), line.sku(), line.units("units", low=1), price, line.name("kit", ""))


def apply(at: Inbound, books: Transaction, told: Told, now: datetime) -> str:
    """The decision's sentence. An order that is routed already stays as it is; other content under its id is refused."""
    command = RouteOrder(order_of(told), now)
    routed = route_order(JoinedStore(books), at.network, at.policy, command, stage=at.stage, substitutes=at.substitutes)
    return routed.record.sentence
