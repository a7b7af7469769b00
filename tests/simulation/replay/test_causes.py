"""One cause at a time is put into a made world; the split finds it, and finds nothing where nothing is wrong."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.routing import brand
from tests.simulation.replay.test_replay import order, past

from evenstock.domain import NodeId, Order, OrderId, Policy, Rule, Sku
from evenstock.freight.rates import RateBook
from evenstock.operations.deciding import Books, decide_order
from evenstock.policy import CompiledPolicy
from evenstock.policy import compile as compile_policy
from evenstock.routing.network import ShippingNetwork
from evenstock.simulation.habit import nearest
from evenstock.simulation.replay.bound import worth_there
from evenstock.simulation.replay.causes import CAUSES, Believed, ByCause, Truth, exactly, regret_by_cause
from evenstock.simulation.replay.ledger import by_cause as by_cause_of
from evenstock.simulation.replay.ledger import in_hindsight
from evenstock.simulation.replay.lives import Arm, Prices
from evenstock.simulation.replay.past import Past, Shelf, Shipped
from evenstock.simulation.replay.replay import replay
from evenstock.simulation.replay.shapley import shares

SHIPPING = brand.network(4)
SKUS = [Sku(f"SKU-{n:03d}") for n in range(5)]
WEST = Rule("west", "require", (("nodes", "CA"),), hard=False)


def rules(*listed: Rule) -> CompiledPolicy:
    nodes = {node.id: node for node in SHIPPING.nodes}
    return compile_policy(Policy("test", listed), nodes, SHIPPING.items, SHIPPING.book.services)


LAW = rules()


def customers(count: int = 120, seed: int = 3) -> list[Order]:
    rng, cities = np.random.default_rng(seed), list(brand.PLACES)
    found = []
    for n in range(count):
        chosen = rng.choice(len(SKUS), size=int(rng.integers(1, 3)), replace=False)
        to = f"{cities[int(rng.integers(len(cities)))]}01"
        found.append(order(f"A-{n:03d}", *[(SKUS[int(i)], 1) for i in chosen], to=to, day=n // 30, hour=8 + n % 12))
    return sorted(found, key=lambda one: (one.placed_at, one.id))


def plenty() -> dict[Shelf, int]:
    return {(sku, node.id): 500 for sku in SKUS for node in SHIPPING.nodes}


def lived(
    policy: CompiledPolicy = LAW, network: ShippingNetwork = SHIPPING, prices: Prices | None = None, decide: Any = None
) -> Past:
    """Orders as they were shipped by whoever believed this."""
    orders, stock = customers(), plenty()
    arm = Arm("believed", lambda _: prices or {}, decide=decide)
    plans = replay(past(orders, stock), network, policy, [arm], bound=False).plans["believed"]
    return past(orders, stock, done={bought.id: sent(plan) for bought, plan in zip(orders, plans, strict=True) if plan})


def sent(plan: Any) -> tuple[Shipped, ...]:
    return tuple(
        Shipped(
            s.candidate.node, s.candidate.service, s.candidate.ship_on, None, 1, None, False,
            tuple((line.line, line.units) for line in s.lines),
        )
        for s in plan.shipments
    )  # fmt: skip


def dearer(service: str, share: float) -> ShippingNetwork:
    """The network with one service so much dearer than its card."""
    given = brand.frames()
    rates = [
        row | {"cents": round(row["cents"] * share) if row["service"] == service else row["cents"]}
        for row in given["rates"].to_dicts()
    ]
    book = RateBook.from_frames(**(given | {"rates": pl.DataFrame(rates)}))
    return ShippingNetwork(SHIPPING.nodes, SHIPPING.items, book, SHIPPING.costs, "sha256:charged")


def by_cause(told: ByCause) -> Mapping[str, int]:
    return {row.cause: row.cents for row in told.rows}


def nothing_wrong() -> tuple[Past, Believed, Truth]:
    return lived(), Believed(SHIPPING, LAW, lambda _: {}), Truth(SHIPPING, LAW, {}, decide=decide_order)


def wrong_rules() -> tuple[Past, Believed, Truth]:
    west = rules(WEST)
    return lived(west), Believed(SHIPPING, west, lambda _: {}), Truth(SHIPPING, LAW, {}, decide=decide_order)


def wrong_forecast() -> tuple[Past, Believed, Truth]:
    foretold = {(sku, NodeId(node)): 1_500 for sku in SKUS for node in ("GA", "NJ")}
    past_ = lived(prices=foretold)
    return past_, Believed(SHIPPING, LAW, lambda _: foretold), Truth(SHIPPING, LAW, {}, decide=decide_order)


def wrong_stock() -> tuple[Past, Believed, Truth]:
    """Half of the shelves of Georgia are empty, and the record says they are full."""

    def missing(shelf: Shelf, _at: dt.datetime) -> int:
        return 500 if shelf[1] == "GA" and shelf[0] in SKUS[:3] else 0

    return lived(), Believed(SHIPPING, LAW, lambda _: {}), Truth(SHIPPING, LAW, {}, missing, decide_order)


def wrong_rates() -> tuple[Past, Believed, Truth]:
    charged = dearer("usps:advantage", 1.8)
    return lived(), Believed(SHIPPING, LAW, lambda _: {}), Truth(charged, LAW, {}, decide=decide_order)


def wrong_person() -> tuple[Past, Believed, Truth]:
    """Each third order is shipped by two days from California, because somebody said so."""
    found = lived()
    changed = {bought.id: "dana" for bought in found.orders[::3]}
    by_air = {
        name: tuple(replace(one, node=NodeId("CA"), service="ups:two_day") for one in shipments[:1])  # type: ignore[arg-type]
        if name in changed and len(shipments) == 1
        else shipments
        for name, shipments in found.done.items()
    }
    return (
        replace(found, done=by_air),
        Believed(SHIPPING, LAW, lambda _: {}, changed_by=changed),
        Truth(SHIPPING, LAW, {}, decide=decide_order),
    )


def wrong_solver() -> tuple[Past, Believed, Truth]:
    """What decides finds the second best and calls it the least."""

    def second(found: Any, network: Any, policy: Any, read: Books) -> Any:
        decision = decide_order(found, network, policy, read)
        return replace(decision, plan=decision.alternatives[0]) if decision.alternatives else decision

    return lived(decide=second), Believed(SHIPPING, LAW, lambda _: {}, second), Truth(SHIPPING, LAW, {}, decide=exactly)


WRONG: Mapping[str, Callable[[], tuple[Past, Believed, Truth]]] = {
    "rules": wrong_rules, "forecast": wrong_forecast, "stock": wrong_stock, "rates": wrong_rates,
    "human": wrong_person, "solver": wrong_solver,
}  # fmt: skip


@pytest.mark.parametrize("cause", CAUSES)
def test_the_cause_put_into_the_world_carries_the_regret(cause: str) -> None:
    told = regret_by_cause(*WRONG[cause](), sample=10_000)

    found = by_cause(told)
    assert told.regret_cents > 1_000, "the world is not wrong enough to show anything"
    assert found[cause] >= 0.8 * told.regret_cents, found
    assert sum(found.values()) == told.regret_cents
    assert told.regret_cents == sum(one.done_cents - one.best_cents for one in told.judged)


def test_a_world_in_which_nothing_is_wrong_has_no_regret() -> None:
    told = regret_by_cause(*nothing_wrong(), sample=10_000)

    assert len(told.judged) == 120
    assert told.regret_cents == 0
    assert set(by_cause(told).values()) == {0}


def test_several_causes_at_once_still_add_up_order_by_order() -> None:
    west = rules(WEST)
    charged = dearer("usps:advantage", 1.8)
    found = lived(west, prices={(sku, NodeId("GA")): 900 for sku in SKUS})

    def missing(shelf: Shelf, _at: dt.datetime) -> int:
        return 500 if shelf == (SKUS[0], "GA") else 0

    believed = Believed(SHIPPING, west, lambda _: {(sku, NodeId("GA")): 900 for sku in SKUS})
    told = regret_by_cause(found, believed, Truth(charged, LAW, {}, missing), sample=10_000)

    assert sum(row.cents > 0 for row in told.rows) >= 3
    assert all(one.regret_cents == one.done_cents - one.best_cents for one in told.judged)
    assert sum(row.cents for row in told.rows) == told.total.cents == told.regret_cents


def test_what_no_cause_explains_is_told_apart() -> None:
    """The books say that an order went by air, and no person said so: the program would not decide it again."""
    found, believed, truth = wrong_person()
    told = regret_by_cause(found, replace(believed, changed_by={}), truth, sample=10_000)

    rows = by_cause(told)
    assert rows["decided otherwise"] == told.regret_cents > 0
    assert all(rows[cause] == 0 for cause in CAUSES)


def test_a_baseline_is_held_against_what_was_done_on_the_same_orders() -> None:
    found, believed, truth = nothing_wrong()
    told = regret_by_cause(found, believed, truth, sample=40, baselines={"nearest": nearest})

    saved = told.saved("nearest")
    assert len(told.judged) == 40
    assert saved.cents == sum(one.baseline_cents[0] - one.done_cents for one in told.judged if one.baseline_cents[0])
    assert saved.cents >= 0  # what was done was the least for each order with the stock of its moment
    assert saved.an_order.low != saved.an_order.low  # four days tell nothing


def test_the_ledger_by_cause_adds_up_to_the_distance_from_the_bound() -> None:
    """Few units, so that what a unit is worth in hindsight is not nothing."""
    rng = np.random.default_rng(8)
    orders, west = customers(), rules(WEST)
    stock = {(sku, node.id): int(rng.integers(4, 14)) for sku in SKUS for node in SHIPPING.nodes}
    said = replay(past(orders, stock), SHIPPING, west, [Arm("believed")], sweeps=150)
    done = {bought.id: sent(plan) for bought, plan in zip(orders, said.plans["believed"], strict=True) if plan}
    lived_ = past(orders, stock, done=done)
    assert said.certificate is not None
    truth = Truth(SHIPPING, LAW, in_hindsight(said.certificate, SHIPPING))
    told = regret_by_cause(lived_, Believed(SHIPPING, west, lambda _: {}), truth, sample=10_000)

    found = by_cause_of(told, said.certificate, worth_there(lived_, SHIPPING, said.certificate.price))

    rows = {row.cause: row.cents for row in found.rows}
    assert sum(rows.values()) == pytest.approx(found.distance_cents)
    assert found.distance_cents == pytest.approx(said.scores[1].total_cents - said.certificate.cents)
    assert rows["rules"] > 0
    assert rows["forecast"] > 0
    # Prices in hindsight are rounded to cents for decisions, and not for the bound.
    assert rows["order by order"] > -len(orders)
    assert rows["left on shelves"] >= 0


@given(st.lists(st.integers(-10_000, 10_000), min_size=16, max_size=16), st.permutations(["a", "b", "c", "d"]))
def test_shares_add_up_and_hardly_depend_on_the_order_of_names(costs: list[int], named: list[str]) -> None:
    def cost(mended: frozenset[str]) -> int:
        return costs[sum(1 << "abcd".index(one) for one in mended)]

    plain, other = shares("abcd", cost), shares(named, cost)

    assert sum(plain.values()) == sum(other.values()) == costs[0] - costs[15]
    # Only the cent that rounding leaves over may go to another name.
    assert all(abs(plain[one] - other[one]) <= 1 for one in "abcd")


def test_an_order_that_the_books_do_not_explain_is_left_out_and_said() -> None:
    found, believed, truth = nothing_wrong()
    name = found.orders[0].id
    strange = {name: tuple(replace(one, node=NodeId("MOON")) for one in found.done[name])}
    told = regret_by_cause(replace(found, done={**found.done, **strange}), believed, truth, sample=10_000)

    assert len(told.judged) == 119
    assert [count for _, count in told.left_out] == [1]
    assert "MOON" in told.left_out[0][0]
    assert OrderId(str(name)) not in {one.order for one in told.judged}
