"""`stock.observed`: a system says how many units are on hand; the newest statement of a source wins, in whatever order they come."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from evenstock.domain import Event, LotId, StockObservation
from evenstock.operations.inbound.applying import Inbound, Told, one_word
from evenstock.operations.ports import Transaction

TYPE: Final = "stock.observed"
TOGETHER: Final = True
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_VERSION: Final = 2**62


def subject(data: Mapping[str, Any]) -> str:
    return f"stock:{one_word(data, 'sku')}@{one_word(data, 'node')}"


def observation_of(told: Told) -> StockObservation:
    """What was said. Without a `version` the moment observed, in microseconds, is the version."""
    data = told.data
    at = data.moment("observed_at", told.received.occurred_at)
    version = data.whole("version", 0, _MOST_VERSION, (at - _EPOCH) // timedelta(microseconds=1))
    lot = LotId(data.name("lot", ""))
    return StockObservation(told.received.source, data.sku(), data.node(), data.units("units"), at, version, lot)


def apply(at: Inbound, books: Transaction, told: Told, now: datetime) -> str:
    """Bring on hand to what was said; an older statement than the one known changes nothing."""
    said = observation_of(told)
    at.known(said.sku, said.node)
    moves = books.adjust_on_hand(said, f"observed by {said.source}, version {said.version}", now)
    if not moves:
        return "nothing changed: it agrees with the books, or something newer is known"
    body = {
        "source": said.source,
        "version": said.version,
        "lot": said.lot,
        "counted": said.units,
        "movements": [{"from": m.source.bucket, "to": m.destination.bucket, "units": m.units} for m in moves],
    }
    about = f"stock:{said.sku}@{said.node}"
    books.publish([Event(f"{moves[0].id}:event", "StockCounted", about, said.observed_at, body)])
    units = sum(move.units for move in moves)
    return f"{units} units {'found' if moves[0].destination.bucket.value == 'available' else 'missing'}"
