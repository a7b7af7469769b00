"""`evenstock plan show`, and the screen of a plan."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import typer

from evenstock.cli.opening import workspace
from evenstock.cli.screen import Exit, dollars, fail, page, say, table
from evenstock.domain import (
    HeldLine,
    LineOutcome,
    PlanId,
    PlanOutcome,
    PurchaseLine,
    Rival,
    TransferLine,
    TransferPlan,
    plain,
)

_SHOWN = 15
_HELD = 5
_CURVE = (1, 3, 7, 14)


def command(
    plan: Annotated[str, typer.Argument(help="The plan; the newest without one.")] = "",
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """A plan as it stands, with what came of it where it was judged."""
    with workspace() as opened, opened.store.reading() as books:
        newest = books.plans(limit=1)
        found = books.plan(PlanId(plan)) if plan else (newest[0] if newest else None)
        judged = books.plan_outcome(found.id) if found else None
    if found is None:
        fail(Exit.NOT_FOUND, f"there is no plan {plan}".rstrip() + "; `evenstock plan` makes one")
    if json:
        say(plain(found) | {"outcome": plain(judged) if judged else None})
        return
    show(found, found.made_at.date())
    if judged is not None:
        show_outcome(judged)


def show(plan: TransferPlan, on: date) -> None:
    """The plan on one screen: totals, lanes, the best lines."""
    page.print(
        f"[bold]{plan.id}[/] for {on}: {len(plan.lines)} lines, {sum(line.units for line in plan.lines):,} units; "
        f"worth {dollars(plan.worth_cents)}, cost {dollars(plan.cost_cents)}, net [bold]{dollars(plan.net_cents)}[/]"
    )
    if plan.gap_ppm is not None:
        page.print(
            f"[dim]within {plan.gap_ppm / 10_000:.1f} % of the best possible: no plan of transfers nets more than "
            f"{dollars(plan.bound_cents or 0)}[/]"
        )
    if plan.played is not None:
        page.print(
            f"[dim]played on {plan.played.futures} futures it was not made for, orders routed around empty nodes: saves "
            f"{dollars(plan.played.mean_cents, 0)} ({dollars(plan.played.low_cents, 0)} to {dollars(plan.played.high_cents, 0)})[/]"
        )
    for broken in plan.violations:
        page.print(f"[bold red]breaks:[/] {broken}", soft_wrap=True)
    if not plan.lines:
        page.print("No move is worth its freight tonight.")
    lanes: dict[tuple[str, str], list[TransferLine]] = {}
    for line in plan.lines:
        lanes.setdefault((line.origin, line.destination), []).append(line)
    page.print(
        table(
            "by lane",
            ("lane", "lines", "units", "worth", "cost", "net"),
            [_lane(ends, found) for ends, found in sorted(lanes.items())],
            frozenset({1, 2, 3, 4, 5}),
        )
    )
    best = sorted(plan.lines, key=lambda line: (-line.net_cents, line.sku))[:_SHOWN]
    page.print(
        table(
            f"the {len(best)} best lines",
            ("sku", "lane", "units", "cover there", "net", "±", "pays", "because"),
            [_line(line) for line in best],
            frozenset({2, 4, 5, 6}),
        )
    )
    _beside(plan)
    for note in plan.notes:
        page.print(f"[dim]note: {note}[/]", soft_wrap=True)


def _beside(plan: TransferPlan) -> None:
    """What is bought, what waits, what waiting costs, and what the rules people use would have done."""
    if plan.purchases:
        dear = sorted(plan.purchases, key=lambda p: (-p.net_cents, p.sku))[:_SHOWN]
        headers: tuple[str, ...] = ("sku", "to", "from", "units", "there by", "net", "because")
        page.print(
            table(f"to buy, {len(plan.purchases)} lines", headers, [_purchase(p) for p in dear], frozenset({3, 5}))
        )
    if plan.held:
        best = sorted(plan.held, key=lambda h: (-h.wait_cents, h.line.sku))[:_HELD]
        headers = ("sku", "lane", "units", "net now", "worth waiting", "leaves")
        page.print(table(f"waits, {len(plan.held)} lines", headers, [_held(h) for h in best], frozenset({2, 3, 4})))
    late = [day for n, day in enumerate(plan.curve) if n in _CURVE]
    if late and plan.lines:
        said = ", ".join(f"{day.on:%a %d %b} {dollars(day.late_cents)}" for day in late)
        page.print(f"if the same lines left later they would net: {said}")
    if plan.rivals:
        headers = ("rule", "lines", "units", "worth", "cost", "net", "of ours", "played")
        rows = [_rival(rival, plan.net_cents) for rival in sorted(plan.rivals, key=lambda r: -r.net_cents)]
        page.print(table("what rules of thumb would do tonight", headers, rows, frozenset(range(1, 8))))


def _purchase(p: PurchaseLine) -> tuple[str, ...]:
    return (p.sku, p.node, p.way, f"{p.units:,}", str(p.eta_p50), dollars(p.net_cents), p.sentence)


def _held(held: HeldLine) -> tuple[str, ...]:
    line = held.line
    return (
        line.sku,
        f"{line.origin} → {line.destination}",
        f"{line.units:,}",
        dollars(line.net_cents),
        dollars(held.wait_cents),
        str(held.leaves_on or ""),
    )


def _rival(rival: Rival, ours: int) -> tuple[str, ...]:
    return (
        rival.method.replace("_", " "),
        f"{rival.lines:,}",
        f"{rival.units:,}",
        dollars(rival.worth_cents),
        dollars(rival.cost_cents),
        dollars(rival.net_cents),
        f"{rival.net_cents / ours:.0%}" if ours > 0 else "",
        dollars(rival.played.mean_cents, 0) if rival.played else "",
    )


def _lane(ends: tuple[str, str], lines: Sequence[TransferLine]) -> tuple[str, ...]:
    worth, cost = sum(line.worth_cents for line in lines), sum(line.cost_cents for line in lines)
    return (
        f"{ends[0]} → {ends[1]}",
        str(len(lines)),
        f"{sum(line.units for line in lines):,}",
        dollars(worth),
        dollars(cost),
        dollars(worth - cost),
    )


def _line(line: TransferLine) -> tuple[str, ...]:
    def days(cover: int) -> str:
        return "∞" if cover >= 9999 else str(cover)

    cover = f"{days(line.destination_cover_before)} → {days(line.destination_cover_after)} d"
    return (
        line.sku,
        f"{line.origin} → {line.destination}",
        f"{line.units:,}",
        cover,
        dollars(line.net_cents),
        dollars(line.error_cents, 0),
        f"{line.chance_ppm / 10_000:.0f} %",
        line.sentence,
    )


def show_outcome(judged: PlanOutcome) -> None:
    """What executed lines brought, the largest differences first."""
    foretold = sum(line.foretold_cents for line in judged.lines)
    realised = sum(line.realised_cents for line in judged.lines)
    page.print(
        f"judged on {judged.judged_on}: {len(judged.lines)} lines brought [bold]{dollars(realised)}[/], "
        f"foretold {dollars(foretold)}"
    )
    rows = sorted(judged.lines, key=lambda line: (-abs(line.realised_cents - line.foretold_cents), line.sku))[:_SHOWN]
    page.print(
        table(
            "where it came out otherwise",
            ("sku", "lane", "units", "foretold", "realised", "sold more there", "missed here"),
            [_outcome(line) for line in rows],
            frozenset({2, 3, 4, 5, 6}),
        )
    )
    for note in judged.notes:
        page.print(f"[dim]note: {note}[/]", soft_wrap=True)


def _outcome(line: LineOutcome) -> tuple[str, ...]:
    return (
        line.sku,
        f"{line.origin} → {line.destination}",
        f"{line.units:,}",
        dollars(line.foretold_cents),
        dollars(line.realised_cents),
        f"{line.sold_more:,}",
        f"{line.sold_less:,}",
    )
