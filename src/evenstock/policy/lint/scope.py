"""Which orders and items a rule's conditions speak of, as sets that can be compared, cut and exemplified."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final

from evenstock.domain import Cents, Item, LineId, Order, OrderId, OrderLine, Rule, ServiceLevel, ShipTo, Sku, Units
from evenstock.policy.conditions import MEASURES, ItemWhen
from evenstock.policy.parameters import Given

_NAMED: Final = ("order_classes", "channels", "countries", "service_levels")
_MOST: Final = 2**62


@dataclass(frozen=True, slots=True)
class Scope:
    """A set of orders with a line each speaks of. None, or an empty list of tags, means that a condition is left out."""

    first: date
    last: date
    names: tuple[frozenset[str] | None, ...]
    """By condition of `_NAMED`: one of these."""
    tags: tuple[frozenset[str], ...]
    """One of each of these sets."""
    prefixes: frozenset[str] | None
    ranges: tuple[tuple[int, int], ...]
    """Least and most, by measure."""
    skus: frozenset[Sku] | None
    """Items of the line."""

    def within(self, other: Scope) -> bool:
        """Whether every order and line of this scope is one of the other."""
        return (
            other.first <= self.first
            and self.last <= other.last
            and all(b is None or (a is not None and a <= b) for a, b in zip(self.names, other.names, strict=True))
            and all(any(a <= b for a in self.tags) for b in other.tags)
            and _longer(self.prefixes, other.prefixes)
            and all(b[0] <= a[0] and a[1] <= b[1] for a, b in zip(self.ranges, other.ranges, strict=True))
            and (other.skus is None or (self.skus is not None and self.skus <= other.skus))
        )

    def meet(self, other: Scope) -> Scope | None:
        """Orders and lines that both speak of; None where there are none."""
        names = tuple(_both(a, b) for a, b in zip(self.names, other.names, strict=True))
        ranges = tuple((max(a[0], b[0]), min(a[1], b[1])) for a, b in zip(self.ranges, other.ranges, strict=True))
        prefixes = _both_prefixes(self.prefixes, other.prefixes)
        skus = other.skus if self.skus is None else self.skus if other.skus is None else self.skus & other.skus
        found = Scope(
            max(self.first, other.first), min(self.last, other.last), names,
            tuple(dict.fromkeys((*self.tags, *other.tags))), prefixes, ranges, skus,
        )  # fmt: skip
        empty = (
            found.first > found.last
            or any(name is not None and not name for name in names)
            or (prefixes is not None and not prefixes)
            or any(least > most for least, most in ranges)
            or (skus is not None and not skus)
        )
        return None if empty else found

    def example(self, item: Item, on: date) -> Order | None:
        """An order of this scope whose every line is of this item; None where none could be made up."""
        classes, channels, countries, levels = (min(names) if names else "" for names in self.names)
        value, units, lines = self.ranges
        # Lines of one unit each, but for the first, which takes the rest.
        count = max(lines[0], 1)
        total = max(units[0], count)
        price = min(max(int(item.price_cents) * total, value[0]), value[1])
        prices = _prices(price, count, total - count + 1, value[0])
        if count > lines[1] or total > units[1] or prices is None:
            return None
        return Order(
            OrderId("example"),
            tuple(
                OrderLine(LineId(f"{k + 1}"), item.sku, Units(total - count + 1 if k == 0 else 1), Cents(prices[k]))
                for k in range(count)
            ),
            ShipTo(min(self.prefixes).ljust(5, "0") if self.prefixes else "10001", countries or "US"),
            datetime.combine(max(on, self.first), time(12), UTC),
            order_class=classes or "standard",
            channel=channels,
            tags=frozenset(min(tags) for tags in self.tags),
            service_level=ServiceLevel(levels),
        )


def scope_of(rule: Rule, given: Given, on: date, items: Mapping[Sku, Item]) -> Scope:
    """The conditions of a rule from `on` onwards."""
    when = ItemWhen(given)
    return Scope(
        max(rule.valid_from, on),
        rule.valid_to,
        tuple(given.names(name) if given.has(name) else None for name in _NAMED),
        (given.names("tags"),) if given.has("tags") else (),
        frozenset(given.listed("postal_prefixes")) if given.has("postal_prefixes") else None,
        tuple(
            (_or(given.at_most(f"min_{measure}"), 0), _or(given.at_most(f"max_{measure}"), _MOST))
            for measure in MEASURES
        ),
        None if when.always else frozenset(sku for sku, item in items.items() if when.holds(item)),
    )


def everything(on: date) -> Scope:
    """Every order from this day on."""
    return Scope(on, date.max, (None,) * len(_NAMED), (), None, ((0, _MOST),) * len(MEASURES), None)


def told(order: Order, item: Item) -> str:
    """An example order in words."""
    said = [f"{sum(line.units for line in order.lines)} × {item.sku}"]
    said.append(f"to {order.ship_to.postal_code} {order.ship_to.country}")
    said.append(f"class {order.order_class}")
    if order.channel:
        said.append(f"channel {order.channel}")
    if order.service_level.value:
        said.append(f"service level {order.service_level.value}")
    if order.tags:
        said.append(f"tags {', '.join(sorted(order.tags))}")
    return f"{', '.join(said)}, worth {order.value_cents / 100:.2f}, on {order.placed_at.date()}"


def _prices(value: int, count: int, first_units: int, least: int) -> list[int] | None:
    """A price for each line that adds up to the value, or for one line of many units to about it; None if neither."""
    if count > 1:
        return [0] * (count - 1) + [value]
    price = value // first_units
    if price * first_units < least:
        return None
    return [price]


def _or(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value


def _both(a: frozenset[str] | None, b: frozenset[str] | None) -> frozenset[str] | None:
    return b if a is None else a if b is None else a & b


def _both_prefixes(a: frozenset[str] | None, b: frozenset[str] | None) -> frozenset[str] | None:
    if a is None or b is None:
        return b if a is None else a
    return frozenset(max(x, y, key=len) for x in a for y in b if x.startswith(y) or y.startswith(x))


def _longer(a: frozenset[str] | None, b: frozenset[str] | None) -> bool:
    return b is None or (a is not None and all(x.startswith(tuple(b)) for x in a))
