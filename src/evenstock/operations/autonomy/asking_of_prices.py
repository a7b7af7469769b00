"""Asks before prices of units and places are written: those outside the envelopes stay as they are, and it is said which."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from evenstock.domain import CapacityPrice, IntendedAction, NodeId, Price, Sku
from evenstock.operations.autonomy.asking import Ruled
from evenstock.operations.autonomy.governance import Asking, Governance
from evenstock.operations.autonomy.intended.price_change import KINDS, place_price, unit_price
from evenstock.operations.ports import Transaction

ABOUT: Final = "prices"
_SHOWN: Final = 3
_Row = TypeVar("_Row", Price, CapacityPrice)


@dataclass(frozen=True, slots=True)
class Lawful:
    """What may be written, and what of it stays as it is."""

    prices: list[Price]
    places: list[CapacityPrice]
    notes: tuple[str, ...] = ()


def lawful_prices(
    books: Transaction,
    rules: Governance | None,
    now: datetime,
    prices: Sequence[Price],
    places: Sequence[CapacityPrice] = (),
    *,
    before: Iterable[Price] | None = None,
    places_before: Iterable[CapacityPrice] = (),
) -> Lawful:
    """Rows that nobody has to be asked about, told to the audit log: of each node and group by its largest move.

    A price outside the envelopes stays, for there is a newer one in minutes: a person who wants it says so by a rule.

    Parameters
    ----------
    before
        Prices in force; read from the books where they are not at hand.
    """
    asking = rules.asking(books, now, KINDS, about=ABOUT) if rules is not None else None
    if asking is None:
        return Lawful(list(prices), list(places))
    known = asking.rules.known
    stands = books.prices(sorted({row.sku for row in prices}), now) if before is None else before
    unit: Mapping[tuple[Sku, NodeId], int] = {(row.sku, row.node): row.cents for row in stands}
    place = {(row.scope, row.name, row.day): row.cents for row in places_before}

    def of_unit(row: Price) -> tuple[int, IntendedAction]:
        was = unit.get((row.sku, row.node), 0)
        made = unit_price(asking.actor, asking.policy, row.sku, row.node, was, row.cents, now, known=known)
        return abs(row.cents - was), made

    def of_place(row: CapacityPrice) -> tuple[int, IntendedAction]:
        was = place.get((row.scope, row.name, row.day), 0)
        made = place_price(asking.actor, asking.policy, row.scope, row.name, was, row.cents, now, known=known)
        return abs(row.cents - was), made

    units_kept, held = _parted(books, asking, prices, of_unit)
    places_kept, more = _parted(books, asking, places, of_place)
    return Lawful(units_kept, places_kept, _said([*held, *more]))


def _parted(
    books: Transaction, asking: Asking, rows: Sequence[_Row], asked: Callable[[_Row], tuple[int, IntendedAction]]
) -> tuple[list[_Row], list[str]]:
    """Rows that may be written, and why each of the others may not; one that moves nothing is no action."""
    kept, held = [], []
    largest: dict[tuple[tuple[NodeId, ...], tuple[str, ...]], tuple[int, Ruled]] = {}
    for row in rows:
        move, action = asked(row)
        ruled = asking.rule([action], ABOUT) if move else None
        if ruled is None or ruled.automatic:
            kept.append(row)
        else:
            held.append((ruled.refused or ruled.asks).because)  # type: ignore[union-attr]
        if ruled is not None and ruled.released:
            place = (action.nodes, action.categories)
            if place not in largest or largest[place][0] < move:
                largest[place] = (move, ruled)
    for _, ruled in largest.values():
        ruled.say(books, ABOUT)
    return kept, held


def _said(held: Sequence[str]) -> tuple[str, ...]:
    if not held:
        return ()
    reasons = list(dict.fromkeys(held))
    more = f"; and {len(reasons) - _SHOWN} more reasons" if len(reasons) > _SHOWN else ""
    return (f"{len(held)} prices stay as they were: {'; '.join(reasons[:_SHOWN])}{more}",)
