"""`evenstock replay`: would it have been better? The past decided again, against what was done and against perfection."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from math import isnan
from typing import Annotated, Any

import typer

from evenstock.cli.opening import company, workspace
from evenstock.cli.replay_records import again
from evenstock.cli.screen import Exit, dollars, fail, moment, page, progress, say, table
from evenstock.domain import Policy
from evenstock.operations.company import Company
from evenstock.operations.ports import Store
from evenstock.operations.replaying.replay_many import ALL_BP
from evenstock.policy.text import write
from evenstock.simulation.habit import nearest
from evenstock.simulation.mining import Pattern, Proposal, chosen_in_history, chosen_in_queue, mine, price_patterns
from evenstock.simulation.replay.compare import Comparison, Score
from evenstock.simulation.replay.from_books import past_from_books, queue_answers
from evenstock.simulation.replay.ledger import Ledger, ledger
from evenstock.simulation.replay.lives import Arm, Repricing
from evenstock.simulation.replay.past import Past, read_past
from evenstock.simulation.replay.replay import Replayed, replay
from evenstock.simulation.replay.rule_prices import SAMPLE, RulePrice, rule_prices

_TABLES = ("order_history", "shipments", "shipped_units", "stock_history", "stock")
_SHOWN = 5
OURS = "evenstock"


def command(
    first: Annotated[str | None, typer.Option(help="First day; 28 days before the last by default.")] = None,
    last: Annotated[
        str | None, typer.Option(help="Last day; the newest in order_history by default, that of --as-of with --books.")
    ] = None,
    books: Annotated[
        bool, typer.Option("--books", help="Live again what was decided here, from the books, instead of tables.")
    ] = False,
    bound: Annotated[bool, typer.Option(help="Certify how far each arm is from perfect.")] = True,
    habit: Annotated[
        bool, typer.Option("--habit", help="Also walk the list of nearest nodes, order by order.")
    ] = False,
    causes: Annotated[bool, typer.Option("--ledger", help="Split the distance from perfect into its causes.")] = False,
    rules: Annotated[bool, typer.Option("--rules", help="Price every rule on a sample of the orders.")] = False,
    mining: Annotated[bool, typer.Option("--mine", help="Propose the rules that people followed unwritten.")] = False,
    sample: Annotated[
        str,
        typer.Option(help="Orders on which rules are priced; with a percent sign, the share of --all decided again."),
    ] = str(SAMPLE),
    every: Annotated[
        bool,
        typer.Option(
            "--all", help="Decide what is recorded here again, each from its own inputs, and compare the bytes."
        ),
    ] = False,
    since: Annotated[str | None, typer.Option(help="The same for what was decided from this day on.")] = None,
    processes: Annotated[int, typer.Option(min=1, help="Processes that decide again.")] = 1,
    as_of: Annotated[str | None, typer.Option(help="Day whose transit times and rules hold; now by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Decide past orders again with the stock of their day: cost, parcels, splits, lateness, lost sales, and the bound.

    With --all, --since or a share as --sample 1%: decide what is recorded again from its own inputs, and say whether every
    byte is the same. It ends with 1 where one is not.
    """
    share_bp = _share_bp(sample)
    if every or since is not None or share_bp is not None:
        with workspace() as opened:
            again(opened, since=_day(since), share_bp=share_bp or ALL_BP, processes=processes, json=json)
        return
    count, now = _count(sample), moment(as_of)
    with workspace() as opened:
        here = company(opened, now.date())
        past = _past_of_books(opened.store, here, first, last, now) if books else _past(here, first, last)
        shipping = here.shipping
        arms = [Arm(OURS, repricing=Repricing()), Arm("cheapest now")]
        if habit:
            arms.append(Arm("nearest", decide=nearest))
        with progress(quiet=json) as shown:
            task = shown.add_task("deciding again", total=len(past.orders))
            said = replay(
                past, shipping, here.network.policy, arms, bound=bound or causes,
                tick=lambda count: shown.advance(task, count),
            )  # fmt: skip
        split = ledger(past, said, here.network, shipping) if causes else None
        priced = rule_prices(past, here.network, shipping, arms[0], sample=count) if rules else ()
        proposals: tuple[Proposal, ...] = ()
        if mining:
            patterns = _patterns(opened.store, past, here, arms[0])
            proposals = price_patterns(patterns, past, here.network, shipping, arms[0], sample=count)
    source = "the books" if books else "order_history"
    if json:
        say({"source": source} | _plain(said, split, priced, proposals))
    else:
        page.print(f"[dim]orders, stock and what was done are read from {source}[/]")
        _tell(said, split, priced, proposals)


def _past_of_books(store: Store, here: Company, first: str | None, last: str | None, now: datetime) -> Past:
    until = _day(last) or now.date()
    since = _day(first) or until - timedelta(days=27)
    found = past_from_books(store, since, until, here.network.items)
    if not found.orders:
        fail(
            Exit.NOT_FOUND,
            f"no order was decided here from {since} to {until}; see --last and --as-of, or leave --books",
        )
    return found


def _patterns(store: Store, past: Past, here: Company, arm: Arm) -> tuple[Pattern, ...]:
    """Unwritten rules in what was shipped, and in what people answered in the queue; one found in both stands once."""
    items = here.network.items
    shipped = mine(chosen_in_history(past, here.network, here.shipping, arm), items)
    # People answer few orders: all of them are needed to find a pattern, none is kept to test it on.
    answered = mine(chosen_in_queue(queue_answers(store)), items, held_out=0.0)
    return tuple({pattern.rule.id: pattern for pattern in (*answered, *shipped)}.values())


def _past(here: Company, first: str | None, last: str | None) -> Past:
    tables = {name: here.table(name) for name in _TABLES}
    history = tables["order_history"]
    if history is None or history.is_empty():
        fail(Exit.NOT_FOUND, "no past orders: import order_history (and shipments, shipped_units, stock_history)")
    newest = history["placed_at"].dt.date().max()
    assert isinstance(newest, date)
    until = _day(last) or newest
    return read_past(tables, here.network.items, _day(first) or until - timedelta(days=27), until)


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day; write it as 2026-11-20") from None


def _share_bp(sample: str) -> int | None:
    """Ten thousandths, where a share is meant."""
    if not sample.endswith("%"):
        return None
    try:
        share = round(float(sample[:-1]) * 100)
    except ValueError:
        share = 0
    if not 1 <= share <= ALL_BP:
        raise typer.BadParameter(f"{sample!r} is no share; write it as 1% or 0.5%, up to 100%")
    return share


def _count(sample: str) -> int:
    if not sample.isascii() or not sample.isdecimal() or int(sample) < 1:
        raise typer.BadParameter(f"{sample!r} is no number of orders; write it as 200, or as a share such as 1%")
    return int(sample)


def _plain(
    said: Replayed, split: Ledger | None, priced: tuple[RulePrice, ...], proposals: tuple[Proposal, ...]
) -> dict[str, Any]:
    return {
        "first": said.first.isoformat(),
        "last": said.last.isoformat(),
        "orders": len(said.orders),
        "arms": [_arm(said, score) for score in said.scores],
        "comparisons": [_comparison(one) for one in said.comparisons],
        "bound_cents": None if said.certificate is None else round(said.certificate.cents),
        "paid_to_carriers_cents": said.paid_cents,
        "reships": said.reships,
        "reship_cents": said.reship_cents,
        "cancelled_units": said.cancelled_units,
        "not_priced": dict(said.not_priced),
        "ledger": split and {
            "distance_cents": round(split.distance_cents),
            "rows": [{"cause": row.cause, "cents": round(row.cents), "sentence": row.sentence} for row in split.rows],
            "beside": [{"cause": row.cause, "cents": round(row.cents), "sentence": row.sentence} for row in split.beside],
        },
        "rules": [
            {
                "rule": one.rule, "orders": one.orders, "bound": one.bound, "cents": one.cents,
                "cents_an_order": one.cents_an_order, "low": one.low, "high": one.high, "example": one.example,
            }
            for one in priced
        ],
        "proposals": [
            {
                "rule": one.pattern.rule.id, "sentence": one.pattern.sentence,
                "exceptions": list(one.pattern.exceptions), "cents_an_order": one.price.cents_an_order,
                "bound": one.price.bound, "orders": one.price.orders,
            }
            for one in proposals
        ],
        "notes": list(said.notes),
    }  # fmt: skip


def _arm(said: Replayed, score: Score) -> dict[str, Any]:
    distance = said.gap(score.arm)
    return {
        "arm": score.arm, "orders": score.orders, "cents": score.cents, "freight_cents": score.freight_cents,
        "parcels": score.parcels, "split_orders": score.split_orders, "split_cents": score.split_cents,
        "late_orders": round(score.late_orders, 2), "unserved_orders": score.unserved_orders,
        "lost_cents": score.lost_cents, "terms": dict(score.terms),
        "over_bound": None if isnan(distance) else distance,
    }  # fmt: skip


def _comparison(one: Comparison) -> dict[str, Any]:
    def number(value: float) -> float | None:
        return None if isnan(value) else value

    return {
        "first": one.first, "second": one.second, "orders": one.orders, "difference_cents": one.difference_cents,
        "ratio": number(one.ratio.ratio), "low": number(one.ratio.low), "high": number(one.ratio.high),
        "worst": [
            {"order": p.order, "cents": p.difference_cents, one.first: p.first, one.second: p.second} for p in one.worst
        ],
    }  # fmt: skip


def _tell(said: Replayed, split: Ledger | None, priced: tuple[RulePrice, ...], proposals: tuple[Proposal, ...]) -> None:
    page.print(
        f"[bold]{len(said.orders):,} orders[/] from {said.first} to {said.last}, decided again with the stock of their day"
    )
    shown = [score for score in said.scores if score.orders]
    page.print(
        table(
            "side by side",
            (
                "",
                "served",
                "paid",
                "an order",
                "freight-out",
                "parcels",
                "split",
                "split costs",
                "late",
                "not served",
                "from perfect",
            ),
            [_row(said, score) for score in shown],
            frozenset(range(1, 11)),
        )
    )
    for one in said.comparisons:
        if one.orders:
            page.print(_sentence(one), soft_wrap=True)
    for pair in said.comparisons[0].worst[:_SHOWN]:
        page.print(
            f"  [dim]dearer: {pair.order} by {dollars(pair.difference_cents)}: {pair.first} instead of {pair.second}[/]"
        )
    if said.paid_cents is not None:
        page.print(
            f"carriers charged {dollars(said.paid_cents)}, of it {dollars(said.reship_cents)} for {said.reships:,} reships"
        )
    for why, count in said.not_priced:
        page.print(f"[dim]{count:,} orders as they were done are left out: {why}[/]", soft_wrap=True)
    if split is not None:
        _tell_ledger(split)
    if priced:
        rows = [
            (
                one.rule,
                f"{one.bound:,} of {one.orders:,}",
                f"{one.cents_an_order:.2f} ¢",
                f"{one.low:.2f} to {one.high:.2f} ¢",
                one.example or "",
            )
            for one in priced
        ]
        page.print(
            table(
                "the price of every rule",
                ("rule", "binds on", "an order", "95 %", "dearest for"),
                rows,
                frozenset({1, 2, 3}),
            )
        )
    for proposal in proposals:
        page.print(
            f"[bold]proposed[/]: {proposal.pattern.sentence}; it would cost {proposal.price.cents_an_order:+.2f} ¢ an order",
            soft_wrap=True,
        )
        page.print(write_rule(proposal), soft_wrap=True)
    for note in said.notes:
        page.print(f"[dim]{note}[/]", soft_wrap=True)


def write_rule(one: Proposal) -> str:
    """The proposed rule as text to paste into the policy."""
    return write(Policy("proposed", (one.pattern.rule,)))


def _row(said: Replayed, score: Score) -> tuple[str, ...]:
    distance = said.gap(score.arm)
    return (
        score.arm, f"{score.orders:,}", dollars(score.cents), dollars(score.cents / score.orders),
        dollars(score.freight_cents), f"{score.parcels:,}", f"{score.split_orders:,}", dollars(score.split_cents),
        f"{score.late_orders:,.1f}", f"{score.unserved_orders:,}",
        "" if isnan(distance) else f"{100 * distance:.2f} %",
    )  # fmt: skip


def _sentence(one: Comparison) -> str:
    word = "less" if one.difference_cents < 0 else "more"
    sure = (
        ""
        if isnan(one.ratio.low)
        else f" (95 %: {100 * (one.ratio.low - 1):+.1f} to {100 * (one.ratio.high - 1):+.1f} %)"
    )
    return (
        f"{one.first} pays {dollars(abs(one.difference_cents))} {word} than {one.second} on the {one.orders:,} orders both serve,"
        f" {100 * (one.ratio.ratio - 1):+.1f} %{sure}"
    )


def _tell_ledger(split: Ledger) -> None:
    rows = [(row.cause, dollars(row.cents), row.sentence) for row in split.rows]
    rows.append(("in all", dollars(split.distance_cents), f"above the bound of {dollars(split.bound_cents)}"))
    page.print(table("where the distance from perfect comes from", ("cause", "cost", ""), rows, frozenset({1})))
    if split.beside:
        rows = [(row.cause, dollars(row.cents), row.sentence) for row in split.beside]
        page.print(table("beside it, in other money", ("cause", "cost", ""), rows, frozenset({1})))
