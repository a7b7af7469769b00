"""Prices from the textbook linear program: expected orders as flows, its duals used and solved again as stock goes.

The deterministic program in flow form, after Jasin and Sinha (2015): units of each line of each kind from each centre,
parcels at least as many as the units of any one line, lost units at their price, stock. Between solutions only
right-hand sides change, so HiGHS starts from the last basis.
"""

from __future__ import annotations

from itertools import pairwise

import highspy
import numpy as np
from numpy.typing import NDArray

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
        self._stock_shape = kinds.instance.stock.shape
        self._solver = highspy.Highs()  # type: ignore[no-untyped-call]
        for option, value in (("output_flag", False), ("threads", 1), ("solver", "simplex")):
            self._solver.setOptionValue(option, value)
        self._solver.passModel(_program(kinds, self._kind_of_line))

    def prices(self, expected: NDArray[np.float64], stock: Whole) -> NDArray[np.float64]:
        """Millicents that one unit more is worth, by ``(centre, item)``, with these orders of each kind to come.

        Raises
        ------
        RuntimeError
            If HiGHS does not end at an optimum.
        """
        demand = expected[self._kind_of_line]
        free = np.full(self._solver.getNumRow() - demand.size - stock.size, -np.inf)
        lower = np.concatenate([demand, free, np.full(stock.size, -np.inf)])
        upper = np.concatenate([demand, np.zeros(free.size), stock.ravel().astype(np.float64)])
        rows = np.arange(lower.size, dtype=np.int32)
        self._solver.changeRowsBounds(rows.size, rows, lower, upper)  # type: ignore[attr-defined]
        self._solver.run()
        if self._solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            raise RuntimeError(f"HiGHS ended with {self._solver.getModelStatus()} on {rows.size} rows")
        dual = np.asarray(self._solver.getSolution().row_dual)[-stock.size :]
        price: NDArray[np.float64] = self._money * np.maximum(-dual, 0.0).reshape(self._stock_shape)
        return price


def flow_duals(kinds: Kinds, arrivals: Whole, *, solved: int = SOLVED) -> Outcome:
    """Each order at the duals of the flow program, solved `solved` times at equal distances."""
    ledger, program, rate = Ledger(kinds), FlowProgram(kinds), kinds.rate()
    starts = np.linspace(0, arrivals.size, solved + 1).astype(np.int64)
    for begin, end in pairwise(starts.tolist()):
        ledger.serve(arrivals[begin:end], program.prices(rate * (arrivals.size - begin), ledger.stock))
    return ledger.outcome()


def _program(kinds: Kinds, kind_of_line: Whole) -> highspy.HighsLp:
    """Columns: units by (line, centre), lost by line, parcels by (kind, centre). Rows: demand, parcels, stock."""
    item, centres, count = kinds.batch.item, kinds.unit.shape[0], len(kinds.batch)
    lines, items = item.size, kinds.instance.stock.shape[1]
    line, centre = (a.ravel() for a in np.indices((lines, centres)))
    unit = np.arange(lines * centres)
    lost = unit.size + np.arange(lines)
    parcel = unit.size + lines + kind_of_line[line] * centres + centre
    of_parcels = lines + unit
    of_stock = lines + unit.size + centre * items + item[line]
    rows = np.concatenate([line, np.arange(lines), of_parcels, of_parcels, of_stock])
    columns = np.concatenate([unit, lost, unit, parcel, unit])
    entries = np.concatenate([np.ones(unit.size + lines + unit.size), -np.ones(unit.size), np.ones(unit.size)])
    order = np.lexsort((rows, columns))

    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = unit.size + lines + count * centres, lines + unit.size + centres * items
    lp.col_cost_ = np.concatenate(
        [
            kinds.unit[centre, kinds.city[kind_of_line[line]]],
            np.full(lines, kinds.lost),
            np.full(count * centres, kinds.parcel),
        ]
    ) / float(kinds.parcel)
    lp.col_lower_, lp.col_upper_ = np.zeros(lp.num_col_), np.full(lp.num_col_, np.inf)
    lp.row_lower_ = np.concatenate([np.zeros(lines), np.full(lp.num_row_ - lines, -np.inf)])
    lp.row_upper_ = np.zeros(lp.num_row_)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.searchsorted(columns[order], np.arange(lp.num_col_ + 1)).astype(np.int32)
    lp.a_matrix_.index_ = rows[order].astype(np.int32)
    lp.a_matrix_.value_ = entries[order]
    return lp
