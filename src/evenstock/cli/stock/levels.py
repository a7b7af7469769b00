"""`evenstock stock levels`: what each item should have where, when to order again, and how much."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from evenstock.cli.opening import company, todays_forecast, workspace
from evenstock.cli.screen import Exit, dollars, fail, moment, page, progress, say, show_whole, table
from evenstock.operations.stock_levels import PATHS, Placed, outlook, placement, stock_levels

_ORDERS = 15


def command(
    sku: Annotated[str | None, typer.Argument(help="One item with all it is reckoned from; all without it.")] = None,
    node: Annotated[str | None, typer.Option(help="Show only this node.")] = None,
    segment: Annotated[
        str | None,
        typer.Option(help="Show only this segment: a class (A, AX) or what matters more (new, constrained)."),
    ] = None,
    as_of: Annotated[str | None, typer.Option(help="The morning to look at stock; now by default.")] = None,
    paths: Annotated[int, typer.Option(min=16, max=2000, help="Demand paths to reckon on.")] = PATHS,
    seed: Annotated[int, typer.Option(help="Seed of the demand paths.")] = 0,
    place: Annotated[
        bool, typer.Option("--placement", help="With an item: where its safety stock belongs in the network.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Also write the levels here (CSV).")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Set levels and order points from paths of demand and learned lead times, and list what to order."""
    if place and not sku:
        raise typer.BadParameter("placement is of one item: name it, as in `evenstock stock levels MUG --placement`")
    now = moment(as_of)
    with workspace() as opened, progress(quiet=json) as shown:
        task = shown.add_task("forecasting", total=None)
        here = company(opened, now.date())
        said = todays_forecast(opened, here, now)
        shown.update(task, description="setting levels")
        found = stock_levels(
            opened.store, opened.snapshots, here, said.forecast, as_of=now.date(), seed=seed, n_paths=paths
        )
        chosen = _chosen(found.frame, sku, node, segment)
        placed = placement(found, sku) if place and sku else None
    cost = {str(item.sku): item.unit_cost_cents for item in here.network.items.values()}
    ahead = outlook(found, sku) if sku else None
    if ahead is not None and node:
        ahead = ahead.filter(node=node)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        chosen.write_csv(out)
    if json:
        say(
            {
                "on": now.date(),
                "item_nodes": chosen.height,
                "segments": _by_segment(chosen, cost).to_dicts(),
                "levels": chosen.to_dicts(),
                "outlook": [] if ahead is None else ahead.to_dicts(),
                "placement": None if placed is None else _placed(placed),
                "notes": list(found.notes),
            }
        )
        return
    if ahead is None:
        _show_all(chosen, cost)
    else:
        _show_one(chosen, ahead, placed)
    for note in found.notes:
        page.print(f"[dim]note: {note}[/]", soft_wrap=True)


def _chosen(frame: pl.DataFrame, sku: str | None, node: str | None, segment: str | None) -> pl.DataFrame:
    chosen = frame
    if sku:
        chosen = chosen.filter(pl.col("sku") == sku)
    if node:
        chosen = chosen.filter(pl.col("node") == node)
    if segment:
        of = pl.col("segment")
        chosen = chosen.filter(of.str.starts_with(segment) | of.str.ends_with(f" {segment}"))
    if chosen.is_empty():
        fail(
            Exit.NOT_FOUND,
            "no item-node is called or classed so; `evenstock stock levels` shows the segments there are",
        )
    return chosen


def _by_segment(chosen: pl.DataFrame, cost: Mapping[str, int]) -> pl.DataFrame:
    """Item-nodes and money by segment."""
    unit = pl.col("sku").replace_strict(cost, return_dtype=pl.Int64)
    due = (pl.col("order_units") > 0) & (pl.col("days_to_reorder") == 0)
    return (
        chosen.group_by("segment", "policy")
        .agg(
            pl.len().alias("item_nodes"),
            (pl.col("position") * unit).sum().alias("position_cents"),
            (pl.col("safety_stock").clip(lower_bound=0) * unit).sum().alias("safety_stock_cents"),
            due.sum().alias("due"),
            (pl.col("order_units") * unit).filter(due).sum().alias("order_cents"),
            pl.col("risk_cents").sum(),
        )
        .sort("segment")
    )


def _show_all(chosen: pl.DataFrame, cost: Mapping[str, int]) -> None:
    rows = [
        (s["segment"] or "–", s["policy"] or "no level", f"{s['item_nodes']:,}", dollars(s["position_cents"], 0),
         dollars(s["safety_stock_cents"], 0), f"{s['due']:,}", dollars(s["order_cents"], 0), dollars(s["risk_cents"], 0))
        for s in _by_segment(chosen, cost).iter_rows(named=True)
    ]  # fmt: skip
    headers = ("segment", "policy", "item-nodes", "here and coming", "safety stock", "orders due", "worth", "at risk")
    page.print(table("levels by segment", headers, rows, frozenset(range(2, 8))))
    orders = chosen.filter(pl.col("order_units") > 0)
    urgent = orders.sort(["order_by", "risk_cents", "sku", "node"], descending=[False, True, False, False]).head(
        _ORDERS
    )
    rows = [
        (r["sku"], r["node"], r["segment"], f"{r['position']:,}", f"{r['reorder_point']:,}", f"{r['order_up_to']:,}",
         dollars(r["risk_cents"], 0), r["suggestion"])
        for r in urgent.iter_rows(named=True)
    ]  # fmt: skip
    headers = ("item", "node", "segment", "here and coming", "order at", "up to", "at risk", "suggestion")
    more = f", the {_ORDERS} most urgent of {orders.height:,}" if orders.height > _ORDERS else ""
    if rows:
        page.print(table(f"orders{more}", headers, rows, frozenset({3, 4, 5, 6})))
    else:
        page.print("Nothing reaches its order point in sight.")


def _show_one(chosen: pl.DataFrame, ahead: pl.DataFrame, placed: Placed | None) -> None:
    rows = [
        (r["node"], r["segment"] or "–", r["policy"] or "no level", r["way"] or "unknown", _days(r), _units(r["safety_stock"]),
         _units(r["textbook_stock"]), _units(r["reorder_point"]), _units(r["order_up_to"]), f"{r['position']:,}",
         r["suggestion"])
        for r in chosen.iter_rows(named=True)
    ]  # fmt: skip
    headers = ("node", "segment", "policy", "from", "days (95 %)", "safety stock", "by the book", "order at", "up to",
               "here and coming", "suggestion")  # fmt: skip
    show_whole(table(f"levels of {chosen['sku'][0]}", headers, rows, frozenset({4, 5, 6, 7, 8, 9})))
    for r in chosen.iter_rows(named=True):
        page.print(f"{r['node']}: {r['because']}", soft_wrap=True)
    if ahead.height:
        days = ahead["date"].unique().sort().to_list()
        by_day = [
            (name, *(f"{r['safety_stock']:,} / {r['level']:,}" for r in part.iter_rows(named=True)))
            for (name,), part in ahead.group_by("node", maintain_order=True)
        ]
        page.print(
            table("safety stock / level if looked at on", ("node", *map(str, days)), by_day, frozenset(range(1, 9)))
        )
    if placed is not None:
        stages = [
            (
                r["node"],
                r["way"] or "unknown",
                f"{r['promise_days']}",
                f"{r['safety_stock']:,.0f}",
                f"{r['alone']:,.0f}",
            )
            for r in placed.frame.iter_rows(named=True)
        ]
        of_stage = ("node", "from", "promises in days", "safety stock", "serving at once")
        page.print(table("where safety stock belongs", of_stage, stages, frozenset({2, 3, 4})))
        page.print(placed.text, soft_wrap=True)


def _placed(placed: Placed) -> dict[str, object]:
    best = placed.placement
    return {
        "stages": placed.frame.to_dicts(),
        "cents_a_day": None if best is None else best.cost,
        "bound_cents_a_day": None if best is None else best.bound,
        "alone_cents_a_day": placed.alone_cents,
        "pooled_units": None if placed.pooled is None else placed.pooled.helping,
        "apart_units": None if placed.pooled is None else placed.pooled.alone,
        "text": placed.text,
    }


def _units(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _days(row: dict[str, object]) -> str:
    return "–" if row["lead_mean_days"] is None else f"{row['lead_mean_days']:.0f} ({row['lead_p95_days']})"
