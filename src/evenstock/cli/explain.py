"""`evenstock explain`: why an order ships from where it does, or why stock should move."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from evenstock.bootstrap import Workspace
from evenstock.cli.opening import workspace
from evenstock.cli.options import option_rows
from evenstock.cli.plan.show import show
from evenstock.cli.screen import Exit, dollars, fail, page, say, show_whole, table
from evenstock.domain import (
    Allow,
    DecisionId,
    DecisionRecord,
    OrderId,
    OrderPlan,
    PlanId,
    Propensity,
    TransferPlan,
    plain,
    rfc3339,
)
from evenstock.operations.decisions import decision_from
from evenstock.operations.explaining import how_sure
from evenstock.operations.forecast_demand import Provenance, provenance

_SHOWN = 8


def command(
    id: Annotated[str, typer.Argument(help="An order, a decision or a plan.")],  # noqa: A002
    json: Annotated[bool, typer.Option("--json", help="The record itself, in its canonical form.")] = False,
) -> None:
    """Explain a decision: the choice, every other option term by term in cents, what was barred and by which rule."""
    with workspace() as opened:
        found = _find(opened, id)
        origin = _forecast_of(opened, found) if isinstance(found, TransferPlan) else None
    if found is None:
        fail(Exit.NOT_FOUND, f"no order, decision or plan {id!r} was decided about here; route orders or plan first")
    if isinstance(found, TransferPlan):
        if json:
            say(plain(found))
        else:
            show(found, found.made_at.date())
            if origin is not None:
                page.print(_origin(origin), soft_wrap=True)
        return
    if json:
        say(jsonlib.loads(found))
        return
    _tell(decision_from(found))


def _find(opened: Workspace, name: str) -> bytes | TransferPlan | None:
    with opened.store.reading() as books:
        return books.decision_of(OrderId(name)) or books.decision(DecisionId(name)) or books.plan(PlanId(name))


def _forecast_of(opened: Workspace, plan: TransferPlan) -> Provenance | None:
    """Where the plan's forecast came from; None where the plan names no snapshot of one."""
    digest = dict(plan.inputs).get("forecast snapshot")
    return provenance(opened.snapshots, digest) if digest else None


def _origin(origin: Provenance) -> str:
    """Which model and which data stand behind the plan."""
    by = f", the champion since {origin.champion.at:%Y-%m-%d} ({origin.champion.because})" if origin.champion else ""
    data = ", ".join(f"{name} {digest[:19]}" for name, digest in sorted(origin.data.items()))
    fell_back = f"; it served because {origin.fell_back}" if origin.fell_back else ""
    beyond = f"; then {', '.join(name.replace('_', ' ') for name in origin.adjusted)}" if origin.adjusted else ""
    return f"[dim]foretold by {origin.version}{by}{fell_back}{beyond}, from {data}[/]"


def _tell(record: DecisionRecord) -> None:
    page.print(
        f"[bold]order {record.order}[/]: {record.outcome.replace('_', ' ')}, decided {rfc3339(record.decided_at)}"
    )
    page.print(record.sentence, soft_wrap=True)
    if not isinstance(record.verdict, Allow) and record.verdict.because not in record.sentence:
        page.print(f"[yellow]{record.verdict.because}[/]", soft_wrap=True)
    for sentence in record.relaxed:
        page.print(f"[yellow]gave up a wish so that a paid order ships: {sentence}[/]", soft_wrap=True)
    page.print(how_sure(record), soft_wrap=True)
    if record.propensity is not None:
        page.print(_how_probable(record.propensity, tried=_tried(record)), soft_wrap=True)
    if record.choice:
        show_whole(_options((record.choice, *record.alternatives), on_purpose=_tried(record)))
        page.print(_shipments(record.choice))
    if record.barred:
        rows = [(b.node, b.service or "all", b.rule, b.because) for b in record.barred]
        page.print(table("barred", ("node", "service", "rule", "because"), rows))
    inputs = record.inputs
    for warning in inputs.warnings:
        page.print(f"[yellow]mind: {warning}[/]", soft_wrap=True)
    digests = {"network": inputs.network, "stock": inputs.stock, "policy": inputs.policy, "prices": inputs.prices}
    known = ", ".join(f"{name} {digest[:19]}" for name, digest in digests.items() if digest)
    page.print(f"[dim]decided on {known}, code {inputs.code}[/]", soft_wrap=True)


def _tried(record: DecisionRecord) -> bool:
    """Whether the choice ships by a service that was tried on purpose."""
    said, plan = record.propensity, record.choice
    return said is not None and plan is not None and any(s.candidate.service in said.among for s in plan.shipments)


def _how_probable(said: Propensity, *, tried: bool) -> str:
    """With which probability the choice was made, where some orders ship by another service on purpose."""
    chance = f"{said.millionths / 10_000:.2f} %"
    if tried:
        extra = dollars(said.extra_cents)
        spent = dollars(said.spent_cents)
        return f"tried on purpose for {extra} more than the best plan, with a probability of {chance}; the week's tries had cost {spent} before"
    if said.among:
        return f"might have been tried on purpose: {', '.join(said.among)}; it ships as it does with a probability of {chance}"
    return f"nothing could be tried on purpose; it ships as it does with a probability of {chance}"


def _options(options: Sequence[OrderPlan], *, on_purpose: bool) -> Table:
    more = f", the first {_SHOWN} of {len(options)} (all with --json)" if len(options) > _SHOWN else ""
    first = "options, the one tried on purpose first, then cheapest first" if on_purpose else "options, cheapest first"
    return table(f"{first}{more}", *option_rows(options[:_SHOWN]))


def _shipments(choice: OrderPlan) -> Table:
    rows = [
        (s.candidate.node, s.candidate.service, str(s.candidate.ship_on), f"{line.units} × {line.sku}")
        for s in choice.shipments
        for line in s.lines
    ]
    return table("what ships", ("node", "service", "leaves on", "goods"), rows)
