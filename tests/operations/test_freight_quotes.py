from datetime import date

import polars as pl
import pytest
from tests.freight.ltl.conftest import JANUARY, contract, flat_tariff

from evenstock.freight.ltl import HandlingUnits, LtlBook
from evenstock.freight.truckload import TruckloadBook
from evenstock.operations.freight_quotes import (
    ContractQuotes,
    FreightMessage,
    FreightOffer,
    FreightQuotes,
    FreightReply,
    FreightRequest,
)

MARCH = date(2026, 3, 10)
HUNDREDWEIGHT_G = 45_359


def pallets(count, **more):
    return (HandlingUnits(count, 10 * HUNDREDWEIGHT_G, freight_class="100", **more),)


def asked(units, **more):
    return FreightRequest("07094", "60601", units, MARCH, **{"miles": 800} | more)


@pytest.fixture
def quotes():
    """Shares at 60.00 a hundredweight from 1,000 lb on, so 600.00 a pallet of 1,000 lb; a truck 800 x 2.50 = 2,000.00."""
    charges = pl.DataFrame(
        {
            "service": ["saia:ltl", "jbhunt:ftl"],
            "valid_from": [JANUARY] * 2,
            "accessorial": ["liftgate"] * 2,
            "cents": [7_500, 15_000],
        }
    )
    rates = pl.DataFrame(
        {"service": ["jbhunt:ftl", "later:ftl"], "valid_from": [JANUARY, date(2026, 6, 1)], "mile_cents": [250, 240]}
    )
    ltl = LtlBook.from_frames(ltl_tariffs=flat_tariff(), ltl_contracts=contract(), accessorials=charges)
    truckload = TruckloadBook.from_frames(truckload_rates=rates, accessorials=charges)
    return ContractQuotes(ltl, truckload, {"070": (40.79, -74.06), "606": (41.88, -87.63)})


def test_the_cheaper_of_share_and_truck_comes_first_with_the_break_even_in_pallets(quotes):
    # Three pallets: 1,800.00 by share, 2,000.00 by truck. Four: 2,400.00. From four on the truck.
    few, many = quotes.quote(asked(pallets(3))), quotes.quote(asked(pallets(4)))
    assert [(offer.service, offer.mode, offer.cents) for offer in few.offers] == [
        ("saia:ltl", "ltl", 180_000),
        ("jbhunt:ftl", "ftl", 200_000),
    ]
    assert few.best.service == "saia:ltl"
    assert (many.best.service, many.best.cents) == ("jbhunt:ftl", 200_000)
    assert few.truckload_from == many.truckload_from == 4


def test_what_cannot_be_offered_is_a_message_beside_the_offers(quotes):
    reply = quotes.quote(asked(pallets(1), accessorials=frozenset({"crane"})))
    assert reply == FreightReply(
        (),
        (
            FreightMessage("saia:ltl", "saia:ltl has no charge for crane on 2026-03-10; add it to accessorials"),
            FreightMessage("jbhunt:ftl", "jbhunt:ftl has no charge for crane on 2026-03-10; add it to accessorials"),
            FreightMessage("later:ftl", "later:ftl has no rate on 2026-03-10"),
        ),
    )
    assert reply.best is None


def test_accessorials_move_the_break_even(quotes):
    # With liftgate: share 600.00 n + 75.00, truck 2,150.00: 3 pallets 1,875.00, 4 pallets 2,475.00.
    reply = quotes.quote(asked(pallets(3), accessorials=frozenset({"liftgate"})))
    assert [(offer.service, offer.cents) for offer in reply.offers] == [("saia:ltl", 187_500), ("jbhunt:ftl", 215_000)]
    assert [term.name for term in reply.offers[0].terms] == ["linehaul", "fuel", "liftgate"]
    assert reply.truckload_from == 4


def test_miles_follow_from_the_places_where_nobody_says_them(quotes):
    # 707.6 great-circle miles x 1.2 = 849 road miles x 2.50 = 2,122.50.
    reply = quotes.quote(asked(pallets(1), miles=None))
    assert {offer.service: offer.cents for offer in reply.offers} == {"saia:ltl": 60_000, "jbhunt:ftl": 212_250}
    nowhere = FreightRequest("07094", "99501", pallets(1), MARCH)
    reply = quotes.quote(nowhere)
    assert reply.offers == ()
    assert reply.truckload_from is None
    assert (
        FreightMessage("jbhunt:ftl", "no distance is known from 07094 to 99501; add their areas to places")
        in reply.messages
    )


def test_more_than_a_truck_takes_needs_another(quotes):
    # 27 pallets stand in two trucks; 26 of 1,000 kg weigh more than the 19.5 t of one.
    heavy = (HandlingUnits(26, 1_000_000, freight_class="100"),)
    for units in (pallets(27), heavy):
        offers = {offer.service: offer.cents for offer in quotes.quote(asked(units)).offers}
        assert offers["jbhunt:ftl"] == 400_000


def test_several_kinds_break_even_as_their_mean(quotes):
    # One pallet of 1,500 lb and one of 500 lb of class 100 are two of 1,000 lb on average.
    units = tuple(HandlingUnits(1, lb * HUNDREDWEIGHT_G // 100, freight_class="100") for lb in (1_500, 500))
    assert quotes.quote(asked(units)).truckload_from == 4


def test_a_broker_answers_the_same_port():
    class Broker:
        def quote(self, request: FreightRequest) -> FreightReply:
            offer = FreightOffer("broker:volume", "ltl", (), transit_days=3, reference="Q-17")
            return FreightReply(
                (offer,), (FreightMessage("broker", f"{request.pallets} pallets of {request.weight_g} g"),)
            )

    anyone: FreightQuotes = Broker()
    reply = anyone.quote(asked(pallets(2)))
    assert reply.best.reference == "Q-17"
    assert reply.messages[0].text == "2 pallets of 907180 g"


def test_every_offer_is_broken_down_into_lines_that_add_up(quotes):
    for count in (1, 3, 27):
        reply = quotes.quote(asked(pallets(count), accessorials=frozenset({"liftgate"})))
        assert [sum(line.cents for line in offer.lines) for offer in reply.offers] == [o.cents for o in reply.offers]
    # 27 pallets stand in two trucks: each runs 800 miles at 2.50 and is unloaded by a liftgate at 150.00.
    [truck] = [offer for offer in reply.offers if offer.mode == "ftl"]
    assert [(line.name, line.cents, line.because) for line in truck.lines] == [
        ("linehaul", 400_000, "2 trucks x 800 road miles at 2.50"),
        ("fuel", 0, "2 trucks x 800 road miles at 0.00"),
        ("liftgate", 30_000, "accessorial asked for, 2 x 150.00"),
    ]


def test_a_discount_below_the_least_is_lifted_to_it_in_a_line_of_its_own():
    # One pallet of 1,000 lb: tariff 600.00 less 90 % are 60.00; the least is 90.00, with 14 ft from 12 on 14 x 30.00.
    terms = {
        "discount_bp": 9_000,
        "minimum_cents": 9_000,
        "fuel_bp": 2_000,
        "linear_feet": 12,
        "linear_foot_cents": 3_000,
    }
    ltl = LtlBook.from_frames(ltl_tariffs=flat_tariff(), ltl_contracts=contract(**terms))
    by_contract = ContractQuotes(ltl, None)
    [one] = by_contract.quote(asked(pallets(1))).offers
    assert [(line.name, line.cents, line.because) for line in one.lines] == [
        ("tariff", 60_000, "1,000 lb of class 100 by tariff flat at the rates from 1,000 lb on"),
        ("discount", -54_000, "90 % of the tariff"),
        ("to the least", 3_000, "to the contract's minimum, 90.00"),
        ("fuel", 1_800, "20 % of 90.00"),
    ]
    # Five pallets two abreast are three rows of 4 ft.
    [five] = by_contract.quote(asked(pallets(5))).offers
    least = next(line for line in five.lines if line.name == "to the least")
    assert (least.cents, least.because) == (36_000 - 30_000, "to 12 ft of trailer at 30.00, 360.00")
    assert sum(line.cents for line in five.lines) == five.cents


def test_what_a_lane_always_asks_of_its_service_is_asked_of_no_other(quotes):
    reply = quotes.quote(asked(pallets(1), by_service={"saia:ltl": frozenset({"liftgate"})}))
    assert {offer.service: [term.name for term in offer.terms] for offer in reply.offers} == {
        "saia:ltl": ["linehaul", "fuel", "liftgate"],
        "jbhunt:ftl": ["linehaul", "fuel"],
    }
    # Share 600.00 n + 75.00 against 2,000.00: 3 pallets 1,875.00, 4 pallets 2,475.00.
    assert reply.truckload_from == 4


def test_nothing_is_no_shipment():
    with pytest.raises(ValueError, match="at least one pallet or crate"):
        asked(())
