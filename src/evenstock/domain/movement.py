"""Units that went from one account to another, once and for good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from evenstock.domain.account import Account
from evenstock.domain.moments import refuse_naive
from evenstock.domain.names import MovementId, Units


@dataclass(frozen=True, slots=True)
class Movement:
    """A double entry: `units` leave `source` and enter `destination`, so the sum over all accounts of an item stays 0.

    A movement is never changed; a correction is a new one (`reversal`). The id is made by the caller and is the
    idempotency key: the same movement delivered twice counts once.
    """

    id: MovementId
    units: Units
    source: Account
    destination: Account
    occurred_at: datetime
    because: str
    """What caused it: a reservation, transfer, order, count or import id."""
    reverses: MovementId | None = None

    def __post_init__(self) -> None:
        if not self.id:
            raise ValueError("a movement has an id, made by whoever reports it")
        if self.units <= 0:
            raise ValueError(f"{self.id}: a movement moves at least one unit; to move back, swap the accounts")
        if self.source == self.destination:
            raise ValueError(f"{self.id}: a movement goes from one account to another")
        if (self.source.sku, self.source.lot) != (self.destination.sku, self.destination.lot):
            raise ValueError(f"{self.id}: a movement keeps its item and lot; a conversion is two movements")
        refuse_naive(self.occurred_at, str(self.id))

    def reversal(self, id: MovementId, occurred_at: datetime, because: str) -> Movement:  # noqa: A002
        """The movement that takes this one back."""
        return Movement(id, self.units, self.destination, self.source, occurred_at, because, self.id)
