"""`evenstock person`: what is known of the person behind an order, shown, handed over, held, forgotten; and how long it is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from evenstock.bootstrap import Workspace, system_clock
from evenstock.cli.keys import TERMINAL, By
from evenstock.cli.opening import settings, workspace
from evenstock.cli.screen import Exit, fail, page, say, table
from evenstock.domain import OrderId
from evenstock.operations.personal_data import holds, rules
from evenstock.operations.personal_data.erasing import StillNeededError, UnknownPersonError, erase_person
from evenstock.operations.personal_data.showing import export_person, exported, orders_speaking_of, show_person
from evenstock.operations.ports import StoreError

app = typer.Typer(no_args_is_help=True, help="What is known of the person behind an order, and how it is forgotten.")
_Order = Annotated[str, typer.Argument(help="The order's id.")]
_Orders = Annotated[list[str], typer.Argument(help="Orders of one person.")]
_Because = Annotated[str, typer.Option(help="Why, such as: the customer asked. No names: it is kept.")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


@app.command()
def find(
    text: Annotated[str, typer.Argument(help="What the person is known by, such as an e-mail address.")],
    json: _Json = False,
) -> None:
    """Orders of which an event that a channel sent holds this text. Reads every event that is kept."""
    with workspace() as opened:
        found = orders_speaking_of(opened.store, text)
    if json:
        say(found)
        return
    for order in found["orders"]:
        page.print(order)
    if found["events"]:
        page.print(
            f"[dim]{len(found['events'])} events of no order: {', '.join(found['events'][:5])}[/]", soft_wrap=True
        )
    if not found["orders"] and not found["events"]:
        fail(Exit.NOT_FOUND, "no event that is kept holds it")


@app.command()
def show(order: _Order, json: _Json = False) -> None:
    """Where something is kept of the order's person, without saying what."""
    with workspace() as opened:
        found = _known(lambda: show_person(opened.store, opened.snapshots, OrderId(order)))
    if json:
        say(found)
        return
    rows = [(str(one["place"]), f"{one['rows']:,}") for one in found["places"]]
    rows += [(f"table {one['table']}", f"{one['rows']:,}") for one in found["tables"]]
    page.print(
        table(f"order {order}, to {found['country'] or 'an unknown country'}", ("where", "rows"), rows, frozenset({1}))
    )
    if found["erased"]:
        page.print(f"erased on {found['erased']['erased_at'][:10]}: {found['erased']['because']}", soft_wrap=True)
    elif found["stays_because"]:
        page.print(f"it cannot be erased now: {found['stays_because']}", soft_wrap=True)


@app.command()
def export(
    orders: _Orders,
    out: Annotated[
        Path | None, typer.Option(help="File to write, readable by you alone; standard output without it.")
    ] = None,
    to: Annotated[str, typer.Option(help="Place it goes to, where a rule keeps personal data in one.")] = "",
) -> None:
    """Everything that is kept of the person, for the person: JSON."""
    with workspace() as opened:
        now = system_clock()
        found = [
            _known(lambda name=name: export_person(opened.store, opened.snapshots, OrderId(name), now, to=to))
            for name in orders
        ]
    if out is None:
        typer.echo(exported(found).decode())
        return
    out.touch(0o600)
    out.chmod(0o600)
    out.write_bytes(exported(found))
    page.print(f"{len(found)} orders written to {out}", soft_wrap=True)


@app.command()
def erase(
    orders: _Orders,
    because: _Because,
    by: By = TERMINAL,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: it cannot be taken back.")] = False,
    json: _Json = False,
) -> None:
    """Forget the person: keys destroyed, readable places blanked. Gives a certificate; nobody can take it back."""
    if not yes and not typer.confirm(f"Forget who is behind {', '.join(orders)} for ever?"):
        fail(Exit.REFUSED_INPUT, "nothing was erased")
    told: list[dict[str, Any]] = []
    refused: list[str] = []
    with workspace() as opened:
        for name in orders:
            try:
                done = erase_person(opened.store, opened.snapshots, OrderId(name), by, because, system_clock())
            except (StillNeededError, UnknownPersonError) as error:
                refused.append(str(error))
            else:
                told.append(done.document())
        traces = _cleared(opened) if told else ""
    if json:
        say({"certificates": told, "refused": refused, "traces": traces})
    for one in () if json else told:
        rows = [(place["place"], f"{place['rows']:,}", place["how"]) for place in one["places"]]
        rows += [(f"table {part['table']}", f"{part['rows']:,}", "reduced to area and day") for part in one["tables"]]
        page.print(
            table(
                f"order {one['order']}, erased {one['erased_at'][:16]}", ("where", "rows", "how"), rows, frozenset({1})
            )
        )
        for remains in one["remains"]:
            page.print(f"remains: {remains}", soft_wrap=True)
        page.print(f"[dim]certificate {one['digest']}[/]", soft_wrap=True)
    if traces and not json:
        page.print(f"on disk: {traces}", soft_wrap=True)
    if refused:
        fail(Exit.REFUSED_INPUT, "; ".join(refused))


@app.command("hold")
def hold_(order: _Order, because: _Because, by: By = TERMINAL, json: _Json = False) -> None:
    """A legal hold: the order's person is not forgotten until somebody lifts it."""
    with workspace() as opened:
        _tell_hold(holds.hold(opened.store, OrderId(order), by, because, system_clock()), json)


@app.command()
def lift(order: _Order, by: By = TERMINAL, json: _Json = False) -> None:
    """Lift a legal hold."""
    with workspace() as opened:
        try:
            _tell_hold(holds.lift(opened.store, OrderId(order), by, system_clock()), json)
        except holds.NotHeldError as error:
            fail(Exit.NOT_FOUND, str(error))


@app.command()
def rule(
    country: Annotated[
        str, typer.Argument(help="ISO 3166-1 alpha-2, or * for every country without a rule of its own.")
    ],
    days: Annotated[int | None, typer.Option(help="Forget so many days after the order was placed.")] = None,
    only_in: Annotated[str, typer.Option(help="Place that personal data must not leave, such as EU.")] = "",
    drop: Annotated[bool, typer.Option("--drop", help="Take the country's rule away.")] = False,
    because: Annotated[str, typer.Option(help="Such as the article of the law.")] = "",
    by: By = TERMINAL,
) -> None:
    """Say how long personal data of a country are kept and where they stay. Without a rule, nothing is forgotten by age."""
    with workspace() as opened:
        if drop:
            if not rules.drop_rule(opened.store, country):
                fail(Exit.NOT_FOUND, f"{country} has no rule")
            return
        rules.set_rule(opened.store, rules.Rule(country, days, only_in, by, because), system_clock())
    page.print(
        f"{country}: kept {f'for {days} days' if days else 'without end'}{f', in {only_in} alone' if only_in else ''}"
    )


@app.command("rules")
def rules_(json: _Json = False) -> None:
    """Every rule, and those that these books break by lying where they lie."""
    with workspace() as opened, opened.store.reading() as books:
        found, here, broken = rules.rules(books), rules.place(books), rules.out_of_place(books)
    if json:
        say({"place": here, "rules": [one.document() for one in found.values()], "broken": broken})
        return
    rows = [
        (name, f"{one.orders_days:,}" if one.orders_days else "without end", one.only_in or "anywhere", one.because)
        for name, one in found.items()
    ]
    page.print(
        table(f"these books lie in {here or 'a place nobody named'}", ("country", "days", "stays in", "because"), rows)
    )
    if not found:
        page.print(
            f"no rules: nothing is forgotten by age; {rules.ADVISED_DAYS} days are a good beginning", soft_wrap=True
        )
    for line in broken:
        page.print(f"[red]{line}[/]", soft_wrap=True)


@app.command()
def place(name: Annotated[str, typer.Argument(help="Such as EU.")], by: By = TERMINAL) -> None:
    """Say where these books lie."""
    with workspace() as opened:
        rules.set_place(opened.store, name, by, system_clock())


@app.command()
def keys(
    rotate: Annotated[bool, typer.Option("--rotate", help="Make a new master key and wrap every key anew.")] = False,
    drop: Annotated[
        bool, typer.Option("--drop-old", help="Then destroy older master keys, with what backups they open.")
    ] = False,
    lost: Annotated[
        bool, typer.Option("--lost", help="The file is lost for ever: give up what it sealed, and begin anew.")
    ] = False,
    seal: Annotated[bool, typer.Option("--seal", help="Seal what was kept before sealing began.")] = False,
) -> None:
    """The master keys under which personal data are sealed."""
    from evenstock.storage import personal_key, personal_upkeep

    if rotate and drop:
        raise typer.BadParameter("restart every process between the two: one that runs still wraps under the old key")
    path = settings().master_keys
    if lost and path is not None:
        _begin_anew(path)
    if path is None or not path.exists():
        fail(Exit.NOT_FOUND, "there are no master keys: EVENSTOCK_PERSONAL_KEY says none, or nothing was kept yet")
    if rotate:
        page.print(f"new master key {personal_key.add_key(path)}; copy {path} to every machine that opens these books")
    with workspace() as opened:
        page.print(f"{personal_upkeep.rewrap(opened.store):,} keys of persons wrapped anew")
        if seal:
            orders, events = personal_upkeep.seal_older(opened.store)
            page.print(f"{orders:,} orders and {events:,} events sealed that were kept before")
    if drop:
        page.print(f"destroyed: {', '.join(personal_key.drop_keys(path)) or 'no older key was there'}")


def _begin_anew(path: Path) -> None:
    from evenstock.storage import open_store
    from evenstock.storage.personal_opening import begin_anew

    if not typer.confirm("Everything personal that was sealed is lost for good. Begin anew?"):
        fail(Exit.REFUSED_INPUT, "nothing was given up")
    store = open_store(settings().database)
    try:
        page.print(f"{begin_anew(store, path):,} keys of persons were given up; {path} is new")
    except StoreError as error:
        fail(Exit.REFUSED_INPUT, str(error))
    finally:
        store.close()


@app.command()
def compact() -> None:
    """Take from the disk what erasures left in the database's files."""
    with workspace() as opened:
        page.print(_cleared(opened) or "the books are in memory", soft_wrap=True)


def _cleared(opened: Workspace) -> str:
    from evenstock.storage.personal_upkeep import clear_traces

    return clear_traces(opened.store)


def _known(asked: Any) -> dict[str, Any]:
    try:
        found: dict[str, Any] = asked()
    except UnknownPersonError as unknown:
        fail(Exit.NOT_FOUND, str(unknown))
    except rules.LeavesError as leaves:
        fail(Exit.REFUSED_INPUT, str(leaves))
    return found


def _tell_hold(found: Any, json: bool) -> None:
    if json:
        say(dict(found))
    else:
        page.print(f"order {found['order']}: hold {found['state']}, {found['because']}", soft_wrap=True)
