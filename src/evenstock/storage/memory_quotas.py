"""What is kept for classes of customers, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from evenstock.domain import NodeId, Quota, Reservation, ReservationId, Sku, Units
from evenstock.storage import bookkeeping as book
from evenstock.storage.memory_books import UnitOfWork


class QuotasInMemory(UnitOfWork):
    """Each quota is over all lots of an item at a node."""

    def set_quotas(self, quotas: Sequence[Quota]) -> None:
        with self.whole():
            for quota in book.one_each(quotas):
                seen = self._books.quotas.get((quota.sku, quota.node), {}).get(quota.order_class)
                taken = seen.taken if seen else Units(0)
                if taken > quota.units:
                    raise book.below_taken(quota, taken)
                self._keep(replace(quota, taken=taken))

    def _keep(self, quota: Quota) -> None:
        self._put(self._books.quotas.setdefault((quota.sku, quota.node), {}), quota.order_class, quota)

    def quotas(self, skus: Sequence[Sku]) -> list[Quota]:
        wanted = set(skus)
        return sorted(q for (sku, _), found in self._books.quotas.items() if sku in wanted for q in found.values())

    def kept_for_others(self, sku: Sku, node: NodeId, order_class: str) -> int:
        """Units that orders of this class leave untouched."""
        here = self._books.quotas.get((sku, node))
        return sum(quota.left for quota in here.values() if quota.order_class != order_class) if here else 0

    def draw(self, reservation: Reservation, order_class: str) -> None:
        """Take from the quotas of this class, as far as they reach."""
        drawn = []
        for place, lines in groupby(reservation.lines, key=lambda line: (line.sku, line.node)):
            own = self._books.quotas.get(place, {}).get(order_class)
            units = Units(min(own.left, sum(line.units for line in lines))) if own else Units(0)
            if own and units:
                self._keep(replace(own, taken=Units(own.taken + units)))
                drawn.append(Quota(*place, order_class, units, units))
        if drawn:
            self._put(self._books.drawn, reservation.id, tuple(drawn))

    def give_back(self, reservation: ReservationId) -> None:
        """Return what a reservation drew."""
        for drawn in self._books.drawn.get(reservation, ()):
            found = self._books.quotas[drawn.sku, drawn.node][drawn.order_class]
            self._keep(replace(found, taken=Units(found.taken - drawn.taken)))
