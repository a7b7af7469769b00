"""Cells of one column, strictly read as what the dictionary says they are.

The frame's engine reads whole columns; only cells that fail are looked at one by one, in `faults`. What may be mapped
because it can mean one thing only is mapped and noted: `12.0` to 12, TRUE to true, LTL to ltl, a date at midnight to
its day, 14:00:00 to 14:00, space around a cell to none. Everything else that is not exactly as it should be is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

import dataframely as dy
import polars as pl

from evenstock.connectors.files.headers import Scale
from evenstock.connectors.files.postal import COUNTRIES

EARLIEST: Final = 1900
"""An earlier year is a year of two digits that was filled up with zeros."""
NOTHING: Final = ("nan", "NaN", "NAN", "null", "NULL", "None", "<NA>", "NaT")
"""What programs write for a cell that was empty."""
SHEET_ERRORS: Final = ("#N/A", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!")
INVISIBLE: Final = "[\x01-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\x00]"
SCIENTIFIC: Final = r"^[0-9](\.[0-9]+)?[eE]\+[0-9]{2,}$"
FLOATED: Final = r"^[0-9]+\.0+$"
TRUE: Final = ("true", "1", "yes", "y", "t")
FALSE: Final = ("false", "0", "no", "n", "f")
LISTS: Final = ("certifications", "requires")
_DAY: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_MOMENT: Final = (
    rf"^({_DAY})[T ]([0-9]{{2}}:[0-9]{{2}})(:[0-9]{{2}})?(\.[0-9]{{1,6}})?0*\s?(Z|z|UTC|[+-][0-9]{{2}}:?[0-9]{{2}})$"
)


@dataclass(frozen=True, slots=True)
class Cells:
    """A column as read: `values` null where the cell was refused or is rightly empty, `texts` as it stood in the file."""

    values: pl.Series
    texts: pl.Series
    notes: tuple[str, ...] = ()
    """What was mapped, to be said after the name of file and column."""

    @property
    def refused(self) -> pl.Series:
        return self.texts.is_not_null() & self.values.is_null()


def is_name(spec: dy.Column) -> bool:
    """Whether the column holds names or codes, in which every character counts."""
    return isinstance(spec, dy.String) and (spec.regex is not None or spec.primary_key)


def read_cells(column: str, spec: dy.Column, series: pl.Series, scale: Scale | None = None) -> Cells:
    """Read one column. Text of any content is fit to come in; other types only as Parquet brings them."""
    typed = None if scale else _as_is(spec, series)
    if typed is not None:
        texts = series.cast(pl.String, strict=False)
        return Cells(_within(spec, typed), texts)
    texts = _as_text(series)
    stripped = texts.str.strip_chars()
    notes = []
    if is_name(spec) and (spaced := int((stripped != texts).sum())):
        notes.append(f"{spaced:,} cells had space around them, which is left out")
    texts = stripped.replace("", None)
    junk = texts.is_in([*NOTHING, *SHEET_ERRORS] if _junk_is_certain(spec) else list(SHEET_ERRORS)).fill_null(
        value=False
    )
    plain = texts.set(junk, None) if junk.any() else texts
    if series.dtype.is_float() and is_name(spec):
        plain = pl.repeat(None, len(texts), dtype=pl.String, eager=True)
    cells = _scaled(spec, plain, scale) if scale else _reader(spec)(column, spec, plain)
    return Cells(cells.values.alias(column), texts, (*notes, *cells.notes))


def _junk_is_certain(spec: dy.Column) -> bool:
    return not isinstance(spec, dy.String) or is_name(spec)


def _as_is(spec: dy.Column, series: pl.Series) -> pl.Series | None:
    """A series that already has the column's type, or None."""
    kind = series.dtype
    match spec:
        case dy.Int64() if kind.is_integer():
            return series.cast(pl.Int64, strict=False)
        case dy.Float64() if kind.is_float() or kind.is_integer():
            return series.cast(pl.Float64)
        case dy.Bool() if kind == pl.Boolean:
            return series
        case dy.Date() if kind == pl.Date:
            return series.set((series.dt.year() < EARLIEST).fill_null(value=False), None)
        case dy.Datetime() if isinstance(kind, pl.Datetime) and kind.time_zone:
            moved = series.dt.convert_time_zone("UTC").cast(pl.Datetime("us", "UTC"))
            return moved.set((moved.dt.year() < EARLIEST).fill_null(value=False), None)
        case _:
            return None


def _as_text(series: pl.Series) -> pl.Series:
    """Text of any series: what a careful person would type for it."""
    kind = series.dtype
    if kind == pl.String:
        return series
    if isinstance(kind, pl.Datetime):
        return series.dt.to_string("iso:strict")
    if isinstance(kind, pl.Decimal):
        return series.cast(pl.String).str.replace(r"(\.[0-9]*?)0+$", "$1").str.strip_chars_end(".")
    if kind.is_nested() or kind in {pl.Object, pl.Binary}:
        return pl.Series(series.name, [None if v is None else f"{v!r}" for v in series.to_list()], dtype=pl.String)
    return series.cast(pl.String, strict=False)


def _reader(spec: dy.Column) -> Callable[[str, Any, pl.Series], Cells]:
    match spec:
        case dy.Int64():
            return _whole
        case dy.Float64():
            return _decimal
        case dy.Bool():
            return _truth
        case dy.Enum():
            return _choice
        case dy.Date():
            return _day
        case dy.Datetime():
            return _moment
        case dy.String():
            return _text
        case _:
            raise TypeError(f"no reader for a column of type {type(spec).__name__}")


def _within(spec: dy.Column, values: pl.Series) -> pl.Series:
    """Null where a number lies outside the column's range or is not finite."""
    if not isinstance(spec, dy.Int64 | dy.Float64):
        return values
    out = pl.repeat(value=False, n=len(values), dtype=pl.Boolean, eager=True)
    if isinstance(spec, dy.Float64):
        out = out | ~values.is_finite()
    if spec.min is not None:
        out = out | (values < spec.min)
    if spec.max is not None:
        out = out | (values > spec.max)
    out = out.fill_null(value=False)
    return values.set(out, None) if out.any() else values


def _whole(_: str, spec: dy.Int64, texts: pl.Series) -> Cells:
    values = texts.cast(pl.Int64, strict=False)
    notes: tuple[str, ...] = ()
    left = texts.is_not_null() & values.is_null()
    if left.any():
        floated = left & texts.str.contains(r"^[+-]?[0-9]+\.0{1,2}$").fill_null(value=False)
        if floated.any():
            whole = texts.str.replace(r"\.0{1,2}$", "").cast(pl.Int64, strict=False)
            values = whole.zip_with(floated, values)
            notes = (f"{int(floated.sum()):,} cells end in .0 and are read as whole numbers",)
    return Cells(_within(spec, values), texts, notes)


def _decimal(_: str, spec: dy.Float64, texts: pl.Series) -> Cells:
    fit = texts.str.contains(r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$").fill_null(value=False)
    return Cells(_within(spec, texts.set(~fit, None).cast(pl.Float64, strict=False)), texts)


def _scaled(spec: dy.Column, texts: pl.Series, scale: Scale) -> Cells:
    """Exact decimal arithmetic on the digits; what is not whole after the factor is rounded half up."""
    kept = scale.decimals
    pattern = rf"^\+?[0-9]{{1,11}}(\.[0-9]{{0,{kept}}})?$"
    if scale.decimals == 2:
        # Three decimals are how a thousands point looks, so 1.500 is refused even though 1.5000 is not.
        pattern = r"^\+?[0-9]{1,11}(\.([0-9]{0,2}|[0-9]{2}00+))?$"
    fit = texts.str.contains(pattern).fill_null(value=False)
    digits = texts.set(~fit, None).str.strip_prefix("+")
    parts = digits.str.split_exact(".", 1).struct.unnest()
    fraction = parts["field_1"].fill_null("").str.slice(0, kept).str.pad_end(kept, "0")
    units = (parts["field_0"] + fraction).cast(pl.Int64, strict=False).cast(pl.Int128).alias("units")
    top, bottom = _wide(scale.numerator), _wide(scale.denominator * 10**kept)
    twice = (pl.col("units") * _wide(2) * top + bottom) // (_wide(2) * bottom)
    reckoned = units.to_frame().select(value=twice, inexact=(pl.col("units") * top) % bottom != _wide(0))
    values, inexact = reckoned["value"], int(reckoned["inexact"].sum())
    notes = (f"{inexact:,} cells are rounded to the nearest whole unit",) if inexact else ()
    return Cells(_within(spec, values.cast(pl.Int64, strict=False)), texts, notes)


def _wide(number: int) -> pl.Expr:
    return pl.lit(number, dtype=pl.Int128)


def _truth(_: str, spec: dy.Bool, texts: pl.Series) -> Cells:
    del spec
    low = texts.str.to_lowercase()
    values = (low.is_in(TRUE)).set(~(low.is_in(TRUE) | low.is_in(FALSE)).fill_null(value=True), None)
    return Cells(values.set(low.is_null(), None), texts)


def _choice(_: str, spec: dy.Enum, texts: pl.Series) -> Cells:
    known = texts.is_in(spec.categories)
    low = texts.str.to_lowercase()
    mapped = (~known & low.is_in(spec.categories)).fill_null(value=False)
    notes = (f"{int(mapped.sum()):,} cells are read in small letters",) if mapped.any() else ()
    return Cells(low.zip_with(mapped, texts).cast(pl.Enum(spec.categories), strict=False), texts, notes)


def _day(_: str, spec: dy.Date, texts: pl.Series) -> Cells:
    del spec
    fit = texts.str.contains(rf"^{_DAY}$").fill_null(value=False)
    notes: tuple[str, ...] = ()
    days = texts
    midnight = ~fit & texts.str.contains(rf"^{_DAY}[T ]00:00(:00(\.0+)?)?$").fill_null(value=False)
    if midnight.any():
        days = texts.str.slice(0, 10)
        notes = (f"{int(midnight.sum()):,} cells are a day at midnight and are read as the day",)
    values = days.set(~(fit | midnight), None).str.to_date("%Y-%m-%d", strict=False)
    return Cells(values.set((values.dt.year() < EARLIEST).fill_null(value=False), None), texts, notes)


def _moment(_: str, spec: dy.Datetime, texts: pl.Series) -> Cells:
    """Moments with their offset, at most 14 hours from UTC, to the microsecond."""
    del spec
    parts = texts.str.extract_groups(_MOMENT).struct.unnest()
    day, minute, second, fraction, zone = (parts[f"{i}"] for i in range(1, 6))
    offset = zone.str.replace(r"^(Z|z|UTC)$", "+0000").str.replace(":", "", literal=True)
    far = (offset.str.slice(1, 2).cast(pl.Int64, strict=False) > 14) | (second == ":60")
    canonical = (day + "T" + minute + second.fill_null(":00") + fraction.fill_null("") + offset).set(
        far.fill_null(value=False), None
    )
    values = canonical.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", strict=False, time_unit="us", time_zone="UTC")
    return Cells(values.set((values.dt.year() < EARLIEST).fill_null(value=False), None), texts)


def _text(column: str, spec: dy.String, texts: pl.Series) -> Cells:
    values, mapped_to = texts, ""
    if column == "country":
        values, mapped_to = texts.str.to_uppercase(), "in capitals"
    if column == "cutoff":
        # A sheet keeps a time of day as a moment on its day zero.
        values = texts.str.replace(r"^(1899-12-3[01] )?([0-9]{2}:[0-9]{2}):00(\.0+)?$", "$2")
        mapped_to = "as HH:MM"
    bad = (values.str.len_chars() > (spec.max_length or 200)).fill_null(value=False)
    if spec.regex is not None:
        bad = bad | ~values.str.contains(spec.regex).fill_null(value=True)
    if is_name(spec):
        bad = bad | values.str.contains(INVISIBLE).fill_null(value=False)
        bad = bad | values.str.contains(SCIENTIFIC).fill_null(value=False)
        floated = values.str.contains(FLOATED).fill_null(value=False)
        # A whole column of 12.0, 13.0 was a column of numbers once; a single name of that look may be a name.
        every = int(floated.sum()) == int(values.is_not_null().sum())
        if column == "postal_code" or (every and values.n_unique() > 1):
            bad = bad | floated
    else:
        bad = bad | values.str.contains(r"\x00").fill_null(value=False)
    unfit = unfit_values(column, values.set(bad, None))
    if unfit:
        bad = bad | values.is_in(sorted(unfit)).fill_null(value=False)
    values = values.set(bad, None)
    mapped = int((values != texts).sum()) if mapped_to else 0
    return Cells(values, texts, (f"{mapped:,} cells are read {mapped_to}",) if mapped else ())


def unfit_values(column: str, values: pl.Series) -> set[str]:
    """Different values of a column with a meaning of its own that do not carry it; each is looked at once."""
    fits = _MEANINGS.get(column)
    return set() if fits is None else {v for v in values.unique().drop_nulls().to_list() if not fits(v)}


def is_time_zone(name: str) -> bool:
    """Whether the name is in the IANA data base of this machine."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return "/" in name or name == "UTC"


def are_days(text: str) -> bool:
    """Whether the text is ISO dates separated by semicolons."""
    return all(_is_day(part) for part in parts_of(text))


def _is_day(text: str) -> bool:
    if not re.fullmatch(_DAY, text):
        return False
    try:
        return date.fromisoformat(text).year >= EARLIEST
    except ValueError:
        return False


def are_parameters(text: str) -> bool:
    """Whether the text is name=value pairs separated by semicolons, each name once."""
    names = [part.split("=", 1)[0].strip() for part in parts_of(text) if "=" in part]
    return all(names) and len(names) == len(parts_of(text)) == len(set(names))


def parts_of(text: str) -> list[str]:
    """The parts of a cell that holds a list, without space around them and without empty ones."""
    return [part.strip() for part in text.split(";") if part.strip()]


_MEANINGS: Final[dict[str, Callable[[str], bool]]] = {
    "timezone": is_time_zone,
    "holidays": are_days,
    "parameters": are_parameters,
    "country": COUNTRIES.__contains__,
} | dict.fromkeys(LISTS, lambda text: not re.search(r"[,|/]", text))
