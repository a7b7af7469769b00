"""Moves the prices of contested items between two repricings: up where more stock is gone than foretold, down where less.

What is gone is read from the books' stock, not added up from decisions: an order cancelled or routed again, a count, a
transfer and a receipt change what is left to take as well, and each must move the price. So the answer depends on the
last repricing, the stock and the moment alone. Asking twice, or from two places at once, writes the same rows or none;
nothing of a correction is carried to the next.

A corrected row names the repricing it came from, and the ladder counts its age from there: corrections keep no old
repricing alive. An item that the repricing found uncontested, and the prices of full days, wait for the next repricing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from evenstock.domain import Cents, Event, NodeId, Price, Sku, digest, promisable
from evenstock.operations.autonomy.asking_of_prices import lawful_prices
from evenstock.operations.autonomy.governance import Governance
from evenstock.operations.foretold_use import FORETOLD, ForetoldUse
from evenstock.operations.ports import ConflictError, Snapshots, Store, Transaction
from evenstock.routing.prices.correction import correct
from evenstock.routing.prices.ladder import AGES, corrected_source, repriced_at

LEAST_MOVE: Final = 0.01
"""Of the mean cost of a unit: a price that would move by less stays, as every row is kept for ever."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """What was corrected."""

    since: datetime | None
    """The repricing corrected; None where there is none, or it is too old."""
    items: int
    """Contested items looked at."""
    moved: int
    """Of them, those of which a price was written."""
    rows: int
    """Prices written."""
    taken: int
    """Units of contested items that are gone since, net of what came."""
    foretold: int
    """Units that were to be gone by now."""
    sentence: str


def correct_prices(store: Store, snapshots: Snapshots, *, now: datetime, rules: Governance | None = None) -> Corrected:
    """Write the prices of contested items as the stock says that is gone since the repricing.

    Prices that `rules` do not let change without people stay as they are, and the sentence says so.

    Prices from a later source than the repricing, such as a night's, are left alone. A repricing that commits in between
    wins: nothing is written then.

    Raises
    ------
    StoreError
        If what the repricing foretold can no longer be read.
    """
    with store.reading() as books:
        name = books.pointer(FORETOLD)
        if name is None:
            return _nothing("No repricing to correct.")
        told = ForetoldUse.read(snapshots, name)
        age = now - told.made_at
        if not timedelta(0) <= age <= AGES.repricing:
            return _nothing(f"The last repricing is of {told.made_at:%Y-%m-%d %H:%M}: not one to correct; reprice.")
        if not told.skus:
            return _nothing("No item is contested.")
        skus = sorted(set(told.skus))
        left = _left(books, told, skus)
        standing = {(row.sku, row.node): row for row in books.prices(skus, now)}
    gone = told.gone(now)
    price = correct(told.cents, told.use, told.stock, left, gone, told.unit_cents)
    rows = _rows(told, price.tolist(), standing, now)
    done = _said(told, left, gone, len(skus), rows)
    if not rows:
        return done
    try:
        with store.transaction() as books:
            books.repoint(FORETOLD, name, name, now)
            lawful = lawful_prices(books, rules, now, rows, before=standing.values())
            if len(lawful.prices) < len(rows):
                rows = lawful.prices
                done = _said(told, left, gone, len(skus), rows)
                done = replace(done, sentence=" ".join([done.sentence, *(f"{note}." for note in lawful.notes)]))
            books.put_prices(rows)
            books.publish([_event(done, rows, now)])
    except ConflictError:
        return _nothing("Prices were computed anew meanwhile: nothing to correct.")
    return done


def _left(books: Transaction, told: ForetoldUse, skus: Sequence[Sku]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Units that may be promised now, by row of what was foretold."""
    there = promisable(books.balances(skus))
    return np.array([there.get(key, 0) for key in zip(told.skus, told.nodes, strict=True)], np.int64)


def _rows(
    told: ForetoldUse, price: Sequence[float], standing: Mapping[tuple[Sku, NodeId], Price], now: datetime
) -> list[Price]:
    """Prices that differ enough from those in force, where these are of this repricing or an older one."""
    least, rows = max(1.0, LEAST_MOVE * told.unit_cents), []
    for sku, node, cents in zip(told.skus, told.nodes, price, strict=True):
        row = standing.get((sku, node))
        of = None if row is None else repriced_at(row)
        # A correction written while this repricing was computed may lie above it, and is replaced.
        if row is not None and of is not None and of <= told.made_at and abs(cents - row.cents) >= least:
            rows.append(Price(sku, node, now, corrected_source(told.made_at), Cents(round(cents))))
    return rows


def _said(
    told: ForetoldUse, left: Sequence[int] | np.ndarray, gone: float, items: int, rows: Sequence[Price]
) -> Corrected:
    taken = int(told.stock.sum() - np.sum(left))
    foretold = round(gone * float(np.minimum(told.use, told.stock).sum()))
    moved = len({row.sku for row in rows})
    sentence = (
        f"{f'{len(rows)} prices of {moved} items corrected' if rows else 'No price had to move'}:"
        f" of {items} contested items {taken} units are gone since"
        f" {told.made_at:%Y-%m-%d %H:%M} UTC, {foretold} were foretold."
    )
    return Corrected(told.made_at, items, moved, len(rows), taken, foretold, sentence)


def _nothing(sentence: str) -> Corrected:
    return Corrected(None, 0, 0, 0, 0, 0, sentence)


def _event(done: Corrected, rows: Sequence[Price], now: datetime) -> Event:
    body = {
        "since": done.since,
        "items": done.items,
        "moved": done.moved,
        "rows": done.rows,
        "taken": done.taken,
        "foretold": done.foretold,
    }
    name = digest([now, [[row.sku, row.node, row.source, row.cents] for row in rows]]).removeprefix("sha256:")[:20]
    return Event(f"prices-{name}:corrected", "PricesCorrected", "prices", now, body)
