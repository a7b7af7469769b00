"""`evenstock explain`: why an order ships from where it does, or why stock should move."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from evenstock.bootstrap import Workspace
from evenstock.cli.opening import workspace
from evenstock.cli.plan import show
from evenstock.cli.screen import Exit, dollars, fail, page, say, show_whole, table
from evenstock.domain import DecisionId, OrderId, PlanId, TransferPlan, plain

Record = Mapping[str, Any]
_SHOWN = 8


def command(
    id: Annotated[str, typer.Argument(help="An order, a decision or a plan.")],  # noqa: A002
    json: Annotated[bool, typer.Option("--json", help="The record itself, in its canonical form.")] = False,
) -> None:
    """Explain a decision: the choice, every other option term by term in cents, what was barred and by which rule."""
    with workspace() as opened:
        found = _find(opened, id)
    if found is None:
        fail(Exit.NOT_FOUND, f"no order, decision or plan {id!r} was decided about here; route orders or plan first")
    if isinstance(found, TransferPlan):
        if json:
            say(plain(found))
        else:
            show(found, found.made_at.date())
        return
    record: Record = jsonlib.loads(found)
    if json:
        say(dict(record))
        return
    _tell(record)


def _find(opened: Workspace, name: str) -> bytes | TransferPlan | None:
    with opened.store.reading() as books:
        return books.decision_of(OrderId(name)) or books.decision(DecisionId(name)) or books.plan(PlanId(name))


def _tell(record: Record) -> None:
    page.print(
        f"[bold]order {record['order']}[/]: {record['outcome'].replace('_', ' ')}, decided {record['decided_at']}"
    )
    page.print(record["sentence"], soft_wrap=True)
    if record["verdict"].get("because"):
        page.print(f"[yellow]{record['verdict']['because']}[/]", soft_wrap=True)
    for sentence in record["relaxed"]:
        page.print(f"[yellow]gave up a wish so that a paid order ships: {sentence}[/]", soft_wrap=True)
    if record["choice"]:
        options = [record["choice"], *record["alternatives"]]
        show_whole(_options(options))
        page.print(_shipments(record["choice"]))
    if record["barred"]:
        rows = [(b["node"], b["service"] or "all", b["rule"], b["because"]) for b in record["barred"]]
        page.print(table("barred", ("node", "service", "rule", "because"), rows))
    inputs = record["inputs"]
    for warning in inputs["warnings"]:
        page.print(f"[yellow]out of date: {warning}[/]", soft_wrap=True)
    known = ", ".join(
        f"{name} {inputs[name][:19]}" for name in ("network", "stock", "policy", "prices") if inputs[name]
    )
    page.print(f"[dim]decided on {known}, code {inputs['code']}[/]", soft_wrap=True)


def total_cents(option: Record) -> int:
    return sum(term["cents"] for shipment in option["shipments"] for term in shipment["terms"])


def _options(options: Sequence[Record]) -> Any:
    """Every option with its terms, so that each row adds up to its total."""
    names = list(dict.fromkeys(t["name"] for o in options[:_SHOWN] for s in o["shipments"] for t in s["terms"]))
    rows = []
    for number, option in enumerate(options[:_SHOWN]):
        cents = dict.fromkeys(names, 0)
        for shipment in option["shipments"]:
            for term in shipment["terms"]:
                cents[term["name"]] += term["cents"]
        ways = " + ".join(f"{s['candidate']['node']} {s['candidate']['service']}" for s in option["shipments"])
        rows.append(
            ("✓" if number == 0 else "", ways, *(f"{cents[n] / 100:,.2f}" for n in names), dollars(total_cents(option)))
        )
    headers = ("", "option", *names, "total")
    more = f", the first {_SHOWN} of {len(options)} (all with --json)" if len(options) > _SHOWN else ""
    return table(f"options, cheapest first{more}", headers, rows, frozenset(range(2, len(headers))))


def _shipments(choice: Record) -> Any:
    rows = [
        (
            s["candidate"]["node"],
            s["candidate"]["service"],
            s["candidate"]["ship_on"],
            f"{line['units']} × {line['sku']}",
        )
        for s in choice["shipments"]
        for line in s["lines"]
    ]
    return table("what ships", ("node", "service", "leaves on", "goods"), rows)
