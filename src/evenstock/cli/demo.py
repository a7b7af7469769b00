"""`evenstock demo`: a believable brand, one night and one day of it, beside what it does by habit."""

from __future__ import annotations

import shutil
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from evenstock.bootstrap import open_workspace
from evenstock.cli.demo_day import Demo, run
from evenstock.cli.demo_report import demo_report
from evenstock.cli.html_report import write
from evenstock.cli.route import summarise
from evenstock.cli.screen import dollars, page, progress, say, table
from evenstock.settings import Settings


def command(
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another brand.")] = 0,
    nodes: Annotated[int, typer.Option(min=3, max=6, help="Nodes of the brand.")] = 4,
    skus: Annotated[int, typer.Option(min=1, help="Items it sells.")] = 2000,
    orders: Annotated[int, typer.Option(min=1, help="Orders on a usual day.")] = 600,
    days: Annotated[int, typer.Option(min=1, max=28, help="Days to live through for the comparison.")] = 10,
    report: Annotated[Path, typer.Option(help="Where to write the report.")] = Path("demo-report.html"),
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Build a brand, forecast, plan tonight's transfers, route today's orders, compare with habit, write a report."""
    place = Settings.load().demo
    _begin_anew(place)
    with open_workspace(place) as opened, progress(quiet=json) as shown:
        found = run(opened, shown, seed=seed, nodes=nodes, skus=skus, days=days, orders_per_day=orders)
    write(demo_report(found), report)
    if json:
        say(_facts(found) | {"report": str(report)})
        return
    _tell(found, report)


def _begin_anew(place: Settings) -> None:
    """Forget the demo before: its database, its snapshots and what was sealed of them, and nothing else that may lie there."""
    for old in place.home.glob("evenstock.db*"):
        old.unlink()
    shutil.rmtree(place.snapshots, ignore_errors=True)
    shutil.rmtree(place.home / "audit", ignore_errors=True)


def _facts(found: Demo) -> dict[str, object]:
    plan = found.planned.plan
    return {
        "as_of": found.world.opens_at.isoformat(),
        "plan": {
            "id": plan.id,
            "lines": len(plan.lines),
            "worth_cents": plan.worth_cents,
            "cost_cents": plan.cost_cents,
            "net_cents": plan.net_cents,
        },
        "routing": summarise(found.records),
        "stock_truth": asdict(found.truth),
        "lived": [
            {
                "arm": lived.arm.name,
                "total_cents": lived.total_cents,
                "orders": sum(d.orders for d in lived.days),
                "unserved_orders": sum(d.unserved_orders for d in lived.days),
                "shipments": sum(d.shipments for d in lived.days),
            }
            for lived in found.lived
        ],
        "seconds": {name: round(s, 2) for name, s in found.seconds.items()},
    }


def _tell(found: Demo, report: Path) -> None:
    """One screen."""
    plan, routing = found.planned.plan, summarise(found.records)
    moment: datetime = found.world.opens_at
    page.print(
        f"\n[bold]A brand with {len(found.company.network.nodes)} nodes and {len(found.company.network.items):,} items on {moment:%A, %d %B %Y}[/]"
    )
    page.print(
        f"Tonight's transfers: {len(plan.lines)} lines, {sum(line.units for line in plan.lines):,} units, worth {dollars(plan.worth_cents, 0)}"
        f" for {dollars(plan.cost_cents, 0)} of freight, handling and capital: net [bold]{dollars(plan.net_cents, 0)}[/]"
    )
    truth = found.truth
    page.print(
        f"Stock truth: {truth.wrong:,} of {truth.shelves:,} records are wrong, by {dollars(truth.wrong_cents, 0)} of goods; {truth.said_empty} shelves"
        f" are held to be empty, {truth.truly_empty} of them are; {truth.units_held_back:,} units are not promised"
    )
    page.print(
        f"Today's orders: {routing['orders']:,} decided, {routing['shipments']:,} parcels, {dollars(routing['cents'])};"
        f" {routing['unserved']} cannot ship, {routing['awaits_approval']} wait for a person"
    )
    layers, priced = routing["layers"], found.repriced
    people = layers["person"]["orders"]
    regret = sum(layer["regret_millicents"] for layer in layers.values())
    page.print(
        f"Prices: {len(priced.contested):,} items are contested, {priced.prices:,} prices of a unit; the rules decide {layers['rules']['orders']:,}"
        f" orders, the optimiser {layers['optimiser']['orders']:,}, people {people:,}; expected regret {regret / 1_000 / routing['orders']:.2f} ¢ an order"
    )
    rows = []
    for lived in found.lived:
        orders = sum(d.orders for d in lived.days)
        shipped = max(1, orders - sum(d.unserved_orders for d in lived.days))
        rows.append(
            (
                lived.arm.name,
                dollars(lived.total_cents, 0),
                dollars(sum(d.paid_cents for d in lived.days) / shipped),
                dollars(sum(d.lost_cents for d in lived.days), 0),
                dollars(sum(d.transfer_cents for d in lived.days), 0),
                f"{sum(d.shipments for d in lived.days) / shipped:.3f}",
                f"{sum(d.unserved_orders for d in lived.days):,}",
            )
        )
    headers = ("way of deciding", "total", "an order", "lost sales", "transfers", "parcels an order", "unserved")
    page.print(
        table(f"the same {len(found.lived[0].days)} days lived with each", headers, rows, frozenset(range(1, 7)))
    )
    ours, habit, idle = (lived.total_cents for lived in found.lived)
    page.print(
        f"Against the habit: [bold]{dollars(habit - ours, 0)}[/] less in {len(found.lived[0].days)} days ({100 * (habit - ours) / habit:.1f} %);"
        f" against the nearest node without transfers: {dollars(idle - ours, 0)} ({100 * (idle - ours) / idle:.1f} %)"
        f" so far: transfers are paid on the first day and earn for {found.planned.question.problem.days}."
    )
    served = next((r for r in found.records if r.choice and len(r.alternatives) > 1), None)
    page.print(f"[dim]{', '.join(f'{name} {s:.1f} s' for name, s in found.seconds.items())}[/]")
    page.print(f"\nReport: [bold]{report}[/] (opens without a network)")
    page.print("Look around:")
    me = _program()
    if served is not None:
        page.print(f"  {me} --demo explain {served.order}    why that order ships from there", soft_wrap=True)
    page.print(f"  {me} --demo explain {plan.id}    tonight's plan", soft_wrap=True)
    page.print(f"  {me} --demo stock count-list    what to count today, and why", soft_wrap=True)
    page.print(f"  {me} --demo forecast backtest --as-of {moment:%Y-%m-%d} --report backtest.html", soft_wrap=True)
    page.print(f"  {me} --demo stock\n  {me} --demo doctor", soft_wrap=True)


def _program() -> str:
    """How this program is called from here."""
    if shutil.which("evenstock"):
        return "evenstock"
    called = Path(sys.argv[0])
    return str(called.relative_to(Path.cwd()) if called.is_relative_to(Path.cwd()) else called)
