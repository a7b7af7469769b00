"""Takes in what a person counted at a shelf: the answer to a question that is open, or a count nobody asked for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from evenstock.domain import NodeId, Refuse, Sku, StockObservation, Units
from evenstock.operations.autonomy.governance import Governance
from evenstock.operations.exceptions.answer import Handled, reported
from evenstock.operations.exceptions.count_shelf import ShelfCounted, count_shelf, open_counts
from evenstock.operations.observe_stock import Observed, Outcome, observe_stock, version_of
from evenstock.operations.ports import Store

SOURCE = "count"


@dataclass(frozen=True, slots=True)
class CountTaken:
    """What a count changed, and the questions it answered."""

    observed: Observed | None
    """What it changed where nobody had asked for it; None where somebody had."""
    handled: Handled | None
    """How the questions about the shelf stand now; None where nobody had asked."""


def answer_count(
    store: Store,
    count: ShelfCounted,
    *,
    skus: Collection[Sku],
    nodes: Collection[NodeId],
    rules: Governance | None = None,
) -> CountTaken | Refuse:
    """Bring the books to what was counted; where a pick came up short there, free the units frozen for it besides.

    A count that `rules` do not let change the books without people is kept until they agree.
    """
    with store.transaction() as books:
        asked = bool(open_counts(books, count.sku, count.node))
    # A count told again answers as it did the first time, though its questions are closed by then.
    if asked or reported(store, count.id) is not None:
        found = count_shelf(store, count, rules=rules)
        if not isinstance(found, Refuse):
            return CountTaken(None, found)
    said = StockObservation(
        SOURCE, count.sku, count.node, Units(count.units), count.now, version_of(count.now), count.lot
    )
    told = observe_stock(store, [said], skus=skus, nodes=nodes, now=count.now, rules=rules)[0]
    return Refuse(told.because) if told.outcome is Outcome.REFUSED else CountTaken(told, None)
