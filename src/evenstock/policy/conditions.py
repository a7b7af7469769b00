"""When a rule applies: conditions on the order, and on the item of each line.

Every condition given must hold; within one condition any of its names is enough. A condition left out always holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenstock.domain import Item, Order
from evenstock.policy.parameters import Given, Parameter

ORDER_WHEN: Final = (
    Parameter("order_classes", "texts", "classes of orders it applies to"),
    Parameter("channels", "texts", "channels it applies to"),
    Parameter("tags", "texts", "tags of orders it applies to"),
    Parameter("countries", "countries", "destination countries it applies to"),
    Parameter("postal_prefixes", "texts", "beginnings of destination postal codes it applies to"),
)
ITEM_WHEN: Final = (
    Parameter("skus", "skus", "items it applies to"),
    Parameter("categories", "categories", "product groups it applies to"),
)


class OrderWhen:
    """Whether a rule speaks of an order."""

    __slots__ = ("_always", "_channels", "_classes", "_countries", "_prefixes", "_tags")

    def __init__(self, given: Given) -> None:
        self._classes = given.names("order_classes")
        self._channels = given.names("channels")
        self._tags = given.names("tags")
        self._countries = given.names("countries")
        self._prefixes = given.listed("postal_prefixes")
        self._always = not (self._classes or self._channels or self._tags or self._countries or self._prefixes)

    def holds(self, order: Order) -> bool:
        return self._always or (
            (not self._classes or order.order_class in self._classes)
            and (not self._channels or order.channel in self._channels)
            and (not self._tags or not self._tags.isdisjoint(order.tags))
            and (not self._countries or order.ship_to.country in self._countries)
            and (not self._prefixes or order.ship_to.postal_code.startswith(self._prefixes))
        )


class ItemWhen:
    """Which items a rule speaks of."""

    __slots__ = ("_categories", "_skus", "always")

    def __init__(self, given: Given) -> None:
        self._skus = given.names("skus")
        self._categories = given.names("categories")
        self.always = not (self._skus or self._categories)

    def holds(self, item: Item) -> bool:
        return (not self._skus or item.sku in self._skus) and (
            not self._categories or item.category in self._categories
        )

    def lines(self, items: Sequence[Item]) -> NDArray[np.bool_] | None:
        """Lines whose item it speaks of, shape ``(line,)``; None for all."""
        return None if self.always else np.fromiter(map(self.holds, items), dtype=np.bool_, count=len(items))
