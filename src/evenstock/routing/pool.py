"""Which of its plans each of many orders gets, decided together where stock and places in a day are short.

One order after the other, an early one takes the last place of a node that a later one had no other node than. Together,
the most orders are served that can be; among those choices the fewest give up a wish; among those the cents are least.
An order is left out only where every choice leaves out as many.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenstock.routing.pool_program import MOST_NODES, Program, Solved, solve
from evenstock.routing.priced import Whole

LEFT_OUT: Final = -1
TIERS: Final = 3
"""Orders served, wishes given up, cents."""

Real = NDArray[np.float64]
Truth = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Plans of many orders, end to end, and what each takes of what there is only so much of.

    Raises
    ------
    ValueError
        If arrays do not agree in length, or a plan takes less than nothing.
    """

    first: Whole
    """Where each order's plans begin, shape ``(order + 1,)``."""
    cents: Whole
    """Shape ``(plan,)``."""
    gives_up: Whole
    """Wishes that a plan gives up beyond what its order must give up anyway, shape ``(plan,)``."""
    first_taking: Whole
    """Where what each plan takes begins, shape ``(plan + 1,)``."""
    supply: Whole
    """What is taken, shape ``(taking,)``; no plan names a supply twice."""
    amount: Whole
    """How much of it, above zero, shape ``(taking,)``."""
    credit: Whole | None = None
    """Cents that serving an order counts for among choices that serve as many, shape ``(order,)``; None for nothing.

    What an order costs at least anyway, sooner or later: then none is left out for being dear, only for what room costs."""

    def __post_init__(self) -> None:
        plans, takings = len(self.cents), len(self.supply)
        if int(self.first[-1]) != plans or len(self.gives_up) != plans or len(self.first_taking) != plans + 1:
            raise ValueError(f"{plans} plans need as many wishes and one more beginning")
        if int(self.first_taking[-1]) != takings or len(self.amount) != takings:
            raise ValueError(f"{takings} takings need as many amounts")
        if self.credit is not None and len(self.credit) != len(self.first) - 1:
            raise ValueError(f"{len(self.credit)} credits for {len(self.first) - 1} orders")
        if takings and self.amount.min() < 1:
            raise ValueError("a plan takes at least one of what it takes")

    def __len__(self) -> int:
        return len(self.first) - 1

    @property
    def order(self) -> Whole:
        """Of each plan, shape ``(plan,)``."""
        return np.repeat(np.arange(len(self)), np.diff(self.first))

    @property
    def plan(self) -> Whole:
        """Of each taking, shape ``(taking,)``."""
        return np.repeat(np.arange(len(self.cents)), np.diff(self.first_taking))

    @property
    def counted(self) -> Whole:
        """Cents less the order's credit, shape ``(plan,)``."""
        return self.cents if self.credit is None else self.cents - self.credit[self.order]

    def takings(self, plan: int) -> list[tuple[int, int]]:
        """Supply and amount of all that a plan takes."""
        own = slice(int(self.first_taking[plan]), int(self.first_taking[plan + 1]))
        return list(zip(self.supply[own].tolist(), self.amount[own].tolist(), strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class Pooled:
    """One plan for each order, or none, and what proves it."""

    plan: Whole
    """Numbered within the order, `LEFT_OUT` for none, shape ``(order,)``."""
    served: int
    most_served: int
    """No choice of these plans serves more."""
    gave_up: int
    cents: int
    least_cents: int
    """No choice that serves as many, and gives up as little, costs less; with credits, less beyond those of its orders."""
    proven: bool
    """Whether served is the most, wishes given up the fewest and cents the least."""
    left: Whole
    """What is left of each supply, shape ``(supply,)``."""
    price: Real
    """Of one more of each supply in the unit of each tier, shape ``(tier, supply)``, zero or more."""
    before: Real
    """By tier and order, what each tier before it is worth, shape ``(tier, tier, order)``."""

    @property
    def worth(self) -> Real:
        """Cents that these orders would save by one more of each supply, shape ``(supply,)``."""
        return np.asarray(self.price[TIERS - 1])

    def binding(self, columns: Columns, order: int) -> list[int]:
        """Supplies of which too little is left for any plan of an order that is left out, the first of each plan."""
        short: dict[int, None] = {}
        for plan in range(int(columns.first[order]), int(columns.first[order + 1])):
            lacking = [supply for supply, amount in columns.takings(plan) if amount > self.left[supply]]
            short.update(dict.fromkeys(lacking[:1]))
        return list(short)


def pool(columns: Columns, left: Whole, most_nodes: int = MOST_NODES) -> Pooled:
    """Choose a plan for every order, or none, within what is left of each supply.

    Orders that share nothing short are decided apart. The same columns give the same choice.

    Parameters
    ----------
    left : units and places that may be taken, zero or more, shape ``(supply,)``.
    most_nodes : of each search, where a relaxation is not whole.
    """
    if len(left) <= columns.supply.max(initial=-1) or left.min(initial=0) < 0:
        raise ValueError(f"{len(left)} supplies of zero or more do not cover all that plans take")
    plan_of, order_of = columns.plan, columns.order
    able = np.ones(len(columns.cents), np.bool_)
    able[plan_of[columns.amount > left[columns.supply]]] = False
    short = _short(columns, left, able)
    price, before = np.zeros((TIERS, len(left))), np.zeros((TIERS, TIERS, len(columns)))
    chosen = np.zeros(len(columns.cents), np.bool_)
    value, bound = np.zeros(TIERS, object), np.zeros(TIERS, object)
    for members in _groups(columns, _undominated(columns, able, short), short):
        if order_of[members[0]] == order_of[members[-1]]:
            found = _alone(columns, members)
        else:
            found, supplies = _together(columns, members, short, left, most_nodes)
            for tier, own in enumerate(found.prices):
                price[tier, supplies] = own.supply
                before[tier, :tier, order_of[members]] = own.tier
        chosen[members] = found.chosen
        value += np.array(found.value, object)
        bound += np.array(found.bound, object)
    cents = int(columns.cents[chosen].sum())
    plan = np.full(len(columns), LEFT_OUT, np.int64)
    plan[order_of[chosen]] = np.flatnonzero(chosen) - columns.first[order_of[chosen]]
    used = np.zeros(len(left), np.int64)
    held = chosen[plan_of]
    np.add.at(used, columns.supply[held], columns.amount[held])
    return Pooled(
        plan,
        -int(value[0]),
        -int(bound[0]),
        int(value[1]),
        cents,
        int(bound[2]) + cents - int(value[2]),
        bool((value == bound).all()),
        left - used,
        price,
        before,
    )


def _short(columns: Columns, left: Whole, able: Truth) -> Truth:
    """Supplies that orders could want more of than there is, shape ``(supply,)``; the others bind nobody."""
    there = able[columns.plan]
    order, supply = columns.order[columns.plan[there]], columns.supply[there]
    most: dict[tuple[int, int], int] = {}
    for key_order, key_supply, amount in zip(
        order.tolist(), supply.tolist(), columns.amount[there].tolist(), strict=True
    ):
        key = (key_order, key_supply)
        most[key] = max(most.get(key, 0), amount)
    wanted = np.zeros(len(left), np.int64)
    for (_, of_supply), amount in most.items():
        wanted[of_supply] += amount
    return wanted > left


def _undominated(columns: Columns, able: Truth, short: Truth) -> list[int]:
    """Plans for which no other of their order takes no more of what is short and costs no more; ties to the first."""
    kept: list[int] = []
    for order in range(len(columns)):
        by_taking: dict[tuple[tuple[int, int], ...], int] = {}
        begin, end = int(columns.first[order]), int(columns.first[order + 1])
        own = [plan for plan in range(begin, end) if able[plan]]
        for plan in sorted(own, key=lambda p: (columns.gives_up[p], columns.cents[p], p)):
            by_taking.setdefault(tuple((s, n) for s, n in columns.takings(plan) if short[s]), plan)
            if () in by_taking:
                break  # takes nothing that is short: whatever costs more is not needed
        kept += sorted(by_taking.values())
    return kept


def _groups(columns: Columns, kept: list[int], short: Truth) -> list[Whole]:
    """The plans kept, apart by orders that share something short directly or through others; by their first order."""
    order_of = columns.order
    root = list(range(len(columns)))

    def find(order: int) -> int:
        while root[order] != order:
            root[order] = root[root[order]]
            order = root[order]
        return order

    first_taker: dict[int, int] = {}
    for plan in kept:
        for supply, _ in columns.takings(plan):
            if short[supply]:
                one, other = find(int(order_of[plan])), find(first_taker.setdefault(supply, int(order_of[plan])))
                root[max(one, other)] = min(one, other)
    members: dict[int, list[int]] = {}
    for plan in kept:
        members.setdefault(find(int(order_of[plan])), []).append(plan)
    return [np.array(plans, np.int64) for plans in members.values()]


def _alone(columns: Columns, members: Whole) -> Solved:
    """The best plan of one order that nobody competes with."""
    best = min(range(len(members)), key=lambda k: (columns.gives_up[members[k]], columns.cents[members[k]], k))
    chosen = np.zeros(len(members), np.bool_)
    chosen[best] = True
    value = (-1, int(columns.gives_up[members[best]]), int(columns.counted[members[best]]))
    return Solved(chosen, value, value, ())


def _together(columns: Columns, members: Whole, short: Truth, left: Whole, most_nodes: int) -> tuple[Solved, Whole]:
    """The choice among orders that compete, and the supplies they compete for."""
    takings = [(k, s, n) for k, plan in enumerate(members.tolist()) for s, n in columns.takings(plan) if short[s]]
    column, supply, amount = np.array(takings, np.int64).T
    supplies, number = np.unique(supply, return_inverse=True)
    _, order = np.unique(columns.order[members], return_inverse=True)
    tiers = np.stack([np.full(len(members), -1), columns.gives_up[members], columns.counted[members]])
    return solve(Program(order, tiers, column, number, amount, left[supplies]), most_nodes), supplies
