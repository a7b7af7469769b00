"""Routing prices every term that a carrier may think of, to the cent of the readable quote."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import reduce

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.freight.random_book import DESTINATIONS, random_book
from tests.routing.orders import partitions

from evenstock.domain import (
    Cents,
    Costs,
    Grams,
    Item,
    LineId,
    Millimetres,
    Node,
    NodeId,
    NodeKind,
    Order,
    OrderId,
    OrderLine,
    ShipTo,
    Sku,
    Units,
)
from evenstock.freight.bulk import Bulk
from evenstock.freight.rates import RateBook
from evenstock.routing.candidates import candidates
from evenstock.routing.choose import Choice, choose
from evenstock.routing.explain import FREIGHT, by_term, plans
from evenstock.routing.large import choose_large
from evenstock.routing.milp import improve
from evenstock.routing.network import ShippingNetwork
from evenstock.routing.price import Pricing, price
from evenstock.routing.priced import Ladders, Priced

ORIGINS = {"NJ": "07001", "CA": "90001"}
LINES = 3


def network(rng: np.random.Generator) -> ShippingNetwork:
    """Two nodes and items just below, at and above every threshold of the random book."""
    nodes = [
        Node(NodeId(name), NodeKind.OWN, postal, "UTC", cutoff=time(23, 0), pick_unit_cents=Cents(10 * k))
        for k, (name, postal) in enumerate(ORIGINS.items())
    ]
    items = {}
    for n in range(6):
        sides = [
            int(rng.choice([100, 450, 451, 900, 901])),
            int(rng.choice([50, 250, 251, 500])),
            int(rng.integers(0, 400)),
        ]
        requires = frozenset({"hazmat"} if rng.random() < 0.3 else ())
        weight = int(rng.choice([100, 1_000, 2_000, 3_000, 5_900]))
        sku = Sku(f"S{n}")
        items[sku] = Item(sku, Grams(weight), *map(Millimetres, sides), requires=requires)
    book = random_book(rng, surcharges=8)
    return ShippingNetwork(nodes, items, book, Costs(extra_shipment_cents=Cents(60)), "sha256:test")


def random_order(rng: np.random.Generator, shipping: ShippingNetwork) -> Order:
    skus = rng.choice(list(shipping.items), LINES, replace=False)
    day = date(2026, int(rng.integers(1, 13)), int(rng.integers(1, 28)))
    return Order(
        OrderId("O"),
        tuple(
            OrderLine(LineId(str(n)), Sku(str(sku)), Units(int(rng.integers(1, 4))), Cents(1_000))
            for n, sku in enumerate(skus)
        ),
        ShipTo(str(rng.choice(DESTINATIONS)), "US", residential=bool(rng.random() < 0.5)),
        datetime.combine(day, time(9), UTC),
    )


def priced(shipping: ShippingNetwork, order: Order) -> Pricing:
    found = candidates(order, shipping, order.placed_at + timedelta(minutes=5), {})
    nothing = np.zeros((len(shipping.nodes), LINES), np.int64)
    return price(found, shipping, nothing + 9, nothing)


def quoted(shipping: ShippingNetwork, pricing: Pricing, way: int, lines: list[int]) -> dict[str, int]:
    """What some lines pay as one shipment, by the readable quote and the names that routing uses."""
    of, found = pricing.candidates.ways[way], pricing.candidates
    items, units = [found.items[i] for i in lines], [found.lines[i].units for i in lines]
    boxes = [Bulk.of(i.length_mm, i.width_mm, i.height_mm, hazmat="hazmat" in i.requires) for i in items]
    quote = shipping.book.quote(
        of.service,
        ORIGINS[of.node],
        found.order.ship_to.postal_code,
        sum(i.weight_g * n for i, n in zip(items, units, strict=True)),
        sum(i.volume_mm3 * n for i, n in zip(items, units, strict=True)),
        0,
        found.order.ship_to.residential,
        of.ship_on,
        goods=reduce(Bulk.beside, boxes),
    )
    assert quote is not None
    named = {term.name: int(term.cents) for term in quote.terms}
    taught = sum(cents for name, cents in named.items() if name.startswith("correction: "))
    base, fuel = named["base"], named["fuel"]
    rest = int(quote.cents) - base - fuel - taught
    return {"base freight": base, "fuel": fuel, "surcharges": rest, "rate correction": taught}


def cents_of(shipping: ShippingNetwork, pricing: Pricing, way: int, lines: list[int]) -> int | None:
    """Freight and handling of one shipment; None where the service does not take some line."""
    if not pricing.candidates.fits[way, lines].all():
        return None
    handling = sum(pricing.priced.unit_cents[way, i] * pricing.priced.units[i] for i in lines)
    return sum(quoted(shipping, pricing, way, lines).values()) + int(pricing.priced.shipment_cents[way] + handling)


def least_cents(shipping: ShippingNetwork, pricing: Pricing) -> int | None:
    """By trying every way to put the lines into shipments."""
    ways = range(len(pricing.candidates.ways))
    best: int | None = None
    for blocks in partitions(list(range(LINES)), 3):
        offers = [[c for way in ways if (c := cents_of(shipping, pricing, way, b)) is not None] for b in blocks]
        if all(offers):
            total = sum(map(min, offers)) + 60 * (len(blocks) - 1)
            best = total if best is None else min(best, total)
    return best


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_choice_is_the_least_of_all_by_readable_quotes_and_its_terms_are_theirs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shipping = network(rng)
    for _ in range(3):
        order = random_order(rng, shipping)
        pricing = priced(shipping, order)
        least = least_cents(shipping, pricing)
        found = choose(pricing.priced)
        assert (found.cents[0] if len(found) else None) == least
        for plan, shown in enumerate(plans(pricing, found)):
            for shipment, (way, units) in zip(shown.shipments, found.shipments(plan), strict=True):
                terms = by_term(replace(shown, shipments=(shipment,)))
                paid = quoted(shipping, pricing, way, np.flatnonzero(units).tolist())
                assert {name: terms.get(name, 0) for name in paid} == paid


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_what_is_claimed_proven_beyond_the_exact_search_is_the_least(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shipping = network(rng)
    order = random_order(rng, shipping)
    pricing = priced(shipping, order)
    exact, good = choose(pricing.priced), choose_large(pricing.priced)
    if len(exact):
        assert good.cents[0] >= exact.cents[0]
        assert not good.proven_least or good.cents[0] == exact.cents[0]
        none = replace(
            good, cents=good.cents[:0], candidate=good.candidate[:0], units=good.units[:0], proven_least=False
        )
        alone = improve(
            pricing.priced, none, whole=True
        )  # the program by itself: a bound too high would claim too much
        if len(alone):
            assert alone.cents[0] >= exact.cents[0]
            assert not alone.proven_least or alone.cents[0] == exact.cents[0]


def by_hand(ladders: Ladders, volume_mm3: int, longest_mm: int) -> Priced:
    """800 g from one node, by the first or the second ladder."""
    one, two = np.ones(1, np.int64), np.zeros(2, np.int64)
    return Priced(
        node=two,
        ladder=np.array([0, 1]),
        permitted=np.ones((2, 1), np.bool_),
        atp=np.ones((1, 1), np.int64),
        item=one * 0,
        units=one,
        weight_g=one * 800,
        volume_mm3=one * volume_mm3,
        longest_mm=one * longest_mm,
        value_cents=one,
        shipment_cents=two,
        unit_cents=two[:, None],
        ladders=ladders,
    )


def from_nothing(order: Priced) -> tuple[int, bool]:
    """What the integer program finds by itself, and whether it claims it."""
    none = Choice(np.zeros(0, np.int64), np.zeros((0, 1), np.int64), np.zeros((0, 1, 1), np.int64), proven_least=False)
    found = improve(order, none, whole=True)
    return int(found.cents[0]), found.proven_least


NO_MARKS = np.zeros(0, np.int64)


def test_volume_that_does_not_bill_makes_no_bound_too_high() -> None:
    """20 l are below a cubic foot: 5.00 by the first ladder. Billed as 4 kg they would cost 30.00, and the other is 9.00."""
    ladders = Ladders(
        first_step=np.array([0, 2, 3]),
        max_weight_g=np.array([1_000, 30_000, 30_000]),
        step_cents=np.array([500, 3_000, 900]),
        divisor=np.array([5_000, 0]),
        first_long=np.zeros(3, np.int64),
        long_above=NO_MARKS,
        long_cents=NO_MARKS,
        dim_above=np.array([28_316_847, 0]),
    )
    assert choose(by_hand(ladders, 20_000_000, 0)).cents.tolist() == [500]
    assert from_nothing(by_hand(ladders, 20_000_000, 0)) == (500, True)
    assert choose(by_hand(ladders, 28_316_848, 0)).cents.tolist() == [900]  # bills as 5,664 g
    assert from_nothing(by_hand(ladders, 3_000_000, 0))[0] == 500


def test_a_charge_that_changes_with_the_step_makes_no_bound_too_high() -> None:
    """Long goods pay 0.50 more up to a kilogram and 20.00 above: 800 g cost 5.00 + 0.50, less than 9.00 by the other."""
    ladders = Ladders(
        first_step=np.array([0, 2, 3]),
        max_weight_g=np.array([1_000, 30_000, 30_000]),
        step_cents=np.array([500, 600, 900]),
        divisor=np.zeros(2, np.int64),
        first_long=np.array([0, 2, 2]),
        long_above=np.array([900, 900]),
        long_cents=np.array([50 - 2_000, 2_000]),
        long_last=np.array([0, 1]),
    )
    marks, adds = ladders.unhandy(0)
    assert (marks.tolist(), adds.tolist()) == ([900], [[50, 2_000]])
    assert choose(by_hand(ladders, 0, 901)).cents.tolist() == [550]
    assert from_nothing(by_hand(ladders, 0, 901))[0] == 550
    assert choose(by_hand(ladders, 0, 900)).cents.tolist() == [500]


def test_an_address_in_a_list_pays_more_than_the_next_street_and_hazard_more_than_none() -> None:
    """Ground at 10.00 a parcel; 4.55 in the list `remote`, and 52.00 for hazardous goods wherever they go."""
    begins = date(2026, 1, 1)
    book = RateBook.from_frames(
        rate_cards=pl.DataFrame({"service": ["c:ground"], "valid_from": [begins]}),
        rates=pl.DataFrame(
            {"service": ["c:ground"], "valid_from": [begins], "zone": [2], "max_weight_g": [30_000], "cents": [1_000]}
        ),
        surcharges=pl.DataFrame(
            {
                "service": ["c:ground"] * 2,
                "valid_from": [begins] * 2,
                "surcharge": ["remote area", "hazardous"],
                "applies": ["delivery_area", "hazmat"],
                "cents": [455, 5_200],
                "area_list": ["remote", ""],
            }
        ),
        zones=pl.DataFrame({"origin_zip3": ["070"], "destination_zip3": ["100"], "zone": [2]}),
        delivery_areas=pl.DataFrame({"area_list": ["remote"], "postal_code": ["10002"]}),
    )
    node = Node(NodeId("NJ"), NodeKind.OWN, "07001", "UTC", cutoff=time(23, 0))
    items = {sku: Item(sku, Grams(500)) for sku in map(Sku, ("SOAP", "MUG"))}
    items[Sku("PAINT")] = Item(Sku("PAINT"), Grams(500), requires=frozenset({"hazmat"}))
    shipping = ShippingNetwork([node], items, book, Costs(), "sha256:test")

    def freight(postal_code: str, *skus: str) -> int:
        lines = tuple(OrderLine(LineId(sku), Sku(sku), Units(1), Cents(0)) for sku in skus)
        order = Order(OrderId("O"), lines, ShipTo(postal_code, "US"), datetime(2026, 5, 4, 9, tzinfo=UTC))
        found = candidates(order, shipping, order.placed_at, {})
        nothing = np.zeros((1, len(lines)), np.int64)
        pricing = price(found, shipping, nothing + 1, nothing)
        plan = plans(pricing, choose(pricing.priced.under(pricing.priced.permitted, 1, 0)))[0]
        return sum(by_term(plan).get(name, 0) for name in FREIGHT)

    assert freight("10001", "MUG", "SOAP") == 1_000
    assert freight("10002", "MUG", "SOAP") == 1_000 + 455
    assert freight("10001", "PAINT", "SOAP") == 1_000 + 5_200
    assert freight("10002", "MUG", "PAINT") == 1_000 + 455 + 5_200
    assert len(shipping.steps.divisor) == 2
