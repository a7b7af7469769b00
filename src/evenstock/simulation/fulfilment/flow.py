"""Prices from the textbook linear program: expected orders as flows, its duals used and solved again as stock goes.

The deterministic program in flow form, after Jasin and Sinha (2015): units of each line of each kind from each centre,
parcels at least as many as the units of any one line, lost units at their price, stock. Between solutions only
right-hand sides change, so HiGHS starts from the last basis.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from evenstock.optimisation import Program, Session, Status
from evenstock.routing.priced import Whole
from evenstock.simulation.fulfilment.kinds import Kinds
from evenstock.simulation.fulfilment.world import Ledger, Outcome

SOLVED: int = 12
"""Times in a horizon."""


class FlowProgram:
    """The program of an instance, for any expected orders and stock left."""

    def __init__(self, kinds: Kinds) -> None:
        self._kind_of_line = np.repeat(np.arange(len(kinds.batch)), np.diff(kinds.batch.first_line))
        self._money = float(kinds.parcel)
        program, self._demand, self._stock = _program(kinds, self._kind_of_line)
        self._session = Session(program, options={"solver": "simplex"})

    def prices(self, expected: NDArray[np.float64], stock: Whole) -> NDArray[np.float64]:
        """Millicents that one unit more is worth, by ``(centre, item)``, with these orders of each kind to come.

        Raises
        ------
        RuntimeError
            If HiGHS does not end at an optimum.
        """
        demand = expected[self._kind_of_line]
        self._session.bound_rows(self._demand, demand, demand)
        left = stock.ravel().astype(np.float64)
        self._session.bound_rows(self._stock.ravel(), np.full(left.size, -np.inf), left)
        found = self._session.solve()
        if found.status is not Status.OPTIMAL:
            raise RuntimeError(f"HiGHS ended {found.status.value} on {self._session.rows_count} rows")
        price: NDArray[np.float64] = self._money * np.maximum(-found.row_duals[self._stock], 0.0)
        return price


def flow_duals(kinds: Kinds, arrivals: Whole, *, solved: int = SOLVED) -> Outcome:
    """Each order at the duals of the flow program, solved `solved` times at equal distances."""
    ledger, program, rate = Ledger(kinds), FlowProgram(kinds), kinds.rate()
    starts = np.linspace(0, arrivals.size, solved + 1).astype(np.int64)
    for begin, end in pairwise(starts.tolist()):
        ledger.serve(arrivals[begin:end], program.prices(rate * (arrivals.size - begin), ledger.stock))
    return ledger.outcome()


def _program(kinds: Kinds, kind_of_line: Whole) -> tuple[Program, Whole, Whole]:
    """The program and its rows that change: demand by line, stock by ``(centre, item)``."""
    program, item, money = Program(), kinds.batch.item, float(kinds.parcel)
    lines, centres, city = item.size, kinds.unit.shape[0], kinds.city[kind_of_line]
    unit = program.columns((lines, centres), cost=kinds.unit[:, city].T / money)
    lost = program.columns(lines, cost=kinds.lost / money)
    parcel = program.columns((len(kinds.batch), centres), cost=kinds.parcel / money)
    demand = program.rows("every unit is sent or lost", lines, lower=0, upper=0)
    program.put(demand[:, None], unit)
    program.put(demand, lost)
    parcels = program.rows("a parcel for the units of any line", (lines, centres), upper=0)
    program.put(parcels, unit)
    program.put(parcels, parcel[kind_of_line], -1)
    stock = program.rows("only what is there", kinds.instance.stock.shape, upper=0)
    program.put(stock[:, item].T, unit)
    return program, demand, stock
