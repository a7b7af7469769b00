r"""Two-stage linear programs: decide, see what happens, correct.

.. math:: \min_x \; c^\top x + \sum_s p_s \min_{y_s} \{ q_s^\top y_s : T_s x + W_s y_s \gtreqless h_s \}

over :math:`x` within its bounds and rows. Any of :math:`q, T, W, h` may differ by scenario; most problems differ in
:math:`h` alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from evenstock.optimisation.program import Answer, Floats, Ints, Program

NO_TABLE = np.zeros((0, 0))
NO_PLACES = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Entries:
    """Coefficients by place, three arrays of one length."""

    row: Ints
    column: Ints
    value: Floats

    @classmethod
    def of(cls, matrix: npt.ArrayLike) -> Entries:
        """Those of a dense matrix that are not zero."""
        dense = np.asarray(matrix, np.float64)
        row, column = np.nonzero(dense)
        return cls(row=row, column=column, value=dense[row, column])


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Stage:
    """Columns with cost and bounds, rows with bounds, and the coefficients between them."""

    cost: Floats
    """By column, as the next two."""
    lower: Floats
    upper: Floats
    row_lower: Floats
    """By row, as the next."""
    row_upper: Floats
    entries: Entries


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Scenarios:
    """What may happen, S scenarios; what is not told here is as in the second stage. Refuses nonsense when made."""

    probability: Floats
    """``(S,)``, together 1."""
    row: Ints = field(default_factory=lambda: NO_PLACES)
    """Second-stage rows whose right-hand side differs."""
    right: Floats = field(default_factory=lambda: NO_TABLE)
    """It, ``(S, rows)``: of an equation both ends, of an inequality its finite end."""
    cost_column: Ints = field(default_factory=lambda: NO_PLACES)
    """Second-stage columns whose cost differs."""
    cost: Floats = field(default_factory=lambda: NO_TABLE)
    """``(S, columns)``."""
    technology_entry: Ints = field(default_factory=lambda: NO_PLACES)
    """Entries of T that differ, by their number."""
    technology: Floats = field(default_factory=lambda: NO_TABLE)
    """``(S, entries)``."""
    recourse_entry: Ints = field(default_factory=lambda: NO_PLACES)
    """Entries of W that differ, by their number."""
    recourse: Floats = field(default_factory=lambda: NO_TABLE)
    """``(S, entries)``."""

    def __post_init__(self) -> None:
        count = len(self.probability)
        total = float(self.probability.sum())
        if count == 0 or (self.probability < 0).any() or not np.isclose(total, 1.0, rtol=0, atol=1e-9):
            raise ValueError(f"scenarios: {count} probabilities that add up to {total:.9g}; 1 is wanted, none below 0")
        for places, values in (
            ("row", "right"),
            ("cost_column", "cost"),
            ("technology_entry", "technology"),
            ("recourse_entry", "recourse"),
        ):
            wanted = (count, len(getattr(self, places)))
            if wanted[1] and getattr(self, values).shape != wanted:
                raise ValueError(f"scenarios.{values}: shape {getattr(self, values).shape}, but {wanted} is wanted")

    def __len__(self) -> int:
        return len(self.probability)

    def only(self, chosen: npt.ArrayLike) -> Scenarios:
        """These scenarios, equally likely: a sample."""
        at = np.asarray(chosen, np.int64)
        tables = {
            name: getattr(self, name)[at] if getattr(self, name).size else getattr(self, name)
            for name in ("right", "cost", "technology", "recourse")
        }
        return replace(self, probability=np.full(len(at), 1 / len(at)), **tables)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TwoStage:
    """A two-stage linear program."""

    first: Stage
    second: Stage
    """Its entries are W, its row bounds h."""
    technology: Entries
    """T: rows of the second stage, columns of the first."""
    scenarios: Scenarios

    def with_scenarios(self, scenarios: Scenarios) -> TwoStage:
        return replace(self, scenarios=scenarios)

    def rows_in(self, scenario: int) -> tuple[Floats, Floats]:
        """Row bounds of the second stage, lower and upper."""
        told = self.scenarios
        lower, upper = self.second.row_lower.copy(), self.second.row_upper.copy()
        if len(told.row):
            for bound in (lower, upper):
                bound[told.row] = np.where(np.isfinite(bound[told.row]), told.right[scenario], bound[told.row])
        return lower, upper

    def cost_in(self, scenario: int) -> Floats:
        """Costs of the second stage."""
        cost = self.second.cost.copy()
        if len(self.scenarios.cost_column):
            cost[self.scenarios.cost_column] = self.scenarios.cost[scenario]
        return cost

    def technology_in(self, scenario: int) -> Floats:
        """Values of T's entries."""
        value = self.technology.value.copy()
        if len(self.scenarios.technology_entry):
            value[self.scenarios.technology_entry] = self.scenarios.technology[scenario]
        return value

    def recourse_in(self, scenario: int) -> Floats:
        """Values of W's entries."""
        value = self.second.entries.value.copy()
        if len(self.scenarios.recourse_entry):
            value[self.scenarios.recourse_entry] = self.scenarios.recourse[scenario]
        return value


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """The first stage of least expected cost, as far as found."""

    x: Floats
    objective: float
    """Expected cost of `x` over the scenarios."""
    bound: float
    """No decision costs less."""
    rounds: int = 0
    """Times the second stage was asked."""


def stage_columns(program: Program, stage: Stage, *, weight: float = 1.0, cost: Floats | None = None) -> Ints:
    """Columns of a stage, their cost times `weight`."""
    cents = stage.cost if cost is None else cost
    return program.columns(len(stage.cost), cost=weight * cents, lower=stage.lower, upper=stage.upper)


def first_stage(program: Program, problem: TwoStage) -> Ints:
    """Columns and rows of the first stage; the columns' numbers."""
    stage = problem.first
    x = stage_columns(program, stage)
    rows = program.rows("first stage", len(stage.row_lower), lower=stage.row_lower, upper=stage.row_upper)
    program.put(rows[stage.entries.row], x[stage.entries.column], stage.entries.value)
    return x


def extensive(problem: TwoStage, *, time_limit_s: float | None = None) -> Decision:
    """All scenarios side by side in one program: exact, and as large as they are many.

    Raises
    ------
    ValueError
        If no decision can be corrected in every scenario, the cost has no end, or the time was over first.
    """
    program = Program()
    x = first_stage(program, problem)
    technology, recourse = problem.technology, problem.second.entries
    for s, probability in enumerate(problem.scenarios.probability.tolist()):
        if probability == 0:
            continue
        lower, upper = problem.rows_in(s)
        y = stage_columns(program, problem.second, weight=probability, cost=problem.cost_in(s))
        rows = program.rows("second stage", len(lower), lower=lower, upper=upper)
        program.put(rows[technology.row], x[technology.column], problem.technology_in(s))
        program.put(rows[recourse.row], y[recourse.column], problem.recourse_in(s))
    found = program.solve(time_limit_s=time_limit_s)
    return Decision(optimal(found).values[x], found.objective, found.bound)


def optimal(found: Answer) -> Answer:
    """The answer, if it is one.

    Raises
    ------
    ValueError
        If the program was not solved; the message says how it ended.
    """
    if not found.found or found.bound == -np.inf:
        raise ValueError(f"two-stage program: {found.status.value}; its least cost was not found")
    return found
