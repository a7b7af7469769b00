"""The data dictionary is complete: every column has a meaning, every number a unit, every reference a place."""

import dataframely as dy
import polars as pl
import pytest

from evenstock import tables
from evenstock.domain import Costs

ALL = tables.INPUT | tables.RESULT


@pytest.mark.parametrize("name", ALL)
def test_every_column_says_what_it_means(name: str) -> None:
    for column, spec in ALL[name].columns().items():
        assert spec.description, f"{name}.{column} has no description"
        if isinstance(spec, dy.Int64 | dy.Float64) and column not in {"probability", "dispersion"}:
            assert (spec.metadata or {}).get("unit"), f"{name}.{column} is a number without a unit"


@pytest.mark.parametrize("name", ALL)
def test_every_table_says_what_it_is_and_has_a_key(name: str) -> None:
    assert ALL[name].__doc__
    assert ALL[name].primary_key()


def test_references_name_columns_that_exist() -> None:
    for (table, column), (other, key) in tables.REFERENCES.items():
        assert column in tables.INPUT[table].columns()
        assert key in tables.INPUT[other].columns()


def test_a_default_is_of_its_columns_kind() -> None:
    for schema in tables.INPUT.values():
        row: dict[str, object] = {}
        for column, spec in schema.columns().items():
            default = (spec.metadata or {}).get("default")
            if default is not None:
                row[column] = default
                series = pl.Series(column, [default])
                assert series.dtype in {pl.String, pl.Int64, pl.Boolean, pl.Float64}, f"{schema.__name__}.{column}"


def test_the_costs_table_names_exactly_the_costs_there_are() -> None:
    assert set(tables.Costs.columns()["cost"].categories) == set(Costs.__dataclass_fields__)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("nodes", {"cutoff": "25:00"}),
        ("nodes", {"working_days": "08"}),
        ("items", {"weight_g": -1}),
        ("items", {"gtin": "123"}),
        ("stock", {"on_hand": -4}),
    ],
)
def test_nonsense_does_not_pass(table: str, row: dict[str, object]) -> None:
    schema = tables.INPUT[table]
    good = schema.sample(1)
    bad = good.with_columns(**{k: pl.lit(v, dtype=good.schema[k]) for k, v in row.items()})

    assert schema.is_valid(good)
    assert not schema.is_valid(bad)
