"""A linear or whole-number program, built from arrays of columns and rows with names a planner knows.

Columns and rows are added in blocks and come back as their numbers, in the shape that was asked for; coefficients are
given as parallel arrays of row, column and value. Nothing is drawn at random and one thread works: the same program
gives the same answer, unless a time limit ends it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import highspy
import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Shape = int | tuple[int, ...]
NO_LIMIT: Final = float("inf")


class Status(StrEnum):
    OPTIMAL = "optimal"
    """Proven within the gap asked for."""
    STOPPED = "stopped"
    """A limit of time or nodes came first; values are the best found, if any."""
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What HiGHS found; `values` is empty where it found nothing."""

    status: Status
    values: Floats
    """By column."""
    objective: float
    """Of `values`; infinite without any."""
    bound: float
    """No solution costs less."""
    row_duals: Floats
    """Change of the optimum with one more unit of a row's right-hand side, by row; empty for whole-number programs."""
    reduced_costs: Floats
    """By column; empty for whole-number programs."""

    @property
    def found(self) -> bool:
        return len(self.values) > 0

    @property
    def gap(self) -> float:
        """Distance of the best found from the bound, as a share of the best found."""
        distance = self.objective - self.bound
        return 0.0 if distance <= 1e-9 else distance / max(abs(self.objective), 1e-9)


@dataclass(slots=True, eq=False)
class Program:
    """A program under construction: costs are minimised."""

    _cost: list[Floats] = field(default_factory=list)
    _lower: list[Floats] = field(default_factory=list)
    _upper: list[Floats] = field(default_factory=list)
    _whole: list[npt.NDArray[np.bool_]] = field(default_factory=list)
    _row_lower: list[Floats] = field(default_factory=list)
    _row_upper: list[Floats] = field(default_factory=list)
    _row: list[Ints] = field(default_factory=list)
    _column: list[Ints] = field(default_factory=list)
    _value: list[Floats] = field(default_factory=list)
    _names: list[tuple[str, int]] = field(default_factory=list)
    columns_count: int = 0
    rows_count: int = 0

    def columns(
        self,
        shape: Shape,
        *,
        cost: npt.ArrayLike = 0.0,
        lower: npt.ArrayLike = 0.0,
        upper: npt.ArrayLike = NO_LIMIT,
        whole: bool = False,
    ) -> Ints:
        """Numbers of new columns in this shape; cost and bounds are broadcast to it."""
        size = int(np.prod(shape, dtype=np.int64))
        for into, given in ((self._cost, cost), (self._lower, lower), (self._upper, upper)):
            into.append(np.broadcast_to(np.asarray(given, np.float64), shape).ravel())
        self._whole.append(np.full(size, whole))
        numbers = np.arange(self.columns_count, self.columns_count + size, dtype=np.int64).reshape(shape)
        self.columns_count += size
        return numbers

    def rows(
        self,
        name: str | Sequence[str],
        shape: Shape,
        *,
        lower: npt.ArrayLike = -NO_LIMIT,
        upper: npt.ArrayLike = NO_LIMIT,
    ) -> Ints:
        """Numbers of new, empty rows in this shape.

        `name` is what a planner calls the rule, such as "only what is there": one for all, or one for each row.
        """
        size = int(np.prod(shape, dtype=np.int64))
        for into, given in ((self._row_lower, lower), (self._row_upper, upper)):
            into.append(np.broadcast_to(np.asarray(given, np.float64), shape).ravel())
        if isinstance(name, str):
            self._names.append((name, size))
        elif len(name) == size:
            self._names.extend((each, 1) for each in name)
        else:
            raise ValueError(f"rows: {len(name)} names for {size} rows; one name for all, or one for each")
        numbers = np.arange(self.rows_count, self.rows_count + size, dtype=np.int64).reshape(shape)
        self.rows_count += size
        return numbers

    def put(self, row: npt.ArrayLike, column: npt.ArrayLike, value: npt.ArrayLike = 1.0) -> None:
        """Add coefficients; the three are broadcast together. The same place may be put once only."""
        rows, columns, values = np.broadcast_arrays(row, column, np.asarray(value, np.float64))
        kept = values.ravel() != 0
        self._row.append(rows.ravel()[kept].astype(np.int64))
        self._column.append(columns.ravel()[kept].astype(np.int64))
        self._value.append(values.ravel()[kept])

    def fixed(self, columns: npt.ArrayLike, value: npt.ArrayLike) -> Program:
        """The same program with these columns at this value."""
        at, values = np.broadcast_arrays(np.asarray(columns, np.int64), np.asarray(value, np.float64))
        other = self._copy()
        for name in ("_lower", "_upper"):
            bound = np.concatenate(getattr(self, name))
            bound[at] = values
            setattr(other, name, [bound])
        return other

    @property
    def costs(self) -> Floats:
        """By column."""
        return np.concatenate(self._cost) if self._cost else np.zeros(0)

    def _copy(self, *, cost: Floats | None = None) -> Program:
        other = Program()
        for name in self.__slots__:
            given = getattr(self, name)
            setattr(other, name, list(given) if isinstance(given, list) else given)
        if cost is not None:
            other._cost = [cost]
        return other

    def solve(
        self,
        *,
        start: npt.ArrayLike | None = None,
        relaxed: bool = False,
        gap: float = 1e-6,
        absolute_gap: float = 1e-6,
        time_limit_s: float | None = None,
        most_nodes: int | None = None,
        options: dict[str, Any] | None = None,
    ) -> Answer:
        """The least cost.

        Parameters
        ----------
        start
            Values by column to begin from, for whole-number programs.
        relaxed
            Leave out that columns are whole.
        gap, absolute_gap
            When a whole-number program counts as solved.
        time_limit_s, most_nodes
            When to stop; the best found so far is the answer. A time limit makes the answer depend on the machine.
        options
            Further options of HiGHS by name.
        """
        lp, whole = self._lp(relaxed)
        solver = highspy.Highs()  # type: ignore[no-untyped-call]
        settings: dict[str, Any] = {"output_flag": False, "threads": 1, "parallel": "off", "random_seed": 0}
        settings |= {"mip_rel_gap": gap, "mip_abs_gap": absolute_gap}
        if time_limit_s is not None:
            settings["time_limit"] = time_limit_s
        if most_nodes is not None:
            settings["mip_max_nodes"] = most_nodes
        for name, setting in (settings | (options or {})).items():
            solver.setOptionValue(name, setting)
        solver.passModel(lp)
        if start is not None and whole:
            known = highspy.HighsSolution()
            known.col_value = np.asarray(start, np.float64)
            solver.setSolution(known)
        solver.run()
        return answer_of(solver, whole)

    def binding(self) -> dict[str, float]:
        """Rules that cannot all hold: by name, how far they would have to give way in all, the fewest units together.

        Empty where the program is feasible. Every row may be broken at one a unit (an elastic program, Chinneck 2008,
        Feasibility and Infeasibility in Optimization, ch. 6); bounds of columns are kept.
        """
        return self._by_name(self._broken(np.arange(self.rows_count), relaxed=True))

    def conflict(self, rows: npt.ArrayLike, *, relaxed: bool = True) -> dict[str, float]:
        """Both sides of a quarrel: the fewest rules among `rows` that cannot hold together with all the others.

        By name, how far each would have to give way, the rest kept. Empty where the program is feasible, or where it is
        not and `rows` are not to blame. Where several quarrels exist, one is told.

        Parameters
        ----------
        rows
            Rules a planner can change; what physics asks is never broken.
        relaxed
            Whether columns may be parts of a whole; without, a program that only whole numbers make infeasible is told.

        References
        ----------
        Elastic filter, then deletion filter by name: Chinneck (2008), Feasibility and Infeasibility in Optimization,
        sections 6.3 and 6.1.
        """
        name_of = np.repeat(np.arange(len(self._names)), [size for _, size in self._names])
        may_break = np.asarray(rows, np.int64).ravel()
        blamed: dict[int, float] = {}
        kept = np.zeros(0, np.int64)
        while True:
            broken = self._broken(np.setdiff1d(may_break, kept), relaxed=relaxed)
            if not broken:
                break
            blamed |= broken
            kept = np.array(sorted(blamed), np.int64)
        if not blamed:
            return {}
        suspects = list(dict.fromkeys(int(n) for n in name_of[kept]))
        for name in list(suspects):
            others = kept[np.isin(name_of[kept], [n for n in suspects if n != name])]
            if self._elastic(np.setdiff1d(may_break, others), relaxed=relaxed) is None:
                suspects.remove(name)
        told = {row: amount for row, amount in blamed.items() if name_of[row] in suspects}
        return self._by_name(told)

    def _broken(self, rows: Ints, *, relaxed: bool) -> dict[int, float]:
        """How far each of `rows` gives way, the fewest units together; empty where none need or none can help."""
        found = self._elastic(rows, relaxed=relaxed)
        return {} if found is None else {int(r): float(a) for r, a in zip(rows, found, strict=True) if a > 1e-6}

    def _elastic(self, rows: Ints, *, relaxed: bool) -> Floats | None:
        """Units by which each of `rows` is broken, the fewest together; None where breaking them all does not help."""
        elastic = self._copy(cost=np.zeros(self.columns_count))
        more, less = (elastic.columns(len(rows), cost=1.0) for _ in range(2))
        elastic.put(rows, more, 1.0)
        elastic.put(rows, less, -1.0)
        found = elastic.solve(relaxed=relaxed)
        return found.values[more] + found.values[less] if found.found else None

    def _by_name(self, amounts: dict[int, float]) -> dict[str, float]:
        names = [name for name, size in self._names for _ in range(size)]
        given: dict[str, float] = {}
        for row, amount in amounts.items():
            given[names[row]] = given.get(names[row], 0.0) + amount
        return given

    def linear(self) -> highspy.HighsLp:
        """The program as HiGHS takes it, whole columns as continuous ones."""
        return self._lp(relaxed=True)[0]

    def _lp(self, relaxed: bool) -> tuple[highspy.HighsLp, bool]:
        def joined(parts: list[Any], kind: type) -> Any:
            return np.concatenate(parts) if parts else np.zeros(0, kind)

        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = self.columns_count, self.rows_count
        lp.col_cost_, lp.col_lower_ = joined(self._cost, float), joined(self._lower, float)
        lp.col_upper_ = joined(self._upper, float)
        lp.row_lower_, lp.row_upper_ = joined(self._row_lower, float), joined(self._row_upper, float)
        row, column, value = joined(self._row, int), joined(self._column, int), joined(self._value, float)
        order = np.lexsort((row, column))
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_ = np.searchsorted(column[order], np.arange(lp.num_col_ + 1)).astype(np.int32)
        lp.a_matrix_.index_, lp.a_matrix_.value_ = row[order].astype(np.int32), value[order]
        whole = joined(self._whole, bool)
        is_whole = bool(whole.any()) and not relaxed
        if is_whole:
            kinds = highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger
            lp.integrality_ = [kinds[int(w)] for w in whole]
        return lp, is_whole


def answer_of(solver: Any, whole: bool) -> Answer:
    """What a solver that has run holds."""
    none = np.zeros(0)
    status = solver.getModelStatus()
    kinds = highspy.HighsModelStatus
    if status in (kinds.kInfeasible, kinds.kUnboundedOrInfeasible):
        return Answer(Status.INFEASIBLE, none, np.inf, np.inf, none, none)
    if status == kinds.kUnbounded:
        return Answer(Status.UNBOUNDED, none, -np.inf, -np.inf, none, none)
    info, solution = solver.getInfo(), solver.getSolution()
    done = Status.OPTIMAL if status in (kinds.kOptimal, kinds.kModelEmpty) else Status.STOPPED
    feasible = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    values = np.asarray(solution.col_value, np.float64) if feasible or status == kinds.kModelEmpty else none
    objective = float(solver.getObjectiveValue()) if len(values) else np.inf
    if whole:
        return Answer(done, values, objective, float(info.mip_dual_bound), none, none)
    bound = objective if done is Status.OPTIMAL else -np.inf
    return Answer(done, values, objective, bound, np.asarray(solution.row_dual), np.asarray(solution.col_dual))
