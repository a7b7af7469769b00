"""`evenstock route`: where today's orders ship from."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer

from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import Exit, dollars, fail, moment, page, progress, say, table
from evenstock.connectors.files import read_tables
from evenstock.domain import DecisionRecord, Layer, Order, Outcome
from evenstock.operations.company import Company
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.network import orders_from_frame
from evenstock.operations.roll_out import roll_out_in_force
from evenstock.operations.route_order import route_order
from evenstock.operations.route_pool import PoolRouted, route_pool
from evenstock.operations.substitution import allowed_substitutes
from evenstock.routing.explain import by_term

_SHOWN = 10


def command(
    file: Annotated[
        Path | None, typer.Argument(help="Orders as CSV or Parquet; those last imported without one.")
    ] = None,
    as_of: Annotated[str | None, typer.Option(help="Moment of the decisions; now by default.")] = None,
    shadow: Annotated[bool, typer.Option("--shadow", help="Decide, but reserve nothing.")] = False,
    prove: Annotated[
        bool, typer.Option(help="Give orders of more than 14 lines to the integer program: cheaper, takes seconds.")
    ] = True,
    together: Annotated[
        bool, typer.Option("--together", help="Decide all of them at once: most orders served, then at least cost.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Route orders one after the other: decide, reserve, record. Ends with 5 if any order needs a person."""
    now = moment(as_of)
    with workspace() as opened:
        here = company(opened, now.date())
        orders = _orders(here, file)
        shipping, policy = here.shipping, here.network.policy
        with opened.store.reading() as books:
            stage = roll_out_in_force(books, opened.snapshots)
        substitutes = allowed_substitutes(here.table("substitutes"))
        records: list[DecisionRecord] = []
        took_ms: list[float] = []
        pooled = (
            route_pool(opened.store, shipping, policy, orders, now, shadow=shadow, stage=stage, substitutes=substitutes)
            if together
            else None
        )
        records += [routed.record for routed in pooled.routed] if pooled else []
        with progress(quiet=json or together) as shown:
            task = shown.add_task("routing", total=len(orders))
            for order in () if pooled else orders:
                begun = time.perf_counter()
                wish = RouteOrder(order, now, shadow, prove=prove)
                routed = route_order(opened.store, shipping, policy, wish, stage=stage, substitutes=substitutes)
                records.append(routed.record)
                took_ms.append(1000 * (time.perf_counter() - begun))
                shown.advance(task)
    summary = summarise(records)
    if json:
        say(
            summary
            | {
                "decisions": [
                    {"order": r.order, "decision": r.id, "outcome": r.outcome, "sentence": r.sentence} for r in records
                ]
            }
        )
    else:
        _tell(records, summary, took_ms)
        if pooled is not None:
            _tell_pool(pooled)
    if summary["unserved"] or summary["awaits_approval"]:
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))


def _tell_pool(pooled: PoolRouted) -> None:
    """What deciding together changed."""
    more = "" if pooled.proven else f"; nobody could pay less than {dollars(pooled.least_cents)}"
    page.print(
        f"{pooled.together:,} orders were decided together: {pooled.served:,} served (at most {pooled.most_served:,} can be),"
        f" {pooled.moved:,} moved so that others ship too or all ship for less{more}",
        soft_wrap=True,
    )
    for order, why in pooled.left_out[:_SHOWN]:
        page.print(f"  [dim]{order}: {why}[/]", soft_wrap=True)


def _orders(here: Company, file: Path | None) -> list[Order]:
    if file is None:
        frame = here.table("orders")
        if frame is None:
            fail(Exit.NOT_FOUND, "no orders were imported; add a table named orders, or name a file of orders")
        return orders_from_frame(frame)
    if not file.is_file():
        fail(Exit.REFUSED_INPUT, f"{file} is not a file")
    read = pl.read_parquet(file) if file.suffix == ".parquet" else pl.read_csv(file, infer_schema=False)
    reading = read_tables({"nodes": here.tables["nodes"], "items": here.tables["items"], "orders": read})
    if reading.count:
        for problem in reading.problems:
            page.print(f"[red]✗[/] {problem}", soft_wrap=True)
        fail(Exit.REFUSED_INPUT, f"{reading.count:,} problems in {file}; nothing was routed")
    return orders_from_frame(reading.frames["orders"])


def summarise(records: Sequence[DecisionRecord]) -> dict[str, Any]:
    """Counts and cents of decisions; the terms add up to the total."""
    outcomes = Counter(record.outcome for record in records)
    shipped = [record.choice for record in records if record.choice is not None]
    terms: Counter[str] = Counter()
    nodes: Counter[str] = Counter()
    for plan in shipped:
        terms.update(by_term(plan))
        for shipment in plan.shipments:
            nodes[shipment.candidate.node] += 1
    return {
        "orders": len(records),
        "executed": outcomes[Outcome.EXECUTED],
        "shadow": outcomes[Outcome.SHADOW],
        "awaits_approval": outcomes[Outcome.AWAITS_APPROVAL],
        "unserved": outcomes[Outcome.UNSERVED],
        "shipments": sum(nodes.values()),
        "shipments_by_node": dict(sorted(nodes.items())),
        "cents": sum(terms.values()),
        "cents_by_term": dict(sorted(terms.items())),
        "relaxed": sum(1 for record in records if record.relaxed),
        "layers": by_layer(records),
    }


def by_layer(records: Sequence[DecisionRecord]) -> dict[str, dict[str, int]]:
    """Orders decided and regret expected (in thousandths of a cent) by who decided: rules, optimiser, person."""
    found = {layer.value: {"orders": 0, "regret_millicents": 0} for layer in Layer}
    for record in records:
        if record.choice is not None:
            found[record.layer]["orders"] += 1
            found[record.layer]["regret_millicents"] += record.confidence.regret_millicents if record.confidence else 0
    return found


def layer_rows(layers: dict[str, dict[str, int]]) -> list[tuple[str, ...]]:
    """Layer, orders, their share, expected regret, its share: a row each for a table."""
    orders = sum(layer["orders"] for layer in layers.values()) or 1
    regret = sum(layer["regret_millicents"] for layer in layers.values())
    return [
        (
            name,
            f"{layer['orders']:,}",
            f"{100 * layer['orders'] / orders:.1f} %",
            f"{layer['regret_millicents'] / 100_000:,.2f}",
            f"{100 * layer['regret_millicents'] / regret:.1f} %" if regret else "",
        )
        for name, layer in layers.items()
    ]


def _tell(records: Sequence[DecisionRecord], summary: dict[str, Any], took_ms: Sequence[float]) -> None:
    shipped = summary["orders"] - summary["unserved"]
    page.print(
        f"[bold]{summary['orders']:,} orders[/]: {shipped:,} ship in {summary['shipments']:,} parcels for {dollars(summary['cents'])}"
        + (f" ({dollars(summary['cents'] / shipped)} an order)" if shipped else "")
    )
    if took_ms:
        ranked = sorted(took_ms)
        page.print(
            f"[dim]each decided and recorded in {ranked[len(ranked) // 2]:.1f} ms (median), {ranked[int(0.99 * (len(ranked) - 1))]:.1f} ms (99th of 100)[/]"
        )
    page.print(
        table(
            "by node",
            ("node", "parcels"),
            [(n, f"{c:,}") for n, c in summary["shipments_by_node"].items()],
            frozenset({1}),
        )
    )
    page.print(
        table(
            "by term", ("term", "cost"), [(n, dollars(c)) for n, c in summary["cents_by_term"].items()], frozenset({1})
        )
    )
    page.print(
        table(
            "who decided",
            ("layer", "orders", "share", "expected regret", "share of it"),
            layer_rows(summary["layers"]),
            frozenset({1, 2, 3, 4}),
        )
    )
    for title, wanted in (("need a person", Outcome.AWAITS_APPROVAL), ("cannot ship", Outcome.UNSERVED)):
        found = [r for r in records if r.outcome is wanted]
        if found:
            rows = [(r.order, getattr(r.verdict, "because", "") or r.sentence) for r in found[:_SHOWN]]
            more = f", the first {_SHOWN}" if len(found) > _SHOWN else ""
            page.print(table(f"{len(found)} {title}{more}", ("order", "because"), rows))
    if records:
        page.print(f"[dim]Why: evenstock explain {records[0].order}[/]")
    if summary["awaits_approval"]:
        page.print("[dim]What waits for you: evenstock queue[/]")
