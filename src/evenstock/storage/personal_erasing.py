"""Everything that a database holds of an order's person: shown, and erased, place by place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from evenstock.domain import OrderId, canonical_json
from evenstock.operations.outbound.deliveries import DELIVERY, PAST
from evenstock.operations.personal_data.books import ORDER, Blanked, Copy, Known, thinned
from evenstock.operations.personal_data.naming import names_place
from evenstock.operations.ports import Received
from evenstock.storage import rows
from evenstock.storage.personal_blanks import blank_case, blank_event, blank_fact, speaks_of
from evenstock.storage.personal_seals import ANSWERS, INPUTS, is_sealed
from evenstock.storage.sql_cases import CasesSql
from evenstock.storage.sql_received import ReceivedSql

_DECISIONS = sa.text("SELECT id, record FROM decision WHERE order_id = :order ORDER BY number")
_FACTS = sa.text("SELECT id, kind, body FROM outbox WHERE aggregate = :about ORDER BY number")
_EVENTS = sa.text("SELECT * FROM received_event WHERE subject = :about ORDER BY number")
_WAITS = sa.text("SELECT 1 FROM received_event WHERE handling = 'waiting' AND subject = :about LIMIT 1")
_CASES = sa.text("SELECT id, body FROM case_file WHERE about = :about ORDER BY id")
_DELIVERIES = sa.text(
    "SELECT kind, id, body FROM entry WHERE kind IN (:waiting, :past) AND body LIKE :like ESCAPE '\\' ORDER BY kind, id"
)
_ANSWERS = sa.text(
    "SELECT key, response FROM command WHERE key > :after AND key >= 'http:' AND key < 'http;' ORDER BY key LIMIT :most"
)
_BLANK_ORDER = sa.text("UPDATE placed_order SET body = :body WHERE id = :id")
_BLANK_FACT = sa.text("UPDATE outbox SET body = :body WHERE id = :id")
_BLANK_EVENT = sa.text("UPDATE received_event SET body = :body, because = '' WHERE number = :number")
_BLANK_CASE = sa.text("UPDATE case_file SET body = :body WHERE id = :id")
_BLANK_DELIVERY = sa.text("UPDATE entry SET body = :body WHERE kind = :kind AND id = :id")
_BLANK_REQUEST = sa.text("UPDATE command SET request = 'erased' WHERE key = :key AND request <> 'erased'")
_FORGET_ANSWER = sa.text("DELETE FROM command WHERE key = :key")
_DESTROY = sa.text(
    "UPDATE personal_key SET wrapped = :nothing, erased_at = :at WHERE subject = :subject AND erased_at IS NULL"
)
_BEFORE = (
    "SELECT subject, max(country) AS country, min(made_at) AS since FROM personal_key "
    "WHERE erased_at IS NULL AND made_at < :before AND subject > :after AND subject >= 'order:' AND subject < 'order;'"
)
_PAGE: Final = 2_000
_BY_KEY: Final = frozenset({"decision", "older decision"})


class PersonalSql(CasesSql, ReceivedSql):
    """What `operations.personal_data.books.PersonalBooks` asks for."""

    def personal_copies(self, order: OrderId) -> list[Copy]:
        found = []
        text = self.order_text(order)
        if text is not None:
            found.append(Copy("order", order, text.encode()))
        made = self.run(_DECISIONS, order=order).all()
        records = self.records_opened([bytes(row.record) for row in made])
        found += [Copy("decision", row.id, record) for row, record in zip(made, records, strict=True)]
        about = ORDER + order
        found += [Copy("received event", f"{e.source}:{e.id}", e.body) for e in self._events(about)]
        found += [Copy("fact", row.id, row.body.encode()) for row in self.run(_FACTS, about=about)]
        found += [Copy("case", row.id, row.body.encode()) for row in self.run(_CASES, about=about)]
        found += [Copy("webhook", row.id, row.body.encode()) for row in self._deliveries(about)]
        found += [Copy("answer", key, response) for key, response in self._answers(order)]
        return found

    def erase_personal(self, order: OrderId, at: datetime) -> list[Blanked]:
        about, done = ORDER + order, []
        text = self.order_text(order)
        kept = rows.order(text) if text is not None else None
        code = kept.ship_to.postal_code if kept is not None else ""
        if kept is not None and thinned(kept) != kept:
            self.run(_BLANK_ORDER, id=order, body=rows.order_text(thinned(kept)))
            done.append(Blanked("order", 1, "blanked"))
        done += self._records_of(order)
        blank = blank_event(at)
        events = [event for event in self._events(about) if b'"erased_at"' not in event.body and event.body]
        for event in events:
            self.run(_BLANK_EVENT, number=event.number, body=blank)
        done.append(Blanked("received event", len(events), "blanked"))
        done.append(Blanked("fact", self._blank_facts(about, code), "blanked"))
        done.append(Blanked("case", self._blank_cases(about, code), "blanked"))
        done.append(Blanked("webhook", self._blank_deliveries(about, code), "blanked"))
        shown = [key for key, _ in self._answers(order)]
        for key in shown:
            self.run(_FORGET_ANSWER, key=key)
        done.append(Blanked("answer", len(shown), "deleted"))
        forgotten = self.run(_BLANK_REQUEST, key=f"route:{order}").rowcount
        done.append(Blanked("digest of the request", forgotten, "blanked"))
        keys = self.run(_DESTROY, subject=about, at=self.moment(at), nothing=b"").rowcount
        for row in self.run(_DECISIONS, order=order).all():
            keys += self.run(_DESTROY, subject=f"{INPUTS}{row.id}", at=self.moment(at), nothing=b"").rowcount
        done.append(Blanked("key", keys, "key destroyed"))
        # What nothing but a key made readable was erased when the key was, and is not told again.
        return [one for one in done if one.rows and (keys or one.place not in _BY_KEY)]

    def personal_before(self, before: datetime, countries: Sequence[str], after: str, limit: int) -> list[Known]:
        words = (
            _BEFORE
            + (" AND country IN :countries" if countries else "")
            + " GROUP BY subject ORDER BY subject LIMIT :limit"
        )
        wanted = sa.text(words)
        values: dict[str, Any] = {"before": self.moment(before), "after": ORDER + after, "limit": limit}
        if countries:
            wanted = wanted.bindparams(sa.bindparam("countries", expanding=True))
            values["countries"] = sorted(countries)
        return [
            Known(OrderId(row.subject.removeprefix(ORDER)), row.country, rows.moment(row.since))
            for row in self.run(wanted, **values)
        ]

    def personal_waits(self, order: OrderId) -> bool:
        return self.run(_WAITS, about=ORDER + order).scalar() is not None

    def _events(self, about: str) -> list[Received]:
        return self.events_opened([rows.received(row) for row in self.run(_EVENTS, about=about)])

    def _records_of(self, order: OrderId) -> list[Blanked]:
        """Records are never changed: what names a place in them is sealed, unless it was kept before sealing began."""
        sealed = plain = 0
        for row in self.run(_DECISIONS, order=order):
            record = bytes(row.record)
            sealed += is_sealed(record)
            plain += not is_sealed(record) and names_place(record)
        done = [Blanked("decision", sealed, "key destroyed")]
        if plain:
            why = "kept as it is: it was recorded before personal data were sealed, and a record is never changed"
            done.append(Blanked("older decision", plain, why))
        return done

    def _blank_facts(self, about: str, code: str) -> int:
        changed = 0
        for row in self.run(_FACTS, about=about).all():
            said = json.loads(row.body)
            blank = blank_fact(said, code)
            if blank != said:
                self.run(_BLANK_FACT, id=row.id, body=canonical_json(blank).decode())
                changed += 1
        return changed

    def _blank_cases(self, about: str, code: str) -> int:
        changed = 0
        for row in self.run(_CASES, about=about).all():
            case = rows.case(row.body)
            blank = blank_case(case, code)
            if blank != case:
                self.run(_BLANK_CASE, id=row.id, body=canonical_json(blank).decode())
                changed += 1
        return changed

    def _deliveries(self, about: str) -> list[Any]:
        said = json.dumps(about, ensure_ascii=False)
        for sign in ("\\", "%", "_"):
            said = said.replace(sign, "\\" + sign)
        like = f'%"aggregate":{said}%'
        return list(self.run(_DELIVERIES, waiting=DELIVERY, past=PAST, like=like).all())

    def _blank_deliveries(self, about: str, code: str) -> int:
        changed = 0
        for row in self._deliveries(about):
            said = json.loads(row.body)
            blank = {**said, "event": blank_fact(said["event"], code)}
            if blank != said:
                body = json.dumps(blank, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
                self.run(_BLANK_DELIVERY, kind=row.kind, id=row.id, body=body)
                changed += 1
        return changed

    def _answers(self, order: str) -> Iterator[tuple[str, bytes]]:
        """Answers to requests of the API that show the order; they are kept for thirty days."""
        after = ""
        while True:
            some = self.run(_ANSWERS, after=after, most=_PAGE).all()
            opened = self.opened_each([(bytes(row.response), ANSWERS) for row in some])
            for row, answer in zip(some, opened, strict=True):
                if answer and speaks_of(answer, order):
                    yield row.key, answer
            if len(some) < _PAGE:
                return
            after = some[-1].key
