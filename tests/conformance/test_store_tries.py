"""What a week's tries have cost: one suite over memory, SQLite and PostgreSQL, and many buyers at once."""

import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest

from evenstock.operations.ports import Store, StoreError

MONDAY = date(2026, 11, 16)


def spend(store: Store, cents: int, most: int = 100, week: date = MONDAY) -> bool:
    with store.transaction() as t:
        return t.spend_on_try(week, cents, most)


def spent(store: Store, week: date = MONDAY) -> int | None:
    with store.reading() as t:
        return t.tries_cents(week)


def test_a_week_without_tries_has_cost_nothing_that_is_known(store: Store) -> None:
    assert spent(store) is None
    assert spend(store, 0)
    assert spent(store) == 0


def test_tries_add_up_to_the_budget_and_no_further(store: Store) -> None:
    """60 + 40 = 100; a cent more is refused, and so is 101 in a fresh week."""
    assert spend(store, 60)
    assert not spend(store, 41)
    assert spend(store, 40)
    assert not spend(store, 1)
    assert spent(store) == 100
    assert not spend(store, 101, week=MONDAY + timedelta(weeks=1))
    assert spent(store, MONDAY + timedelta(weeks=1)) is None


def test_each_week_has_its_own_budget(store: Store) -> None:
    assert spend(store, 100)
    assert spend(store, 100, week=MONDAY + timedelta(weeks=1))
    assert (spent(store), spent(store, MONDAY + timedelta(weeks=1))) == (100, 100)


def test_what_is_given_back_may_be_spent_again_even_where_the_budget_has_shrunk(store: Store) -> None:
    with store.transaction() as t:
        assert t.spend_on_try(MONDAY, 80, 100)
        assert t.spend_on_try(MONDAY, -80, 10)
    assert spent(store) == 0
    assert not spend(store, -5, week=MONDAY + timedelta(weeks=1)), "nothing was spent there"


def test_what_a_failed_transaction_spent_was_never_spent(store: Store) -> None:
    spend(store, 10)
    with contextlib.suppress(ZeroDivisionError), store.transaction() as t:
        assert t.spend_on_try(MONDAY, 50, 100)
        raise ZeroDivisionError
    assert spent(store) == 10


@pytest.mark.parametrize("ask", [lambda t, day: t.tries_cents(day), lambda t, day: t.spend_on_try(day, 1, 1)])
def test_a_week_is_named_by_its_monday(store: Store, ask: Callable[..., object]) -> None:
    with store.transaction() as t, pytest.raises(ValueError, match="by its Monday, not by Tuesday 2026-11-17"):
        ask(t, MONDAY + timedelta(days=1))


def test_a_reading_spends_nothing(store: Store) -> None:
    with pytest.raises(StoreError), store.reading() as t:
        t.spend_on_try(MONDAY, 1, 100)
    assert spent(store) is None


def test_sixteen_at_once_never_spend_more_than_the_budget(store: Store) -> None:
    """160 tries of 7 cents each, 500 allowed: 71 of them, 497 cents."""
    with ThreadPoolExecutor(16) as pool:
        allowed = list(pool.map(lambda _: spend(store, 7, 500), range(160)))

    assert sum(allowed) == 71
    assert spent(store) == 497
