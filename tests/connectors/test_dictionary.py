"""The printed dictionary says what `tables.py` says: every table, every column, nothing else."""

import json
import re

import polars as pl
import pytest

from evenstock import tables
from evenstock.connectors.dictionary import as_json_schema, as_markdown

ALL = tables.INPUT | tables.RESULT
KINDS = {"integer": int, "number": (int, float), "string": str, "boolean": bool, "null": type(None)}


def fits(value: object, schema: dict) -> bool:
    """A small validator for the words that our schema uses."""
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if isinstance(value, bool) != ("boolean" in kinds and isinstance(value, bool)):
        return False
    if not any(isinstance(value, KINDS[kind]) for kind in kinds):
        return False
    if value is None:
        return True
    return (
        ("enum" not in schema or value in schema["enum"])
        and ("minimum" not in schema or value >= schema["minimum"])
        and ("maximum" not in schema or value <= schema["maximum"])
        and ("pattern" not in schema or re.search(schema["pattern"], value) is not None)
        and ("maxLength" not in schema or len(value) <= schema["maxLength"])
    )


def row_fits(row: dict, schema: dict) -> bool:
    known = schema["properties"]
    return set(schema["required"]) <= set(row) <= set(known) and all(fits(v, known[c]) for c, v in row.items())


def test_the_schema_is_plain_json_of_the_2020_12_draft() -> None:
    schema = as_json_schema()

    assert json.loads(json.dumps(schema)) == schema
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["required"] == list(tables.REQUIRED)
    assert set(schema["$defs"]) == set(ALL)
    for name, table in schema["properties"].items():
        assert table["items"]["$ref"] == f"#/$defs/{name}"
    assert set(schema["properties"]) == set(tables.INPUT)


@pytest.mark.parametrize("name", ALL)
def test_a_column_has_its_unit_range_default_and_reference(name: str) -> None:
    table = as_json_schema()["$defs"][name]

    assert table["x-key"] == ALL[name].primary_key()
    for column, spec in ALL[name].columns().items():
        told = table["properties"][column]
        metadata = spec.metadata or {}
        assert told["description"] == spec.description
        assert (column in table["required"]) == ("default" not in metadata)
        assert told.get("default") == metadata.get("default")
        assert told.get("x-unit") == metadata.get("unit")
        assert (told.get("minimum"), told.get("maximum")) == (getattr(spec, "min", None), getattr(spec, "max", None))
        if (name, column) in tables.REFERENCES:
            other, key = tables.REFERENCES[name, column]
            assert told["x-references"] == {"table": other, "column": key}
        if "default" in metadata:
            assert fits(metadata["default"], told), "a default is lawful itself"


@pytest.mark.parametrize("name", ALL)
def test_sampled_rows_fit_the_schema_and_spoilt_ones_do_not(name: str) -> None:
    table = as_json_schema()["$defs"][name]
    frame = ALL[name].sample(3)
    text = [pl.col(c).cast(pl.String) for c, kind in frame.schema.items() if kind.is_temporal() or kind == pl.Enum]

    areas = [
        pl.lit("070").alias(c) for c in frame.columns if c.endswith("zip3")
    ]  # samples hold letters Python does not know

    for row in frame.with_columns(text).with_columns(areas).to_dicts():
        assert row_fits(row, table)
        assert not row_fits(row | {"stranger": 1}, table)
        for column, told in table["properties"].items():
            if column in table["required"]:
                assert not row_fits({k: v for k, v in row.items() if k != column}, table)
            if "minimum" in told:
                assert not row_fits(row | {column: told["minimum"] - 1}, table)
            if "enum" in told:
                assert not row_fits(row | {column: "no such"}, table)


def test_the_page_names_every_column_with_unit_default_and_meaning() -> None:
    page = as_markdown()

    for name, schema in ALL.items():
        section = page.split(f"### {name}\n")[1].split("\n#")[0]
        rows = [line for line in section.splitlines() if line.startswith("| `")]
        assert [row.split("`")[1] for row in rows] == list(schema.columns())
        for row, spec in zip(rows, schema.columns().values(), strict=True):
            assert len(re.findall(r"(?<!\\)\|", row)) == 8, "each row has the seven cells of its head"
            assert spec.description in row
            assert (spec.metadata or {}).get("unit", "") in row
    assert "| `sku` | text |  | `^\\S(.{0,198}\\S)?$` | required | yes | Item (one of `items.sku`) |" in page
    assert "| `cutoff` | text | HH:MM | `^([01]\\d\\|2[0-3]):[0-5]\\d$` | `14:00` |" in page
