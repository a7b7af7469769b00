"""Whether rows agree with one another and with other tables."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock import tables
from evenstock.connectors.files.headers import closest
from evenstock.connectors.files.postal import DIGITS
from evenstock.connectors.files.problems import FAULTS, Found, fault, faults
from evenstock.domain import Costs

_PROBABILITY_SLACK: Final = 0.001
_ROUNDING: Final = 1e-9
_SUGGESTED: Final = 50
"""Unknown names for which the nearest known one is looked up."""
_CARD_TABLES: Final = ("rates", "surcharges")
_OF_THE_ORDER: Final = ("placed_at", "postal_code", "country", "residential", "deliver_by", "order_class", "channel")


@dataclass
class Checked:
    """A table with the dictionary's columns and types; null where a cell was refused."""

    table: str
    file: str
    labels: npt.NDArray[np.int64]
    frame: pl.DataFrame
    missing: frozenset[str]
    """Columns the file lacks and that have no default: null throughout."""
    shown: dict[str, str]
    """What the file calls a column, where that is not what the dictionary calls it."""

    def has(self, *columns: str) -> bool:
        return not self.missing & set(columns)


def within(checked: Checked) -> pl.DataFrame:
    """Faults between the rows, and between the cells of a row, of one table."""
    found = [_duplicates(checked)]
    found += [check(checked) for table, check in _CHECKS if table == checked.table]
    return pl.concat(found)


def between(tables_read: Mapping[str, Checked], table: str, unread: Collection[str]) -> pl.DataFrame:
    """Faults of one table against the others; those `unread` are there but told as broken already."""
    checked = tables_read[table]
    found = [pl.DataFrame(schema=FAULTS)]
    for (own, column), (other, key) in tables.REFERENCES.items():
        if own == table and checked.has(column) and other not in unread:
            found.append(_unknown(checked, column, tables_read.get(other), other, key))
    if table in _CARD_TABLES and "rate_cards" in tables_read:
        found.append(_without_card(checked, tables_read["rate_cards"]))
    if table == "zones" and "rates" in tables_read:
        found.append(_unpriced_zones(checked, tables_read["rates"]))
    return pl.concat(found)


def _rows(checked: Checked) -> pl.LazyFrame:
    return checked.frame.lazy().with_row_index("at").with_columns(pl.col("at").cast(pl.Int64))


def _duplicates(checked: Checked) -> pl.DataFrame:
    keys = tables.INPUT[checked.table].primary_key()
    if not checked.has(*keys):
        return pl.DataFrame(schema=FAULTS)
    rows = _rows(checked).select("at", *keys).drop_nulls(keys)
    twice = rows.with_columns(first=pl.col("at").min().over(keys)).filter(pl.col("at") != pl.col("first")).collect()
    if twice.is_empty():
        return pl.DataFrame(schema=FAULTS)
    row = pl.Series(checked.labels[twice["first"].to_numpy()])
    shown = [k for k in keys if twice[k].dtype != pl.String or (twice[k] != "").any()]
    what = f"{'have' if len(shown) > 1 else 'has'} the same {', '.join(shown)} as row " + row.cast(pl.String)
    value = twice.select(pl.concat_str([pl.col(k).cast(pl.String) for k in shown], separator=" / ")).to_series()
    return faults(twice["at"], ", ".join(shown), value, "duplicate", what, "keep one of the two rows")


def _unknown(checked: Checked, column: str, other: Checked | None, table: str, key: str) -> pl.DataFrame:
    if other is None:
        if table in tables.REQUIRED:
            return pl.DataFrame(schema=FAULTS)
        what = f"refers to the table {table}, which is not there"
        return fault(column, "", "no such table", what, f"add {table}.csv, or remove this table")
    if not other.has(key):
        return pl.DataFrame(schema=FAULTS)
    known = other.frame[key].unique().drop_nulls()
    values = checked.frame[column]
    wrong = (~values.is_in(known.implode())).fill_null(value=False)
    if not wrong.any():
        return pl.DataFrame(schema=FAULTS)
    at = wrong.arg_true()
    texts = values.gather(at)
    hints = suggestions(texts.unique(maintain_order=True).head(_SUGGESTED).to_list(), known.to_list())
    fixes = {t: f"did you mean {near}? " for t, near in hints.items() if near}
    fix = texts.replace_strict(fixes, default="", return_dtype=pl.String) if fixes else ""
    advice = f"correct it, or add it to {table}"
    return faults(at.cast(pl.Int64), column, texts, "unknown", f"is not in {table}.{key}", fix + advice)


def suggestions(unknown: Iterable[str], known: list[str]) -> dict[str, str | None]:
    """The known name most like each unknown one: the same but for case, signs and leading zeros, else near in letters."""
    bare = {_bare(k): k for k in reversed(known)}
    near = known if len(known) <= 3000 else None
    return {u: bare.get(_bare(u)) or (closest(u, near) if near else None) for u in unknown}


def _bare(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum()).lstrip("0")


def _without_card(checked: Checked, cards: Checked) -> pl.DataFrame:
    """Rates and surcharges belong to one card: its service and its first day."""
    keys = ["service", "valid_from"]
    if not (checked.has(*keys) and cards.has(*keys)):
        return pl.DataFrame(schema=FAULTS)
    rows = _rows(checked).select("at", *keys).drop_nulls()
    known = cards.frame.lazy().select(keys).drop_nulls()
    # A service without any card is told as an unknown service already.
    wrong = rows.join(known, on=keys, how="anti").join(known.select("service").unique(), on="service").collect()
    what = "is not the first day of a card of " + wrong["service"]
    value = wrong["valid_from"].cast(pl.String)
    return faults(wrong["at"], "valid_from", value, "no card", what, "add the card to rate_cards, or correct the day")


def _unpriced_zones(zones: Checked, rates: Checked) -> pl.DataFrame:
    if not (zones.has("zone") and rates.has("zone")):
        return pl.DataFrame(schema=FAULTS)
    priced = rates.frame["zone"].unique().drop_nulls()
    wrong = _rows(zones).filter(~pl.col("zone").is_in(priced.implode())).group_by("zone").agg(pl.col("at").min())
    found = wrong.sort("zone").collect()
    what, fix = "is a zone for which no service has a rate", "add its rates, or correct the zone"
    return faults(found["at"], "zone", found["zone"].cast(pl.String), "zone without rate", what, fix)


def _free(checked: Checked) -> pl.DataFrame:
    """A base charge of nothing is a gap that was filled up with zero: it would win every comparison."""
    wrong = _rows(checked).filter(pl.col("cents") == 0).collect()
    what, fix = "is a parcel carried for nothing", "write the charge, or leave the row out where there is no service"
    return faults(wrong["at"], "cents", "0", "free of charge", what, fix)


def _held(checked: Checked) -> pl.DataFrame:
    if not checked.has("on_hand"):
        return pl.DataFrame(schema=FAULTS)
    wrong = _rows(checked).filter(pl.col("held") > pl.col("on_hand")).collect()
    what = "is more than the " + wrong["on_hand"].cast(pl.String) + " on hand, which includes it"
    fix = "correct held or on_hand"
    return faults(wrong["at"], "held", wrong["held"].cast(pl.String), "held above on hand", what, fix)


def _costs_have_sense(checked: Checked) -> pl.DataFrame:
    """Each number by itself, as the word `Costs` takes it."""
    found = [pl.DataFrame(schema=FAULTS)]
    for at, cost, amount in _rows(checked).select("at", "cost", "amount").drop_nulls().collect().iter_rows():
        try:
            Costs(**{cost: amount})
        except ValueError as trouble:
            found.append(faults([at], "amount", f"{amount}", "cost", f"{trouble}", "correct it, or leave the row out"))
    return pl.concat(found)


def _same_ends(checked: Checked) -> pl.DataFrame:
    wrong = _rows(checked).filter(pl.col("origin") == pl.col("destination")).collect()
    what = "is the origin as well: a lane leads from one node to another"
    return faults(wrong["at"], "destination", wrong["destination"], "same ends", what, "correct one end")


def _validity(checked: Checked) -> pl.DataFrame:
    wrong = _rows(checked).filter(pl.col("valid_to") < pl.col("valid_from")).collect()
    what = "lies before the first day, " + wrong["valid_from"].cast(pl.String)
    value = wrong["valid_to"].cast(pl.String)
    return faults(wrong["at"], "valid_to", value, "ends before it begins", what, "correct one of the two days")


def _half_a_place(checked: Checked) -> pl.DataFrame:
    wrong = _rows(checked).filter(pl.col("latitude").is_null() != pl.col("longitude").is_null()).collect()
    empty = pl.select(pl.when(wrong["latitude"].is_null()).then(pl.lit("latitude")).otherwise(pl.lit("longitude")))
    what = empty.to_series() + " is empty or refused while the other is given"
    return faults(wrong["at"], "latitude, longitude", "", "half a place", what, "give both, or neither")


def _lost_zeros(checked: Checked) -> pl.DataFrame:
    """Postal codes with fewer digits than their country writes."""
    if not checked.has("postal_code", "country"):
        return pl.DataFrame(schema=FAULTS)
    digits = pl.col("country").replace_strict(DIGITS, default=None, return_dtype=pl.Int64)
    short = pl.col("postal_code").str.contains("^[0-9]+$") & (pl.col("postal_code").str.len_chars() < digits)
    wrong = _rows(checked).with_columns(digits=digits).filter(short).collect()
    what = "has fewer digits than the " + wrong["digits"].cast(pl.String) + " of " + wrong["country"]
    padded = wrong.select(pl.col("postal_code").str.zfill(pl.col("digits"))).to_series()
    fix = "write " + padded + " if a leading zero was lost, and keep the column as text"
    return faults(wrong["at"], "postal_code", wrong["postal_code"], "lost zero", what, fix)


def _one_order(checked: Checked) -> pl.DataFrame:
    """What belongs to the order is the same on each of its lines."""
    found = [pl.DataFrame(schema=FAULTS)]
    if not checked.has("order"):
        return found[0]
    rows = _rows(checked)
    for column in _OF_THE_ORDER:
        if not checked.has(column):
            continue
        first = pl.col(column).first().over("order")
        differs = pl.col(column).is_not_null() & first.is_not_null() & (pl.col(column) != first)
        wrong = rows.select("at", "order", column, first=pl.col("at").first().over("order"), differs=differs)
        told = wrong.filter("differs").collect()
        row = pl.Series(checked.labels[told["first"].to_numpy()]).cast(pl.String)
        what = "differs from row " + row + " of the same order, " + told["order"]
        fix = "make it the same on each line of the order"
        found.append(faults(told["at"], column, told[column].cast(pl.String), "order differs", what, fix))
    return pl.concat(found)


def _promised_before(checked: Checked) -> pl.DataFrame:
    if not checked.has("placed_at"):
        return pl.DataFrame(schema=FAULTS)
    # A day's grace: the day of a moment in UTC may be one later than at the customer's.
    early = pl.col("deliver_by") < pl.col("placed_at").dt.date().dt.offset_by("-1d")
    wrong = _rows(checked).filter(early).collect()
    value = wrong["deliver_by"].cast(pl.String)
    what, fix = "lies before the order was placed", "correct the day, or leave it empty where nothing was promised"
    return faults(wrong["at"], "deliver_by", value, "promised before placed", what, fix)


def _adds_up(checked: Checked) -> pl.DataFrame:
    if not checked.has("service", "zone", "probability"):
        return pl.DataFrame(schema=FAULTS)
    groups = (
        _rows(checked)
        .group_by("service", "zone")
        .agg(
            pl.col("at").min(),
            pl.col("probability").sum().alias("total"),
            pl.col("probability").null_count().alias("unread"),
        )
    )
    off = (pl.col("total") - 1).abs() > _PROBABILITY_SLACK
    wrong = groups.drop_nulls().filter(off & (pl.col("unread") == 0)).sort("at").collect()
    total = wrong["total"].round(4).cast(pl.String)
    name = wrong["service"] + ", zone " + wrong["zone"].cast(pl.String)
    what = "the probabilities of " + name + " add up to " + total + ", not 1"
    return faults(wrong["at"], "probability", total, "does not add up", what, "give every number of days its share")


def settle(checked: Checked, found: Found) -> None:
    """Scale probabilities that add up to nearly 1 so that they do: rounding in a file is no reason to refuse it."""
    if checked.table != "transit" or not checked.has("service", "zone", "probability"):
        return
    total = pl.col("probability").sum().over("service", "zone")
    off = (total - 1).abs()
    near = checked.frame.select(((off > _ROUNDING) & (off <= _PROBABILITY_SLACK)).fill_null(value=False)).to_series()
    if near.any():
        scaled = pl.when(pl.lit(near)).then(pl.col("probability") / total).otherwise("probability")
        checked.frame = checked.frame.with_columns(probability=scaled)
        found.note(f"{checked.file}: {near.sum():,} probabilities are scaled so that they add up to exactly 1")


def remark(tables_read: Mapping[str, Checked], found: Found) -> None:
    """What is lawful but worth knowing before it surprises."""
    rates, zones, transit = (tables_read.get(t) for t in ("rates", "zones", "transit"))
    if rates is None or not rates.has("service", "zone"):
        return
    priced = rates.frame.select("service", "zone").drop_nulls().unique()
    if zones is not None and zones.has("zone"):
        wanted = zones.frame.select("zone").drop_nulls().unique().join(rates.frame.select("zone").unique(), on="zone")
        for service in priced["service"].unique().sort():
            covered = priced.filter(pl.col("service") == service)
            _list_zones(rates.file, f"{service} has no rate for", wanted.join(covered, on="zone", how="anti"), found)
    if transit is not None and transit.has("service", "zone"):
        timed = transit.frame.select("service", "zone").drop_nulls().unique()
        for service in priced["service"].unique().sort():
            untimed = priced.filter(pl.col("service") == service).join(timed, on=["service", "zone"], how="anti")
            _list_zones(transit.file, f"{service} has no transit time for", untimed, found)


def _list_zones(file: str, what: str, zones: pl.DataFrame, found: Found) -> None:
    if zones.height:
        found.note(f"{file}: {what} zone {', '.join(str(z) for z in zones['zone'].unique().sort().to_list())}")


_CHECKS: Final[tuple[tuple[str, Callable[[Checked], pl.DataFrame]], ...]] = (
    ("nodes", _half_a_place),
    ("nodes", _lost_zeros),
    ("lanes", _same_ends),
    ("rate_cards", _validity),
    ("rates", _free),
    ("rules", _validity),
    ("transit", _adds_up),
    ("stock", _held),
    ("costs", _costs_have_sense),
    ("orders", _lost_zeros),
    ("orders", _one_order),
    ("orders", _promised_before),
)
