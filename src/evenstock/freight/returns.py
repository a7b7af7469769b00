"""What sending goods back costs: a label from the customer's door to a node, and whole lanes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from evenstock.domain import Cents, CostTerm
from evenstock.freight.bulk import HANDY, Bulk
from evenstock.freight.rates import RateBook


@dataclass(frozen=True, slots=True)
class ReturnLabel:
    """One parcel back, term by term."""

    service: str
    zone: int
    cartons: int
    terms: tuple[CostTerm, ...]
    """`base`, `fuel`, then surcharges, as `RateBook.quote` names them."""
    days: float | None
    """Mean days under way; None where unknown."""
    stale: str
    """One sentence where the rate is out of date, else empty."""
    by_the_way_out: bool = False
    """Whether only the way out has a zone and a rate, which are taken for the way back."""

    @property
    def cents(self) -> Cents:
        return Cents(sum(term.cents for term in self.terms))


def return_label(
    book: RateBook,
    service: str,
    from_postal: str,
    to_postal: str,
    weight_g: int,
    volume_mm3: int,
    on: date,
    *,
    goods: Bulk = HANDY,
) -> ReturnLabel | None:
    """The label from a customer to a node, which is no home; None where the service has no rate for it.

    `goods` are the largest measures of single units, as oversize and handling charges look at them.

    Charts list what leaves a company's own nodes. Where there is no rate for the way back the zone of the way out is taken, the
    same in nearly every pair (99.8 % of USPS's), and said so.
    """
    sent = weight_g, volume_mm3, goods.longest_mm, False, on
    quote = book.quote(service, from_postal, to_postal, *sent, goods=goods)
    out = quote is None
    quote = quote or book.quote(service, to_postal, from_postal, *sent, goods=goods)
    if quote is None:
        return None
    share = book.transit_share(service, quote.zone)
    days = None if share is None else float(share @ np.arange(len(share)))
    return ReturnLabel(service, quote.zone, quote.cartons, quote.terms, days, quote.stale, by_the_way_out=out)


def return_lanes(
    book: RateBook,
    from_postals: Sequence[str],
    nodes: Mapping[str, str],
    services: Sequence[str],
    on: date,
    *,
    weights_g: Sequence[int] = (500, 1_000, 2_500, 5_000, 10_000),
) -> pl.DataFrame:
    """Labels of return lanes: columns from_postal, node, service, weight_g, zone, cents, days, stale; those without a rate are
    left out. Volume does not bill here: weights stand for billable ones.

    Parameters
    ----------
    nodes : postal code by name.
    """
    rows = [
        (home, node, service, weight, label.zone, label.cents, label.days, label.stale)
        for home in from_postals
        for node, postal in sorted(nodes.items())
        for service in services
        for weight in weights_g
        if (label := return_label(book, service, home, postal, weight, 0, on)) is not None
    ]
    schema = {
        "from_postal": pl.String,
        "node": pl.String,
        "service": pl.String,
        "weight_g": pl.Int64,
        "zone": pl.Int64,
        "cents": pl.Int64,
        "days": pl.Float64,
        "stale": pl.String,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")
