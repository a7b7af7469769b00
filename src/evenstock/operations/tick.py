"""What is due now, all of it: cases, missed cut-offs, reservations that ran out, evidence for beliefs, prices of what is gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from evenstock.operations.autonomy.governance import Governance
from evenstock.operations.correct_prices import Corrected, correct_prices
from evenstock.operations.exceptions.answer import Handled
from evenstock.operations.exceptions.cutoff_missed import sweep_cutoffs
from evenstock.operations.exceptions.evidence import keep_evidence
from evenstock.operations.ports import Snapshots, Store, StoreError
from evenstock.operations.run_due import Done, Workplace, run_due
from evenstock.policy import CompiledPolicy
from evenstock.routing.network import ShippingNetwork


@dataclass(frozen=True, slots=True)
class Ticked:
    """What was done."""

    done: tuple[Done, ...]
    missed: tuple[Handled, ...]
    """Orders not released by their cut-off, decided again."""
    evidence: Mapping[str, int]
    """New rows by table."""
    still_due: int
    """Cases left over, where there were more than the limit."""
    prices: Corrected | str
    """Or why they could not be corrected: what was done before stays done."""

    @property
    def failed(self) -> int:
        return sum(1 for each in self.done if each.failed) + isinstance(self.prices, str)


def tick(
    store: Store,
    snapshots: Snapshots,
    shipping: ShippingNetwork,
    policy: CompiledPolicy,
    now: datetime,
    *,
    limit: int = 1_000,
    cutoffs: bool = False,
) -> Ticked:
    """Do what is due by `now`, at most `limit` cases; twice, or on two machines at once, each thing is done once.

    `cutoffs` where nodes report every release: an order not released by its cut-off is decided again.
    """
    done = run_due(Workplace(store, shipping, policy), now, limit)
    missed = sweep_cutoffs(store, shipping, policy, now, limit=limit) if cutoffs else []
    told = keep_evidence(store, snapshots, now)
    with store.reading() as books:
        more = len(books.due_cases(now, limit))
    try:
        prices: Corrected | str = correct_prices(store, snapshots, now=now, rules=Governance(policy, shipping.known))
    except StoreError as refused:
        prices = str(refused)
    return Ticked(tuple(done), tuple(missed), told, more, prices)
