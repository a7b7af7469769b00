"""What the demo found, as a report for an operations lead and a planner."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenstock import __version__
from evenstock.cli import plots
from evenstock.cli.demo_day import Demo
from evenstock.cli.html_report import Report, Section, Table, Tile
from evenstock.cli.options import option_rows
from evenstock.cli.route import by_layer, layer_rows, summarise
from evenstock.cli.screen import dollars
from evenstock.domain import DecisionRecord, Played, TransferLine, TransferPlan
from evenstock.operations.plan_transfers import service_before_and_after
from evenstock.simulation.days import Lived
from evenstock.simulation.replay.chunks import OPPORTUNITY
from evenstock.simulation.world import future_demand

_LINES = 15
_ORDERS = 10
_OPTIONS = 12
_PAST_DAYS = 56


def demo_report(found: Demo) -> Report:
    """Figures first, then pictures, then the rows behind them."""
    moment = found.world.opens_at
    nodes, items = len(found.company.network.nodes), len(found.company.network.items)
    return Report(
        title=f"One night and one day of a brand with {nodes} nodes",
        subtitle=f"{moment:%A, %d %B %Y}. {items:,} items, a year of history, {len(found.records):,} orders today. "
        "The brand is invented (a seeded simulation); the decisions are what evenstock does with real files.",
        tiles=_tiles(found),
        sections=(
            _comparison(found),
            _transfers(found),
            _orders(found),
            _forecast(found),
            _stock(found),
            _carriers(found),
        ),
        warnings=_warnings(found),
        provenance=_provenance(found),
    )


def _tiles(found: Demo) -> list[Tile]:
    ours, habit, _ = found.lived
    plan, routing = found.planned.plan, summarise(found.records)
    days = len(ours.days)

    def per_order(lived: Lived) -> float:
        served = sum(d.orders - d.unserved_orders for d in lived.days)
        return sum(d.paid_cents for d in lived.days) / max(1, served)

    saved = habit.total_cents - ours.total_cents
    return [
        Tile(
            f"Saved in {days} days",
            dollars(saved, 0),
            f"{100 * saved / habit.total_cents:.1f} % against the habit",
            good=saved > 0,
        ),
        Tile(
            "Cost of an order",
            dollars(per_order(ours)),
            f"habit {dollars(per_order(habit))}",
            good=per_order(ours) <= per_order(habit),
        ),
        Tile(
            "Today's orders",
            f"{routing['orders']:,}",
            f"{routing['shipments']:,} parcels, {dollars(routing['cents'], 0)}",
        ),
        Tile(
            "Need a person",
            f"{routing['unserved'] + routing['awaits_approval']:,}",
            f"{routing['unserved']} cannot ship, {routing['awaits_approval']} wait for approval",
        ),
        Tile("Tonight's transfers", f"{len(plan.lines)} lines", f"{sum(line.units for line in plan.lines):,} units"),
        Tile(
            "Net of the plan",
            dollars(plan.net_cents, 0),
            f"worth {dollars(plan.worth_cents, 0)}, cost {dollars(plan.cost_cents, 0)}",
            good=plan.net_cents >= 0,
        ),
    ]


def _comparison(found: Demo) -> Section:
    terms = sorted({name for lived in found.lived for name in lived.term_cents()})
    served = [max(1, sum(d.orders - d.unserved_orders for d in lived.days)) for lived in found.lived]
    stacked = {
        lived.arm.name: [lived.term_cents().get(t, 0) / 100 / n for t in terms]
        for lived, n in zip(found.lived, served, strict=True)
    }
    base = found.lived[-1].cumulative_cents()
    running = {
        lived.arm.name: [(b - c) / 100 for b, c in zip(base, lived.cumulative_cents(), strict=True)]
        for lived in found.lived[:-1]
    }
    days = len(found.lived[0].days)
    rows = [
        (
            lived.arm.name,
            f"{sum(d.orders for d in lived.days):,}",
            f"{sum(d.unserved_orders for d in lived.days):,}",
            f"{sum(d.shipments for d in lived.days) / n:.3f}",
            dollars(sum(d.paid_cents for d in lived.days), 0),
            dollars(sum(d.lost_cents for d in lived.days), 0),
            dollars(sum(d.transfer_cents for d in lived.days), 0),
            dollars(lived.total_cents, 0),
        )
        for lived, n in zip(found.lived, served, strict=True)
    ]
    return Section(
        "Against the habit",
        f"The same customers for {days} days, the same opening stock, three ways of deciding. Every order went through the same ledger, "
        "rules and rates; transfers were planned once, on the first morning, and nothing is bought in between.",
        plots=(
            (
                plots.stacked_costs(terms, stacked, "What an order costs"),
                "Dollars an order by cost term, for each way of deciding",
            ),
            (
                plots.running_saving(days, running, f"Saved against: {found.lived[-1].arm.name}"),
                "Cumulative dollars saved by day; transfers are paid on the first day and earn from their arrival on",
            ),
        ),
        tables=(
            Table(
                (
                    "way of deciding",
                    "orders",
                    "unserved",
                    "parcels an order",
                    "shipping and handling",
                    "lost sales",
                    "transfers",
                    "total",
                ),
                rows,
                frozenset(range(1, 8)),
            ),
        ),
    )


def _transfers(found: Demo) -> Section:
    plan = found.planned.plan
    service = service_before_and_after(found.planned.question, found.planned.solution)
    horizon = found.planned.question.problem.days
    by_lane: dict[tuple[str, str], float] = {}
    for line in plan.lines:
        by_lane[line.origin, line.destination] = by_lane.get((line.origin, line.destination), 0.0) + line.units
    places = {str(node.id): (node.latitude, node.longitude) for node in found.company.network.nodes.values()}
    best = sorted(plan.lines, key=lambda line: (-line.net_cents, line.sku))[:_LINES]
    return Section(
        "Tonight's transfers",
        f"What a node is short of is mostly shipped from elsewhere, at a price: a line is worth the difference it makes over {horizon} days. "
        "Cases and pallets are whole; what a departure costs as a whole is shared among its lines by what they bring. "
        + _how_good(plan),
        plots=(
            (
                plots.paired_cover(
                    service["node"].to_list(),
                    service["short_before"].to_list(),
                    service["short_after"].to_list(),
                    f"Units a node misses in {horizon} days",
                ),
                "Units each node is expected to miss, without and with tonight's transfers",
            ),
            (
                plots.flows(places, [(a, b, u) for (a, b), u in sorted(by_lane.items())], "Where stock goes"),
                "Flows between nodes; the wider, the more units",
            ),
            *_waiting(plan),
        ),
        tables=(
            Table(
                (
                    "item",
                    "from",
                    "to",
                    "units",
                    "cover there, days",
                    "cover here, days",
                    "worth",
                    "cost",
                    "net",
                    "pays",
                    "why",
                ),
                [_line(line) for line in best],
                frozenset({3, 6, 7, 8, 9}),
                f"the {len(best)} best of {len(plan.lines)} lines",
            ),
            Table(
                (
                    "way of planning",
                    "lines",
                    "units",
                    "cost",
                    "net, on the plan's futures",
                    "saved, on futures nobody planned with",
                ),
                _rivals(plan),
                frozenset(range(1, 6)),
                "what rules of thumb would do tonight",
            ),
        ),
    )


def _line(line: TransferLine) -> tuple[str, ...]:
    def days(cover: int) -> str:
        return "∞" if cover >= 9999 else str(cover)

    return (
        line.sku,
        line.origin,
        line.destination,
        f"{line.units:,}",
        f"{days(line.destination_cover_before)} → {days(line.destination_cover_after)}",
        f"{days(line.origin_cover_before)} → {days(line.origin_cover_after)}",
        dollars(line.worth_cents),
        dollars(line.cost_cents),
        dollars(line.net_cents),
        f"{line.chance_ppm / 10_000:.0f} %",
        line.sentence,
    )


def _how_good(plan: TransferPlan) -> str:
    """How far the plan can be from the best, in words."""
    if plan.gap_ppm is None:
        return ""
    held = f" {len(plan.held)} lines wait for a later departure." if plan.held else ""
    return f"No plan of these moves nets more than {dollars(plan.bound_cents or 0)}: this one is within {plan.gap_ppm / 10_000:.1f} %.{held}"


def _waiting(plan: TransferPlan) -> tuple[tuple[str, str], ...]:
    if not plan.curve:
        return ()
    drawn = plots.worth_of_leaving(
        [day.on for day in plan.curve], [day.late_cents for day in plan.curve], "If the same lines left later"
    )
    return ((drawn, "Net gain of tonight's lines by the day on which they leave"),)


def _rivals(plan: TransferPlan) -> list[tuple[str, ...]]:
    def row(name: str, lines: int, units: int, cost: int, net: int, played: Played | None) -> tuple[str, ...]:
        saved = dollars(played.mean_cents, 0) if played else ""
        return name, f"{lines:,}", f"{units:,}", dollars(cost, 0), dollars(net, 0), saved

    units = sum(line.units for line in plan.lines)
    ours = row("evenstock", len(plan.lines), units, plan.cost_cents, plan.net_cents, plan.played)
    others = sorted(plan.rivals, key=lambda r: -r.net_cents)
    return [
        ours,
        *(row(r.method.replace("_", " "), r.lines, r.units, r.cost_cents, r.net_cents, r.played) for r in others),
    ]


def _orders(found: Demo) -> Section:
    shown = [r for r in found.records if r.choice and r.alternatives]
    dear = max(shown, key=lambda r: (len(r.choice.shipments) if r.choice else 0, len(r.alternatives), r.order))
    rows = [
        (r.order, "+".join(r.choice.nodes) if r.choice else "", dollars(r.choice.cents if r.choice else 0), r.sentence)
        for r in shown[:_ORDERS]
    ]
    tables = [
        Table(
            ("order", "ships from", "cost", "why"),
            rows,
            frozenset({2}),
            f"the first {len(rows)} of {len(found.records):,}",
        ),
        _options(dear),
        Table(
            ("who decided", "orders", "share", "expected regret, dollars", "share of it"),
            layer_rows(by_layer(found.records)),
            frozenset({1, 2, 3, 4}),
            "rules where they left one plan, the optimiser, or a person while the plan is set aside",
        ),
    ]
    stuck = [r for r in found.records if r.choice is None]
    if stuck:
        tables.append(
            Table(
                ("order", "what forbids"),
                [(r.order, r.sentence) for r in stuck[:_ORDERS]],
                caption=f"{len(stuck)} orders cannot ship; the first {min(len(stuck), _ORDERS)}",
            )
        )
    guide = (
        f" Terms that guide the choice but that nobody pays ({', '.join(sorted(OPPORTUNITY))}) are part of it."
        if OPPORTUNITY
        else ""
    )
    return Section(
        "Today's orders",
        f"Each decision is the cheapest lawful plan, and its terms add up to its total in whole cents.{guide}"
        " Its expected regret is what it may cost beyond the best that could have been known, over several possible futures.",
        tables=tables,
    )


def _options(record: DecisionRecord) -> Table:
    """One order in full: every option, term by term."""
    assert record.choice is not None
    shown = option_rows((record.choice, *record.alternatives)[:_OPTIONS])
    return Table(*shown, f"order {record.order} in full: {record.sentence}")


def _forecast(found: Demo) -> Section:
    forecast, demand = found.forecast.forecast, found.company.table("demand")
    assert demand is not None
    totals = forecast.mu.sum(axis=1)
    ranked = np.argsort(-totals, kind="stable")
    ahead = future_demand(found.world, forecast.horizon)
    pictures = []
    for row in (int(ranked[0]), int(ranked[len(ranked) // 50])):
        sku, node = forecast.keys.row(row)
        past = _series(demand, sku, node, [forecast.as_of - timedelta(days=k) for k in range(_PAST_DAYS, 0, -1)])
        actual = _series(ahead, sku, node, forecast.days)
        quantiles = forecast.rows(np.array([row])).quantiles((0.05, 0.25, 0.5, 0.75, 0.95))[0]
        title = f"{sku} at {node}"
        pictures.append(
            (
                plots.fan(past, quantiles, actual, title),
                f"Demand of {sku} at {node}: eight weeks sold, four weeks foretold, and what then happened",
            )
        )
    return Section(
        "Demand",
        f"{forecast.keys.height:,} series, each a distribution of counts for every day ahead ({forecast.version}). "
        f"Over the {forecast.horizon} days ahead {totals.sum():,.0f} units are expected and {ahead['units'].sum():,} were then wanted.",
        plots=tuple(pictures),
    )


def _stock(found: Demo) -> Section:
    truth, beliefs = found.truth, found.believed.beliefs.frame
    doubtful = beliefs.sort(["p_phantom", "sku", "node"], descending=[True, False, False]).head(_ORDERS)
    lines = found.proposed.lines.sort("net_cents", "sku", "node", descending=[True, False, False]).head(_ORDERS)
    return Section(
        "What is truly there",
        f"Records are statements, not truth: here {truth.wrong:,} of {truth.shelves:,} are wrong, by "
        f"{dollars(truth.wrong_cents, 0)} of goods. From what was sold, picked, counted and said by feeds, {truth.said_empty} "
        f"shelves are held to be empty ({truth.truly_empty} are), and {truth.units_held_back:,} units are not promised. "
        f"Today's {truth.counts} counts would put {truth.found} records right, by {dollars(truth.found_cents, 0)}.",
        tables=(
            Table(
                ("item", "node", "record", "truly there, 5 – 50 – 95 %", "empty", "why"),
                [
                    (r["sku"], r["node"], f"{r['record']:,}", f"{r['q05']:,} – {r['q50']:,} – {r['q95']:,}",
                     f"{r['p_phantom']:.0%}", r["because"])
                    for r in doubtful.iter_rows(named=True)
                ],
                frozenset({2, 3, 4}),
                f"the {doubtful.height} most doubtful shelves",
            ),
            Table(
                ("item", "node", "record", "worth", "why count it"),
                [
                    (r["sku"], r["node"], f"{r['record']:,}", dollars(r["value_cents"]), r["because"])
                    for r in lines.iter_rows(named=True)
                ],
                frozenset({2, 3}),
                f"the {lines.height} best of today's counts",
            ),
        ),
    )  # fmt: skip


def _carriers(found: Demo) -> Section:
    learned = found.transit
    rows = [
        (r["service"], str(r["zone"]), f"{r['parcels']:,}", f"{r['under_way']:,}", f"{r['mean_days']:.2f}", r["basis"])
        for r in learned.zones.iter_rows(named=True)
    ]
    kept = [
        (r["service"], f"{r['parcels']:,}", f"{r['late_share']:.1%}", f"{r['low']:.1%} to {r['high']:.1%}")
        for r in learned.reliability.iter_rows(named=True)
    ]
    return Section(
        "Carriers",
        "Days from hand-over to the door, learned from scans up to this morning; parcels still under way count too. Lateness "
        "of every option above is priced with these.",
        tables=(
            Table(
                ("service", "parcels promised", "late", "95 % interval"), kept, frozenset({1, 2, 3}), "kept their word?"
            ),
            Table(
                ("service", "zone", "parcels", "under way", "mean days", "leans on"),
                rows,
                frozenset({1, 2, 3, 4}),
                "days by service and zone",
            ),
        ),
    )


def _series(demand: pl.DataFrame, sku: str, node: str, days: Sequence[date]) -> NDArray[np.int64]:
    found = dict(demand.filter((pl.col("sku") == sku) & (pl.col("node") == node)).select("date", "units").iter_rows())
    return np.array([found.get(day, 0) for day in days])


def _warnings(found: Demo) -> list[str]:
    rates = found.company.network.rates
    assert rates is not None
    return [f"Out of date, used and flagged: {sentence}" for sentence in rates.stale(found.world.as_of)]


def _provenance(found: Demo) -> list[tuple[str, str]]:
    return [
        ("code", f"evenstock {__version__}"),
        ("seed", str(found.world.seed)),
        ("plan", found.planned.plan.id),
        *((f"snapshot {name}", digest) for name, digest in found.company.digests.items()),
        ("snapshot forecast", found.forecast.digest),
        ("policy", found.company.network.policy.digest),
    ]
