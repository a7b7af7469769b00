"""`evenstock forecast compare`: champion and challenger side by side, and what the champion did since it serves."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from evenstock.cli.forecast.backtest import score_screen
from evenstock.cli.forecast.judged import gate_rows, gate_table, verdict_sentence
from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import Exit, moment, page, progress, say, table
from evenstock.forecasting.score_table import wide
from evenstock.learning import ChampionRecord, judge
from evenstock.operations.live_scores import by_day
from evenstock.operations.model_versions import Champion, KeptVersion, challenger_of, champion_of, champion_records
from evenstock.operations.promote_forecast import shadow_gates
from evenstock.operations.watch_forecast import Watched, watch_forecast


def command(
    as_of: Annotated[str | None, typer.Option(help="Score live days before this one; today by default.")] = None,
    roll_back: Annotated[
        bool, typer.Option("--roll-back", help="Take the champion back at once if its live days condemn it.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Score live days, hold the challenger against the champion; ends with 5 if the champion should go or has drifted."""
    now = moment(as_of)
    with workspace() as opened, progress(quiet=json) as shown:
        shown.add_task("scoring the days since", total=None)
        store, snapshots = opened.store, opened.snapshots
        watched = watch_forecast(store, snapshots, company(opened), as_of=now.date(), now=now, roll_back=roll_back)
        champion, challenger = champion_of(store, snapshots, "demand"), challenger_of(store, snapshots, "demand")
        records = champion_records(store, snapshots, "demand")
        gates = (*challenger.gates, *shadow_gates(store, snapshots, challenger, champion)) if challenger else ()
    serving = champion.kept.version if champion and champion.kept else None
    verdict = verdict_sentence(judge(challenger.version, serving, gates)) if challenger else None
    if json:
        say(
            {
                "champion": _about(champion.kept if champion else None),
                "challenger": _about(challenger),
                "gates": gate_rows(gates),
                "verdict": verdict,
                "succession": [_record(record) for record in records],
                "live": by_day(watched.days).to_dicts() if watched.days.height else [],
                "should_go_because": watched.because or None,
                "rolled_back": watched.rolled_back is not None,
                "drifted": [found.because for found in watched.drifted],
                "notes": list(watched.notes),
            }
        )
    else:
        _show(champion, challenger, records, watched)
        if challenger:
            page.print(gate_table("gates of the challenger, with its days beside the champion", gates))
            page.print(str(verdict), soft_wrap=True)
    if watched.because or watched.drifted:
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))


def _about(kept: KeptVersion | None) -> dict[str, Any] | None:
    if kept is None:
        return None
    scores = wide(kept.frames["scores"]).to_dicts() if kept.frames["scores"].height else []
    version = kept.version
    return {"version": version.version, "id": version.id, "cut_off": version.cut_off, "seed": version.seed,
            "features": list(version.features), "data": dict(version.data), "code": version.code, "scores": scores}  # fmt: skip


def _record(record: ChampionRecord) -> dict[str, Any]:
    return {"deed": record.deed.value, "version": record.version, "by": record.by, "at": record.at,
            "because": record.because, "overridden": record.overridden}  # fmt: skip


def _show(
    champion: Champion | None, challenger: KeptVersion | None, records: list[ChampionRecord], watched: Watched
) -> None:
    serving = (
        champion.kept.version.version if champion and champion.kept else "the fast forecast, which needs no promotion"
    )
    page.print(f"champion: [bold]{serving}[/]")
    if challenger is None:
        page.print("challenger: none; `evenstock forecast fit` trains one")
    else:
        page.print(f"challenger: [bold]{challenger.version.version}[/], backtested beside the yardsticks:")
        if challenger.frames["scores"].height:
            page.print(score_screen(challenger.frames["scores"], "all"))
    if watched.days.height:
        days = by_day(watched.days).tail(7)
        rows = [
            (str(r["date"]), f"{r['series']:,}", f"{r['sold']:,.0f}", f"{r['mean']:,.1f}", f"{r['loss']:,.1f}", f"{r['fallback_loss']:,.1f}")
            for r in days.iter_rows(named=True)
        ]  # fmt: skip
        headers = ("day", "series", "sold", "expected", "loss", "loss of the fast forecast")
        page.print(table("the last live days", headers, rows, frozenset(range(1, 6))))
    for record in records:
        page.print(
            f"[dim]{record.at:%Y-%m-%d %H:%M} {record.deed.value.replace('_', ' ')} by {record.by}: {record.because}[/]",
            soft_wrap=True,
        )
    for found in watched.drifted:
        page.print(f"[yellow]drift:[/] {found.because}", soft_wrap=True)
    if watched.because:
        went = "was taken back" if watched.rolled_back else "should go (--roll-back, or `forecast rollback`)"
        page.print(f"[red]The champion {went}:[/] {watched.because}", soft_wrap=True)
    for note in watched.notes:
        page.print(f"[dim]note: {note}[/]", soft_wrap=True)
