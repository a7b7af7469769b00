"""The week's review of carriers as a page: what to act on first, then the pictures, then the rows behind them."""

from __future__ import annotations

from evenstock import __version__
from evenstock.cli.carriers import plots, words
from evenstock.cli.carriers.score import card_rows
from evenstock.cli.html_report import Report, Section, Table, Tile
from evenstock.cli.screen import dollars
from evenstock.freight.scorecard import LEAST_DUE
from evenstock.operations.carrier_overrides.document import deed
from evenstock.operations.carrier_overrides.for_review import OverridesForReview
from evenstock.operations.carrier_overrides.proposal import Standing, lapses_on
from evenstock.operations.score_carriers import CarrierReview

_ROWS = 25
_CARD = (
    "service",
    "rank",
    "left",
    "due",
    "late",
    "on time",
    "as advertised",
    "damaged",
    "lost",
    "a parcel",
    "customers",
)


def carrier_report(found: CarrierReview, overrides: OverridesForReview) -> Report:
    """The week's page; overrides stand right behind what got worse, for they answer it."""
    return Report(
        title="How carriers kept their word",
        subtitle=f"{found.scores.weeks} weeks of shipping, as known on the morning of {found.as_of:%A, %d %B %Y}. A parcel "
        "counts as on time or late once its promised day has passed; intervals are 90 % and lean on zone and carrier where "
        "parcels are few.",
        tiles=_tiles(found, overrides),
        sections=[
            _worse(found),
            _overrides(overrides),
            _weeks(found),
            _services(found),
            _advertised(found),
            _missing(found),
            _costs(found),
            _seen(found),
        ],
        provenance=[
            ("code", f"evenstock {__version__}"),
            *((f"note {k + 1}", note) for k, note in enumerate(found.notes)),
        ],
    )


def _tiles(found: CarrierReview, overrides: OverridesForReview) -> list[Tile]:
    card = found.services.card
    due, late = int(card["promise_due"].sum()), int(card["late"].sum())
    invoiced = card.filter(card["invoiced"] > 0)
    paid = float((invoiced["cents"] * invoiced["invoiced"]).sum()) / max(1, int(invoiced["invoiced"].sum()))
    broken = int((~found.services.advertised["keeps"].fill_null(value=True)).sum())
    quiet = int((found.missing["kind"] == "silent").sum())
    return [
        Tile("Got worse", f"{found.worse.height}", "in the last two weeks, beyond chance", found.worse.is_empty()),
        Tile("What that costs", dollars(found.cents_week, 0), "a week, against the weeks before"),
        Tile(
            "Overrides to answer",
            f"{len(overrides.waiting)}",
            f"worth {dollars(overrides.cents_a_week, 0)} a week, {len(overrides.in_force)} in force",
            not overrides.waiting,
        ),
        Tile("On time", f"{1 - late / due:.1%}" if due else "–", f"{late:,} late of {due:,} due"),
        Tile(
            "Under way past their promise",
            f"{int(card['overdue'].sum()):,}",
            f"of {int(card['under_way'].sum()):,} under way",
        ),
        Tile(
            "Cost of a parcel", dollars(paid) if invoiced.height else "–", f"{int(card['invoiced'].sum()):,} invoiced"
        ),
        Tile("Silent parcels", f"{quiet:,}", "longer than 99 % of their service and lane", quiet == 0),
        Tile(
            "Broken advertisements", f"{broken}", f"of {found.services.advertised.height} services by zone", broken == 0
        ),
    ]


def _worse(found: CarrierReview) -> Section:
    rows = [
        (
            words.place(row),
            row["measure"],
            f"{row['cases']:,}",
            "–" if row["bad"] is None else f"{row['bad']:,}",
            _figure(row["measure"], row["expected"]),
            f"{_figure(row['measure'], row['now'])} ({_figure(row['measure'], row['now_low'])} to {_figure(row['measure'], row['now_high'])})",
            words.chance(row["by_chance"]),
            dollars(row["cents_week"], 0),
            f"{dollars(row['cents_week_low'], 0)} to {dollars(row['cents_week_high'], 0)}",
        )
        for row in found.worse.head(_ROWS).iter_rows(named=True)
    ]
    headers = ("where", "what", "parcels", "bad", "usual", "now", "by chance", "a week", "90 %")
    lead = (
        "The last two weeks against what the eight before foretell, usual drift included; of what is listed about one row in "
        "ten may be chance. Act on the dearest first: another service, a call with these counts, a claim."
        if rows
        else "Nothing got worse beyond chance in the last two weeks."
    )
    plots_ = (
        [(plots.money_a_week(found.worse.head(12), "What it costs a week"), "Dollars a week, with 90 % intervals")]
        if rows
        else []
    )
    tables = (
        [Table(headers, rows, frozenset(range(2, 9)), f"the {len(rows)} dearest of {found.worse.height}")]
        if rows
        else []
    )
    return Section("What got worse", lead, plots=plots_, tables=tables)


def _overrides(of: OverridesForReview) -> Section:
    """Long text stands in the last column, the one that wraps."""
    waiting = [
        (
            one.proposal.id,
            _worth(one),
            _shares(one),
            f"{lapses_on(one.proposal):%d %b} ({words.left(of.days_left(one))})",
            f"{_story(one)}. {words.to_adopt(one)}, or {words.to_reject(one)}",
        )
        for one in of.waiting
    ]
    in_force = [
        (
            one.proposal.id,
            _worth(one),
            f"{one.by}, {one.valid_from:%d %b}",
            f"{one.valid_to:%d %b} ({words.left(of.days_left(one))})",
            "ends soon" if of.ends_soon(one) else "",
            f"{_story(one)}. {words.to_end(one)}",
        )
        for one in of.in_force
    ]
    tables = [
        Table(
            ("override", "worth a week", "late now → with it", "lapses", "evidence, what is proposed, how to answer"),
            waiting,
            frozenset({1}),
            "proposals that wait for an answer, dearest first",
        ),
        Table(
            ("override", "worth a week", "adopted by", "last day", "", "evidence, what it does, how to end it before"),
            in_force,
            frozenset({1}),
            "in force, soonest over first; worth is what was reckoned when it was proposed",
        ),
    ]
    lead = (
        "Where a carrier has begun to fail, another way was reckoned through the week's orders. A person adopts or rejects it; "
        "unanswered it lapses. One in force ends by itself after its last day; its lane is then watched, and proposed again "
        "where it still fails."
        if waiting or in_force
        else "No proposal waits for an answer, and no override is in force."
    )
    return Section("Overrides", lead, tables=[table for table in tables if table.rows])


def _story(one: Standing) -> str:
    instead = f", instead {', '.join(one.proposal.instead)}" if one.proposal.instead else ""
    return f"{one.proposal.sentence}; hence {deed(one.proposal)}{instead}"


def _worth(one: Standing) -> str:
    return "unknown" if one.proposal.worth is None else dollars(one.proposal.worth.cents, 0)


def _shares(one: Standing) -> str:
    worth = one.proposal.worth
    return "–" if worth is None else f"{worth.late_now:.0%} → {worth.late_then:.0%}".replace("%", " %")


def _figure(measure: str, value: float) -> str:
    return dollars(value) if measure == "cost" else f"{100 * value:.1f} %"


def _weeks(found: CarrierReview) -> Section:
    return Section(
        "Lane by week",
        f"On-time share of parcels by week of shipping; a lane here is an origin into a zone. Weeks with fewer than {LEAST_DUE} "
        "parcels due are pale: their colour is mostly that of their neighbours. Empty: nothing due yet.",
        plots=[
            (
                plots.weeks_by_lane(found.scores.weekly, "On time, lanes with most late parcels first"),
                "On-time share by service, origin, zone and week of shipping, the number is parcels due",
            )
        ],
    )


def _services(found: CarrierReview) -> Section:
    card = found.services.card.sort("enough", "rank", descending=[True, False], nulls_last=True)
    return Section(
        "Services",
        "Ranked by on-time share; what carriers carried is not the same for all, so compare lanes before services.",
        plots=[(plots.on_time(card, "On time, with 90 % intervals"), "On-time share by service")],
        tables=[Table(_CARD, card_rows(card), frozenset(range(1, len(_CARD))))],
    )


def _advertised(found: CarrierReview) -> Section:
    said = found.services.advertised.drop_nulls("advertised_days")
    rows = [
        (
            row["service"],
            "–" if row["zone"] is None else str(row["zone"]),
            f"{row['parcels']:,}",
            f"{row['under_way']:,}",
            f"{row['advertised_days']:.0f}",
            "–" if row["median_days"] is None else str(row["median_days"]),
            "–" if row["days_kept"] is None else str(row["days_kept"]),
            words.share(row, "as_advertised"),
            {True: "yes", False: "no", None: words.TOO_FEW}[row["keeps"]],
        )
        for row in said.iter_rows(named=True)
    ]
    headers = (
        "service",
        "zone",
        "parcels",
        "under way",
        "advertised days",
        "median",
        "90 % after",
        "kept",
        "keeps it?",
    )
    return Section(
        "Advertised against actual",
        "What a carrier says of its service, or the imported table where it names no day, against days taken; a first attempt "
        "counts as kept. To be kept for nine in ten, the days to advertise are in the column '90 % after'.",
        plots=[
            (
                plots.advertised(said, "Days advertised and taken"),
                "Advertised days, median and 90 % by service and zone",
            )
        ]
        if rows
        else [],
        tables=[Table(headers, rows, frozenset(range(1, 8)))],
    )


def _missing(found: CarrierReview) -> Section:
    open_ = found.missing.filter(found.missing["kind"].is_in(["silent", "not picked up", "never scanned"]))
    counts = found.missing.group_by("service", "kind").len().sort("service", "kind")
    rows = [
        (
            row["parcel"],
            row["service"],
            row["lane"] or "–",
            row["kind"],
            f"{row['since']:%d %b %H:%M}",
            f"{row['hours']:,.0f}",
            "–" if row["usual_hours"] is None else f"{row['usual_hours']:,.0f}",
            row["usual_of"] or "–",
        )
        for row in open_.head(_ROWS).iter_rows(named=True)
    ]
    habits = [
        (
            r["service"],
            f"{r['parcels']:,}",
            f"{r['scans_a_parcel']:.1f}",
            f"{r['with_pickup']:.0%}",
            f"{r['with_out_for_delivery']:.0%}",
        )
        for r in found.discipline.iter_rows(named=True)
    ]
    tables = [
        Table(
            ("parcel", "service", "lane", "what", "since", "hours", "99 % were quiet at most", "by"),
            rows,
            frozenset({5, 6}),
            f"the {len(rows)} quietest of {open_.height:,}: trace these",
        ),
        Table(
            ("service", "what", "parcels"),
            [(a, b, f"{n:,}") for a, b, n in counts.iter_rows()],
            frozenset({2}),
            "all that is missing",
        ),
        Table(
            ("service", "delivered", "scans a parcel", "with pick-up", "with out for delivery"),
            habits,
            frozenset({1, 2, 3, 4}),
            "how fully services scan",
        ),
    ]
    lead = "Parcels without a scan for longer than nearly all of their service and lane, and steps nobody scanned."
    if found.discipline.is_empty():
        return Section("Missing scans", "No tracking events were imported: silence cannot be told.")
    return Section("Missing scans", lead, tables=[table for table in tables if table.rows])


def _costs(found: CarrierReview) -> Section:
    rows = [
        (
            row["service"],
            row["tier"],
            "–" if row["zone"] is None else str(row["zone"]),
            f"{row['invoiced']:,}",
            dollars(row["cents"]),
            f"{dollars(row['cents_low'])} to {dollars(row['cents_high'])}",
        )
        for row in found.services.tiers.head(4 * _ROWS).iter_rows(named=True)
    ]
    headers = ("service", "size", "zone", "invoiced", "a parcel", "90 %")
    lead = "Mean charge by service, dimensional tier and zone." if rows else "Nothing was invoiced: cost is not known."
    return Section("Cost of a parcel", lead, tables=[Table(headers, rows, frozenset({2, 3, 4}))] if rows else [])


def _seen(found: CarrierReview) -> Section:
    rows = [
        (
            row["service"],
            f"{row['parcels']:,}",
            f"{row['lanes']:,} of {row['lanes_of_all']:,}",
            f"{row['spoken_for']:,}",
            f"{row['share_of_parcels']:.0%}",
            f"{row['only_choice']:.0%}",
        )
        for row in found.services.coverage.iter_rows(named=True)
    ]
    headers = (
        "service",
        "parcels",
        "lanes used",
        f"with {LEAST_DUE} due",
        "of all shipping",
        "nothing to compare with",
    )
    return Section(
        "What was seen",
        "A service is only seen where it was used, and looks good where it was used only where it is good. The share of all "
        "shipping that goes on lanes it is spoken for says how far its score may be carried.",
        tables=[Table(headers, rows, frozenset(range(1, 6)))],
    )
