"""Why a cell was refused, and what to do: one sentence for a person with the file open."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final, NamedTuple
from zoneinfo import available_timezones

import dataframely as dy
import polars as pl

from evenstock.connectors.files.cells import (
    EARLIEST,
    FLOATED,
    INVISIBLE,
    LISTS,
    NOTHING,
    SCIENTIFIC,
    SHEET_ERRORS,
    Cells,
    are_days,
    is_name,
    parts_of,
)
from evenstock.connectors.files.headers import Scale, closest
from evenstock.connectors.files.postal import COUNTRIES, OFTEN_MEANT
from evenstock.connectors.files.problems import FAULTS, faults

_SIGNS: Final = "$€£¥₹"


class Why(NamedTuple):
    """The kind by which problems are counted, what is wrong, what to do."""

    kind: str
    what: str
    fix: str


def refused_cells(column: str, spec: dy.Column, cells: Cells, scale: Scale | None, *, floats: bool) -> pl.DataFrame:
    """Faults of the cells of one column that were refused; each different text is explained once."""
    refused = cells.refused
    if not refused.any():
        return pl.DataFrame(schema=FAULTS)
    at = refused.arg_true()
    texts = cells.texts.gather(at)
    different = texts.unique().to_list()
    why = [explain(column, spec, text, scale, floats=floats) for text in different]
    told = pl.DataFrame(
        {"value": different, "why": list(range(len(why)))}, schema={"value": pl.String, "why": pl.Int64}
    )
    order = pl.DataFrame({"value": texts}).join(told, on="value", how="left", maintain_order="left")["why"]
    kinds, whats, fixes = (pl.Series([w[i] for w in why], dtype=pl.String).gather(order) for i in range(3))
    return faults(at.cast(pl.Int64), column, texts, "", whats, fixes).with_columns(kind=kinds)


def empty_cells(column: str, spec: dy.Column, at: pl.Series) -> pl.DataFrame:
    """Faults of cells that may not be empty."""
    meaning = (spec.description or "").rstrip(".")
    return faults(at, column, "", "empty", "is empty", f"fill it in: {meaning[:1].lower()}{meaning[1:]}")


def explain(column: str, spec: dy.Column, text: str, scale: Scale | None, *, floats: bool = False) -> Why:
    """Why `text` cannot stand in this column."""
    if text in SHEET_ERRORS:
        return Why("sheet error", "is a spreadsheet's error", "repair the formula, or write the value itself")
    if text in NOTHING and (not isinstance(spec, dy.String) or is_name(spec)):
        return Why("no value", "is what programs write for nothing", "leave the cell empty, or write the value")
    if scale is not None:
        return _amount(spec, text, scale)
    table: dict[type[dy.Column], Callable[[dy.Column, str], Why]] = {
        dy.Int64: _whole,
        dy.Float64: _decimal,
        dy.Date: _day,
        dy.Datetime: _moment,
        dy.Enum: _choice,
        dy.Bool: lambda _, t: Why("not true or false", "is neither true nor false", f"write true or false for {t!r}"),
    }
    for kind, of in table.items():
        if isinstance(spec, kind):
            return of(spec, text)
    return _text(column, spec, text, floats=floats)


def _number(text: str) -> Why | None:
    """What spoils a number whatever its range; None where it is a plain number or no number at all."""
    if text.lower().lstrip("+-") in {"nan", "inf", "infinity"}:
        return Why("not finite", "is not a finite number", "write the number, or leave the cell empty if it may be")
    if any(sign in text for sign in _SIGNS) or re.fullmatch(r"[+-]?[0-9.,]+ ?[A-Z]{3}|[A-Z]{3} ?[+-]?[0-9.,]+", text):
        return Why("currency", "holds a currency", "write the number alone, and the currency in the column's name")
    if text[:1] in {"−", "–"}:
        return Why("minus sign", "begins with a dash that is not a minus sign", "write a plain - (and see the range)")
    if re.fullmatch(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", text):
        plain = text.replace(",", "")
        as_decimal = f" or {text.replace(',', '.')}" if text.count(",") == 1 and "." not in text else ""
        return Why("thousands", "may hold a thousands separator or a decimal comma", f"write {plain}{as_decimal}")
    if re.fullmatch(r"[+-]?[0-9]{1,3}(\.[0-9]{3})+,[0-9]+|[+-]?[0-9]+,[0-9]*", text):
        plain = text.replace(".", "").replace(",", ".")
        return Why("decimal comma", "holds a decimal comma", f"write {plain}")
    if re.fullmatch(r"[+-]?[0-9]{1,3}([ '\u00a0\u2009\u202f_][0-9]{3})+([.,][0-9]+)?", text):
        return Why("thousands", "holds a thousands separator", f"write {re.sub(r'[^0-9.,+-]', '', text)}")
    if re.fullmatch(r"\([0-9.]+\)", text):
        return Why("brackets", "is a number in brackets, which accountants read as below zero", "write a plain number")
    if text.endswith("%"):
        return Why("percent", "holds a percent sign", "write the number in the unit of the column")
    return None


def _range(spec: Any, text: str, value: float) -> Why | None:
    unit = (spec.metadata or {}).get("unit", "")
    unit = f" {unit}" if unit else ""
    if spec.min is not None and value < spec.min:
        what = "is below zero" if spec.min == 0 else f"is below {spec.min:,}{unit}"
        return Why("below range", what, f"write {_least(spec)} or more; see what was meant by {text}")
    if spec.max is not None and value > spec.max:
        advice = "latitude and longitude may be exchanged" if unit == " degrees" else "look for a slipped digit"
        return Why("above range", f"is above {spec.max:,}{unit}, the most there can be", advice)
    return None


def _least(spec: Any) -> str:
    return f"{spec.min:,}"


def _whole(spec: dy.Column, text: str) -> Why:
    unit = (spec.metadata or {}).get("unit", "units")
    if why := _number(text):
        return why if why.kind != "decimal comma" else why._replace(fix=f"write whole {unit}; a fraction cannot be")
    if re.fullmatch(r"[+-]?[0-9]+", text):
        return _range(spec, text, int(text)) or Why("not a number", "is not a whole number", f"write whole {unit}")
    if re.fullmatch(r"[+-]?[0-9]{1,3}(\.[0-9]{3})+", text):
        plain = text.replace(".", "")
        return Why("thousands", "may hold a thousands point", f"write {plain} if that is meant; a fraction cannot be")
    if re.fullmatch(r"[+-]?[0-9]*\.[0-9]*", text) and text.strip("+-."):
        return Why("fraction", f"is a fraction where whole {unit} are meant", "write a whole number")
    if re.fullmatch(r"[+-]?[0-9.]+[eE][+-]?[0-9]+", text):
        return Why(
            "scientific", "is in scientific notation", "write all digits (in Excel: format the column as Number)"
        )
    return Why("not a number", "is not a number", f"write whole {unit}" + _or_empty(spec))


def _or_empty(spec: dy.Column) -> str:
    return ", or leave the cell empty" if spec.nullable or "default" in (spec.metadata or {}) else ""


def _decimal(spec: dy.Column, text: str) -> Why:
    if why := _number(text):
        return why
    try:
        return _range(spec, text, float(text)) or Why(
            "not a number", "is not a plain number", "write digits and a point"
        )
    except ValueError:
        return Why("not a number", "is not a number", "write digits, with a point for decimals" + _or_empty(spec))


def _amount(spec: dy.Column, text: str, scale: Scale) -> Why:
    if why := _number(text):
        return why
    if re.fullmatch(r"-[0-9]*\.?[0-9]*", text):
        return Why("below range", "is below zero", "write 0 or more")
    if scale.decimals == 2 and re.fullmatch(r"\+?[0-9]{1,3}(\.[0-9]{3})+", text):
        return Why("thousands", "has three decimals, or a thousands point", "write at most two decimals")
    if re.fullmatch(r"\+?[0-9]*\.[0-9]+", text):
        most = "two" if scale.decimals == 2 else f"{scale.decimals}"
        return Why("too many decimals", f"has more than {most} decimals", f"round it as you would bill it, to {most}")
    if re.fullmatch(r"\+?[0-9]+", text):
        return Why(
            "above range", f"is above {getattr(spec, 'max', 0):,}, the most there can be", "look for a slipped digit"
        )
    return Why("not a number", "is not a number", f"write digits with a point, in {scale.unit}" + _or_empty(spec))


def _day(spec: dy.Column, text: str) -> Why:
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}.*", text) and int(text[:4]) < EARLIEST:
        return Why("year", "has a year of two digits filled up with zeros", "write the year with its century")
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return Why("impossible date", "is a day that does not exist", "look at month and day")
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ].+", text):
        return Why("time of day", "is a moment where a day is meant", f"write {text[:10]} if that is the local day")
    if re.fullmatch(r"[0-9]{1,2}([/.-])[0-9]{1,2}\1[0-9]{2}", text):
        return Why("year", "has a year of two digits", "write year-month-day with the century, such as 2026-04-03")
    if match := re.fullmatch(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})", text):
        a, b = int(match[1]), int(match[2])
        sense = "may be month first or day first" if a <= 12 and b <= 12 else "is not in ISO order"
        return Why("date order", sense, f"write year-month-day: {_orders(a, b, match[3])}")
    if match := re.fullmatch(r"([0-9]{4})[/.-]?([0-9]{1,2})[/.-]?([0-9]{1,2})", text):
        iso = f"{match[1]}-{int(match[2]):02d}-{int(match[3]):02d}"
        return Why("date form", "is not in ISO form", f"write {iso} if that is meant")
    if re.fullmatch(r"[0-9]{5}(\.[0-9]+)?", text):
        return Why("sheet date", "may be a spreadsheet's count of days", "format the column as a date, year-month-day")
    return Why("not a date", "is not a date", "write year-month-day, such as 2026-11-20" + _or_empty(spec))


def _orders(a: int, b: int, year: str) -> str:
    both = [f"{year}-{m:02d}-{d:02d}" for m, d in ((a, b), (b, a)) if m <= 12 and d <= 31]
    return " or ".join(dict.fromkeys(both)) or "such as 2026-04-03"


def _moment(_: dy.Column, text: str) -> Why:
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?", text):
        stamp = text.replace(" ", "T")
        return Why("no time zone", "has no time zone", f"add the offset, such as {stamp}Z or {stamp}-06:00")
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return Why("no time", "is a day without a time", f"write the moment with its offset, such as {text}T14:00:00Z")
    if re.fullmatch(r"[0-9]{9,19}(\.[0-9]+)?", text):
        return Why("epoch", "may be seconds or milliseconds since 1970", "write it out, such as 2026-11-20T14:00:00Z")
    if not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]", text):
        kind, what, fix = _day(dy.Date(), text)
        if kind != "not a date":
            return Why(kind, what, f"{fix}, with time and offset, such as 2026-11-20T14:00:00Z")
    elif re.search(r"\.[0-9]{7,}", text):
        return Why("too fine", "is finer than a microsecond", "write at most six decimals of a second")
    elif re.fullmatch(r".*([Zz]|UTC|[+-][0-9]{2}:?[0-9]{2})", text):
        return Why("impossible moment", "is a moment that does not exist", "look at day, time and offset")
    return Why("not a moment", "is not a moment", "write date, time and offset, such as 2026-11-20T14:00:00Z")


def _choice(spec: dy.Column, text: str) -> Why:
    choices = list(getattr(spec, "categories", ()))
    near = closest(text.lower(), choices)
    hint = f"did you mean {near}? " if near else ""
    return Why("not a choice", "is not one of the values there are", f"{hint}write one of {', '.join(choices)}")


def _text(column: str, spec: dy.Column, text: str, *, floats: bool) -> Why:
    if is_name(spec):
        if floats or re.fullmatch(FLOATED, text):
            return Why(
                "became a number",
                "is a name or code that went through a number, which eats leading zeros",
                f"export the column as text: {text.split('.', maxsplit=1)[0]} may have begun with a zero",
            )
        if re.fullmatch(SCIENTIFIC, text):
            return Why(
                "scientific",
                "is a number that a spreadsheet shortened; its digits are lost",
                "export the column as text",
            )
        if hidden := re.search(INVISIBLE, text):
            return Why("invisible", f"holds an invisible character (U+{ord(hidden[0]):04X})", "type the name anew")
    if "\x00" in text:
        return Why("invisible", "holds a zero byte", "remove it")
    meaning = _meant(column, spec, text)
    longest = getattr(spec, "max_length", None) or 200
    if len(text) > longest:
        return Why("too long", f"has {len(text):,} characters; at most {longest:,} fit", "shorten it")
    return meaning or Why("form", "does not have the form it should", f"write: {spec.description}")


def _meant(column: str, spec: dy.Column, text: str) -> Why | None:
    match column:
        case "timezone":
            near = closest(text, _zones()) or "America/Chicago"
            return Why("time zone", "is not a time zone of the IANA data base", f"did you mean {near}?")
        case "country":
            near = OFTEN_MEANT.get(text.upper(), "")
            hint = f"did you mean {near}?" if near in COUNTRIES else "write its two letters, such as US, DE or GB"
            return Why("country", "is not a country code of ISO 3166", hint)
        case "cutoff":
            hint = (
                f"write 0{text}"
                if re.fullmatch(r"[0-9]:[0-5][0-9]", text)
                else "write hours and minutes, such as 14:00"
            )
            return Why("time", "is not a time of day from 00:00 to 23:59", hint)
        case "working_days" | "dispatch_days":
            return Why("weekdays", "is not digits from 1 (Monday) to 7 (Sunday)", "write them together, such as 12345")
        case "holidays":
            bad = next((p for p in parts_of(text) if not are_days(p)), text)
            return Why("holidays", f"holds {bad!r}, which is not an ISO date", "write 2026-11-26;2026-12-25")
        case "parameters":
            return Why("parameters", "is not name=value pairs, each name once", "write them as name=value;name=value")
        case "gtin":
            return Why("gtin", "is not 8, 12, 13 or 14 digits", "write all digits as text; a leading zero may be lost")
        case _ if column in LISTS:
            return Why("list", "separates its parts by something else than ;", "write them as hazmat;cold")
        case _:
            if spec.__dict__.get("regex") == r"^\w{3}$":
                return Why("zip3", "is not three characters", "write the first three of the postal code, such as 070")
            return None


@cache
def _zones() -> tuple[str, ...]:
    return tuple(sorted(available_timezones()))
