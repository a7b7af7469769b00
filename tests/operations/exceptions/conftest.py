"""Every exception is tried over the books in memory and in a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from evenstock.operations.ports import Store
from evenstock.storage import open_store


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened = open_store("memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'books.db'}")
    yield opened
    opened.close()
