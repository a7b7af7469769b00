"""Many orders' reservations and answers in one statement of PostgreSQL: arrays, a column each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import accumulate
from typing import Any, Final

from evenstock.domain import NodeId, canonical_json
from evenstock.operations.ports import Answer, Look
from evenstock.storage import bookkeeping as book
from evenstock.storage import rows
from evenstock.storage.array_text import array_text
from evenstock.storage.personal_postgres import with_keys
from evenstock.storage.personal_seals import Sealing

HALTS: Final = (
    "(SELECT json_agg(json_build_array(kind, id, body, step, state, due_at) ORDER BY id) FROM entry "
    "WHERE kind = 'halt' AND state = 'on') AS halts"
)
"""What stops software from acting: in the same statement as all else that deciding reads."""
RECALL_AND_LOOK: Final = f"SELECT *, {HALTS} FROM recall_and_look(%s::text[], %s::text[], %s::date[], %s)"  # noqa: S608 (of constants)
_TYPES: Final = (
    *("text[]",) * 4,
    *("timestamptz[]",) * 2,
    *("text[]",) * 2,
    *("bytea", "integer[]", "integer[]"),
    *("text[]", "text[]", "text[]", "bigint[]"),
    *("text[]", "integer[]", "text[]", "text[]", "text[]", "bigint[]", "timestamptz[]"),
    *("text[]", "date[]", "integer[]", "integer[]"),
    *("text[]", "text[]", "date[]", "integer[]"),
    *("text[]", "text[]", "text[]", "timestamptz[]", "text[]"),
    *("text[]", "text[]", "bytea[]"),
)
_ASKED: Final = ", ".join("%b" if kind == "bytea" else f"%s::{kind}" for kind in _TYPES)
KEEP_TOGETHER: Final = (
    "SELECT CASE WHEN EXISTS (SELECT FROM entry WHERE kind = 'halt' AND state = 'on' AND NOT id = ANY (%s::text[])) "  # noqa: S608 (of constants)
    f"THEN false ELSE keep_together({_ASKED}, %s, %s::text[], %s::text[]) END"
)
"""The first are the halts that whoever decided knew of, the last two are rows of the audit log."""
KEEP_TOGETHER_SEALED: Final = with_keys(KEEP_TOGETHER)


def look_of(columns: Sequence[Any]) -> Look:
    """From the six columns of `look_up` and the halts."""
    found = ([] if column is None else column for column in columns)
    balances, prices, slots, capacity_prices, quotas, cases, halts = found
    return Look(
        [rows.balance(row) for row in balances],
        [rows.price(row) for row in prices],
        [rows.quota(row) for row in quotas],
        {(NodeId(node), rows.day(day)): taken for node, day, taken in slots},
        [rows.capacity_price(row) for row in capacity_prices],
        [rows.case(body) for body in cases],
        [rows.entry(row) for row in halts],
    )


def arguments(answers: Sequence[Answer], now: datetime, sealing: Sealing) -> tuple[Any, ...]:
    """Of `keep_together`, in its order; orders by their ids, so that two batches with the same orders never wait in a circle."""
    answers = sorted(answers, key=lambda one: one.order.id)
    records = [sealing.record(one.decision) for one in answers]
    lengths = [len(record) for record in records]
    starts = list(accumulate(lengths, initial=1))[:-1]
    facts = [fact for one in answers for fact in one.facts]
    also = [said for one in answers for said in one.also]
    orders = (
        array_text([one.order.id for one in answers]),
        array_text([sealing.order(one.order) for one in answers]),
        array_text([one.decision.id for one in answers]),
        array_text([one.reservation.id for one in answers]),
        _moments([one.reservation.made_at for one in answers]),
        _moments([one.reservation.expires_at for one in answers]),
        array_text([one.key for one in answers]),
        array_text([one.request for one in answers]),
    )
    return (
        *orders,
        b"".join(records),
        array_text(starts),
        array_text(lengths),
        *_stock(answers),
        *_lines(answers),
        *_places(answers),
        array_text([fact.id for fact in facts]),
        array_text([fact.kind for fact in facts]),
        array_text([fact.aggregate for fact in facts]),
        _moments([fact.occurred_at for fact in facts]),
        array_text([canonical_json(fact.body).decode() for fact in facts]),
        array_text([said.key for said in also]),
        array_text([said.request for said in also]),
        "{" + ",".join([f'"\\\\x{said.response.hex()}"' for said in also]) + "}",
        now.astimezone(UTC),
    )


def _stock(answers: Sequence[Answer]) -> tuple[str, ...]:
    """Units of each balance over all orders, in key order."""
    wanted: dict[tuple[str, str, str], int] = {}
    for one in answers:
        for line in one.reservation.lines:
            key = (line.sku, line.node, line.lot)
            wanted[key] = wanted.get(key, 0) + line.units
    keys = sorted(wanted)
    return (*(array_text([key[k] for key in keys]) for k in range(3)), array_text([wanted[key] for key in keys]))


def _lines(answers: Sequence[Answer]) -> tuple[str, ...]:
    """Lines of reservations, each with its number within its own."""
    found = [(one.reservation, k, line) for one in answers for k, line in enumerate(one.reservation.lines, 1)]
    return (
        array_text([reservation.id for reservation, _, _ in found]),
        array_text([k for _, k, _ in found]),
        array_text([line.sku for _, _, line in found]),
        array_text([line.node for _, _, line in found]),
        array_text([line.lot for _, _, line in found]),
        array_text([line.units for _, _, line in found]),
        _moments([reservation.made_at for reservation, _, _ in found]),
    )


def _places(answers: Sequence[Answer]) -> tuple[str, ...]:
    """Places of each node-day over all orders, in key order, and those of each reservation."""
    own = [(one.reservation.id, slot, count) for one in answers for slot, count in book.places(one.slots)]
    wanted: dict[tuple[str, date], tuple[int, int]] = {}
    for _, slot, count in own:
        ceiling, taken = wanted.get((slot.node, slot.day), (slot.ceiling, 0))
        wanted[slot.node, slot.day] = (min(ceiling, slot.ceiling), taken + count)
    keys = sorted(wanted)
    return (
        array_text([node for node, _ in keys]),
        array_text([day for _, day in keys]),
        array_text([wanted[key][0] for key in keys]),
        array_text([wanted[key][1] for key in keys]),
        array_text([name for name, _, _ in own]),
        array_text([slot.node for _, slot, _ in own]),
        array_text([slot.day for _, slot, _ in own]),
        array_text([count for _, _, count in own]),
    )


def _moments(moments: Sequence[datetime]) -> str:
    return array_text([moment.isoformat() for moment in moments])
