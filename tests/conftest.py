"""Stores for the tests: memory, SQLite in a folder of its own, PostgreSQL in a database of its own."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings

from evenstock.operations.ports import Store
from evenstock.storage import open_store
from evenstock.storage.migrate import upgrade

# Nothing is timed in tests. And a change is judged by what it does, not by luck: the examples are the same each time;
# EVENSTOCK_EXPLORE=1 draws fresh ones.
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile("explore" if os.environ.get("EVENSTOCK_EXPLORE") else "same")

SERVER = os.environ.get("EVENSTOCK_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
KINDS = ("memory", "sqlite", "postgres")
_unreachable: list[str] = []


def _administer(statement: str) -> None:
    if not _unreachable:
        try:
            with psycopg.connect(SERVER, autocommit=True, connect_timeout=5) as connection:
                connection.execute(statement.encode())
        except psycopg.OperationalError as error:
            _unreachable.append(
                f"no PostgreSQL answers at {SERVER} ({str(error).splitlines()[0]}): start one, or set "
                "EVENSTOCK_TEST_POSTGRES to a server where databases may be made, or run `make test`"
            )
    if _unreachable:
        pytest.fail(_unreachable[0], pytrace=False)


def address_of(database: str) -> str:
    """The test server's address with another database."""
    head, _, options = SERVER.partition("?")
    base, _, _ = head.rpartition("/")
    return f"{base}/{database}" + (f"?{options}" if options else "")


@contextmanager
def _fresh_database(template: str = "template0") -> Iterator[str]:
    name = f"evenstock_test_{secrets.token_hex(6)}"
    _administer(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield name
    finally:
        _administer(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def empty_database() -> Iterator[str]:
    """Address of a PostgreSQL database without tables."""
    with _fresh_database() as name:
        yield address_of(name)


@pytest.fixture(scope="session")
def migrated_database() -> Iterator[str]:
    """Name of a database with the tables and no rows, to copy from."""
    with _fresh_database() as name:
        upgrade(address_of(name))
        yield name


@pytest.fixture
def postgres_url(migrated_database: str) -> Iterator[str]:
    """Address of a database with the tables and no rows, of this test alone."""
    with _fresh_database(migrated_database) as name:
        yield address_of(name)


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store of each kind in turn."""
    match request.param:
        case "memory":
            opened = open_store("memory:")
        case "sqlite":
            opened = open_store(f"sqlite:///{tmp_path / 'books.db'}")
        case _:
            opened = open_store(request.getfixturevalue("postgres_url"))
    yield opened
    opened.close()


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Store]:
    opened = open_store(postgres_url)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def fresh_stores(migrated_database: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], object]:
    """A context manager that opens one empty store of each kind, as often as a test wants."""

    @contextmanager
    def opened() -> Iterator[dict[str, Store]]:
        folder = tmp_path_factory.mktemp("books")
        with _fresh_database(migrated_database) as name:
            urls = ("memory:", f"sqlite:///{folder / 'books.db'}", address_of(name))
            stores = dict(zip(KINDS, map(open_store, urls), strict=True))
            yield stores
            for each in stores.values():
                each.close()

    return opened


@pytest.fixture
def memory() -> Store:
    return open_store("memory:")
