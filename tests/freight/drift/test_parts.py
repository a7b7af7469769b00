"""Where an invoice differs from a quote, to the cent."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from evenstock.freight.drift import billed, parts

KNOWN = pl.DataFrame(
    {"parcel": ["p"] * 3, "charge": ["base", "residential", "oversize"], "fuelled": [True, False, False]}
)


def invoice(*lines: tuple[str, int], number: str = "I1") -> pl.DataFrame:
    return pl.DataFrame(
        {"parcel": "p", "charge": [c for c, _ in lines], "invoice": number, "cents": [cents for _, cents in lines]}
    )


def quote(**charges: tuple[int, int, int]) -> pl.DataFrame:
    return pl.DataFrame(
        {"parcel": "p", "charge": list(charges)}
        | {name: [three[k] for three in charges.values()] for k, name in enumerate(("quoted", "weighed", "zoned"))}
    )


def split(bill: pl.DataFrame, quoted: pl.DataFrame) -> dict[tuple[str, str], int]:
    rows = parts(billed(bill), quoted, KNOWN)
    return {(charge, cause): cents for _, charge, cause, cents in rows.iter_rows()}


def test_what_is_billed_as_quoted_has_no_part() -> None:
    same = quote(base=(1000,) * 3, residential=(400,) * 3, fuel=(150,) * 3)

    assert split(invoice(("base", 1000), ("residential", 400), ("fuel", 150)), same) == {}


def test_a_dearer_rate_takes_its_fuel_with_it() -> None:
    # 10 % fuel: 40 more of base are 4 more of fuel, and both are the rate's.
    same = quote(base=(1000,) * 3, fuel=(100,) * 3)

    assert split(invoice(("base", 1040), ("fuel", 104)), same) == {("base", "rate"): 44}


def test_weight_and_zone_are_told_apart_from_the_rate() -> None:
    # Ours 10.00; by the weight billed 12.00; in the zone billed 13.00; the bill says 13.50. Fuel is 10 % throughout.
    three = quote(base=(1000, 1200, 1300), fuel=(100, 120, 130))

    assert split(invoice(("base", 1350), ("fuel", 135)), three) == {
        ("base", "weight"): 220,
        ("base", "zone"): 110,
        ("base", "rate"): 55,
    }


def test_another_share_of_fuel_is_the_fuels_own() -> None:
    same = quote(base=(1000,) * 3, fuel=(100,) * 3)

    assert split(invoice(("base", 1000), ("fuel", 125)), same) == {("fuel", "fuel"): 25}


def test_fuel_that_does_not_come_at_all_is_not_billed() -> None:
    same = quote(base=(1000,) * 3, fuel=(100,) * 3)

    assert split(invoice(("base", 1000)), same) == {("fuel", "not billed"): -100}


def test_charges_that_nobody_expected_or_knows_or_billed_are_told_by_name() -> None:
    same = quote(base=(1000,) * 3, residential=(400,) * 3)

    assert split(invoice(("base", 1000), ("oversize", 2600), ("demand surcharge", 80)), same) == {
        ("oversize", "not expected"): 2600,
        ("demand surcharge", "unknown"): 80,
        ("residential", "not billed"): -400,
    }


def test_a_line_that_comes_again_on_another_invoice_is_billed_twice() -> None:
    same = quote(base=(1000,) * 3)
    once, again = invoice(("base", 1000)), invoice(("base", 1000), number="I2")

    assert split(pl.concat([once, again]), same) == {("base", "twice"): 1000}


def test_a_line_taken_back_and_billed_anew_is_billed_once() -> None:
    same = quote(base=(1000,) * 3)
    lines = [invoice(("base", 1000)), invoice(("base", -1000), number="I2"), invoice(("base", 1000), number="I3")]

    assert split(pl.concat(lines), same) == {}


def test_two_charges_of_one_name_on_one_invoice_are_no_double_bill() -> None:
    same = quote(base=(2000,) * 3)

    assert split(invoice(("base", 1000), ("base", 1000)), same) == {}


AMOUNT = st.integers(-500, 5000)
THREE = st.tuples(*[st.integers(0, 5000)] * 3)
NAMES = ("base", "residential", "oversize", "fuel", "strange")


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.sampled_from(NAMES), AMOUNT, st.sampled_from(["I1", "I2"])), min_size=1, max_size=8),
    st.dictionaries(st.sampled_from(NAMES[:4]), THREE, min_size=1),
)
def test_the_parts_add_up_to_the_difference_to_the_cent(
    lines: list[tuple[str, int, str]], charges: dict[str, tuple[int, int, int]]
) -> None:
    bill = pl.concat([invoice((name, cents), number=number) for name, cents, number in lines])

    assert sum(split(bill, quote(**charges)).values()) == sum(cents for _, cents, _ in lines) - sum(
        three[0] for three in charges.values()
    )
