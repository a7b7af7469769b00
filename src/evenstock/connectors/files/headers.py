"""Which column of a file is which column of the dictionary.

Case, spaces and hyphens in names do not matter. A few other units are mapped because the factor is exact: money in a
currency with hundredths (`price`, `unit_cost`, or a column of the dictionary with `_usd`, `_eur` and so on in place of
`_cents`), mass (`_kg`, `_lb`, `_oz` in place of `_g`) and length (`_cm`, `_in` in place of `_mm`). Each is noted.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from evenstock import tables
from evenstock.connectors.files.problems import Found

CURRENCIES: Final = ("usd", "eur", "gbp", "cad", "aud", "nzd", "chf", "sek", "nok", "dkk", "pln", "czk", "mxn", "brl")
"""Currencies with hundredths, which a column's name may end in."""
_BARE: Final = {"price_cents": "price", "unit_cost_cents": "unit_cost"}
_SAID_AS: Final = {
    "node": ("warehouse", "location", "fc", "site", "dc", "facility", "node_id", "location_id", "store_id"),
    "sku": ("item", "product", "item_id", "variant_sku", "product_id", "article", "seller_sku"),
    "units": ("quantity", "qty", "units_sold", "sales"),
    "on_hand": ("quantity", "qty", "units", "stock", "onhand", "quantity_on_hand"),
    "observed_at": ("timestamp", "updated_at", "as_of", "snapshot_at"),
    "placed_at": ("created_at", "order_date", "ordered_at"),
    "postal_code": ("zip", "zipcode", "zip_code", "postcode"),
    "order": ("order_id", "order_number", "invoice"),
    "line": ("line_id", "line_number", "line_no"),
    "timezone": ("tz", "time_zone"),
    "weight_g": ("weight", "mass"),
    "date": ("day", "order_date"),
    "service": ("carrier", "carrier_service"),
}


@dataclass(frozen=True, slots=True)
class Scale:
    """An exact factor from the file's unit to the dictionary's."""

    unit: str
    numerator: int
    denominator: int
    decimals: int
    """Decimals the file may have; more are refused."""

    @property
    def sentence(self) -> str:
        if self.denominator == 1:
            return f"1 {self.unit} is {self.numerator}"
        whole, rest = divmod(self.numerator, self.denominator)
        digits = len(str(self.denominator)) - 1
        return f"1 {self.unit} is {whole}.{rest:0{digits}d}".rstrip("0").rstrip(".")


MONEY: Final = Scale("unit of currency", 100, 1, 2)
_SCALES: Final = {
    "_g": {
        "_kg": Scale("kg", 1000, 1, 6),
        "_lb": Scale("lb", 45_359_237, 100_000, 6),
        "_lbs": Scale("lb", 45_359_237, 100_000, 6),
        "_oz": Scale("oz", 28_349_523_125, 1_000_000_000, 6),
    },
    "_mm": {"_cm": Scale("cm", 10, 1, 6), "_in": Scale("in", 254, 10, 6)},
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a column of the dictionary comes from."""

    name: str
    scale: Scale | None = None


@dataclass
class Matched:
    """Columns of one file by the dictionary's names."""

    sources: dict[str, Source] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    """Columns that are not there and have no default."""


def tidy(name: str) -> str:
    """A column's name as we compare it.

    Examples
    --------
    >>> tidy(" Postal Code "), tidy("Weight (kg)"), tidy("pick-order-cents")
    ('postal_code', 'weight_kg', 'pick_order_cents')
    """
    return re.sub(r"_+", "_", re.sub(r"[\s\-.()\[\]/]+", "_", name.strip().lower())).strip("_")


def aliases(table: str) -> dict[str, tuple[str, Scale]]:
    """Other names under which a column may come, each with its factor."""
    found: dict[str, tuple[str, Scale]] = {}
    columns = tables.INPUT[table].columns()
    for column in columns:
        if column == "cents":
            found |= dict.fromkeys(CURRENCIES, (column, MONEY))
        elif column.endswith("_cents"):
            base = column.removesuffix("_cents")
            found |= {f"{base}_{currency}": (column, MONEY) for currency in CURRENCIES}
            if column in _BARE:
                found[_BARE[column]] = (column, MONEY)
        for ending, others in _SCALES.items():
            if column.endswith(ending):
                found |= {column.removesuffix(ending) + o: (column, scale) for o, scale in others.items()}
    return {name: meant for name, meant in found.items() if name not in columns}


def known_columns(table: str) -> frozenset[str]:
    return frozenset(tables.INPUT[table].columns()) | frozenset(aliases(table))


def match(table: str, names: Iterable[str], file: str, found: Found) -> Matched:
    """Find each column of the dictionary in the file; unknown columns are noted, doubled and missing ones refused."""
    columns = tables.INPUT[table].columns()
    other = aliases(table)
    result = Matched()
    unknown: list[str] = []
    for name in names:
        key = tidy(name)
        column, scale = (key, None) if key in columns else other.get(key, ("", None))
        if not column:
            unknown.append(name)
        elif column in result.sources:
            first = result.sources[column].name
            found.refuse(file, f"{first} and {name} both mean {column}", "keep one of them", value=name)
        else:
            result.sources[column] = Source(name, scale)
            if scale is not None:
                found.note(f"{file}: {name} is read as {column}, {scale.sentence}")
            elif name != column:
                found.note(f"{file}: {name} is read as {column}")
    for column, spec in columns.items():
        if column not in result.sources and "default" not in (spec.metadata or {}):
            result.missing.append(column)
            hint = _rename(column, unknown)
            found.refuse(
                file, f"column {column} is missing", hint or f"add it: {_lowered(spec.description or '')}", value=column
            )
    _note_unknown(table, unknown, result, file, found)
    return result


def _note_unknown(table: str, unknown: list[str], result: Matched, file: str, found: Found) -> None:
    left = [c for c in known_columns(table) if c not in result.sources]
    for name in unknown:
        near = closest(tidy(name), left)
        hint = f"; did you mean {near}?" if near else ""
        found.note(f"{file}: column {name} is not in the dictionary and is left out{hint}")


def _rename(column: str, unknown: list[str]) -> str:
    """The unknown column that most likely is the missing one, as advice; never done for the user."""
    by_key = {tidy(name): name for name in unknown}
    said = next((by_key[s] for s in _SAID_AS.get(column, ()) if s in by_key), None)
    near = said or by_key.get(closest(column, by_key) or "")
    return f"rename {near} to {column} if that is what it holds" if near else ""


def closest(word: str, among: Iterable[str]) -> str | None:
    """The name most like `word`, or None where nothing is near."""
    return next(iter(difflib.get_close_matches(word, list(among), n=1, cutoff=0.72)), None)


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
