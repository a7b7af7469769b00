"""What is written reads back the same, and one spoilt cell is always found where it stands."""

import datetime as dt
from pathlib import Path

import dataframely as dy
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evenstock import tables
from evenstock.connectors.files import read_folder, write_folder
from evenstock.connectors.files.cells import NOTHING, SHEET_ERRORS

NODES = ["TX", "NJ", "Köln Süd", "0007"]
SKUS = ["00012", "MUG", "12.0", "a,b", 'x"y', "é;é"]
SERVICES = ["ups:ground", "dhl:paket"]
SOURCES = ["shop", "Lager"]
NAME = tables.Nodes.columns()["node"].regex
DAY = dt.date(2026, 1, 1)
ZONES = {"America/Chicago", "Europe/Berlin", "UTC"}
LISTS = st.sampled_from(["", "hazmat", "hazmat;cold"])
words = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Zs", "Zl", "Zp", "Cs"]), min_size=1, max_size=8
)
free = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=12).map(str.strip)


def lawful(text: str) -> bool:
    return text not in {*NOTHING, *SHEET_ERRORS}


OWN = {
    "node": st.sampled_from(NODES), "origin": st.sampled_from(NODES[:2]), "destination": st.sampled_from(NODES[2:]),
    "sku": st.sampled_from(SKUS), "substitute": st.sampled_from(SKUS), "source": st.sampled_from(SOURCES), "service": st.sampled_from(SERVICES), "timezone": st.sampled_from(sorted(ZONES)),
    "country": st.sampled_from(["US", "DE", "FR"]), "postal_code": st.sampled_from(["07030", "75201-1234", "SW1A 1AA"]),
    "holidays": st.sampled_from(["", "2026-12-25;2027-01-01"]), "certifications": LISTS, "requires": LISTS,
    "parameters": st.sampled_from(["", "nodes=TX,NJ;share=0.5"]), "order_class": words.filter(lawful),
    "working_days": st.sampled_from(["12345", "7"]), "dispatch_days": st.sampled_from(["135"]),
    "pickup_days": st.sampled_from(["1234567", "3"]), "pickup_holidays": st.sampled_from(["", "2026-11-26; 2026-12-25"]),
    "cutoff": st.sampled_from(["00:00", "23:59"]), "gtin": st.sampled_from(["", "00012345678905"]),
    "zip3": st.sampled_from(["070", "752"]), "origin_zip3": st.sampled_from(["070"]), "destination_zip3": st.sampled_from(["752", "SW1"]),
    "service_level": st.sampled_from(["", "ground", "two_day", "next_day"]), "zone": st.just(2), "probability": st.just(1.0), "days": st.just(3), "held": st.just(0),
    "currency": st.just("USD"), "fuel_rule": st.just(""),
}  # fmt: skip

NAMED = {
    "nodes": ("node", NODES), "items": ("sku", SKUS), "rate_cards": ("service", SERVICES), "sources": ("source", SOURCES),
}  # fmt: skip
"""Tables that others refer to: every name that those may use stands there."""


def values(column: str, spec: dy.Column) -> st.SearchStrategy[object]:
    if column in OWN:
        return OWN[column]
    match spec:
        case dy.Int64():
            found = st.integers(spec.min, spec.max)
        case dy.Float64():
            found = st.floats(spec.min, spec.max, allow_nan=False, allow_infinity=False)
        case dy.Bool():
            found = st.booleans()
        case dy.Enum():
            found = st.sampled_from(list(spec.categories))
        case dy.Date():
            found = st.dates(DAY, dt.date(9999, 12, 31))
        case dy.Datetime():
            found = st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2100, 1, 1), timezones=st.just(dt.UTC))
        case dy.String(regex=str(pattern)) if pattern != NAME:
            found = st.from_regex(pattern, fullmatch=True).filter(lawful)
        case _:
            found = words.filter(lawful) if spec.regex or spec.primary_key else free.filter(lawful)
    return st.none() | found if spec.nullable else found


def frame(draw: st.DrawFn, table: str) -> pl.DataFrame:
    schema = tables.INPUT[table]
    columns = {c: values(c, s) for c, s in schema.columns().items()}
    keys = schema.primary_key()
    key = lambda row: tuple(row[k] for k in keys)  # noqa: E731
    rows = draw(st.lists(st.fixed_dictionaries(columns), min_size=table in tables.REQUIRED, max_size=4, unique_by=key))
    if table in NAMED:
        column, names = NAMED[table]
        row = rows[0] if rows else draw(st.fixed_dictionaries(columns))
        rows = [row | {column: name} for name in names]
    for row in rows:
        for column in ("valid_from", "deliver_by"):
            if isinstance(row.get(column), dt.date) and not isinstance(row[column], dt.datetime):
                row[column] = DAY if column == "valid_from" else row["placed_at"].date()
        if row.get("cover_high_days") is not None:
            row["cover_high_days"] = max(row["cover_low_days"], row["cover_high_days"])
        if "latitude" in row and row["latitude"] is None:
            row["longitude"] = None
        elif "longitude" in row and row["longitude"] is None:
            row["latitude"] = None
    if table == "rates":
        row = draw(st.fixed_dictionaries(columns))
        rows = [row | {"valid_from": DAY, "service": name, "cents": max(1, row["cents"])} for name in SERVICES]
    if table == "rules":
        rows = [row | {"kind": "forbid", "parameters": "nodes=TX,0007;countries=DE"} for row in rows]
    if table == "surcharges":
        rows = [row | {"above": row["above"] if "over" in row["applies"] else 0} for row in rows]
    if table == "costs":
        rows = [row | {"amount": min(max(row["amount"], 1), 60)} for row in rows]
    if table == "orders":
        rows = [row | {"order": f"{row['order']}-{i}"} for i, row in enumerate(rows)]
    return pl.DataFrame(rows, schema={c: s.dtype for c, s in schema.columns().items()}).unique(
        keys, keep="first", maintain_order=True
    )


@st.composite
def networks(draw: st.DrawFn) -> dict[str, pl.DataFrame]:
    always = {"nodes", "items", "stock", "rate_cards"}
    other = draw(st.sampled_from([t for t in tables.INPUT if t not in always]))
    needed = always | {other} | {at for (table, _), (at, _) in tables.REFERENCES.items() if table == other}
    return {table: frame(draw, table) for table in tables.INPUT if table in needed}


slow = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def schema_holds(frames: dict[str, pl.DataFrame]) -> None:
    for table, one in frames.items():
        tables.INPUT[table].validate(one)


@slow
@given(networks(), st.sampled_from(["csv", "parquet"]))
def test_any_lawful_network_reads_back_equal(tmp_path_factory, frames, format) -> None:  # noqa: A002
    schema_holds(frames)
    folder = tmp_path_factory.mktemp("network")
    write_folder(frames, folder, format)

    reading = read_folder(folder)

    assert not reading.problems, "\n".join(map(str, reading.problems))
    assert list(reading.frames) == list(frames)
    for table, one in frames.items():
        assert reading.frames[table].equals(one), table


GARBAGE = {dy.Int64: ["1,5", "x", "NaN", "1e3"], dy.Float64: ["1,5", "x", "inf"], dy.Bool: ["maybe", "2"],
           dy.Enum: ["?", "no such"], dy.Date: ["2026-02-30", "03/04/2026", "x"], dy.Datetime: ["2026-11-20T14:00", "x"]}  # fmt: skip


@slow
@given(networks(), st.data())
def test_any_cell_turned_to_garbage_is_named_by_file_row_and_column(tmp_path_factory, frames, data) -> None:
    folder = tmp_path_factory.mktemp("network")
    paths = write_folder(frames, folder)
    table = data.draw(st.sampled_from([t for t, f in frames.items() if f.height]))
    column = data.draw(st.sampled_from(frames[table].columns))
    row = data.draw(st.integers(0, frames[table].height - 1))
    spec = tables.INPUT[table].columns()[column]
    garbage = data.draw(st.sampled_from([*next((g for k, g in GARBAGE.items() if isinstance(spec, k)), []), "#REF!"]))
    path = next(p for p in paths if p.stem == table)
    text = pl.read_csv(path, infer_schema=False)
    text = text.with_columns(text[column].set(pl.int_range(text.height, eager=True) == row, garbage))
    text.write_csv(path, quote_style="always")
    # a text cell may hold line breaks, so the row's line is counted, not assumed
    before = text.head(row).write_csv(quote_style="always").count("\n")

    reading = read_folder(folder)

    assert reading.frames == {}
    assert [
        p for p in reading.problems if (p.file, p.row, p.column, p.value) == (path.name, before + 1, column, garbage)
    ]


@pytest.mark.parametrize(
    ("column", "value"),
    [("sku", "#REF!"), ("description", " space"), ("sku", "1.23E+12"), ("sku", "MUG "), ("gtin", "123")],
)
def test_what_would_not_read_back_is_not_written(tmp_path: Path, column: str, value: str) -> None:
    items = pl.DataFrame({"sku": ["A"], "weight_g": [1], "unit_cost_cents": [1], "price_cents": [1], column: [value]})

    with pytest.raises(ValueError, match=f"items, column {column}, row 1, .*would not be read back as it is"):
        write_folder({"items": items}, tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_a_frame_that_is_no_table_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="sales: not a table of the dictionary"):
        write_folder({"sales": pl.DataFrame()}, tmp_path)
