"""The fast reckonings give the cents of the readable one, whatever terms the cards have."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.freight.random_book import ORIGIN, random_book, random_parcel

from evenstock.freight.parcel import carton_steps
from evenstock.freight.tariff import Tariff

CORRECTION = "correction: "


def by_kind(quote):
    """Base, fuel, surcharges and corrections of a readable quote."""
    named = {term.name: term.cents for term in quote.terms}
    taught = sum(cents for name, cents in named.items() if name.startswith(CORRECTION))
    base, fuel = named["base"], named["fuel"]
    return [base, fuel, int(quote.cents) - base - fuel - taught, taught]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_one_call_for_every_service_gives_the_cents_of_each_readable_quote(seed):
    rng = np.random.default_rng(seed)
    book = random_book(rng)
    for _ in range(12):
        to, weight, volume, home, day, goods = random_parcel(rng)
        fast = book.quotes(ORIGIN, to, weight, volume, goods.longest_mm, home, day, goods=goods)
        slow = [book.quote(s, ORIGIN, to, weight, volume, 0, home, day, goods=goods) for s in book.services]
        there = [quote for quote in slow if quote is not None]
        assert fast.services == tuple(quote.service for quote in there)
        assert fast.terms.tolist() == [by_kind(quote) for quote in there]
        assert fast.cents.tolist() == [quote.cents for quote in there]
        assert fast.stale == tuple(quote.stale for quote in there)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_packed_tariff_and_the_steps_give_the_cents_of_the_readable_quote(seed):
    rng = np.random.default_rng(seed)
    book = random_book(rng, services=1, surcharges=8)
    for _ in range(6):
        to, weight, volume, home, day, goods = random_parcel(rng)
        ladder, areas = book.ladder("c:0", book.zone(ORIGIN, to), day), book.areas(to)
        if ladder is None:
            continue
        base, fuel, named, taught = by_kind(book.quote("c:0", ORIGIN, to, weight, volume, 0, home, day, goods=goods))
        packed = Tariff.pack([ladder], [areas]).terms(
            0, weight, volume, goods.longest_mm, home,
            second_mm=goods.second_mm, girth_mm=goods.girth_mm, largest_mm3=goods.volume_mm3, hazmat=goods.hazmat,
        )  # fmt: skip
        assert packed.tolist() == [[base, fuel, named + taught]]
        billable = ladder.billable_g(weight, volume)
        steps = carton_steps(ladder, billable, residential=home, goods=goods, areas=areas)
        at = steps.at(billable)
        assert [steps.base_cents[at], steps.fuel_cents[at], steps.surcharge_cents[at]] == [base, fuel, named + taught]
