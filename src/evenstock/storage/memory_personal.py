"""What the books in memory hold of an order's person: nothing is sealed there, and what is erased is gone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from evenstock.domain import DecisionRecord, OrderId, canonical_json
from evenstock.operations.decisions import decision_from
from evenstock.operations.outbound.deliveries import DELIVERY, PAST
from evenstock.operations.personal_data.books import ORDER, Blanked, Copy, Known, is_thinned, thinned
from evenstock.operations.personal_data.naming import names_place, parted
from evenstock.storage import rows
from evenstock.storage.memory_cases import CasesInMemory
from evenstock.storage.memory_received import ReceivedInMemory
from evenstock.storage.personal_blanks import blank_case, blank_event, blank_fact, speaks_of


class PersonalInMemory(CasesInMemory, ReceivedInMemory):
    """What `operations.personal_data.books.PersonalBooks` asks for."""

    def personal_copies(self, order: OrderId) -> list[Copy]:
        books, about = self._books, ORDER + order
        kept = books.orders.get(order)
        found = [Copy("order", order, rows.order_text(kept).encode())] if kept is not None else []
        found += [Copy("decision", one.id, one.canonical()) for one in self._records(order)]
        found += [
            Copy("received event", f"{e.source}:{e.id}", e.body) for e in books.received.values() if e.subject == about
        ]
        facts = [fact for fact in books.facts.values() if fact.aggregate == about]
        found += [Copy("fact", fact.id, canonical_json(fact.body)) for fact in facts]
        found += [Copy("case", case.id, canonical_json(case)) for case in self.cases(about=about)]
        found += [Copy("webhook", name, body.encode()) for _, name, body in self._deliveries(about)]
        found += [Copy("answer", key, books.commands[key].response) for key in self._answers(order)]
        return found

    def erase_personal(self, order: OrderId, at: datetime) -> list[Blanked]:
        books, about, done = self._books, ORDER + order, []
        kept = books.orders.get(order)
        code = kept.ship_to.postal_code if kept is not None else ""
        if kept is not None and thinned(kept) != kept:
            self._put(books.orders, order, thinned(kept))
            done.append(Blanked("order", 1, "blanked"))
        named = [record for record in self._records(order) if names_place(record.canonical())]
        bare = [(record, decision_from(parted(record.canonical())[0])) for record in named]
        for record, without in bare:
            self._put(books.decisions, record.id, without)
        done.append(Blanked("decision", sum(record != without for record, without in bare), "blanked"))
        done.append(Blanked("received event", self._blank_events(about, at), "blanked"))
        changed = 0
        for name, fact in [(name, fact) for name, fact in books.facts.items() if fact.aggregate == about]:
            said = json.loads(canonical_json(fact.body))
            blank = blank_fact(said, code)
            if blank != said:
                self._put(books.facts, name, replace(fact, body=blank))
                changed += 1
        done.append(Blanked("fact", changed, "blanked"))
        done.append(Blanked("case", self._blank_cases(about, code), "blanked"))
        done.append(Blanked("webhook", self._blank_deliveries(about, code), "blanked"))
        shown = self._answers(order)
        for key in shown:
            self._drop(books.commands, key)
        done.append(Blanked("answer", len(shown), "deleted"))
        asked = books.commands.get(f"route:{order}")
        if asked is not None and asked.request != "erased":
            self._put(books.commands, asked.key, replace(asked, request="erased"))
            done.append(Blanked("digest of the request", 1, "blanked"))
        return [one for one in done if one.rows]

    def personal_before(self, before: datetime, countries: Sequence[str], after: str, limit: int) -> list[Known]:
        kept = (
            Known(one.id, one.ship_to.country, one.placed_at)
            for one in self._books.orders.values()
            if one.id > after and one.placed_at < before and not is_thinned(one)
        )
        wanted = [one for one in kept if not countries or one.country in countries]
        return sorted(wanted, key=lambda one: one.order)[:limit]

    def personal_waits(self, order: OrderId) -> bool:
        books = self._books
        return any(books.received[key].subject == ORDER + order for key, _ in books.waiting.values())

    def _records(self, order: OrderId) -> list[DecisionRecord]:
        return [record for record in self._books.decisions.values() if record.order == order]

    def _blank_events(self, about: str, at: datetime) -> int:
        blank, changed = blank_event(at), 0
        for key, event in [(key, event) for key, event in self._books.received.items() if event.subject == about]:
            if b'"erased_at"' not in event.body:
                self._put(self._books.received, key, replace(event, body=blank, because=""))
                changed += 1
        return changed

    def _blank_cases(self, about: str, code: str) -> int:
        changed = 0
        for case in self.cases(about=about):
            blank = blank_case(case, code)
            if blank != case:
                self._put(self._books.cases, case.id, (blank, self._books.cases[case.id][1]))
                changed += 1
        return changed

    def _deliveries(self, about: str) -> list[tuple[str, str, str]]:
        return [
            (kind, name, body)
            for kind in (DELIVERY, PAST)
            for name, (_, body) in sorted(self._books.entries.get(kind, {}).items())
            if json.loads(body)["event"]["aggregate"] == about
        ]

    def _blank_deliveries(self, about: str, code: str) -> int:
        changed = 0
        for kind, name, body in self._deliveries(about):
            said = json.loads(body)
            blank = {**said, "event": blank_fact(said["event"], code)}
            if blank != said:
                table = self._books.entries[kind]
                text = json.dumps(blank, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
                self._put(table, name, (table[name][0], text))
                changed += 1
        return changed

    def _answers(self, order: str) -> list[str]:
        found = self._books.commands.items()
        return [key for key, kept in found if key.startswith("http:") and speaks_of(kept.response, order)]
