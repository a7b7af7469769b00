"""Takes statements of other systems about stock, each by itself, and says of each what it changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from evenstock.domain import Bucket, Movement, NodeId, Sku, StockObservation
from evenstock.operations.autonomy.adjusting import (
    asks_about_adjusting,
    change_of,
    keep_observation,
    rule_on_adjustment,
)
from evenstock.operations.autonomy.governance import Asking, Governance
from evenstock.operations.count_stock import counted_facts, counting
from evenstock.operations.ports import Store, StoreError, Transaction

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MOST_VERSION: Final = 2**62


class Outcome(StrEnum):
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    """It agrees with the books, or something newer is known."""
    REFUSED = "refused"
    HELD = "held"
    """It lies outside what may be adjusted without people: it is kept, and counts when they agree."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What became of one statement."""

    outcome: Outcome
    gained: int = 0
    """Units found that the books did not know."""
    lost: int = 0
    """Units missing from what was free to promise."""
    short: int = 0
    """Units missing although they were promised: an open shortfall."""
    because: str = ""


def version_of(observed_at: datetime) -> int:
    """The version of a statement that states none: the moment observed, in microseconds."""
    return (observed_at - _EPOCH) // timedelta(microseconds=1)


def observe_stock(
    store: Store,
    observations: Sequence[StockObservation],
    *,
    skus: Collection[Sku],
    nodes: Collection[NodeId],
    now: datetime,
    rules: Governance | None = None,
) -> list[Observed]:
    """One answer for each statement, in their order; all that can be used is committed together.

    What `rules` do not let change the books without people is kept in a request for approval; what they refuse is refused.

    Parameters
    ----------
    skus, nodes : those there are; a statement about others is refused.
    """
    answers = {
        number: Observed(Outcome.REFUSED, because=why)
        for number, said in enumerate(observations)
        if (why := _unknown(said, skus, nodes))
    }
    # In key order, so that two feeds never wait for each other in a circle.
    known = sorted((n for n in range(len(observations)) if n not in answers), key=lambda n: _key(observations[n]))
    with store.transaction() as books:
        asking = asks_about_adjusting(books, rules, now)
        if asking is not None:
            held = _asked(books, asking, [observations[n] for n in known])
            answers |= {n: held[observations[n]] for n in known if observations[n] in held}
            known = [n for n in known if n not in answers]
        found = books.change_stock([counting(observations[n]) for n in known], now)
        facts = []
        for number, moves in zip(known, found, strict=True):
            if isinstance(moves, StoreError):
                answers[number] = Observed(Outcome.REFUSED, because=str(moves))
                continue
            answers[number] = _observed(moves)
            facts += counted_facts(observations[number], moves)
        books.publish(facts)
    return [answers[number] for number in range(len(observations))]


def _asked(
    books: Transaction, asking: Asking, observations: Sequence[StockObservation]
) -> dict[StockObservation, Observed]:
    """What becomes of statements that do not count at once; those that do are told to the audit log."""
    found = {}
    for said in observations:
        change = change_of(books, said)
        ruled = rule_on_adjustment(asking, said.sku, said.node, change, said.observed_at)
        if ruled.refused is not None:
            found[said] = Observed(Outcome.REFUSED, because=ruled.refused.because)
        elif ruled.asks is not None:
            found[said] = Observed(Outcome.HELD, because=keep_observation(books, asking, ruled, said, change))
        else:
            ruled.say(books, f"stock:{said.sku}@{said.node}")
    return found


def _unknown(said: StockObservation, skus: Collection[Sku], nodes: Collection[NodeId]) -> str:
    if said.sku not in skus:
        return f"there is no item {said.sku}"
    return "" if said.node in nodes else f"there is no node {said.node}"


def _observed(moves: Sequence[Movement]) -> Observed:
    def total(source: Bucket, destination: Bucket) -> int:
        return sum(m.units for m in moves if (m.source.bucket, m.destination.bucket) == (source, destination))

    return Observed(
        Outcome.CHANGED if moves else Outcome.UNCHANGED,
        total(Bucket.OUTSIDE, Bucket.AVAILABLE),
        total(Bucket.AVAILABLE, Bucket.OUTSIDE),
        total(Bucket.SHORTFALL, Bucket.OUTSIDE),
    )


def _key(said: StockObservation) -> tuple[str, str, str, str, int]:
    return str(said.sku), str(said.node), str(said.lot), said.source, said.version
