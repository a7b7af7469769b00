"""Nobody can add a column that says something of a person without saying so."""

import dataclasses
import re
from pathlib import Path

import pytest

from evenstock import domain, tables
from evenstock.connectors.dictionary import as_markdown
from evenstock.operations.personal_data.tables import TABLES
from evenstock.storage.schema import metadata
from evenstock.tables.personal import DOMAIN, MARKS, NOT_PERSONAL, What, Whose, looks_personal

COLUMNS = [(name, column) for name, schema in (tables.INPUT | tables.RESULT).items() for column in schema.columns()]
FIELDS = [
    (kind.__name__, field.name)
    for kind in vars(domain).values()
    if isinstance(kind, type) and dataclasses.is_dataclass(kind)
    for field in dataclasses.fields(kind)
]
MAP = (Path(__file__).parents[1] / "docs" / "personal-data.md").read_text("utf-8")
WITHOUT_PERSONS = {
    "movement", "stock_balance", "stock_observation", "reservation", "reservation_line", "slot", "reservation_slot", "quota",
    "reservation_quota", "inbox", "lease", "transfer_plan", "plan_outcome", "transfer_order", "price", "capacity_price",
    "tries_week", "pointer", "audit_row", "audit_head",
}  # fmt: skip
"""Tables of the books that hold ids, units, cents, moments and states, and nothing that a person wrote or is."""
OF_STAFF = {"approval_request", "approval_vote"}
"""Who proposed and who voted answers for it: kept as the audit log is."""


@pytest.mark.parametrize(("table", "column"), [one for one in COLUMNS if looks_personal(one[1])])
def test_a_column_that_looks_personal_is_marked_or_says_why_not(table: str, column: str) -> None:
    assert ((table, column) in MARKS) != (f"{table}.{column}" in NOT_PERSONAL)


@pytest.mark.parametrize(("kind", "field"), sorted({one for one in FIELDS if looks_personal(one[1])}))
def test_a_field_that_looks_personal_is_marked_or_says_why_not(kind: str, field: str) -> None:
    assert ((kind, field) in DOMAIN) != (f"{kind}.{field}" in NOT_PERSONAL)


def test_marks_are_of_columns_and_fields_that_are_there() -> None:
    assert set(MARKS) <= set(COLUMNS)
    assert set(DOMAIN) <= set(FIELDS)
    assert set(NOT_PERSONAL) <= {f"{table}.{name}" for table, name in (*COLUMNS, *FIELDS)}


def test_every_table_that_says_where_somebody_lives_is_blanked_when_he_is_forgotten() -> None:
    located = {
        table for (table, _), mark in MARKS.items() if (mark.whose, mark.what) == (Whose.CUSTOMER, What.LOCATION)
    }
    assert located == set(TABLES)


def test_every_table_of_the_books_stands_in_the_map_or_holds_no_person() -> None:
    mapped = {name for name in metadata.tables if re.search(rf"`{name}`", MAP)}
    assert set(metadata.tables) == mapped | WITHOUT_PERSONS | OF_STAFF
    assert not mapped & WITHOUT_PERSONS


def test_the_dictionary_shows_the_marks() -> None:
    text = as_markdown()
    assert "Where it goes, as text (personal: location of a customer)" in text
    assert "Who counted (personal: identity of staff)" in text
