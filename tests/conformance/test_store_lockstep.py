"""One random life, lived by three stores at once beside a model small enough to trust."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from evenstock.domain import (
    Account,
    Bucket,
    Case,
    CaseId,
    CaseKind,
    CaseState,
    Cause,
    Movement,
    MovementId,
    NodeId,
    OrderId,
    Quota,
    Reservation,
    ReservationId,
    ReservationLine,
    ReservationState,
    Sku,
    StockObservation,
    Units,
)
from evenstock.operations.check_books import check_books
from evenstock.operations.ports import ConflictError, Slot, Store, StoreError, Transaction

NOW = datetime(2026, 11, 20, 14, tzinfo=UTC)
TODAY = date(2026, 11, 20)
CLASSES = ("club", "vip")
SKUS, NODES, SOURCES = (Sku("MUG"), Sku("TEA")), (NodeId("PA"), NodeId("TX")), ("shop", "wms")
CEILING = 4
T = TypeVar("T")
Stores = dict[str, Store]
Opened = Callable[[], AbstractContextManager[Stores]]

places = st.tuples(st.sampled_from(SKUS), st.sampled_from(NODES))
few = st.integers(1, 9)


@dataclass
class Shelf:
    """What the model knows of one item at one node: plain counters, no accounts, no movements."""

    available: int = 0
    reserved: int = 0
    allocated: int = 0
    held: int = 0
    in_transit: int = 0
    shortfall: int = 0
    buffer: int = 0
    came_in: int = 0
    """Net units that crossed the border into the network here."""

    def put(self, units: int) -> None:
        """Units become free: a shortfall takes them first."""
        repaid = min(units, self.shortfall)
        self.shortfall -= repaid
        self.available += units - repaid

    def physical(self) -> int:
        return self.available + self.reserved + self.allocated + self.held - self.shortfall


@dataclass
class Model:
    shelves: dict[tuple[Sku, NodeId], Shelf] = field(default_factory=dict)
    taken: dict[NodeId, int] = field(default_factory=lambda: dict.fromkeys(NODES, 0))
    said: dict[tuple[Sku, NodeId, str, int], int] = field(default_factory=dict)
    newest: dict[tuple[Sku, NodeId, str], int] = field(default_factory=dict)
    promised: dict[ReservationId, tuple[Reservation, bool, ReservationState]] = field(default_factory=dict)

    kept: dict[tuple[Sku, NodeId, str], tuple[int, int]] = field(default_factory=dict)
    """Units kept for a class of customers, and those of them that are taken."""
    drawn: dict[ReservationId, dict[tuple[Sku, NodeId, str], int]] = field(default_factory=dict)
    cases: dict[CaseId, Case] = field(default_factory=dict)

    def left(self, place: tuple[Sku, NodeId], order_class: str) -> int:
        units, taken = self.kept.get((*place, order_class), (0, 0))
        return units - taken

    def others(self, place: tuple[Sku, NodeId], order_class: str) -> int:
        return sum(self.left(place, name) for name in CLASSES if name != order_class)

    def draw(self, place: tuple[Sku, NodeId], order_class: str, units: int) -> None:
        kept, taken = self.kept[(*place, order_class)]
        self.kept[(*place, order_class)] = (kept, taken + units)

    def shelf(self, sku: Sku, node: NodeId) -> Shelf:
        return self.shelves.setdefault((sku, node), Shelf())


def observed(source: str, version: int) -> datetime:
    """A source speaks once a minute; `wms` half a minute after `shop`."""
    return NOW + timedelta(minutes=version, seconds=30 * SOURCES.index(source))


def account(sku: Sku, node: NodeId, bucket: Bucket, cause: Cause = Cause.NONE) -> Account:
    return Account(sku, node, bucket, cause=cause)


class Lockstep(RuleBasedStateMachine):
    """Each step is done by all three stores; all must say the same, and the model must agree."""

    open_stores: Opened

    def __init__(self) -> None:
        super().__init__()
        self.life = ExitStack()
        self.model = Model()
        self.movements: list[Movement] = []
        self.number = 0
        self.clock = NOW

    @initialize()
    def begin(self) -> None:
        self.stores = self.life.enter_context(type(self).open_stores())

    def teardown(self) -> None:
        self.life.close()

    # --- doing the same thing three times ---------------------------------------------------------------------------
    def all_say(self, deed: Callable[[Transaction], T]) -> T | type[StoreError]:
        """What the stores answer, or the kind of error they raise; they must agree."""
        answers: dict[str, object] = {}
        for name, store in self.stores.items():
            try:
                with store.transaction() as t:
                    answers[name] = deed(t)
            except StoreError as refusal:
                answers[name] = type(refusal)
        assert answers["memory"] == answers["sqlite"] == answers["postgres"]
        return answers["memory"]  # type: ignore[return-value]

    def name(self, kind: str) -> str:
        self.number += 1
        return f"{kind}{self.number}"

    def post(self, units: int, source: Account, destination: Account) -> int | type[StoreError]:
        movement = Movement(MovementId(self.name("m")), Units(units), source, destination, self.clock, "step")
        answer = self.all_say(lambda t: t.post([movement], self.clock))
        if answer == 1:
            self.movements.append(movement)
        return answer

    # --- stock comes, goes and moves ---------------------------------------------------------------------------------
    @rule(place=places, units=few)
    def receive(self, place: tuple[Sku, NodeId], units: int) -> None:
        world = account(*place, Bucket.OUTSIDE, Cause.SUPPLIER)
        assert self.post(units, world, account(*place, Bucket.AVAILABLE)) == 1
        shelf = self.model.shelf(*place)
        shelf.put(units)
        shelf.came_in += units

    @rule(place=places, units=few)
    def damage(self, place: tuple[Sku, NodeId], units: int) -> None:
        shelf = self.model.shelf(*place)
        answer = self.post(units, account(*place, Bucket.AVAILABLE), account(*place, Bucket.OUTSIDE, Cause.DAMAGE))
        if units > shelf.available:
            assert answer is StoreError
        else:
            assert answer == 1
            shelf.available -= units
            shelf.came_in -= units

    @rule(place=places, units=few, back=st.booleans())
    def hold_or_release(self, place: tuple[Sku, NodeId], units: int, back: bool) -> None:
        shelf = self.model.shelf(*place)
        free, held = account(*place, Bucket.AVAILABLE), account(*place, Bucket.HELD)
        answer = self.post(units, held, free) if back else self.post(units, free, held)
        if units > (shelf.held if back else shelf.available):
            assert answer is StoreError
        elif back:
            shelf.held -= units
            shelf.put(units)
        else:
            shelf.available -= units
            shelf.held += units

    @rule(sku=st.sampled_from(SKUS), units=few, arrive=st.booleans())
    def transfer(self, sku: Sku, units: int, arrive: bool) -> None:
        origin, there = self.model.shelf(sku, NODES[0]), self.model.shelf(sku, NODES[1])
        road = account(sku, NODES[1], Bucket.IN_TRANSIT)
        if arrive:
            answer = self.post(units, road, account(sku, NODES[1], Bucket.AVAILABLE))
            enough = units <= there.in_transit
        else:
            answer = self.post(units, account(sku, NODES[0], Bucket.AVAILABLE), road)
            enough = units <= origin.available
        assert (answer == 1) is enough
        if enough and arrive:
            there.in_transit -= units
            there.put(units)
        elif enough:
            origin.available -= units
            there.in_transit += units

    @precondition(lambda self: self.movements)
    @rule(data=st.data(), tamper=st.booleans())
    def report_a_movement_again(self, data: st.DataObject, tamper: bool) -> None:
        movement = data.draw(st.sampled_from(self.movements))
        if tamper:
            other = Movement(
                movement.id, Units(movement.units + 1), movement.source, movement.destination, NOW, "tampered"
            )
            assert self.all_say(lambda t: t.post([other], self.clock)) is ConflictError
        else:
            assert self.all_say(lambda t: t.post([movement, movement], self.clock)) == 0

    @rule(place=places, units=st.integers(0, 4))
    def set_buffer(self, place: tuple[Sku, NodeId], units: int) -> None:
        self.all_say(lambda t: t.set_buffer(*place, Units(units)))
        self.model.shelf(*place).buffer = units

    @rule(place=places, units=st.integers(0, 12), source=st.sampled_from(SOURCES), version=st.integers(1, 6))
    def count(self, place: tuple[Sku, NodeId], units: int, source: str, version: int) -> None:
        """Counts come in any order and again; a source never says two things under one version."""
        model, shelf = self.model, self.model.shelf(*place)
        units = model.said.setdefault((*place, source, version), units)
        observation = StockObservation(source, *place, Units(units), observed(source, version), version)
        moves = self.all_say(lambda t: t.adjust_on_hand(observation, "count", self.clock))

        news = version > model.newest.get((*place, source), 0)
        others = [observed(s, v) for (sku, node, s), v in model.newest.items() if (sku, node) == place and s != source]
        if news:
            model.newest[(*place, source)] = version
        if not news or any(other > observed(source, version) for other in others):
            assert moves == []
            return
        found = units - shelf.physical()
        shelf.came_in += found
        if found > 0:
            shelf.put(found)
        else:
            from_shelf = min(shelf.available, -found)
            shelf.available -= from_shelf
            shelf.shortfall += -found - from_shelf
        assert shelf.physical() == units

    # --- promises ----------------------------------------------------------------------------------------------------
    @rule(place=places, order_class=st.sampled_from(CLASSES), units=st.integers(0, 6))
    def keep_for_a_class(self, place: tuple[Sku, NodeId], order_class: str, units: int) -> None:
        taken = self.model.kept.get((*place, order_class), (0, 0))[1]
        answer = self.all_say(lambda t: t.set_quotas([Quota(*place, order_class, Units(units))]))
        if units < taken:
            assert answer is ConflictError
        else:
            self.model.kept[(*place, order_class)] = (units, taken)

    @rule(
        wanted=st.lists(st.tuples(places, few), min_size=1, max_size=3),
        at=st.none() | st.sampled_from(NODES),
        order_class=st.sampled_from(["", "", *CLASSES]),
        may=st.booleans(),
    )
    def reserve(
        self, wanted: list[tuple[tuple[Sku, NodeId], int]], at: NodeId | None, order_class: str, may: bool
    ) -> None:
        lines = tuple(ReservationLine(sku, node, Units(units)) for (sku, node), units in wanted)
        name = self.name("r")
        made = Reservation(ReservationId(name), OrderId(name), lines, self.clock, self.clock + timedelta(minutes=3))
        slots = [Slot(at, TODAY, CEILING)] if at else []
        short = self.all_say(lambda t: t.reserve(made, slots, order_class=order_class, may_take_protected=may))

        totals: dict[tuple[Sku, NodeId], int] = {}
        for place, units in wanted:
            totals[place] = totals.get(place, 0) + units
        lacking = sorted(p for p, u in totals.items() if u > self.to_promise(p, order_class, may))
        if lacking:
            assert (short.sku, short.node) == lacking[0]  # type: ignore[union-attr]
        elif at and self.model.taken[at] >= CEILING:
            assert short.node == at  # type: ignore[union-attr]
        else:
            assert short is None
            self.model.promised[made.id] = (made, at is not None, ReservationState.PENDING)
            for place, units in totals.items():
                own = min(units, self.model.left(place, order_class))
                if own:
                    self.model.draw(place, order_class, own)
                    self.model.drawn.setdefault(made.id, {})[(*place, order_class)] = own
                self.model.shelf(*place).available -= units
                self.model.shelf(*place).reserved += units
            if at:
                self.model.taken[at] += 1
                self.slots = {**getattr(self, "slots", {}), made.id: at}

    def to_promise(self, place: tuple[Sku, NodeId], order_class: str, may: bool) -> int:
        shelf = self.model.shelf(*place)
        free = shelf.available - shelf.buffer
        return free if may else min(free, max(free, 0) - self.model.others(place, order_class))

    @precondition(lambda self: self.model.promised)
    @rule(data=st.data())
    def reserve_again(self, data: st.DataObject) -> None:
        made, _, _ = self.model.promised[data.draw(st.sampled_from(sorted(self.model.promised)))]
        assert self.all_say(lambda t: t.reserve(made)) is None
        other = Reservation(made.id, OrderId("another"), made.lines, made.made_at, made.expires_at)
        assert self.all_say(lambda t: t.reserve(other)) is ConflictError

    @precondition(lambda self: self.model.promised)
    @rule(data=st.data(), state=st.sampled_from(sorted(set(ReservationState) - {ReservationState.PENDING})))
    def settle(self, data: st.DataObject, state: ReservationState) -> None:
        name = data.draw(st.sampled_from(sorted(self.model.promised)))
        before = self.model.promised[name][2]
        answer = self.all_say(lambda t: t.settle(name, state, self.clock))
        if before is ReservationState.PENDING:
            assert answer is True
            self.settled(name, state)
        else:
            assert answer is (False if before is state else ConflictError)

    def settled(self, name: ReservationId, state: ReservationState) -> None:
        made, slotted, _ = self.model.promised[name]
        self.model.promised[name] = (made, slotted, state)
        for line in made.lines:
            shelf = self.model.shelf(line.sku, line.node)
            shelf.reserved -= line.units
            if state is ReservationState.POSTED:
                shelf.allocated += line.units
            else:
                shelf.put(line.units)
        if slotted and state is not ReservationState.POSTED:
            self.model.taken[self.slots[name]] -= 1
        if state is not ReservationState.POSTED:
            for (sku, node, order_class), units in self.model.drawn.get(name, {}).items():
                self.model.draw((sku, node), order_class, -units)

    # --- what waits --------------------------------------------------------------------------------------------------
    @rule(minutes=st.integers(0, 9), about=st.sampled_from(["order:A", "order:B"]))
    def open_a_case(self, minutes: int, about: str) -> None:
        due_at = self.clock + timedelta(minutes=minutes)
        made = Case(CaseId(self.name("c")), CaseKind.REVIEW, about, "why", "", "execute", "", self.clock, due_at)
        assert self.all_say(lambda t: t.put_case(made)) is None
        self.model.cases[made.id] = made

    @precondition(lambda self: self.model.cases)
    @rule(data=st.data(), seen=st.integers(0, 2), minutes=st.integers(0, 9) | st.none())
    def change_a_case(self, data: st.DataObject, seen: int, minutes: int | None) -> None:
        """Closed, or its deadline moved; whoever saw an older step is told."""
        found = self.model.cases[data.draw(st.sampled_from(sorted(self.model.cases)))]
        if found.state is CaseState.CLOSED:
            return
        if minutes is None:
            changed = replace(found, step=seen).closed(self.clock, "Ana", "done")
        else:
            changed = replace(found, step=seen + 1, due_at=self.clock + timedelta(minutes=minutes))
        answer = self.all_say(lambda t: t.change_case(seen, changed))
        if seen == found.step:
            assert answer is None
            self.model.cases[found.id] = changed
        else:
            assert answer is ConflictError

    @rule(minutes=st.integers(1, 4))
    def time_passes_and_promises_expire(self, minutes: int) -> None:
        self.clock += timedelta(minutes=minutes)
        pending = {n: r for n, (r, _, s) in self.model.promised.items() if s is ReservationState.PENDING}
        late = sorted((r.expires_at, n) for n, r in pending.items() if r.expires_at <= self.clock)
        assert self.all_say(lambda t: t.due(self.clock, 99)) == [n for _, n in late]
        for _, name in late:
            assert self.all_say(lambda t, n=name: t.settle(n, ReservationState.EXPIRED, self.clock)) is True
            self.settled(name, ReservationState.EXPIRED)

    @rule(place=places, units=few, key=st.sampled_from("abc"))
    def a_command_comes_once_or_again(self, place: tuple[Sku, NodeId], units: int, key: str) -> None:
        """The same key: one receipt, and the same answer for ever."""
        world, free = account(*place, Bucket.OUTSIDE, Cause.RETURN), account(*place, Bucket.AVAILABLE)
        movement = Movement(MovementId(f"return-{key}"), Units(units), world, free, self.clock, key)

        def command(t: Transaction) -> tuple[bytes, bool]:
            before = t.recall(key)
            if before is not None:
                return before.response, False
            t.post([movement], self.clock)
            t.remember(key, "digest", str(units).encode(), self.clock)
            return str(units).encode(), True

        response, first = self.all_say(command)  # type: ignore[misc]
        self.answers = getattr(self, "answers", {})
        assert first is (key not in self.answers)
        assert response == self.answers.setdefault(key, response)
        if first:
            self.model.shelf(*place).put(units)
            self.model.shelf(*place).came_in += units

    @rule(place=places, units=few)
    def a_transaction_fails(self, place: tuple[Sku, NodeId], units: int) -> None:
        """Whatever it did is undone: the invariants below compare with a model that never heard of it."""
        world, free = account(*place, Bucket.OUTSIDE, Cause.SUPPLIER), account(*place, Bucket.AVAILABLE)
        line = ReservationLine(*place, Units(units))
        made = Reservation(ReservationId("undone"), OrderId("undone"), (line,), NOW, NOW + timedelta(hours=1))

        def change_and_fail(t: Transaction) -> None:
            t.post([Movement(MovementId("undone"), Units(units), world, free, NOW, "undone")], NOW)
            t.reserve(made, [Slot(place[1], TODAY, 99)])
            t.set_buffer(*place, Units(99))
            raise ZeroDivisionError

        for store in self.stores.values():
            with pytest.raises(ZeroDivisionError), store.transaction() as t:
                change_and_fail(t)

    # --- what must hold after each step -------------------------------------------------------------------------------
    @invariant()
    def balances_are_the_model(self) -> None:
        expected = [
            (sku, node, "", s.available, s.reserved, s.allocated, s.held, s.in_transit, s.shortfall, s.buffer)
            for (sku, node), s in sorted(self.model.shelves.items())
            if (s.available, s.reserved, s.allocated, s.held, s.in_transit, s.shortfall, s.buffer) != (0,) * 7
        ]
        for name, store in getattr(self, "stores", {}).items():
            with store.reading() as t:
                assert t.balance_frame().rows() == expected, name
                assert t.recompute_balances().rows() == expected, f"{name}: the movements say otherwise"
                assert [r.id for r in t.pending()] == sorted(
                    n for n, (_, _, s) in self.model.promised.items() if s is ReservationState.PENDING
                ), name
                assert dict(t.slots_taken([TODAY])) == {(n, TODAY): k for n, k in self.model.taken.items() if k}, name
                kept = {(q.sku, q.node, q.order_class): (q.units, q.taken) for q in t.quotas(SKUS)}
                assert kept == self.model.kept, name
                cases = sorted(self.model.cases.values(), key=lambda case: (case.due_at, case.id))
                assert t.cases() == cases, name
                open_cases = [c for c in cases if c.state is CaseState.OPEN]
                assert t.cases(CaseState.OPEN) == open_cases, name
                assert t.due_cases(self.clock, 9) == [c.id for c in open_cases if c.due_at <= self.clock][:9], name
                outside = t.outside_frame().group_by("sku").agg(pl.col("units").sum()).sort("sku").rows()
            inside: dict[str, int] = {}
            for (sku, _), shelf in self.model.shelves.items():
                inside[sku] = inside.get(sku, 0) + shelf.came_in
            assert {k: -v for k, v in outside if v} == {k: v for k, v in inside.items() if v}, name

    @invariant()
    def nothing_is_oversold(self) -> None:
        for (sku, node), s in self.model.shelves.items():
            where = f"{sku} at {node}"
            assert min(s.available, s.reserved, s.allocated, s.held, s.in_transit, s.shortfall) >= 0, where
            assert s.reserved <= s.physical() + s.shortfall, where
            assert not (s.available and s.shortfall), f"{where}: free units beside a shortfall"


def test_three_stores_live_the_same_life(fresh_stores: Opened) -> None:
    class Life(Lockstep):
        open_stores = staticmethod(fresh_stores)

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Life,
        settings=settings(
            max_examples=20,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )


@pytest.fixture(scope="module")
def shared_stores(fresh_stores: Opened):  # type: ignore[no-untyped-def]
    with fresh_stores() as stores:
        yield stores


_examples = iter(range(10**9))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    st.dictionaries(st.tuples(st.sampled_from(SOURCES), st.integers(1, 5)), st.integers(0, 20), min_size=1).flatmap(
        lambda said: st.tuples(
            st.just(said),
            st.lists(st.sampled_from(sorted(said)), max_size=4).flatmap(lambda again: st.permutations([*said, *again])),
        )
    )
)
def test_counts_in_any_order_and_again_leave_the_same_stock(
    shared_stores: Stores, case: tuple[dict[tuple[str, int], int], list[tuple[str, int]]]
) -> None:
    """Any permutation with duplicates: on hand is what was said last, by the time observed."""
    said, arrivals = case
    sku, node = Sku(f"ITEM-{next(_examples)}"), NODES[0]
    last = max(said, key=lambda key: observed(*key))

    for name, store in shared_stores.items():
        for source, version in arrivals:
            units = Units(said[source, version])
            observation = StockObservation(source, sku, node, units, observed(source, version), version)
            with store.transaction() as t:
                t.adjust_on_hand(observation, "count", NOW)
        with store.transaction() as t:
            assert sum(b.on_hand for b in t.balances([sku])) == said[last], name


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.lists(few, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_receipts_in_any_order_and_again_leave_the_same_stock(shared_stores: Stores, units: list[int], random) -> None:  # type: ignore[no-untyped-def]
    sku, node = Sku(f"ITEM-{next(_examples)}"), NODES[0]
    world, free = account(sku, node, Bucket.OUTSIDE, Cause.SUPPLIER), account(sku, node, Bucket.AVAILABLE)
    receipts = [Movement(MovementId(f"{sku}:{k}"), Units(u), world, free, NOW, "po") for k, u in enumerate(units)]

    for name, store in shared_stores.items():
        arrivals = receipts + random.choices(receipts, k=3)
        random.shuffle(arrivals)
        for start in range(0, len(arrivals), 2):
            with store.transaction() as t:
                t.post(arrivals[start : start + 2], NOW)
        with store.transaction() as t:
            assert [b.available for b in t.balances([sku])] == [sum(units)], name


def test_after_all_that_the_books_are_whole(shared_stores: Stores) -> None:
    for name, store in shared_stores.items():
        assert check_books(store, NOW) == [], name
