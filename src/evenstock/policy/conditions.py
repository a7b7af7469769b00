"""When a rule applies: conditions on the order, and on the item of each line.

Every condition given must hold; within one condition any of its names is enough. A condition left out always holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenstock.domain import Item, Order, Sku
from evenstock.policy.parameters import Given, Parameter

ORDER_WHEN: Final = (
    Parameter("order_classes", "texts", "classes of orders it applies to", phrase="class is"),
    Parameter("channels", "texts", "channels it applies to", phrase="channel is"),
    Parameter("tags", "texts", "tags of orders it applies to", phrase="tag is"),
    Parameter("countries", "countries", "destination countries it applies to", phrase="country is"),
    Parameter(
        "postal_prefixes", "texts", "beginnings of destination postal codes it applies to", phrase="postal starts with"
    ),
    Parameter("service_levels", "levels", "speeds bought that it applies to", phrase="service level is"),
    Parameter("min_value_cents", "cents", "least price of the order's goods", phrase="value at least"),
    Parameter("max_value_cents", "cents", "highest price of the order's goods", phrase="value at most"),
    Parameter("min_units", "count", "fewest units of the order", phrase="units at least"),
    Parameter("max_units", "count", "most units of the order", phrase="units at most"),
    Parameter("min_lines", "count", "fewest lines of the order", phrase="lines at least"),
    Parameter("max_lines", "count", "most lines of the order", phrase="lines at most"),
)
ITEM_WHEN: Final = (
    Parameter("skus", "skus", "items it applies to", phrase="item is"),
    Parameter("categories", "categories", "product groups it applies to", phrase="category is"),
)
WHEN: Final = (*ORDER_WHEN, *ITEM_WHEN)
MEASURES: Final = ("value_cents", "units", "lines")
"""What of an order has a least and a most: each with `min_` and `max_` before it."""


class OrderWhen:
    """Whether a rule speaks of an order.

    Raises
    ------
    ValueError
        If a least lies above its most, or a most number of units below the fewest lines: no order could ever meet it.
    """

    __slots__ = ("_always", "_channels", "_classes", "_countries", "_levels", "_limits", "_prefixes", "_tags")

    def __init__(self, given: Given) -> None:
        _refuse_impossible(given)
        self._classes = given.names("order_classes")
        self._channels = given.names("channels")
        self._tags = given.names("tags")
        self._countries = given.names("countries")
        self._prefixes = given.listed("postal_prefixes")
        self._levels = given.names("service_levels")
        self._limits = tuple(
            (measure, given.at_most(f"min_{measure}"), given.at_most(f"max_{measure}"))
            for measure in MEASURES
            if given.has(f"min_{measure}") or given.has(f"max_{measure}")
        )
        self._always = not any(given.has(parameter.name) for parameter in ORDER_WHEN)

    def holds(self, order: Order) -> bool:
        return self._always or (
            (not self._classes or order.order_class in self._classes)
            and (not self._channels or order.channel in self._channels)
            and (not self._tags or not self._tags.isdisjoint(order.tags))
            and (not self._countries or order.ship_to.country in self._countries)
            and (not self._prefixes or order.ship_to.postal_code.startswith(self._prefixes))
            and (not self._levels or order.service_level.value in self._levels)
            and (not self._limits or self._measures(order))
        )

    def _measures(self, order: Order) -> bool:
        for measure, least, most in self._limits:
            size = _size(order, measure)
            if (least is not None and size < least) or (most is not None and size > most):
                return False
        return True


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

    def any_of(self, order: Order, items: Mapping[Sku, Item]) -> bool:
        """Whether it speaks of an item of the order; an item that `items` does not know is none of them."""
        if self.always:
            return True
        known = (items.get(line.sku) for line in order.lines)
        return any(item is not None and self.holds(item) for item in known)


def conditions_said(given: Given) -> str:
    """The conditions of a rule in words, such as `classes vip and value at least 50.00`; empty where it has none."""
    said = []
    for parameter in WHEN:
        if not given.has(parameter.name):
            continue
        if parameter.type == "cents":
            said.append(f"{parameter.words} {given.whole(parameter.name) / 100:.2f}")
        elif parameter.type == "count":
            said.append(f"{parameter.words} {given.whole(parameter.name)}")
        else:
            said.append(f"{parameter.name.replace('_', ' ')} {', '.join(given.listed(parameter.name))}")
    return " and ".join(said)


def _size(order: Order, measure: str) -> int:
    match measure:
        case "value_cents":
            return order.value_cents
        case "units":
            return sum(line.units for line in order.lines)
        case _:
            return len(order.lines)


def _refuse_impossible(given: Given) -> None:
    for measure in MEASURES:
        least, most = given.at_most(f"min_{measure}"), given.at_most(f"max_{measure}")
        if least is not None and most is not None and least > most:
            raise ValueError(
                f"rule {given.rule.id} ({given.rule.kind}): min_{measure} {least} is above max_{measure} {most};"
                " no order is both"
            )
    lines, units = given.at_most("min_lines"), given.at_most("max_units")
    if lines is not None and units is not None and lines > units:
        raise ValueError(
            f"rule {given.rule.id} ({given.rule.kind}): {lines} lines are at least {lines} units,"
            f" and max_units is {units}; no order is both"
        )
