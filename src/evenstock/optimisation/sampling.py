"""Where scenarios are too many to count: samples stand for them, and intervals say how well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from evenstock.optimisation.benders import cost_by_scenario, l_shaped
from evenstock.optimisation.program import Floats
from evenstock.optimisation.two_stage import Scenarios, TwoStage

Draw = Callable[[np.random.Generator, int], Scenarios]
"""So many scenarios, equally likely; draws of one generator are independent of one another."""


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """A decision and what is known of it and of the best there is; half-widths are of two-sided t intervals."""

    x: Floats
    """The decision recommended."""
    lower: float
    """Mean optimum of the samples: in expectation below the true optimum."""
    lower_half: float
    upper: float
    """Mean cost of `x` on fresh samples: in expectation above the true optimum."""
    upper_half: float
    rounds: int
    """Of the L-shaped method, all samples together."""

    def covers(self, value: float) -> bool:
        """Whether a value may be the optimum by these intervals."""
        return self.lower - self.lower_half <= value <= self.upper + self.upper_half


def sampled(
    problem: TwoStage,
    draw: Draw,
    rng: np.random.Generator,
    *,
    size: int,
    batches: int,
    fresh: int,
    confidence: float = 0.95,
    tolerance: float = 1e-5,
    bundles: int = 20,
) -> Estimate:
    """Solve samples, recommend the decision that does best on one further sample, and judge it on fresh ones.

    Parameters
    ----------
    problem
        Its own scenarios are not looked at.
    size, batches
        Scenarios of a sample and samples solved, at least 2.
    fresh
        Scenarios in each of `batches` samples that judge the decision.

    References
    ----------
    Mak, Morton and Wood (1999), Monte Carlo bounding techniques for determining solution quality in stochastic programs,
    Operations Research Letters 24, sections 2 and 3. Draws may be stratified within a sample (Latin hypercube), since
    only whole samples need be independent.
    """
    if batches < 2:
        raise ValueError(f"sampled: {batches} samples have no spread; at least 2 are wanted")
    start: Floats | None = None
    optima: list[float] = []
    decisions: list[Floats] = []
    rounds = 0
    for _ in range(batches):
        found = l_shaped(problem.with_scenarios(draw(rng, size)), bundles=bundles, tolerance=tolerance, start=start)
        optima.append(found.bound)
        decisions.append(found.x)
        rounds += found.rounds
        start = found.x
    x = decisions[0]
    if len(decisions) > 1:
        screen = problem.with_scenarios(draw(rng, size))
        x = min(decisions, key=lambda decision: float(cost_by_scenario(screen, decision).mean()))
    costs = [float(cost_by_scenario(problem.with_scenarios(draw(rng, fresh)), x).mean()) for _ in range(batches)]
    lower, lower_half = _interval(np.array(optima), confidence)
    upper, upper_half = _interval(np.array(costs), confidence)
    return Estimate(x, lower, lower_half, upper, upper_half, rounds)


def _interval(values: Floats, confidence: float) -> tuple[float, float]:
    """Mean and half-width of Student's interval."""
    count = len(values)
    spread = float(values.std(ddof=1)) / np.sqrt(count)
    return float(values.mean()), float(stdtrit(count - 1, (1 + confidence) / 2)) * spread
