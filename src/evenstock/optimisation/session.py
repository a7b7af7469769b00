"""A linear program solved again and again as it changes, each time from where the last one ended."""

from __future__ import annotations

from typing import Any

import highspy
import numpy as np
import numpy.typing as npt

from evenstock.optimisation.program import Answer, Floats, Ints, Program, answer_of


class Session:
    """A loaded program: the simplex method goes on from the last basis, so a small change costs a few pivots only.

    Whole columns are not kept whole. Answers of equal cost may depend on what was asked before.
    """

    __slots__ = ("_solver", "columns_count", "rows_count")

    def __init__(self, program: Program, *, options: dict[str, Any] | None = None) -> None:
        solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        self._solver = solver
        settings: dict[str, Any] = {"output_flag": False, "threads": 1, "parallel": "off", "random_seed": 0}
        settings |= options or {}
        for name, setting in settings.items():
            self._solver.setOptionValue(name, setting)
        self._solver.passModel(program.linear())
        self.columns_count, self.rows_count = program.columns_count, program.rows_count

    def bound_rows(self, rows: Ints, lower: Floats, upper: Floats) -> None:
        """Other bounds for these rows."""
        self._solver.changeRowsBounds(len(rows), rows.astype(np.int32), lower, upper)

    def bound_columns(self, columns: Ints, lower: Floats, upper: Floats) -> None:
        """Other bounds for these columns."""
        self._solver.changeColsBounds(len(columns), columns.astype(np.int32), lower, upper)

    def price_columns(self, columns: Ints, cost: Floats) -> None:
        """Other costs for these columns."""
        self._solver.changeColsCost(len(columns), columns.astype(np.int32), cost)

    def set_entries(self, row: Ints, column: Ints, value: Floats) -> None:
        """Other coefficients at these places."""
        for r, c, v in zip(row.tolist(), column.tolist(), value.tolist(), strict=True):
            self._solver.changeCoeff(r, c, v)

    def add_row(self, lower: float, upper: float, columns: npt.ArrayLike, values: npt.ArrayLike) -> int:
        """Number of a new row with these coefficients."""
        index, value = np.asarray(columns, np.int32), np.asarray(values, np.float64)
        kept = value != 0
        start = np.zeros(1, np.int32)
        self._solver.addRows(1, np.array([lower]), np.array([upper]), int(kept.sum()), start, index[kept], value[kept])
        self.rows_count += 1
        return self.rows_count - 1

    def add_columns(self, cost: Floats, row: Ints, place: Ints, value: Floats) -> Ints:
        """Numbers of new columns, not below zero, with these costs.

        Parameters
        ----------
        row, place, value
            Their coefficients: the row, which of the new columns from 0, and how much; each place once only.
        """
        size, order = len(cost), np.lexsort((row, place))
        start = np.searchsorted(place[order], np.arange(size)).astype(np.int32)
        upper, index = np.full(size, np.inf), row[order].astype(np.int32)
        self._solver.addCols(size, cost, np.zeros(size), upper, len(order), start, index, value[order])
        self.columns_count += size
        return np.arange(self.columns_count - size, self.columns_count)

    def solve(self, *, time_limit_s: float | None = None) -> Answer:
        """The least cost of the program as it now stands."""
        if time_limit_s is not None:
            self._solver.setOptionValue("time_limit", self._solver.getRunTime() + time_limit_s)
        self._solver.run()
        return answer_of(self._solver, whole=False)
