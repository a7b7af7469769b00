"""Units kept for a class of customers: one suite over memory, SQLite and PostgreSQL, and many buyers at once."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from evenstock.domain import (
    Account,
    Bucket,
    Cause,
    LotId,
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
    Units,
)
from evenstock.operations.check_books import check_books
from evenstock.operations.ports import ConflictError, Slot, Store

NOW = datetime(2026, 11, 20, 14, tzinfo=UTC)
MUG, TEA = Sku("MUG"), Sku("TEA")
TX, PA = NodeId("TX"), NodeId("PA")


def shelve(store: Store, units: int, sku: Sku = MUG, node: NodeId = TX, lot: str = "") -> None:
    world = Account(sku, node, Bucket.OUTSIDE, LotId(lot), Cause.OPENING)
    shelf = Account(sku, node, Bucket.AVAILABLE, LotId(lot))
    name = MovementId(f"open-{sku}-{node}-{lot}")
    with store.transaction() as t:
        t.post([Movement(name, Units(units), world, shelf, NOW, "opening")], NOW)


def keep(store: Store, **units: int) -> None:
    """So many mugs at TX for each class."""
    with store.transaction() as t:
        t.set_quotas([Quota(MUG, TX, name, Units(n)) for name, n in units.items()])


def wanted(name: str, *lines: tuple[int, str], sku: Sku = MUG, node: NodeId = TX) -> Reservation:
    """Units and lots of mugs at TX."""
    made = tuple(ReservationLine(sku, node, Units(n), LotId(lot)) for n, lot in lines)
    return Reservation(ReservationId(name), OrderId(f"o-{name}"), made, NOW, NOW + timedelta(hours=1))


def buys(store: Store, order_class: str, units: int, name: str = "", *, may: bool = False) -> str:
    """Why not; empty when reserved."""
    name = name or f"{order_class}-{units}"
    with store.transaction() as t:
        short = t.reserve(wanted(name, (units, "")), order_class=order_class, may_take_protected=may)
    return short.because if short else ""


def taken(store: Store) -> dict[str, tuple[int, int]]:
    with store.reading() as t:
        return {q.order_class: (q.units, q.taken) for q in t.quotas([MUG])}


def settle(store: Store, name: str, state: ReservationState) -> None:
    with store.transaction() as t:
        t.settle(ReservationId(name), state, NOW)


def test_others_leave_what_is_kept_untouched(store: Store) -> None:
    """10 there, 4 kept for vip: others get 6, and vip its 4."""
    shelve(store, 10)
    keep(store, vip=4)

    assert buys(store, "standard", 7) == "MUG at TX: 7 units are there, but kept for other classes of customers"
    assert buys(store, "", 6) == ""
    assert buys(store, "standard", 1) == "MUG at TX: 1 units are there, but kept for other classes of customers"
    assert buys(store, "vip", 4) == ""
    assert taken(store) == {"vip": (4, 4)}
    assert buys(store, "vip", 1, "more") == "MUG at TX: fewer than 1 units are left to promise"
    assert check_books(store, NOW) == []


def test_a_class_draws_on_its_own_quota_first_and_then_on_what_is_free(store: Store) -> None:
    """10 there, 4 kept for vip and 3 for club: vip may have 4 + (10 - 4 - 3) = 7, of which 4 are its own."""
    shelve(store, 10)
    keep(store, vip=4, club=3)

    assert buys(store, "vip", 8) != ""
    assert buys(store, "vip", 7) == ""
    assert taken(store) == {"club": (3, 0), "vip": (4, 4)}
    assert buys(store, "standard", 1) != ""
    assert buys(store, "club", 3) == ""


def test_the_buffer_comes_before_any_quota(store: Store) -> None:
    """10 there, 2 never promised, 4 kept: others get 4, not 6."""
    shelve(store, 10)
    keep(store, vip=4)
    with store.transaction() as t:
        t.set_buffer(MUG, TX, Units(2))

    assert buys(store, "standard", 5) != ""
    assert buys(store, "standard", 4) == ""
    assert buys(store, "vip", 4) == ""


def test_whoever_may_take_protected_units_does_and_the_class_goes_short(store: Store) -> None:
    shelve(store, 5)
    keep(store, vip=4)

    assert buys(store, "standard", 4, may=True) == ""
    assert taken(store) == {"vip": (4, 0)}, "kept still, and waits for stock: 1 unit is there"
    assert buys(store, "vip", 2) == "MUG at TX: fewer than 2 units are left to promise"
    assert buys(store, "vip", 1) == ""


@pytest.mark.parametrize("state", [ReservationState.VOIDED, ReservationState.EXPIRED])
def test_what_was_drawn_goes_back_with_the_reservation(store: Store, state: ReservationState) -> None:
    shelve(store, 10)
    keep(store, vip=4)
    assert buys(store, "vip", 6, "r") == ""
    assert taken(store) == {"vip": (4, 4)}

    settle(store, "r", state)

    assert taken(store) == {"vip": (4, 0)}
    assert buys(store, "standard", 7) != ""


def test_what_was_shipped_stays_taken(store: Store) -> None:
    shelve(store, 10)
    keep(store, vip=4)
    buys(store, "vip", 3, "r")

    settle(store, "r", ReservationState.POSTED)

    assert taken(store) == {"vip": (4, 3)}
    assert buys(store, "standard", 6) == "", "10 - 3 - 1 = 6"
    assert buys(store, "standard", 1) != ""


def test_a_quota_is_over_all_lots(store: Store) -> None:
    """6 of lot A and 4 of lot B, 5 kept: others may empty B, and take one of A; which lots remain is not asked."""
    shelve(store, 6, lot="A")
    shelve(store, 4, lot="B")
    keep(store, vip=5)

    def takes(name: str, *lines: tuple[int, str], order_class: str = "standard") -> bool:
        with store.transaction() as t:
            return t.reserve(wanted(name, *lines), order_class=order_class) is None

    assert not takes("1", (4, "B"), (2, "A")), "6 of 10 leaves 4 for 5"
    assert takes("2", (4, "B"))
    assert takes("3", (1, "A"))
    assert not takes("4", (1, "A"))
    assert takes("5", (5, "A"), order_class="vip")
    assert taken(store) == {"vip": (5, 5)}


def test_a_lot_that_arrives_later_is_counted(store: Store) -> None:
    shelve(store, 2, lot="A")
    keep(store, vip=2)
    assert buys(store, "standard", 1) != ""

    shelve(store, 3, lot="B")

    with store.transaction() as t:
        assert t.reserve(wanted("r", (2, "A"), (1, "B")), order_class="standard") is None


def test_a_loser_draws_nothing(store: Store) -> None:
    """The tea is short, or the day full: the mugs drawn before it go back."""
    shelve(store, 10)
    shelve(store, 1, TEA)
    keep(store, vip=4)
    both = Reservation(
        ReservationId("r"),
        OrderId("o"),
        (ReservationLine(MUG, TX, Units(2)), ReservationLine(TEA, TX, Units(2))),
        NOW,
        NOW + timedelta(hours=1),
    )

    with store.transaction() as t:
        assert t.reserve(both, order_class="vip") is not None
        assert t.reserve(wanted("s", (1, "")), [Slot(TX, NOW.date(), 0)], order_class="vip") is not None

    assert taken(store) == {"vip": (4, 0)}


def test_the_same_reservation_again_draws_once(store: Store) -> None:
    shelve(store, 10)
    keep(store, vip=4)

    for _ in range(2):
        assert buys(store, "vip", 3, "r") == ""

    assert taken(store) == {"vip": (4, 3)}
    settle(store, "r", ReservationState.VOIDED)
    assert taken(store) == {"vip": (4, 0)}


def test_a_quota_set_again_keeps_what_is_taken_and_never_shrinks_below_it(store: Store) -> None:
    shelve(store, 10)
    keep(store, vip=4, club=1)
    buys(store, "vip", 3)

    keep(store, vip=6)
    assert taken(store) == {"club": (1, 0), "vip": (6, 3)}
    with store.transaction() as t:
        with pytest.raises(ConflictError, match="MUG at TX: 3 units of the quota of vip are taken already; it cannot"):
            t.set_quotas([Quota(MUG, TX, "club", Units(9)), Quota(MUG, TX, "vip", Units(2))])
        t.set_quotas([Quota(MUG, PA, "vip", Units(1)), Quota(MUG, PA, "vip", Units(2))])
    with store.reading() as t:
        assert t.quotas([TEA]) == t.quotas([]) == []
        assert t.quotas([MUG, TEA, MUG]) == [
            Quota(MUG, PA, "vip", Units(2)),
            Quota(MUG, TX, "club", Units(1)),
            Quota(MUG, TX, "vip", Units(6), Units(3)),
        ], "the refused one changed nothing, the club's quota too"
    keep(store, vip=3)
    assert buys(store, "standard", 6) == "", "10 - 3 - 1 = 6: a quota of what is taken protects nothing more"


def test_a_quota_elsewhere_or_of_another_item_protects_nothing_here(store: Store) -> None:
    shelve(store, 5)
    with store.transaction() as t:
        t.set_quotas([Quota(MUG, PA, "vip", Units(5)), Quota(TEA, TX, "vip", Units(5))])

    assert buys(store, "standard", 5) == ""


def test_quotas_beyond_the_stock_wait_for_it(store: Store) -> None:
    """2 there, 3 kept for each of two classes: neither may take the other's, until more arrives: 2 + 4 - 3 = 3."""
    shelve(store, 2)
    keep(store, vip=3, club=3)
    assert buys(store, "vip", 1) != ""

    shelve(store, 4, lot="B")

    with store.transaction() as t:
        assert t.reserve(wanted("r", (3, "B")), order_class="vip") is None
    assert buys(store, "standard", 1) != ""


# --- many at once ----------------------------------------------------------------------------------------------------
def at_once(jobs: Sequence[Callable[[], str]], threads: int = 16) -> Counter[str]:
    gate = threading.Barrier(threads)
    shares = [jobs[k::threads] for k in range(threads)]

    def work(share: Sequence[Callable[[], str]]) -> list[str]:
        gate.wait(timeout=30)
        return [job() for job in share]

    with ThreadPoolExecutor(threads) as pool:
        return Counter(result for results in pool.map(work, shares) for result in results)


def race(store: Store, orders: int, threads: int = 16) -> Counter[str]:
    """Two of three orders are standard, one is vip, of one unit each; every fifth that was made is given back."""

    def buy(number: int) -> str:
        order_class = "vip" if number % 3 == 0 else "standard"
        if buys(store, order_class, 1, str(number)):
            return f"{order_class} went short"
        if number % 5 == 0:
            settle(store, str(number), ReservationState.VOIDED)
            return f"{order_class} changed their mind"
        return order_class

    return at_once([lambda n=n: buy(n) for n in range(orders)], threads)  # type: ignore[misc]


def test_protected_units_are_never_taken_under_races(postgres: Store) -> None:
    """100 there, buffer 5, 30 kept for vip; 240 standard and 120 vip orders: standard ends with at most 65."""
    shelve(postgres, 100)
    keep(postgres, vip=30)
    with postgres.transaction() as t:
        t.set_buffer(MUG, TX, Units(5))

    said = race(postgres, 360)

    assert said["standard"] <= 100 - 5 - 30
    assert said["standard"] + said["vip"] == 95, "what was given back was wanted by others"
    assert taken(postgres) == {"vip": (30, 30)}
    with postgres.reading() as t:
        (balance,) = t.balances([MUG])
    assert (balance.available, balance.reserved) == (5, 95)
    assert check_books(postgres, NOW) == []


def test_the_embedded_stores_protect_too(store: Store) -> None:
    shelve(store, 20)
    keep(store, vip=6)

    said = race(store, 72, threads=6)

    assert said["standard"] <= 14
    assert said["standard"] + said["vip"] == 20
    assert taken(store) == {"vip": (6, 6)}
    assert check_books(store, NOW) == []


def test_buyers_of_other_lots_race_for_the_same_protected_units(postgres: Store) -> None:
    """Half want lot A first, half lot B: 40 + 40 there, 50 kept, so others get 30 between them, not 30 each."""
    shelve(postgres, 40, lot="A")
    shelve(postgres, 40, lot="B")
    keep(postgres, vip=50)

    def buy(number: int) -> str:
        with postgres.transaction() as t:
            short = t.reserve(wanted(str(number), (1, "AB"[number % 2])), order_class="standard")
        return "short" if short else "sold"

    assert at_once([lambda n=n: buy(n) for n in range(128)]) == {"sold": 30, "short": 98}  # type: ignore[misc]
    assert check_books(postgres, NOW) == []


def test_two_items_in_opposite_orders_with_quotas_never_deadlock(postgres: Store) -> None:
    for sku in (MUG, TEA):
        shelve(postgres, 1_000, sku)
    with postgres.transaction() as t:
        t.set_quotas([Quota(sku, TX, name, Units(100)) for sku in (TEA, MUG) for name in ("vip", "club")])

    def buy(number: int) -> str:
        skus = (MUG, TEA) if number % 2 else (TEA, MUG)
        lines = tuple(ReservationLine(sku, TX, Units(1)) for sku in skus)
        name = str(number)
        made = Reservation(ReservationId(name), OrderId(name), lines, NOW, NOW + timedelta(hours=1))
        with postgres.transaction() as t:
            done = t.reserve(made, order_class=("vip", "club", "standard")[number % 3]) is None
        if number % 4 == 0:
            settle(postgres, name, ReservationState.VOIDED)
        if number % 16 == 0:
            with postgres.transaction() as t:
                t.set_quotas([Quota(sku, TX, "club", Units(100 + number)) for sku in skus])
        return "made" if done else "short"

    assert set(at_once([lambda n=n: buy(n) for n in range(192)])) == {"made"}  # type: ignore[misc]
    with postgres.reading() as t:
        # 64 of each class, of which those divisible by 4 were given back: 16 of 64.
        assert {(q.sku, q.order_class): q.taken for q in t.quotas([MUG, TEA])} == {
            (sku, name): 48 for sku in (MUG, TEA) for name in ("vip", "club")
        }
    assert check_books(postgres, NOW) == []
