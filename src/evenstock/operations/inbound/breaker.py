"""Holds a feed that would empty a node: a file cut short, a wrong column, a warehouse system that restarts with nothing.

A source that within an hour sets more than its share of the items a node holds to zero is not believed until a person has
looked: its statements of zero about that node become dead letters with this reason, the first of them before any has been
applied where they came together. Statements of anything else go on. A person lets them pass, or discards them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from evenstock.domain import Event, NodeId, Sku, rfc3339
from evenstock.operations.inbound.applying import Told, one_word
from evenstock.operations.inbound.cursor import rewind
from evenstock.operations.ports import ConflictError, Entry, Handling, Received, Store, StoreError, Transaction

KIND: Final = "feed_breaker"
SOURCE: Final = "source"
"""Kind of the entry in which a source is kept; its `breaker` says share and least, where they differ from these."""
SHARE_PERCENT: Final = 50
LEAST: Final = 20
"""Fewer zeroed items than this are never a reason, however small the node."""
WINDOW: Final = timedelta(hours=1)
LOOK_AHEAD: Final = 5_000
"""Waiting events of the source that are looked at before the first of them is applied."""
HELD: Final = "held"
LET: Final = "let"
WATCHED: Final = "watched"
OBSERVED: Final = "stock.observed"
_SAID: Final = "held by the breaker: "


@dataclass(frozen=True, slots=True)
class Limit:
    """How much of a node a source may empty within an hour."""

    share_percent: int = SHARE_PERCENT
    least: int = LEAST


@dataclass(frozen=True, slots=True)
class Held:
    """A source that is not believed about a node."""

    source: str
    node: NodeId
    since: datetime
    because: str
    waiting: int
    """Statements held, as dead letters."""


@dataclass(slots=True)
class Ahead:
    """What waits of each source, up to `LOOK_AHEAD` events, read once by whoever applies many batches one after the other."""

    _known: dict[str, dict[int, tuple[str, str] | None]] = field(default_factory=dict)
    """By source and number: item and node of a statement of zero, None for any other event."""

    def zeros(self, books: Transaction, source: str, node: str) -> set[str]:
        """Items that waiting statements of the source set to zero at the node."""
        known = self._known.setdefault(source, {})
        after = max(known, default=0)
        for event in books.received(Handling.WAITING, after=after, limit=LOOK_AHEAD - len(known), source=source):
            data = _data(event) if event.kind == OBSERVED else {}
            zero = _is_zero(event.kind, data)
            known[event.number] = (one_word(data, "sku"), one_word(data, "node")) if zero else None
        return {key[0] for key in known.values() if key is not None and key[1] == node}

    def handled(self, events: Iterable[Received]) -> None:
        """These wait no more."""
        for event in events:
            self._known.get(event.source, {}).pop(event.number, None)


def held_back(
    books: Transaction, told: Sequence[Told], now: datetime, ahead: Ahead | None = None
) -> dict[tuple[str, str], str]:
    """Events that must not be applied, with the reason, by source and id; opens the breaker where they are the first."""
    ahead = ahead or Ahead()
    zeros: dict[str, list[Told]] = defaultdict(list)
    for one in told:
        if _is_zero(one.received.kind, one.data.said):
            zeros[one.received.source].append(one)
    found: dict[tuple[str, str], str] = {}
    for source, ones in sorted(zeros.items()):
        emptied = _emptied(books, {(one_word(t.data.said, "sku"), one_word(t.data.said, "node")) for t in ones})
        by_node: dict[str, list[Told]] = defaultdict(list)
        for one in ones:
            key = (one_word(one.data.said, "sku"), one_word(one.data.said, "node"))
            if key in emptied:
                by_node[key[1]].append(one)
        for node, group in sorted(by_node.items()):
            because = _judged(books, source, node, {one_word(one.data.said, "sku") for one in group}, now, ahead)
            if because:
                found |= {(source, one.received.id): because for one in group}
    return found


def _judged(books: Transaction, source: str, node: str, skus: set[str], now: datetime, looking: Ahead) -> str:
    """Why these items of a node may not be set to zero; empty where they may. What they come to is kept."""
    entry = books.entry(KIND, f"{source}@{node}") or Entry(KIND, f"{source}@{node}", {}, -1, WATCHED)
    if entry.state == HELD:
        return str(entry.body["because"])
    since = datetime.fromisoformat(entry.body["since"]) if entry.step >= 0 else now
    if entry.state == LET and now < since + WINDOW:
        return ""
    fresh = entry.step < 0 or entry.state == LET or now >= since + WINDOW
    before = 0 if fresh else int(entry.body["zeroed"])
    limit = _limit(books, source)
    ahead = skus | looking.zeros(books, source, node)
    zeroed = before + len(ahead)
    if zeroed >= limit.least:
        ahead = {sku for sku, _ in _emptied(books, {(sku, node) for sku in ahead})}
        zeroed = before + len(ahead)
    body: dict[str, Any] = {"since": rfc3339(now if fresh else since), "zeroed": before + len(skus)}
    state, because = WATCHED, ""
    if zeroed >= limit.least:
        holds = books.items_on_hand(NodeId(node)) + before
        if zeroed * 100 > holds * limit.share_percent:
            because = (
                f"{_SAID}{source} sets {zeroed:,} of the {holds:,} items that {node} holds to zero within an hour, more "
                f"than {limit.share_percent} %; let it pass, or discard it"
            )
            state, body = HELD, {"since": rfc3339(now), "zeroed": before, "because": because}
            about = {"source": source, "node": node, "zeroed": zeroed, "of": holds, "because": because}
            step = max(0, entry.step + 1)
            books.publish([Event(f"feed:{source}@{node}:held:{step}", "FeedHeld", f"feed:{source}@{node}", now, about)])
    _keep(books, entry, body, state)
    return because


def held_feeds(books: Transaction) -> list[Held]:
    """Every source that is not believed about a node."""
    found = []
    for entry in books.entries(KIND, state=HELD):
        source, _, node = entry.id.rpartition("@")
        since = datetime.fromisoformat(entry.body["since"])
        waiting = len(_held_letters(books, source, node))
        found.append(Held(source, NodeId(node), since, str(entry.body["because"]), waiting))
    return found


def let_pass(store: Store, source: str, node: str, by: str, now: datetime) -> int:
    """Believe the source: what was held is applied, and so is what it says about the node within the hour. Returns how many."""
    with store.transaction() as books:
        entry = _held_entry(books, source, node)
        letters = _held_letters(books, source, node)
        if letters:
            rewind(books, letters[0].number)
        for letter in letters:
            books.handled(letter, Handling.WAITING, now, f"let pass by {by}", now)
        _keep(books, entry, {"since": rfc3339(now), "zeroed": 0, "by": by}, LET)
        about = {"source": source, "node": node, "by": by, "events": len(letters)}
        books.publish([Event(f"feed:{entry.id}:let:{entry.step + 1}", "FeedLetPass", f"feed:{entry.id}", now, about)])
    return len(letters)


def discard(store: Store, source: str, node: str, by: str, because: str, now: datetime) -> int:
    """Do not believe it: what was held is dropped with the reason, and the source is watched anew. Returns how many."""
    with store.transaction() as books:
        entry = _held_entry(books, source, node)
        letters = _held_letters(books, source, node)
        for letter in letters:
            books.handled(letter, Handling.DONE, now, f"dropped by {by}: {because}")
        _keep(books, entry, {"since": rfc3339(now), "zeroed": 0, "by": by}, WATCHED)
        about = {"source": source, "node": node, "by": by, "because": because, "events": len(letters)}
        books.publish(
            [Event(f"feed:{entry.id}:discarded:{entry.step + 1}", "FeedDiscarded", f"feed:{entry.id}", now, about)]
        )
    return len(letters)


def _held_entry(books: Transaction, source: str, node: str) -> Entry:
    entry = books.entry(KIND, f"{source}@{node}")
    if entry is None:
        raise StoreError(f"nothing of {source} about {node} was ever held")
    if entry.state != HELD:
        raise ConflictError(f"nothing of {source} about {node} is held; somebody answered before")
    return entry


def _held_letters(books: Transaction, source: str, node: str) -> list[Received]:
    found: list[Received] = []
    after = 0
    while some := books.received(Handling.DEAD, after=after, limit=1_000, source=source):
        found += [one for one in some if one.because.startswith(_SAID) and one_word(_data(one), "node") == node]
        after = some[-1].number
    return found


def _limit(books: Transaction, source: str) -> Limit:
    kept = books.entry(SOURCE, source)
    return Limit(**(kept.body.get("breaker") or {})) if kept is not None else Limit()


def _emptied(books: Transaction, keys: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of these (item, node) at which units are on hand."""
    skus = sorted({Sku(sku) for sku, _ in keys})
    return {(b.sku, b.node) for b in books.balances(skus) if b.on_hand > 0 and (b.sku, b.node) in keys}


def _is_zero(kind: str, data: Mapping[str, Any]) -> bool:
    return kind == OBSERVED and type(data.get("units")) is int and data["units"] == 0


def _data(event: Received) -> dict[str, Any]:
    try:
        envelope = json.loads(event.body)
    except ValueError:
        return {}
    found = envelope.get("data") if isinstance(envelope, dict) else None
    return found if isinstance(found, dict) else {}


def _keep(books: Transaction, entry: Entry, body: dict[str, Any], state: str) -> None:
    after = replace(entry, body=body, state=state, step=entry.step + 1)
    if entry.step < 0:
        books.enter(after)
    else:
        books.change_entry(entry.step, after)
