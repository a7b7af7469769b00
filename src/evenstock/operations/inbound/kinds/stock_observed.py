"""`stock.observed`: a system says how many units are on hand; the newest statement of a source wins, in whatever order they come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from evenstock.domain import Event, LotId, Movement, StockObservation
from evenstock.operations.autonomy.adjusting import (
    OTHER_SYSTEMS,
    asks_about_adjusting,
    change_of,
    keep_observation,
    rule_on_adjustment,
)
from evenstock.operations.inbound.applying import Inbound, Planned, RefusedError, Told, one_word
from evenstock.operations.inbound.shapes import LOT, MOMENT, NAME, UNITS, record, said, whole
from evenstock.operations.ports import Count, Transaction

TYPE: Final = "stock.observed"
TOGETHER: Final = True
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_VERSION: Final = 2**62
DATA: Final = record(
    {"sku": NAME, "node": NAME, "units": said("On hand", UNITS)},
    {
        "lot": LOT,
        "observed_at": MOMENT,
        "version": said(
            "Grows with each statement of the source; without: the moment observed", whole(0, _MOST_VERSION)
        ),
    },
)


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
    said = _known(at, told)
    asking = asks_about_adjusting(books, at.rules, now, OTHER_SYSTEMS)
    if asking is not None:
        change = change_of(books, said)
        ruled = rule_on_adjustment(asking, said.sku, said.node, change, said.observed_at)
        if ruled.refused is not None:
            raise RefusedError(ruled.refused.because)
        if ruled.asks is not None:
            return keep_observation(books, asking, ruled, said, change)
        ruled.say(books, subject(told.data.said))
    sentence, facts = _told(said, books.adjust_on_hand(said, _because(said), now))
    books.publish(facts)
    return sentence


def plan(at: Inbound, told: Told) -> Planned:
    """The same, as a step among others."""
    said = _known(at, told)
    return Planned(Count(said, _because(said)), lambda moves: _told(said, moves))


def _known(at: Inbound, told: Told) -> StockObservation:
    said = observation_of(told)
    at.known(said.sku, said.node)
    return said


def _because(said: StockObservation) -> str:
    return f"observed by {said.source}, version {said.version}"


def _told(said: StockObservation, moves: Sequence[Movement]) -> tuple[str, Sequence[Event]]:
    if not moves:
        return "nothing changed: it agrees with the books, or something newer is known", ()
    body = {
        "source": said.source,
        "version": said.version,
        "lot": said.lot,
        "counted": said.units,
        "movements": [{"from": m.source.bucket, "to": m.destination.bucket, "units": m.units} for m in moves],
    }
    fact = Event(f"{moves[0].id}:event", "StockCounted", f"stock:{said.sku}@{said.node}", said.observed_at, body)
    units = sum(move.units for move in moves)
    return f"{units} units {'found' if moves[0].destination.bucket.value == 'available' else 'missing'}", (fact,)
