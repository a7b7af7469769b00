"""`evenstock approvals`: what waits for people to agree, their votes, and who decides for whom."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import typer

from evenstock.cli.opening import workspace
from evenstock.cli.screen import Exit, fail, moment, page, say, table
from evenstock.domain import ApprovalRequest, NodeId, RequestState, Says, Vote, plain
from evenstock.operations.access.limits import BY_NAME
from evenstock.operations.approvals.carrying_out import Place, carry_out, request_approval
from evenstock.operations.approvals.delegation import Delegation, delegate, delegations, end_delegation
from evenstock.operations.approvals.inbox import inbox
from evenstock.operations.approvals.naming import name_of
from evenstock.operations.approvals.voting import vote
from evenstock.operations.ports import StoreError

app = typer.Typer(no_args_is_help=True, help="What waits for people to agree: look at it, agree, refuse, delegate.")
_Request = Annotated[str, typer.Argument(help="The request, or what it is about, such as plan:plan-1a2b.")]
_By = Annotated[str, typer.Option("--by", help="Who decides.")]
_For = Annotated[str, typer.Option("--for", help="Who delegated to you: it is then that person's vote.")]
_AsOf = Annotated[
    str | None, typer.Option(help="Moment of what is told; now by default. Deadlines go by the books' clock.")
]
_Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


@app.command("list")
def list_(
    by: Annotated[str, typer.Option("--by", help="Only what this person may decide now, the most money first.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Also what is closed.")] = False,
    json: _Json = False,
) -> None:
    """What waits."""
    with workspace() as opened, opened.store.reading() as books:
        if by:
            found = [(one.request, one.on_behalf_of) for one in inbox(books, by)]
        else:
            states = () if everything else (RequestState.OPEN, RequestState.APPROVED)
            found = [(one, "") for one in books.approval_requests(states)]
        shown = [(one, books.votes(one.id), giver) for one, giver in found]
    if json:
        say({"approvals": [_document(one, votes) | {"on_behalf_of": giver} for one, votes, giver in shown]})
        return
    page.print(
        table(
            "approvals",
            ("request", "about", "state", "agree", "at risk", "decides", "due", "for"),
            [_row(one, votes, giver) for one, votes, giver in shown],
            frozenset({4}),
        )
    )


@app.command("show")
def show(request: _Request, json: _Json = False) -> None:
    """One request, its content's digest and its votes."""
    with workspace() as opened, opened.store.reading() as books:
        found = books.approval_request(request) or books.live_request(request)
        if found is None:
            fail(Exit.NOT_FOUND, f"there is no approval request {request}; `evenstock approvals list --all` shows all")
        votes = books.votes(found.id)
    if json:
        say(_document(found, votes))
        return
    page.print(f"[bold]{found.id}[/] {found.action} {found.about}: {found.state}", soft_wrap=True)
    page.print(
        f"{found.because}\nproposed by {found.proposer}; {' or '.join(sorted(found.roles))} decides; "
        f"{_agree(votes)} of {found.people} agree; {found.cents / 100:,.2f} at risk, {found.units} units, "
        f"at {', '.join(found.nodes) or 'the whole company'}\ncontent {found.digest}\n"
        f"due {found.due_at:%Y-%m-%d %H:%M} UTC, expires {found.expires_at:%Y-%m-%d %H:%M} UTC",
        soft_wrap=True,
    )
    for name, value in found.evidence:
        page.print(f"{name}: {value}", soft_wrap=True)
    for one in votes:
        giver = f" for {one.person}" if one.delegated else ""
        page.print(f"{one.at:%Y-%m-%d %H:%M} {one.voter}{giver}: {one.says} {one.because}", soft_wrap=True)


@app.command("ask")
def ask(
    about: Annotated[str, typer.Argument(help="The thing, such as plan:plan-1a2b or rules:1f2e3d4c5b6a.")],
    because: Annotated[str, typer.Option("--because", help="Why people are asked.")],
    people: Annotated[int, typer.Option(min=1, max=20, help="How many different people must agree.")] = 1,
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """Ask people about a thing though no rule does: it is then not done without them."""
    with workspace() as opened:
        made = request_approval(
            Place(opened.store, opened.snapshots), about, because=because, people=people, now=moment(as_of)
        )
    if json:
        say(_document(made, []))
    else:
        page.print(f"{made.id}: {made.about} waits for {made.people} of {made.role}", soft_wrap=True)


@app.command("approve")
def approve(
    request: _Request,
    by: _By,
    because: Annotated[str, typer.Option("--because", help="Why, if it helps whoever reads it later.")] = "",
    digest: Annotated[str, typer.Option(help="Of the content you saw; that of now without it.")] = "",
    for_: _For = "",
    wait: Annotated[bool, typer.Option("--wait", help="Do not carry it out with the last vote.")] = False,
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """Agree; the last vote needed has it carried out."""
    _vote(request, by, Says.APPROVE, because, digest, for_, wait=wait, as_of=as_of, json=json)


@app.command("refuse")
def refuse(
    request: _Request,
    by: _By,
    because: Annotated[str, typer.Option("--because", help="Why.")],
    digest: Annotated[str, typer.Option(help="Of the content you saw; that of now without it.")] = "",
    for_: _For = "",
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """Say no: it is closed, and asked again only when it has changed."""
    _vote(request, by, Says.REFUSE, because, digest, for_, wait=True, as_of=as_of, json=json)


@app.command("execute")
def execute(request: _Request, by: _By, as_of: _AsOf = None, json: _Json = False) -> None:
    """Carry out what was approved and could not be done at once."""
    with workspace() as opened:
        with opened.store.reading() as books:
            found = books.approval_request(request) or books.live_request(request)
        if found is None:
            fail(Exit.NOT_FOUND, f"there is no approval request {request}")
        result = carry_out(Place(opened.store, opened.snapshots), found.id, by, moment(as_of))
    if json:
        say({"approval": found.id, "result": result})
    else:
        page.print(result, soft_wrap=True)


@app.command("delegate")
def delegate_(
    by: Annotated[str, typer.Option("--by", help="Who is away.")],
    to: Annotated[str, typer.Option(help="Who decides meanwhile.")],
    first: Annotated[str, typer.Option(help="First day, such as 2026-12-21.")],
    last: Annotated[str, typer.Option(help="Last day, at most 60 days.")],
    because: Annotated[str, typer.Option("--because", help="Why.")],
    node: Annotated[list[str] | None, typer.Option(help="Only at this node; again for more.")] = None,
    limit_cents: Annotated[
        int | None, typer.Option(min=0, help="Most of one decision; as your own without it.")
    ] = None,
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """Let another decide for you for some days, no farther than your own right reaches."""
    nodes = tuple(sorted({NodeId(name) for name in node or ()}))
    wanted = Delegation(name_of(by), name_of(to), _day(first), _day(last), because, nodes, limit_cents)
    with workspace() as opened:
        made = delegate(opened.store, wanted, moment(as_of), BY_NAME)
    if json:
        say(plain(made))
    else:
        page.print(f"{made.id}: {made.taker} decides for {made.giver} from {made.first} to {made.last}", soft_wrap=True)


@app.command("delegations")
def delegations_(
    everything: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False, json: _Json = False
) -> None:
    """Who decides for whom."""
    with workspace() as opened, opened.store.reading() as books:
        found = delegations(books, everything=everything)
    if json:
        say({"delegations": [plain(one) for one in found]})
        return
    rows = [
        (one.id, one.giver, one.taker, f"{one.first} to {one.last}", ", ".join(one.nodes), "ended" if one.ended else "")
        for one in found
    ]
    page.print(table("delegations", ("delegation", "of", "to", "days", "at", ""), rows, frozenset()))


@app.command("take-back")
def take_back(
    delegation: Annotated[str, typer.Argument(help="The delegation.")],
    by: _By,
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """End a delegation at once."""
    with workspace() as opened:
        ended = end_delegation(opened.store, delegation, by, moment(as_of))
    if json:
        say(plain(ended))
    else:
        page.print(f"{ended.id}: {ended.taker} decides for {ended.giver} no longer", soft_wrap=True)


def _vote(
    request: str,
    by: str,
    says: Says,
    because: str,
    digest: str,
    for_: str,
    *,
    wait: bool,
    as_of: str | None,
    json: bool,
) -> None:
    now = moment(as_of)
    failed, result = False, ""
    with workspace() as opened:
        with opened.store.reading() as books:
            found = books.approval_request(request) or books.live_request(request)
        if found is None:
            fail(Exit.NOT_FOUND, f"there is no approval request {request}; `evenstock approvals list` shows what waits")
        done = vote(opened.store, found.id, by, says, because, digest or found.digest, now, on_behalf_of=for_)
        if done.request.state is RequestState.APPROVED and not wait:
            try:
                result = carry_out(Place(opened.store, opened.snapshots), found.id, by, now)
            except (StoreError, ValueError) as wrong:
                failed, result = True, f"approved, and not done yet: {wrong}"
        with opened.store.reading() as books:
            after, votes = books.approval_request(found.id), books.votes(found.id)
    assert after is not None
    if json:
        say(_document(after, votes) | {"result": result, "repeated": done.repeated})
    else:
        page.print(f"{after.about}: {after.state}, {done.agree} of {after.people} agree", soft_wrap=True)
        if result:
            page.print(result, soft_wrap=True)
    if failed:
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))


def _document(one: ApprovalRequest, votes: list[Vote]) -> dict[str, Any]:
    return {**plain(one), "votes": [plain(vote) for vote in votes]}


def _row(one: ApprovalRequest, votes: list[Vote], giver: str) -> tuple[str, ...]:
    return (
        one.id, one.about, one.state.value, f"{_agree(votes)} of {one.people}", f"{one.cents / 100:,.2f}",
        " or ".join(sorted(one.roles)), f"{one.due_at:%Y-%m-%d %H:%M}", giver,
    )  # fmt: skip


def _agree(votes: list[Vote]) -> int:
    return sum(vote.says is Says.APPROVE for vote in votes)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day; write it as 2026-12-21") from None
