"""`evenstock gate`: up to which expected regret a decision needs no person."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer

from evenstock.cli.default_command import group
from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import Exit, fail, moment, page, say
from evenstock.operations.gate import (
    LEAST_DAYS,
    OUTCOMES,
    Gate,
    calibrate_gate,
    gate_in_force,
    kept_outcomes,
    log_outcomes,
    watch_gate,
)

app = typer.Typer(cls=group("show"), help="Up to which expected regret a decision needs no person.")
_By = Annotated[str, typer.Option("--by", help="Who sets it.")]
_AsOf = Annotated[str | None, typer.Option(help="Moment of the change; now by default.")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
_Outcomes = Annotated[
    Path | None,
    typer.Option(help=f"CSV or Parquet file to add to the outcomes kept, with the columns {', '.join(OUTCOMES)}."),
]


@app.command()
def show(json: _Json = False) -> None:
    """The gate in force, and the evidence it was set on."""
    with workspace() as opened, opened.store.reading() as books:
        gate = gate_in_force(books, opened.snapshots)
    if json:
        say({"gate": _told(gate)})
        return
    page.print(_sentence(gate), soft_wrap=True)
    if gate is not None:
        page.print(f"[dim]{gate.deed} by {gate.by}, {gate.since:%Y-%m-%d %H:%M} UTC: {gate.because}[/]", soft_wrap=True)


@app.command()
def calibrate(
    by: _By,
    budget: Annotated[
        int | None,
        typer.Option(
            help="Mean regret an order may cost, in thousandths of a cent; that of the company's costs by default."
        ),
    ] = None,
    outcomes: _Outcomes = None,
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """Set the gate by what past decisions turned out to cost; ends with 5 where there are too few days to say."""
    now = moment(as_of)
    with workspace() as opened:
        amount = company(opened).network.costs.regret_budget_millicents if budget is None else budget
        if outcomes is not None:
            log_outcomes(opened.store, opened.snapshots, _read(outcomes), now)
        seen, _ = kept_outcomes(opened.store, opened.snapshots)
        done = calibrate_gate(opened.store, opened.snapshots, seen, budget_millicents=amount, now=now, by=by)
    if json:
        say({"changed": done.changed, "because": done.found.because, "gate": _told(done.gate)})
    else:
        page.print(f"{'' if done.changed else 'Nothing changed: '}{done.found.because}.", soft_wrap=True)
        page.print(_sentence(done.gate), soft_wrap=True)
    if not done.changed:
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))


@app.command()
def watch(outcomes: _Outcomes = None, as_of: _AsOf = None, json: _Json = False) -> None:
    """Hold the days since the gate was set against its budget, and lower it where they broke it; ends with 5 if so."""
    now = moment(as_of)
    with workspace() as opened:
        if outcomes is not None:
            log_outcomes(opened.store, opened.snapshots, _read(outcomes), now)
        seen, _ = kept_outcomes(opened.store, opened.snapshots)
        found = watch_gate(opened.store, opened.snapshots, seen, now=now)
    if json:
        mean = found.mean_millicents if found.days >= LEAST_DAYS else None
        said = {"tightened": found.tightened, "days": found.days, "mean_millicents": mean, "because": found.because}
        say(said | {"gate": _told(found.gate)})
    else:
        page.print(f"{found.because}.", soft_wrap=True)
        page.print(_sentence(found.gate), soft_wrap=True)
    if found.tightened:
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))


def _read(path: Path) -> pl.DataFrame:
    if not path.is_file():
        fail(Exit.NOT_FOUND, f"{path}: no such file")
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path)
        return pl.read_csv(path, schema_overrides={"decision": pl.String, "day": pl.Date})
    except pl.exceptions.PolarsError as wrong:
        fail(Exit.REFUSED_INPUT, f"{path}: {str(wrong).splitlines()[0]}")


def _sentence(gate: Gate | None) -> str:
    if gate is None:
        return "[bold]No gate was ever set[/]: every lawful plan executes; see `evenstock gate calibrate`."
    if gate.threshold_millicents is None:
        return "[bold]Shut[/]: each decision is a person's."
    return (
        f"[bold]A decision needs no person up to {gate.threshold_millicents / 1_000:.2f} cents of expected regret[/]:"
        f" {gate.share_bp / 100:.1f} % of {gate.decisions:,} decisions of {gate.days} days, at"
        f" {gate.mean_millicents / 1_000:.2f} cents an order of a budget of {gate.budget_millicents / 1_000:.2f}."
    )


def _told(gate: Gate | None) -> dict[str, Any] | None:
    if gate is None:
        return None
    return {name: getattr(gate, name) for name in Gate.__slots__} | {"deed": gate.deed.value}
