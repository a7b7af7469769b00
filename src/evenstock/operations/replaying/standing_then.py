"""What stood of an order when it was decided again: what was to be placed, what was set aside, which decision was in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from evenstock.domain import (
    DecisionRecord,
    LotId,
    NodeId,
    Order,
    Reservation,
    ReservationId,
    ReservationLine,
    Sku,
    Units,
)
from evenstock.operations.replaying.kept_inputs import lines_from, lines_told
from evenstock.operations.standing import Standing

_AFTER: Final = timedelta(hours=1)
"""A reservation expires some time after it was made; when is no part of what is decided."""


def standing_told(there: Standing, before: DecisionRecord) -> dict[str, Any]:
    """As JSON says it, with the id of the decision in force."""
    return {
        "before": before.id,
        "lines": lines_told(there.to_place),
        "soft": [
            [held.id, [[line.sku, line.node, line.units, line.lot] for line in held.lines]] for held in there.soft
        ],
    }


def standing_from(said: Mapping[str, Any], order: Order, at: datetime) -> Standing:
    """As it was then, as far as deciding again depends on it: what was released or cancelled is out of the order's lines."""
    soft = tuple(
        Reservation(
            ReservationId(name),
            order.id,
            tuple(ReservationLine(Sku(sku), NodeId(node), Units(units), LotId(lot)) for sku, node, units, lot in lines),
            at,
            at + _AFTER,
        )
        for name, lines in said["soft"]
    )
    return Standing(replace(order, lines=lines_from(said["lines"])), {}, soft, (), ())
