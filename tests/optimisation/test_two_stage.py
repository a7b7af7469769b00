"""Two-stage programs: small ones by hand, random ones two ways, and the published ones where they are at hand."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks import smps
from benchmarks.harness import shared_data
from hypothesis import given, settings
from hypothesis import strategies as st

from evenstock.optimisation.benders import cost_by_scenario, l_shaped
from evenstock.optimisation.sampling import sampled
from evenstock.optimisation.two_stage import Entries, Scenarios, Stage, TwoStage, extensive

ENDLESS = np.inf


def stage(cost, rows, lower, upper, *, most=ENDLESS):
    """Columns of at least 0; rows as a matrix between these bounds."""
    count = len(cost)
    return Stage(
        cost=np.array(cost, float),
        lower=np.zeros(count),
        upper=np.full(count, most, float),
        row_lower=np.array(lower, float),
        row_upper=np.array(upper, float),
        entries=Entries.of(np.array(rows, float).reshape(len(lower), count)),
    )


def newsvendor(demand, *, buy=3.0, lost=10.0, salvage=1.0, most=ENDLESS):
    """Buy x; then sell y1 of it, take back y2 at salvage, lose y3 of the demand."""
    return TwoStage(
        first=stage([buy], [], [], [], most=most),
        # y1 + y2 = x; y1 + y3 = demand
        second=stage([0.0, -salvage, lost], [[1, 1, 0], [1, 0, 1]], [0, 0], [0, 0]),
        technology=Entries.of([[-1.0], [0.0]]),
        scenarios=Scenarios(
            probability=np.full(len(demand), 1 / len(demand)),
            row=np.array([1]),
            right=np.array(demand, float)[:, None],
        ),
    )


def test_a_newsvendor_buys_the_critical_quantile():
    # (10 - 3) / (10 - 1) = 0.78: four of the five demands are covered.
    # Cost: 3 × 4 bought, salvage 3 + 2 + 1 + 0 over five, one unit lost in the last: 12 - 6/5 + 10/5 = 12.8.
    problem = newsvendor([1, 2, 3, 4, 5])
    assert extensive(problem).x.tolist() == pytest.approx([4])
    assert extensive(problem).objective == pytest.approx(12.8)
    for bundles in (1, 2, 5):
        found = l_shaped(problem, bundles=bundles)
        assert (found.x.tolist(), found.objective) == (pytest.approx([4]), pytest.approx(12.8))
        assert found.bound == pytest.approx(12.8)
    assert cost_by_scenario(problem, np.array([4.0])).tolist() == pytest.approx([9, 10, 11, 12, 22])


def test_a_decision_that_cannot_be_corrected_is_cut_off():
    # The second stage may not lose anything: x must reach the largest demand, 5, though the mean is 3.
    problem = newsvendor([1, 2, 3, 4, 5])
    closed = Stage(
        cost=problem.second.cost,
        lower=problem.second.lower,
        upper=np.array([ENDLESS, ENDLESS, 0.0]),
        row_lower=problem.second.row_lower,
        row_upper=problem.second.row_upper,
        entries=problem.second.entries,
    )
    strict = TwoStage(first=problem.first, second=closed, technology=problem.technology, scenarios=problem.scenarios)
    assert l_shaped(strict).objective == pytest.approx(extensive(strict).objective)
    assert l_shaped(strict).x.tolist() == pytest.approx([5])
    assert cost_by_scenario(strict, np.array([4.0]))[-1] == np.inf
    few = TwoStage(
        first=stage([3.0], [], [], [], most=4), second=closed, technology=strict.technology, scenarios=strict.scenarios
    )
    with pytest.raises(ValueError, match="infeasible"):
        extensive(few)
    with pytest.raises(ValueError, match="infeasible"):
        l_shaped(few)


def random_problem(seed, *, everything):
    """Complete recourse, since what is missing can be bought; `everything` also draws q, T and W by scenario."""
    rng = np.random.default_rng(seed)
    n, m, rows, count = 3, 4, 3, 6
    work = np.hstack([rng.uniform(0.2, 2, (rows, m)), np.eye(rows)])
    second = stage(
        np.concatenate([rng.uniform(1, 4, m), np.full(rows, 20.0)]),
        work,
        rng.uniform(1, 9, rows),
        np.full(rows, ENDLESS),
    )
    technology = Entries.of(rng.uniform(0.1, 1, (rows, n)))
    told = {"row": np.arange(rows), "right": rng.uniform(0, 12, (count, rows))}
    if everything:
        places = np.arange(2)
        told |= {"cost_column": places, "cost": rng.uniform(1, 5, (count, 2))}
        told |= {"technology_entry": places, "technology": rng.uniform(0, 1, (count, 2))}
        told |= {"recourse_entry": places, "recourse": rng.uniform(0.2, 2, (count, 2))}
    weight = rng.uniform(0.1, 1, count)
    return TwoStage(
        first=stage(rng.uniform(0.5, 3, n), [np.ones(n)], [0], [rng.uniform(5, 15)]),
        second=second,
        technology=technology,
        scenarios=Scenarios(probability=weight / weight.sum(), **told),
    )


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.booleans(), st.sampled_from([1, 3, 6]))
def test_planes_find_what_all_scenarios_side_by_side_find(seed, everything, bundles):
    problem = random_problem(seed, everything=everything)
    exact, found = extensive(problem), l_shaped(problem, bundles=bundles, tolerance=1e-8)
    assert found.objective == pytest.approx(exact.objective, rel=1e-6)
    assert found.bound == pytest.approx(exact.objective, rel=1e-6)
    assert cost_by_scenario(problem, found.x) @ problem.scenarios.probability == pytest.approx(
        found.objective, rel=1e-6
    )


def test_intervals_of_samples_cover_the_optimum():
    everything = newsvendor(np.arange(1, 101))
    best = extensive(everything).objective

    def draw(rng, size):
        return everything.scenarios.only(rng.integers(0, 100, size))

    found = sampled(everything, draw, np.random.default_rng(5), size=60, batches=8, fresh=400)
    assert found.covers(best)
    assert not found.covers(0.8 * best)
    assert found.lower < found.upper
    again = sampled(everything, draw, np.random.default_rng(5), size=60, batches=8, fresh=400)
    assert (again.x.tolist(), again.upper) == (found.x.tolist(), found.upper)
    with pytest.raises(ValueError, match="at least 2"):
        sampled(everything, draw, np.random.default_rng(5), size=9, batches=1, fresh=9)


def test_scenarios_that_do_not_add_up_are_refused():
    with pytest.raises(ValueError, match=r"add up to 0\.99"):
        Scenarios(probability=np.full(99, 0.01))
    with pytest.raises(ValueError, match=r"scenarios\.right: shape \(1, 2\), but \(2, 2\)"):
        Scenarios(probability=np.full(2, 0.5), row=np.arange(2), right=np.zeros((1, 2)))


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "count", "optimum"),
    [
        # pgp2: Higle and Sen (1996), Stochastic Decomposition; the others agree two ways here.
        ("pgp2", 576, 447.324),
        ("lands2", 64, 227.60375),
        ("baa99", 625, -238.7783),
    ],
)
def test_small_problems_of_the_literature_are_solved_two_ways(name, count, optimum):
    folder = shared_data("stochastic_lp")
    if folder is None:
        pytest.skip("the real data set 'stochastic_lp' is not here")
    problem = smps.read(folder / name)
    assert problem.scenario_count == count
    every = problem.all_scenarios()
    assert extensive(every).objective == pytest.approx(optimum, rel=2e-6)
    assert l_shaped(every, bundles=100, tolerance=1e-7).objective == pytest.approx(optimum, rel=2e-6)


def test_a_block_and_a_cost_that_vary_together_are_read(tmp_path):
    # One unit is wanted; buy x now at 3, or y later at 2 or 8; what is wanted varies with the price.
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "tiny.cor").write_text(
        "NAME tiny\nROWS\n N obj\n L c1\n G d1\nCOLUMNS\n x obj 3 c1 1\n x d1 1\n y obj 2 d1 1\n"
        "RHS\n rhs c1 9 d1 1\nBOUNDS\n UP b y 50\nENDATA\n"
    )
    (folder / "tiny.tim").write_text("TIME tiny\nPERIODS\n x c1 T1\n y d1 T2\nENDATA\n")
    (folder / "tiny.sto").write_text(
        "STOCH tiny\nBLOCKS DISCRETE\n BL b T2 0.5\n y obj 2\n rhs d1 1\n BL b T2 0.5\n y obj 8\n rhs d1 4\nENDATA\n"
    )
    problem = smps.read(folder)
    assert problem.scenario_count == 2
    # Each of 4 units bought now saves 8 / 2 = 4 later; the first also saves 2 / 2. So x = 4 at 12.
    assert extensive(problem.all_scenarios()).objective == pytest.approx(12)
    assert l_shaped(problem.all_scenarios()).x.tolist() == pytest.approx([4])
