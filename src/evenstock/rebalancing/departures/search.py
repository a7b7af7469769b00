"""Searches departures: from what items want at some prices to whole pallets, one and two departures at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from evenstock.rebalancing.arrays import Bools, Ints
from evenstock.rebalancing.departures.load_kernel import MOST, NODE, ORIGIN, TINY, State, Tables, joint_cost
from evenstock.rebalancing.departures.night import Night, own_cents
from evenstock.rebalancing.departures.scarcity import Amounts
from evenstock.rebalancing.departures.search_kernel import insert, settle_all, trial
from evenstock.rebalancing.flow.flow import estimated, scaled, unsold
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.terms.trucks import cents_and_size


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """Cases on departures, and what they net by the tables."""

    cases: Ints
    """``(K, A)``."""
    net: int
    """In the tables' money."""


@dataclass(frozen=True, slots=True, eq=False)
class Yard:
    """The night's tables as the search reads them."""

    night: Night
    tables: Tables

    @classmethod
    def of(cls, night: Night) -> Yard:
        problem, values, lanes = night.problem, night.values, night.problem.lanes
        money, there = 1000 * problem.path_count, Amounts.there(problem)
        lane_at, lane_of = _lists(night.most > 0)
        item_at, item_of = _lists((night.most > 0).T)
        sinks, (truck, size) = values.sinks, cents_and_size(lanes)
        lead = np.minimum(lanes.lead_days, problem.days)
        costs = money * np.stack([lanes.fixed_cents, lanes.pallet_cents, truck])
        by_lane = [lanes.origin, sinks.of_lane, lanes.destination, lead, *costs, size, lanes.most_pallets]
        paid = scaled(problem, own_cents(problem, money_only=True))
        tables = Tables(
            gain_at=values.gain_at,
            gains=values.gains,
            loss_at=values.loss_at,
            losses=values.losses,
            unsold=unsold(problem, values),
            sink_node=sinks.node,
            sink_at=sinks.first,
            lane=np.column_stack([np.pad(np.stack(by_lane, axis=1), ((0, 1), (0, 0))), item_at]),
            own=np.stack([scaled(problem, night.own), paid], axis=2),
            item=np.stack([np.append(problem.case_units, 0), lane_at], axis=1),
            share=problem.pallet_share * problem.case_units,
            lane_of=lane_of,
            item_of=item_of,
            room=np.column_stack([there.out, there.arriving, there.stored]),
            budget=float(money * there.budget[0]),
        )
        return cls(night, tables)

    def empty(self) -> State:
        problem, sinks = self.night.problem, len(self.night.values.sinks)
        items, nodes, lanes = len(problem.skus), len(problem.nodes), len(problem.lanes)
        return State(
            flow=np.zeros((items, lanes), np.int64),
            given=np.zeros((items, nodes), np.int64),
            got=np.zeros((items, sinks), np.int64),
            load=np.zeros(lanes),
            cases=np.zeros(lanes, np.int64),
            cap=problem.lanes.most_pallets.copy(),
            used=np.zeros((nodes, 1 + 2 * problem.days)),
            value=np.zeros(3, np.int64),
            journal=np.zeros((100_000 + 4 * int(self.night.most.max(axis=1, initial=0).sum()), 3), np.int64),
        )

    def state(self, cases: Ints) -> State:
        """Cases put on departures, the lines that bring most for their room first, as far as everything allows."""
        problem = self.night.problem
        state = self.empty()
        moves = Moves.from_table(cases)
        worth = estimated(problem, self.night.values, cases)[moves.item, moves.lane]
        worth = worth - moves.units * problem.case_units[moves.item] * self.night.own[moves.item, moves.lane]
        density = worth / (moves.units * problem.case_units[moves.item] * problem.load[moves.item])
        order = np.argsort(-density, kind="stable")
        insert(self.tables, state, cases, moves.item[order], moves.lane[order])
        state.cap[:] = np.where(state.cases > 0, np.ceil(state.load - 1e-9), -1)
        return state

    def loaded(self, state: State) -> Loaded:
        return Loaded(state.flow.copy(), int(state.value[0]) - int(joint_cost(self.tables, state)))

    def searched(self, cases: Ints, *, rounds: int, more: Callable[[], bool], pairs: bool = True) -> Loaded:
        """The best found from here by changes of one and two departures."""
        state = self.state(cases)
        settle_all(self.tables, state, np.argsort(-self.tables.share, kind="stable"))
        for _ in range(rounds):
            if not more():
                break
            if _one_by_one(self.tables, state) == 0 and (not pairs or _in_pairs(self.tables, state) == 0):
                break
        return self.loaded(state)


def _one_by_one(tables: Tables, state: State) -> int:
    """Each departure a pallet less, not at all, or one or more pallets more; how many changes stood."""
    stood = 0
    for a in range(len(state.cap)):
        n = int(np.ceil(state.load[a] - TINY))
        used = state.cases[a] > 0
        targets = [n - 1, -1, n + 1] if n > 0 else [-1, 1] if used else [1, 2, 3]
        stood += any(trial(tables, state, a, m, -1, 0) for m in targets if m <= tables.lane[a, MOST])
    return stood


def _in_pairs(tables: Tables, state: State) -> int:
    """A pallet, or the whole load, of one departure to another that shares an end with it; how many changes stood."""
    stood, lane = 0, tables.lane[:-1]
    for a in range(len(state.cap)):
        related = (lane[:, ORIGIN] == lane[a, ORIGIN]) | (lane[:, NODE] == lane[a, NODE])
        related[a] = False
        for b in np.flatnonzero(related).tolist():
            if state.cases[a] == 0:
                break
            n, m = (int(np.ceil(state.load[c] - TINY)) for c in (a, b))
            targets = [(n - 1, m + 1)] if n > 0 else []
            targets += [(-1, m + max(n, 1))] if n != 1 else []
            stood += any(trial(tables, state, a, fewer, b, more) for fewer, more in targets if more <= lane[b, MOST])
    return stood


def _lists(table: Bools) -> tuple[Ints, Ints]:
    """Columns of each row that hold, one after another."""
    return np.concatenate([[0], np.cumsum(table.sum(axis=1))]).astype(np.int64), np.nonzero(table)[1].astype(np.int64)
