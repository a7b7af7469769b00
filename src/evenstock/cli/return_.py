"""`evenstock return`: where a customer's return should go, or whether he should keep it, in cents term by term."""

from __future__ import annotations

from typing import Annotated

import typer

from evenstock.cli.goods import goods
from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import Exit, dollars, fail, moment, page, say, table
from evenstock.domain import Cents, LineId, OrderId
from evenstock.operations.ports import Store
from evenstock.operations.route_return import RoutedReturn, document, route_return
from evenstock.routing.returns import CustomerReturn, PaidBy, ReturnedLine, ReturnTerms

_SHOWN = 6
_MILLION = 1_000_000


def command(
    sku: Annotated[
        list[str] | None, typer.Option(help="Item sent back, with :UNITS for more than one; may be said again.")
    ] = None,
    postal_code: Annotated[str | None, typer.Option("--from", help="Postal code of the customer.")] = None,
    order: Annotated[str | None, typer.Option(help="Order it belongs to: its address, prices and lines.")] = None,
    service: Annotated[
        list[str] | None, typer.Option(help="Service that carries returns; may be said again; all by default.")
    ] = None,
    resaleable: Annotated[float, typer.Option(help="Chance that a unit can be sold again as new.")] = 0.85,
    salvage: Annotated[float, typer.Option(help="Share of its cost that a unit unfit for sale brings.")] = 0.0,
    parcels: Annotated[int, typer.Option(help="Most parcels it may travel in.")] = 1,
    customer_pays: Annotated[bool, typer.Option("--customer-pays", help="The customer pays the label.")] = False,
    never_keep: Annotated[bool, typer.Option("--never-keep", help="Goods are not left with customers.")] = False,
    as_of: Annotated[str | None, typer.Option(help="Moment of the question; now by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Say where a return should go: what its units are worth there less label, handling and capital, or let the customer keep it.

    Writes nothing. Ends with 5 if no way is open.
    """
    now = moment(as_of)
    with workspace() as opened:
        asked = _asked(opened.store, sku or [], postal_code, order)
        terms = _terms(tuple(service or ()), resaleable, salvage, parcels, customer_pays, keep=not never_keep)
        try:
            found = route_return(opened.store, company(opened, now.date()), asked, terms, now=now)
        except ValueError as error:
            fail(Exit.REFUSED_INPUT, str(error))
    if json:
        say(document(found))
    else:
        _tell(found)
    if found.decision.choice is None:
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))


def _terms(
    services: tuple[str, ...], resaleable: float, salvage: float, parcels: int, customer_pays: bool, *, keep: bool
) -> ReturnTerms:
    try:
        return ReturnTerms(
            services=services,
            resaleable_millionths=round(resaleable * _MILLION),
            salvage_bp=round(salvage * 10_000),
            most_parcels=parcels,
            paid_by=PaidBy.CUSTOMER if customer_pays else PaidBy.COMPANY,
            keep=keep,
        )
    except ValueError as error:
        fail(Exit.REFUSED_INPUT, str(error))


def _asked(store: Store, sku: list[str], postal_code: str | None, order: str | None) -> CustomerReturn:
    """What is sent back: the items named, refunded as their order says where one is named; all of the order where none is."""
    known = None
    if order is not None:
        with store.reading() as books:
            known = books.order(OrderId(order))
        if known is None:
            fail(Exit.NOT_FOUND, f"--order {order}: no such order was routed here")
    destination = postal_code or (known.ship_to.postal_code if known else "")
    if not destination or not (sku or known):
        fail(Exit.REFUSED_INPUT, "say what comes back and from where: --sku SKU[:UNITS] --from POSTAL, or --order ID")
    sold = known.lines if known else ()
    named = [goods(text) for text in sku] or [(line.sku, line.units) for line in sold]
    paid = {line.sku: line.price_cents for line in sold}
    missing = sorted({item for item, _ in named} - set(paid)) if known else []
    if missing:
        fail(Exit.REFUSED_INPUT, f"--sku {missing[0]}: order {order} has no such item")
    lines = tuple(
        ReturnedLine(LineId(str(number)), item, units, paid.get(item, Cents(0)))
        for number, (item, units) in enumerate(named, 1)
    )
    try:
        return CustomerReturn(order or "return", lines, destination)
    except ValueError as error:
        fail(Exit.REFUSED_INPUT, str(error))


def _tell(found: RoutedReturn) -> None:
    decision = found.decision
    page.print(
        f"[bold]{decision.sentence}[/]" if decision.choice else f"[yellow]{decision.sentence}[/]", soft_wrap=True
    )
    plans = [plan for plan in (decision.choice, *decision.alternatives) if plan is not None]
    names = list(dict.fromkeys(name for plan in plans[:_SHOWN] for name in plan.by_term))
    rows = [
        (plan.words, *(dollars(plan.by_term.get(name, 0)) for name in names), dollars(plan.cents))
        for plan in plans[:_SHOWN]
    ]
    if rows:
        headers = ("where", *names, "costs")
        page.print(table("ways back; below zero it brings", headers, rows, frozenset(range(1, len(headers)))))
    for barred in decision.barred:
        page.print(f"[dim]{barred.node} {barred.service}: {barred.because}[/]".replace(" :", ":"), soft_wrap=True)
    for warning in found.warnings:
        page.print(f"[dim]{warning}[/]", soft_wrap=True)
    page.print(f"[dim]prices of stock: {found.price_rung}[/]", soft_wrap=True)
