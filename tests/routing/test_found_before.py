"""What one order found serves the next, and differs in nothing from what it would have found itself."""

from dataclasses import fields, replace
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.routing.brand import NOW, frames, items, network, nodes, order, random_order

from evenstock.domain import Costs, Grams, Item, Node, NodeId, NodeKind, Sku
from evenstock.freight.rates import RateBook
from evenstock.routing import found_before
from evenstock.routing.candidates import NO_CEILING, Candidates, candidates
from evenstock.routing.found_before import WITHIN_DAYS, FoundBefore, good_until
from evenstock.routing.network import ShippingNetwork

MONDAY = date(2026, 11, 23)


def same(one: Candidates, other: Candidates) -> None:
    for name in (f.name for f in fields(Candidates)):
        ours, theirs = getattr(one, name), getattr(other, name)
        if isinstance(ours, np.ndarray):
            assert ours.dtype == theirs.dtype
            assert np.array_equal(ours, theirs, equal_nan=ours.dtype == np.float64), name
        else:
            assert ours == theirs, name


def anew(network: ShippingNetwork, *asked: object, **how: object) -> Candidates:
    """As if no order had come before."""
    found_before._OF.pop(network, None)
    return candidates(*asked, **how)  # type: ignore[arg-type]


def odd_network(rng: np.random.Generator) -> ShippingNetwork:
    """Ceilings, days without pick-up, places without a zone, goods too heavy, services without a rate."""
    given = frames()
    if rng.random() < 0.4:
        most = [int(rng.integers(1, 5)) if rng.random() < 0.5 else None for _ in range(given["rate_cards"].height)]
        given["rate_cards"] = given["rate_cards"].with_columns(pl.Series("shipments_per_day", most, pl.Int64))
    if rng.random() < 0.4:
        days = [str(rng.choice(["1234567", "135", "67"])) for _ in range(given["rate_cards"].height)]
        given["rate_cards"] = given["rate_cards"].with_columns(pickup_days=pl.Series(days))
    if rng.random() < 0.4:
        given["rates"] = given["rates"].filter((pl.col("zone") < 6) | (pl.col("service") != "usps:advantage"))
    if rng.random() < 0.4:
        given["places"] = given["places"].head(12)
    where = [
        replace(
            node,
            orders_per_day=int(rng.integers(1, 6)) if rng.random() < 0.4 else None,
            active=bool(rng.random() < 0.9),
            working_days=frozenset(range(int(rng.integers(4, 8)))),
            cutoff=time(int(rng.integers(8, 20)), 30),
        )
        for node in nodes()
    ]
    heavy = {
        sku: replace(item, weight_g=Grams(item.weight_g * (60 if rng.random() < 0.05 else 1)))
        for sku, item in items().items()
    }
    return ShippingNetwork(where, heavy, RateBook.from_frames(**given), Costs(), "sha256:test")


def test_what_was_found_before_is_what_each_order_would_have_found_alone() -> None:
    shared = [orders_that_share(np.random.default_rng(seed)) for seed in range(12)]
    assert sum(shared) > 80  # else little would have been compared


def orders_that_share(rng: np.random.Generator) -> int:
    """How many of sixty orders took what was found before, each held against what it finds alone."""
    shipping = odd_network(rng)
    days = [NOW.date() + timedelta(days=d) for d in range(-1, 9)]
    names = [node.id for node in shipping.nodes] + [NodeId(service) for service in shipping.book.services]
    shared = 0
    for n in range(60):
        one = random_order(rng, int(rng.integers(1, 4)), f"A-{n}")
        # Few places, moments and promises, so that most keys come again.
        to = replace(one.ship_to, postal_code=str(rng.choice(["10001", "10099", "94105", "33101"])))
        one = replace(one, ship_to=to, promise=one.promise if rng.random() < 0.3 else None)
        now = NOW + timedelta(hours=6 * int(rng.integers(0, 6)))
        taken = {(name, day): int(rng.integers(0, 5)) for name in names for day in days if rng.random() < 0.3}
        how: dict[str, object] = {}
        if rng.random() < 0.15:
            how = {"ship_days": 2}
        elif rng.random() < 0.15:
            how = {"without_nodes": [names[0]], "without_services": ["ups:ground"]}
        before = len(FoundBefore.of(shipping).ways)
        found = candidates(one, shipping, now, taken, **how)  # type: ignore[arg-type]
        kept = found_before._OF[shipping]
        known = any(found.ways is entry.found.ways for entry in kept.ways.values())
        shared += known and len(kept.ways) == before
        same(found, anew(shipping, one, shipping, now, taken, **how))
        found_before._OF[shipping] = kept
    return shared


def test_a_second_order_to_a_place_shares_its_ways_and_sees_the_places_left_now() -> None:
    few = ShippingNetwork(
        [replace(node, orders_per_day=9) for node in nodes()], items(), RateBook.from_frames(**frames()), Costs(), "x"
    )
    first = candidates(order(("SKU-001", 1)), few, NOW, {})
    second = candidates(order(("SKU-002", 3), name="B"), few, NOW, {(NodeId("TX"), NOW.date()): 4})

    assert second.ways is first.ways
    assert second.node is first.node
    assert first.slots_left.tolist() == [9] * len(first.ways)
    assert [int(n) for way, n in zip(second.ways, second.slots_left, strict=True) if way.node == "TX"] == [5, 5, 5]


def test_with_fewer_places_left_than_lines_the_next_day_is_offered_too_whatever_was_found_before() -> None:
    texas = replace(next(node for node in nodes() if node.id == "TX"), orders_per_day=9)
    one = ShippingNetwork([texas], items(), RateBook.from_frames(**frames()), Costs(), "x")
    wanted = order(("SKU-001", 1), ("SKU-002", 1))
    candidates(wanted, one, NOW, {})
    found = candidates(wanted, one, NOW, {(NodeId("TX"), NOW.date()): 8})

    assert sorted({way.ship_on for way in found.ways}) == [NOW.date(), MONDAY]


def test_goods_too_heavy_for_a_service_find_their_own_ways() -> None:
    goods = items()
    goods[Sku("ANVIL")] = Item(Sku("ANVIL"), Grams(40_000))  # usps:advantage takes up to 31.5 kg
    shipping = ShippingNetwork(nodes(), goods, RateBook.from_frames(**frames()), Costs(), "x")
    light = candidates(order(("SKU-001", 1)), shipping, NOW, {})
    heavy = candidates(order(("ANVIL", 1)), shipping, NOW, {})

    assert {way.service for way in light.ways} - {way.service for way in heavy.ways} == {"usps:advantage"}
    assert {b.rule for b in heavy.barred} == {"oversize"}


def test_what_is_said_of_a_postal_code_names_that_code() -> None:
    given = frames()
    given["rates"] = given["rates"].filter(pl.col("service") != "usps:advantage")
    rates = pl.concat([given["rates"], frames()["rates"].filter(service="usps:advantage", zone=1)])
    shipping = ShippingNetwork(nodes(), items(), RateBook.from_frames(**given | {"rates": rates}), Costs(), "x")
    told = []
    for code in ("10001", "10099", "10001"):
        one = order(("SKU-001", 1))
        found = candidates(replace(one, ship_to=replace(one.ship_to, postal_code=code)), shipping, NOW, {})
        told.append({barred.because.rpartition(" ")[2] for barred in found.barred if barred.rule == "rate"})

    assert told == [{"10001"}, {"10099"}, {"10001"}]


def test_no_more_places_are_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(found_before, "MOST_PLACES", 3)
    shipping = network()
    for zip3 in ("021", "100", "331", "402", "554", "641", "787"):
        candidates(order(("SKU-001", 1), zip3=zip3), shipping, NOW, {})
        assert 1 <= len(FoundBefore.of(shipping).ways) <= 3


def test_a_moment_without_its_zone_is_refused_before_and_after_the_first_order() -> None:
    shipping = network()
    for _ in range(2):
        with pytest.raises(ValueError, match="no time zone"):
            candidates(order(("SKU-001", 1)), shipping, NOW.replace(tzinfo=None), {})
        candidates(order(("SKU-001", 1)), shipping, NOW, {})


@given(
    st.datetimes(datetime(2026, 3, 6), datetime(2026, 3, 10)) | st.datetimes(datetime(2026, 10, 30), datetime(2026, 11, 3)),
    st.sampled_from(["America/Chicago", "America/Los_Angeles", "Europe/Berlin", "Australia/Lord_Howe", "UTC", "Asia/Kolkata"]),
    st.times().map(lambda t: t.replace(fold=0)),
    st.floats(0, 1),
)  # fmt: skip
def test_the_ship_day_does_not_change_while_it_is_kept(moment: datetime, zone: str, cutoff: time, share: float) -> None:
    """Around the days on which clocks are put forward and back; `share` of the span is where another order comes."""
    node = Node(NodeId("N"), NodeKind.OWN, "10001", zone, cutoff=cutoff, working_days=frozenset({0, 2, 3, 5, 6}))
    now = moment.replace(tzinfo=UTC)
    until = good_until(node, now)
    assert now <= until <= now + timedelta(days=1, hours=1)
    for then in (until, now + share * (until - now)):
        assert node.ship_day(then, WITHIN_DAYS) == node.ship_day(now, WITHIN_DAYS)


def test_first_days_are_those_of_each_node_and_reckoned_once_until_a_cut_off() -> None:
    shipping = network()
    before = FoundBefore.of(shipping)
    for hours in (0, 1, 3, 4, 5, 7, 9, 12, 40, 0, 3):
        now = NOW + timedelta(hours=hours)
        assert before.first_days(shipping, now) == tuple(node.ship_day(now, WITHIN_DAYS) for node in shipping.nodes)
    assert before.first_days(shipping, NOW) is before.first_days(shipping, NOW + timedelta(minutes=50))


def test_nodes_that_never_ship_have_no_first_day() -> None:
    idle = ShippingNetwork(
        [replace(node, active=False) for node in nodes()], items(), RateBook.from_frames(**frames()), Costs(), "x"
    )
    assert set(FoundBefore.of(idle).first_days(idle, NOW)) == {None}
    found = candidates(order(("SKU-001", 1)), idle, NOW, {})
    assert not found.ways
    assert {b.rule for b in found.barred} == {"never ships"}
    assert NO_CEILING not in found.slots_left
