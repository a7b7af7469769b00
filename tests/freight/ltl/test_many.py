from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.freight.ltl.conftest import PLACES, contract, flat_tariff

from evenstock.freight.ltl import HandlingUnits, LtlBook
from evenstock.freight.ltl.density import BY_DENSITY, CLASSES
from evenstock.freight.ltl.synthetic import synthetic_tariff

MARCH = date(2026, 3, 10)
POSTAL = {"070": "07094", "606": "60601", "902": "90210"}


@pytest.fixture(scope="module")
def book():
    tariff = synthetic_tariff(PLACES, tariff="synthetic", valid_from=date(2026, 1, 5), seed=7)
    terms = contract(
        tariff="synthetic",
        discount_bp=6_830,
        minimum_cents=10_450,
        fuel_bp=2_735,
        linear_feet=12,
        linear_foot_cents=2_500,
    )
    return LtlBook.from_frames(ltl_tariffs=tariff, ltl_contracts=terms)


shipments = st.tuples(
    st.sampled_from(sorted(PLACES)),
    st.sampled_from(sorted(PLACES)),
    st.dictionaries(
        st.sampled_from(BY_DENSITY), st.tuples(st.integers(1, 12), st.integers(10_000, 900_000)), min_size=1, max_size=3
    ),
)


@given(st.lists(shipments, min_size=1, max_size=12))
@settings(max_examples=40)
def test_many_shipments_cost_what_each_costs_by_itself(book, many):
    units = [[HandlingUnits(n, g, freight_class=c) for c, (n, g) in of.items()] for _, _, of in many]
    readable = [
        book.quote("saia:ltl", POSTAL[a], POSTAL[b], of, MARCH) for (a, b, _), of in zip(many, units, strict=True)
    ]
    table = book.table("saia:ltl", MARCH)
    charges = table.charges(
        table.lanes([(a, b) for a, b, _ in many]),
        [k for k, quote in enumerate(readable) for _ in quote.classes],
        [CLASSES.index(rated) for quote in readable for rated, _ in quote.classes],
        [pounds for quote in readable for _, pounds in quote.classes],
        [quote.feet for quote in readable],
    )
    assert charges.cents.tolist() == [quote.cents for quote in readable]
    assert charges.base_cents.tolist() == [quote.base.cents for quote in readable]
    assert charges.at_least_lb.tolist() == [quote.base.at_least_lb for quote in readable]


def test_one_class_for_all_kinds_holds_for_many_too():
    table = LtlBook.from_frames(ltl_tariffs=flat_tariff(), ltl_contracts=contract(fak_class="50")).table(
        "saia:ltl", MARCH
    )
    # 100 lb of class 400, which the tariff lacks, at class 50: 50.00.
    assert table.charges([0], [0], [CLASSES.index("400")], [100]).cents.tolist() == [5_000]


def test_what_is_out_of_order_is_refused():
    table = LtlBook.from_frames(ltl_tariffs=flat_tariff(), ltl_contracts=contract()).table("saia:ltl", MARCH)
    hundred = CLASSES.index("100")
    assert len(table.charges([], [], [], []).cents) == 0
    with pytest.raises(ValueError, match="in the order of their shipments"):
        table.charges([0, 0], [1, 0], [hundred] * 2, [1, 1])
    with pytest.raises(ValueError, match="every shipment has at least one line"):
        table.charges([0, 0, 0], [0, 2], [hundred] * 2, [1, 1])
    with pytest.raises(ValueError, match="tariff flat has no class 70"):
        table.charges([0], [0], [CLASSES.index("70")], [1])
    with pytest.raises(ValueError, match="tariff flat has no lane 606-070"):
        table.lanes([("606", "070")])


def test_a_service_without_a_contract_has_no_table(book):
    with pytest.raises(ValueError, match="nobody:ltl has no contract on 2026-03-10"):
        book.table("nobody:ltl", MARCH)
    assert np.isin(list(POSTAL), [a for a, _ in book.table("saia:ltl", MARCH).edition.lanes]).all()
