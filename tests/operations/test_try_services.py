"""Some orders ship by another service on purpose: lawfully, within a week's budget, and so that what they teach is unbiased."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.operations.test_route_order import put, reserved, told
from tests.routing.brand import NODES, NOW, compiled, frames, items, nodes, order, random_order

from evenstock.domain import (
    Cents,
    Costs,
    DecisionRecord,
    NodeId,
    Order,
    OrderPlan,
    Outcome,
    Policy,
    Quota,
    Rule,
    Sku,
    Units,
)
from evenstock.freight.exploration import what_if
from evenstock.freight.rates import RateBook
from evenstock.operations.check_books import check_books
from evenstock.operations.deciding import RouteOrder, decide_order
from evenstock.operations.ports import Short, Store
from evenstock.operations.reoptimise import reoptimise
from evenstock.operations.reroute import Reroute, reroute
from evenstock.operations.roll_out import RollOut
from evenstock.operations.route_order import route_order
from evenstock.operations.try_services import week_of
from evenstock.policy import default_policy
from evenstock.routing.confidence import Scenarios
from evenstock.routing.knowledge import Knowledge
from evenstock.routing.network import ShippingNetwork
from evenstock.storage.memory import MemoryStore, MemoryTransaction

ONE = Sku("SKU-001")
MONDAY = date(2026, 11, 16)
HALF = Costs(explore_share_bp=5_000, explore_within_cents=Cents(1_500), explore_week_cents=Cents(10_000_000))
BOOK = RateBook.from_frames(**frames())


def brand(costs: Costs = HALF, book: RateBook = BOOK) -> ShippingNetwork:
    return ShippingNetwork(nodes(), items(), book, costs, "sha256:test")


NETWORK = brand()
OFF = brand(Costs())
POLICY = compiled(NETWORK)
FULL = {(f"SKU-{n:03d}", node): 1_000 for n in range(60) for node in NODES}


def morning(count: int, lines: int = 1, seed: int = 0) -> list[Order]:
    rng = np.random.default_rng(seed)
    return [random_order(rng, lines, f"A-{n}") for n in range(count)]


def lived(orders: list[Order], network: ShippingNetwork = NETWORK, store: Store | None = None) -> list[DecisionRecord]:
    opened = store or MemoryStore()
    put(opened, FULL)
    return [route_order(opened, network, POLICY, RouteOrder(one, NOW)).record for one in orders]


def lived_with(one: Order, units: dict[tuple[str, str], int]) -> DecisionRecord:
    store = MemoryStore()
    put(store, units)
    return route_order(store, NETWORK, POLICY, RouteOrder(one, NOW)).record


def service(plan: OrderPlan | None) -> str:
    assert plan is not None
    return plan.shipments[0].candidate.service


def tried(record: DecisionRecord) -> bool:
    return (record.propensity is not None and record.propensity.millionths < 500_000) or extra(record) > 0


def extra(record: DecisionRecord) -> int:
    return record.propensity.extra_cents if record.propensity else 0


def spent(store: Store, week: date = MONDAY) -> int | None:
    with store.reading() as books:
        return books.tries_cents(week)


@pytest.fixture(scope="module")
def half() -> tuple[list[DecisionRecord], list[DecisionRecord], int | None]:
    """A morning of 400 orders with half of them tried, the same with nothing tried, and what the week has cost."""
    store = MemoryStore()
    with_tries = lived(morning(400), store=store)
    assert check_books(store, NOW) == []
    return with_tries, lived(morning(400), OFF), spent(store)


Half = tuple[list[DecisionRecord], list[DecisionRecord], int | None]


def test_the_tried_plan_ships_and_the_best_stands_first_among_the_others(half: Half) -> None:
    seen = 0
    for record, plain in zip(half[0], half[1], strict=True):
        if not tried(record):
            continue
        seen += 1
        assert record.outcome is Outcome.EXECUTED
        assert record.choice is not None
        assert record.alternatives[0] == plain.choice
        assert record.propensity is not None
        assert extra(record) == record.choice.cents - record.alternatives[0].cents <= HALF.explore_within_cents
        assert service(record.choice) in record.propensity.among
        assert service(plain.choice) not in record.propensity.among
        assert "tried on purpose to learn how that service does: it costs" in record.sentence
        assert record.sentence.endswith(f"The best: {plain.sentence}")
        assert len(record.choice.shipments) == 1
    assert 60 < seen < 200


def test_orders_that_are_not_tried_ship_as_they_would_have(half: Half) -> None:
    for record, plain in zip(half[0], half[1], strict=True):
        if not tried(record):
            assert (record.choice, record.alternatives, record.sentence) == (
                plain.choice,
                plain.alternatives,
                plain.sentence,
            )


def test_the_week_has_cost_what_the_tries_cost_beyond_the_best(half: Half) -> None:
    assert half[2] == sum(extra(record) for record in half[0]) > 10_000
    running = 0
    for record in half[0]:
        if record.propensity is not None:
            assert record.propensity.spent_cents == running
        running += extra(record)


def test_half_of_those_that_could_be_tried_are_and_each_service_as_often_as_its_propensity_says(half: Half) -> None:
    """Of n orders with k services near, a share of 0.5 / k by each; within four standard errors."""
    could = [r.propensity for r in half[0] if r.propensity is not None and r.propensity.among]
    best = sum(p.millionths == 500_000 and not p.extra_cents for p in could if len(p.among) > 1)
    of = sum(len(p.among) > 1 for p in could)
    assert abs(best - of / 2) < 4 * np.sqrt(of / 4)
    assert {p.millionths for p in could} <= {500_000, 250_000}


def test_where_nothing_else_is_near_the_choice_was_certain_and_says_so(half: Half) -> None:
    alone = [r.propensity for r in half[0] if r.propensity is not None and not r.propensity.among]
    assert alone
    assert {(p.millionths, p.extra_cents) for p in alone} == {(1_000_000, 0)}


@given(
    st.integers(0, 5_000), st.integers(0, 3_000), st.integers(0, 100_000), st.integers(0, 2**32 - 1), st.integers(1, 3)
)
def test_unless_all_three_are_set_every_byte_is_as_it_was(
    share: int, within: int, week: int, seed: int, lines: int
) -> None:
    costs = [share, within, week]
    costs[seed % 3] = 0
    off = Costs(explore_share_bp=costs[0], explore_within_cents=Cents(costs[1]), explore_week_cents=Cents(costs[2]))
    orders = morning(2, lines, seed)

    assert [r.canonical() for r in lived(orders, brand(off))] == [r.canonical() for r in lived(orders, OFF)]
    assert all(b'"propensity"' not in r.canonical() for r in lived(orders, OFF))


class Asked(MemoryStore):
    """A store in which nobody may ask for what tries have cost."""

    def transaction(self):
        return _Asked(super().transaction())


class _Asked:
    def __init__(self, inner) -> None:
        self.inner = inner

    def __enter__(self):
        self.books = self.inner.__enter__()
        return self

    def __exit__(self, *said):
        return self.inner.__exit__(*said)

    def __getattr__(self, name: str):
        assert name not in ("tries_cents", "spend_on_try"), "nothing may be asked where nothing is tried"
        return getattr(self.books, name)


def test_off_asks_the_books_nothing() -> None:
    lived(morning(20), OFF, Asked())
    with pytest.raises(AssertionError, match="nothing may be asked"):
        lived(morning(1), NETWORK, Asked())


@given(st.integers(0, 2**32 - 1), st.integers(1, 4_000))
def test_the_budget_is_never_passed(seed: int, budget: int) -> None:
    store = MemoryStore()
    records = lived(morning(25, seed=seed), brand(replace(HALF, explore_week_cents=Cents(budget))), store)

    assert sum(extra(r) for r in records) == (spent(store) or 0) <= budget


def test_a_new_week_has_a_budget_of_its_own() -> None:
    store, orders = MemoryStore(), morning(60)
    small = brand(replace(HALF, explore_week_cents=Cents(400)))
    lived(orders[:30], small, store)
    later = NOW + timedelta(weeks=1)
    for one in orders[30:]:
        of = replace(one, placed_at=later, promise=None)
        route_order(store, small, POLICY, RouteOrder(of, later))

    assert 0 < (spent(store) or 0) <= 400
    assert 0 < (spent(store, MONDAY + timedelta(weeks=1)) or 0) <= 400


def test_a_week_begins_on_monday_by_universal_time() -> None:
    assert week_of(datetime(2026, 11, 22, 23, 59, tzinfo=UTC)) == MONDAY
    assert week_of(datetime(2026, 11, 23, tzinfo=UTC)) == MONDAY + timedelta(weeks=1)


def test_decided_again_from_the_same_books_every_byte_is_the_same(half: Half) -> None:
    assert [r.canonical() for r in lived(morning(400))] == [r.canonical() for r in half[0]]


def test_what_the_week_has_spent_belongs_to_what_a_decision_read() -> None:
    """The same order, stock and moment: only the week has spent 5 cents before. Its inputs and its name differ."""
    one = morning(1)
    store = MemoryStore()
    with store.transaction() as books:
        books.spend_on_try(MONDAY, 5, 100)

    (first,), (second,) = lived(one), lived(one, store=store)

    assert first.id != second.id
    assert first.inputs.stock != second.inputs.stock
    assert replace(first.inputs, stock="") == replace(second.inputs, stock="")


def a_tried_order(network: ShippingNetwork = NETWORK, **promise: int) -> tuple[Order, DecisionRecord]:
    """An order of one mug that is tried, by its id, and its record."""
    for n in range(50):
        one = order((ONE, 1), name=f"T-{n}", **promise)
        store = MemoryStore()
        put(store, FULL)
        record = route_order(store, network, POLICY, RouteOrder(one, NOW)).record
        if tried(record):
            return one, record
    raise AssertionError("no order is tried")


def test_the_tried_plan_is_what_is_reserved_and_told() -> None:
    one, record = a_tried_order()
    store = MemoryStore()
    put(store, FULL)
    route_order(store, NETWORK, POLICY, RouteOrder(one, NOW))

    assert record.choice is not None
    assert reserved(store) == {(ONE, record.choice.nodes[0], ""): 1}
    assert told(store) == ["OrderRouted"]
    with store.transaction() as books:
        (event,) = books.outbox(5)
    assert event.body["shipments"][0]["service"] == service(record.choice)
    again = route_order(store, NETWORK, POLICY, RouteOrder(one, NOW + timedelta(days=1)))
    assert again.repeated
    assert again.record == record
    assert spent(store) == extra(record), "asked twice, paid once"


def shadow(store: Store, one: Order) -> DecisionRecord:
    return route_order(store, NETWORK, POLICY, RouteOrder(one, NOW, shadow=True)).record


def outside_the_stage(store: Store, one: Order) -> DecisionRecord:
    return route_order(store, NETWORK, POLICY, RouteOrder(one, NOW), stage=RollOut(live=False)).record


def by_people(store: Store, one: Order) -> DecisionRecord:
    def people(*asked):
        return decide_order(*asked)

    return route_order(store, NETWORK, POLICY, RouteOrder(one, NOW), decide=people).record


def with_rule(*rules: Rule) -> Callable[[Store, Order], DecisionRecord]:
    policy = compiled(NETWORK, Policy("more", (*default_policy().rules, *rules)))
    return lambda store, one: route_order(store, NETWORK, policy, RouteOrder(one, NOW)).record


def unsure(store: Store, one: Order) -> DecisionRecord:
    """Below the gate nothing passes, so a person is asked."""
    network = brand()
    worth = np.zeros((2, len(network.nodes), 1), np.int64)
    network.known = Knowledge(scenarios=Scenarios(worth, {ONE: 0}, "sha256:x"), threshold_millicents=-1)
    return route_order(store, network, POLICY, RouteOrder(one, NOW)).record


def other_services_barred(store: Store, one: Order) -> DecisionRecord:
    best = service(a_tried_order()[1].alternatives[0])
    return with_rule(Rule("only", "require", (("services", best),)))(store, one)


@pytest.mark.parametrize(
    ("route", "propensity"),
    [
        (shadow, None),
        (outside_the_stage, None),
        (by_people, None),
        (with_rule(Rule("dear", "review_above", (("role", "lead"), ("order_value_cents", "1")))), None),
        (unsure, None),
        (other_services_barred, 1_000_000),
    ],
    ids=[
        "shadow",
        "outside the stage",
        "decided by another",
        "a person is asked",
        "below the gate",
        "barred by a rule",
    ],
)
def test_nothing_is_tried_where_nothing_is_done_or_something_is_at_stake(
    route: Callable[[Store, Order], DecisionRecord], propensity: int | None
) -> None:
    one, record = a_tried_order()
    store = MemoryStore()
    put(store, FULL)
    instead = route(store, one)

    assert instead.choice == record.alternatives[0]
    assert (instead.propensity.millionths if instead.propensity else None) == propensity
    assert spent(store) is None


def test_an_order_in_two_parcels_is_not_tried() -> None:
    store = MemoryStore()
    put(store, {("SKU-001", "TX"): 500, ("SKU-002", "NJ"): 500})
    records = [
        route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 1), ("SKU-002", 1), name=f"S-{n}"), NOW)).record
        for n in range(40)
    ]
    assert {len(r.choice.shipments) for r in records if r.choice} == {2}
    assert [r.propensity for r in records] == [None] * 40


def test_a_wish_given_up_or_protected_stock_taken_leaves_no_room_to_try() -> None:
    one, record = a_tried_order()
    best = record.alternatives[0].nodes[0]
    elsewhere = next(node for node in NODES if node != best)
    store = MemoryStore()
    put(store, {(ONE, best): 5})
    wish = Rule("from elsewhere", "require", (("nodes", elsewhere),), hard=False)
    given_up = with_rule(wish)(store, one)
    assert given_up.relaxed
    assert given_up.propensity is None
    assert tried(lived_with(one, {(ONE, best): 5})), "the same without the wish"

    kept = MemoryStore()
    put(kept, {(ONE, "TX"): 5})
    with kept.transaction() as books:
        books.set_quotas([Quota(ONE, NodeId("TX"), "vip", Units(5))])
    asked = route_order(kept, NETWORK, POLICY, RouteOrder(one, NOW)).record
    assert asked.outcome is Outcome.AWAITS_APPROVAL
    assert asked.propensity is None


def test_a_tried_plan_keeps_what_was_told_as_probably_as_the_best_or_as_told(half: Half) -> None:
    promised = 0
    for record, plain in zip(half[0], half[1], strict=True):
        if tried(record) and record.commitment is not None:
            promised += 1
            assert plain.commitment is not None
            assert record.commitment.now_millionths >= min(
                record.commitment.told_millionths, plain.commitment.now_millionths
            )
    assert promised > 10


def test_a_plan_outside_the_roll_outs_nodes_is_not_tried() -> None:
    """Where only the best plan's node acts, tries stay at that node."""
    orders = [replace(one, promise=None) for one in morning(60)]
    store = MemoryStore()
    put(store, FULL)
    stage = RollOut(nodes=frozenset({NodeId("TX")}))
    records = [route_order(store, NETWORK, POLICY, RouteOrder(one, NOW), stage=stage).record for one in orders]

    acted = [r for r in records if r.outcome is Outcome.EXECUTED]
    assert any(tried(r) for r in acted)
    assert {r.choice.nodes for r in acted if r.choice} == {("TX",)}
    assert all(r.propensity is None for r in records if r.outcome is Outcome.SHADOW)


def test_a_service_whose_day_is_full_is_not_tried() -> None:
    one, record = a_tried_order()
    given = frames()
    full = [0 if name in record.propensity.among else None for name in given["rate_cards"]["service"]]
    cards = given["rate_cards"].with_columns(pl.Series("shipments_per_day", full, pl.Int64))
    network = brand(book=RateBook.from_frames(**(given | {"rate_cards": cards})))
    (instead,) = lived([one], network)

    assert service(instead.choice) == service(record.alternatives[0])
    assert instead.propensity is not None
    assert instead.propensity.among == ()


def test_an_order_that_is_decided_again_is_not_tried_and_its_first_try_stays_paid() -> None:
    one, record = a_tried_order()
    store = MemoryStore()
    put(store, FULL)
    route_order(store, NETWORK, POLICY, RouteOrder(one, NOW))
    node = record.choice.nodes[0]

    moved = reroute(
        store, NETWORK, POLICY, Reroute(one.id, NOW + timedelta(minutes=5), "down", without_nodes=frozenset({node}))
    ).record

    assert moved.outcome is Outcome.EXECUTED
    assert moved.propensity is None
    assert spent(store) == extra(record)


def test_second_thoughts_do_not_take_back_what_was_tried_on_purpose() -> None:
    """The best plan would save the whole extra, far above what a switch costs."""
    one, record = a_tried_order()
    assert extra(record) > HALF.switch_cents
    store = MemoryStore()
    put(store, FULL)
    route_order(store, NETWORK, POLICY, RouteOrder(one, NOW))

    done = reoptimise(store, NETWORK, POLICY, NOW + timedelta(minutes=5))

    assert (done.swaps, done.left_out) == ((), 1)


def test_where_others_take_the_stock_first_the_money_goes_back_and_the_best_ships(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first reservation, of the tried plan, is lost; the second, of the best, is made. It was not drawn any more."""
    one, record = a_tried_order()
    store, whole, asked = MemoryStore(), MemoryTransaction.reserve, []
    put(store, FULL)

    def raced(self, reservation, slots=(), **how):
        asked.append(reservation)
        if len(asked) == 1:
            assert self.tries_cents(MONDAY) == extra(record), "the money is taken before the stock"
            return Short(ONE, NodeId("TX"), Units(1), "gone")
        return whole(self, reservation, slots, **how)

    monkeypatch.setattr(MemoryTransaction, "reserve", raced)
    instead = route_order(store, NETWORK, POLICY, RouteOrder(one, NOW)).record

    assert instead.choice == record.alternatives[0]
    assert instead.propensity is None
    assert "on purpose" not in instead.sentence
    assert spent(store) == 0
    assert check_books(store, NOW) == []


def test_where_others_take_the_best_plans_stock_what_ships_was_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, asked = MemoryTransaction.reserve, []

    def raced(self, reservation, slots=(), **how):
        asked.append(reservation)
        gone = Short(ONE, NodeId("TX"), Units(1), "gone")
        return gone if len(asked) == 1 else whole(self, reservation, slots, **how)

    best = next(
        order((ONE, 1), name=f"T-{n}") for n in range(50) if not tried(lived([order((ONE, 1), name=f"T-{n}")])[0])
    )
    store = MemoryStore()
    put(store, FULL)
    monkeypatch.setattr(MemoryTransaction, "reserve", raced)
    record = route_order(store, NETWORK, POLICY, RouteOrder(best, NOW)).record

    assert "instead of the cheapest" in record.sentence
    assert record.propensity is None


def test_where_others_spend_the_money_first_the_order_is_decided_with_what_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another order leaves a cent less than the try costs, between reading and spending: the best ships, and says why."""
    one, record = a_tried_order()
    network = brand(replace(HALF, explore_week_cents=Cents(extra(record))))
    store, whole, asked = MemoryStore(), MemoryTransaction.spend_on_try, []
    put(store, FULL)

    def raced(self, week, cents, most):
        asked.append(cents)
        if len(asked) == 1:
            assert whole(self, week, 1, most)
        return whole(self, week, cents, most)

    monkeypatch.setattr(MemoryTransaction, "spend_on_try", raced)
    instead = route_order(store, network, POLICY, RouteOrder(one, NOW)).record

    assert instead.choice == record.alternatives[0]
    assert instead.propensity is not None
    assert instead.propensity.spent_cents == 1
    assert extra(instead) == 0
    assert spent(store) == 1
    other = MemoryStore()
    put(other, FULL)
    with other.transaction() as books:
        whole(books, MONDAY, 1, 100)
    assert route_order(other, network, POLICY, RouteOrder(one, NOW)).record.canonical() == instead.canonical()


def late_share(of: Order) -> float:
    """What nobody knows: late more often in the east, where this service's parcels change planes."""
    return 0.35 if of.ship_to.postal_code < "5" else 0.05


def test_what_is_tried_tells_how_a_service_does_that_the_best_choice_never_uses() -> None:
    """Without tries nothing is known of it. With them, weighted by one over its propensity, the truth lies in the interval;
    unweighted it does not have to: orders with several services near try each of them less often."""
    orders = [replace(one, promise=None) for one in morning(3_000, seed=5)]
    never = "ups:ground"
    given = frames()
    dearer = given["rates"].with_columns(
        cents=pl.col("cents") + pl.when(pl.col("service") == never).then(400).otherwise(0)
    )
    book = RateBook.from_frames(**(given | {"rates": dearer}))
    costs = replace(HALF, explore_share_bp=1_500, explore_within_cents=Cents(2_500))
    off = lived(orders[:500], brand(Costs(), book))
    assert never not in {service(r.choice) for r in off}

    records = lived(orders, brand(costs, book))

    rng = np.random.default_rng(11)
    pairs = [
        (one, r)
        for one, r in zip(orders, records, strict=True)
        if r.propensity is not None and never in r.propensity.among
    ]
    services = np.array([int(service(r.choice) == never) for _, r in pairs])
    late = np.array(
        [
            float(rng.random() < (late_share(one) if took else 0.01))
            for (one, _), took in zip(pairs, services, strict=True)
        ]
    )
    chance = np.array([r.propensity.millionths for _, r in pairs if r.propensity])
    truth = float(np.mean([late_share(one) for one, _ in pairs]))

    told = what_if(late, services, chance, 1)
    assert told.low <= truth <= told.high
    assert told.high - told.low < 0.2
    assert told.used == int(services.sum()) > 100
    assert Counter(service(r.choice) for r in records)[never] == told.used
