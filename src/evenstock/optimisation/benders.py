"""The L-shaped method: what the second stage costs is learnt by supporting planes, within a region that is trusted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenstock.optimisation.program import Answer, Floats, Ints, Program
from evenstock.optimisation.session import Session
from evenstock.optimisation.two_stage import (
    Decision,
    Scenarios,
    TwoStage,
    extensive,
    first_stage,
    optimal,
    stage_columns,
)

_EVERYWHERE = 1e12
"""A trusted box as wide as this trusts everything."""
_SHORT = {"presolve": "off"}
"""A session starts where it ended; looking for smaller programs would throw that away."""


class SecondStage:
    """The second stage as it is asked again and again: what it costs at a first stage, and how that changes with it."""

    __slots__ = ("_problem", "_rows", "_session", "_slack", "_y")

    def __init__(self, problem: TwoStage) -> None:
        self._problem = problem
        self._session, self._rows, self._y = _session(problem, slack=False)
        self._slack: tuple[Session, Ints, Ints] | None = None

    def ask(self, x: Floats, scenario: int) -> tuple[bool, float, Floats]:
        """Whether `x` can be corrected; cost and gradient by `x`, or else what is missing and its gradient."""
        answer = self._solved(self._session, self._rows, self._y, x, scenario)
        if answer.found:
            return True, optimal(answer).objective, self._gradient(answer, scenario)
        if self._slack is None:
            self._slack = _session(self._problem, slack=True)
        missing = optimal(self._solved(*self._slack, x, scenario))
        return False, missing.objective, self._gradient(missing, scenario)

    def _solved(self, session: Session, rows: Ints, y: Ints, x: Floats, scenario: int) -> Answer:
        problem, told = self._problem, self._problem.scenarios
        lower, upper = problem.rows_in(scenario)
        at, value = problem.technology, problem.technology_in(scenario)
        taken = np.bincount(at.row, weights=value * x[at.column], minlength=len(lower))
        session.bound_rows(rows, lower - taken, upper - taken)
        if len(told.cost_column) and session is self._session:
            session.price_columns(y[told.cost_column], told.cost[scenario])
        if len(told.recourse_entry):
            entries = problem.second.entries
            places = told.recourse_entry
            session.set_entries(rows[entries.row[places]], y[entries.column[places]], told.recourse[scenario])
        return session.solve()

    def _gradient(self, answer: Answer, scenario: int) -> Floats:
        at, value = self._problem.technology, self._problem.technology_in(scenario)
        duals = answer.row_duals[self._rows]
        size = len(self._problem.first.cost)
        return -np.bincount(at.column, weights=value * duals[at.row], minlength=size).astype(np.float64)


def _session(problem: TwoStage, *, slack: bool) -> tuple[Session, Ints, Ints]:
    """The second stage without the first; with `slack` its cost is what its rows miss, and nothing else."""
    program, stage = Program(), problem.second
    rows = program.rows("second stage", len(stage.row_lower), lower=stage.row_lower, upper=stage.row_upper)
    y = stage_columns(program, stage, weight=0.0 if slack else 1.0)
    program.put(rows[stage.entries.row], y[stage.entries.column], stage.entries.value)
    if slack:
        for sign in (1.0, -1.0):
            program.put(rows, program.columns(rows.shape, cost=1.0), sign)
    return Session(program, options=_SHORT), rows, y


def cost_by_scenario(problem: TwoStage, x: Floats) -> Floats:
    """What `x` costs in each scenario, both stages, ``(S,)``; infinite where it cannot be corrected."""
    second = SecondStage(problem)
    now = float(problem.first.cost @ x)
    asked = (second.ask(x, s) for s in range(len(problem.scenarios)))
    return np.array([now + cost if can else np.inf for can, cost, _ in asked])


@dataclass(slots=True, eq=False)
class _Master:
    """First stage and the planes so far."""

    problem: TwoStage
    bundles: int
    session: Session
    x: Ints
    future: Ints
    """Cost of each bundle of scenarios."""

    @classmethod
    def of(cls, problem: TwoStage, bundles: int) -> _Master:
        program = Program()
        x = first_stage(program, problem)
        future = program.columns(bundles, cost=1.0, lower=-np.inf)
        return cls(problem, bundles, Session(program, options=_SHORT), x, future)

    def learn(self, second: SecondStage, x: Floats) -> float:
        """Ask every scenario at `x` and keep the planes; expected cost of `x`, infinite where it cannot be corrected."""
        size = len(x)
        cost, slope = np.zeros(self.bundles), np.zeros((self.bundles, size))
        possible = True
        for s, probability in enumerate(self.problem.scenarios.probability.tolist()):
            if probability == 0:
                continue
            can, value, gradient = second.ask(x, s)
            if not can:
                # value + gradient (x' - x) <= 0 is what every decision that can be corrected keeps.
                self.session.add_row(-np.inf, float(gradient @ x) - value, self.x, gradient)
                possible = False
            elif possible:
                cost[s % self.bundles] += probability * value
                slope[s % self.bundles] += probability * gradient
        if not possible:
            return float(np.inf)
        for b in range(self.bundles):
            columns = np.concatenate([self.future[b : b + 1], self.x])
            self.session.add_row(
                cost[b] - float(slope[b] @ x), np.inf, columns, np.concatenate([np.ones(1), -slope[b]])
            )
        return float(self.problem.first.cost @ x + cost.sum())

    def possible(self, centre: Floats) -> Floats:
        """A decision that keeps all planes of what can be corrected, of least cost today and not far from `centre`.

        Raises
        ------
        ValueError
            If there is none.
        """
        still = np.zeros(self.bundles)
        self.session.bound_columns(self.future, still, still)
        radius = max(1.0, float(np.abs(centre).max(initial=0.0)))
        found = self.best(centre, radius)
        while not found.found and radius < 1e12:
            radius *= 8
            found = self.best(centre, radius)
        self.session.bound_columns(self.future, still - np.inf, still + np.inf)
        return optimal(found).values[self.x]

    def best(self, centre: Floats | None, radius: float) -> Answer:
        """Of least cost by the planes, within the trusted box around `centre`."""
        first = self.problem.first
        lower, upper = first.lower, first.upper
        if centre is not None:
            lower, upper = np.maximum(lower, centre - radius), np.minimum(upper, centre + radius)
        self.session.bound_columns(self.x, lower, upper)
        return self.session.solve()


def l_shaped(
    problem: TwoStage,
    *,
    bundles: int = 20,
    tolerance: float = 1e-6,
    most_rounds: int = 500,
    start: Floats | None = None,
) -> Decision:
    """The best decision, scenario by scenario: memory does not grow with their number.

    Parameters
    ----------
    bundles
        Planes of a round: 1 is the single cut of Van Slyke and Wets, as many as scenarios the multicut.
    tolerance
        Share of the cost within which the decision counts as the best.
    most_rounds
        When to stop; the decision then carries the bound proven so far.
    start
        A first decision to ask; without, the best for the mean of all scenarios.

    Raises
    ------
    ValueError
        If no decision can be corrected in every scenario, or the cost has no end.

    References
    ----------
    Van Slyke and Wets (1969), SIAM Journal on Applied Mathematics 17(4); bundles of cuts and the trusted box: Linderoth
    and Wright (2003), Decomposition algorithms for stochastic programming on a computational grid, algorithm TR.
    """
    master = _Master.of(problem, min(bundles, len(problem.scenarios)))
    second = SecondStage(problem)
    centre = extensive(problem.with_scenarios(mean_scenario(problem.scenarios))).x if start is None else start
    best, rounds = master.learn(second, centre), 1
    while not np.isfinite(best) and rounds < most_rounds:
        centre = master.possible(centre)
        best, rounds = master.learn(second, centre), rounds + 1
    bound, radius, worse = -np.inf, max(1.0, float(np.abs(centre).max(initial=0.0))), 0
    while rounds < most_rounds:
        found = master.best(centre if radius < _EVERYWHERE else None, radius)
        x = optimal(found).values[master.x]
        at_the_edge = np.abs(x - centre).max() > 0.99 * radius
        if not at_the_edge:
            # What is best by the planes within the box is best everywhere, since they are convex.
            bound = max(bound, found.objective)
        predicted = best - found.objective
        if predicted <= tolerance * (1 + abs(best)):
            if not at_the_edge:
                break
            radius *= 8
            continue
        cost, rounds = master.learn(second, x), rounds + 1
        if cost < best:
            radius *= 2 if at_the_edge and cost <= best - 0.5 * predicted else 1
            centre, best, worse = x, cost, 0
            continue
        worse += 1
        miss = min((cost - best) / max(predicted, 1e-12), 4.0)
        if miss > 3 or (miss > 1 and worse >= 3):
            radius, worse = min(radius, float(np.abs(x - centre).max())) / miss, 0
    return Decision(centre, best, min(bound, best), rounds)


def mean_scenario(scenarios: Scenarios) -> Scenarios:
    """One scenario, the mean of all."""
    tables = {
        name: scenarios.probability[None, :] @ table if table.size else table
        for name, table in (
            ("right", scenarios.right),
            ("cost", scenarios.cost),
            ("technology", scenarios.technology),
            ("recourse", scenarios.recourse),
        )
    }
    return Scenarios(
        probability=np.ones(1),
        row=scenarios.row,
        cost_column=scenarios.cost_column,
        technology_entry=scenarios.technology_entry,
        recourse_entry=scenarios.recourse_entry,
        **tables,
    )
