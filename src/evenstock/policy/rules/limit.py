"""How much of an order some nodes or services carry: so many units of an item, so many of its shipments.

Parameters: `nodes` and `services` (what is limited; left out, all), `units` (most units of one item that an order may take
there: a line that wants more ships elsewhere), `shipments` (most shipments of one order from there, counted on the
finished plan, and so always law), and conditions on order and item. `units`, `shipments` or both are given. A ceiling of
shipments a day stands at the node (`orders_per_day`), a ceiling of the whole order in `max_shipments`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from evenstock.domain import Allow, Order, OrderPlan, Refuse, Verdict
from evenstock.policy.conditions import ITEM_WHEN, ORDER_WHEN, ItemWhen, OrderWhen
from evenstock.policy.network import Network
from evenstock.policy.parameters import Given, Parameter
from evenstock.policy.reach import Reach, goods
from evenstock.policy.ruling import UNBOUNDED, Bar, OrderBounds, Question, Ruling

PARAMETERS: Final = (
    Parameter("nodes", "nodes", "nodes that are limited"),
    Parameter("services", "services", "services that are limited"),
    Parameter("units", "count", "most units of one item of an order"),
    Parameter("shipments", "count", "most shipments of one order"),
    *ORDER_WHEN,
    *ITEM_WHEN,
)


class Limit(Ruling):
    yields_to_permit = True
    __slots__ = ("_item", "_nodes", "_order", "_reach", "_services", "_shipments", "_units")

    def __init__(self, given: Given, network: Network) -> None:
        self._order, self._item, self._reach = OrderWhen(given), ItemWhen(given), Reach(given, network)
        self._nodes, self._services = given.names("nodes"), given.names("services")
        self._units, self._shipments = given.at_most("units"), given.at_most("shipments")

    def bars(self, question: Question) -> Iterable[Bar]:
        if self._units is None or not self._order.holds(question.order):
            return
        chosen = self._item.lines(question.items)
        wanted: dict[str, int] = {}
        for line in question.order.lines:
            wanted[line.sku] = wanted.get(line.sku, 0) + line.units
        over = np.array([wanted[line.sku] > self._units for line in question.order.lines], dtype=np.bool_)
        lines = over if chosen is None else over & chosen
        out = self._reach.of(question)
        if not (lines.any() and out.any()):
            return
        for node, there in question.by_node(out):
            yield Bar(
                there,
                f"{node.id} ships at most {self._units} units of an item to one order{self._reach.by},"
                f" and it wants more of {goods(lines, question)}",
                lines,
            )

    def bound(self, order: Order) -> OrderBounds:
        # Where neither node nor service is named, it bounds the whole plan, and the search keeps it.
        if self._shipments is None or self._nodes or self._services or not self._order.holds(order):
            return UNBOUNDED
        return OrderBounds(max_shipments=self._shipments)

    def review(self, order: Order, plan: OrderPlan, relaxed: Sequence[str]) -> Verdict:
        del relaxed
        if self._shipments is None or not self._order.holds(order):
            return Allow()
        ways = [shipment.candidate for shipment in plan.shipments]
        count = sum(
            (not self._nodes or way.node in self._nodes) and (not self._services or way.service in self._services)
            for way in ways
        )
        if count <= self._shipments:
            return Allow()
        return Refuse(f"{count} shipments{self._reach.at}{self._reach.by}, and at most {self._shipments} are lawful")


def compile_rule(given: Given, network: Network) -> Ruling:
    where = f"rule {given.rule.id} (limit):"
    if not (given.has("units") or given.has("shipments")):
        raise ValueError(f"{where} give units, shipments or both")
    if given.has("shipments"):
        if not given.rule.hard:
            raise ValueError(f"{where} shipments are counted on the finished plan; set hard to true, or leave them out")
        if any(given.has(parameter.name) for parameter in ITEM_WHEN):
            raise ValueError(f"{where} shipments are those of the order; leave out skus and categories, or give units")
    return Limit(given, network)
