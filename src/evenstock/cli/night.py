"""`evenstock night`: close yesterday. What it cost, who decided, how far from perfect, and whether the gate still holds."""

from __future__ import annotations

from math import isnan
from typing import Annotated, Any

import typer

from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import Exit, dollars, moment, page, say
from evenstock.domain import Layer
from evenstock.operations.gate import LEAST_DAYS
from evenstock.simulation.night import Closed, LayerShare, close_day

_WORDS = {Layer.RULES: "rules left one way", Layer.OPTIMISER: "the optimiser decided", Layer.PERSON: "a person decided"}


def command(
    as_of: Annotated[
        str | None, typer.Option(help="Moment of closing: the day before it is closed; now by default.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Close yesterday: keep what decisions turned out to cost, watch the gate, say how it went. Ends with 5 if the gate was lowered."""
    now = moment(as_of)
    with workspace() as opened:
        here = company(opened, now.date())
        closed = close_day(opened.store, opened.snapshots, here.shipping, here.network.policy, now)
    if json:
        say(_plain(closed))
    else:
        _tell(closed)
    if closed.watched.tightened:
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))


def _plain(closed: Closed) -> dict[str, Any]:
    def number(value: float) -> float | None:
        return None if isnan(value) else value

    done, watched = closed.done, closed.watched
    return {
        "day": closed.day.isoformat(),
        "orders": closed.orders,
        "served": done.orders,
        "unserved": done.unserved_orders,
        "cancelled_units": closed.cancelled_units,
        "cents": done.cents,
        "freight_cents": done.freight_cents,
        "lost_cents": done.lost_cents,
        "parcels": done.parcels,
        "split_orders": done.split_orders,
        "bound_cents": None if isnan(closed.bound_cents) else round(closed.bound_cents),
        "over_bound": number(closed.over_bound),
        "beyond_bound": closed.beyond_bound,
        "layers": [
            {
                "layer": share.layer.value, "orders": share.orders, "judged": share.judged,
                "expected_millicents": share.expected_millicents, "realised_millicents": share.realised_millicents,
            }
            for share in closed.layers
        ],
        "overrides": closed.overrides,
        "override_cents": closed.override_cents,
        "gate": {
            "tightened": watched.tightened,
            "days": watched.days,
            "mean_millicents": number(watched.mean_millicents) if watched.days >= LEAST_DAYS else None,
            "threshold_millicents": None if watched.gate is None else watched.gate.threshold_millicents,
            "because": watched.because,
        },
        "notes": list(closed.notes),
    }  # fmt: skip


def _tell(closed: Closed) -> None:
    done = closed.done
    if not closed.orders:
        page.print(f"[bold]{closed.day}[/]: no order was decided.")
    else:
        lost = (
            f", {done.unserved_orders:,} not served ({dollars(done.lost_cents)} lost)" if done.unserved_orders else ""
        )
        page.print(
            f"[bold]{closed.day}[/]: {closed.orders:,} orders, {done.orders:,} served for {dollars(done.cents)}{lost}",
            soft_wrap=True,
        )
        page.print(
            f"{dollars(done.freight_cents)} of it freight; {done.parcels:,} shipments, {done.split_orders:,} orders split",
            soft_wrap=True,
        )
        page.print(_distance(closed), soft_wrap=True)
        for share in (one for one in closed.layers if one.orders):
            page.print(_share(share, closed.orders), soft_wrap=True)
        if closed.overrides:
            page.print(f"{closed.overrides:,} overrides cost {dollars(closed.override_cents)}", soft_wrap=True)
    mark = "[yellow]![/] " if closed.watched.tightened else ""
    page.print(f"{mark}gate: {closed.watched.because}", soft_wrap=True)
    for note in closed.notes:
        page.print(f"[dim]{note}[/]", soft_wrap=True)


def _distance(closed: Closed) -> str:
    if isnan(closed.over_bound):
        return "no bound: none of these orders can be decided about by the network as it stands"
    free = f"; {closed.beyond_bound:,} orders it counts as free" if closed.beyond_bound else ""
    return (
        f"with all that came known before, nobody could have paid less than {dollars(closed.bound_cents)}, lost sales"
        f" included: {100 * closed.over_bound:.2f} % from perfect at most{free}"
    )


def _share(share: LayerShare, orders: int) -> str:
    said = f"{_WORDS[share.layer]}: {share.orders:,} orders, {100 * share.orders / orders:.1f} %"
    if not share.judged:
        return said
    expected, came = (cents / 1_000 for cents in (share.expected_millicents, share.realised_millicents))
    return f"{said}; regret {dollars(expected)} expected, {dollars(came)} came so far, on {share.judged:,} judged"
