"""What the made-up brand brings beside its demand agrees with the process, with the other tables and with what is true."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from evenstock import tables
from evenstock.connectors.files import read_folder, sift, write_folder
from evenstock.freight.distance import haversine_miles
from evenstock.operations.company import Company
from evenstock.operations.import_network import import_network
from evenstock.operations.network import Network
from evenstock.simulation.enrichment import Enriched, enrich
from evenstock.simulation.process import DemandTraits, is_payday
from evenstock.simulation.world import World, future_demand, future_orders, future_units, make_world
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder


def small(**changed) -> World:
    return make_world(**({"seed": 5, "skus": 300, "days": 200, "orders_per_day": 250} | changed))


@pytest.fixture(scope="module")
def plain() -> World:
    return small()


@pytest.fixture(scope="module")
def rich(plain: World) -> Enriched:
    return enrich(plain)


@pytest.fixture(scope="module")
def faulty(plain: World) -> Enriched:
    return enrich(plain, faults=0.1)


@pytest.fixture(scope="module")
def winter() -> Enriched:
    """The same brand on winter time."""
    return enrich(small(as_of=date(2026, 1, 14)), faults=0.05)


@pytest.fixture(scope="module")
def many(plain: World) -> Enriched:
    """Enough parcels to see a distribution."""
    return enrich(plain, order_days=0, parcels=20_000)


@pytest.fixture(scope="module")
def large() -> Enriched:
    """The demo's brand, without its orders and parcels."""
    return enrich(make_world(), order_days=0, parcels=0)


NEW = {
    "promotions",
    "sale_prices",
    "order_history",
    "sources",
    "observations",
    "counts",
    "short_picks",
    "deliveries",
    "receipts",
}  # fmt: skip


def frames(rich: Enriched) -> dict[str, pl.DataFrame]:
    return rich.world.frames


# The tables


@pytest.mark.parametrize("nodes", [3, 6])
def test_every_table_is_valid_row_by_row_and_refers_to_what_exists(nodes):
    world = small(nodes=nodes, skus=150, orders_per_day=80, traits=DemandTraits(payday=1.2, spend_elasticity=0.2))
    found = frames(enrich(world, faults=0.05, substitution=0.3, order_days=5, parcels=300))

    assert set(found) == {*world.frames, *NEW, "events", "signals", "substitutes"}
    for name, frame in found.items():
        tables.INPUT[name].validate(frame)
        assert frame.height > 0, name
        assert sift(name, frame, name).refused.is_empty(), name
    for (table, column), (other, key) in tables.REFERENCES.items():
        if table in found and other in found:
            assert found[table][column].is_in(found[other][key].implode()).all(), f"{table}.{column}"


def test_a_folder_of_it_is_imported_without_a_problem(tmp_path):
    faulty = enrich(small(skus=80, orders_per_day=60), faults=0.1, order_days=9, parcels=400)
    write_folder(frames(faulty), tmp_path / "files")
    reading = read_folder(tmp_path / "files")
    assert reading.problems == []

    store, snapshots = MemoryStore(), SnapshotFolder(tmp_path / "snapshots")
    import_network(store, snapshots, reading.frames, faulty.world.opens_at)
    company = Company.load(store, snapshots)
    for name in NEW:
        kept = company.table(name)
        assert kept is not None
        assert kept.height == frames(faulty)[name].height


def test_what_was_there_stays_as_it_was(plain, rich):
    for name, frame in plain.frames.items():
        dated = ["introduced_on", "discontinued_on", "replaces"] if name == "items" else []
        assert frames(rich)[name].drop(dated).equals(frame.drop(dated)), name
    assert not NEW & set(plain.frames)


def test_faults_change_no_table_but_demand_and_what_is_told_of_it(rich, faulty):
    same = set(frames(rich)) - {"demand", "items", "order_history", "observations", "counts", "short_picks", "receipts"}
    assert all(frames(rich)[name].equals(frames(faulty)[name]) for name in same)


def test_the_same_arguments_give_the_same_bytes_and_another_seed_another_history():
    one, again, other = (
        enrich(small(seed=seed, skus=80, orders_per_day=60), faults=0.2, order_days=5, parcels=300)
        for seed in (5, 5, 6)
    )

    assert all(frames(one)[name].equals(frames(again)[name]) for name in frames(again))
    assert all(not frames(one)[name].equals(frames(other)[name]) for name in NEW - {"sources"})
    assert one.faults.equals(again.faults)


@pytest.mark.parametrize(
    "wrong",
    [
        {"faults": -0.1},
        {"faults": 0.6},
        {"faults": float("nan")},
        {"substitution": 2.0},
        {"order_days": -1},
        {"parcels": -1},
    ],
)
def test_what_cannot_be_is_refused(wrong, plain):
    with pytest.raises(ValueError, match=r"lie between|are counts"):
        enrich(plain, **wrong)


def test_a_tiny_young_brand_has_its_tables_too():
    tiny = make_world(skus=1, nodes=3, orders_per_day=1, days=7, as_of=date(2026, 3, 2))
    found = frames(enrich(tiny, faults=0.5, substitution=1.0, parcels=0))

    for name, frame in found.items():
        tables.INPUT[name].validate(frame)
    assert set(found) >= NEW


# What moved demand


def test_demand_is_promoted_on_the_days_that_promotions_name_and_on_no_others(rich):
    named = covered(frames(rich)["promotions"])
    demand = frames(rich)["demand"]
    flagged = demand.filter("promotion").select("sku", "date").unique()

    assert flagged.join(named, on=["sku", "date"], how="anti").is_empty()
    wrong = demand.filter(~pl.col("promotion")).join(named, on=["sku", "date"])
    assert wrong.is_empty()
    assert flagged.height > 1000


def test_promotions_ahead_are_those_that_the_future_contains(plain, rich):
    ahead = covered(frames(rich)["promotions"]).filter(pl.col("date") >= plain.as_of)
    future = future_demand(plain, 60).filter("promotion").select("sku", "date").unique()

    assert ahead.height > 100
    assert ahead.join(future, on=["sku", "date"], how="anti").is_empty()
    # Announced four weeks before at the latest: what begins within four weeks is known in full.
    soon = future.filter(pl.col("date") < plain.as_of + timedelta(days=28))
    assert soon.join(ahead, on=["sku", "date"], how="anti").is_empty()
    # And what is not yet announced is not told.
    assert future.join(ahead, on=["sku", "date"], how="anti").height > 0
    assert (frames(rich)["promotions"]["announced_on"] <= plain.as_of).all()


def test_the_price_history_ends_at_the_price_that_customers_pay_today(plain, rich):
    prices = frames(rich)["sale_prices"].filter(pl.col("valid_from") <= plain.as_of).sort("valid_from")
    now = dict(prices.group_by("sku", maintain_order=True).last().select("sku", "cents").iter_rows())
    paid = dict(plain.frames["orders"].select("sku", "price_cents").iter_rows())

    assert {sku: now[sku] for sku in paid} == paid
    usual = dict(plain.frames["items"].select("sku", "price_cents").iter_rows())
    assert any(cents < usual[sku] for sku, cents in paid.items())


def test_a_price_is_reduced_on_promoted_days_and_no_others(plain, rich):
    items = dict(frames(rich)["items"].select("sku", "price_cents").iter_rows())
    days = pl.DataFrame({"date": [plain.as_of + timedelta(days=k) for k in range(-150, 14)]})
    grid = frames(rich)["items"].select("sku").head(60).join(days, how="cross").sort("date")
    prices = frames(rich)["sale_prices"].sort("valid_from")
    at = grid.join_asof(prices, left_on="date", right_on="valid_from", by="sku", check_sortedness=False)
    named = set(covered(frames(rich)["promotions"]).iter_rows())

    shown = at.filter(pl.col("cents").is_not_null()).select("sku", "date", "cents")
    assert shown.height > 9000
    for sku, day, cents in shown.iter_rows():
        assert cents == (round(0.85 * items[sku]) if (sku, day) in named else items[sku])


def covered(promotions: pl.DataFrame) -> pl.DataFrame:
    """Each promoted item and day."""
    days = promotions.select("sku", date=pl.date_ranges("first_day", "last_day"))
    return days.explode("date").unique()


def test_there_are_no_events_and_signals_where_demand_follows_none(rich):
    assert not {"events", "signals", "substitutes"} & set(frames(rich))


def test_paydays_raise_demand_by_what_was_asked_for():
    # The same chance on every day: the ratio of the two brands' means is the factor, but for Poisson noise.
    paid = small(traits=DemandTraits(payday=1.5), orders_per_day=600)
    even = small(orders_per_day=600)
    bare = frames(enrich(paid, order_days=0, parcels=0))
    events = bare["events"]
    units = [future_units(world, 60).sum(axis=(0, 1)) for world in (paid, even)]
    on = np.array([is_payday(paid.as_of + timedelta(days=k)) for k in range(60)])

    assert units[0][on].sum() / units[1][on].sum() == pytest.approx(1.5, rel=0.05)
    assert units[0][~on].sum() == pytest.approx(units[1][~on].sum(), rel=0.02)
    assert {d for d in events["date"] if paid.as_of <= d < paid.as_of + timedelta(days=60)} == {
        paid.as_of + timedelta(days=int(k)) for k in np.flatnonzero(on)
    }
    past = bare["demand"]
    daily = past.group_by("date").agg(pl.col("units").sum())
    by = (
        daily.with_columns(event=pl.col("date").is_in(events["date"].implode())).group_by("event").agg(pl.mean("units"))
    )
    mean = dict(by.iter_rows())
    assert mean[True] / mean[False] == pytest.approx(1.5, rel=0.15)


def test_demand_follows_marketing_with_its_elasticity():
    # Two brands that differ in the spending alone, day by day: log ratio = elasticity x log(spend / 400).
    spent, even = (small(traits=DemandTraits(spend_elasticity=e), orders_per_day=600) for e in (0.4, 0.0))
    signals = frames(enrich(spent, order_days=0, parcels=0))["signals"]
    days = [spent.as_of + timedelta(days=k) for k in range(28)]
    value = dict(signals.select("date", "value").iter_rows())
    spend = np.array([value.get(d, np.nan) for d in days])
    known = ~np.isnan(spend)
    ratio = np.log(future_units(spent, 28).sum(axis=(0, 1)) / future_units(even, 28).sum(axis=(0, 1)))

    slope = np.polyfit(np.log(spend[known] / 400.0), ratio[known], 1)[0]
    assert slope == pytest.approx(0.4, abs=0.1)
    assert known.sum() >= 27
    assert (signals["known_on"] <= spent.as_of).all()
    assert (signals["known_on"] < signals["date"]).all()


# Orders


@pytest.mark.parametrize("which", ["rich", "faulty", "winter"])
def test_orders_less_cancelled_are_the_demand_of_their_home_on_its_local_day(which, request):
    rich: Enriched = request.getfixturevalue(which)
    world, history = rich.world, frames(rich)["order_history"]
    home = homes(world, history)
    zone = {s.node: ZoneInfo(s.timezone) for s in world.sites}
    net = history.with_columns(
        node=pl.Series(home),
        date=pl.Series([at.astimezone(zone[n]).date() for at, n in zip(history["placed_at"], home, strict=True)]),
        net=pl.col("units") - pl.col("cancelled"),
    )
    first = world.as_of - timedelta(days=28)
    key = ["date", "sku", "node"]
    ordered = net.filter(pl.col("net") > 0).group_by(key).agg(pl.col("net").sum()).sort(key)
    wanted = frames(rich)["demand"].filter((pl.col("date") >= first) & (pl.col("units") > 0)).sort(key)

    assert ordered.height > 2000
    assert ordered.rows() == wanted.select(*key, "units").rows()


def homes(world: World, history: pl.DataFrame) -> list[str]:
    """The node that should serve each line: Amazon's for marketplaces, else the lowest zone, then the nearest."""
    network = Network.from_frames(world.frames)
    requires = dict(world.frames["items"].select("sku", "requires").iter_rows())
    place = {z: (a, b) for z, a, b in world.frames["places"].iter_rows()}
    able: dict[tuple[bool, str, str], str] = {}
    found = []
    for sku, code, channel in history.select("sku", "postal_code", "channel").iter_rows():
        key = (channel == "marketplace", requires[sku], code[:3])
        if key not in able:
            lawful = [s for s in world.sites if not key[1] or key[1] in s.certifications]
            amazon = [s.node for s in lawful if s.kind == "mcf"]

            def near(site, to=code):
                here, there = place[site.postal_code[:3]], place[to[:3]]
                return network.rates.zone(site.postal_code, to), float(haversine_miles(*here, *there))

            able[key] = amazon[0] if key[0] and amazon else min((s for s in lawful if s.kind != "mcf"), key=near).node
        found.append(able[key])
    return found


def test_most_lines_ship_from_home_and_some_from_elsewhere_where_the_goods_may_lie(plain, rich):
    history = frames(rich)["order_history"].with_columns(home=pl.Series(homes(plain, frames(rich)["order_history"])))
    shipped = history.filter(pl.col("served_by") != "")
    away = (shipped["served_by"] != shipped["home"]).mean()
    holds = {s.node: s.certifications for s in plain.sites}
    needs = {s: r for s, r in plain.frames["items"].select("sku", "requires").iter_rows() if r}

    assert 0.05 < away < 0.2
    assert all(needs[s] in holds[n] for s, n in shipped.select("sku", "served_by").iter_rows() if s in needs)
    elsewhere = shipped.filter(pl.col("served_by") != pl.col("home"))
    assert "IN-MCF" not in set(elsewhere["served_by"])


def test_orders_of_the_past_come_at_the_hours_at_which_orders_will_come(plain, rich):
    def share(frame: pl.DataFrame) -> np.ndarray:
        return np.bincount(frame.unique("order")["placed_at"].dt.hour(), minlength=24) / frame["order"].n_unique()

    past = share(frames(rich)["order_history"])
    ahead = share(pl.concat([future_orders(plain, plain.as_of + timedelta(days=k)) for k in range(14)]))
    assert np.abs(past - ahead).sum() / 2 < 0.05


def test_a_little_is_cancelled_and_never_more_than_was_ordered(plain, rich):
    history = frames(rich)["order_history"]
    assert (history["cancelled"] <= history["units"]).all()
    assert 0.01 < history["cancelled"].sum() / history["units"].sum() < 0.06
    assert history["placed_at"].max() < plain.opens_at


# The books and what is true


def test_every_fault_is_in_the_true_stock_and_nothing_else_is(plain, faulty):
    truth = faulty.true_stock
    assert truth.select("sku", "node", "lot", "on_hand").equals(
        plain.frames["stock"].select("sku", "node", "lot", "on_hand")
    )
    off = truth.filter(pl.col("units") != pl.col("on_hand")).select(
        "sku", "node", d=pl.col("units") - pl.col("on_hand")
    )
    assert sorted(off.rows()) == sorted(faulty.faults.select("sku", "node", "units").rows())
    assert (truth["units"] >= 0).all()
    # One row in ten with units was asked for; a misplaced fault has two rows.
    with_units = (truth["on_hand"] > 0).sum()
    assert faulty.faults["fault"].n_unique() == round(0.1 * with_units)
    assert not faulty.faults.select("sku", "node").is_duplicated().any()


def test_each_kind_of_fault_is_what_its_name_says(faulty):
    rows = faulty.faults.join(faulty.true_stock, on=["sku", "node"], suffix="_true")
    by = {str(kind): part for (kind,), part in rows.group_by("kind")}

    assert set(by) == {"phantom", "shrinkage", "misplaced", "found"}
    assert (by["phantom"]["units_true"] == 0).all()
    assert (by["shrinkage"]["units"] < 0).all()
    assert (by["shrinkage"]["units_true"] > 0).all()
    assert (by["found"]["units"] > 0).all()
    assert (by["misplaced"].group_by("fault").agg(pl.col("units").sum(), pl.len())["units"] == 0).all()
    assert not rows.filter("noticed")["kind"].is_in(["phantom", "misplaced"]).any()


def test_books_without_faults_are_true(rich):
    assert rich.faults.is_empty()
    assert rich.turned_away.is_empty()
    assert (rich.true_stock["units"] == rich.true_stock["on_hand"]).all()


def test_where_nothing_is_left_nothing_sells_from_that_day_on_though_it_was_wanted(plain, faulty):
    empty = faulty.true_stock.filter((pl.col("units") == 0) & (pl.col("on_hand") > 0))
    since = empty.join(faulty.faults.select("sku", "node", "began_on"), on=["sku", "node"])
    seen = frames(faulty)["demand"].join(since.select("sku", "node", "began_on"), on=["sku", "node"])
    was = plain.frames["demand"].join(since.select("sku", "node", "began_on"), on=["sku", "node"])

    assert seen.filter(pl.col("date") >= pl.col("began_on"))["units"].sum() == 0
    lost = was.filter((pl.col("date") >= pl.col("began_on")) & (pl.col("units") > 0))
    key = ["date", "sku", "node", "units"]
    assert faulty.turned_away.sort(key).rows() == lost.select(key).sort(key).rows()
    assert lost["units"].sum() > 50
    # Everything else is as it was.
    assert frames(faulty)["demand"]["units"].sum() + lost["units"].sum() == plain.frames["demand"]["units"].sum()


def test_orders_of_those_turned_away_are_cancelled_whole(plain, faulty):
    history = frames(faulty)["order_history"]
    first = plain.as_of - timedelta(days=28)
    whole = history.filter((pl.col("cancelled") == pl.col("units")) & ~pl.col("order").str.contains("again"))
    lost = faulty.turned_away.filter(pl.col("date") >= first)

    assert whole["units"].sum() == lost["units"].sum() > 0
    assert set(whole["served_by"]) == {""}


def test_short_picks_find_nothing_where_nothing_is_and_amazon_tells_none(plain, rich, faulty):
    picks = frames(faulty)["short_picks"]
    lost = {(d, s, n): u for d, s, n, u in faulty.turned_away.iter_rows()}
    true = [
        lost.get((at.date() if at.hour >= 6 else at.date() - timedelta(days=1), sku, node)) == wanted and found == 0
        for sku, node, at, wanted, found in picks.drop("pick").iter_rows()
    ]

    assert (picks["found"] < picks["wanted"]).all()
    assert picks["picked_at"].max() < plain.opens_at
    assert "IN-MCF" not in set(picks["node"])
    assert 0.7 < np.mean(true) < 1.0
    # Where the books are right a picker overlooks something now and then.
    assert frames(rich)["short_picks"].height > 0


def test_the_order_system_says_what_the_books_say_and_shelves_a_little_more(plain, rich):
    books = plain.frames["stock"].select("sku", "node", "on_hand")
    newest = frames(rich)["observations"].sort("observed_at").group_by("source", "sku", "node").last()
    said = newest.join(books, on=["sku", "node"])
    oms, late = said.filter(pl.col("source") == "oms"), pl.col("source") == "3pl-ca"

    assert oms.height == books.height
    assert (oms["units"] == oms["on_hand"]).all()
    more = said.filter((pl.col("source") != "oms") & ~late).with_columns(more=pl.col("units") - pl.col("on_hand"))[
        "more"
    ]
    yesterday = plain.frames["demand"].filter(pl.col("date") == plain.as_of - timedelta(days=1))
    assert more.min() >= 0
    assert 0 < more.sum() < 0.6 * yesterday["units"].sum()


def test_one_feed_is_late_and_none_is_from_the_future(plain, rich):
    seen = frames(rich)["observations"].group_by("source").agg(pl.col("observed_at").max())
    age = {s: (plain.opens_at - at).total_seconds() / 3600 for s, at in seen.iter_rows()}
    every = dict(frames(rich)["sources"].select("source", "every_minutes").iter_rows())

    assert set(age) == set(every) == {"oms", "wms", "3pl-pa", "3pl-ca", "fba"}
    assert 48 < age.pop("3pl-ca") < 49
    assert all(0 < hours <= every[source] / 60 for source, hours in age.items())


def test_a_system_that_noticed_a_fault_says_what_is_there(faulty):
    noticed = faulty.faults.filter("noticed").select("sku", "node", "units", "began_on")
    newest = frames(faulty)["observations"].filter(pl.col("source") != "oms").sort("observed_at")
    said = newest.group_by("sku", "node").last().join(noticed, on=["sku", "node"], suffix="_off")
    said = said.join(faulty.true_stock, on=["sku", "node"], suffix="_true")
    prompt = said.filter(pl.col("node") != "CA-3PL")

    assert prompt.height > 5
    # What was ordered after the cut-off still lies there.
    assert (prompt["units"] >= prompt["units_true"]).all()
    assert (prompt["units"] - prompt["units_true"]).mean() < 1.0


def test_no_count_or_receipt_comes_after_a_fault_began_and_third_parties_are_wrong_more_often(faulty, large):
    counts = frames(faulty)["counts"].join(faulty.faults, on=["sku", "node"], how="left", suffix="_fault")
    assert (counts["counted_at"].dt.date() < counts["began_on"]).fill_null(value=True).all()
    many = frames(large)["counts"].with_columns(wrong=pl.col("units") != pl.col("booked"))
    wrong = dict(many.group_by("node").agg(pl.mean("wrong")).iter_rows())
    came = frames(faulty)["receipts"].join(faulty.faults, on=["sku", "node"])
    assert came.height > 0
    assert (came["received_on"] < came["began_on"]).fill_null(value=True).all()
    assert wrong["TX-DC"] < 0.09 < (wrong["PA-3PL"] + wrong["CA-3PL"]) / 2 < 0.2


def test_books_of_the_past_were_never_below_zero(plain, rich):
    receipts = frames(rich)["receipts"].filter(pl.col("received_on").is_not_null())
    demand, stock = frames(rich)["demand"], plain.frames["stock"].select("sku", "node", "on_hand")
    for ago in (1, 7, 30, 60, 119):
        first = plain.as_of - timedelta(days=ago)
        sold = demand.filter(pl.col("date") >= first).group_by("sku", "node").agg(sold=pl.col("units").sum())
        came = (
            receipts.filter(pl.col("received_on") >= first)
            .group_by("sku", "node")
            .agg(came=pl.col("units_received").sum())
        )
        books = stock.join(sold, on=["sku", "node"], how="left").join(came, on=["sku", "node"], how="left").fill_null(0)
        assert books.select((pl.col("on_hand") + pl.col("sold") - pl.col("came")).min()).item() >= 0
    assert receipts.height > 100


# Times


def test_purchases_that_have_not_come_are_outstanding_and_the_slow_supplier_is_slow(rich, large):
    receipts = frames(large)["receipts"]
    open_ones = receipts.filter(pl.col("received_on").is_null())
    truth = {row["supplier"]: row for row in rich.suppliers.iter_rows(named=True)}
    took = receipts.drop_nulls("received_on").with_columns(
        days=(pl.col("received_on") - pl.col("ordered_on")).dt.total_days()
    )
    per_purchase = took.group_by("supplier", "purchase").agg(pl.col("days").min())
    median = dict(per_purchase.group_by("supplier").agg(pl.median("days")).iter_rows())

    assert open_ones.height > 0
    assert (open_ones["units_received"] == 0).all()
    assert (took["received_on"] < date(2026, 9, 15)).all()
    assert (took["units_received"] <= took["units_ordered"]).all()
    for name, days in median.items():
        assert days == pytest.approx(truth[name]["median_days"], rel=0.25)
    assert median["Eastgate Electronics"] > truth["Eastgate Electronics"]["promised_days"]


def lanes(rich: Enriched, world: World) -> pl.DataFrame:
    """Parcels with their zone and the calendar days they took, by the dates of the scans."""
    network = Network.from_frames(world.frames)
    parcels = frames(rich)["deliveries"]
    zone = [
        network.rates.zone(a, b) for a, b in parcels.select("origin_postal_code", "destination_postal_code").iter_rows()
    ]
    return parcels.with_columns(
        zone=pl.Series(zone, dtype=pl.Int64),
        days=(pl.col("delivered_at").dt.date() - pl.col("shipped_at").dt.date()).dt.total_days(),
        ago=(pl.lit(world.as_of) - pl.col("shipped_at").dt.date()).dt.total_days(),
    )


@pytest.mark.parametrize(("recent", "name"), [(False, "transit"), (True, "truth")])
def test_parcels_took_the_days_that_their_service_and_zone_take(recent, name, plain, many):
    known = many.true_transit if name == "truth" else plain.frames["transit"]
    # Long enough ago that each has arrived: the slowest takes nine days.
    window = pl.col("ago").is_between(10, 28) if recent else pl.col("ago") > 28
    parcels = lanes(many, plain).filter(window)
    share = (
        parcels.group_by("service", "zone", "days").len().with_columns(n=pl.col("len").sum().over("service", "zone"))
    )
    both = share.filter(pl.col("n") >= 200).join(known, on=["service", "zone", "days"], how="left")

    assert parcels["delivered_at"].null_count() == 0
    assert both["probability"].null_count() == 0
    assert both.height > 20
    off = (both["len"] / both["n"] - both["probability"]).abs()
    # Four standard errors of a share.
    assert (off <= 4 * (both["probability"] * (1 - both["probability"]) / both["n"]).sqrt() + 1e-9).all()


def test_one_service_got_slower_by_half_a_day_and_the_transit_table_does_not_know(plain, rich):
    def mean(frame: pl.DataFrame, service: str) -> pl.DataFrame:
        days = frame.filter(pl.col("service") == service)
        return days.group_by("zone").agg(m=(pl.col("days") * pl.col("probability")).sum()).sort("zone")

    for service in plain.frames["transit"]["service"].unique():
        slower = mean(rich.true_transit, service)["m"] - mean(plain.frames["transit"], service)["m"]
        np.testing.assert_allclose(slower, 0.5 if service == "northline:ground" else 0.0, atol=1e-9)


def test_parcels_still_under_way_have_no_second_scan_and_scans_are_never_from_the_future(plain, rich):
    parcels = frames(rich)["deliveries"]
    under_way = parcels.filter(pl.col("delivered_at").is_null())

    assert 20 < under_way.height < 400
    assert parcels["delivered_at"].max() < plain.opens_at
    assert parcels["shipped_at"].max() < plain.opens_at
    assert (under_way["shipped_at"] > plain.opens_at - timedelta(days=11)).all()
    done = parcels.drop_nulls("delivered_at")
    assert (done["delivered_at"] > done["shipped_at"]).all()
    served = {s.node: s for s in plain.sites}
    assert all(service in served[node].services for service, node in parcels.select("service", "origin").iter_rows())


def test_parcels_leave_after_the_cutoff_on_working_days(plain, rich):
    site = {s.node: s for s in plain.sites}
    for node, at in frames(rich)["deliveries"].select("origin", "shipped_at").head(800).iter_rows():
        local: datetime = at.astimezone(ZoneInfo(site[node].timezone))
        assert str(local.isoweekday()) in site[node].working_days
        assert f"{local:%H:%M}" > site[node].cutoff
        assert local.date() == at.astimezone(UTC).date()


# The assortment


def test_items_are_dated_as_the_process_has_them(plain, rich):
    items, demand = frames(rich)["items"], frames(rich)["demand"]
    sold = demand.filter(pl.col("units") > 0).group_by("sku").agg(first=pl.min("date"), last=pl.max("date"))
    rows = items.join(sold, on="sku", how="left")
    came, went = rows.drop_nulls("introduced_on"), rows.drop_nulls("discontinued_on")

    assert came.height > 5
    assert (came["first"] >= came["introduced_on"]).fill_null(value=True).all()
    assert went.height > 0
    assert (went["last"] < went["discontinued_on"]).fill_null(value=True).all()
    ahead = dict(zip(items["sku"], plain.process.expected(120).sum(axis=(1, 2)), strict=True))
    assert all(ahead[sku] < 0.05 for sku in went["sku"])


def test_an_item_replaces_one_of_its_category_that_began_to_fade_when_it_came(large):
    world = large.world
    items = frames(large)["items"]
    at = {sku: k for k, sku in enumerate(items["sku"])}
    pairs = items.filter(pl.col("replaces") != "").select("sku", "replaces", "category", "introduced_on").rows()
    size, process = world.process.base.sum(axis=1), world.process

    assert len(pairs) > 3
    assert len({old for _, old, *_ in pairs}) == len(pairs)
    for new, old, category, introduced in pairs:
        assert items["category"][at[old]] == category
        fades = process.first_day + timedelta(days=int(process.fade[at[old]]))
        assert abs((introduced - fades).days) <= 45
        assert 1 / 1.5 <= size[at[new]] / size[at[old]] <= 1.5
    # Some of the brand's items are younger than four weeks.
    young = items.filter(pl.col("introduced_on") > world.as_of - timedelta(days=28))
    assert young.height > 3


def test_customers_of_a_missing_item_take_its_substitute_if_asked_to(plain):
    rich = enrich(plain, substitution=0.5, order_days=0)
    pairs = frames(rich)["substitutes"]
    before, after = plain.frames["demand"], frames(rich)["demand"]
    key = ["date", "sku", "node"]
    grown = after.join(before, on=key, how="left", suffix="_was").with_columns(
        more=pl.col("units") - pl.col("units_was").fill_null(0)
    )
    hidden = before.filter(~pl.col("in_stock")).join(pairs, on="sku").select("date", sku="substitute")

    assert not after.select(key).is_duplicated().any()
    assert (grown["more"] >= 0).all()
    assert grown.filter(pl.col("more") > 0).join(hidden.unique(), on=["date", "sku"], how="anti").is_empty()
    assert grown["more"].sum() > 50
    assert not pairs["substitute"].is_in(pairs["sku"].implode()).any()
