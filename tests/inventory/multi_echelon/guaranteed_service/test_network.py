"""A network says what is wrong with it, and what each stage is asked for."""

from __future__ import annotations

import pytest

from evenstock.inventory.multi_echelon.guaranteed_service import Demand, Link, Network, Stage, fixed

SOLD = Demand(10, 3, 2, 0)


def stage(name, demand=None, **more):
    return Stage(name, fixed(1), 1.0, demand, **more)


def test_stages_in_a_circle_are_named():
    with pytest.raises(ValueError, match=r"in a circle: .*'?a'? → .*; remove a link"):
        Network((stage("a"), stage("b"), stage("c", SOLD)), (Link("a", "b"), Link("b", "a"), Link("b", "c")))


def test_a_stage_that_nobody_knows_is_named_with_its_link():
    with pytest.raises(ValueError, match="link 'a' → 'z': there is no stage 'z'"):
        Network((stage("a", SOLD),), (Link("a", "z"),))


def test_a_last_stage_without_demand_is_refused():
    with pytest.raises(ValueError, match="stage 'b' serves nobody: give it a demand"):
        Network((stage("a"), stage("b")), (Link("a", "b"),))


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: Network(()), "at least one stage"),
        (lambda: Network((stage("a", SOLD), stage("a", SOLD))), "same name: 'a'"),
        (lambda: Network((stage("a"), stage("b", SOLD)), (Link("a", "b"), Link("a", "b"))), "given twice: 'a' → 'b'"),
        (lambda: Link("a", "b", 0), "units are above 0"),
        (lambda: Demand(10, -1, 2), "sd is a number of at least 0"),
        (lambda: Demand(10, 1, 2, 1.5), "whole days"),
        (lambda: Stage("a", fixed(1), -1), "holding cost is at least 0"),
        (lambda: stage("a", SOLD, supplied_in=-1), "whole days"),
        (lambda: fixed(-1), "at least 0 days"),
    ],
)
def test_nonsense_is_refused_with_its_place(made, said):
    with pytest.raises(ValueError, match=said):
        made()


def test_demand_comes_up_by_all_ways_together():
    # a goes into c twice: 2 by itself and 3 in each b, so 5 a unit; d takes 1 of a.
    network = Network(
        (stage("a"), stage("b"), stage("c", Demand(10, 3, 2)), stage("d", Demand(4, 1, 1))),
        (Link("a", "b", 3), Link("b", "c"), Link("a", "c", 2), Link("a", "d")),
    )
    mean, sd, covered = network.demand
    assert mean.tolist() == [5 * 10 + 4, 10, 10, 4]
    assert (sd**2).round(9).tolist() == [(5 * 3) ** 2 + 1, 9, 9, 1]
    assert (covered**2).round(9).tolist() == [(5 * 3 * 2) ** 2 + 1, 36, 36, 1]
