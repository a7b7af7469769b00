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
from evenstock.routing.choose import choose
from evenstock.routing.explain import FREIGHT, by_term, plans
from evenstock.routing.large import choose_large
from evenstock.routing.milp import improve
from evenstock.routing.network import ShippingNetwork
from evenstock.routing.price import Pricing, price

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
        better = improve(pricing.priced, good, whole=True)
        assert exact.cents[0] <= better.cents[0] <= good.cents[0]
        for claimed in (good, better):
            assert not claimed.proven_least or claimed.cents[0] == exact.cents[0]


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
