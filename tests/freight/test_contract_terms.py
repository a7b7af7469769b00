"""A contract's terms, each worked by hand: what UPS and FedEx publish in words, over round rates."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenstock.freight.bulk import Bulk
from evenstock.freight.card import Card
from evenstock.freight.discount import Discount
from evenstock.freight.rates import RateBook

JAN, MAY = date(2026, 1, 5), date(2026, 5, 4)
POUND_G, CUBIC_INCH_MM3 = 453.59237, 16_387.064


def book(card=None, surcharges=(), **other):
    """Ground at $10 and a dollar a pound in zone 2, in whole pounds up to 150; 139 in³/lb."""
    terms = {"service": "ups:ground", "valid_from": JAN, "dim_divisor_mm3_per_g": 5_022, "max_weight_g": 68_038}
    rates = [("ups:ground", JAN, 2, int(lb * POUND_G), 1_000 + 100 * lb) for lb in range(1, 151)]
    named = [{"service": "ups:ground", "valid_from": JAN} | one for one in surcharges]
    return RateBook.from_frames(
        rate_cards=pl.DataFrame([terms | (card or {})]),
        rates=pl.DataFrame(rates, schema=["service", "valid_from", "zone", "max_weight_g", "cents"], orient="row"),
        surcharges=pl.DataFrame(named) if named else None,
        zones=pl.DataFrame({"origin_zip3": ["070"], "destination_zip3": ["100"], "zone": [2]}),
        **other,
    )


def terms(of, weight_g=900, volume=0, longest=100, home=True, on=MAY, to="10001", **other):
    quote = of.quote("ups:ground", "07094", to, round(weight_g), volume, longest, home, on, **other)
    return {term.name: term.cents for term in quote.terms}


def mm3(*inches):
    length, width, height = inches
    return round(length * width * height * CUBIC_INCH_MM3)


def inches(*sides, **other):
    return Bulk.of(*(round(25.4 * side) for side in sides), **other)


HOME = {"surcharge": "residential", "applies": "residential", "cents": 595, "fuel_applies": True}
AREAS = pl.DataFrame({"area_list": ["extended", "remote", "remote"], "postal_code": ["10002", "10002", "100-03"]})


def test_dimensional_weight_goes_by_139_cubic_inches_a_pound():
    # 18 x 14 x 12 in = 3,024 in3 / 139 = 21.76, hence 22 lb: 10.00 + 22.00. At 5 lb it would be 15.00.
    assert terms(book(), 5 * POUND_G, mm3(18, 14, 12)) == {"base": 3_200, "fuel": 0}
    # 10 x 10 x 10 in / 139 = 7.19, hence 8 lb; at 9 lb the weight counts.
    assert [terms(book(), lb * POUND_G - 1, mm3(10, 10, 10))["base"] for lb in (5, 9)] == [1_800, 1_900]


def test_fuel_is_charged_on_the_base_and_on_surcharges_that_pay_it():
    # 2 lb: 12.00. Fuel 18.5 %: on 12.00 2.22, on 5.95 1.10 (1.10075); none on the signature of 6.00.
    signed = {"surcharge": "signature", "applies": "always", "cents": 600, "fuel_applies": False}
    got = terms(book({"fuel_bp": 1_850}, [HOME, signed]))
    assert got == {"base": 1_200, "fuel": 222 + 110, "residential": 595, "signature": 600}


def test_a_delivery_area_pays_its_own_charge_for_homes_and_for_businesses_and_only_the_dearest():
    das = [
        {"surcharge": "extended, home", "applies": "delivery_area", "area_list": "extended", "homes": "residential", "cents": 620, "dearest_of": "area"},
        {"surcharge": "extended, business", "applies": "delivery_area", "area_list": "extended", "homes": "commercial", "cents": 455, "dearest_of": "area"},
        {"surcharge": "remote", "applies": "delivery_area", "area_list": "remote", "homes": "any", "cents": 1_650, "dearest_of": "area"},
    ]  # fmt: skip
    one = book(surcharges=[das[0], das[1]], delivery_areas=AREAS)
    assert [terms(one, home=home, to="10002") for home in (True, False)] == [
        {"base": 1_200, "fuel": 0, "extended, home": 620},
        {"base": 1_200, "fuel": 0, "extended, business": 455},
    ]
    assert terms(one, to="10001") == {"base": 1_200, "fuel": 0}
    # 10002 is in both lists: the remote charge excludes the other. 10003 is remote, ZIP+4 or not.
    both = book(surcharges=das, delivery_areas=AREAS)
    for to in ("10002", "10003-1234"):
        assert terms(both, to=to) == {"base": 1_200, "fuel": 0, "remote": 1_650}


def test_a_peak_charge_is_due_from_its_first_day_to_its_last():
    peak = {"surcharge": "peak", "applies": "residential", "cents": 60, "first_day": date(2026, 9, 28), "last_day": date(2027, 1, 17)}  # fmt: skip
    of = book(surcharges=[peak])
    days = [date(2026, 9, 27), date(2026, 9, 28), date(2027, 1, 17), date(2027, 1, 18)]
    assert [terms(of, on=day).get("peak") for day in days] == [None, 60, 60, None]
    # The ladder changes with the day, and is made once for all days of the peak.
    assert of.dated("ups:ground", days[1]) is of.dated("ups:ground", days[2])
    assert of.dated("ups:ground", days[0]) is not of.dated("ups:ground", days[1])


HANDLING = [
    {"surcharge": "handling: weight", "applies": "weight_over", "above": int(50 * POUND_G), "cents": 4_350},
    {"surcharge": "handling: length", "applies": "longest_over", "above": 1_219, "cents": 2_900},
    {"surcharge": "handling: width", "applies": "second_longest_over", "above": 762, "cents": 2_900},
    {"surcharge": "handling: girth", "applies": "girth_over", "above": 2_667, "cents": 2_900},
    {"surcharge": "large package", "applies": "girth_over", "above": 3_302, "cents": 24_000},
]
HANDLING = [one | {"dearest_of": "handling"} for one in HANDLING]


def test_of_all_handling_charges_only_the_dearest_is_due():
    of = book(surcharges=HANDLING)

    def handling(weight_lb, *sides):
        got = terms(of, weight_lb * POUND_G, goods=inches(*sides))
        return {name: cents for name, cents in got.items() if name not in {"base", "fuel"}}

    assert handling(20, 48, 10, 10) == {}  # exactly 48 in, length plus girth 88 in
    assert handling(20, 49, 10, 10) == {"handling: length": 2_900}
    assert handling(20, 40, 31, 2) == {"handling: width": 2_900}
    # 40 x 20 x 13 in: 40 + 2 x 33 = 106 in, above 105.
    assert handling(20, 40, 20, 13) == {"handling: girth": 2_900}
    # Equal charges: the first of the card. Heavy and long: the dearer. Above 130 in all gives way to large package.
    assert handling(20, 49, 31, 2) == {"handling: length": 2_900}
    assert handling(51, 49, 10, 10) == {"handling: weight": 4_350}
    assert handling(51, 60, 20, 16) == {"large package": 24_000}


def test_hazardous_goods_and_large_volumes_pay_theirs():
    charges = [
        {"surcharge": "hazardous", "applies": "hazmat", "above": 0, "cents": 5_200},
        {"surcharge": "volume", "applies": "volume_over", "above": mm3(18, 24, 24), "cents": 2_900},
    ]
    of = book(surcharges=charges)
    assert terms(of, goods=inches(5, 5, 5, hazmat=True)) == {"base": 1_200, "fuel": 0, "hazardous": 5_200}
    assert "volume" not in terms(of, goods=Bulk(volume_mm3=mm3(18, 24, 24)))
    assert terms(of, goods=Bulk(volume_mm3=mm3(18, 24, 24) + 1))["volume"] == 2_900


def test_a_share_of_the_base_charge_is_taken_of_what_the_contract_leaves():
    # 22 lb: 32.00 less 25 % = 24.00; 3.9 % of it 0.936, hence 0.94.
    late = {"surcharge": "third party billing", "applies": "always", "share_bp": 390}
    tiers = pl.DataFrame({"service": ["ups:ground"], "valid_from": [JAN], "zone": [0], "above_g": [0],
                          "spend_above_cents": [0], "discount_bp": [2_500]})  # fmt: skip
    got = terms(book(surcharges=[late], discounts=tiers), 22 * POUND_G - 1)
    assert got == {"base": 2_400, "fuel": 0, "third party billing": 94}


def test_a_discount_tier_begins_above_its_weight_and_no_parcel_pays_less_than_the_minimum():
    tiers = pl.DataFrame(
        [(0, 0, 0, 3_000), (0, 4_535, 0, 4_000), (0, 0, 2_000_000, 5_000)],
        schema=["zone", "above_g", "spend_above_cents", "discount_bp"],
        orient="row",
    ).with_columns(service=pl.lit("ups:ground"), valid_from=pl.lit(JAN))
    of = book({"minimum_cents": 800, "fuel_bp": 1_000}, discounts=tiers)
    # 1 lb: 11.00 less 30 % = 7.70, but at least 8.00, and fuel on that; 10 lb (4,535 g): 20.00 less 30 %; 11 lb: 21.00 less 40 %.
    got = [terms(of, g) for g in (450, 4_535, 4_536)]
    assert got == [{"base": 800, "fuel": 80}, {"base": 1_400, "fuel": 140}, {"base": 1_260, "fuel": 126}]
    # A contract's spend of more than $20,000 a week halves all rates; exactly that does not.
    weekly = [book({"weekly_spend_cents": spend}, discounts=tiers) for spend in (2_000_000, 2_000_001)]
    assert [terms(one, 10 * POUND_G - 1)["base"] for one in weekly] == [1_400, 1_000]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 25), st.integers(1, 500)), min_size=1, max_size=5),
    st.dictionaries(
        st.tuples(st.sampled_from([0, 2]), st.integers(0, 40), st.sampled_from([0, 5, 10])),
        st.integers(0, 9_999),
        max_size=5,
    ),
    st.integers(1, 60),
    st.sampled_from([0, 5, 6, 11]),
    st.integers(0, 200),
)
def test_the_steps_of_a_card_give_every_gram_its_base_charge(breaks, tiers, heaviest, spend, minimum):
    ends, grams = [], 0
    for width, cents in breaks:
        grams += width
        ends.append((grams, cents))
    discounts = tuple(Discount(*tier, off) for tier, off in tiers.items())
    card = Card(
        "s", JAN, None, 0, minimum, 0, heaviest, breaks={2: ends}, weekly_spend_cents=spend, discounts=discounts
    )
    steps = card.steps(2)
    assert steps[-1][0] == min(grams, heaviest)
    for g in range(steps[-1][0] + 1):
        assert next(cents for end, cents in steps if g <= end) == card.base_cents(2, g)


def test_fuel_by_rule_follows_the_index_week_by_week():
    of = book(
        {"fuel_rule": "ground"},
        fuel_rules=pl.DataFrame({"rule": ["ground"], "fuel_index": ["diesel"], "lag_days": [14], "fuel_table": ["t"]}),
        fuel_tables=pl.DataFrame({"fuel_table": ["t"] * 2, "valid_from": [JAN] * 2, "at_least_mills": [3_000, 3_600], "fuel_bp": [1_825, 1_900]}),
        fuel_index=pl.DataFrame({"fuel_index": ["diesel"] * 2, "region": ["US"] * 2, "date": [date(2026, 4, 20), date(2026, 4, 27)], "mills": [3_595, 3_594]}),
    )  # fmt: skip
    # 4 May has the price of 20 April: 3.595, to the cent 3.60, 19 % of 12.00 = 2.28; the week after 18.25 %: 2.19.
    assert [terms(of, on=day)["fuel"] for day in (MAY, date(2026, 5, 10), date(2026, 5, 11))] == [228, 228, 219]
    late = of.quote("ups:ground", "07094", "10001", 900, 0, 0, True, date(2026, 5, 20))
    assert (
        late.stale
        == "fuel ground: the price of diesel in US for 2026-05-04 is missing; the last known, of 2026-04-27, is used"
    )
    assert of.stale(date(2026, 5, 20)) == (late.stale,)
    assert of.ladder("ups:ground", 2, date(2026, 5, 20)).stale == late.stale


def test_a_card_in_other_money_is_brought_into_ours_before_it_is_reckoned_with():
    of = book(
        {"currency": "CAD", "fuel_bp": 1_850},
        [HOME],
        exchange_rates=pl.DataFrame({"currency": ["CAD"] * 2, "date": [JAN, date(2026, 6, 1)], "micros": [730_500, 740_000]}),
    )  # fmt: skip
    # CA$ 12.00 x 0.7305 = 8.766, hence 8.77; 5.95 x 0.7305 = 4.346, hence 4.35; fuel 1.62 (1.62245) and 0.80 (0.80475).
    on_last_day = date(2026, 2, 9)
    assert terms(of, on=on_last_day) == {"base": 877, "fuel": 162 + 80, "residential": 435}
    assert of.staleness("ups:ground", on_last_day) == ()
    assert of.staleness("ups:ground", date(2026, 2, 10)) == (
        "exchange of CAD: the last rate is 36 days old; import this month's",
    )
    assert terms(of, on=date(2026, 6, 1))["base"] == 888


def test_what_invoices_taught_is_named_and_ends():
    taught = pl.DataFrame(
        [
            ("ups:ground", "residential", date(2026, 4, 3), date(2026, 6, 30), 0, 410, "invoices of April"),
            ("ups:ground", "base", date(2026, 5, 1), date(2026, 5, 31), -20, 0, ""),
            ("ups:ground", "fuel", date(2026, 5, 1), date(2026, 5, 31), 0, 1_000, ""),
            ("ups:ground", "residential", date(2026, 5, 20), date(2026, 5, 31), 50, 0, ""),
        ],
        schema=["service", "charge", "valid_from", "valid_to", "cents", "share_bp", "because"],
        orient="row",
    )
    of = book({"fuel_bp": 1_850}, [HOME], rate_corrections=taught)
    plain = {"base": 1_200, "fuel": 332, "residential": 595}
    # 4.1 % of 5.95 = 0.24; 0.20 off the base; a tenth of the fuel: 0.22 on 2.22 and 0.11 on 1.10.
    both = {"correction: base": -20, "correction: fuel": 33, "correction: residential": 24}
    assert terms(of, on=date(2026, 4, 2)) == plain
    assert terms(of, on=date(2026, 4, 3)) == plain | {"correction: residential": 24}
    assert terms(of, on=MAY) == plain | both
    assert terms(of, on=date(2026, 5, 20)) == plain | both | {"correction: residential": 50}  # the latest counts
    assert terms(of, on=date(2026, 6, 1)) == plain | {"correction: residential": 24}
    assert terms(of, home=False, on=date(2026, 4, 3)) == {"base": 1_200, "fuel": 222}
    assert terms(of, on=date(2026, 7, 1)) == plain


def test_a_correction_of_a_charge_that_no_card_has_is_noted():
    taught = pl.DataFrame(
        {"service": ["ups:ground"], "charge": ["saturday"], "valid_from": [JAN], "valid_to": [MAY], "cents": [5], "share_bp": [0]}
    )  # fmt: skip
    of = book(rate_corrections=taught)
    assert of.notes == (
        "rate_corrections row 1, ups:ground from 2026-01-05 saturday: no card of the service has such a charge; nothing is corrected",
    )


def test_a_new_card_keeps_surcharges_and_discounts_unless_it_names_some():
    tiers = pl.DataFrame({"service": ["ups:ground"], "valid_from": [JAN], "zone": [0], "above_g": [0],
                          "spend_above_cents": [0], "discount_bp": [5_000]})  # fmt: skip
    cards = pl.DataFrame(
        {
            "service": ["ups:ground"] * 2,
            "valid_from": [JAN, date(2026, 4, 6)],
            "max_weight_g": [68_038] * 2,
            "fuel_bp": [0, 1_000],
        }
    )
    rates = pl.DataFrame(
        {"service": ["ups:ground"], "valid_from": [JAN], "zone": [2], "max_weight_g": [68_038], "cents": [2_000]}
    )
    charges = pl.DataFrame([{"service": "ups:ground", "valid_from": JAN} | HOME])
    of = RateBook.from_frames(
        rate_cards=cards, rates=rates, surcharges=charges, discounts=tiers,
        zones=pl.DataFrame({"origin_zip3": ["070"], "destination_zip3": ["100"], "zone": [2]}),
    )  # fmt: skip
    # 20.00 less half; fuel a tenth of 10.00 and of 5.95 (0.595, hence 0.60).
    assert terms(of) == {"base": 1_000, "fuel": 160, "residential": 595}


def test_names_that_lead_nowhere_are_refused_with_what_to_do():
    das = {"surcharge": "das", "applies": "delivery_area", "area_list": "far", "cents": 455}
    with pytest.raises(ValueError) as said:
        book({"fuel_rule": "air", "currency": "CAD"}, [das])
    assert str(said.value).splitlines() == [
        "rate_cards: ups:ground from 2026-01-05 has fuel_rule 'air'; fuel_rules has no such row, add it",
        "rate_cards: ups:ground from 2026-01-05 is in CAD; exchange_rates has no row for it, add one",
        "surcharges: ups:ground from 2026-01-05 das names the area_list 'far'; delivery_areas has no row of it, add them",
    ]


@pytest.mark.parametrize(
    ("charge", "says"),
    [
        ({"applies": "delivery_area"}, "a charge for a delivery area names its area_list, no other does"),
        ({"applies": "always", "area_list": "far"}, "a charge for a delivery area names its area_list, no other does"),
        ({"applies": "residential", "homes": "commercial"}, "it is never due"),
        ({"applies": "always", "first_day": MAY, "last_day": JAN}, "ends on 2026-01-05, before it begins"),
        ({"applies": "always", "share_bp": -1}, "share_bp is -1; it is 0 or more"),
        ({"applies": "girth_under"}, "applies is one of"),
    ],
)
def test_a_surcharge_that_cannot_be_is_refused_by_its_row(charge, says):
    with pytest.raises(ValueError, match=says) as said:
        book(surcharges=[{"surcharge": "odd", "cents": 1} | charge])
    assert str(said.value).startswith("surcharges row 1, ups:ground from 2026-01-05 odd: ")


def test_tiers_and_corrections_that_cannot_be_are_refused_by_their_row():
    tiers = pl.DataFrame(
        [("ups:ground", JAN, 0, 0, 0, 10_000), ("ups:ground", JAN, 0, 0, 0, 5), ("ups:ground", MAY, 0, -1, 0, 5)],
        schema=["service", "valid_from", "zone", "above_g", "spend_above_cents", "discount_bp"],
        orient="row",
    )
    with pytest.raises(ValueError) as said:
        book(discounts=tiers)
    assert str(said.value).splitlines() == [
        "discounts row 1, ups:ground from 2026-01-05 zone 0: discount_bp is 10000; a discount leaves something, give less than 10000",
        "discounts row 2, ups:ground from 2026-01-05 zone 0 above 0 g and 0 cents a week: stands twice; keep one",
        "discounts row 3, ups:ground from 2026-05-04 zone 0: no rate card begins that day; add it to rate_cards",
        "discounts row 3, ups:ground from 2026-05-04 zone 0: above_g is -1; it is 0 or more",
    ]
    taught = pl.DataFrame(
        [("ups:ground", "base", MAY, JAN, 0, 0), ("ups:ground", "fuel", JAN, MAY, 0, -10_001)],
        schema=["service", "charge", "valid_from", "valid_to", "cents", "share_bp"],
        orient="row",
    )
    with pytest.raises(ValueError, match="ends on 2026-01-05, before it begins") as said:
        book(rate_corrections=taught)
    assert "no more than the whole charge can be taken off" in str(said.value)


def test_more_thresholds_than_can_be_told_apart_are_refused():
    odd = [{"surcharge": f"s{k}", "applies": "girth_over", "above": k, "cents": 1} for k in range(1, 47)]
    with pytest.raises(ValueError, match="46 different thresholds"):
        book(surcharges=odd)
    book(surcharges=odd[:45])
