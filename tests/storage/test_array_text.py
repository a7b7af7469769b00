"""What is written as an array is what PostgreSQL reads."""

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import address_of

from evenstock.operations.ports import StoreError
from evenstock.storage.array_text import array_text

TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["", "NULL", '"', "\\", "{}", "a,b", ' "x\\y" ', "\n"]
)


@given(st.lists(st.lists(TEXTS, max_size=6), max_size=30))
def test_postgresql_reads_what_was_written(postgres_address: str, rows: list[list[str]]) -> None:
    with psycopg.connect(postgres_address) as connection:
        for values in rows:
            (found,) = connection.execute("SELECT %s::text[]", (array_text(values),)).fetchone() or ([],)
            assert found == values


@pytest.fixture(scope="module")
def postgres_address(migrated_database: str) -> str:
    return address_of(migrated_database)


def test_a_zero_byte_is_refused_in_words() -> None:
    with pytest.raises(StoreError, match="byte zero"):
        array_text(["a\x00b"])
    with pytest.raises(StoreError, match="byte zero"):
        array_text(["\x00"])
