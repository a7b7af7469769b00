"""The integer program beyond the exact search: never another least than the exact search, and only proven claims."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from tests.routing.orders import Case, random_book, random_case
from tests.routing.test_large import holds_together
from tests.routing.test_split import slow_split, unit_case, within_stock

from evenstock.routing import milp
from evenstock.routing.choose import Choice, choose
from evenstock.routing.decide import choose_apart, choose_whole
from evenstock.routing.large import choose_large
from evenstock.routing.milp import improve
from evenstock.routing.priced import Priced
from evenstock.routing.split import choose_split


def nothing(p: Priced) -> Choice:
    empty = np.zeros((0, 1), np.int64)
    return Choice(empty[:, 0], empty, np.zeros((0, 1, p.lines), np.int64), proven_least=False)


def light(case: Case, by: int = 8) -> Case:
    """The same order with goods that fit a few cartons."""
    p = case.priced
    return replace(case, priced=replace(p, weight_g=p.weight_g // by, volume_mm3=p.volume_mm3 // by))


@pytest.mark.parametrize("seed", range(4))
def test_within_reach_of_the_exact_search_it_finds_the_same_least(seed: int):
    rng = np.random.default_rng(seed)
    proven = 0
    for _ in range(8):
        case = light(
            random_case(
                rng,
                random_book(rng, services=int(rng.integers(1, 4))),
                nodes=int(rng.integers(1, 5)),
                lines=int(rng.integers(1, 9)),
                kits=0.3,
                max_shipments=int(rng.integers(1, 4)),
            )
        )
        p, least = case.priced, choose(case.priced)
        for start in (nothing(p), replace(choose_large(p), proven_least=False)):
            got = improve(p, start, whole=True)
            if got.proven_least and len(got):
                proven += 1
                holds_together(case, got)
                assert got.cents[0] == least.cents[0]
            elif len(got):
                assert got.cents[0] >= least.cents[0]
            assert len(least) or not len(got)
    assert proven >= 8


@pytest.mark.parametrize("seed", range(3))
def test_split_quantities_end_at_the_least_that_brute_force_finds(seed: int):
    rng = np.random.default_rng(seed)
    proven = 0
    for _ in range(8):
        case = light(unit_case(rng, nodes=3, lines=int(rng.integers(1, 4)), most=4, kits=0.3), by=1)
        least, p = slow_split(case), case.priced
        got = improve(p, nothing(p), whole=False)
        if len(got):
            within_stock(p, got.shipments())
            assert least is not None
            assert got.cents[0] >= least
            if got.proven_least:
                proven += 1
                assert got.cents[0] == least
    assert proven > 2


def large_order(seed: int, lines: int = 16) -> Case:
    rng = np.random.default_rng(seed)
    case = light(random_case(rng, random_book(rng), nodes=4, lines=lines, scarce=0.05, same_item=0.05), by=10)
    return replace(case, priced=replace(case.priced, permitted=np.ones_like(case.priced.permitted)))


def test_beyond_the_exact_search_orders_are_proven_that_were_not():
    before = after = 0
    for seed in range(4):
        case = large_order(seed)
        good, got = choose_whole(case.priced), choose_whole(case.priced, prove=True)
        before += good.proven_least
        after += got.proven_least
        holds_together(case, got)
        assert got.cents[0] <= good.cents[0]
        assert len({frozenset(int(case.priced.node[c]) for c, _ in got.shipments(p)) for p in range(len(got))}) == len(
            got
        )
    assert after > before


def test_a_plan_already_proven_and_a_program_too_large_are_left_as_they_are(monkeypatch: pytest.MonkeyPatch):
    case = large_order(1).priced
    good = choose_large(case)

    assert improve(case, replace(good, proven_least=True), whole=True).cents is good.cents
    monkeypatch.setattr(milp, "MOST_COLUMNS", 10)
    assert improve(case, replace(good, proven_least=False), whole=True).cents is good.cents


def test_a_quantity_no_three_nodes_have_is_proven_too():
    rng = np.random.default_rng(11)
    case = random_case(rng, random_book(rng), nodes=5, lines=1, max_shipments=5).priced
    few = replace(
        case,
        units=np.array([5]),
        weight_g=np.array([500]),
        volume_mm3=np.array([0]),
        value_cents=np.array([500]),
        atp=np.ones((5, 1), np.int64),
        permitted=np.ones_like(case.permitted),
        min_split_value_cents=0,
    )
    good, got = choose_split(few), choose_apart(few, prove=True)

    assert not good.proven_least
    assert got.proven_least
    assert got.cents[0] == good.cents[0]


def test_the_same_order_gives_the_same_plan_in_another_process():
    said = (
        "from tests.routing.test_milp import large_order\n"
        "from evenstock.routing.decide import choose_whole\n"
        "got = choose_whole(large_order(2).priced, prove=True)\n"
        "print(got.cents.tolist(), got.candidate.tolist(), got.units.tolist(), got.proven_least)"
    )
    other = subprocess.run(
        [sys.executable, "-c", said], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "7"}
    )
    got = choose_whole(large_order(2).priced, prove=True)
    assert other.stdout.strip() == " ".join(
        str(part) for part in (got.cents.tolist(), got.candidate.tolist(), got.units.tolist(), got.proven_least)
    )
