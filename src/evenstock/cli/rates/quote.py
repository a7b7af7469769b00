"""`evenstock rates quote`: what every service takes for a parcel or for pallets, term by term, and why some cannot take it."""

from __future__ import annotations

import re
from typing import Annotated

import typer
from rich.markup import escape

from evenstock.cli.opening import company, workspace
from evenstock.cli.rates import quote_freight
from evenstock.cli.rates.quote_freight import MOST
from evenstock.cli.screen import Exit, fail, moment, page, say, show_whole, table
from evenstock.freight.rates import Quote
from evenstock.operations.rates.quote_parcel import Parcel, document, quotes_of

_GRAMS = {"g": 1.0, "kg": 1000.0, "oz": 28.349523125, "lb": 453.59237}
_MM = {"mm": 1.0, "cm": 10.0, "in": 25.4}


def command(
    origin: Annotated[str, typer.Argument(metavar="FROM", help="Postal code, or name of a node.")],
    destination: Annotated[str, typer.Argument(metavar="TO", help="Postal code, or name of a node.")],
    weight: Annotated[str, typer.Option(help="Such as 900g, 1.2kg, 2lb or 14oz; of one pallet, itself included.")],
    size: Annotated[
        str,
        typer.Option(
            help="Sides of the box, such as 12x10x4in or 300x250x100mm; unknown by default. Of a pallet length, width and"
            " height in this order; 48x40in of unknown height by default."
        ),
    ] = "",
    pallets: Annotated[
        int, typer.Option(min=0, max=MOST, help="Quote so many pallets alike, by share of a truck and by whole trucks.")
    ] = 0,
    freight_class: Annotated[
        str, typer.Option("--class", help="Freight class of the pallets; by density where not said.")
    ] = "",
    with_: Annotated[
        list[str] | None, typer.Option("--with", help="Accessorial asked for, such as liftgate; may be said again.")
    ] = None,
    miles: Annotated[int, typer.Option(min=0, help="Road miles; else from the distance.")] = 0,
    on: Annotated[str | None, typer.Option(help="Day it leaves; today by default.")] = None,
    home: Annotated[bool, typer.Option("--home", help="To a home.")] = False,
    hazmat: Annotated[bool, typer.Option("--hazmat", help="Hazardous goods.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Every service with every term, cheapest first; what is out of date is marked. Ends with 5 if a rate is stale or none can go.

    With --pallets by the freight contracts, each line by line; a transfer lane between two nodes asks for what it always does.
    """
    day = moment(on).date()
    weight_g = _weight(weight)
    if not pallets and (freight_class or with_ or miles):
        raise typer.BadParameter("--class, --with and --miles are of freight: say how many --pallets")
    if pallets and (home or hazmat):
        raise typer.BadParameter("pallets to a home or of hazardous goods: ask by --with, as the accessorials name it")
    sides = _sides(size) if not pallets else (0, 0, 0)
    with workspace() as opened:
        here = company(opened, day)
        if pallets:
            load = quote_freight.units(pallets, weight_g, quote_freight.sides(size), freight_class)
            ends = quote_freight.End.of(here, origin, "FROM"), quote_freight.End.of(here, destination, "TO")
            quote_freight.quote(here, ends, load, frozenset(with_ or ()), miles or None, day, json=json)
            return
    book = here.network.rates
    if book is None:
        fail(Exit.NOT_FOUND, "no rate cards: import rate_cards and rates first")
    nodes = {str(node.id): node.postal_code for node in here.network.nodes.values()}
    if origin not in nodes and not any(letter.isdigit() for letter in origin):
        raise typer.BadParameter(
            f"{origin!r} is neither a postal code nor a node; nodes are {', '.join(nodes)}", param_hint="FROM"
        )
    sent = Parcel(nodes.get(origin, origin), nodes.get(destination, destination), weight_g, sides, day, home, hazmat)
    quotes, reasons = quotes_of(book, sent)
    if json:
        say(document(sent, quotes, reasons))
    else:
        _tell(sent, quotes, reasons)
    if not quotes or any(quote.stale for quote in quotes):
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))


def _weight(text: str) -> int:
    found = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(g|kg|oz|lb)\s*", text.lower())
    if not found or float(found[1]) <= 0:
        raise typer.BadParameter(f"{text!r} is no weight; write 900g, 1.2kg, 2lb or 14oz", param_hint="--weight")
    # The carrier weighs what is there: a fraction of a gram counts whole.
    return -int(-float(found[1]) * _GRAMS[found[2]] // 1)


def _sides(text: str) -> tuple[int, int, int]:
    if not text.strip():
        return 0, 0, 0
    found = re.fullmatch(r"\s*([0-9.]+)x([0-9.]+)x([0-9.]+)\s*(mm|cm|in)\s*", text.lower().replace(" ", ""))
    try:
        sides = [float(found[k]) for k in (1, 2, 3)] if found else []
    except ValueError:
        sides = []
    if not found or not sides or min(sides) <= 0:
        raise typer.BadParameter(f"{text!r} is no box; write 12x10x4in or 300x250x100mm", param_hint="--size")
    longest, second, third = sorted((round(side * _MM[found[4]]) for side in sides), reverse=True)
    return longest, second, third


def _tell(sent: Parcel, quotes: list[Quote], reasons: dict[str, str]) -> None:
    if quotes:
        names = list(dict.fromkeys(term.name for quote in quotes for term in quote.terms))
        rows = []
        for quote in quotes:
            cents = {term.name: term.cents for term in quote.terms}
            terms = (f"{cents[name] / 100:,.2f}" if name in cents else "" for name in names)
            total = f"{quote.cents / 100:,.2f}"
            mark = "[yellow]stale[/]" if quote.stale else ""
            rows.append(
                (escape(quote.service), str(quote.zone), f"{quote.billable_g:,}", total, *map(str, terms), mark)
            )
        where = f"{sent.origin} to {sent.destination} on {sent.on}, {sent.weight_g:,} g" + (
            ", to a home" if sent.home else ""
        )
        headers = ("service", "zone", "bills g", "total", *names, "")
        show_whole(table(where, headers, rows, frozenset(range(1, len(headers) - 1))))
    for stale in dict.fromkeys(quote.stale for quote in quotes if quote.stale):
        page.print(f"[yellow]stale[/] {escape(stale)}", soft_wrap=True)
    for service, because in reasons.items():
        page.print(f"[dim]{escape(service)}: {escape(because)}[/]", soft_wrap=True)
