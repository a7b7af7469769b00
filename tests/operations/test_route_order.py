"""A paid order is decided, reserved, recorded and told in one transaction; again, it is the same record."""

import itertools
import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from tests.routing.brand import NOW, compiled, frames, items, network, nodes, order, random_order

from evenstock.domain import (
    Allow,
    CapacityPrice,
    Cents,
    Costs,
    LotId,
    NeedsApproval,
    NodeId,
    Order,
    OrderLine,
    Outcome,
    Policy,
    Price,
    Quota,
    Refuse,
    Reservation,
    ReservationId,
    ReservationLine,
    Rule,
    Sku,
    StockObservation,
    Units,
)
from evenstock.freight.rates import RateBook
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.decisions import decision_from
from evenstock.operations.ports import ConflictError, Short, Store
from evenstock.operations.route_order import route_many, route_order
from evenstock.policy import default_policy
from evenstock.routing.confidence import Scenarios
from evenstock.routing.knowledge import Knowledge
from evenstock.routing.network import ShippingNetwork
from evenstock.storage.memory import MemoryStore

NETWORK = network()
POLICY = compiled(NETWORK)
ONE = Sku("SKU-001")
VERSIONS = itertools.count(1)
"""Each count is newer than the one before."""


def put(store: Store, units: dict[tuple[str, str], int], lot: str = "", buffer: int = 0) -> None:
    with store.transaction() as books:
        for (sku, node), n in units.items():
            said = StockObservation(
                "count", Sku(sku), NodeId(node), Units(n), NOW - timedelta(hours=1), next(VERSIONS), LotId(lot)
            )
            books.adjust_on_hand(said, "opening", NOW)
            if buffer:
                books.set_buffer(Sku(sku), NodeId(node), Units(buffer))


def reserved(store: Store) -> dict[tuple[str, str, str], int]:
    with store.transaction() as books:
        rows = books.balance_frame().to_dicts()
    return {(row["sku"], row["node"], row["lot"]): row["reserved"] for row in rows if row["reserved"]}


def told(store: Store) -> list[str]:
    with store.transaction() as books:
        return [event.kind for event in books.outbox(100)]


@pytest.fixture
def store():
    opened = MemoryStore()
    yield opened
    opened.close()


def test_an_order_is_reserved_where_it_costs_least_and_told_once(store):
    put(store, {(ONE, "TX"): 5, (ONE, "NJ"): 5})

    routed = route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 2)), NOW))

    assert routed.record.outcome is Outcome.EXECUTED
    assert routed.record.verdict == Allow()
    assert not routed.repeated
    assert reserved(store) == {(ONE, "TX", ""): 2}
    assert told(store) == ["OrderRouted"]
    with store.transaction() as books:
        assert books.decision_of(routed.record.order) == routed.record.canonical()
        (kept,) = books.reservations_of(routed.record.order)
    assert kept.expires_at == NOW + timedelta(hours=72)
    assert kept.lines == (ReservationLine(ONE, NodeId("TX"), Units(2)),)


def test_the_same_order_again_gets_the_same_record_and_takes_no_more_stock(store):
    put(store, {(ONE, "TX"): 5})
    first = route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 2)), NOW))
    again = route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 2)), NOW + timedelta(days=2)))

    assert again.repeated
    assert again.record.canonical() == first.record.canonical()
    assert reserved(store) == {(ONE, "TX", ""): 2}
    assert told(store) == ["OrderRouted"]


def test_another_order_under_the_same_id_is_refused(store):
    put(store, {(ONE, "TX"): 5})
    route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 2)), NOW))

    with pytest.raises(ConflictError, match="give a changed order its own id"):
        route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 3)), NOW))


def test_a_record_reads_back_to_the_same_bytes(store):
    rng = np.random.default_rng(2)
    for n in range(25):
        of = random_order(rng, name=f"A-{n}")
        put(store, {(line.sku, k): int(rng.integers(0, 5)) for line in of.lines for k in ("CA", "NJ", "TX", "PA")})
        record = route_order(store, NETWORK, POLICY, RouteOrder(of, NOW)).record
        assert decision_from(record.canonical()) == record
        assert decision_from(record.canonical()).canonical() == record.canonical()

    with pytest.raises(ValueError, match="no decision record"):
        decision_from(b'{"id": 1}')


@pytest.mark.parametrize(
    ("asked", "because"),
    [
        (order(("GHOST", 1)), "GHOST: no such item in this network"),
        (order((ONE, 10**12)), "the most a line may want is 1000000"),
        (order((ONE, 1), zip3="999"), "No node reaches 99901"),
        (order((ONE, 9)), "SKU-001: wanted 9, the network has 5 (TX 5)"),
    ],
)
def test_what_cannot_be_served_is_an_answer_and_not_an_exception(store, asked: Order, because: str):
    put(store, {(ONE, "TX"): 5})

    routed = route_order(store, NETWORK, POLICY, RouteOrder(asked, NOW))

    assert routed.record.outcome is Outcome.UNSERVED
    assert isinstance(routed.record.verdict, Refuse)
    assert because in routed.record.sentence
    assert routed.record.choice is None
    assert reserved(store) == {}
    assert told(store) == ["OrderNotRouted"]


def test_a_line_of_no_units_cannot_even_be_written_down():
    with pytest.raises(ValueError, match="at least one unit"):
        order((ONE, 0))


def test_an_order_that_was_not_served_is_decided_again_when_stock_has_come(store):
    short = route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 2)), NOW))
    same = route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 2)), NOW))
    put(store, {(ONE, "TX"): 5})
    served = route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 2)), NOW + timedelta(hours=1)))

    assert short.record.outcome is Outcome.UNSERVED
    assert same.repeated
    assert same.record == short.record
    assert served.record.outcome is Outcome.EXECUTED
    assert told(store) == ["OrderNotRouted", "OrderRouted"]


def test_a_shadow_decision_reserves_nothing_and_tells_nobody(store):
    put(store, {(ONE, "TX"): 5})

    shadow = route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 2)), NOW, shadow=True))
    real = route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 2)), NOW))

    assert shadow.record.outcome is Outcome.SHADOW
    assert shadow.record.choice == real.record.choice
    assert reserved(store) == {(ONE, "TX", ""): 2}
    assert told(store) == ["OrderRouted"]


def test_the_buffer_is_never_promised_and_lots_are_taken_in_their_order(store):
    put(store, {(ONE, "TX"): 3}, lot="A")
    put(store, {(ONE, "TX"): 3}, lot="B")
    route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 4)), NOW))
    buffered = MemoryStore()
    put(buffered, {(ONE, "TX"): 3}, buffer=2)
    refused = route_order(buffered, NETWORK, POLICY, RouteOrder(order((ONE, 2)), NOW))

    assert reserved(store) == {(ONE, "TX", "A"): 3, (ONE, "TX", "B"): 1}
    assert "wanted 2, the network has 1 (TX 1)" in refused.record.sentence


def test_prices_of_scarce_units_are_read_and_recorded(store):
    put(store, {(ONE, "TX"): 5, (ONE, "CA"): 5})
    plain = route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 1)), NOW, shadow=True)).record
    with store.transaction() as books:
        books.put_prices([Price(ONE, NodeId("TX"), NOW - timedelta(hours=1), "nightly", Cents(5_000))])
    priced = route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 1)), NOW)).record

    assert plain.choice is not None
    assert plain.choice.nodes == ("TX",)
    assert priced.choice is not None
    assert priced.choice.nodes == ("CA",)
    assert priced.inputs.prices != plain.inputs.prices
    assert "inventory price +50.00" in priced.sentence


def test_a_person_is_asked_while_the_best_plan_is_reserved(store):
    put(store, {(ONE, "TX"): 5})
    asks = Policy("asks", (Rule("dear", "review_above", (("role", "lead"), ("order_value_cents", "4000"))),))

    record = route_order(store, NETWORK, compiled(NETWORK, asks), RouteOrder(order((ONE, 2)), NOW)).record

    assert record.outcome is Outcome.AWAITS_APPROVAL
    assert isinstance(record.verdict, NeedsApproval)
    assert record.verdict.role == "lead"
    assert reserved(store) == {(ONE, "TX", ""): 2}


def test_an_order_that_would_be_late_ships_all_the_same_and_names_the_wish_given_up(store):
    put(store, {(ONE, "NJ"): 5})

    record = route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 1), promised_days=0), NOW)).record

    assert record.outcome is Outcome.EXECUTED
    assert len(record.relaxed) == 1
    assert record.relaxed[0].startswith("promise: ")
    assert "gave up promise" in record.sentence


def test_law_is_not_given_up_and_is_named(store):
    put(store, {(ONE, "TX"): 5})
    law = replace(
        default_policy(),
        rules=(*default_policy().rules, Rule("not_texas", "forbid", (("nodes", "TX"),), because="flood")),
    )

    record = route_order(store, NETWORK, compiled(NETWORK, law), RouteOrder(order((ONE, 1)), NOW)).record

    assert record.outcome is Outcome.UNSERVED
    assert "stock at TX is barred (not_texas:" in record.sentence
    assert any(barred.rule == "not_texas" for barred in record.barred)


def test_a_nodes_day_has_no_more_slots_than_its_ceiling(store):
    one_a_day = network(orders_per_day=1)
    put(store, {(ONE, "TX"): 9})
    routed = route_many(store, one_a_day, compiled(one_a_day), [order((ONE, 1), name=f"A-{n}") for n in range(3)], NOW)
    days = [r.record.choice.shipments[0].candidate.ship_on.isoformat() for r in routed if r.record.choice]

    assert days == ["2026-11-20", "2026-11-23", "2026-11-24"]


class Faster:
    """A store in which others take the stock of some nodes between our look and our reservation."""

    def __init__(self, store: Store, quick: set[str]) -> None:
        self.store, self.quick, self.tries = store, quick, 0

    def transaction(self):
        return _Raced(self, self.store.transaction())


class _Raced:
    def __init__(self, faster: Faster, inner) -> None:
        self.faster, self.inner = faster, inner

    def __enter__(self):
        self.books = self.inner.__enter__()
        return self

    def __exit__(self, *said):
        return self.inner.__exit__(*said)

    def __getattr__(self, name):
        return getattr(self.books, name)

    def reserve(self, reservation, slots=(), **how):
        self.faster.tries += 1
        for line in reservation.lines:
            if line.node in self.faster.quick:
                return Short(line.sku, line.node, line.units, f"{line.node} has too few {line.sku} left")
        return self.books.reserve(reservation, slots)


def test_who_loses_the_race_takes_the_next_plan_and_says_so(store):
    put(store, {(ONE, "TX"): 5, (ONE, "NJ"): 5, (ONE, "CA"): 5})
    faster = Faster(store, {"TX"})

    record = route_order(faster, NETWORK, POLICY, RouteOrder(order((ONE, 2)), NOW)).record  # type: ignore[arg-type]

    assert record.outcome is Outcome.EXECUTED
    assert record.choice is not None
    assert record.choice.nodes != ("TX",)
    assert "TX" in [plan.nodes[0] for plan in record.alternatives]
    assert "instead of the cheapest (others were faster: TX has too few" in record.sentence


def test_who_loses_three_races_leaves_it_to_a_person_and_reserves_nothing(store):
    put(store, {(ONE, node.id): 5 for node in nodes()})
    faster = Faster(store, {str(node.id) for node in nodes()})

    record = route_order(faster, NETWORK, POLICY, RouteOrder(order((ONE, 2)), NOW)).record  # type: ignore[arg-type]

    assert faster.tries == 3
    assert record.outcome is Outcome.UNSERVED
    assert record.sentence.startswith("No plan could be reserved: others were faster")
    assert reserved(store) == {}
    assert told(store) == ["OrderNotRouted"]


def test_rates_out_of_date_are_used_and_flagged(store):
    from datetime import date

    old = ShippingNetwork(nodes(), items(), RateBook.from_frames(**frames(on=date(2024, 1, 1))), Costs(), "sha256:old")
    put(store, {(ONE, "TX"): 5})

    record = route_order(store, old, compiled(old), RouteOrder(order((ONE, 1)), NOW)).record

    assert record.outcome is Outcome.EXECUTED
    assert any("ups:ground: its rate card is" in warning for warning in record.inputs.warnings)


def test_orders_routed_one_after_the_other_never_take_more_than_there_is(store):
    put(store, {(ONE, "TX"): 7, (ONE, "NJ"): 4})
    routed = route_many(store, NETWORK, POLICY, [order((ONE, 2), name=f"A-{n}") for n in range(8)], NOW)
    outcomes = [r.record.outcome for r in routed]

    # Eleven units serve five orders of two; the fifth takes one of each node, the sixth finds one unit.
    assert outcomes == [Outcome.EXECUTED] * 5 + [Outcome.UNSERVED] * 3
    assert sum(reserved(store).values()) == 10
    assert len(routed[4].record.choice.shipments) in (1, 2)  # type: ignore[union-attr]


def test_an_expired_reservation_of_another_order_does_not_block(store):
    put(store, {(ONE, "TX"): 1})
    with store.transaction() as books:
        held = Reservation(
            ReservationId("other"), order((ONE, 1), name="B-1").id, (ReservationLine(ONE, NodeId("TX"), Units(1)),),
            NOW - timedelta(hours=2), NOW - timedelta(hours=1),
        )  # fmt: skip
        assert books.reserve(held) is None
    blocked = route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 1)), NOW))

    assert blocked.record.outcome is Outcome.UNSERVED
    assert "wanted 1, the network has 0" in blocked.record.sentence


SCRIPT = """
import os, sys
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from tests.operations.test_route_order import records
sys.stdout.write(records())
"""


def knowing() -> ShippingNetwork:
    """The network with everything a decision can know: doubt, two futures of prices, and a gate."""
    made = network(orders_per_day=40)
    nodes, skus = [node.id for node in made.nodes], sorted(items())
    worth = np.random.default_rng(6).integers(0, 300, (2, len(nodes), len(skus)))
    made.known = Knowledge(
        {(sku, node): 1_000 * n for n, (sku, node) in enumerate(itertools.product(skus[:9], nodes))},
        Scenarios(worth, {sku: n for n, sku in enumerate(skus)}, "sha256:scenarios"),
        30_000,
        "sha256:known",
    )
    return made


def records() -> str:
    """Digests of thirty decisions, some short, some split, some late, some a person's, one too large for the exact search."""
    store, rng, shipping = MemoryStore(), np.random.default_rng(4), knowing()
    with store.transaction() as books:
        books.put_capacity_prices([CapacityPrice("node", "TX", NOW.date(), NOW, "repricing", Cents(120))])
        books.put_prices([Price(Sku("SKU-003"), NodeId("TX"), NOW, "nightly", Cents(90))])
    said = []
    for n in range(30):
        of = random_order(rng, lines=16 if n == 7 else int(rng.integers(1, 6)), name=f"A-{n}")
        of = replace(of, tags=frozenset({"gift", "vip", "first"}), lines=(*of.lines, OrderLine("z", ONE, Units(1))))  # type: ignore[arg-type]
        if n % 5 == 0:
            of = replace(of, lines=tuple(replace(line, kit="set") for line in of.lines))
        for line in of.lines:
            put(store, {(line.sku, k): int(rng.integers(0, 9)) for k in ("CA", "NJ", "TX", "PA")})
        if n == 10:
            with store.transaction() as books:
                books.set_quotas([Quota(ONE, NodeId(k), "vip", Units(2)) for k in ("CA", "NJ", "TX", "PA")])
        said.append(route_order(store, shipping, POLICY, RouteOrder(of, NOW, prove=True)).record.digest())
    return "\n".join(said)


def test_the_same_inputs_give_the_same_bytes_in_another_process_zone_language_and_on_one_core():
    root = Path(__file__).resolve().parents[2]
    here = records()
    said = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=os.environ | {"PYTHONHASHSEED": "77", "TZ": "Pacific/Auckland", "LC_ALL": "C", "NUMBA_NUM_THREADS": "1", "PYTHONPATH": str(root)},
        cwd=root, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert said.stdout == here
