"""Tries a policy on made-up orders: every way there is to ship them, on a day on which nothing is late or full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from evenstock.domain import Candidate, Item, Order, ServiceId
from evenstock.policy.compiled import CompiledPolicy, Part, has_a_say
from evenstock.policy.conditions import ItemWhen
from evenstock.policy.lint.scope import Scope, scope_of, told
from evenstock.policy.permit import blocks
from evenstock.policy.ruling import NO_CEILING, CandidateFacts, Question


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One made-up order, and what each rule in force then bars of it."""

    order: Order
    item: Item
    barred: dict[int, NDArray[np.bool_]]
    """By place of the rule, shape ``(candidate,)``; rules that bar nothing are left out."""
    question: Question

    @property
    def told(self) -> str:
        return told(self.order, self.item)

    def dead(self, places: Sequence[int]) -> bool:
        """Whether these rules together leave no way."""
        left = np.ones(len(self.question.candidates), dtype=np.bool_)
        for place in places:
            if place in self.barred:
                left &= ~self.barred[place]
        return not left.any()


class Trial:
    """A compiled policy with everything that trying it needs, once."""

    def __init__(self, compiled: CompiledPolicy, on: date) -> None:
        self.compiled, self.on = compiled, on
        self.parts = compiled.parts
        self.network = compiled.network
        self.scopes = {
            part.place: scope_of(part.rule, part.given, on, self.network.items)
            for part in self.parts
            if part.rule.valid_to >= on
        }
        """Scope of every rule that is not over."""

    @cached_property
    def ways(self) -> tuple[tuple[int, str], ...]:
        """Position of the node and service of every way to ship."""
        named = {service for part in self.parts for service in part.given.names("services")}
        nodes = self.network.nodes
        known = self.network.services or frozenset({*named, *(s for node in nodes for s in node.services)}) or {"any"}
        return tuple((k, s) for k, node in enumerate(nodes) for s in sorted(known) if node.ships_by(s))

    @cached_property
    def kinds_of_items(self) -> tuple[tuple[Item, ...], ...]:
        """Items that no rule can tell apart, together."""
        whens = [ItemWhen(part.given) for part in self.parts if part.given.has("skus") or part.given.has("categories")]
        sizes = [part.given for part in self.parts if part.rule.kind == "oversize"]
        groups: dict[tuple[object, ...], list[Item]] = {}
        for sku in sorted(self.network.items):
            item = self.network.items[sku]
            longest = max(item.length_mm, item.width_mm, item.height_mm)
            key = (
                item.requires,
                item.max_transit_days,
                tuple(when.holds(item) for when in whens),
                tuple((longest > size.whole("longest_mm"), item.weight_g > size.whole("weight_g")) for size in sizes),
            )
            groups.setdefault(key, []).append(item)
        return tuple(map(tuple, groups.values()))

    def says(self, part: Part, answer: str) -> bool:
        return has_a_say(part.ruling, answer)

    def cases(self, scope: Scope) -> Iterator[Case]:
        """An order of the scope for every kind of item in it."""
        day = max(self.on, scope.first)
        for group in self.kinds_of_items:
            chosen = next((item for item in group if scope.skus is None or item.sku in scope.skus), None)
            order = scope.example(chosen, self.on) if chosen is not None else None
            if chosen is not None and order is not None:
                yield self._case(order, chosen, day)

    def in_force(self, day: date) -> list[Part]:
        return [part for part in self.parts if part.rule.in_force(day)]

    def _case(self, order: Order, item: Item, day: date) -> Case:
        question = self._question(order, item, day)
        rulings = [(part.place, part.rule, part.ruling) for part in self.in_force(day)]
        barred: dict[int, NDArray[np.bool_]] = {}
        for place, _, block in blocks(rulings, question):
            out = np.asarray(block.all(axis=1))
            if out.any():
                barred[place] = out
        return Case(order, item, barred, question)

    def _question(self, order: Order, item: Item, day: date) -> Question:
        nodes, count = self.network.nodes, len(self.ways)
        facts = CandidateFacts(
            day,
            np.full(count, np.nan),
            np.full(count, NO_CEILING, dtype=np.int64),
            np.zeros(count, dtype=np.int64),
        )
        return Question(
            order,
            [item] * len(order.lines),
            [Candidate(nodes[k].id, ServiceId(service), day) for k, service in self.ways],
            facts,
            nodes,
            np.array([k for k, _ in self.ways], dtype=np.int64),
        )
