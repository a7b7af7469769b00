"""Whether a new parcel card is sane: dearer when heavier and farther, near the card before it, and with nothing lost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import polars as pl

from evenstock.freight.checking.finding import Finding

DISTANCE_ZONES: Final = (1, 8)
"""Zones that count distance in parcel networks; others are names (Alaska, Hawaii, islands) and need not rise."""
MOST_CHANGE: Final = (-0.25, 0.35)
"""Change of one cell against the card before that nobody has to look at. General increases are 4 to 8 % a year."""
MEDIAN_CHANGE: Final = (-0.12, 0.15)
"""The same for the middle cell of a service."""
SURCHARGE_CHANGE: Final = (-0.5, 0.6)
FUEL_POINTS: Final = 800
"""Basis points by which a card's own fuel surcharge may move at once."""
DISCOUNT_POINTS: Final = 500
"""The same for a discount."""
_LISTED: Final = 5
CHANGES: Final[dict[str, type[pl.DataType]]] = {
    "service": pl.String,
    "valid_from": pl.Date,
    "what": pl.String,
    "before": pl.Int64,
    "after": pl.Int64,
    "share": pl.Float64,
}
"""One row for each value that differs from the card before: share is after / before - 1, null where before is 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Cards:
    """Card tables with every column of the dictionary."""

    rate_cards: pl.DataFrame
    rates: pl.DataFrame
    surcharges: pl.DataFrame
    discounts: pl.DataFrame

    def own(self, table: str, service: str, day: date) -> pl.DataFrame:
        """Rows that the card of this day brings itself."""
        frame: pl.DataFrame = getattr(self, table)
        return frame.filter((pl.col("service") == service) & (pl.col("valid_from") == day))

    def in_force(self, table: str, service: str, day: date) -> pl.DataFrame:
        """Rows that hold under the card of this day.

        A card without rates of its own keeps those of the card before, and its surcharges and discounts unless it names
        some; one with rates has only the surcharges and discounts that it names.
        """
        cards = self.rate_cards.filter((pl.col("service") == service) & (pl.col("valid_from") <= day))
        for begins in cards["valid_from"].sort(descending=True).to_list():
            rows = self.own(table, service, begins)
            if rows.height or self.own("rates", service, begins).height:
                return rows
        return self.own(table, service, day)


def monotone(rates: pl.DataFrame) -> list[Finding]:
    """Breaks that cost less than a lighter one, and zones that cost less than a nearer one, worst first.

    Examples
    --------
    >>> frame = pl.DataFrame({"service": "c:s", "valid_from": date(2026, 1, 1), "zone": [2, 2, 3, 3],
    ...     "max_weight_g": [500, 1000, 500, 1000], "cents": [700, 650, 720, 800]})
    >>> [print(finding) for finding in monotone(frame)][0]
    rates c:s from 2026-01-01 zone 2 up to 1000 g, cents 650: is less than the 700 of 500 g; correct it, or accept it with a reason
    """
    card = ["service", "valid_from"]
    by_weight = rates.sort(*card, "zone", "max_weight_g").with_columns(
        pl.col("cents").shift().over(*card, "zone").alias("other"),
        pl.col("max_weight_g").shift().over(*card, "zone").alias("than"),
    )
    near = rates.filter(pl.col("zone").is_between(*DISTANCE_ZONES)).sort(*card, "max_weight_g", "zone")
    by_zone = near.with_columns(
        pl.col("cents").shift().over(*card, "max_weight_g").alias("other"),
        pl.col("zone").shift().over(*card, "max_weight_g").alias("than"),
    )
    found = []
    for frame, unit in ((by_weight, "{} g"), (by_zone, "zone {}")):
        wrong = frame.filter(pl.col("cents") < pl.col("other")).sort(pl.col("other") / pl.col("cents"), descending=True)
        for row in wrong.head(_LISTED).iter_rows(named=True):
            more = f", and so at {wrong.height - _LISTED:,} more cells" if wrong.height > _LISTED else ""
            what = f"is less than the {row['other']} of {unit.format(row['than'])}{more}"
            found.append(_doubt("rates", row, "cents", row["cents"], what, "correct it"))
    return found


def jumps(rates: pl.DataFrame) -> list[Finding]:
    """Breaks much dearer than their weight explains: freight has economies of scale, so price rises slower than weight."""
    card = ["service", "valid_from"]
    steps = rates.sort(*card, "zone", "max_weight_g").with_columns(
        pl.col("cents").shift().over(*card, "zone").alias("other"),
        pl.col("max_weight_g").shift().over(*card, "zone").alias("than"),
    )
    times = pl.col("cents") / pl.col("other")
    wrong = steps.filter(times > 1.5 * pl.col("max_weight_g") / pl.col("than")).sort(times, descending=True)
    return [
        _doubt(
            "rates",
            row,
            "cents",
            row["cents"],
            f"is {row['cents'] / row['other']:.1f} times the {row['other']} of"
            f" {row['than']} g, which is more than the weight explains",
            "correct it",
        )
        for row in wrong.head(_LISTED).iter_rows(named=True)
    ]


def coverage(new: Cards, before: Cards) -> list[Finding]:
    """Zones, breaks, surcharges, discounts and services that the cards before had and these have not."""
    found: list[Finding] = []
    for card in new.rate_cards.sort("service", "valid_from").iter_rows(named=True):
        service, day = card["service"], card["valid_from"]
        theirs = _before(before, service, day)
        own = new.own("rates", service, day)
        found += _holes(service, day, own)
        if theirs is None:
            continue
        old = theirs["valid_from"]
        for table, column, name in (
            ("rates", "zone", "zone {}"),
            ("rates", "max_weight_g", "the break of {} g"),
            ("surcharges", "surcharge", "{}"),
            ("discounts", "above_g", "the discount above {} g"),
        ):
            rows = new.own(table, service, day)
            # What a card without rates does not name it keeps.
            if rows.height or own.height:
                found += _lost(service, day, column, name, before.in_force(table, service, old), rows, table)
        if card["max_weight_g"] < theirs["max_weight_g"]:
            what = f"is less than the {theirs['max_weight_g']:,} g before: heavier parcels travel in several cartons"
            found.append(_doubt("rate_cards", card, "max_weight_g", card["max_weight_g"], what, "correct it"))
    return found + _services_lost(new, before)


def changes(new: Cards, before: Cards) -> pl.DataFrame:
    """Every value of a new card that differs from the card before it, largest change first, see `CHANGES`."""
    rows: list[dict[str, Any]] = []
    for card in new.rate_cards.sort("service", "valid_from").iter_rows(named=True):
        service, day = card["service"], card["valid_from"]
        theirs = _before(before, service, day)
        if theirs is None:
            continue
        head = {"service": service, "valid_from": day}
        for column in ("minimum_cents", "fuel_bp", "dim_divisor_mm3_per_g", "max_weight_g"):
            rows += _changed(head, column, theirs[column], card[column])
        for table, key, value, name in (
            ("rates", ["zone", "max_weight_g"], "cents", "zone {zone} up to {max_weight_g} g"),
            ("surcharges", ["surcharge"], "cents", "surcharge {surcharge}"),
            (
                "discounts",
                ["zone", "above_g", "spend_above_cents"],
                "discount_bp",
                "discount zone {zone} above {above_g} g",
            ),
        ):
            old = before.in_force(table, service, theirs["valid_from"])
            for row in new.own(table, service, day).join(old, on=key, suffix=" before").iter_rows(named=True):
                rows += _changed(head, name.format(**row), row[f"{value} before"], row[value])
    found = pl.DataFrame(rows, schema=CHANGES)
    return found.sort(pl.col("share").abs().fill_null(float("inf")), "service", "what", descending=[True, False, False])


def sane(found: pl.DataFrame) -> list[Finding]:
    """Changes that a person has to look at before they serve: of one cell, of a service's middle cell, of a term."""
    doubts: list[Finding] = []
    cells = found.filter(pl.col("what").str.starts_with("zone "))
    for row in _outside(cells, MOST_CHANGE).head(_LISTED).iter_rows(named=True):
        what = f"is {row['share']:+.0%} against the {row['before']:,} of the card before"
        doubts.append(_doubt("rates", row, row["what"], row["after"], what, "correct it"))
    middle = cells.group_by("service", "valid_from", maintain_order=True).agg(pl.median("share"), pl.len())
    for row in _outside(middle, MEDIAN_CHANGE).sort("service").iter_rows(named=True):
        what = f"its {row['len']:,} changed rates move by {row['share']:+.1%} in the middle"
        doubts.append(_doubt("rates", row, "", "", what, "compare with the carrier's announcement"))
    charges = found.filter(pl.col("what").str.starts_with("surcharge "))
    for row in _outside(charges, SURCHARGE_CHANGE).head(_LISTED).iter_rows(named=True):
        what = f"is {row['share']:+.0%} against the {row['before']:,} cents before"
        doubts.append(_doubt("surcharges", row, row["what"], row["after"], what, "correct it"))
    for row in found.filter(~pl.col("what").str.contains("^(zone|surcharge) ")).iter_rows(named=True):
        moved = abs(row["after"] - row["before"])
        off = row["what"].startswith("discount ")
        if (
            (row["what"] == "fuel_bp" and moved > FUEL_POINTS)
            or (row["what"] == "dim_divisor_mm3_per_g" and moved > row["before"] / 5)
            or (off and moved > DISCOUNT_POINTS)
        ):
            what = f"was {row['before']:,} on the card before"
            table = "discounts" if off else "rate_cards"
            doubts.append(_doubt(table, row, row["what"], row["after"], what, "correct it"))
    return doubts


def _outside(frame: pl.DataFrame, band: tuple[float, float]) -> pl.DataFrame:
    return frame.filter(~pl.col("share").is_between(*band))


def _changed(head: dict[str, Any], what: str, before: int, after: int) -> list[dict[str, Any]]:
    if before == after:
        return []
    return [head | {"what": what, "before": before, "after": after, "share": after / before - 1 if before else None}]


def _before(before: Cards, service: str, day: date) -> dict[str, Any] | None:
    """The card in force before a day."""
    cards = before.rate_cards.filter((pl.col("service") == service) & (pl.col("valid_from") < day)).sort("valid_from")
    return cards.row(-1, named=True) if cards.height else None


def _holes(service: str, day: date, rates: pl.DataFrame) -> list[Finding]:
    zones = set(rates["zone"].to_list())
    near = [zone for zone in zones if DISTANCE_ZONES[0] <= zone <= DISTANCE_ZONES[1]]
    missing = sorted(set(range(min(near), max(near) + 1)) - zones) if near else []
    return [
        Finding("rates", f"{service} from {day}", f"zone {zone}", "is missing between two others", "add its rows")
        for zone in missing
    ]


def _lost(
    service: str, day: date, column: str, name: str, before: pl.DataFrame, after: pl.DataFrame, table: str
) -> list[Finding]:
    lost = sorted(set(before[column].to_list()) - set(after[column].to_list()))
    if not lost:
        return []
    shown = ", ".join(name.format(one) for one in lost[:_LISTED]) + (" and more" if len(lost) > _LISTED else "")
    what = "was on the card before and is not on this one"
    return [_doubt(table, {"service": service, "valid_from": day}, "", shown, what, "add its rows")]


def _services_lost(new: Cards, before: Cards) -> list[Finding]:
    """Services of a carrier in the file that end before its new cards begin, without one of their own."""
    found = []
    carriers = new.rate_cards.group_by(pl.col("service").str.split(":").list.first().alias("carrier")).agg(
        pl.max("valid_from")
    )
    brought = set(new.rate_cards["service"].to_list())
    last = before.rate_cards.sort("valid_from").group_by("service", maintain_order=True).last().sort("service")
    for carrier, day in carriers.sort("carrier").iter_rows():
        for card in last.iter_rows(named=True):
            ends = card["valid_to"]
            if card["service"].split(":")[0] != carrier or card["service"] in brought or ends is None:
                continue
            if ends < day:
                what = f"its card ends on {ends}, and the new cards of {carrier} do not have it"
                found.append(_doubt("rate_cards", card, "", "", what, "add its card"))
    return found


def _doubt(table: str, row: dict[str, Any], where: str, value: object, what: str, fix: str) -> Finding:
    zone = f" zone {row['zone']} up to {row['max_weight_g']} g" if "zone" in row and "max_weight_g" in row else ""
    place = f"{row['service']} from {row['valid_from']}{zone}" + (f", {where}" if where else "")
    return Finding(table, place, str(value), what, f"{fix}, or accept it with a reason", doubtful=True)
