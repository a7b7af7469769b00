"""`evenstock queue`: what waits for a person, and one step to answer it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from evenstock.bootstrap import Workspace
from evenstock.cli.default_command import group
from evenstock.cli.opening import company, workspace
from evenstock.cli.options import option_rows
from evenstock.cli.screen import Exit, dollars, fail, moment, page, say, show_whole, table
from evenstock.domain import (
    Case,
    CaseId,
    CaseKind,
    CaseState,
    Cents,
    DecisionId,
    DecisionRecord,
    OrderId,
    Refuse,
    plain,
)
from evenstock.operations.autonomy.in_force import governance_in_force
from evenstock.operations.decisions import decision_from
from evenstock.operations.queue import Reviewed, Waiting, accept, hold, override, queue
from evenstock.operations.run_due import Workplace, act_now

_OPTIONS = 9
app = typer.Typer(
    cls=group("list"), help="What waits for a person: reason, deadline, suggestion, cost; one step to answer."
)
_Case = Annotated[str, typer.Argument(help="The case, or the order it is about.")]
_By = Annotated[str, typer.Option("--by", help="Who decides.")]
_Because = Annotated[str, typer.Option("--because", help="Why: rules are learned from it later.")]
_AsOf = Annotated[str | None, typer.Option(help="Moment of the answer; now by default.")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


@app.command("list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="Also what the system sees to by itself.")] = False,
    role: Annotated[str | None, typer.Option(help="Only what this role may answer.")] = None,
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """What waits, the nearest deadline first, and what happens if nobody acts."""
    now = moment(as_of)
    with workspace() as opened, opened.store.reading() as books:
        found = [w for w in queue(books, everything=everything) if role is None or w.case.role == role]
    if json:
        say({"now": now, "waiting": [_document(w) for w in found]})
        return
    if not found:
        page.print("Nothing waits for anybody.")
        return
    rows = [
        (
            _until(w.case.due_at, now),
            w.case.about.removeprefix("order:"),
            w.case.because,
            f"{w.case.suggestion} [dim](else {w.case.at_deadline.replace('_', ' ')})[/]",
            _cents(w.plan_cents),
            _cents(w.value_cents) if w.order else "",
        )
        for w in found
    ]
    headers = ("due", "about", "because", "suggestion", "plan", "goods")
    page.print(table(f"{len(found)} wait", headers, rows, frozenset({4, 5})))
    at_stake = sum(w.value_cents for w in found)
    first = found[0].case
    page.print(
        f"[dim]{dollars(at_stake)} of goods wait. Answer: evenstock queue show {first.about.removeprefix('order:')}[/]"
    )


@app.command()
def show(case: _Case, as_of: _AsOf = None, json: _Json = False) -> None:
    """One case whole: its facts, and every way to ship the order with its costs."""
    now = moment(as_of)
    with workspace() as opened:
        found = _find(opened, case)
        record = _record(opened, found)
    if json:
        say(plain(found) | {"record": plain(record) if record else None})
        return
    done = f"closed by {found.closed_by}: {found.resolution}" if found.state is CaseState.CLOSED else ""
    page.print(f"[bold]{found.id}[/], {found.kind.replace('_', ' ')} about {found.about}", soft_wrap=True)
    page.print(f"because {found.because}", soft_wrap=True)
    page.print(done or f"suggested: [bold]{found.suggestion}[/]", soft_wrap=True)
    if not done:
        who = f"{found.role} decides; " if found.role else ""
        page.print(f"{who}{_until(found.due_at, now)}: {found.at_deadline.replace('_', ' ')}")
    if record is not None and record.choice is not None:
        page.print(record.sentence, soft_wrap=True)
        headers, rows, numeric = option_rows((record.choice, *record.alternatives[:_OPTIONS]))
        numbered = [(row[0] or str(n), *row[1:]) for n, row in enumerate(rows)]
        show_whole(table("ways to ship it, by the number of the alternative", headers, numbered, numeric))
    for name, value in found.facts:
        page.print(f"[dim]{name}: {value}[/]", soft_wrap=True)


@app.command("accept")
def accept_(
    case: _Case,
    by: _By,
    because: Annotated[str, typer.Option("--because", help="Why, if it helps whoever reads it later.")] = "",
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """Do what is suggested, at once."""
    with workspace() as opened:
        found, now = _find(opened, case), moment(as_of)
        rules = governance_in_force(opened.store, opened.snapshots, now.date())
        _tell(accept(opened.store, found.id, by, now, because, rules=rules), json)


@app.command("override")
def override_(
    case: _Case,
    by: _By,
    because: _Because,
    node: Annotated[list[str] | None, typer.Option(help="Ship from this node; again for more.")] = None,
    service: Annotated[list[str] | None, typer.Option(help="Ship by this service; again for more.")] = None,
    alternative: Annotated[
        int | None, typer.Option(min=1, help="Ship it the way `queue show` lists under this number.")
    ] = None,
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """Ship it another lawful way: the stock moves, and what that costs beyond the suggestion is kept."""
    now = moment(as_of)
    with workspace() as opened:
        found, here = _find(opened, case), company(opened, now.date())
        said = override(
            opened.store, here.shipping, here.network.policy, found.id, by, because, now,
            nodes=node or (), services=service or (), alternative=alternative,
        )  # fmt: skip
    _tell(said, json)


@app.command("hold")
def hold_(
    case: _Case,
    by: _By,
    because: _Because,
    until: Annotated[str, typer.Option(help="The new deadline, such as 2026-11-20T18:00Z.")],
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """Move the deadline; a reviewed order keeps its stock no longer than it was set aside."""
    with workspace() as opened:
        found = _find(opened, case)
        _tell(hold(opened.store, found.id, by, moment(until), because, moment(as_of)), json)


@app.command("act")
def act_(case: _Case, as_of: _AsOf = None, json: _Json = False) -> None:
    """Do now what would happen at the deadline, such as routing an unserved order again."""
    now = moment(as_of)
    with workspace() as opened:
        found, here = _find(opened, case), company(opened, now.date())
        if found.kind is CaseKind.REVIEW and found.state is CaseState.OPEN:
            fail(Exit.REFUSED_INPUT, f"{found.id} is a person's to decide: accept it, so that it is known who did")
        done = act_now(Workplace(opened.store, here.shipping, here.network.policy), found.id, now)
    if done is None:
        fail(Exit.REFUSED_INPUT, f"{found.id} is closed, or somebody is at it now; look at it again")
    if json:
        say(plain(done))
    else:
        page.print(done.sentence, soft_wrap=True)
    if done.failed:
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))


def _find(opened: Workspace, name: str) -> Case:
    """The case of this id; else the open one about this order whose deadline is nearest, those for a person first."""
    with opened.store.reading() as books:
        found = books.case(CaseId(name))
        about = books.cases(about=f"order:{OrderId(name)}") if found is None else []
    waiting = sorted((case for case in about if case.state is CaseState.OPEN), key=lambda case: not case.role)
    chosen = found or next(iter(waiting), None) or next(reversed(about), None)
    if chosen is None:
        fail(Exit.NOT_FOUND, f"nothing waits under {name!r}; `evenstock queue --all` lists everything")
    return chosen


def _record(opened: Workspace, case: Case) -> DecisionRecord | None:
    with opened.store.reading() as books:
        bytes_ = books.decision(DecisionId(case.fact("decision")))
    return decision_from(bytes_) if bytes_ is not None else None


def _tell(said: Reviewed | Refuse, json: bool) -> None:
    if isinstance(said, Refuse):
        fail(Exit.REFUSED_INPUT, said.because)
    case = said.case
    if json:
        say(plain(case) | {"price_cents": said.price_cents, "decision": said.record.id if said.record else None})
        return
    if case.state is CaseState.CLOSED:
        page.print(f"[bold]{case.about.removeprefix('order:')}[/]: {case.resolution}", soft_wrap=True)
    else:
        page.print(f"[bold]{case.about.removeprefix('order:')}[/]: waits until {case.due_at:%Y-%m-%d %H:%M} UTC")


def _document(waiting: Waiting) -> dict[str, Any]:
    return {
        **plain(waiting.case),
        "value_cents": waiting.value_cents,
        "plan_cents": waiting.plan_cents,
        "next_cents": waiting.next_cents,
    }


def _cents(cents: Cents | None) -> str:
    return dollars(cents) if cents is not None else ""


def _until(due_at: datetime, now: datetime) -> str:
    """How long there is, or how late it is."""
    minutes = round((due_at - now).total_seconds() / 60)
    days, rest = divmod(abs(minutes), 24 * 60)
    size = (
        f"{days} d {rest // 60} h" if days else f"{rest // 60} h {rest % 60:02d} min" if rest >= 60 else f"{rest} min"
    )
    return f"in {size}" if minutes >= 0 else f"[red]{size} late[/]"
