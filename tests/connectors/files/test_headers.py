"""Columns are found by name; others of exact units are mapped; what is missing, doubled or strange is told."""

import pytest

from evenstock import tables
from evenstock.connectors.files.headers import aliases, match
from evenstock.connectors.files.problems import Found


def test_case_spaces_and_hyphens_do_not_matter() -> None:
    found = Found()

    matched = match("stock", ["SKU", " Node", "On-Hand", "Observed At"], "stock.csv", found)

    assert {c: s.name for c, s in matched.sources.items()} == {
        "sku": "SKU", "node": " Node", "on_hand": "On-Hand", "observed_at": "Observed At",
    }  # fmt: skip
    assert found.count == 0


def test_a_missing_column_is_refused_with_the_one_that_may_be_meant() -> None:
    found = Found()

    match("stock", ["sku", "warehouse", "quantity", "observedat"], "stock.csv", found)

    said = [str(problem) for problem in found.problems]
    assert said == [
        "stock.csv, value 'node': column node is missing; rename warehouse to node if that is what it holds",
        "stock.csv, value 'on_hand': column on_hand is missing; rename quantity to on_hand if that is what it holds",
        "stock.csv, value 'observed_at': column observed_at is missing; rename observedat to observed_at if that is what it holds",
    ]


def test_an_unknown_column_is_noted_with_the_nearest_known_one() -> None:
    found = Found()

    match("nodes", ["node", "kind", "postal_code", "timezone", "cut_off", "phone"], "nodes.csv", found)

    assert found.count == 0
    assert "nodes.csv: column cut_off is not in the dictionary and is left out; did you mean cutoff?" in found.notes
    assert "nodes.csv: column phone is not in the dictionary and is left out" in found.notes


def test_two_columns_for_one_are_refused() -> None:
    found = Found()

    match("items", ["sku", "weight_g", "Weight (kg)", "unit_cost", "price"], "items.csv", found)

    assert [p.what for p in found.problems] == ["weight_g and Weight (kg) both mean weight_g"]


@pytest.mark.parametrize(
    ("table", "name", "column", "sentence"),
    [
        ("items", "price", "price_cents", "1 unit of currency is 100"),
        ("items", "unit_cost_eur", "unit_cost_cents", "1 unit of currency is 100"),
        ("rates", "usd", "cents", "1 unit of currency is 100"),
        ("items", "weight_kg", "weight_g", "1 kg is 1000"),
        ("items", "weight_lb", "weight_g", "1 lb is 453.59237"),
        ("rates", "max_weight_oz", "max_weight_g", "1 oz is 28.349523125"),
        ("items", "length_in", "length_mm", "1 in is 25.4"),
        ("items", "width_cm", "width_mm", "1 cm is 10"),
    ],
)
def test_other_units_are_known_by_their_names(table: str, name: str, column: str, sentence: str) -> None:
    found, scale = aliases(table)[name]

    assert (found, scale.sentence) == (column, sentence)


def test_no_alias_hides_a_column() -> None:
    for table, schema in tables.INPUT.items():
        assert not set(aliases(table)) & set(schema.columns())
