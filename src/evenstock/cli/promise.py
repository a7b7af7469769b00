"""`evenstock promise`: which days can be told to a customer, how sure they are, and what each costs."""

from __future__ import annotations

from typing import Annotated

import typer

from evenstock.cli.goods import goods
from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import Exit, dollars, moment, page, say, table
from evenstock.domain import Cents, LineId, Order, OrderId, OrderLine, ServiceLevel, ShipTo
from evenstock.operations.company import Company
from evenstock.operations.promise import Quote, document, promise_order, transfers_due


def command(
    to: Annotated[str, typer.Option(help="Postal code of the customer.")],
    sku: Annotated[list[str], typer.Option(help="Item, with :UNITS for more than one; may be said again.")],
    level: Annotated[ServiceLevel, typer.Option(help="Speed the customer chose; any by default.")] = ServiceLevel.ANY,
    probability: Annotated[float, typer.Option(help="Least probability that the whole order is there.")] = 0.9,
    order_class: Annotated[str, typer.Option(help="Class of the order that rules speak of.")] = "standard",
    channel: Annotated[str, typer.Option(help="Where it is sold.")] = "",
    business: Annotated[bool, typer.Option("--business", help="It goes to a business, not to a home.")] = False,
    as_of: Annotated[str | None, typer.Option(help="Moment of the question; now by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Say which days can be promised for what is in a basket, the fastest first. Reserves nothing; ends with 5 if there is none."""
    now = moment(as_of)
    with workspace() as opened:
        here = company(opened, now.date())
        order = Order(
            OrderId("basket"),
            tuple(_line(here, number, text) for number, text in enumerate(sku, 1)),
            ShipTo(to, residential=not business),
            now,
            order_class=order_class,
            channel=channel,
            service_level=level,
        )
        lead_days = {(lane.origin, lane.destination): lane.lead_days for lane in here.network.lanes}
        with opened.store.reading() as books:
            due = transfers_due(books, lead_days, now.date())
        quote = promise_order(
            opened.store, here.shipping, here.network.policy, order, now, probability=probability, inbound=due
        )
    if json:
        say(document(quote))
    else:
        _tell(quote)
    if not quote.options:
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))


def _line(here: Company, number: int, text: str) -> OrderLine:
    sku, units = goods(text)
    item = here.network.items.get(sku)
    return OrderLine(LineId(str(number)), sku, units, item.price_cents if item else Cents(0))


def _tell(quote: Quote) -> None:
    if not quote.options:
        page.print(f"[yellow]{quote.sentence}[/]", soft_wrap=True)
        return
    rows = [
        (o.name, str(o.deliver_by), f"{o.probability_millionths // 1_000 / 10:.1f}%", "+".join(o.nodes),
         "+".join(o.services), dollars(o.cents), str(o.waits_until or ""))
        for o in quote.options
    ]  # fmt: skip
    headers = ("", "deliver by", "probability", "from", "by", "cost", "waits for stock until")
    page.print(table("what can be promised", headers, rows, frozenset({2, 5})))
    for option in quote.options:
        page.print(f"[dim]{option.sentence}[/]", soft_wrap=True)
