"""What an order holds stands in no error of the database: not in its sentence, nor in what a log would print of it."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from evenstock.operations.ports import Entry, Store, StoreError
from evenstock.storage import open_store

CANARY = "canary-customer-name"


def whole(error: BaseException) -> str:
    """Every text of an error and of all it came from, as a log with the whole trace would print it."""
    return "".join(traceback.format_exception(error))


@pytest.fixture(params=["sqlite", "postgres"])
def books(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    server = request.param == "postgres"
    opened = open_store(request.getfixturevalue("postgres_url") if server else f"sqlite:///{tmp_path / 'books.db'}")
    yield opened
    opened.close()


def refused(store: Store, statement: str, **values: Any) -> StoreError:
    with pytest.raises(StoreError) as told, store.transaction() as books:
        books.connection.execute(sa.text(statement), values)  # type: ignore[attr-defined]
    return told.value


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("INSERT INTO nothing_here (body) VALUES (:body)", "nothing_here"),
        ("INSERT INTO entry (kind, id, body, step, state) VALUES (:body, 'i', :body, NULL, '')", "step"),
    ],
)
def test_the_values_of_a_statement_are_hidden_and_the_sentence_still_helps(
    books: Store, statement: str, said: str
) -> None:
    error = refused(books, statement, body=CANARY)
    assert CANARY not in whole(error)
    assert said in str(error)
    assert "nothing was changed" in str(error)


def test_a_value_that_the_driver_cannot_take_is_hidden_too(books: Store) -> None:
    with pytest.raises((StoreError, sa.exc.SQLAlchemyError)) as told, books.transaction() as t:
        t.connection.execute(  # type: ignore[attr-defined]
            sa.text("SELECT CAST(:body AS text), :other"), {"body": CANARY, "other": object()}
        )
    assert CANARY not in whole(told.value)


def test_the_same_thing_twice_is_told_without_what_it_is(books: Store) -> None:
    with books.transaction() as t:
        t.enter(Entry("run", CANARY, {"name": CANARY}))
    error = refused(
        books, "INSERT INTO entry (kind, id, body, step, state) VALUES ('run', :body, '{}', 0, '')", body=CANARY
    )
    assert CANARY not in whole(error)
    assert "nothing was changed" in str(error)
